"""Refuse to start a board that strangers could use, or whose logins could be overheard."""

from urllib.parse import urlsplit

from runtime.errors import Stop
from runtime.process.login import LoginSettings
from runtime.process.names import variable_of
from runtime.process.sections import ServingSettings
from workers.serving.api.security import is_loopback


def check_login(settings: LoginSettings, serving: ServingSettings) -> None:
    """Refuse a board that others could reach without a login, or log in to insecurely.

    Raises:
        Stop: Says which setting to change.
    """
    local = is_loopback(serving.host)
    if settings.issuer is None:
        if not local:
            raise Stop(
                f"the board would be open to everybody who reaches {serving.host}: set "
                f"{variable_of('login.issuer')} to a provider of logins, or "
                f"{variable_of('serving.host')} to 127.0.0.1"
            )
        return
    if not _is_safe(settings.issuer):
        raise Stop(
            f"{variable_of('login.issuer')} must begin with https://: logins would be readable"
        )
    if settings.audience in {settings.client_id, settings.wall_client_id}:
        raise Stop(
            f"{variable_of('login.audience')} must be another name than the clients': the proof "
            "of a login would pass as an access token"
        )
    if settings.public_url is None and not local:
        raise Stop(
            f"set {variable_of('login.public_url')} to where browsers reach the board: the "
            "provider sends them back to it"
        )
    if settings.public_url is not None and not _is_safe(settings.public_url):
        raise Stop(
            f"{variable_of('login.public_url')} must begin with https://: set "
            f"{variable_of('serving.tls')}, or put a proxy with TLS before the board"
        )
    if settings.session_key is None and not local:
        raise Stop(
            f"set {variable_of('login.session_key')} to 32 random bytes as base64: "
            "`openssl rand -base64 32` makes some"
        )


def _is_safe(url: str) -> bool:
    """Whether what is sent to a URL can be read by nobody on the way."""
    return url.startswith("https://") or is_loopback(urlsplit(url).hostname or "")
