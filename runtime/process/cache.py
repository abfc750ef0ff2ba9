"""The per-user cache: where an install puts things, and where processes find detectors in it."""

import os
from pathlib import Path

DETECTORS = {
    "centernet_mobilenetv3": "detector-centernet-1",
    "ssd_mobilenetv2": "detector-ssd-1",
}
"""Folder of each detector that an install fetches, best first; the number counts the recipe's
changes."""


def cache_dir() -> Path:
    """`WARDSTREAM_CACHE`, else `wardstream` in the user's cache folder."""
    if own := os.environ.get("WARDSTREAM_CACHE"):
        return Path(own).expanduser().resolve()
    home = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(home).expanduser().resolve() / "wardstream"


def detector_folders() -> list[Path]:
    """Where an install puts each detector, best first, installed or not; none without a cache."""
    try:
        return [cache_dir() / folder for folder in DETECTORS.values()]
    except RuntimeError:  # a user without a home has no cache
        return []
