"""A certificate authority of one run, by `openssl`, for services that are reached by TLS."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from deploy.local.shell import run

DAYS = "2"


@dataclass(frozen=True)
class Certificate:
    """A certificate and its key, as PEM files.

    Attributes:
        certificate: The certificate.
        key: Its private key, PKCS #8, readable by its owner alone.
        both: Key and certificate in one file, as Kafka wants them.
    """

    certificate: Path
    key: Path
    both: Path


class Authority:
    """Issues certificates that are trusted by clients that trust `ca`.

    Args:
        folder: Folder of keys and certificates; made if missing.
        name: Name of the authority.

    Attributes:
        ca: Its own certificate.
    """

    def __init__(self, folder: Path, name: str = "ward") -> None:
        self._folder = folder
        self._name = name
        self.ca = folder / f"{name}-ca.pem"
        self._key = folder / f"{name}-ca.key"
        if self.ca.exists():
            return
        folder.mkdir(parents=True, exist_ok=True)
        self._make_key(self._key)
        run(
            [
                *("openssl", "req", "-x509", "-new", "-key", str(self._key), "-days", DAYS),
                *("-subj", f"/CN={name} authority", "-out", str(self.ca)),
            ],
            what="making a certificate authority",
        )

    def issue(self, name: str, hosts: Sequence[str] = ()) -> Certificate:
        """A certificate for a name, valid for hosts such as `DNS:localhost` or `IP:127.0.0.1`."""
        made = Certificate(
            self._folder / f"{self._name}-{name}.pem",
            self._folder / f"{self._name}-{name}.key",
            self._folder / f"{self._name}-{name}.both.pem",
        )
        if made.both.exists():
            return made
        self._make_key(made.key)
        request = made.key.with_suffix(".csr")
        run(
            [
                *("openssl", "req", "-new", "-key", str(made.key)),
                *("-subj", f"/CN={name}", "-out", str(request)),
            ],
            what=f"asking for a certificate of {name}",
        )
        extensions = made.key.with_suffix(".ext")
        extensions.write_text(f"subjectAltName={','.join(hosts)}\n" if hosts else "")
        run(
            [
                *("openssl", "x509", "-req", "-in", str(request), "-days", DAYS),
                *("-CA", str(self.ca), "-CAkey", str(self._key), "-CAcreateserial"),
                *("-extfile", str(extensions), "-out", str(made.certificate)),
            ],
            what=f"signing the certificate of {name}",
        )
        made.both.touch(mode=0o600)
        made.both.write_text(made.key.read_text() + made.certificate.read_text())
        return made

    def _make_key(self, path: Path) -> None:
        path.touch(mode=0o600)
        run(
            [
                *("openssl", "genpkey", "-algorithm", "EC", "-out", str(path)),
                *("-pkeyopt", "ec_paramgen_curve:prime256v1"),
            ],
            what="making a private key",
        )
