"""`wardstream` with a piece of production code replaced: `python -m tests.e2e.mutant NAME …`."""

import sys
from collections.abc import Callable

from tests.chaos.checkpoint import mutations
from workers.cli import main


def checkpoint_first() -> None:
    """Checkpoints are made before their outputs are acknowledged."""
    mutations.lingering_kill(outputs_first=False)


MUTATIONS: dict[str, Callable[[], None]] = {
    "careless": mutations.careless,
    "committed-position": mutations.committed_position,
    "checkpoint-first": checkpoint_first,
}

if __name__ == "__main__":
    MUTATIONS[sys.argv[1]]()
    main(sys.argv[2:])
