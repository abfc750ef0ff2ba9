"""What a file of an arm replaces: settings of the fold, and facts, both checked as elsewhere.

settings:
tracking: {high_score: 0.5}
stream: {allowed_lateness_s: 3}
facts:
zone:
- {zone_id: bay-1, camera_id: ward-3, polygon: [[0, 0], [400, 0], [400, 300]]}
"""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

import msgspec
import yaml
from pydantic import TypeAdapter, ValidationError

from runtime.errors import Stop
from runtime.facts.log import Fact
from runtime.process.sections import StreamSettings
from schemas.class_settings import ClassSettings
from schemas.evidence_settings import BadgeSettings
from schemas.fusion_settings import FusedFloorSettings
from schemas.shift_settings import ShiftSettings
from schemas.topics import FOLDED_TOPICS
from schemas.tracker_settings import MovingTrackerSettings, TrackerSettings
from workers.registry.edit import Options, Registered, Stamp, change_of
from workers.registry.files import read_content
from workers.registry.row import Row
from workers.registry.rows import ROWS

_SECTIONS: Final[Mapping[str, tuple[Any, tuple[str, ...]]]] = {
    "tracking": (TrackerSettings, ("tracker",)),
    "tracking_moving": (MovingTrackerSettings, ("moving_tracker",)),
    "fusion": (FusedFloorSettings, ("floor", "fusion")),
    "badges": (BadgeSettings, ("floor", "badges")),
    "classes": (ClassSettings, ("floor", "classes")),
    "shifts": (ShiftSettings, ("floor", "shifts")),
}
"""Sections of the settings: their form, and where a checkpoint's values hold them."""

_OF_STREAM: Final[Mapping[str, tuple[str, float | None]]] = {
    "allowed_lateness_s": ("allowed_lateness_us", 1e6),
    "fuse_cameras": ("fuses_cameras", None),
    "take_badge_reads": ("takes_reads", None),
    "census_max_age_h": ("census_max_age_us", 3.6e9),
}
"""Settings of the section `stream` that the fold knows: their name there, and the factor."""

_KINDS: Final = {kind: row for kind, row in ROWS.items() if row.topic in FOLDED_TOPICS}


class Replacement(msgspec.Struct, frozen=True, kw_only=True):
    """What an arm has in the place of what the line has.

    Attributes:
        name: Name of the file, for errors.
        settings: Settings by section.
        rows: Rows of facts, by kind.
    """

    name: str = ""
    settings: dict[str, dict[str, Any]] = {}
    rows: dict[str, list[Any]] = {}

    @property
    def names(self) -> tuple[str, ...]:
        """What is replaced, in words: settings, and facts by id."""
        settings = [f"{s}.{name}" for s, given in self.settings.items() for name in given]
        facts = [
            f"{kind} {getattr(row, row.identity())}"
            for kind, rows in self.rows.items()
            for row in rows
        ]
        return (*sorted(settings), *sorted(facts))

    def applied(self, values: dict[str, Any]) -> dict[str, Any]:
        """Settings of a fold, as a checkpoint holds them, with those of the file.

        Raises:
            Stop: One is none, or has a value that it cannot have; named with file and section.
        """
        whole: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(values))
        for section, given in self.settings.items():
            if section == "stream":
                self._put_stream(whole["floor"], given)
                continue
            form, path = _SECTIONS[section]
            holder = whole
            for part in path[:-1]:
                holder = holder[part]
            merged = _merged(holder.get(path[-1], {}), given)
            try:
                made = TypeAdapter(form).validate_python(merged)
            except ValidationError as error:
                raise self._wrong(section, error) from error
            kept = msgspec.to_builtins(made)
            for name in given:
                if name not in kept:
                    raise Stop(f"{self.name}: settings.{section}.{name}: there is no such setting")
            holder[path[-1]] = kept
        return whole

    def _put_stream(self, floor: dict[str, Any], given: dict[str, Any]) -> None:
        for name in given:
            if name not in _OF_STREAM:
                known = ", ".join(_OF_STREAM)
                raise Stop(
                    f"{self.name}: settings.stream.{name}: not a setting of the fold; these are: "
                    f"{known}"
                )
        try:
            checked = StreamSettings.model_validate(given)
        except ValidationError as error:
            raise self._wrong("stream", error) from error
        for name in given:
            own, factor = _OF_STREAM[name]
            value = getattr(checked, name)
            floor[own] = value if factor is None else round(value * factor)

    def _wrong(self, section: str, error: ValidationError) -> Stop:
        first = error.errors(include_url=False, include_input=False)[0]
        field = ".".join(["settings", section, *map(str, first["loc"])])
        return Stop(f"{self.name}: {field}: {first['msg']}")

    def facts(self, log: Iterable[Fact]) -> dict[str, list[dict[str, Any]]]:
        """Facts that hold all the time in the place of every version on the log, by topic.

        Args:
            log: All facts of the log, in order.

        Raises:
            ImportRefused: The rows contradict each other or what is registered; the message names
                file, row and field.
        """
        registered = Registered()
        registered.add(log)
        groups: list[list[Row]] = [self.rows[kind] for kind in _KINDS if self.rows.get(kind)]
        stamp = Stamp(valid_from_us=0, recorded_at_us=0, recorded_by="")
        after = change_of(groups, registered, stamp, Options()).after
        found: dict[str, list[dict[str, Any]]] = {}
        always = {"version": 1, "valid_from_us": 0, "recorded_at_us": 0, "recorded_by": ""}
        for rows in groups:
            for row in rows:
                identity = getattr(row, row.identity())
                record = after.newest[(row.topic.name, identity)]
                found.setdefault(row.topic.name, []).append({**record, **always})
        return found


def read_replacement(path: Path) -> Replacement:
    """Read a file of an arm.

    Raises:
        Stop: It cannot be read, or names something that no arm replaces; file and field are named.
        ImportRefused: A row of facts is wrong; file, row and field are named.
    """
    try:
        root = yaml.compose(path.read_text(encoding="utf-8"), Loader=yaml.SafeLoader)
    except OSError as error:
        raise Stop(f"{path.name}: cannot be read: {error.strerror or error}") from error
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError) as error:
        raise Stop(f"{path.name}: not valid YAML: {' '.join(str(error).split())}") from error
    parts = _parts(path.name, root, ("settings", "facts"))
    settings: dict[str, dict[str, Any]] = {}
    rows: dict[str, list[Any]] = {}
    sections = _parts(f"{path.name}: settings", parts.get("settings"), (*_SECTIONS, "stream"))
    for section, node in sections.items():
        value = yaml.safe_load(yaml.serialize(node))
        if not isinstance(value, dict) or not value:
            raise Stop(f"{path.name}: settings.{section}: must be a mapping of settings")
        settings[section] = {str(name): each for name, each in value.items()}
    for kind, node in _parts(f"{path.name}: facts", parts.get("facts"), tuple(_KINDS)).items():
        name = f"{path.stem}.facts.{kind}.yaml"
        rows[kind] = read_content(name, yaml.serialize(node).encode(), _KINDS[kind]).rows
    if not settings and not rows:
        raise Stop(f"{path.name}: replaces nothing: give settings, facts or both")
    return Replacement(name=path.name, settings=settings, rows=rows)


def _parts(where: str, node: yaml.Node | None, known: tuple[str, ...]) -> dict[str, yaml.Node]:
    if node is None:
        return {}
    if not isinstance(node, yaml.MappingNode):
        raise Stop(f"{where}: must be a mapping of {', '.join(known)}")
    found: dict[str, yaml.Node] = {}
    for key, value in node.value:
        name = str(key.value)
        if name not in known:
            raise Stop(f"{where}: {name}: not one of {', '.join(known)}")
        if name in found:
            raise Stop(f"{where}: {name}: is there twice")
        found[name] = value
    return found


def _merged(values: Any, given: Any) -> Any:
    if not isinstance(values, dict) or not isinstance(given, dict):
        return given
    return {**values, **{name: _merged(values.get(name), one) for name, one in given.items()}}
