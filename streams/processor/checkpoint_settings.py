"""Settings and counters of checkpointing."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class CheckpointingSettings:
    """How a stage trades latency, load and the work that a crash repeats.

    Attributes:
        save_every_s: Seconds between checkpoints; a crash repeats about as much.
        fetch_wait_s: Seconds for which the broker collects records into a batch; adds to the
            latency, and spares a fetch and a flush for each record.
        max_slice_s: Seconds of folding after which other tasks get their turn.
        max_unsaved: Records folded since the last snapshot, while it is still being
            written, before folding waits for it.
        stall_after_s: Seconds without progress, with records to read, until the exit.
        load_limit_s: Seconds for loading state after a rebalance, until the exit.
        commit_limit_s: Seconds for writing checkpoints, until the exit; longer than a broker outage
            that is tolerated plus a load that is queued first.
        frozen_after_s: Seconds without a look at the clock, after which another process may fold
            the partitions, so that this one asks before it sends more. Shorter than the group's
            session timeout by more than one heartbeat interval.
    """

    save_every_s: float = 1.0
    fetch_wait_s: float = 0.03
    max_slice_s: float = 0.05
    max_unsaved: int = 20_000
    stall_after_s: float = 20.0
    load_limit_s: float = 70.0
    commit_limit_s: float = 240.0
    frozen_after_s: float = 4.0


@dataclass
class CheckpointingCounts:
    """What happened since the start of the process; every field only rises.

    Attributes:
        folded: Records folded.
        repeated: Records that the state already held.
        unowned: Records of partitions or generations that are not loaded.
        gaps_explained: Offset gaps that exist in the log itself.
        late_claims: Partitions claimed only when their first record came.
        loads: Times that partitions were loaded.
        load_s: Seconds spent on loading.
        saves: Saves, each of all partitions together.
        flush_s: Seconds that folding waited for outputs before a save.
        commit_s: Seconds spent on writing checkpoints; folding continues meanwhile.
        freezes: Times that the process froze for longer than `frozen_after_s`.
    """

    folded: int = 0
    repeated: int = 0
    unowned: int = 0
    gaps_explained: int = 0
    late_claims: int = 0
    loads: int = 0
    load_s: float = 0.0
    saves: int = 0
    flush_s: float = 0.0
    commit_s: float = 0.0
    freezes: int = 0
