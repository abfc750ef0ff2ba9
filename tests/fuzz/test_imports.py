"""Any content of an import file gives rows, or a refusal that names the file."""

import csv
import io
import re
from functools import cache
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest
import yaml
from hypothesis import strategies as st
from openpyxl import Workbook

from runtime.facts.log import Fact
from schemas.topics import FOLDED_TOPICS
from streams.domain.facts.timeline import Facts
from tests.fuzz.fuzzing import fuzz, scales
from tests.fuzz.values import mangled
from tests.support.paths import ROOT
from workers.registry.change import Options, Stamp
from workers.registry.edit import change_of
from workers.registry.files import ImportRefused, read_file, read_rows
from workers.registry.preview import effects_of, notes_of
from workers.registry.registered import Registered
from workers.registry.rows import ROWS

WARD = ROOT / "examples" / "ward"
GOOD = {
    "camera": ("cameras.yaml", (WARD / "cameras.yaml").read_bytes()),
    "floor": ("floors.csv", b"floor_id,name,time_zone\nward-3,Ward 3,Europe/Berlin\n"),
    "zone": ("zones.yaml", (WARD / "zones.yaml").read_bytes()),
    "staff": ("staff.csv", (WARD / "staff.csv").read_bytes()),
    "shift": ("shifts.csv", (WARD / "shifts.csv").read_bytes()),
    "requirement": ("requirements.csv", (WARD / "requirements.csv").read_bytes()),
    "unit": ("units.yaml", (WARD / "units.yaml").read_bytes()),
    "reader": ("readers.csv", (WARD / "readers.csv").read_bytes()),
    "badge": ("badges.csv", (WARD / "badges.csv").read_bytes()),
    "role": ("roles.csv", (WARD / "roles.csv").read_bytes()),
    "census": ("census.csv", (WARD / "census.csv").read_bytes()),
    "rule": ("rules.yaml", (WARD / "rules.yaml").read_bytes()),
}
"""File name and content of one import of each kind; the example ward has no floor."""

NOW = Stamp(1, 1, "test")

ODD = (
    "",
    "s1",
    "2026-01-31T08:00",
    "2026-03-29T02:30",
    "0001-01-01T00:00",
    "9999-12-31T23:59",
    "24:00",
    "07:00",
    "-1",
    "1e308",
    "1e999",
    "nan",
    "9" * 40,
    "Europe/Berlin",
    "Europe",
    "Asia/Kathmandu",
    "../../etc/passwd",
    "fri-mon",
    "2026-01-31T08:00+23:59",
    "\0",
    "\x1c",
    '"',
)
CELLS = st.one_of(st.sampled_from(ODD), st.text(max_size=6))
NUMBERS = st.lists(st.lists(st.floats(), max_size=3), max_size=5)
SCALARS = st.one_of(CELLS, st.none(), st.booleans(), st.integers(), st.floats(), NUMBERS)
BYTE_ORDER_MARKS = st.text(alphabet="{}[]-:&*!?|>'\"%@`#,\n\tab0<", max_size=60)


def take(file: Path, kind: str, data: bytes, now_us: int | None = None) -> None:
    """Import a file into the example ward as the command does, short of writing it."""
    file.write_bytes(data)
    reported = "taken"
    try:
        rows = read_file(file, ROWS[kind], now_us).rows
        change = change_of([rows], example_ward(), NOW, Options(replace=True, cascade=True))
    except ImportRefused as error:
        reported = str(error)
    else:
        assert all(map(str, effects_of(change)))
        assert all(notes_of(change))
        assert_the_fold_takes(change.facts)
    assert reported


@cache
def example_ward() -> Registered:
    """What the examples register, in their order."""
    ward = Registered()
    for kind in ("camera", "zone", "staff", "shift", "requirement"):
        ward = change_of([read_rows(WARD / GOOD[kind][0], ROWS[kind])], ward, NOW, Options()).after
    return ward


def assert_the_fold_takes(facts: list[Fact]) -> None:
    known = Facts()
    folded = {topic.name for topic in FOLDED_TOPICS}
    added = [(topic.name, record) for topic, record in facts]
    for name, record in [
        *((name, record) for (name, _), record in example_ward().newest.items()),
        *added,
    ]:
        if name in folded:
            known.add(name, record)


def as_csv(names: list[str], rows: list[list[str]]) -> bytes:
    out = io.StringIO()
    writer = csv.writer(out, escapechar="\\")
    writer.writerow(names)
    writer.writerows(rows)
    return out.getvalue().encode("utf-8", "surrogatepass")


@scales
@pytest.mark.parametrize("kind", ROWS)
def test_a_mangled_file_is_taken_or_refused(tmp_path: Path, kind: str, scale: int) -> None:
    name, good = GOOD[kind]
    other = st.one_of(st.binary(max_size=80), BYTE_ORDER_MARKS.map(str.encode))

    def check(data: bytes, noise: bytes) -> None:
        take(tmp_path / name, kind, data)
        for suffix in (".csv", ".yaml", ".json", ".xlsx"):
            take(tmp_path / f"noise{suffix}", kind, noise)

    fuzz(check, mangled(good), other, examples=15, scale=scale)


def workbook(names: list[str], rows: list[list[Any]], *, packed: bool = True) -> bytes:
    """A workbook; not packed, so that what is mangled is its content and not its compression."""
    made, file, plain = Workbook(), io.BytesIO(), io.BytesIO()
    for row in (names, *rows):
        made.active.append(row)
    made.save(file)
    with ZipFile(file) as archive, ZipFile(plain, "w") as copy:
        for part in archive.namelist():
            copy.writestr(part, archive.read(part))
    return file.getvalue() if packed else plain.getvalue()


@scales
@pytest.mark.parametrize("packed", [True, False], ids=["packed", "unpacked"])
def test_a_mangled_workbook_is_taken_or_refused(tmp_path: Path, packed: bool, scale: int) -> None:
    good = workbook(["staff_id", "role"], [["s1", "nurse"], [7, 0.5]], packed=packed)

    def check(data: bytes) -> None:
        take(tmp_path / "staff.xlsx", "staff", data)

    fuzz(check, mangled(good), examples=60, scale=scale)


@scales
@pytest.mark.parametrize("kind", ROWS)
def test_odd_values_are_taken_or_refused(tmp_path: Path, kind: str, scale: int) -> None:
    names = list(ROWS[kind].model_fields)
    cells = st.lists(CELLS, min_size=len(names), max_size=len(names))
    rows = st.fixed_dictionaries(dict.fromkeys(names, SCALARS))

    def check(table: list[list[str]], entries: list[dict[str, Any]]) -> None:
        take(tmp_path / "odd.csv", kind, as_csv(names, table))
        text = yaml.safe_dump(entries, allow_unicode=True)
        take(tmp_path / "odd.yaml", kind, text.encode("utf-8", "surrogatepass"))
        visible = [
            [re.sub(r"[\0-\x1f]|[\ud800-\udfff]", "", cell) for cell in row] for row in table
        ]
        take(tmp_path / "odd.xlsx", kind, workbook(names, visible))

    fuzz(check, st.lists(cells, max_size=3), st.lists(rows, max_size=2), examples=15, scale=scale)


CALENDAR = """BEGIN:VCALENDAR
VERSION:2.0
BEGIN:VEVENT
UID:a
X-WARDSTREAM-STAFF-ID:s1
LOCATION:bay
DTSTART;TZID=Europe/Berlin:20261130T070000
DTEND;TZID=Europe/Berlin:20261130T150000
RRULE:FREQ=WEEKLY;BYDAY=MO;UNTIL=20270301T000000Z
EXDATE:20261207T060000Z
END:VEVENT
BEGIN:VEVENT
UID:a
RECURRENCE-ID:20261214T060000Z
DTSTART:20261214T070000
DURATION:PT8H
END:VEVENT
END:VCALENDAR
"""
NAMES = (
    *("BEGIN", "END", "UID", "DTSTART", "DTEND", "DURATION", "RRULE", "RDATE", "EXDATE", "STATUS"),
    *("RECURRENCE-ID", "SEQUENCE", "LOCATION", "CATEGORIES", "X-WARDSTREAM-KIND", "METHOD", "TZID"),
    *("DTSTART;VALUE=DATE", "RDATE;VALUE=PERIOD", "DTSTART;TZID=Europe/Berlin", "DTEND;TZID=No"),
)
TEXTS = (
    *("20261130T070000", "20261130T070000Z", "20261201", "99991231T235959", "00010101", "PT8H"),
    *("P9999999999D", "-PT1H", "20261130T060000Z/PT5H", "VEVENT", "VCALENDAR", "VTIMEZONE", "a"),
    *(
        "FREQ=DAILY",
        "FREQ=DAILY;BYDAY=2MO",
        "FREQ=DAILY;INTERVAL=0;BYMONTH=2",
        "FREQ=MONTHLY;BYSETPOS=9",
    ),
    *("FREQ=YEARLY;BYMONTHDAY=-31;COUNT=0", "FREQ=DAILY;UNTIL=1;COUNT=-1", "FREQ=SECONDLY"),
    *("FREQ=DAILY;INTERVAL=99999999999", "FREQ=WEEKLY;WKST=XX", "break", "CANCELLED", "1e9"),
)


@scales
def test_a_mangled_calendar_is_taken_or_refused(tmp_path: Path, scale: int) -> None:
    lines = st.builds("{}:{}".format, st.sampled_from(NAMES), st.sampled_from([*TEXTS, *ODD]))
    added = st.lists(st.tuples(st.integers(2, 18), lines), max_size=5)

    def check(data: bytes, more: list[tuple[int, str]]) -> None:
        odd = CALENDAR.splitlines()
        for at, text in more:
            odd.insert(at, text)
        for content in (data, "\r\n".join(odd).encode("utf-8", "surrogatepass")):
            take(tmp_path / "shifts.ics", "shift", content)
            take(tmp_path / "shifts.ics", "shift", content, now_us=1_796_000_000_000_000)

    fuzz(check, mangled(CALENDAR.encode()), added, examples=60, scale=scale)


@pytest.mark.parametrize("kind", ROWS)
def test_a_file_that_grows_when_it_is_read_is_refused_soon(tmp_path: Path, kind: str) -> None:
    """References to references: a few hundred bytes that expand to 10^12 items."""
    lines = ["- &a0 [1,1,1,1,1,1,1,1,1,1]"]
    lines += [f"- &a{level} [{','.join([f'*a{level - 1}'] * 10)}]" for level in range(1, 12)]
    entries = [f"- {{{name}: *a11}}" for name in ROWS[kind].model_fields]
    anchors = "\n".join(line.replace("- &", "  - &") for line in lines)
    take(tmp_path / "bomb.yaml", kind, ("- x:\n" + anchors + "\n" + "\n".join(entries)).encode())


def test_a_file_that_is_nested_too_deeply_is_refused(tmp_path: Path) -> None:
    for opening in ("[", "{a: ", "- "):
        take(tmp_path / "deep.yaml", "zone", opening.encode() * 5_000)
    for depth in (100, 600, 5_000):
        nested = b'[{"polygon": ' + b"[" * depth + b"]" * depth + b"}]"
        take(tmp_path / "deep.json", "zone", nested)
