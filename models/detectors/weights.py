"""Finding weights by name.

A name is a path, or the file's name or stem, searched in this order:

1. the folder given (the setting of the process, or an option of the command);
2. the folder that `WARDSTREAM_INFERENCE__MODELS_FOLDER` names;
3. `.wardstream/models` of the project;
4. `../shared/data/weights`, seen from the project;
5. what an install fetched, in the user's cache.
"""

import os
from collections.abc import Iterable, Sequence
from pathlib import Path

from models.detectors.detector import DetectorUnavailable
from runtime.process.cache import DETECTORS, detector_folders

FOLDER_VARIABLE = "WARDSTREAM_INFERENCE__MODELS_FOLDER"

ONNX_SUFFIXES = (".onnx",)
TORCH_SUFFIXES = (".pt",)

DEFAULT_ONNX = ("yolox_nano.onnx", "yolo11n.onnx", *(f"{name}.onnx" for name in DETECTORS))
"""Searched in this order when no weights are named."""

DEFAULT_TORCH = "yolo11n.pt"
"""Used with torch when no weights are named; ultralytics fetches it where there is a network."""

_PROJECT = Path(__file__).resolve().parents[2]


def folders(given: Path | None) -> list[Path]:
    """All folders in which weights are looked for, in the order of the module's docstring."""
    named = os.environ.get(FOLDER_VARIABLE)
    return [
        *([given] if given is not None else []),
        *([Path(named)] if named else []),
        _PROJECT / ".wardstream" / "models",
        _PROJECT.parent / "shared" / "data" / "weights",
        *detector_folders(),
    ]


def download_folder(given: Path | None) -> Path:
    """Where fetched weights are put."""
    return folders(given)[0]


def _names(name: str, suffixes: Sequence[str]) -> list[str]:
    """The file names that a name may mean."""
    return [name] if name.endswith(tuple(suffixes)) else [name + suffix for suffix in suffixes]


def _first(names: Iterable[str], folders: Sequence[Path]) -> Path | None:
    for name in names:
        for folder in folders:
            if (folder / name).is_file():
                return folder / name
    return None


def find_weights(name: str, suffixes: Sequence[str], folder: Path | None = None) -> Path:
    """Find the weights of a name.

    Args:
        name: A path, a file name, or a stem such as `yolox_nano`.
        suffixes: Those that the backend reads, such as `.onnx`.
        folder: The models folder; None for none.

    Raises:
        DetectorUnavailable: There are none; the message names the folders that were searched.
    """
    path = Path(name)
    if path.is_file() and path.suffix in suffixes:
        return path
    searched = folders(folder)
    found = None if path.is_absolute() else _first(_names(name, suffixes), searched)
    if found is None:
        raise DetectorUnavailable(
            f"No weights {' or '.join(_names(name, suffixes))} "
            f"{'there' if path.is_absolute() else 'in ' + ', '.join(map(str, searched))}: "
            f"put the file into one of these folders, name one in {FOLDER_VARIABLE}, or give its "
            "path."
        )
    return found


def find_default_onnx(folder: Path | None = None) -> Path | None:
    """The `.onnx` weights used when none are named; None when there are none."""
    return _first(DEFAULT_ONNX, folders(folder))
