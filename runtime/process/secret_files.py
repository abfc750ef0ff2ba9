"""Secrets given in files, as container platforms mount them.

`WARDSTREAM_SECURITY__KAFKA__PASSWORD_FILE=/run/secrets/kafka` reads the password from that file,
and likewise for every other setting that is a secret.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsError

SUFFIX = "_FILE"


class SecretFileError(SettingsError):
    """A file that should hold a secret cannot be read, or the secret is given twice."""


def secrets_of(model: type[BaseModel], path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Paths of all settings that are secrets."""
    for name, info in model.model_fields.items():
        annotation: Any = info.annotation
        if isinstance(annotation, type) and issubclass(annotation, BaseModel):
            yield from secrets_of(annotation, (*path, name))
        elif annotation is SecretStr or SecretStr in getattr(annotation, "__args__", ()):
            yield (*path, name)


class SecretFiles(PydanticBaseSettingsSource):
    """A source of settings: the contents of the files that the environment names."""

    def __init__(self, settings_cls: type[BaseSettings], prefix: str) -> None:
        super().__init__(settings_cls)
        self._prefix = prefix

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:  # noqa: ARG002 - all come at once
        """Return no value: `__call__` returns all of them."""
        return None, field_name, False

    def __call__(self) -> dict[str, Any]:
        """The secrets given in files, nested as the settings are.

        Raises:
            SecretFileError: A file cannot be read, or the same secret is given in the environment.
        """
        found: dict[str, Any] = {}
        for path in secrets_of(self.settings_cls):
            variable = self._prefix + "__".join(path).upper()
            file = os.environ.get(variable + SUFFIX)
            if file is None:
                continue
            if not file:
                raise SecretFileError(f"{variable}{SUFFIX} is empty: give a path, or unset it")
            if variable in os.environ:
                raise SecretFileError(f"{variable} and {variable}{SUFFIX} are both set: unset one")
            try:
                text = Path(file).read_text(encoding="utf-8-sig")
            except UnicodeDecodeError:
                raise SecretFileError(
                    f"{variable}{SUFFIX}: {file} is not UTF-8: save it as UTF-8"
                ) from None
            except OSError as error:
                raise SecretFileError(
                    f"{variable}{SUFFIX}: {file} cannot be read: {error.strerror}"
                ) from error
            inner = found
            for name in path[:-1]:
                inner = inner.setdefault(name, {})
            inner[path[-1]] = text.rstrip("\r\n")
        return found
