"""A partition has one owner: the broker refuses what a former owner writes."""

import pytest

from runtime.checkpoints import AssignmentChanged, ReplayNeeded, StageTopics
from tests.integration.runtime.checkpoints.stage import running, write


def test_the_broker_refuses_a_former_owner(bootstrap: str, stage: StageTopics) -> None:
    write(bootstrap, stage.input, 0, "a=1")
    with running(bootstrap, stage) as zombie, running(bootstrap, stage) as owner:
        zombie.take_over(0)
        zombie.fold_all()
        owner.take_over(0)
        write(bootstrap, stage.input, 0, "a=2")
        owner.fold_all()
        owner.save()

        with pytest.raises(ReplayNeeded, match="refused"):
            zombie.save()

    with running(bootstrap, stage) as successor:
        successor.take_over(0)
        assert successor.owned[0].next_offset == 2


def test_a_former_owner_learns_of_its_successor_without_anything_to_save(
    bootstrap: str, stage: StageTopics
) -> None:
    write(bootstrap, stage.input, 0, "a=1")
    with running(bootstrap, stage) as zombie, running(bootstrap, stage) as owner:
        zombie.take_over(0)
        zombie.fold_all()
        zombie.save()
        zombie.store.confirm()
        owner.take_over(0)

        with pytest.raises(ReplayNeeded, match="refused"):
            zombie.store.confirm()
        owner.store.confirm()

        assert owner.counts(0) == {"a": 1}


def test_an_empty_partition_is_claimed_when_its_first_record_comes(
    bootstrap: str, stage: StageTopics
) -> None:
    write(bootstrap, stage.input, 0, "a=1")
    with running(bootstrap, stage) as process:
        process.take_over(0, 1, 2, 3)
        assert [p for p, progress in process.owned.items() if progress.claimed] == [0]

        write(bootstrap, stage.input, 2, "b=1")
        process.fold_all()
        process.save()
        assert [p for p, progress in process.owned.items() if progress.claimed] == [0, 2]

    with running(bootstrap, stage) as successor:
        successor.take_over(2)
        assert successor.counts(2) == {"b": 1}


def test_a_late_claim_notices_that_another_process_was_faster(
    bootstrap: str, stage: StageTopics
) -> None:
    with running(bootstrap, stage) as slow, running(bootstrap, stage) as fast:
        slow.take_over(1)
        fast.take_over(1)
        write(bootstrap, stage.input, 1, "a=1")
        fast.fold_all()
        fast.save()

        with pytest.raises(ReplayNeeded, match="another owner"):
            slow.fold_all()


def test_a_load_that_is_no_longer_wanted_claims_nothing(bootstrap: str, stage: StageTopics) -> None:
    write(bootstrap, stage.input, 0, "a=1")
    with running(bootstrap, stage) as owner, running(bootstrap, stage) as late:
        owner.take_over(0)
        owner.fold_all()

        with pytest.raises(AssignmentChanged):
            late.store.load([0], wanted=lambda: False)

        owner.save()
