"""`wardstream` that can be held between the two halves of a save, intact or without a guard.

    python -m tests.support.mutant NAME FOLDER COMMAND …

A save has two halves: outputs are acknowledged, and the checkpoint is committed. While
`FOLDER/hold` exists, a save stops after whichever half comes first and creates `FOLDER/held`. It
continues when `FOLDER/hold` is deleted or has other text; with other text, the next save stops
again. Everything else continues: the group's offsets are committed and its session is kept.
"""

import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from runtime.checkpoints import CheckpointStore, Record
from runtime.checkpoints import store as store_module
from streams.domain import pipeline as pipeline_module
from streams.domain.camera.frame_tracks import FrameTracks
from streams.domain.camera.step import step
from streams.domain.camera.view import View
from streams.domain.floor import closing as closing_module
from streams.domain.floor.closing import Moment
from streams.domain.floor.state import FloorState
from streams.domain.floor.tick import TICK_US
from streams.domain.output import Output
from streams.processor import app as app_module
from streams.processor.pipeline_fold import PipelineFold
from streams.processor.saving import Saving
from tests.support import mutations
from workers.cli.app import main

POLL_S = 0.05
LINGER_MS = 60_000
SLOW_S = 0.1

OTHER = "another-release"
"""Fold id of another release, which writes it into each of its tracks."""

Hold = Callable[[], None]


def hold_in(folder: Path) -> Hold:
    """Make a function that waits while the folder's `hold` exists and has the same text."""

    def order() -> str | None:
        try:
            return (folder / "hold").read_text()
        except FileNotFoundError:
            return None

    def hold() -> None:
        given = order()
        while given is not None and order() == given:
            (folder / "held").touch()
            time.sleep(POLL_S)

    return hold


def held_before_checkpoints(hold: Hold) -> None:
    """Use the production code: when a save is held, its outputs are acknowledged."""
    commit = CheckpointStore.commit

    def held_commit(self: CheckpointStore, snapshots: list[object]) -> None:
        hold()
        commit(self, snapshots)  # type: ignore[arg-type]

    mutations.replace(CheckpointStore, "commit", held_commit)


def checkpoint_first(hold: Hold) -> None:
    """Take out the flush order: checkpoints are written before their outputs are sent."""
    mutations.late_outputs(LINGER_MS)

    async def save(self: Saving) -> None:
        async with self.folding:
            snapshots = self._store.snapshots(self._resumption.partitions.values(), generation=0)
        if snapshots:
            await self._thread.call(lambda: self._store.commit(snapshots))
            await self._thread.call(hold)
            await self._thread.call(self._store.outputs.flush)

    mutations.replace(Saving, "_flush_and_commit", save)


def unsought(hold: Hold) -> None:
    """Take out the seek: reading resumes where the group committed."""
    held_before_checkpoints(hold)
    mutations.committed_position("")


def unfenced(hold: Hold) -> None:
    """Take out the broker's fence: a former owner may still write its checkpoint."""
    held_before_checkpoints(hold)
    mutations.unfenced("")


def uncompared(hold: Hold) -> None:
    """Take out the comparison of offsets too: whatever is delivered is folded."""
    unsought(hold)
    mutations.replace(store_module, "PartitionProgress", mutations.CarelessProgress)


def forgetful(hold: Hold) -> None:
    """Leave the settings out of the checkpoint: a new process continues with its own."""
    held_before_checkpoints(hold)
    init = CheckpointStore.__init__

    def reported_nothing(self: CheckpointStore, *arguments: Any, **named: Any) -> None:
        init(self, *arguments, **(named | {"settings": None}))

    mutations.replace(CheckpointStore, "__init__", reported_nothing)


def unnamed_release(hold: Hold) -> None:
    """Pose as this release with other outputs: nobody compares what it has sent."""
    held_before_checkpoints(hold)
    write_other_outputs()


def write_other_outputs() -> None:
    """Let records differ in bytes, and presence come half as often."""
    presence = closing_module._presence

    def other_step(*arguments: Any) -> tuple[FrameTracks | None, View, Any]:
        tracks, view, linked = step(*arguments)
        reported = None if tracks is None else tracks._replace(model_name=OTHER)
        return reported, view, linked

    def other_presence(floor: FloorState, moment: Moment, *others: Any) -> list[Output]:
        if moment.as_of_us % (2 * TICK_US):
            return []
        return presence(floor, moment, *others)

    mutations.replace(pipeline_module, "step", other_step)
    mutations.replace(closing_module, "_presence", other_presence)


def other_release(hold: Hold) -> None:
    """Be another release, with other outputs."""
    unnamed_release(hold)
    mutations.replace(app_module, "fold_id", lambda: OTHER)


def slow_release(hold: Hold) -> None:
    """Be another release that is held in the middle of a batch and not in a save.

    What a process had handed to its Kafka client when it was frozen arrives after its wake-up, and
    nothing on this side can take it back (ADR 11). So it waits for the broker before each record.
    """
    write_other_outputs()
    mutations.replace(app_module, "fold_id", lambda: OTHER)
    advance, init = PipelineFold.advance, CheckpointStore.__init__
    stores: list[CheckpointStore] = []

    def known(self: CheckpointStore, *arguments: Any, **named: Any) -> None:
        init(self, *arguments, **named)
        stores.append(self)

    def slowly(self: PipelineFold, record: Record) -> None:
        time.sleep(SLOW_S)
        for store in stores:
            store.outputs.flush()
        hold()
        advance(self, record)

    mutations.replace(CheckpointStore, "__init__", known)
    mutations.replace(PipelineFold, "advance", slowly)


MUTATIONS: dict[str, Callable[[Hold], None]] = {
    "intact": held_before_checkpoints,
    "checkpoint-first": checkpoint_first,
    "unsought": unsought,
    "unfenced": unfenced,
    "uncompared": uncompared,
    "forgetful": forgetful,
    "other-release": other_release,
    "unnamed-release": unnamed_release,
    "slow-release": slow_release,
}

if __name__ == "__main__":
    MUTATIONS[sys.argv[1]](hold_in(Path(sys.argv[2])))
    main(sys.argv[3:])
