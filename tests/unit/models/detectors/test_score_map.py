"""Scores of all models are on one scale, whose map is part of a model's identity."""

import hashlib
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.detectors import cards
from models.detectors.boxes import Boxes
from models.detectors.cards import SUFFIX, Card, find_card, read_card, write_card
from models.detectors.detector import DetectorUnavailable, to_detections
from models.detectors.graph import GraphSettings, sha256_of
from models.detectors.hog import HogDetector
from models.detectors.onnx import load
from models.detectors.score_map import IDENTITY, ScoreMap
from tests.support.onnx_files import write_detector

BENT = ScoreMap.of([(0, 0), (0.4, 0.6), (1, 1)])

SHIPPED = sorted(path.stem for path in cards.FOLDER.glob("*.json"))


def card_of(name: str) -> Card:
    return read_card(cards.FOLDER / f"{name}.json")


@given(st.floats(0, 1), st.floats(0, 1))
def test_a_better_raw_score_is_a_better_score(one: float, other: float) -> None:
    low, high = sorted((one, other))
    for score_map in (BENT, *(card_of(name).score_map for name in SHIPPED)):
        mapped = score_map.apply(np.array([low, high]))
        assert 0 <= mapped[0] <= mapped[1] <= 1
        if high - low > 1e-9:
            assert mapped[0] < mapped[1]
        assert score_map.raw_of(float(mapped[0])) == pytest.approx(low, abs=1e-9)


@pytest.mark.parametrize(
    ("points", "reason"),
    [
        ([(0, 0), (0.5, 0.5)], r"goes from \(0, 0\) to \(1, 1\)"),
        ([(0, 0.1), (1, 1)], r"goes from \(0, 0\) to \(1, 1\)"),
        ([(0, 0), (0.5, 0.6), (0.6, 0.6), (1, 1)], r"rises, but \(0.6, 0.6\) comes after"),
        ([(0, 0), (0.6, 0.6), (0.5, 0.7), (1, 1)], r"rises, but \(0.5, 0.7\) comes after"),
        ([(0, 0), (float("nan"), 0.5), (1, 1)], "rises, but"),
        ([(0, 0, 0), (1, 1, 1)], "a raw score and a score"),
    ],
)
def test_a_map_that_does_not_rise_is_refused(points: list[tuple[float, ...]], reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        ScoreMap.of(points)


def test_the_raw_score_stays_beside_the_mapped_one() -> None:
    boxes: Boxes = np.array([[0.0, 0, 10, 20], [20, 0, 30, 20]])

    better, worse = to_detections(boxes, np.array([0.2, 0.7]), BENT, 100, 100)

    assert (better["raw_score"], worse["raw_score"]) == pytest.approx((0.7, 0.2))
    assert (better["score"], worse["score"]) == pytest.approx((0.8, 0.3))


def test_yolox_nano_is_the_scale() -> None:
    assert card_of("yolox_nano").score_map == IDENTITY


@pytest.mark.parametrize("name", SHIPPED)
def test_a_shipped_card_holds_a_map_and_how_it_was_fitted(name: str) -> None:
    card = card_of(name)

    assert card.name == name
    assert len(card.weights_sha256) == 64
    assert "frames 0 to 399" in card.fitted
    assert len(card.score_map.points) == (2 if name == "yolox_nano" else 21)


def test_hog_has_a_card() -> None:
    detector = HogDetector(threads=1)

    assert detector.score_map == card_of("opencv-hog").score_map


class TestACardBesideTheWeights:
    @pytest.fixture
    def weights(self, tmp_path: Path) -> Path:
        """A graph that gives one person of raw score 0.4."""
        reported = np.zeros((189, 6), dtype=np.float32)
        reported[0] = (4, 4, np.log(4), np.log(4), 1.0, 0.4)
        return write_detector(tmp_path / "ours.onnx", reported, input_shape=(1, 3, 96, 96))

    def write(self, weights: Path, weights_sha256: str) -> Path:
        path = weights.with_name(f"ours{SUFFIX}")
        card = Card(
            name="ours",
            weights_sha256=weights_sha256,
            score_map=BENT,
            precision=((0.0, 0.0), (1.0, 1.0)),
            fitted="by hand",
        )
        write_card(path, card)
        assert read_card(path) == card
        return path

    def test_maps_what_the_model_gives_and_is_in_its_version(self, weights: Path) -> None:
        image = np.zeros((96, 96, 3), dtype=np.uint8)
        plain = load(weights, GraphSettings(threads=1))
        self.write(weights, sha256_of(weights))
        mapped = load(weights, GraphSettings(threads=1))
        strict = load(weights, GraphSettings(threads=1, score_threshold=0.61))

        [[before]], [[after]] = plain.detect([image]), mapped.detect([image])

        assert before["score"] == before["raw_score"] == pytest.approx(0.4)
        assert after["raw_score"] == pytest.approx(0.4)
        assert after["score"] == pytest.approx(0.6)
        assert strict.detect([image]) == [[]]
        assert (plain.scores_known, mapped.scores_known) == (False, True)
        assert plain.version != mapped.version
        assert plain.version.split(".")[0] == mapped.version.split(".")[0]
        assert mapped.describe()["score_map_sha256"] == BENT.sha256

    def test_may_name_the_classes_that_show_people(self, weights: Path) -> None:
        image = np.zeros((96, 96, 3), dtype=np.uint8)
        plain = load(weights, GraphSettings(threads=1))
        card = read_card(self.write(weights, sha256_of(weights)))
        path = weights.with_name(f"ours{SUFFIX}")
        write_card(path, replace(card, classes=("nurse",)))
        assert read_card(path).classes == ("nurse",)
        named = load(weights, GraphSettings(threads=1))

        [[before]], [[after]] = plain.detect([image]), named.detect([image])

        assert (before["label"], after["label"]) == ("person", "nurse")
        assert named.version.count(".") == 2

    @pytest.mark.parametrize(
        ("classes", "why"),
        [
            ('["nurse", "doctor"]', "names 2 classes, and a graph of yolox has 1"),
            ('[""]', "no class shows anybody"),
            ('"nurse"', "classes must be a list of labels"),
        ],
    )
    def test_whose_classes_are_not_those_of_the_graph_is_refused(
        self, weights: Path, classes: str, why: str
    ) -> None:
        path = self.write(weights, sha256_of(weights))
        path.write_text(path.read_text().replace("\n}", f',\n  "classes": {classes}\n}}'))

        with pytest.raises(DetectorUnavailable, match=why):
            load(weights, GraphSettings(threads=1))

    def test_of_other_weights_is_refused(self, weights: Path) -> None:
        self.write(weights, hashlib.sha256(b"").hexdigest())

        with pytest.raises(DetectorUnavailable, match=r"ours\.card\.json: weights_sha256 is e3b0"):
            load(weights, GraphSettings(threads=1))

    @pytest.mark.parametrize(
        ("change", "reason"),
        [
            ({"score_map": None}, r"is no model card"),
            ({"score_map": [[0, 0], [1, 0.5]]}, r"goes from"),
            ({"precision": [[0]]}, r"is no model card"),
        ],
    )
    def test_that_cannot_be_read_is_named(
        self, weights: Path, change: dict[str, object], reason: str
    ) -> None:
        path = self.write(weights, sha256_of(weights))
        path.write_text(json.dumps(json.loads(path.read_text()) | change))

        with pytest.raises(DetectorUnavailable, match=reason) as refused:
            find_card(sha256_of(weights), weights)
        assert str(path) in str(refused.value)

    def test_without_a_field_is_refused_by_name(self, weights: Path) -> None:
        path = self.write(weights, sha256_of(weights))
        path.write_text("{}")

        with pytest.raises(DetectorUnavailable, match="the card has no field name"):
            find_card(sha256_of(weights), weights)
