import ssl
from pathlib import Path

import pytest

from radius.tls import Credentials, CredentialsError, explain
from tests.certificates import Authority


def test_what_is_sound_makes_a_context_that_checks(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    ours = authority.issue("nas")
    context = Credentials(authority.certificate, ours.certificate, ours.key).context()
    assert context.minimum_version is ssl.TLSVersion.TLSv1_2
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname


def test_every_file_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    ours, other = authority.issue("nas"), authority.issue("other")
    missing, empty = tmp_path / "missing.pem", tmp_path / "empty.pem"
    empty.touch()
    cases = (
        (Credentials(missing), "ca_file .*missing.pem: No such file"),
        (Credentials(empty), "ca_file .*empty.pem: it holds nothing in PEM form"),
        (Credentials(authority.certificate, missing), "certificate_file .*missing.pem: No such"),
        (Credentials(authority.certificate, ours.certificate), "nas.pem: it holds nothing"),
        (
            Credentials(authority.certificate, ours.certificate, other.key),
            "nas.pem with key_file .*other.key: the key is not that of the certificate",
        ),
    )
    for credentials, match in cases:
        with pytest.raises(CredentialsError, match=match):
            credentials.context()


def unproven(code: int, message: str = "odd") -> ssl.SSLCertVerificationError:
    error = ssl.SSLCertVerificationError(1, "certificate verify failed")
    error.verify_code, error.verify_message = code, message
    return error


def alert(reason: str) -> ssl.SSLError:
    error = ssl.SSLError(1, reason)
    error.reason = reason
    return error


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (None, "the server closed the connection"),
        (unproven(10), "has expired"),
        (unproven(62), r"does not name radius\.example: set server_name"),
        (unproven(64), "does not name"),
        (unproven(18), "not from the authority in ca_file"),
        (unproven(20), "not from the authority in ca_file"),
        (unproven(23, "certificate revoked"), "is refused: certificate revoked"),
        (alert("TLSV1_ALERT_UNKNOWN_CA"), "refuses our certificate"),
        (alert("TLSV13_ALERT_CERTIFICATE_REQUIRED"), "refuses our certificate"),
        (alert("TLSV1_ALERT_INTERNAL_ERROR"), "the server broke off"),
        (alert("WRONG_VERSION_NUMBER"), "no TLS 1.2 or newer could be agreed on"),
        (ConnectionRefusedError(111, "x"), "refused: nothing listens there"),
        (ConnectionResetError(104, "x"), "reset the connection"),
        (TimeoutError(), "no answer"),
        (OSError(101, "Network is unreachable"), "Network is unreachable"),
        (RuntimeError(), "RuntimeError"),
    ],
)
def test_failures_in_words(error: Exception | None, words: str) -> None:
    with pytest.raises(AssertionError, match=words):
        raise AssertionError(explain(error, "radius.example"))
