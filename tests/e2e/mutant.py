"""`wardstream` with a piece of production code replaced: `python -m tests.e2e.mutant NAME …`."""

import sys

from tests.chaos.checkpoint import mutations
from workers.cli import main

MUTATIONS = {
    "careless": mutations.careless,
    "committed-position": mutations.committed_position,
    "checkpoint-first": lambda: mutations.lingering_kill(outputs_first=False),
}

if __name__ == "__main__":
    MUTATIONS[sys.argv[1]]()
    main(sys.argv[2:])
