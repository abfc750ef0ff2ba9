"""Texts that nobody can see, tell apart or fit on a board are refused by line and field."""

from pathlib import Path

import pytest

from tests.faults.product import import_text


@pytest.mark.parametrize("suffix", [".csv", ".yaml", ".json"])
@pytest.mark.parametrize(
    ("char", "shown"),
    [
        pytest.param("\0", "U+0000", id="NUL"),
        pytest.param("\x07", "U+0007", id="bell"),
        pytest.param("\x1b", "U+001B", id="escape"),
        pytest.param("\n", "U+000A", id="new line"),
        pytest.param("\x7f", "U+007F", id="delete"),
        pytest.param("\x85", "U+0085", id="C1"),
        pytest.param("\u200b", "U+200B (Zero width space)", id="zero width"),
        pytest.param("\u00ad", "U+00AD (Soft hyphen)", id="soft hyphen"),
        pytest.param("\u202e", "U+202E (Right-to-left override)", id="direction"),
        pytest.param("\u2028", "U+2028 (Line separator)", id="separator"),
        pytest.param("\ufeff", "U+FEFF (Zero width no-break space)", id="byte order mark"),
        pytest.param("\ue000", "U+E000", id="private"),
        pytest.param("\ufffd", "U+FFFD (Replacement character): a letter was lost", id="lost"),
    ],
)
def test_a_character_that_nobody_sees_is_refused_in_a_name(
    char: str, shown: str, suffix: str, tmp_path: Path
) -> None:
    escaped = f"\\u{ord(char):04x}"
    text = {
        ".csv": f'floor_id,name\nward-3,"Ba{char}y"\n',
        ".yaml": f'- floor_id: ward-3\n  name: "Ba{escaped}y"\n',
        ".json": f'[{{"floor_id": "ward-3", "name": "Ba{escaped}y"}}]',
    }[suffix]

    refusal = import_text("floor", text, tmp_path, suffix).refusal

    assert refusal
    where = {".csv": "line 2", ".yaml": "line 1 (entry 1)", ".json": "entry 1"}[suffix]
    assert refusal.startswith(f"floor{suffix} {where}: name: ")
    assert shown in refusal
    assert refusal.isprintable()


@pytest.mark.parametrize(
    "name",
    [
        "Süd 2",
        "Ward\u00a03",
        "病棟３",
        "\u0628\u062e\u0634\u200c\u0647\u0627",
        "Отделение",
        "Bay & desk <2>",
        "👩\u200d⚕",
        "CAFÉ™",
        "CLICHÉ®",
        "Citroën “Ö”",
        "UNITÉ…",
        "SÃO PAULO",
    ],
)
def test_a_name_in_any_script_is_taken(name: str, tmp_path: Path) -> None:
    [record] = import_text("floor", f"floor_id,name\nward-3,{name}\n", tmp_path, ".csv").records

    assert record["name"] == name.replace("\u00a0", " ")


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        pytest.param("x" * 121, "120 are the most", id="long"),
        pytest.param("x" * 100_000, "65536 are the most", id="huge"),
        pytest.param("SÃ¼d", "is 'Süd'; save the file again as UTF-8", id="wrong encoding"),
        pytest.param("VoilÃ\u00a0", "is 'Voilà'", id="half of a letter is a no-break space"),
        pytest.param("Ã\u0081rea", "is 'Área'", id="half of a letter is a control character"),
        pytest.param("S√ºd", "is 'Süd'", id="encoding of a Mac"),
        pytest.param("Bay â€“ 2", "is 'Bay \u2013 2'", id="dash"),
        pytest.param("ç—…æ£Ÿ", "is '病棟'", id="Japanese"),
        pytest.param("#N/A", "spreadsheet's error", id="error"),
        pytest.param("########", "spreadsheet's error", id="too narrow"),
    ],
)
def test_a_name_that_is_none_is_refused(name: str, reason: str, tmp_path: Path) -> None:
    refusal = import_text("floor", f"floor_id,name\nward-3,{name}\n", tmp_path, ".csv").refusal

    assert reason in str(refusal)
    assert len(str(refusal)) < 400


@pytest.mark.parametrize(
    ("identity", "reason"),
    [
        pytest.param("s 1", "holds a space: write 1 to 64 of", id="space"),
        pytest.param("s\u00a01", "holds a space", id="no-break space"),
        pytest.param("\u0455\u0031", "U+0455 (Cyrillic small letter dze)", id="look-alike"),
        pytest.param("s\uff11", "U+FF11 (Fullwidth digit one)", id="wide digit"),
        pytest.param("s\u200b1", "U+200B", id="zero width"),
        pytest.param("s1;x", "U+003B (Semicolon)", id="semicolon"),
        pytest.param("..s1", "starts with '.'", id="path"),
        pytest.param("s" * 65, "has 65 characters", id="long"),
        pytest.param("s" * 100_000, "65536 are the most", id="huge"),
        pytest.param("1.5E+15", "U+002B (Plus sign)", id="shortened by a spreadsheet"),
    ],
)
def test_an_id_that_is_none_is_refused(identity: str, reason: str, tmp_path: Path) -> None:
    text = f'staff_id,role\n"{identity}",nurse\n'

    refusal = import_text("staff", text, tmp_path, ".csv").refusal

    assert refusal
    assert refusal.startswith("staff.csv line 2: staff_id: ")
    assert reason in refusal
    assert len(refusal) < 400


def test_a_role_with_spaces_is_refused_with_one_to_write(tmp_path: Path) -> None:
    text = "staff_id,role\na,Pflegefachkraft (m/w/d)\nb,Registered Nurse\nc,Ärztin\n"

    lines = str(import_text("staff", text, tmp_path, ".csv").refusal).splitlines()

    assert [line.rpartition(" ")[2] for line in lines] == [
        "Pflegefachkraft-m-w-d",
        "Registered-Nurse",
        "Arztin",
    ]
