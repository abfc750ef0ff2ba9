"""Settings of logins: the provider, the sessions, and what their tokens must be."""

import base64
import binascii
from pathlib import Path
from typing import Final

from pydantic import SecretStr, field_validator

from runtime.process.declare import Section, setting

ALGORITHMS: Final = frozenset(
    {"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"}
)
"""Signatures by a key pair; nobody who only has the public key can make one."""

KEY_BYTES: Final = 32
"""Length of the key that seals sessions, bytes."""


class LoginSettings(Section):
    """Who may use the board: logins at an OpenID Connect provider, and the sessions that follow."""

    issuer: str | None = setting(
        None,
        "URL",
        "The provider, exactly as its discovery document names itself; without one, the "
        "user of this machine is the local coordinator.",
    )
    ca: Path | None = setting(
        None, "path", "Certificates (PEM) of the authorities that are trusted for the provider."
    )
    client_id: str = setting("wardstream-board", "name", "The board's own name at the provider.")
    client_secret: SecretStr | None = setting(
        None, "secret", "Secret of the board at the provider."
    )
    audience: str = setting(
        "wardstream-api",
        "name",
        "Access tokens must be issued for it; never the client's own name, or the proof of a login "
        "would pass as an access token.",
    )
    roles_claim: str = setting(
        "wardstream_roles",
        "name",
        "Claim with the access roles, each `role` or `role:unit`; dots lead into a claim.",
    )
    scopes: str = setting("openid profile", "names", "What a login asks for, with blanks between.")
    public_url: str | None = setting(
        None,
        "URL",
        "Where browsers reach the board; the provider sends them back to it. Left out on this "
        "machine: where the board listens.",
    )
    session_key: SecretStr | None = setting(
        None,
        "base64",
        "32 random bytes that seal the sessions. Left out on this machine: new with each start, "
        "which ends every session.",
    )
    session_max_s: float = setting(
        8 * 3600.0, "s", "A session ends after this, whatever happens.", gt=0
    )
    session_idle_s: float = setting(
        3600.0,
        "s",
        "A session ends when it is not used for this long; an open board uses it.",
        gt=0,
    )
    refresh_s: float = setting(
        30.0,
        "s",
        "The provider is asked this often, while a session is used, whether it still holds and "
        "with which roles.",
        ge=1,
        le=45,
    )
    wall_client_id: str = setting(
        "wardstream-wall", "name", "Name of wall displays at the provider."
    )
    wall_scopes: str = setting(
        "openid offline_access", "names", "What a wall display asks for, with blanks between."
    )
    wall_session_max_s: float = setting(
        30 * 86_400.0, "s", "A wall display asks for a new code after this.", gt=0
    )
    algorithms: str = setting(
        "RS256,PS256,ES256,EdDSA",
        "names",
        "Signatures that are accepted on tokens, with commas between.",
    )
    skew_s: float = setting(
        30.0, "s", "The provider's clock may be off by this much.", ge=0, le=300
    )

    @field_validator("algorithms")
    @classmethod
    def _by_key_pair(cls, listed: str) -> str:
        names = [name.strip() for name in listed.split(",") if name.strip()]
        wrong = sorted(set(names) - ALGORITHMS)
        if wrong or not names:
            raise ValueError(f"give some of {', '.join(sorted(ALGORITHMS))}")
        return ",".join(names)

    @field_validator("session_key")
    @classmethod
    def _of_32_bytes(cls, key: SecretStr | None) -> SecretStr | None:
        if key is not None and len(decoded(key)) != KEY_BYTES:
            raise ValueError("give 32 random bytes as base64: `openssl rand -base64 32` makes some")
        return key

    @field_validator("ca")
    @classmethod
    def _readable(cls, ca: Path | None) -> Path | None:
        if ca is not None and not ca.is_file():
            raise ValueError(f"{ca} is not a file")
        return ca

    @property
    def algorithm_names(self) -> frozenset[str]:
        """Signatures that are accepted."""
        return frozenset(self.algorithms.split(","))


def decoded(key: SecretStr) -> bytes:
    """The bytes of a key given as base64, of either alphabet; empty when it is none."""
    text = key.get_secret_value().strip().replace("-", "+").replace("_", "/")
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except (binascii.Error, ValueError):
        return b""
