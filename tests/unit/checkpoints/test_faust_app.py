"""The Faust app that checkpointing runs in."""

from pathlib import Path

import pytest

from streams.faust_app import checkpointed_app


def test_the_app_leaves_no_folder_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    app = checkpointed_app("stage", "127.0.0.1:9")

    app._create_directories()  # as Faust does when it starts

    assert list(tmp_path.iterdir()) == []
