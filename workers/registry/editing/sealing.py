"""Seal a text under a key, so that the database and its backups do not hold it in the clear."""

import hashlib
import hmac
import os
from collections.abc import Sequence
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from runtime.errors import Stop

_FORM: Final = b"\x01"
_ID_BYTES: Final = 4
_NONCE_BYTES: Final = 12


class Sealer:
    """Seals and opens texts by AES-GCM: a form, the id of the key, a nonce, the sealed text.

    A sealed text opens only for the subject that it was sealed for, so that nobody who may write
    to the table can exchange two of them.

    Args:
        keys: Keys of 32 bytes; the first seals, all of them open.
        setting: Name of the setting that holds them, for messages.
    """

    def __init__(self, keys: Sequence[bytes], setting: str) -> None:
        self._keys = {key_id(key): AESGCM(key) for key in keys}
        self._first = key_id(keys[0]) if keys else b""
        self._digests = keys[0] if keys else b""
        self._setting = setting

    @property
    def seals(self) -> bool:
        """Whether there is a key to seal under."""
        return bool(self._first)

    def seal(self, text: str, subject: str) -> bytes:
        """Seal a text for a subject, such as `camera c1`.

        Raises:
            Stop: There is no key.
        """
        if not self._first:
            raise Stop(f"nothing can be sealed: set {self._setting}, or {self._setting}_FILE")
        nonce = os.urandom(_NONCE_BYTES)
        sealed = self._keys[self._first].encrypt(nonce, text.encode(), subject.encode())
        return _FORM + self._first + nonce + sealed

    def open(self, sealed: bytes, subject: str) -> str:
        """The text that was sealed for a subject.

        Raises:
            Stop: Its key is not among those given, or it was altered or sealed for another.
        """
        start = 1 + _ID_BYTES
        key = self._keys.get(sealed[1:start])
        if sealed[:1] != _FORM or key is None:
            raise Stop(
                f"what is sealed for {subject} is under a key that {self._setting} does not hold"
            )
        nonce, body = sealed[start : start + _NONCE_BYTES], sealed[start + _NONCE_BYTES :]
        try:
            return key.decrypt(nonce, body, subject.encode()).decode()
        except InvalidTag:
            raise Stop(f"what is sealed for {subject} was altered, or sealed for another") from None

    def keyed(self, digest: str) -> str:
        """A digest again, under the key: nobody without it finds a text by trying."""
        return hmac.new(self._digests, b"wardstream digest" + digest.encode(), "sha256").hexdigest()

    def is_newest(self, sealed: bytes) -> bool:
        """Whether a text is sealed under the first key."""
        return sealed[1 : 1 + _ID_BYTES] == self._first


def key_id(key: bytes) -> bytes:
    """Id of a key, by which a sealed text names it; says nothing of the key."""
    return hashlib.sha256(b"wardstream key" + key).digest()[:_ID_BYTES]
