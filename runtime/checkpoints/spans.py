"""Under which settings each offset is folded, so that a crash between two of them shows nowhere.

A former owner may have sent outputs beyond its checkpoint, from any record that was in the log
before it was fenced. Those records are folded again under the settings that it had; new ones
hold from the log's end at the takeover on. The decision is written down before anything is
folded by it, so the next owner and every later fold find it.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from runtime.checkpoints.codec import SettingsSpan

Spans = tuple[SettingsSpan, ...]


def take_over(
    spans: Sequence[SettingsSpan], wanted: Mapping[str, Any], *, log_start: int, log_end: int
) -> Spans:
    """The spans of a partition whose new owner was given the settings `wanted`.

    Args:
        spans: What the checkpoint holds, in order of offset; empty when it holds none, and then
            everything so far counts as folded under `wanted`.
        wanted: Settings of the new owner.
        log_start: First offset of the input; what held only before it is dropped.
        log_end: End of the input, asked after former owners were fenced.

    >>> old, new = {"iou": 0.2}, {"iou": 0.3}
    >>> spans = take_over((), old, log_start=0, log_end=0)
    >>> [(s.from_offset, s.values) for s in take_over(spans, new, log_start=0, log_end=80)]
    [(0, {'iou': 0.2}), (80, {'iou': 0.3})]
    """
    kept = [span for span in spans if span.from_offset < log_end or span.from_offset == 0]
    if not kept:
        kept = [SettingsSpan(0, dict(wanted))]
    if not same(kept[-1].values, wanted):
        if kept[-1].from_offset >= log_end:  # nothing was folded under it
            kept.pop()
        kept.append(SettingsSpan(log_end, dict(wanted)))
    return tuple(
        span
        for span, following in zip(kept, [*kept[1:], None], strict=True)
        if following is None or following.from_offset > log_start
    )


def same(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Whether two settings are written the same."""
    return canonical(one) == canonical(other)


def canonical(values: Mapping[str, Any]) -> bytes:
    """JSON with sorted names; numbers in the shortest form that reads back the same."""
    return msgspec.json.encode(values, order="sorted")
