"""Fewer frames of a sequence, as a camera at a lower rate would have sent."""

from models.datasets.motchallenge import BoxTable


def thin(boxes: BoxTable, every: int) -> BoxTable:
    """Keep frames 1, 1 + `every`, 1 + 2 `every` and so on, under their own numbers.

    Event time stays true: frame `n` is at `(n - 1) / fps` s whatever is left out.

    Raises:
        ValueError: `every` is not positive.
    """
    if every < 1:
        raise ValueError(f"every {every}th frame cannot be kept: give 1 or more")
    return boxes.where((boxes.frames - 1) % every == 0)
