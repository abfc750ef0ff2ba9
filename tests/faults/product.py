"""All that these tests call of the product, in one place, since names there will move."""

import os
import re
from contextlib import chdir
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from runtime.errors import Stop
from runtime.process.settings import Settings
from streams.domain.facts.timeline import Facts, InvalidFact
from workers.ingest.sources.base import Image, SourceFrame
from workers.ingest.sources.file import VideoFile
from workers.ingest.sources.network import without_credentials
from workers.registry.edit import Registered, Stamp, edits
from workers.registry.files import ImportRefused, read_rows
from workers.registry.rows import ROWS

_STAMP = Stamp(1, 1, "test")

_WARD = {
    "camera": "camera_id,name,width,height,time_zone\nbay-cam,Bay camera,192,128,Europe/Berlin\n",
    "zone": """- {zone_id: bay, camera_id: bay-cam, name: Bay,
   polygon: [[10, 10], [180, 10], [180, 120], [10, 120]]}""",
    "staff": "staff_id,role\ns1,nurse\ns2,nurse\n",
}
"""A ward with one camera of 192 x 128 px in Berlin, the zone bay, and two nurses."""


@dataclass(frozen=True)
class Import:
    """What became of an import file.

    Attributes:
        records: Facts that it would write, in their order.
        refusal: Why it was refused as a whole; None when it was taken.
    """

    records: list[dict[str, Any]]
    refusal: str | None = None


def import_text(kind: str, text: str, folder: Path, suffix: str = ".yaml") -> Import:
    """Import a text into the ward."""
    return import_bytes(kind, text.encode(), folder, suffix)


def import_bytes(kind: str, content: bytes, folder: Path, suffix: str = ".csv") -> Import:
    """Import a file with this content into the ward."""
    ward = Registered()
    for known, text in _WARD.items():
        file = folder / f"ward-{known}{'.yaml' if text.startswith('-') else '.csv'}"
        file.write_text(text)
        ward.add(edits(read_rows(file, ROWS[known]), ward, _STAMP))
    file = folder / f"given{suffix}"
    file.write_bytes(content)
    try:
        facts = edits(read_rows(file, ROWS[kind]), ward, _STAMP)
    except ImportRefused as error:
        return Import([], str(error))
    return Import([fact.record for fact in facts])


def fold_refusal(topic: str, records: list[dict[str, Any]]) -> str | None:
    """Why the fold does not take imported facts; None when it takes them all."""
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
    """Number of frames of a recording that is named by its file name alone, or the refusal."""
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
    """A camera's URL as logs show it, or the error that showing it raises."""
    try:
        return without_credentials(url)
    except ValueError as error:
        return f"raised {error}"


def settings_refusal(
    patch: pytest.MonkeyPatch, folder: Path, toml: str = "", **environment: str
) -> str:
    """Why the settings are refused, or an empty text when they are taken."""
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
