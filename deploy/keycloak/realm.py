"""The realm of a Keycloak for Wardstream, as a function of the board's address.

Written in Keycloak's own import format. Nothing in it is secret by itself: passwords and client
secrets come from the caller, which makes new ones for each run.
"""

import json
import secrets
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeAlias

Json: TypeAlias = "str | int | bool | Sequence[Json] | Mapping[str, Json]"

REALM: Final = "wardstream"
ROLES_CLAIM: Final = "wardstream_roles"
"""Claim, and attribute of a user, that holds access roles: `role`, or `role:unit`."""
AUDIENCE: Final = "wardstream-api"
BOARD: Final = "wardstream-board"
MACHINE: Final = "wardstream-machine"
WALL: Final = "wardstream-wall"
"""Ids of the clients: people at the board, programs, displays on a wall."""
ADMINISTRATION: Final = "wardstream-realm-admin"
"""Id of a client that may change the realm; only where `Realm.administration` is set."""

_USERS: Final = uuid.uuid5(uuid.NAMESPACE_DNS, "users.wardstream")
_EVERYBODY: Final = ["admin", "user"]


def new_secret() -> str:
    """A password or client secret that nobody can guess: 96 bits as hexadecimal digits."""
    return secrets.token_hex(12)


@dataclass(frozen=True, kw_only=True)
class User:
    """Somebody who can log in.

    Attributes:
        name: User name.
        roles: Access roles, each `role` for all units or `role:unit`.
        password: Password.
        first: First name.
        last: Last name.
    """

    name: str
    roles: Sequence[str]
    password: str = field(default_factory=new_secret, repr=False)
    first: str = ""
    last: str = "Wardstream"

    @property
    def subject(self) -> str:
        """The `sub` of its tokens: the same in every realm, so that subjects outlive a realm."""
        return str(uuid.uuid5(_USERS, self.name))


@dataclass(frozen=True, kw_only=True)
class Realm:
    """Who can log in at a board, and how.

    Attributes:
        board_url: Address of the board as browsers see it, with the last slash.
        users: People.
        board_secret: Secret of the board's client; None: Keycloak makes one.
        machine_secret: Secret of the client for programs; None: Keycloak makes one.
        machine_roles: Access roles of programs.
        administration: Secret of a client that may change the realm; None for no such client.
        token_max_s: Time for which an access token holds, s; a withdrawn role counts until then.
        session_idle_s: Time after which a session ends that nobody uses, s.
        session_max_s: Longest session, s.
        device_poll_s: Least time between two polls of a display that waits for its login, s.
    """

    board_url: str
    users: Sequence[User]
    board_secret: str | None = field(default_factory=new_secret, repr=False)
    machine_secret: str | None = field(default_factory=new_secret, repr=False)
    machine_roles: Sequence[str] = ("viewer",)
    administration: str | None = field(default=None, repr=False)
    token_max_s: int = 60
    session_idle_s: int = 3600
    session_max_s: int = 8 * 3600
    device_poll_s: int = 5

    def representation(self) -> dict[str, Json]:
        """The realm in Keycloak's import format."""
        clients = [
            board_client(self.board_url, self.board_secret),
            machine_client(self.machine_secret),
            _wall_client(),
        ]
        users = [*map(_user, self.users), _service_account(MACHINE, self.machine_roles)]
        if self.administration is not None:
            clients.append(_programs_client(ADMINISTRATION, self.administration, []))
            users.append(
                {
                    **_service_account(ADMINISTRATION, []),
                    "clientRoles": {"realm-management": ["realm-admin"]},
                }
            )
        return {
            "realm": REALM,
            "displayName": "Wardstream",
            "enabled": True,
            "sslRequired": "external",
            "registrationAllowed": False,
            "resetPasswordAllowed": False,
            "rememberMe": False,
            "bruteForceProtected": True,
            "accessTokenLifespan": self.token_max_s,
            "ssoSessionIdleTimeout": self.session_idle_s,
            "ssoSessionMaxLifespan": self.session_max_s,
            "revokeRefreshToken": True,
            "refreshTokenMaxReuse": 1,  # an answer that was lost on its way is asked for again
            "oauth2DeviceCodeLifespan": 600,
            "oauth2DevicePollingInterval": self.device_poll_s,
            "clients": clients,
            "users": users,
            "components": {"org.keycloak.userprofile.UserProfileProvider": [_profile()]},
        }


def board_client(board_url: str, secret: str | None, name: str = BOARD) -> dict[str, Json]:
    """The client with which people log in at a board.

    Args:
        board_url: Address of the board as browsers see it, with the last slash.
        secret: Secret of the client; None: Keycloak makes one.
        name: Id of the client.
    """
    return {
        **_with_secret(name, secret),
        "name": "Wardstream board",
        "standardFlowEnabled": True,
        "redirectUris": [f"{board_url}login/callback"],
        "attributes": {
            "pkce.code.challenge.method": "S256",
            "post.logout.redirect.uris": board_url,
            "backchannel.logout.url": f"{board_url}login/backchannel",
            "backchannel.logout.session.required": "true",
        },
        "protocolMappers": [_audience(), _roles_claim()],
    }


def machine_client(secret: str | None, name: str = MACHINE) -> dict[str, Json]:
    """The client with which programs ask the API; its service account has their access roles.

    Args:
        secret: Secret of the client; None: Keycloak makes one.
        name: Id of the client.
    """
    return _programs_client(name, secret, [_audience(), _roles_claim()])


def _wall_client() -> dict[str, Json]:
    return {
        **_client(WALL),
        "name": "Wardstream wall display",
        "attributes": {"oauth2.device.authorization.grant.enabled": "true"},
        "protocolMappers": [_audience(), _roles_claim()],
    }


def _client(name: str) -> dict[str, Json]:
    """A public client to which nothing is allowed yet."""
    return {
        "clientId": name,
        "publicClient": True,
        "protocol": "openid-connect",
        "standardFlowEnabled": False,
        "implicitFlowEnabled": False,
        "directAccessGrantsEnabled": False,
        "serviceAccountsEnabled": False,
        "fullScopeAllowed": False,
        "redirectUris": [],
        "webOrigins": [],
    }


def _with_secret(name: str, secret: str | None) -> dict[str, Json]:
    """A client that shows a secret; without one here, Keycloak makes it."""
    given: dict[str, Json] = {} if secret is None else {"secret": secret}
    return {
        **_client(name),
        "publicClient": False,
        "clientAuthenticatorType": "client-secret",
        **given,
    }


def _programs_client(name: str, secret: str | None, mappers: Sequence[Json]) -> dict[str, Json]:
    return {
        **_with_secret(name, secret),
        "serviceAccountsEnabled": True,
        "fullScopeAllowed": name == ADMINISTRATION,  # its rights are roles of another client
        "protocolMappers": mappers,
    }


def _audience() -> dict[str, Json]:
    """Names the API as the audience of access tokens."""
    return {
        "name": "audience of the API",
        "protocol": "openid-connect",
        "protocolMapper": "oidc-audience-mapper",
        "config": {
            "included.custom.audience": AUDIENCE,
            "access.token.claim": "true",
            "id.token.claim": "false",
        },
    }


def _roles_claim() -> dict[str, Json]:
    """Puts a user's access roles into its tokens."""
    return {
        "name": "access roles",
        "protocol": "openid-connect",
        "protocolMapper": "oidc-usermodel-attribute-mapper",
        "config": {
            "user.attribute": ROLES_CLAIM,
            "claim.name": ROLES_CLAIM,
            "jsonType.label": "String",
            "multivalued": "true",
            "id.token.claim": "true",
            "access.token.claim": "true",
            "userinfo.token.claim": "false",
        },
    }


def _user(user: User) -> dict[str, Json]:
    return {
        "id": user.subject,
        "username": user.name,
        "email": f"{user.name}@wardstream.example",
        "emailVerified": True,
        "firstName": user.first or user.name.replace("-", " ").capitalize(),
        "lastName": user.last,
        "enabled": True,
        "attributes": {ROLES_CLAIM: list(user.roles)},
        "realmRoles": ["offline_access"],  # a display that it lets in stays in
        "credentials": [{"type": "password", "value": user.password, "temporary": False}],
    }


def _service_account(client: str, roles: Sequence[str]) -> dict[str, Json]:
    """The user that stands for a client's programs."""
    return {
        "id": str(uuid.uuid5(_USERS, f"client {client}")),
        "username": f"service-account-{client}",
        "serviceAccountClientId": client,
        "enabled": True,
        "attributes": {ROLES_CLAIM: list(roles)},
    }


def _profile() -> dict[str, Json]:
    """What is known of a user; access roles are set by an administrator alone."""
    both = {"view": _EVERYBODY, "edit": _EVERYBODY}
    attributes: list[Json] = [
        {"name": name, "permissions": both, "multivalued": False}
        for name in ("username", "email", "firstName", "lastName")
    ]
    attributes.append(
        {
            "name": ROLES_CLAIM,
            "displayName": "Access roles in Wardstream",
            "permissions": {"view": ["admin"], "edit": ["admin"]},
            "multivalued": True,
        }
    )
    return {
        "providerId": "declarative-user-profile",
        "config": {"kc.user.profile.config": [json.dumps({"attributes": attributes})]},
    }
