"""Take revisions back."""

from runtime.audit import Act
from runtime.errors import Stop
from workers.operations.installation import Installation
from workers.operations.rebuild import live
from workers.operations.rebuild.acts import TAKEN_BACK, audit
from workers.operations.rebuild.opening import open_ledger


def revert(installation: Installation, to: int, by: str, why: str) -> tuple[list[int], int]:
    """Take every revision after one back; returns their numbers, and values put back in Redis.

    Args:
        installation: Where everything is.
        to: The last revision that stays in force; 0 for what the pipeline itself wrote.
        by: Who does it.
        why: Their reason.

    Raises:
        Retry: Something is out of reach; nothing was done, or all but Redis.
        Stop: Somebody rebuilds, or there is no such revision.
    """
    with open_ledger(installation) as ledger:
        known = {one.revision for one in ledger.revisions()}
        if to and to not in known:
            raise Stop(
                f"there is no revision {to}; `wardstream rebuild list` shows those there are"
            )
        with ledger.take_back(to, by, why) as taken:
            acts = [Act(TAKEN_BACK, f"revision/{one}", f"back to {to}") for one in taken]
            if acts:
                audit(installation.cluster, acts, by, why)
        # Also when nothing is left to take back: Redis may have been away the first time.
        return taken, live.take_back(installation, to)
