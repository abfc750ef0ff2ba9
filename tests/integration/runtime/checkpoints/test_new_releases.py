"""A new owner folds with other settings or another fold than the owner before it."""

from typing import Any

from runtime.checkpoints import StageTopics
from tests.integration.runtime.checkpoints.stage import Stage, read, running, write

OLD: dict[str, Any] = {"iou": 0.2}
NEW: dict[str, Any] = {"iou": 0.3}


def reported(stage: Stage) -> list[tuple[int, dict[str, Any]]]:
    """From which offset partition 0 is folded under which settings."""
    return [(span.from_offset, span.values) for span in stage.owned[0].settings]


def test_settings_are_written_down_before_anything_is_folded_under_them(
    bootstrap: str, stage: StageTopics
) -> None:
    """After a crash before the first save, even two, it is known which settings applied when."""
    write(bootstrap, stage.input, 0, "a=1", "a=2")
    with running(bootstrap, stage, settings=OLD) as crashed:
        crashed.take_over(0)
        assert reported(crashed) == [(0, OLD)]
        crashed.fold_all()

    with running(bootstrap, stage, settings=NEW) as crashed_too:
        crashed_too.take_over(0)
        assert crashed_too.owned[0].next_offset == 0
        assert reported(crashed_too) == [(0, OLD), (2, NEW)]

    write(bootstrap, stage.input, 0, "a=3")
    with running(bootstrap, stage, settings=NEW) as last:
        last.take_over(0)
        last.fold_all()
        last.save()
        assert reported(last) == [(0, OLD), (2, NEW)]

    with running(bootstrap, stage, settings=OLD) as rolled_back:
        rolled_back.take_over(0)
        assert rolled_back.counts(0) == {"a": 3}
        assert reported(rolled_back) == [(0, OLD), (2, NEW), (3, OLD)]


def test_a_partition_that_is_claimed_late_notes_its_settings_too(
    bootstrap: str, stage: StageTopics
) -> None:
    with running(bootstrap, stage, settings=OLD) as first:
        first.take_over(0)
        write(bootstrap, stage.input, 0, "a=1")
        first.fold_all()
        assert reported(first) == [(0, OLD)]

    with running(bootstrap, stage, settings=NEW) as second:
        second.take_over(0)
        assert reported(second) == [(0, OLD), (1, NEW)]


def test_a_checkpoint_of_another_fold_is_inherited_once(bootstrap: str, stage: StageTopics) -> None:
    """The new owner's version of it is in the checkpoint before anything is folded."""
    write(bootstrap, stage.input, 0, "a=1", "b=1")
    with running(bootstrap, stage, fold_id="old") as old:
        old.take_over(0)
        old.fold_all()
        old.save()
        assert old.inherited == []

    with running(bootstrap, stage, fold_id="new") as new:
        new.take_over(0)
        assert new.inherited == [(0, "old", True)]
        assert new.counts(0) == {"a": 1, "seam": 7}

    with running(bootstrap, stage, fold_id="new") as again:
        again.take_over(0)
        assert again.inherited == []
        assert again.counts(0) == {"a": 1, "seam": 7}
        assert again.owned[0].fold_id == "new"
    sent = [record.value for record in read(bootstrap, f"{stage.stage}-output", 0, 0)]
    assert sent == [b"1", b"1", b"old"]
