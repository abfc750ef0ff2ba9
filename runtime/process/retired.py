"""Retired names of settings: each is refused with an error that gives the current name."""

from collections.abc import Collection, Mapping
from typing import Any, Final

RETIRED_SETTINGS: Final = {
    "deadman": "watchdog",
    "deadman.look_s": "watchdog.poll_s",
    "watchdog.look_s": "watchdog.poll_s",
}
"""Current dotted name by retired dotted name. A section stands for all settings in it."""


def refuse_retired(values: Mapping[str, Any], environment: Collection[str], prefix: str) -> None:
    """Refuse a retired setting, whether from the file or from the environment.

    Args:
        values: Settings as given, with sections as mappings.
        environment: Names of the environment variables.
        prefix: Prefix of the environment variables that are settings.

    Raises:
        ValueError: A setting is retired; the message names its successor.
    """
    names = {name.upper() for name in environment}
    given = [
        dotted
        for dotted in sorted(RETIRED_SETTINGS, key=len, reverse=True)
        if _is_in(values, dotted) or _is_set(names, _variable(dotted, prefix))
    ]
    if given:
        now = RETIRED_SETTINGS[given[0]]
        raise ValueError(
            f"the setting {given[0]} is called {now} now "
            f"({_variable(given[0], prefix)}: {_variable(now, prefix)})"
        )


def _variable(dotted: str, prefix: str) -> str:
    return prefix + dotted.upper().replace(".", "__")


def _is_set(names: Collection[str], variable: str) -> bool:
    return any(name == variable or name.startswith(f"{variable}__") for name in names)


def _is_in(values: Mapping[str, Any], dotted: str) -> bool:
    found: Any = values
    for part in dotted.split("."):
        if not isinstance(found, Mapping) or part not in found:
            return False
        found = found[part]
    return True
