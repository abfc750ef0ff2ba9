"""`wardstream` with a piece of production code replaced: `python -m tests.e2e.mutant NAME …`."""

import sys

from streams.domain import line
from tests.chaos.checkpoint import mutations
from workers.cli import main


def checkpoint_first() -> None:
    """Checkpoints are made before their outputs are acknowledged, and then it is killed."""
    mutations.lingering_kill(mutations.FIRST, outputs_first=False)


def unfenced() -> None:
    """Neither offsets nor frames are compared with what was folded before.

    One fence alone is enough here: the domain ignores a frame that is not newer, whatever the
    offsets say, so both have to go before a repetition shows.
    """
    mutations.careless(mutations.FIRST)
    mutations.replace(line, "fence", lambda _state, _captured_us: "new")


MUTATIONS = {"unfenced": unfenced, "checkpoint-first": checkpoint_first}

if __name__ == "__main__":
    MUTATIONS[sys.argv[1]]()
    main(sys.argv[2:])
