"""Everything that these tests call of the product, in one place, because its names may move."""

import os
import re
from contextlib import chdir
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from runtime.errors import Stop
from runtime.facts.log import Fact
from runtime.process.settings import Settings
from runtime.redaction import redacted_url
from schemas.topics import ZONES
from streams.domain.facts.timeline import Facts
from streams.domain.facts.versions import InvalidFact
from workers.ingest.sources.base import Image, SourceFrame
from workers.ingest.sources.file import VideoFile
from workers.registry.change import OnResize, Options, Stamp, stamped
from workers.registry.edit import change_of
from workers.registry.files import ImportRefused, read_file
from workers.registry.preview import effects_of, notes_of
from workers.registry.registered import Registered
from workers.registry.rows import ROWS

NOW_US = 1_795_950_000_000_000
"""Time of the imports: 2026-11-29 11:00 UTC."""

_STAMP = Stamp(NOW_US, NOW_US, "test")

_WARD = {
    "camera": "camera_id,name,width,height,time_zone\nbay-cam,Bay camera,192,128,Europe/Berlin\n",
    "zone": """- {zone_id: bay, camera_id: bay-cam, name: Bay,
   polygon: [[10, 10], [180, 10], [180, 120], [10, 120]]}""",
    "staff": "staff_id,role\ns1,nurse\ns2,nurse\n",
}
"""A ward with one camera of 192 x 128 px in Berlin, the zone bay, and two nurses."""


@dataclass(frozen=True)
class Import:
    """The result of an import.

    Attributes:
        records: Facts that it would write, in their order.
        refusal: Why the whole file was refused; None when it was accepted.
        effects: What a preview prints of each fact.
        notes: What a preview finds odd.
        read_as: The form of file that was taken.
    """

    records: list[dict[str, Any]]
    refusal: str | None = None
    effects: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    read_as: str = ""


class Ward:
    """A ward into which one file after the other is imported.

    Args:
        folder: Where the files are written.
        kinds: What is registered from the start, of camera, zone and staff.
    """

    def __init__(self, folder: Path, *kinds: str) -> None:
        self._folder = folder
        self._registered = Registered()
        for kind in kinds:
            suffix = ".yaml" if _WARD[kind].startswith("-") else ".csv"
            assert self.take(kind, _WARD[kind].encode(), suffix).refusal is None

    def take(
        self,
        kind: str,
        content: bytes,
        suffix: str = ".csv",
        *,
        replace: bool = False,
        cascade: bool = False,
        on_resize: str = "refuse",
    ) -> Import:
        """Import a file with this content; what is refused changes nothing."""
        file = self._folder / f"{kind}{suffix}"
        file.write_bytes(content)
        options = Options(
            replace=replace, cascade=cascade, on_resize=OnResize(on_resize), now_us=NOW_US
        )
        try:
            read = read_file(file, ROWS[kind], NOW_US)
            change = change_of([read.rows], self._registered, _STAMP, options)
        except ImportRefused as error:
            return Import([], str(error))
        self._registered = change.after
        return Import(
            [fact.record for fact in change.facts],
            effects=tuple(str(effect) for effect in effects_of(change)),
            notes=tuple(notes_of(change)),
            read_as=read.read_as,
        )

    def older(self, kind: str, content: bytes, suffix: str = ".csv") -> None:
        """Register rows as a release did that judged them alone."""
        file = self._folder / f"{kind}{suffix}"
        file.write_bytes(content)
        for row in read_file(file, ROWS[kind]).rows:
            topic = ROWS[kind].topic
            record = {**row.fields("Europe/Berlin"), **stamped(None, _STAMP)}
            if topic is ZONES and not record["floor_id"]:
                record["floor_id"] = record["camera_id"]
            self._registered.add([Fact(topic, record)])


def import_text(kind: str, text: str, folder: Path, suffix: str = ".yaml") -> Import:
    """Import a text into the ward."""
    return import_bytes(kind, text.encode(), folder, suffix)


def import_bytes(kind: str, content: bytes, folder: Path, suffix: str = ".csv") -> Import:
    """Import a file with this content into the ward."""
    return Ward(folder, "camera", "zone", "staff").take(kind, content, suffix)


def fold_refusal(topic: str, records: list[dict[str, Any]]) -> str | None:
    """Why the fold refuses imported facts; None when it accepts all."""
    facts = Facts()
    try:
        for record in records:
            facts.add(topic, record)
    except InvalidFact as error:
        return str(error)
    return None


def play(clip: Path) -> list[SourceFrame]:
    """Every frame of a recording as ingest reads it."""
    return list(VideoFile(clip).frames())


def play_in_folder(clip: Path) -> int | str:
    """Number of frames of a recording that is given by its file name alone, or the refusal."""
    with chdir(clip.parent):
        try:
            return len(play(Path(clip.name)))
        except Stop as error:
            return str(error)


def times_s(frames: list[SourceFrame]) -> list[float]:
    """Event times of frames from the first one, seconds."""
    return [frame.pts_us / 1e6 for frame in frames if frame.pts_us is not None]


def picture(frame: SourceFrame) -> Image:
    """The pixels of a frame."""
    assert frame.pixels is not None
    return frame.pixels()


def logged_address(url: str) -> str:
    """A camera's URL as logs show it."""
    return redacted_url(url)


def settings_refusal(
    patch: pytest.MonkeyPatch, folder: Path, toml: str = "", **environment: str
) -> str:
    """Why the settings are refused, or an empty text when they are accepted."""
    file = folder / "wardstream.toml"
    file.write_text(toml)
    for name in list(os.environ):
        if re.match("WARDSTREAM_(?!CACHE$)", name):
            patch.delenv(name)
    patch.setenv("WARDSTREAM_CONFIG", str(file))
    for name, value in environment.items():
        patch.setenv(name, value)
    try:
        Settings()
    except (ValidationError, Stop) as error:
        return str(error)
    return ""
