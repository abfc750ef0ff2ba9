"""Import files as spreadsheets save them are read, and the import names the form that it took."""

import io
import re
from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest
from openpyxl import Workbook
from openpyxl.utils.datetime import MAC_EPOCH, WINDOWS_EPOCH

from tests.faults.product import Import, Ward, import_bytes

AT = datetime(2026, 11, 30, 7, 0, tzinfo=UTC).replace(tzinfo=None)
"""A spreadsheet's time, which has no time zone."""

HEADER = ["shift_id", "staff_id", "zone_id", "starts", "ends"]


def book(rows: Sequence[Sequence[Any]], *, formats: dict[str, str] | None = None) -> Workbook:
    """A workbook with one sheet."""
    made = Workbook()
    for row in rows:
        made.active.append(row)
    for cell, number_format in (formats or {}).items():
        made.active[cell].number_format = number_format
    return made


def saved(made: Workbook) -> bytes:
    file = io.BytesIO()
    made.save(file)
    return file.getvalue()


def import_book(kind: str, made: Workbook, folder: Path) -> Import:
    return import_bytes(kind, saved(made), folder, ".xlsx")


@pytest.mark.parametrize(
    ("content", "staff", "read_as"),
    [
        pytest.param(b"staff_id,role\r\na,porter\r\n", ["a"], "CSV with commas, UTF-8", id="plain"),
        pytest.param(
            b"\xef\xbb\xbfstaff_id,role\r\na,porter\r\n",
            ["a"],
            "CSV with commas, UTF-8",
            id="byte order mark",
        ),
        pytest.param(
            b"staff_id;role\r\na;porter\r\nb;porter\r\n",
            ["a", "b"],
            "CSV with semicolons, UTF-8",
            id="semicolon",
        ),
        pytest.param(b"staff_id\trole\r\na\tporter\r\n", ["a"], "CSV with tabs, UTF-8", id="tab"),
        pytest.param(b"staff_id|role\na|porter\n", ["a"], "CSV with bars, UTF-8", id="bar"),
        pytest.param(b"staff_id,role\ra,porter\r", ["a"], "CSV with commas, UTF-8", id="old Mac"),
        pytest.param(
            b"\r\n,\r\nstaff_id,role\r\n\r\na,porter\r\n,\r\n \t,\r\n",
            ["a"],
            "CSV with commas, UTF-8",
            id="empty rows",
        ),
        pytest.param(
            b"staff_id,role,,\r\na,porter,,\r\n",
            ["a"],
            "CSV with commas, UTF-8",
            id="empty columns",
        ),
        pytest.param(
            b",staff_id,,role\r\n,a,,porter\r\n",
            ["a"],
            "CSV with commas, UTF-8",
            id="column A empty",
        ),
        pytest.param(
            b"Staff-ID, ROLE \r\na, porter\r\n", ["a"], "CSV with commas, UTF-8", id="other case"
        ),
        pytest.param(b"Staff Id,Role\na,porter\n", ["a"], "CSV with commas, UTF-8", id="spaces"),
        pytest.param(
            b"sep=;\r\nstaff_id;role\r\na;porter\r\n",
            ["a"],
            "CSV with semicolons (its line says sep=;), UTF-8",
            id="sep line",
        ),
        pytest.param(
            b'"staff_id","role"\n"a","porter"\n', ["a"], "CSV with commas, UTF-8", id="quoted"
        ),
        pytest.param(
            b"staff_id,,role,,\na,,porter\n", ["a"], "CSV with commas, UTF-8", id="cells left out"
        ),
        pytest.param(
            b"staff_id;role\na;porter;\nb;porter; ;;\n",
            ["a", "b"],
            "CSV with semicolons, UTF-8",
            id="spare cells",
        ),
        pytest.param(
            b"staff_id,role\r\na,porter\r\n\x1a", ["a"], "CSV with commas, UTF-8", id="end of DOS"
        ),
        pytest.param(
            b"staff_id,role\r\na,porter\x1a\x1a\x1a\0\0\r\n",
            ["a"],
            "CSV with commas, UTF-8",
            id="block of DOS",
        ),
        pytest.param(
            b"sep=;\rstaff_id;role\ra;porter\r",
            ["a"],
            "CSV with semicolons (its line says sep=;), UTF-8",
            id="sep line of an old Mac",
        ),
        pytest.param(
            b'"sep=,"\nstaff_id,role\na,porter\n',
            ["a"],
            "CSV with commas (its line says sep=,), UTF-8",
            id="sep line in quotes",
        ),
        pytest.param(
            b'staff_id, role\na, "porter"\n', ["a"], "CSV with commas, UTF-8", id="space and quote"
        ),
        pytest.param(
            b"staff_id,role\na,porter\n\x1a".decode().encode("utf-16"),
            ["a"],
            "CSV with commas, UTF-16",
            id="end of DOS in UTF-16",
        ),
        pytest.param(
            "staff_id,role\r\na,porter\r\n".encode("utf-16"),
            ["a"],
            "CSV with commas, UTF-16",
            id="UTF-16",
        ),
        pytest.param(
            "staff_id\trole\r\na\tporter\r\n".encode("utf-16-be"),
            ["a"],
            "CSV with tabs, UTF-16",
            id="UTF-16 without mark",
        ),
        pytest.param(
            "staff_id,role\na,porter\n".encode("utf-32"),
            ["a"],
            "CSV with commas, UTF-32",
            id="UTF-32",
        ),
    ],
)
def test_a_csv_file_is_read_in_every_dialect_of_spreadsheets(
    content: bytes, staff: list[str], read_as: str, tmp_path: Path
) -> None:
    imported = import_bytes("staff", content, tmp_path)

    assert imported.refusal is None
    assert [record["staff_id"] for record in imported.records] == staff
    assert {record["role"] for record in imported.records} == {"porter"}
    assert imported.read_as == read_as


def test_a_file_in_windows_1252_is_read_and_shows_a_word_by_which_to_judge(
    tmp_path: Path,
) -> None:
    content = "floor_id;name\r\nward-3;Süd, Empfänge\r\n".encode("cp1252")

    imported = import_bytes("floor", content, tmp_path)

    assert [record["name"] for record in imported.records] == ["Süd, Empfänge"]
    assert imported.read_as == "CSV with semicolons, Windows-1252 (with 'Süd')"


@pytest.mark.parametrize("kind", ["floor", "camera", "zone", "staff", "shift", "requirement"])
@pytest.mark.parametrize("suffix", [".csv", ".yaml", ".json", ".xlsx"])
def test_every_kind_is_read_from_every_form_of_file(kind: str, suffix: str, tmp_path: Path) -> None:
    row: dict[str, Any] = {
        "floor": {"floor_id": "new", "name": "Süd", "time_zone": "Europe/Berlin"},
        "camera": {
            "camera_id": "new",
            "width": "640",
            "height": "480",
            "privacy_masks": "[[[0, 0], [99, 0], [99, 99]]]",
        },
        "zone": {
            "zone_id": "new",
            "camera_id": "bay-cam",
            "polygon": "[[0, 0], [99, 0], [99, 99]]",
        },
        "staff": {"staff_id": "007", "role": "nurse"},
        "shift": dict(zip(HEADER, ["new", "s1", "bay", "2026-11-30T07:00", "15:00"], strict=True)),
        "requirement": {"requirement_id": "new", "zone_id": "bay", "role": "nurse", "count": "2"},
    }[kind]
    content = {
        ".csv": ";".join(row) + "\n" + ";".join(row.values()) + "\n",
        ".yaml": "- " + "\n  ".join(f"{name}: {value}" for name, value in row.items()) + "\n",
        ".json": "[{" + ", ".join(f'"{name}": "{value}"' for name, value in row.items()) + "}]",
        ".xlsx": "",
    }[suffix].encode() or saved(book([list(row), list(row.values())]))

    imported = import_bytes(kind, content, tmp_path, suffix)

    assert imported.refusal is None
    assert imported.records[-1][f"{kind}_id"] in {"new", "007"}


@pytest.mark.parametrize(
    ("content", "suffix", "reason"),
    [
        pytest.param(
            b"staff_id,role\na,nurse,x\n", ".csv", "line 2: has 3 columns, but", id="longer row"
        ),
        pytest.param(b"staff_id,role\na\n", ".csv", "line 2: role: is missing", id="short row"),
        pytest.param(
            b"role,staff_id\nnurse,1,280,\n", ".csv", "header has 2", id="number with a comma"
        ),
        pytest.param(
            b"staff_id,role\na,nurse\n\x1ab,nurse\n", ".csv", "U+001A", id="end in the middle"
        ),
        pytest.param(
            b"staff_id,role,\na,nurse,x\n", ".csv", "column 3, which has no header", id="x"
        ),
        pytest.param(
            b"staff_id,role\na,nurse\nStaff ID,Role\nb,nurse\n",
            ".csv",
            "line 3: repeats the header",
            id="header twice",
        ),
        pytest.param(
            b"staff_id,role\na,nurse\nb,nurse\na,nurse\n",
            ".csv",
            "line 2: staff_id a: given twice, again in staff.csv line 4",
            id="row twice",
        ),
        pytest.param(b"staff_id,rolle\na,nurse\n", ".csv", "did you mean role?", id="misspelt"),
        pytest.param(b"staff_id,role,Role\na,b,c\n", ".csv", "names role twice", id="column twice"),
        pytest.param(
            b"a,nurse\nb,nurse\n", ".csv", "line 1: 'a nurse' names no field", id="no header"
        ),
        pytest.param(
            b"Ward 3,\nstaff_id,role\n", ".csv", "line 1: 'Ward 3 ' names no field", id="title row"
        ),
        pytest.param(b"staff_id,role\n", ".csv", "has a header and no rows", id="header alone"),
        pytest.param(b"", ".csv", "is empty", id="empty"),
        pytest.param(
            b'staff_id,role\na,"nurse\n', ".csv", "line 2: unexpected end", id="open quote"
        ),
        pytest.param(b"staff_id,role\na,b\x81\n", ".csv", "save it as CSV UTF-8", id="no encoding"),
        pytest.param(b"\xff\xfes\x00t\x00", ".csv", "'st' names no field", id="other UTF-16"),
        pytest.param(b"\xff\xfes", ".csv", "UTF-16 and is damaged", id="half a character"),
        pytest.param(b"PK\x03\x04\x14\x00\xab\xcd", ".xlsx", "is damaged", id="cut workbook"),
        pytest.param(b"PK\x03\x04\x14\x00\xab\xcd", ".csv", "is damaged", id="workbook as CSV"),
        pytest.param(b"\xd0\xcf\x11\xe0\xa1\xb1", ".xlsx", "has a password", id="old or locked"),
        pytest.param(b"\xd0\xcf\x11\xe0\xa1\xb1", ".xls", "ends in .csv, .xlsx", id="xls"),
        pytest.param(b"staff_id,role\na,b\n", ".xlsx", "is damaged, or no .xlsx", id="CSV as xlsx"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_with_the_cure(
    content: bytes, suffix: str, reason: str, tmp_path: Path
) -> None:
    refusal = import_bytes("staff", content, tmp_path, suffix).refusal

    assert refusal
    assert refusal.startswith("staff.")
    assert reason in refusal
    assert "codec" not in refusal


def test_cells_that_a_workbook_holds_as_dates_and_numbers_are_what_they_show(
    tmp_path: Path,
) -> None:
    rows: list[list[Any]] = [
        HEADER,
        [7, "s1", "bay", AT, time(15, 0)],
        [8, "s2", "bay", AT.replace(hour=22), timedelta(hours=6)],
        ["c", "s1", "bay", AT + timedelta(days=1), AT + timedelta(days=1, hours=8)],
    ]
    made = book(rows, formats={"A2": "000", "D2": "dd.mm.yyyy hh:mm", "D3": "dd/mm/yy h:mm AM/PM"})

    imported = import_book("shift", made, tmp_path)

    assert imported.refusal is None
    assert imported.read_as == "Excel workbook, sheet 'Sheet'"
    assert [effect.split(";")[0] for effect in imported.effects] == [
        "+ shift 007: staff_id s1",
        "+ shift 8: staff_id s2",
        "+ shift c: staff_id s1",
    ]
    assert [effect.partition("starts ")[2][:52] for effect in imported.effects] == [
        "2026-11-30 07:00 CET; ends 2026-11-30 15:00 CET; tim",
        "2026-11-30 22:00 CET; ends 2026-12-01 06:00 CET; tim",
        "2026-12-01 07:00 CET; ends 2026-12-01 15:00 CET; tim",
    ]


def test_a_time_that_a_workbook_keeps_as_a_fraction_is_the_minute_that_it_shows(
    tmp_path: Path,
) -> None:
    rows: list[list[Any]] = [HEADER, ["a", "s1", "bay", 46356 + 7 / 24 - 1e-9, 15 / 24 - 1e-9]]

    imported = import_book(
        "shift", book(rows, formats={"D2": "yyyy-mm-dd hh:mm", "E2": "hh:mm"}), tmp_path
    )

    assert "starts 2026-11-30 07:00 CET; ends 2026-11-30 15:00 CET" in imported.effects[0]


@pytest.mark.parametrize(
    ("epoch", "starts"),
    [(WINDOWS_EPOCH, 46356.2917), (MAC_EPOCH, 44894.2917)],
    ids=["1900", "1904"],
)
@pytest.mark.parametrize("shown", [("yyyy-mm-dd hh:mm", "hh:mm"), ("General", "0.00")])
def test_a_time_is_counted_from_the_epoch_of_its_workbook(
    epoch: datetime, starts: float, shown: tuple[str, str], tmp_path: Path
) -> None:
    """Cells that were never given the format of a date hold the number alone."""
    made = book(
        [HEADER, ["a", "s1", "bay", starts, 0.625]],
        formats=dict(zip(("D2", "E2"), shown, strict=True)),
    )
    made.epoch = epoch

    imported = import_book("shift", made, tmp_path)

    assert imported.refusal is None
    assert "starts 2026-11-30 07:00 CET; ends 2026-11-30 15:00 CET" in imported.effects[0]


@pytest.mark.parametrize(
    ("starts", "shown", "reason"),
    [
        pytest.param(46356, "General", "row 2: starts: '2026-11-30' has no time", id="serial day"),
        pytest.param(7, "General", "row 2: starts: '7' is no time", id="an hour"),
        pytest.param(AT, "dd.mm.yyyy", "has no time of day", id="date"),
        pytest.param(date(2026, 11, 30), "yyyy-mm-dd", "has no time of day", id="day"),
        pytest.param(time(7, 0), "hh:mm", "'07:00:00' has no date", id="time alone"),
        pytest.param("=NOW()", "General", "D2 holds a formula without its value", id="formula"),
        pytest.param("#REF!", "General", "is a spreadsheet's error", id="error"),
        pytest.param(True, "General", "no time that can be read", id="truth"),
        pytest.param(7, '"day "0', "format the column as text", id="hidden by its format"),
        pytest.param(12345678901234567, "0", "keeps 15 digits", id="too many digits"),
    ],
)
def test_a_cell_that_is_not_what_it_seems_is_refused_by_row(
    starts: Any, shown: str, reason: str, tmp_path: Path
) -> None:
    rows: list[list[Any]] = [HEADER, ["a", "s1", "bay", starts, "15:00"]]

    refusal = import_book("shift", book(rows, formats={"D2": shown}), tmp_path).refusal

    assert refusal
    assert reason in refusal


def test_a_file_in_utf_16_is_recognised_in_any_script(tmp_path: Path) -> None:
    name = "Отделение интенсивной терапии"
    for codec in ("utf-16-le", "utf-16-be"):
        content = f"floor_id,name\r\nward-3,{name}\r\n".encode(codec)
        assert import_bytes("floor", content, tmp_path).records[0]["name"] == name


@pytest.mark.parametrize("shown", ["d-mmm", "yyyy-mm-dd", "hh:mm"])
@pytest.mark.parametrize("column", [0, 1])
def test_a_date_that_a_workbook_made_of_an_id_is_refused(
    column: int, shown: str, tmp_path: Path
) -> None:
    row: list[Any] = ["a", "nurse"]
    row[column] = AT
    made = book([["staff_id", "role"], row], formats={f"{'AB'[column]}2": shown})

    refusal = str(import_book("staff", made, tmp_path).refusal)

    assert refusal.startswith(f"staff.xlsx row 2: {('staff_id', 'role')[column]}: the cell holds a")


def test_a_truth_of_a_workbook_is_the_text_that_it_shows(tmp_path: Path) -> None:
    imported = import_book("staff", book([["staff_id", "role"], [True, "nurse"]]), tmp_path)

    assert [record["staff_id"] for record in imported.records] == ["TRUE"]


@pytest.mark.parametrize("value", ["<v></v>", "<v/>", "<v />", ""])
def test_a_formula_of_an_empty_text_is_an_empty_cell(value: str, tmp_path: Path) -> None:
    made = book([["staff_id", "role", ""], ["a", "nurse", None], ['=""', '=""', '=""']])
    content = io.BytesIO()
    with ZipFile(io.BytesIO(saved(made))) as old, ZipFile(content, "w") as new:
        for part in old.namelist():
            text = old.read(part)
            if part.endswith("sheet1.xml"):
                text, formulas = re.subn(
                    rb'<c r="(\w+)"><f>""</f><v ?/>',
                    rf'<c r="\1" t="str"><f>""</f>{value}'.encode(),
                    text,
                )
                assert formulas == 3
            new.writestr(part, text)

    imported = import_bytes("staff", content.getvalue(), tmp_path, ".xlsx")

    assert imported.refusal is None
    assert [record["staff_id"] for record in imported.records] == ["a"]


def test_the_sheet_that_names_the_fields_is_taken_and_named(tmp_path: Path) -> None:
    made = book([["Ward 3", "staff"], ["notes", "none"]])
    made.create_sheet("Staff").append(["Staff ID", "Role", None])
    made["Staff"].append([None, None, None])
    made["Staff"].append(["a", "nurse"])
    hidden = made.create_sheet("Old")
    hidden.append(["staff_id", "role"])
    hidden.append(["b", "nurse"])
    hidden.sheet_state = "hidden"

    imported = import_book("staff", made, tmp_path)

    assert imported.read_as == "Excel workbook, sheet 'Staff' of 2"
    assert [record["staff_id"] for record in imported.records] == ["a"]


def test_two_sheets_that_name_the_fields_are_refused(tmp_path: Path) -> None:
    made = book([["staff_id", "role"], ["a", "nurse"]])
    made.create_sheet("More").append(["staff_id", "role"])

    refusal = import_book("staff", made, tmp_path).refusal

    assert "sheets Sheet, More all name fields of this import" in str(refusal)


def test_another_kind_of_archive_is_refused(tmp_path: Path) -> None:
    file = io.BytesIO()
    with ZipFile(file, "w") as archive:
        archive.writestr("content.xml", "<office/>")

    assert "is no Excel workbook" in str(
        import_bytes("staff", file.getvalue(), tmp_path, ".xlsx").refusal
    )


def test_a_workbook_that_unpacks_to_too_much_is_refused(tmp_path: Path) -> None:
    file = io.BytesIO(saved(book([["staff_id", "role"], ["a", "nurse"]])))
    with ZipFile(file, "a", compression=8) as archive:
        archive.writestr("xl/media/zeros", bytes(201 * 2**20))

    assert "unpacks to more than 200 MiB" in str(
        import_bytes("staff", file.getvalue(), tmp_path, ".xlsx").refusal
    )


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        ("007", "007"),
        ("1.10", "1.10"),
        ("on", "on"),
        ("no", "no"),
        ("0x1F", "0x1F"),
        ("1_000", "1_000"),
        ("2026-11-30", "2026-11-30"),
        ("1e3", "1e3"),
        ("!!str 5", "5"),
    ],
)
def test_an_unquoted_id_in_yaml_is_the_text_that_was_written(
    text: str, ids: str, tmp_path: Path
) -> None:
    imported = import_bytes(
        "staff", f"- staff_id: {text}\n  role: nurse\n".encode(), tmp_path, ".yaml"
    )

    assert [record["staff_id"] for record in imported.records] == [ids]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("- {staff_id: a, staff_id: b, role: n}", "staff_id: is given twice"),
        ("- staff_id: a\n  Staff ID: b\n  role: n", "staff_id: is given twice (line 2)"),
        ("- {staff_id: ~, role: n}", "staff_id: is missing"),
        ("- {staff_id: !!binary aGk=, role: n}", "has the tag"),
        ("- {staff_id: !!python/name:os.system x, role: n}", "has the tag"),
        ("- {staff_id: &a [*a], role: n}", "refers to itself"),
        ("- {staff_id: [a], role: n}", "a list is not a text"),
        ("- {<<: 5, staff_id: a, role: n}", "something else than a mapping"),
        ("- {staff_id: a, role: n}\n---\n- {}", "line 2: not valid YAML"),
        ("- {staff_id: a, role: n, shift: x}", "'shift' is not a field of this import"),
        ("staff:\n- {staff_id: a, role: n}", "must be a list of mappings"),
        ("", "must be a list of mappings"),
        ("- {staff_id: [", "line 1: not valid YAML"),
    ],
)
def test_yaml_that_means_two_things_is_refused(text: str, reason: str, tmp_path: Path) -> None:
    refusal = import_bytes("staff", text.encode(), tmp_path, ".yaml").refusal

    assert refusal
    assert reason in refusal


def test_a_value_that_aliases_repeat_too_often_is_refused(tmp_path: Path) -> None:
    levels = [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 12)]
    text = "- staff_id: a\n  role: &a0 [x]\n  " + "\n  ".join(levels)

    refusal = import_bytes(
        "staff", f"{text}\n- {{staff_id: *a6, role: n}}".encode(), tmp_path, ".yaml"
    ).refusal

    assert "staff_id: stands for 211111 values; 100000 are the most" in str(refusal)


def test_a_merge_key_brings_in_what_the_row_leaves_out(tmp_path: Path) -> None:
    text = b"- &first {staff_id: a, role: nurse}\n- {<<: *first, staff_id: b}\n"

    imported = import_bytes("staff", text, tmp_path, ".yaml")

    assert [(r["staff_id"], r["role"]) for r in imported.records] == [
        ("a", "nurse"),
        ("b", "nurse"),
    ]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ('[{"staff_id": "a", "staff_id": "b", "role": "n"}]', "staff_id: is given twice"),
        ('[{"staff_id": true, "role": "n"}]', "is not a text"),
        ('[{"staff_id": NaN, "role": "n"}]', "is not a text"),
        ('{"staff_id": "a"}', "must be a list of objects"),
        ('[{"staff_id": "a",]', "line 1: not valid JSON"),
    ],
)
def test_json_that_is_no_list_of_rows_is_refused(text: str, reason: str, tmp_path: Path) -> None:
    refusal = import_bytes("staff", text.encode(), tmp_path, ".json").refusal

    assert refusal
    assert reason in refusal


def test_a_file_of_many_faults_lists_the_first_hundred_and_counts_the_others(
    tmp_path: Path,
) -> None:
    content = "staff_id,role\n" + "-,nurse\n" * 250

    refusal = str(import_bytes("staff", content.encode(), tmp_path).refusal)

    assert len(refusal.splitlines()) == 101
    assert refusal.endswith("and 150 more")


def test_an_import_of_a_file_that_was_imported_changes_nothing(tmp_path: Path) -> None:
    ward = Ward(tmp_path, "camera", "zone", "staff")
    row = b"floor_id,name\nward-3,Cafe\xcc\x81\n"

    assert len(ward.take("floor", row).records) == 1
    assert ward.take("floor", "floor_id,name\nward-3,Café\n".encode()).records == []


SHIFTS = ["shift_id", "staff_id", "zone_id", "starts", "ends", "status"]


def shifts(*rows: Sequence[Any]) -> Workbook:
    return book([SHIFTS, *rows])


def test_merged_cells_are_refused_because_only_the_first_of_them_holds_the_value(
    tmp_path: Path,
) -> None:
    """Read as they are, the second shift would take place."""
    made = shifts(
        ["a", "s1", "bay", AT, AT + timedelta(hours=8), "cancelled"],
        ["b", "s2", "bay", AT, AT + timedelta(hours=8)],
    )
    sheet = made.worksheets[0]
    sheet.merge_cells("F2:F3")

    refusal = import_book("shift", made, tmp_path).refusal
    assert refusal is not None
    assert "row 2: cells F2:F3 are merged" in refusal

    sheet.unmerge_cells("F2:F3")
    sheet.merge_cells("H5:J9")
    assert import_book("shift", made, tmp_path).refusal is None, "empty ones beside the table"


def test_rows_that_a_filter_hides_are_read_and_counted_in_the_preview(tmp_path: Path) -> None:
    made = shifts(
        ["a", "s1", "bay", AT, AT + timedelta(hours=8)],
        ["b", "s2", "bay", AT, AT + timedelta(hours=8)],
    )
    made.worksheets[0].row_dimensions[3].hidden = True
    found = import_book("shift", made, tmp_path)

    assert len(found.records) == 2
    assert found.read_as.endswith("1 of its rows hidden and read like the others")


def test_a_field_that_cannot_be_read_is_not_called_missing_too(tmp_path: Path) -> None:
    ward = Ward(tmp_path, "camera", "zone", "staff")
    table = (
        b'shift_id,zone_id,role,agency,starts,ends\na,bay,nurse,"Flex\nGmbH",2026-12-01T06:00,14:00'
    )

    [fault] = (ward.take("shift", table).refusal or "").splitlines()
    assert fault.startswith("shift.csv line 2: agency: ")
