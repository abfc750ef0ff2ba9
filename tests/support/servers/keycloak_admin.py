"""What an administrator does at the provider: clients, roles, keys, sessions."""

from collections.abc import Sequence
from typing import Any

import httpx

from deploy.keycloak.realm import ADMINISTRATION, REALM, ROLES_CLAIM, board_client, machine_client
from tests.support.servers.keycloak import Provider


class Administrator:
    """Changes the realm over Keycloak's own API.

    Args:
        provider: The provider.
        address: Where it is reached, as `http://host:port`.
    """

    def __init__(self, provider: Provider, address: str) -> None:
        self._provider = provider
        self._address = address
        self._client = httpx.Client(base_url=f"{address}/admin/realms/{REALM}", timeout=30)

    def add_board(self, board_url: str, name: str) -> None:
        """Let a board log people in, as the client `name`."""
        self._ask("POST", "/clients", board_client(board_url, self._provider.board_secret, name))

    def add_program(self, name: str, secret: str, roles: Sequence[str]) -> None:
        """Let a program in, as the client `name` with these access roles."""
        self._ask("POST", "/clients", machine_client(secret, name))
        self.give_roles(f"service-account-{name}", roles)

    def give_roles(self, user: str, roles: Sequence[str]) -> None:
        """Replace a user's access roles."""
        known = self._user(user)
        known["attributes"] = {ROLES_CLAIM: list(roles)}
        self._ask("PUT", f"/users/{known['id']}", known)

    def enable(self, user: str, enabled: bool) -> None:
        """Let a user log in, or no more."""
        known = self._user(user)
        self._ask("PUT", f"/users/{known['id']}", {**known, "enabled": enabled})

    def end_sessions(self, user: str) -> None:
        """Log a user out everywhere; the provider tells the boards."""
        self._ask("POST", f"/users/{self._user(user)['id']}/logout")

    def new_key(self) -> None:
        """Sign with a new key from now on."""
        (realm,) = {one["parentId"] for one in self._ask("GET", "/components")}
        keys = self._ask("GET", "/components", params={"type": "org.keycloak.keys.KeyProvider"})
        priorities = [int(one["config"].get("priority", ["0"])[0]) for one in keys]
        component = {
            "name": f"key {len(keys)}",
            "providerId": "rsa-generated",
            "providerType": "org.keycloak.keys.KeyProvider",
            "parentId": realm,
            "config": {"priority": [str(max(priorities) + 1)], "algorithm": ["RS256"]},
        }
        self._ask("POST", "/components", component)

    def signing_key(self) -> str:
        """Id of the key that signs tokens now."""
        return str(self._ask("GET", "/keys")["active"]["RS256"])

    def _user(self, name: str) -> dict[str, Any]:
        (found,) = self._ask("GET", "/users", params={"username": name, "exact": "true"})
        return dict(found)

    def _ask(
        self, method: str, path: str, body: object = None, params: dict[str, str] | None = None
    ) -> Any:
        answer = self._client.request(
            method, path, json=body, params=params, headers={"Authorization": self._token()}
        )
        assert answer.is_success, f"{method} {path}: {answer.status_code} {answer.text}"
        return answer.json() if answer.content else None

    def _token(self) -> str:
        answer = httpx.post(
            f"{self._address}/realms/{REALM}/protocol/openid-connect/token",
            data={"grant_type": "client_credentials"},
            auth=(ADMINISTRATION, self._provider.administration),
            timeout=30,
        )
        return f"Bearer {answer.raise_for_status().json()['access_token']}"
