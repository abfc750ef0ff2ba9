"""The name of a fold is that of its sources: one in every checkout, another with any change."""

import shutil
from pathlib import Path

import pytest

from streams import fold_id as fold_id_module
from streams.fold_id import DECIDING, ROOT, fold_id, name_of


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """The sources alone, copied: with times of their own and without caches."""
    for pattern in DECIDING:
        for path in ROOT.glob(pattern):
            copy = tmp_path / path.relative_to(ROOT)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, copy)
    return tmp_path


def test_another_checkout_of_the_same_sources_has_the_same_name(checkout: Path) -> None:
    (checkout / "streams" / "domain" / "__pycache__").mkdir()
    (checkout / "streams" / "domain" / "__pycache__" / "zone.nbi").write_bytes(b"compiled")

    assert name_of(checkout) == fold_id()


@pytest.mark.parametrize(
    "source",
    ["streams/domain/zone.py", "streams/domain/tracking/step.py", "streams/wire/tracks.py"],
)
def test_a_changed_source_is_another_fold(checkout: Path, source: str) -> None:
    with (checkout / source).open("a") as file:
        file.write("X = 1\n")

    assert name_of(checkout) != fold_id()


def test_a_changed_schema_is_another_fold(checkout: Path) -> None:
    schema = checkout / "schemas" / "avsc" / "presence.updated.v1.avsc"
    schema.write_text(schema.read_text().replace("}", "} ", 1))

    assert name_of(checkout) != fold_id()


def test_another_library_is_another_fold(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fold_id_module, "version", lambda _: "0.0")

    assert name_of(ROOT) != fold_id()


def test_without_its_sources_a_fold_has_no_name(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="streams/domain"):
        name_of(tmp_path)
