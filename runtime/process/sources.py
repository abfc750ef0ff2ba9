"""Where settings come from: the environment and one TOML file, read without surprises."""

import json
import os
import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

from pydantic_settings import SettingsError

from runtime.process.names import PREFIX, is_no_setting, settings_in, variable_of
from runtime.process.secret_files import SUFFIX

FILE: Final = "wardstream.toml"
FILE_VARIABLE: Final = f"{PREFIX}CONFIG"


class SettingsFileError(SettingsError):
    """The file of settings cannot be read."""


class SettingsVariableError(SettingsError):
    """A variable cannot be read."""


def settings_file() -> Path | None:
    """The file of settings; None when there is none.

    Raises:
        SettingsFileError: The one that the environment names is not there.
    """
    named = os.environ.get(FILE_VARIABLE, "")
    path = Path(named or FILE)
    if path.is_dir():
        raise SettingsFileError(f"{_shown(path)} is a folder: give a TOML file")
    if path.exists():
        return path
    if named:
        raise SettingsFileError(
            f"{FILE_VARIABLE}: {path} does not exist: correct the path, or unset the variable"
        )
    return None


def read_file() -> dict[str, Any]:
    """The settings in the file; none when there is no file.

    Raises:
        SettingsFileError: It cannot be read, or is no TOML.
    """
    path = settings_file()
    if path is None:
        return {}
    try:
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise SettingsFileError(f"{_shown(path)} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise SettingsFileError(f"{_shown(path)} is not UTF-8: save it as UTF-8") from error
    except tomllib.TOMLDecodeError as error:
        raise SettingsFileError(f"{_shown(path)} is no TOML: {error}") from error


def given_variables(secrets: Iterable[tuple[str, ...]], tables: Iterable[str]) -> dict[str, str]:
    """Variables that are meant as settings, by their names in lower case, as pydantic wants.

    Args:
        secrets: Paths of the settings that may be given in a file instead.
        tables: Dotted names of sections and tables, whose own variables hold JSON.

    Raises:
        SettingsVariableError: A section or table is not given as JSON, a variable is given twice or
            in the wrong case, or holds bytes that are no text.
    """
    files = {variable_of(".".join(path)) + SUFFIX for path in secrets}
    json_of = {variable_of(name): name for name in tables}
    given: dict[str, str] = {}
    for name, value in settings_in(os.environ).items():
        if not _is_text(name + value):
            shown = name.encode("utf-8", "backslashreplace").decode()
            raise SettingsVariableError(f"{shown} is not UTF-8: set it again as UTF-8")
        if name != name.upper() and (name.upper() in files or is_no_setting(name)):
            raise SettingsVariableError(f"{name} is read in capitals only: write {name.upper()}")
        if name.upper() in files:
            continue
        if name.lower() in given:
            raise SettingsVariableError(f"{name} is set twice, in another case too: unset one")
        if name.upper() in json_of and not _is_json(value):
            raise SettingsVariableError(
                f"{name} is no JSON object: give one, or set each of its settings by {name}__NAME"
            )
        given[name.lower()] = value
    return given


def _is_text(text: str) -> bool:
    """Whether a text of the environment has no bytes that Python could not decode."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _is_json(text: str) -> bool:
    try:
        return isinstance(json.loads(text), dict)
    except ValueError:
        return False


def _shown(path: Path) -> str:
    return f"{FILE_VARIABLE}: {path}" if os.environ.get(FILE_VARIABLE) else str(path)
