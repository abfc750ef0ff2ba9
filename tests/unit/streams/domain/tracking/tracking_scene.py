"""Boxes of people in one camera, from a seed: they walk, cross, hide, leave and come back.

Only additions, products and `random()` are used, so that every machine makes the same scene.
"""

import random
from typing import Any

import numpy as np

from tests.support.builders.domain import T0, S

WIDTH, HEIGHT = 1280.0, 720.0


def crowd(
    seed: int, *, people: int = 8, frames: int = 60, fps: float = 10.0, visible: float = 0.9
) -> list[tuple[int, Any]]:
    """`(captured_us, boxes)` of each frame; boxes lie on a grid of 1/16 px."""
    rng = random.Random(seed)
    walkers = [
        [
            WIDTH * rng.random(),
            HEIGHT * (0.4 + 0.6 * rng.random()),
            100.0 + 120.0 * rng.random(),
            120.0 * (rng.random() - 0.5),
            30.0 * (rng.random() - 0.5),
        ]
        for _ in range(people)
    ]
    scene = []
    for frame in range(frames):
        boxes = []
        for walker in walkers:
            walker[0] += walker[3] / fps
            walker[1] += walker[4] / fps
            if not 0.0 < walker[0] < WIDTH or rng.random() < 0.01:
                walker[3] = -walker[3]
            tremble = [4.0 * (rng.random() - 0.5) for _ in range(4)]
            score = round(0.2 + 0.8 * rng.random(), 3)
            if rng.random() < visible:
                x, y, height = walker[:3]
                edges = (x - height / 5, y - height, x + height / 5, y)
                boxes.append(
                    [
                        round((edge + off) * 16) / 16
                        for edge, off in zip(edges, tremble, strict=True)
                    ]
                    + [score]
                )
        if rng.random() < 0.1:
            x, y = WIDTH * rng.random(), HEIGHT * rng.random()
            boxes.append([x // 1, y // 1, x // 1 + 50, y // 1 + 130, 0.65])
        scene.append((T0 + round(frame * S / fps), np.array(boxes).reshape(-1, 5)))
    return scene
