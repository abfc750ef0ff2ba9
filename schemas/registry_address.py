"""Address of the schema registry, the client's credentials, and the trusted authorities."""

import ssl
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self
from urllib.parse import unquote, urlsplit, urlunsplit


@dataclass(frozen=True, kw_only=True)
class RegistryAddress:
    """Address of a registry, and the credentials for it.

    Attributes:
        url: Base URL of its API, without name and password, so that it may be logged.
        user: Name for basic authentication; empty for none.
        password: Password of the user.
        ca: Certificates (PEM) of the trusted authorities; None for those of the system.
        certificate: The client's own certificate (PEM); None for none.
        key: Private key of the certificate (PEM).
    """

    url: str
    user: str = ""
    password: str = field(default="", repr=False)
    ca: Path | None = None
    certificate: Path | None = None
    key: Path | None = None

    @classmethod
    def of(
        cls,
        url: str,
        *,
        user: str = "",
        password: str = "",
        ca: Path | None = None,
        certificate: Path | None = None,
        key: Path | None = None,
    ) -> Self:
        """Move name and password out of a URL; those given as arguments win.

        Raises:
            ValueError: `url` is not an http or https URL.
        """
        parts = urlsplit(url)
        shown = urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise ValueError(f"schema registry at {shown}: give an http:// or https:// URL")
        return cls(
            url=shown,
            user=user or unquote(parts.username or ""),
            password=password or unquote(parts.password or ""),
            ca=ca,
            certificate=certificate,
            key=key,
        )

    def tls_context(self) -> ssl.SSLContext | None:
        """TLS context that checks the registry's certificate; None for an address without TLS."""
        if not self.url.startswith("https://"):
            return None
        context = ssl.create_default_context(cafile=None if self.ca is None else str(self.ca))
        if self.certificate is not None:
            context.load_cert_chain(self.certificate, self.key)
        return context
