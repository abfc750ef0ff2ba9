"""Convert a detector to ONNX: `python -m models.conversion centernet|ssd SOURCE TARGET`.

Needs the packages of the extra `convert`. Exit status 65 and one sentence when the source cannot be
converted.
"""

import argparse
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import onnx

from models.conversion import tfjs, tflite

NOT_CONVERTIBLE = 65

LABELS_END = 184
"""Bytes of class names before the graph in `@mediapipe/objectron`'s packed file."""


def centernet(source: Path) -> onnx.ModelProto:
    """CenterNet on MobileNetV3 of `@vladmandic/human`; `source` is `centernet.json`.

    Of the 80 classes of its heat map only people are kept: channel 0 of 5. Channels 1 to 4 are
    distances from a cell's corner to the left, top, right and bottom edge, px of the input.
    """
    return tfjs.convert(source, {"tower_0/keypoints": 1, "tower_0/wh": 4}, (1, 5, 128, 128))


def ssd(source: Path) -> onnx.ModelProto:
    """SSD on MobileNetV2 of `@mediapipe/objectron`; `source` is its packed file.

    A row for each anchor: centre y, centre x, height and width relative to the anchor, then
    24 classes before the sigmoid.
    """
    return tflite.convert(source.read_bytes()[LABELS_END:], (1, 1917, 28))


RECIPES: Mapping[str, Callable[[Path], onnx.ModelProto]] = {"centernet": centernet, "ssd": ssd}


def main(arguments: Sequence[str] | None = None) -> int:
    """Convert; returns the exit status."""
    parser = argparse.ArgumentParser(prog="models.conversion", description=__doc__)
    parser.add_argument("recipe", choices=RECIPES)
    parser.add_argument("source", type=Path)
    parser.add_argument("target", type=Path)
    options = parser.parse_args(arguments)
    try:
        model = RECIPES[options.recipe](options.source)
    except (ValueError, KeyError, OSError) as error:
        sys.stderr.write(f"{options.source.name} cannot be converted: {error}\n")
        return NOT_CONVERTIBLE
    options.target.write_bytes(model.SerializeToString(deterministic=True))
    return 0


if __name__ == "__main__":
    sys.exit(main())
