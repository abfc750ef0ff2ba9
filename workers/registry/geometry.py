"""Fields of rows that say where something is: a camera, what it sees, and ways between views.

An empty list takes away what is registered, as for masks and calibrations.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

from workers.registry import text
from workers.registry.text import shown
from workers.registry.values import Point, from_text, named, number, polygon

_LOCATION: Final = ("x_m", "y_m", "z_m")
_LOCATION_FORM: Final = '{"x_m": 1.5, "y_m": 0.2, "z_m": 2.8}'

MOST_PASSAGES: Final = 200
"""A floor has this many passages at most."""

_CAMERAS: Final = ("from_camera_id", "to_camera_id")
_NUMBERS: Final = ("from_x_m", "from_y_m", "to_x_m", "to_y_m", "radius_m", "min_s", "max_s")
_PASSAGE: Final = ("name", *_CAMERAS, *_NUMBERS)


def location(value: Any) -> dict[str, float] | None:
    """x_m, y_m and z_m, or a list of these; None for an empty list.

    Raises:
        ValueError: It is neither; the message names the number.
    """
    given = from_text(value)
    if given in ([], {}):
        return None
    if isinstance(given, list | tuple):
        if len(given) != len(_LOCATION):
            raise ValueError(f"a location has three numbers, not {len(given)}")
        given = dict(zip(_LOCATION, given, strict=True))
    if not isinstance(given, dict):
        raise ValueError(f"{shown(value)} is not a location such as {_LOCATION_FORM}")  # noqa: TRY004
    _check_names(given, _LOCATION)
    for name in _LOCATION:
        if name not in given:
            raise ValueError(f"{name} is missing: write {_LOCATION_FORM}")
    return {name: named(name, given[name]) for name in _LOCATION}


def field_of_view(value: Any) -> float | None:
    """Degrees; None for an empty list.

    Raises:
        ValueError: It is no number.
    """
    return None if value in ([], "[]") else number(value)


def region(value: Any) -> list[Point]:
    """A simple polygon in metres; an empty list for a view that no wall limits.

    Raises:
        ValueError: It is neither; the message names the point.
    """
    return [] if from_text(value) == [] else polygon(value)


def passages(value: Any) -> list[dict[str, Any]]:
    """A list of passages; cameras and name may be left out.

    Raises:
        ValueError: It is none; the message names passage and field.
    """
    given = from_text(value)
    if not isinstance(given, list | tuple):
        raise ValueError(f"{shown(value)} is not a list of passages")  # noqa: TRY004
    if len(given) > MOST_PASSAGES:
        raise ValueError(f"holds {len(given)} passages; {MOST_PASSAGES} are the most")
    found = []
    for index, one in enumerate(given, 1):
        try:
            found.append(_passage(one))
        except ValueError as error:
            raise ValueError(f"passage {index}: {error}") from error
    return found


def _passage(given: Any) -> dict[str, Any]:
    if not isinstance(given, dict):
        raise ValueError(f"{shown(given)} is not a passage with {', '.join(_PASSAGE)}")  # noqa: TRY004
    _check_names(given, _PASSAGE)
    for name in _NUMBERS:
        if given.get(name) in (None, ""):
            raise ValueError(f"{name} is missing")
    return {
        "name": _part(text.name, "name", given),
        **{name: _part(text.identity, name, given) for name in _CAMERAS},
        **{name: named(name, given[name]) for name in _NUMBERS},
    }


def _part(read: Callable[[Any], str], name: str, given: Mapping[str, Any]) -> str:
    value = given.get(name)
    if value in (None, ""):
        return ""
    try:
        return read(value)
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from error


def _check_names(given: Mapping[str, Any], names: tuple[str, ...]) -> None:
    for name in given:
        if name not in names:
            raise ValueError(f"{shown(name)} is none of {', '.join(names)}")
