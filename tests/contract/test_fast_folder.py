"""Where the shared services of a run of tests keep their data."""

from pathlib import Path

from tests.support.fast_folder import PREFIX, FastFolder


def test_what_a_killed_run_left_in_memory_is_deleted_by_the_next_one(tmp_path: Path) -> None:
    running = FastFolder(tmp_path, least_room=0)
    killed = FastFolder(tmp_path, least_room=0)
    (killed.path / "data").write_text("much")
    killed._lock.close()  # as the system does

    own = FastFolder(tmp_path, least_room=0)

    assert {*tmp_path.iterdir()} == {running.path, own.path}
    running.close()
    own.close()
    assert [*tmp_path.iterdir()] == []


def test_without_room_in_memory_the_data_lie_on_the_disk(tmp_path: Path) -> None:
    folder = FastFolder(tmp_path, least_room=1 << 60)

    assert folder.path.name.startswith(PREFIX)
    assert [*tmp_path.iterdir()] == []
    folder.close()
    assert not folder.path.exists()


def test_a_machine_without_files_in_memory_has_no_room_there(tmp_path: Path) -> None:
    folder = FastFolder(tmp_path / "none", least_room=1)

    assert folder.path.parent != tmp_path / "none"
    folder.close()
