"""Seal what is kept outside of the process, by one secret key.

AES-256-GCM hides and authenticates a value; the name it is stored under is authenticated with it,
so that no value can be moved to another name. A tag shows that an id was made here.
"""

import base64
import hashlib
import hmac
import re
import secrets
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

_NONCE: Final = 12
_ID: Final = re.compile(r"([A-Za-z0-9_-]{43})\.([A-Za-z0-9_-]{43})")


def _encoded(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


class Sealer:
    """Seals values and ids.

    Args:
        key: 32 random bytes.
    """

    def __init__(self, key: bytes) -> None:
        def derived(purpose: bytes) -> bytes:
            return HKDF(SHA256(), 32, salt=None, info=b"wardstream login " + purpose).derive(key)

        self._cipher = AESGCM(derived(b"seal"))
        self._tag_key = derived(b"tag")

    def seal(self, value: bytes, name: str) -> bytes:
        """A value that only `unseal` with the same name reads."""
        nonce = secrets.token_bytes(_NONCE)
        return nonce + self._cipher.encrypt(nonce, value, name.encode())

    def unseal(self, sealed: bytes, name: str) -> bytes | None:
        """What was sealed under a name; None when it was made elsewhere, altered, or moved."""
        if len(sealed) <= _NONCE:
            return None
        try:
            return self._cipher.decrypt(sealed[:_NONCE], sealed[_NONCE:], name.encode())
        except InvalidTag:
            return None

    def new_id(self) -> str:
        """A random id with its tag, for a cookie."""
        identity = _encoded(secrets.token_bytes(32))
        return f"{identity}.{self._tag(identity)}"

    def key_of(self, cookie: str) -> str | None:
        """The name that the value of a cookie is stored under: a digest, which gives none back.

        None when the cookie was not made by `new_id`, so that invented ones cost no look-up.
        """
        found = _ID.fullmatch(cookie)
        if found is None or not hmac.compare_digest(self._tag(found[1]), found[2]):
            return None
        return hashlib.sha256(found[1].encode()).hexdigest()

    def _tag(self, identity: str) -> str:
        return _encoded(hmac.digest(self._tag_key, identity.encode(), "sha256"))
