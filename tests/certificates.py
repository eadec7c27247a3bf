"""An authority for tests, which signs whatever is wanted and writes it into a directory."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID


@dataclass(frozen=True)
class Identity:
    """The files of a certificate and its key."""

    certificate: Path
    key: Path


class Authority:
    """Writes its own certificate to `certificate`."""

    def __init__(self, directory: Path, name: str = "authority") -> None:
        self._directory = directory
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        self._key = ec.generate_private_key(ec.SECP256R1())
        self.certificate = directory / f"{name}.pem"
        signed = self._signed(self._name, self._key, 1, [])
        self.certificate.write_bytes(signed.public_bytes(Encoding.PEM))

    def issue(self, name: str, *names: str, days: int = 1) -> Identity:
        """Sign a certificate for addresses or host names; with `days` below 0, an expired one."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        found = Identity(self._directory / f"{name}.pem", self._directory / f"{name}.key")
        signed = self._signed(subject, key, days, [_general(one) for one in names])
        found.certificate.write_bytes(signed.public_bytes(Encoding.PEM))
        form = (Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        found.key.touch(0o600)
        found.key.write_bytes(key.private_bytes(*form))
        return found

    def _signed(
        self,
        subject: x509.Name,
        key: ec.EllipticCurvePrivateKey,
        days: int,
        names: list[x509.GeneralName],
    ) -> x509.Certificate:
        now, authority = datetime.now(UTC), subject == self._name
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=10))
            .not_valid_after(now + timedelta(days=days))
            .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
        )
        if names:
            builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
        return builder.sign(self._key, hashes.SHA256())


def _general(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(name))
    except ValueError:
        return x509.DNSName(name)
