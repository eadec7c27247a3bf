"""TLS as RadSec wants it (RFC 6614 section 2.3), and its failures in words."""

import ssl
from dataclasses import dataclass
from pathlib import Path

_EXPIRED, _SELF_SIGNED = 10, (18, 19)
_UNKNOWN_ISSUER = (2, 20, 21)
_WRONG_NAME = (62, 64)

_ENDS = (
    (type(None), "the server closed the connection"),
    (ConnectionRefusedError, "refused: nothing listens there, or a firewall says no"),
    (ConnectionError, "the server reset the connection: does it speak TLS there, does it know us?"),
    (TimeoutError, "no answer: is the address right, does a firewall pass TCP?"),
)


class CredentialsError(Exception):
    """A certificate, key or authority cannot be used; the text says which, why and what to do."""


@dataclass(frozen=True, slots=True)
class Credentials:
    """Whom we trust, and who we are; the files are read at every use, so renewals need nothing.

    The server's certificate must name `server_name`, or, without one, the address it is asked at.
    """

    ca_file: Path
    certificate_file: Path | None = None
    key_file: Path | None = None
    server_name: str = ""

    def context(self) -> ssl.SSLContext:
        """Return what a connection is made with; raises CredentialsError."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        try:
            context.load_verify_locations(self.ca_file)
        except OSError as error:
            raise CredentialsError(f"ca_file {self.ca_file}: {_unread(error)}") from None
        if self.certificate_file is not None:
            self._prove(context, self.certificate_file)
        return context

    def _prove(self, context: ssl.SSLContext, certificate: Path) -> None:
        names = f"certificate_file {certificate}"
        if self.key_file is not None:
            names += f" with key_file {self.key_file}"
        try:
            # a key that wants a passphrase must not make the server ask its terminal
            context.load_cert_chain(certificate, self.key_file, lambda: "")
        except OSError as error:
            raise CredentialsError(f"{names}: {_unread(error)}") from None


def _unread(error: OSError) -> str:
    if not isinstance(error, ssl.SSLError):
        return error.strerror or str(error)
    if error.reason == "KEY_VALUES_MISMATCH":
        return "the key is not that of the certificate"
    return "it holds nothing in PEM form that can be used, or a key with a passphrase"


def explain(error: Exception | None, name: str) -> str:
    """Say why a connection ended or was not made; `name` is what the certificate should say."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return _unproven(error, name)
    if isinstance(error, ssl.SSLError):
        return _alert(error)
    for kind, text in _ENDS:
        if isinstance(error, kind):
            return text
    words = error.strerror if isinstance(error, OSError) else ""
    return words or str(error) or type(error).__name__


def _unproven(error: ssl.SSLCertVerificationError, name: str) -> str:
    code = error.verify_code
    if code == _EXPIRED:
        return "the server's certificate has expired: renew it there"
    if code in _WRONG_NAME:
        return f"the server's certificate does not name {name}: set server_name to what it names"
    if code in _SELF_SIGNED or code in _UNKNOWN_ISSUER:
        return "the server's certificate is not from the authority in ca_file"
    return f"the server's certificate is refused: {error.verify_message}"


def _alert(error: ssl.SSLError) -> str:
    reason = (error.reason or str(error)).lower().replace("_", " ")
    if "alert" not in reason and "certificate required" not in reason:
        return f"no TLS 1.2 or newer could be agreed on: {reason}"
    if any(word in reason for word in ("certificate", "unknown ca", "handshake failure")):
        return f"the server refuses our certificate ({reason}): see certificate_file and its log"
    return f"the server broke off: {reason}"
