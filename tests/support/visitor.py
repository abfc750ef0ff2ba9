"""A browser of a test: it keeps cookies, and follows a login as a person does."""

from typing import Any, Self

import httpx

from tests.support.board_server import BoardServer
from tests.support.issuer import Issuer


class Visitor:
    """Visits one board.

    Args:
        board: The board.
        issuer: Where it logs in.
    """

    def __init__(self, board: BoardServer, issuer: Issuer) -> None:
        self.board = board
        self.issuer = issuer
        self.http = httpx.Client(base_url=board.url, timeout=60)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.http.close()

    def log_in(self, return_to: str = "/") -> httpx.Response:
        """Log in; returns the board's answer to the way back."""
        sent = self.http.get("login", params={"return_to": return_to})
        assert sent.status_code == 303, sent.text
        return self.http.get(self.issuer.approve(sent.headers["location"]))

    def me(self) -> httpx.Response:
        """Who the board takes it for."""
        return self.http.get("api/v1/me")

    def token(self) -> dict[str, str]:
        """The header that each change needs."""
        return {"X-CSRF-Token": self.me().json()["csrf_token"]}

    def bearer(self, **changed: Any) -> dict[str, str]:
        """The header of a machine with an access token."""
        token = self.issuer.signed(self.issuer.access_claims(**changed))
        return {"Authorization": f"Bearer {token}"}
