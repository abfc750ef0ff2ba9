"""Settings of the vault: which pseudonym stands for which employee or badge number."""

from enum import StrEnum
from pathlib import Path
from typing import Self

from pydantic import SecretStr, field_validator, model_validator

from runtime.process.declare import Section, setting
from runtime.process.registry import KEY_BYTES, keys_of


class Ids(StrEnum):
    """What ids of staff and badges are where they come in."""

    PSEUDONYMS = "pseudonyms"
    """Pseudonyms already: whoever sends them has replaced the numbers."""
    EXTERNAL = "external"
    """Employee numbers and badge numbers: the vault replaces them."""


class VaultSettings(Section):
    """The vault, which replaces employee and badge numbers by pseudonyms."""

    ids: Ids = setting(
        Ids.PSEUDONYMS,
        "name",
        "What ids of staff and badges are in imports and in reads of badges: `pseudonyms`, which "
        "go on as they are, or `external`, numbers that the vault replaces. Mixtures are refused.",
    )
    key: SecretStr | None = setting(
        None,
        "base64",
        "Keys that seal and hash external ids, each 32 random bytes, with commas between: a new "
        "one first, for `wardstream vault rotate`.",
    )
    erasures: Path | None = setting(
        None,
        "path",
        "File that lists who was erased, so that no restored backup brings them back. Keep it "
        "apart from the backups, and never restore it. Without it nobody can be erased.",
    )

    @field_validator("key")
    @classmethod
    def _of_32_bytes(cls, keys: SecretStr | None) -> SecretStr | None:
        if keys is not None and not all(len(key) == KEY_BYTES for key in keys_of(keys)):
            raise ValueError(
                "give keys of 32 random bytes as base64: `openssl rand -base64 32` makes one"
            )
        return keys

    @model_validator(mode="after")
    def _has_a_key(self) -> Self:
        if self.ids is Ids.EXTERNAL and self.key is None:
            raise ValueError("`ids` are external: give `key` too, under which the vault keeps them")
        return self
