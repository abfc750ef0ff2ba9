"""`wardstream` that can be held between the two halves of a save, whole or with a guard taken out.

    python -m tests.support.mutant NAME FOLDER COMMAND …

While `FOLDER/hold` exists, a save stops between its halves (outputs acknowledged, checkpoint
committed; whichever comes first) and says so with `FOLDER/held`, until the file is gone or says
something else; the next save is then held anew. Everything else goes on: the group's offsets are
committed and the session is kept.
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
"""What another release is called, and writes into each of its tracks."""

Hold = Callable[[], None]


def hold_in(folder: Path) -> Hold:
    """Waits while the folder's `hold` says what it says now."""

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
    """The production code; the outputs are acknowledged when it is held."""
    commit = CheckpointStore.commit

    def held_commit(self: CheckpointStore, snapshots: list[object]) -> None:
        hold()
        commit(self, snapshots)  # type: ignore[arg-type]

    mutations.replace(CheckpointStore, "commit", held_commit)


def checkpoint_first(hold: Hold) -> None:
    """The flush order taken out: checkpoints are written before their outputs leave."""
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
    """The seek taken out: reading resumes where the group committed."""
    held_before_checkpoints(hold)
    mutations.committed_position("")


def unfenced(hold: Hold) -> None:
    """The broker's fence taken out: a former owner may still write its checkpoint."""
    held_before_checkpoints(hold)
    mutations.unfenced("")


def uncompared(hold: Hold) -> None:
    """The comparison of offsets taken out too: what is delivered is folded, come what may."""
    unsought(hold)
    mutations.replace(store_module, "PartitionProgress", mutations.CarelessProgress)


def forgetful(hold: Hold) -> None:
    """The settings left out of the checkpoint: a new process folds on under its own."""
    held_before_checkpoints(hold)
    init = CheckpointStore.__init__

    def reported_nothing(self: CheckpointStore, *arguments: Any, **named: Any) -> None:
        init(self, *arguments, **(named | {"settings": None}))

    mutations.replace(CheckpointStore, "__init__", reported_nothing)


def unnamed_release(hold: Hold) -> None:
    """Another release, which passes for this one: nobody looks what it has sent."""
    held_before_checkpoints(hold)
    presence = closing_module._presence

    def other_step(*arguments: Any) -> tuple[FrameTracks | None, View, Any]:
        tracks, view, linked = step(*arguments)
        reported = None if tracks is None else tracks._replace(model_name=OTHER)
        return reported, view, linked

    def other_presence(floor: FloorState, moment: Moment, watched: bool) -> list[Output]:
        if moment.as_of_us % (2 * TICK_US):
            return []
        return presence(floor, moment, watched)

    mutations.replace(pipeline_module, "step", other_step)
    mutations.replace(closing_module, "_presence", other_presence)


def other_release(hold: Hold) -> None:
    """Another release: its records differ in bytes, and presence comes half as often."""
    unnamed_release(hold)
    mutations.replace(app_module, "fold_id", lambda: OTHER)


def slow_release(hold: Hold) -> None:
    """The same, and so slow that it can be stopped in the middle of a batch."""
    other_release(hold)
    advance = PipelineFold.advance

    def slowly(self: PipelineFold, record: Record) -> None:
        time.sleep(SLOW_S)
        advance(self, record)

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
