"""`wardstream` with a piece of production code replaced: `python -m tests.e2e.mutant NAME …`."""

import sys

from tests.chaos.checkpoint import mutations
from workers.cli import main


def checkpoint_first() -> None:
    """Checkpoints are made before their outputs are acknowledged, and then it is killed."""
    mutations.lingering_kill(mutations.FIRST, outputs_first=False)


def careless() -> None:
    """Offsets are not compared, and reading resumes before the checkpoint."""
    mutations.careless(mutations.FIRST)


MUTATIONS = {"careless": careless, "checkpoint-first": checkpoint_first}

if __name__ == "__main__":
    MUTATIONS[sys.argv[1]]()
    main(sys.argv[2:])
