"""The cookies of the board."""

from starlette.requests import HTTPConnection
from starlette.responses import Response


class Cookies:
    """Names and attributes of the cookies.

    Args:
        https: Whether browsers reach the board by https: then no other host and no plain
            connection can set or read them.
    """

    def __init__(self, *, https: bool) -> None:
        prefix = "__Host-" if https else ""
        self.session = f"{prefix}wardstream"
        self.login = f"{prefix}wardstream-login"
        self.wall = f"{prefix}wardstream-wall"
        self._secure = https

    def read(self, request: HTTPConnection, name: str) -> str:
        """A cookie of a request; empty when it has none."""
        return request.cookies.get(name, "")

    def put(self, response: Response, name: str, value: str, max_age_s: float) -> None:
        """Set a cookie that no script reads and no other site's page sends."""
        response.set_cookie(
            name,
            value,
            max_age=int(max_age_s),
            path="/",
            secure=self._secure,
            httponly=True,
            samesite="lax",
        )

    def drop(self, response: Response, name: str) -> None:
        """Remove a cookie."""
        response.delete_cookie(name, path="/", secure=self._secure, httponly=True, samesite="lax")
