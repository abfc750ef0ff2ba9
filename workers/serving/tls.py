"""The board's own certificate."""

import os
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Final, NamedTuple

import structlog
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from runtime.clock import Clock
from runtime.errors import Stop
from runtime.process.names import variable_of
from runtime.process.sections import ServingSettings

log = structlog.get_logger(__name__)

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)

_DAYS: Final = 397
"""Browsers take no certificate that is valid for longer, days."""


class CertificateFiles(NamedTuple):
    """A certificate and its private key, as PEM files."""

    certificate: Path
    key: Path


def certificate_of(
    settings: ServingSettings, hosts: list[str], clock: Clock
) -> CertificateFiles | None:
    """The certificate to serve with; None when the board is served in the clear.

    Args:
        settings: Settings of the board.
        hosts: Names and addresses that a certificate made here is for.
        clock: Source of the time.

    Raises:
        Stop: A file is missing, or cannot be written.
    """
    files = CertificateFiles(settings.tls_certificate, settings.tls_key)
    if settings.tls == "off":
        return None
    if settings.tls == "self-signed" and not _is_good(files, clock):
        try:
            _make(files, hosts, clock)
        except OSError as error:
            raise Stop(
                f"the board's certificate cannot be written to {files.certificate}: "
                f"{error.strerror}"
            ) from error
        log.warning("serving.self_signed", certificate=str(files.certificate), hosts=hosts)
    for name, path in (("tls_certificate", files.certificate), ("tls_key", files.key)):
        if not path.is_file():
            raise Stop(
                f"{path} is not a file: set {variable_of(f'serving.{name}')}, or "
                f"{variable_of('serving.tls')} to self-signed"
            )
    return files


def _is_good(files: CertificateFiles, clock: Clock) -> bool:
    """Whether both files are there, and the certificate holds for another day."""
    if not (files.certificate.is_file() and files.key.is_file()):
        return False
    try:
        found = x509.load_pem_x509_certificate(files.certificate.read_bytes())
    except ValueError:
        return False
    return found.not_valid_after_utc.timestamp() > clock.now_us() / 1e6 + 86_400


def _make(files: CertificateFiles, hosts: list[str], clock: Clock) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, hosts[0][:64])])
    now = _EPOCH + timedelta(microseconds=clock.now_us())
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=5))
        .not_valid_after(now + timedelta(days=_DAYS))
        .add_extension(x509.SubjectAlternativeName([_name(host) for host in hosts]), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .sign(key, SHA256())
    )
    for path in files:
        path.parent.mkdir(parents=True, exist_ok=True)
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    handle = os.open(files.key, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "wb") as file:
        os.fchmod(file.fileno(), 0o600)
        file.write(private)
    files.certificate.write_bytes(made.public_bytes(Encoding.PEM))


def _name(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(host))
    except ValueError:
        return x509.DNSName(host)
