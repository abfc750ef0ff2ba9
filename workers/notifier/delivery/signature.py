"""Signatures of webhooks, as Standard Webhooks 1.0 has them, so that its libraries verify them.

HMAC-SHA256 over `ID.TIMESTAMP.BODY`, with the bytes of the body as they are sent. The time keeps a
recorded request from being sent again; the id is the receipt key.
"""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Sequence
from typing import Final

PREFIX: Final = "whsec_"
_LEAST, _MOST = 24, 64


def key_of(secret: str) -> bytes:
    """The key in a secret, `whsec_` and base64 of 24 to 64 random bytes.

    Raises:
        ValueError: It has another form; the message does not show it.
    """
    form = f"write {PREFIX} and base64 of {_LEAST} to {_MOST} random bytes"
    if not secret.startswith(PREFIX):
        raise ValueError(f"does not begin with {PREFIX}: {form}")
    try:
        key = base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except (binascii.Error, ValueError) as error:
        raise ValueError(f"is not base64 after {PREFIX}: {form}") from error
    if not _LEAST <= len(key) <= _MOST:
        raise ValueError(f"holds {len(key)} bytes: {form}")
    return key


def signature_headers(
    keys: Sequence[bytes], receipt_key: str, at_s: int, body: bytes
) -> dict[str, str]:
    """Headers that prove who sent a body, and when.

    Args:
        keys: Keys; while one is replaced there are two, and either verifies.
        receipt_key: Id of the message.
        at_s: Time of this try, Unix seconds.
        body: The body, as it is sent.
    """
    headers = {"webhook-id": receipt_key, "webhook-timestamp": str(at_s)}
    if keys:
        signed = f"{receipt_key}.{at_s}.".encode() + body
        digests = [hmac.new(key, signed, hashlib.sha256).digest() for key in keys]
        signatures = [f"v1,{base64.b64encode(digest).decode()}" for digest in digests]
        headers["webhook-signature"] = " ".join(signatures)
    return headers
