"""The detectors that an install fetches give the numbers of the runtimes they were made for.

The numbers were recorded once in those runtimes: see `recorded/converted_detectors.json`.
"""

import json
import sys
from collections.abc import Callable
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest
from numpy.typing import NDArray

from deploy.local.detectors import CENTERNET, RECIPES, SSD, Recipe, install_one
from deploy.local.extras import clip
from models.conversion import builder, tfjs
from models.conversion.__main__ import centernet
from models.datasets.video import read_frames
from models.detectors import layouts, onnx, openvino
from models.detectors.boxes import Image, iou
from models.detectors.cards import find_card
from models.detectors.graph import GraphSettings, sha256_of
from tests.support.paths import ROOT

Floats = NDArray[np.float32]

RECORDED = Path(__file__).parent / "recorded" / "converted_detectors.json"
TOLERANCE = 1e-3
SSD_COLUMNS = (0, 1, 2, 3, 8)
"""Centre, size, and the class of people."""


def installed(recipe: Recipe) -> Path:
    return install_one(recipe, ROOT, lambda: Path(sys.executable))


@pytest.fixture(scope="module")
def picture() -> Image:
    return next(iter(read_frames(clip())))


def output_of(model: bytes, layout: layouts.Layout, picture: Image, size: int) -> Floats:
    fit = layout.letterbox(picture.shape[1], picture.shape[0], (size, size))
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    [given] = session.get_inputs()
    [output] = session.run(None, {given.name: layout.pixels([fit.apply(picture)])})
    first: Floats = np.asarray(output, dtype=np.float32)[0]
    return first


def recorded(name: str) -> list[dict[str, Any]]:
    values: list[dict[str, Any]] = json.loads(RECORDED.read_text())[name]["values"]
    assert sum(len(value["numbers"]) for value in values) == 20
    return values


def largest_difference_of_centernet(model: bytes, picture: Image) -> float:
    output = output_of(model, layouts.CENTERNET, picture, 512)
    return max(
        float(np.abs(output[:, value["row"], value["column"]] - value["numbers"]).max())
        for value in recorded("centernet")
    )


def test_centernet_gives_the_numbers_of_tensorflow_js(picture: Image) -> None:
    model = installed(CENTERNET).read_bytes()

    assert largest_difference_of_centernet(model, picture) < TOLERANCE


def test_ssd_gives_the_numbers_of_tensorflow_lite(picture: Image) -> None:
    output = output_of(installed(SSD).read_bytes(), layouts.SSD, picture, 300)

    for value in recorded("ssd"):
        numbers = output[value["row"], SSD_COLUMNS]
        np.testing.assert_allclose(numbers, value["numbers"], atol=TOLERANCE)


@pytest.mark.parametrize("kernel", ["full_kernel", "depthwise_kernel"])
def test_kernels_with_height_and_width_swapped_give_other_numbers(
    kernel: str, picture: Image, monkeypatch: pytest.MonkeyPatch
) -> None:
    right: Callable[[Floats], Floats] = getattr(builder, kernel)
    monkeypatch.setattr(tfjs, kernel, lambda given: right(given.transpose(1, 0, 2, 3)))

    mutant = centernet(installed(CENTERNET).parent / "source" / "centernet.json")

    assert largest_difference_of_centernet(mutant.SerializeToString(), picture) > 10 * TOLERANCE


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda recipe: recipe.name)
def test_the_file_is_the_known_one_with_its_origin_beside_it_and_a_card(recipe: Recipe) -> None:
    file = installed(recipe)
    provenance = json.loads((file.parent / "provenance.json").read_text())
    card = find_card(sha256_of(file), file)

    assert sha256_of(file) == recipe.onnx_sha256 == provenance["onnx_sha256"]
    assert provenance["package"] == f"{recipe.package}@{recipe.version}"
    assert set(provenance["members_sha256"]) == set(recipe.members)
    assert (file.parent / "LICENSE").read_text().strip()
    assert card is not None
    assert card.name == recipe.name
    assert len(card.score_map.points) == 21


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda recipe: recipe.name)
def test_both_runtimes_find_the_same_people_in_the_demo_s_clip(recipe: Recipe) -> None:
    frames = list(islice(read_frames(clip()), 0, 40, 20))
    exact = GraphSettings(threads=1, precision="f32", score_threshold=0.6)
    first = onnx.load(installed(recipe), exact).detect(frames)
    second = openvino.load(installed(recipe), exact).detect(frames)

    for one, other in zip(first, second, strict=True):
        assert 3 <= len(one) <= 9
        assert len(one) == len(other)
        mine, theirs = (
            np.array(
                [[box[edge] for edge in ("x_min", "y_min", "x_max", "y_max")] for box in boxes]
            )
            for boxes in (one, other)
        )
        assert (iou(mine, theirs).max(axis=1) > 0.99).all()
        assert all(0 < box["raw_score"] < box["score"] <= 1 for box in one)
