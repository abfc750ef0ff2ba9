"""Model cards: what is known of a model's scores and classes, found by the SHA-256 of its weights.

A card is a JSON file. Those of the detectors that Wardstream comes with are in `models/cards`; a
card of other weights lies beside them as `STEM.card.json`, as `wardstream score-map` writes it.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from models.detectors.detector import DetectorUnavailable
from models.detectors.score_map import IDENTITY, ScoreMap

FOLDER = Path(__file__).resolve().parents[1] / "cards"
SUFFIX = ".card.json"
REFERENCE = "yolox_nano"
"""Model on whose scale all scores are."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Card:
    """What is known of a model's scores and classes.

    Attributes:
        name: Model name.
        weights_sha256: Hex digest of the weights.
        score_map: Onto the scale of yolox_nano.
        precision: Raw score and the share of boxes of that score that are people, where fitted.
        fitted: Command, clip and frames of the fit.
        classes: Labels of the model's classes, the first one first; empty for one that shows
            nobody. None at all: the first class is `person`, and no other shows anybody.
    """

    name: str
    weights_sha256: str
    score_map: ScoreMap
    precision: tuple[tuple[float, float], ...]
    fitted: str
    classes: tuple[str, ...] = ()


def read_card(path: Path) -> Card:
    """Read a card.

    Raises:
        DetectorUnavailable: It cannot be read; names the file and the field.
    """
    try:
        fields: Any = json.loads(path.read_text())
        return Card(
            name=str(fields["name"]),
            weights_sha256=str(fields["weights_sha256"]),
            score_map=ScoreMap.of(fields["score_map"]),
            precision=tuple((float(raw), float(share)) for raw, share in fields["precision"]),
            fitted=str(fields["fitted"]),
            classes=_labels(fields.get("classes", [])),
        )
    except KeyError as error:
        raise DetectorUnavailable(f"{path}: the card has no field {error.args[0]}.") from error
    except (ValueError, TypeError, OSError) as error:
        raise DetectorUnavailable(f"{path} is no model card: {error}.") from error


def _labels(given: Any) -> tuple[str, ...]:
    """Labels of a card.

    Raises:
        ValueError: They are no labels.
    """
    if not isinstance(given, list) or not all(isinstance(one, str) for one in given):
        raise ValueError("classes must be a list of labels, empty for a class that shows nobody")
    if given and not any(given):
        raise ValueError("no class shows anybody: leave classes out, or name one")
    return tuple(given)


def write_card(path: Path, card: Card) -> None:
    """Write a card."""
    fields = {
        "name": card.name,
        "weights_sha256": card.weights_sha256,
        "fitted": card.fitted,
        "score_map": [list(point) for point in card.score_map.points],
        "precision": [list(point) for point in card.precision],
        **({"classes": list(card.classes)} if card.classes else {}),
    }
    parts = [f"  {json.dumps(name)}: {json.dumps(value)}" for name, value in fields.items()]
    path.write_text("{\n" + ",\n".join(parts) + "\n}\n")


def reference_card() -> Card:
    """The card of the model on whose scale all scores are."""
    return read_card(FOLDER / f"{REFERENCE}.json")


def find_card(weights_sha256: str, weights: Path | None = None) -> Card | None:
    """The card of weights; None when there is none.

    Args:
        weights_sha256: Hex digest of the weights.
        weights: Their file, beside which a card may lie.

    Raises:
        DetectorUnavailable: The card beside the file cannot be read, or is that of other weights.
    """
    if weights is not None:
        beside = weights.with_name(weights.stem + SUFFIX)
        if beside.is_file():
            card = read_card(beside)
            if card.weights_sha256 != weights_sha256:
                raise DetectorUnavailable(
                    f"{beside}: weights_sha256 is {card.weights_sha256[:12]}…, but {weights.name} "
                    f"has {weights_sha256[:12]}…: fit the card again or remove it."
                )
            return card
    for path in sorted(FOLDER.glob("*.json")):
        card = read_card(path)
        if card.weights_sha256 == weights_sha256:
            return card
    return None


def classes_of(weights_sha256: str, weights: Path | None = None) -> tuple[str, ...]:
    """Labels of the classes of weights, as `Card.classes` has them.

    Raises:
        DetectorUnavailable: The card beside the file cannot be used.
    """
    card = find_card(weights_sha256, weights)
    return () if card is None else card.classes


def score_map_of(weights_sha256: str, weights: Path | None = None) -> tuple[ScoreMap, bool]:
    """The score map of weights, and whether it is known; the identity where it is not.

    Raises:
        DetectorUnavailable: The card beside the file cannot be used.
    """
    card = find_card(weights_sha256, weights)
    return (IDENTITY, False) if card is None else (card.score_map, True)
