"""Add security headers to every answer, and refuse requests for a foreign host."""

from ipaddress import ip_address
from typing import Final

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from workers.serving.api.caller import AUTHENTICATED
from workers.serving.api.problems import ProblemResponse

HEADERS: Final = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}

POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "connect-src 'self'; base-uri 'none'; form-action {targets}; frame-ancestors 'none'"
)
"""Content security policy; no script in a page runs."""

HSTS: Final = "max-age=31536000"
"""Browsers that were here by https come back only by https, for a year."""


def is_loopback(host: str) -> bool:
    """Whether a host name or address is this machine.

    >>> is_loopback("localhost"), is_loopback("::1"), is_loopback("ward.example")
    (True, True, False)
    """
    if host.rstrip(".").lower() == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def host_of(header: str) -> str:
    """The host of a `Host` header, without port and brackets.

    >>> host_of("127.0.0.1:8080"), host_of("[::1]:8080"), host_of("localhost")
    ('127.0.0.1', '::1', 'localhost')
    """
    if header.startswith("["):
        return header[1:].partition("]")[0]
    return header.partition(":")[0]


class SecurityHeaders:
    """Middleware that adds the security headers and, on a loopback address, checks `Host`.

    No answer of the API is kept in a cache, where whoever uses the machine next would find it.

    A board that only this machine may see must not be read by a web page whose name was pointed
    at 127.0.0.1 (DNS rebinding).

    Args:
        app: The application.
        host: Address that the board listens on.
        public_host: Host by which browsers reach it through a proxy; empty where there is none.
        https: Whether browsers reach it by https.
        provider: Origin of the provider of logins, where forms may lead to; empty without one.
    """

    def __init__(
        self,
        app: ASGIApp,
        host: str,
        *,
        public_host: str = "",
        https: bool = False,
        provider: str = "",
    ) -> None:
        self._app = app
        self._only_loopback = is_loopback(host)
        self._public_host = public_host.lower()
        targets = f"'self' {provider}" if provider else "'none'"
        self._headers = {**HEADERS, "Content-Security-Policy": POLICY.format(targets=targets)}
        if https:
            self._headers["Strict-Transport-Security"] = HSTS

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self._headers.items():
                    headers[name] = value
                if scope["path"].startswith(AUTHENTICATED):
                    headers.setdefault("Cache-Control", "no-store")
            await send(message)

        asked = host_of(Headers(scope=scope).get("host", ""))
        ours = is_loopback(asked) or (asked.lower() == self._public_host != "")
        if self._only_loopback and not ours:
            refusal = ProblemResponse(
                421,
                "this board answers only on this machine (localhost); "
                "set WARDSTREAM_SERVING__HOST to serve others",
            )
            await refusal(scope, receive, with_headers)
            return
        await self._app(scope, receive, with_headers)
