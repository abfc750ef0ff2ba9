"""Settings of the fold by offset, so that a crash during a change leaves no trace in the outputs.

A former owner may have sent outputs beyond its checkpoint, from any record that was in the log
before it was fenced. Those records are folded again under its settings; new settings apply from
the log's end at the takeover. The decision is written to the checkpoint before anything is
folded under it, so the next owner and every later fold find it.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from runtime.checkpoints.codec import SettingsSpan

Spans = tuple[SettingsSpan, ...]


def take_over(
    spans: Sequence[SettingsSpan], wanted: Mapping[str, Any], *, log_start: int, log_end: int
) -> Spans:
    """Settings spans of a partition whose new owner has the settings `wanted`.

    Args:
        spans: Spans of the checkpoint, in offset order; when there are none, everything so far
            counts as folded under `wanted`.
        wanted: Settings of the new owner.
        log_start: First offset of the input; spans that apply only before it are dropped.
        log_end: End offset of the input, read after former owners were fenced.

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
    """Whether two settings have the same canonical form."""
    return canonical(one) == canonical(other)


def canonical(values: Mapping[str, Any]) -> bytes:
    """Canonical JSON: sorted names; numbers in the shortest form that reads back the same."""
    return msgspec.json.encode(values, order="sorted")
