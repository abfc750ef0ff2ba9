"""Import files as spreadsheets save them are read, or refused with the cure."""

from pathlib import Path

import pytest

from tests.faults.product import import_bytes, import_text

_ONE_DIALECT = pytest.mark.xfail(
    strict=True, raises=AssertionError, reason="one dialect alone is read"
)
_NO_CURE = pytest.mark.xfail(
    strict=True, raises=AssertionError, reason="the refusal names a codec, and no cure"
)


@pytest.mark.parametrize(
    ("content", "staff"),
    [
        pytest.param(b"staff_id,role\r\ns1,porter\r\n", ["s1"], id="plain"),
        pytest.param(b"\xef\xbb\xbfstaff_id,role\r\ns1,porter\r\n", ["s1"], id="byte order mark"),
        pytest.param(
            b"staff_id;role\r\ns1;porter\r\ns2;porter\r\n",
            ["s1", "s2"],
            id="semicolon",
            marks=_ONE_DIALECT,
        ),
        pytest.param(b"staff_id\trole\r\ns1\tporter\r\n", ["s1"], id="tab", marks=_ONE_DIALECT),
        pytest.param(
            b"staff_id,role\r\ns1,porter\r\n,\r\n,\r\n", ["s1"], id="empty rows", marks=_ONE_DIALECT
        ),
        pytest.param(
            b"staff_id,role,\r\ns1,porter,\r\n", ["s1"], id="empty column", marks=_ONE_DIALECT
        ),
        pytest.param(
            b"Staff_ID, Role\r\ns1, porter\r\n",
            ["s1"],
            id="header in another case",
            marks=_ONE_DIALECT,
        ),
        pytest.param(
            b"sep=,\r\nstaff_id,role\r\ns1,porter\r\n", ["s1"], id="sep line", marks=_ONE_DIALECT
        ),
    ],
)
def test_a_csv_file_is_read_in_every_dialect_of_spreadsheets(
    content: bytes, staff: list[str], tmp_path: Path
) -> None:
    imported = import_bytes("staff", content, tmp_path)

    assert imported.refusal is None
    assert [record["staff_id"] for record in imported.records] == staff
    assert {record["role"] for record in imported.records} == {"porter"}


@_NO_CURE
@pytest.mark.parametrize(
    ("content", "suffix"),
    [
        pytest.param(
            "staff_id,role\r\ns1,Pfleger\xe4\r\n".encode("cp1252"), ".csv", id="Windows-1252"
        ),
        pytest.param("staff_id,role\r\ns1,nurse\r\n".encode("utf-16"), ".csv", id="UTF-16"),
        pytest.param(b"PK\x03\x04\x14\x00\x00\x00\x08\x00\xab\xcd", ".xlsx", id="Excel workbook"),
    ],
)
def test_a_file_that_is_not_utf_8_is_refused_with_advice_for_the_spreadsheet(
    content: bytes, suffix: str, tmp_path: Path
) -> None:
    imported = import_bytes("staff", content, tmp_path, suffix)

    assert "codec" not in (imported.refusal or "")


@pytest.mark.xfail(
    strict=True, raises=AssertionError, reason="names are not checked for characters"
)
def test_a_control_character_in_a_name_is_refused(tmp_path: Path) -> None:
    imported = import_text(
        "zone",
        """
- zone_id: nul
  camera_id: bay-cam
  name: "Bay\\0 2"
  polygon: [[10, 10], [180, 10], [180, 120], [10, 120]]
""",
        tmp_path,
    )

    assert imported.refusal
