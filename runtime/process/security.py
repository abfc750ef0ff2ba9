"""Settings of secured connections: who a process is, and whom it trusts.

A secret is never a plain string here, so no log, error or listing shows it. Each may be given in a
file instead: append `_FILE` to the name of its environment variable, and set that to the path.
"""

from pathlib import Path
from typing import Self
from urllib.parse import quote, urlencode, urlsplit

from pydantic import SecretStr, model_validator

from runtime.process.declare import Section, setting
from runtime.process.libpq import with_pairs


class Certificates(Section):
    """Whom a client trusts, and its own certificate."""

    ca: Path | None = setting(
        None, "path", "Certificates (PEM) of the authorities that are trusted."
    )
    certificate: Path | None = setting(
        None, "path", "This client's own certificate (PEM), where the server asks for one."
    )
    key: Path | None = setting(None, "path", "Private key (PEM) of the client's certificate.")

    @model_validator(mode="after")
    def _readable(self) -> Self:
        if (self.certificate is None) != (self.key is None):
            raise ValueError("a client certificate needs both `certificate` and `key`")
        for path in (self.ca, self.certificate, self.key):
            if path is not None and not path.is_file():
                raise ValueError(f"{path} is not a file")
        return self

    def refuse_unused(self, service: str, *, tls: bool, remedy: str) -> None:
        """Refuse certificates that would not be used.

        Args:
            service: The service that is connected to.
            tls: Whether its connections are encrypted.
            remedy: What encrypts them.

        Raises:
            ValueError: There are certificates, and no connection uses them.
        """
        if not tls and (self.ca or self.certificate):
            raise ValueError(f"certificates for {service} are used with TLS only: {remedy}")


class User(Certificates):
    """Certificates, and a name with its password."""

    user: str = setting("", "name", "Name that the process signs in by; empty: it does not.")
    password: SecretStr | None = setting(None, "secret", "Password of the user.")

    @property
    def secret(self) -> str:
        """The password itself; empty when there is none."""
        return "" if self.password is None else self.password.get_secret_value()


class KafkaSecurity(User):
    """How a process reaches the brokers: in the clear, by TLS, by SASL, or both."""

    tls: bool = setting(False, "switch", "Encrypt the connections to the brokers.")
    check_hostname: bool = setting(
        True, "switch", "Refuse a broker whose certificate is for another host."
    )
    key_password: SecretStr | None = setting(
        None, "secret", "Password of the private key, if it has one."
    )

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if bool(self.user) != (self.password is not None):
            raise ValueError("SASL needs both `user` and `password`")
        self.refuse_unused("Kafka", tls=self.tls, remedy="switch `tls` on")
        return self

    @property
    def protocol(self) -> str:
        """Kafka's own name of how the brokers are reached."""
        return ("SASL_" if self.user else "") + ("SSL" if self.tls else "PLAINTEXT")

    @property
    def secured(self) -> bool:
        """Whether the brokers know who the process is."""
        return bool(self.user) or self.certificate is not None


class SecuritySettings(Section):
    """Connections to services that ask who connects."""

    kafka: KafkaSecurity = KafkaSecurity()
    registry: User = User()
    redis: User = User()
    database: User = User()
    vault: User = User()


def signed_url(url: str, user: User, **query: str | None) -> str:
    """A URL with the name and password of a user, and the query parameters that are not None.

    >>> signed_url("redis://cache:6379/0", User(user="ward", password=SecretStr("a/b")), ssl=None)
    'redis://ward:a%2Fb@cache:6379/0'

    Nothing to add leaves the address as it is written, sockets and options included.

    >>> signed_url("unix:///run/redis.sock?db=1", User())
    'unix:///run/redis.sock?db=1'
    >>> signed_url("postgresql:///ward?host=/run/pg&x=a%20b", User(), sslmode="verify-full")
    'postgresql:///ward?host=/run/pg&x=a%20b&sslmode=verify-full'

    Args:
        url: URL, which may already hold a name and password; those of the user win.
        user: Name and password, either of which may be missing.
        query: Query parameters to add; None leaves one out.
    """
    added = {key: value for key, value in query.items() if value is not None}
    if not (user.user or user.secret or added):
        return url
    parts = urlsplit(url)
    name = quote(user.user, safe="") or parts.username or ""
    password = quote(user.secret, safe="") or parts.password or ""
    host = parts.netloc.rpartition("@")[2]
    who = f"{name}:{password}@" if password else f"{name}@" if name else ""
    # Only what is added is encoded, and a blank as %20: libpq reads a plus sign as itself.
    kept = [one for one in parts.query.split("&") if one and one.partition("=")[0] not in added]
    pairs = "&".join([*kept, *([urlencode(added, quote_via=quote)] if added else [])])
    return f"{parts.scheme}://{who}{host}{parts.path}{'?' if pairs else ''}{pairs}"


def _path(path: Path | None) -> str | None:
    return None if path is None else str(path)


def database_address(url: str, user: User) -> str:
    """Address of the database; with an authority, its certificate and host name are checked.

    Raises:
        ValueError: There is a client certificate, and no authority to check the server by.
    """
    if user.certificate and not user.ca:
        raise ValueError("a certificate for the database needs security.database.ca beside it")
    certificates = {
        "sslmode": None if user.ca is None else "verify-full",
        "sslrootcert": _path(user.ca),
        "sslcert": _path(user.certificate),
        "sslkey": _path(user.key),
    }
    if "://" not in url.partition("=")[0]:
        return with_pairs(url, user=user.user, password=user.secret, **certificates)
    return signed_url(url, user, **certificates)


def redis_address(url: str, user: User) -> str:
    """Address of Redis.

    Raises:
        ValueError: Certificates are given for an address without TLS.
    """
    remedy = "give a redis_url that begins with rediss://"
    user.refuse_unused("Redis", tls=url.startswith("rediss://"), remedy=remedy)
    return signed_url(
        url,
        user,
        ssl_ca_certs=_path(user.ca),
        ssl_certfile=_path(user.certificate),
        ssl_keyfile=_path(user.key),
    )
