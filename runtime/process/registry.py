"""Settings of what the registry keeps sealed."""

import base64
import binascii

from pydantic import SecretStr, field_validator

from runtime.process.declare import Section, setting

KEY_BYTES = 32


class RegistrySettings(Section):
    """What the registry keeps sealed in the database: stream addresses, names."""

    address_key: SecretStr | None = setting(
        None,
        "base64",
        "Keys that seal the stream addresses of cameras, each 32 random bytes, with commas "
        "between: the first one seals, all of them open. Without one no address can be kept.",
    )
    name_key: SecretStr | None = setting(
        None,
        "base64",
        "Keys that seal the names of staff, as `address_key`. Without one no name can be kept.",
    )

    @field_validator("address_key", "name_key")
    @classmethod
    def _of_32_bytes(cls, keys: SecretStr | None) -> SecretStr | None:
        if keys is not None and not all(len(key) == KEY_BYTES for key in keys_of(keys)):
            raise ValueError(
                "give keys of 32 random bytes as base64: `openssl rand -base64 32` makes one"
            )
        return keys


def keys_of(given: SecretStr | None) -> list[bytes]:
    """The keys of a setting; empty where it is not set.

    >>> [len(key) for key in keys_of(SecretStr("AAAA,BBBB"))]
    [3, 3]
    """
    if given is None:
        return []
    found = []
    for text in given.get_secret_value().split(","):
        try:
            found.append(base64.b64decode(text.strip(), validate=True))
        except binascii.Error:
            found.append(b"")
    return found
