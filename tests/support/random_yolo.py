"""YOLO11 with random weights, made from ultralytics' own description of it."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

SEED = 11
BIAS = 9.0
"""Added to the head's number for people, so that random weights see some."""


def random_yolo(path: Path) -> Path:
    """Write the weights; the same numbers for the same versions of torch and ultralytics."""
    import torch
    import ultralytics

    torch.manual_seed(SEED)
    model: Any = ultralytics.YOLO("yolo11n.yaml", task="detect")
    for branch in model.model.model[-1].cv3:
        branch[-1].bias.data[0] += BIAS
    model.save(str(path))
    return path


def pictures() -> list[NDArray[np.uint8]]:
    """Two pictures of different sizes: ramps with a bright rectangle."""
    made = []
    for width, height in ((480, 360), (300, 400)):
        ramp = np.add.outer(np.arange(height), 2 * np.arange(width))
        picture = np.stack([ramp % 251, (3 * ramp) % 241, (5 * ramp) % 239], axis=2)
        picture[height // 4 : height // 2, width // 3 : width // 2] = 240
        made.append(picture.astype(np.uint8))
    return made
