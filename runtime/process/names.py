"""Names of settings: which there are, and which right one a misspelt one was meant to be.

Every name that begins like a setting is either one, or is listed here, or is what Kubernetes puts
into each container for a Service whose name begins with `wardstream`. Any other is refused.
"""

import difflib
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

PREFIX: Final = "WARDSTREAM_"

NO_SETTINGS: Final = frozenset(
    {
        "CONFIG",  # where the file of settings is
        "CACHE",  # where installed services are
        "ENGINE",  # plain processes or containers
        "CAMERA",  # these are of docker-compose.yml
        "VIDEO",
        "VIDEOS",
        "SECRETS",
        "BOARD_HOST_PORT",
        "DATABASE_HOST_PORT",
        "GRAFANA_HOST_PORT",
        "KAFKA_HOST_PORT",
        "PROMETHEUS_HOST_PORT",
        "REDIS_HOST_PORT",
        "REGISTRY_HOST_PORT",
        "BENCH_STAGES",  # of tests/bench
    }
)
"""Variables, without the prefix, that are ours and no settings."""

_KUBERNETES = re.compile(
    r"(?:[A-Z0-9]+_)*?(?:SERVICE_HOST|SERVICE_PORT(?:_[A-Z0-9_]+)?"
    r"|PORT_\d+_(?:TCP|UDP|SCTP)(?:_(?:PROTO|PORT|ADDR))?)$"
)
_KUBERNETES_PORT = re.compile(r"(?:[A-Z0-9]+_)*PORT$")
_ENDPOINT = re.compile(r"(?:tcp|udp|sctp)://")


def variable_of(dotted: str) -> str:
    """Environment variable of a setting.

    >>> variable_of("ingest.fps")
    'WARDSTREAM_INGEST__FPS'
    """
    return PREFIX + dotted.upper().replace(".", "__")


def from_kubernetes(variable: str, value: str) -> bool:
    """Whether Kubernetes has set a variable, for a Service named `wardstream` or `wardstream-…`.

    `…_PORT` may be a setting, or meant to be one: from Kubernetes it holds `tcp://address:port`.
    """
    name = variable.upper().removeprefix(PREFIX)
    if _KUBERNETES.match(name):
        return True
    return _KUBERNETES_PORT.match(name) is not None and _ENDPOINT.match(value) is not None


def is_no_setting(variable: str) -> bool:
    """Whether a variable is one of ours that is no setting, in any case."""
    return variable.upper().removeprefix(PREFIX) in NO_SETTINGS


def settings_in(environment: Mapping[str, str]) -> dict[str, str]:
    """Variables that are meant as settings, without what Kubernetes has set."""
    return {
        name: value
        for name, value in environment.items()
        if name.upper().startswith(PREFIX) and not from_kubernetes(name, value)
    }


def misspelt_variables(
    environment: Mapping[str, str], known: Sequence[str], tables: Sequence[str]
) -> list[str]:
    """A sentence for each environment variable that looks like a setting and is none.

    Args:
        environment: The environment variables.
        known: Dotted names of all settings and sections, and those of secrets that can be read
            from a file with `_FILE` after them.
        tables: Those settings and sections whose parts may be set as well, by any name.
    """
    variables = {variable_of(name) for name in known}
    free = tuple(f"{variable_of(name)}__" for name in tables)
    messages = []
    for given in sorted(settings_in(environment)):
        name = given.upper()
        if name in variables or is_no_setting(name):
            continue
        if free and name.startswith(free):
            continue
        messages.append(
            no_setting(given, _nearest_variable(name, [*variables, *map(_own, NO_SETTINGS)]))
        )
    return messages


def misspelt_keys(
    values: Mapping[str, Any], known: Sequence[str], tables: Sequence[str], above: str = ""
) -> Iterator[str]:
    """Each name in nested settings that is none, dotted.

    Args:
        values: Settings as given, with sections as mappings.
        known: Dotted names of all settings and sections.
        tables: Settings whose values are tables with names of any kind.
        above: Dotted name of the section that holds the values, with a dot after it.
    """
    for key, value in values.items():
        name = f"{above}{key}"
        if name not in known:
            yield name
        elif isinstance(value, Mapping) and name not in tables:
            yield from misspelt_keys(value, known, tables, f"{name}.")


def nearest(name: str, known: Sequence[str]) -> str | None:
    """The setting that a misspelt name was meant to be; None when none is like it."""
    plain = name.lower().replace("-", "_")
    leaf = plain.rpartition(".")[2]
    like = difflib.get_close_matches(plain, known, n=1, cutoff=0.8)
    same = [one for one in known if one.rpartition(".")[2] == leaf]
    if like or same:
        return [*like, *same][0]
    return next(iter(difflib.get_close_matches(plain, known, n=1, cutoff=0.6)), None)


def _nearest_variable(name: str, variables: Sequence[str]) -> str | None:
    """The variable whose name is most like this one, however the words are joined."""
    by_name = {_joined(one): one for one in sorted(variables)}
    if found := by_name.get(_joined(name)):
        return found
    like = difflib.get_close_matches(_joined(name), list(by_name), n=1, cutoff=0.75)
    return by_name[like[0]] if like else None


def _joined(variable: str) -> str:
    return re.sub("_+", "_", variable.removeprefix(PREFIX))


def _own(name: str) -> str:
    return PREFIX + name


def no_setting(name: str, meant: str | None) -> str:
    """The sentence about a name that is no setting."""
    if meant is None:
        return f"{name} is no setting: `wardstream settings` lists them all"
    return f"{name} is no setting: did you mean {meant}?"
