"""The keys of the vault: one secret gives a key to seal with, and another to look up with."""

import hmac
from collections.abc import Sequence
from typing import Final

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from workers.registry.editing.sealing import Sealer, key_id
from workers.registry.vault.external import External

SETTING: Final = "WARDSTREAM_VAULT__KEY"

_BYTES: Final = 32


class VaultKey:
    """One key of the vault.

    Args:
        secret: 32 random bytes.

    Attributes:
        id: By which rows name it; says nothing of the key.
    """

    def __init__(self, secret: bytes) -> None:
        seal = _derived(secret, b"wardstream vault seal")
        self._sealer = Sealer([seal], SETTING)
        self._lookup = _derived(secret, b"wardstream vault lookup")
        self.id = key_id(seal)

    def lookup(self, external: External) -> bytes:
        """By which an external id is found: a keyed hash of it."""
        message = f"{external.kind}\0{external.text}".encode()
        return hmac.digest(self._lookup, message, "sha256")

    def keyed(self, digest: str) -> str:
        """A digest again, under the key: nobody without it finds by trying what it is of."""
        return hmac.digest(self._lookup, b"digest\0" + digest.encode(), "sha256").hex()

    def seal(self, external: External, pseudonym: str) -> bytes:
        """Seal an external id for its pseudonym."""
        return self._sealer.seal(external.text, _subject(external.kind, pseudonym))

    def open(self, sealed: bytes, kind: str, pseudonym: str) -> str:
        """The external id of a pseudonym.

        Raises:
            Stop: It was altered, or sealed for another pseudonym or under another key.
        """
        return self._sealer.open(sealed, _subject(kind, pseudonym))


def vault_keys(secrets: Sequence[bytes]) -> list[VaultKey]:
    """The keys of a setting, in its order."""
    return [VaultKey(secret) for secret in secrets]


def _derived(secret: bytes, purpose: bytes) -> bytes:
    return HKDF(SHA256(), _BYTES, salt=None, info=purpose).derive(secret)


def _subject(kind: str, pseudonym: str) -> str:
    return f"{kind} {pseudonym}"
