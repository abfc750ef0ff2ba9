"""A clip that every machine has, and a pipeline to play it through."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.local import extras
from tests.support.played_pipeline import PlayedPipeline, cut_clip, played_pipeline

CLIP_FRAMES = 160
"""Sixteen seconds, in which people walk through every zone of the demo's ward."""


@pytest.fixture(scope="session")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The start of the demo's clip at half its size, so that any detector keeps up."""
    return cut_clip(extras.clip(), tmp_path_factory.mktemp("clip") / "clip.mp4", CLIP_FRAMES)


@pytest.fixture
def pipeline(environment: dict[str, str], tmp_path: Path) -> Iterator[PlayedPipeline]:
    """A pipeline of this test alone."""
    with played_pipeline(environment, tmp_path / "line") as played:
        yield played
