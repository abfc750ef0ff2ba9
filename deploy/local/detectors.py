"""A person detector from the npm registry, converted to ONNX and kept in the cache.

`python -m deploy.local.detectors` installs one alone, with the Python that it runs on.

What is known of the weights, their licence and their training data: ADR 17.
"""

import hashlib
import json
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from deploy.local.cache import cache_dir, component
from deploy.local.errors import InstallError
from deploy.local.npm import fetch
from runtime.process.cache import DETECTORS


@dataclass(frozen=True, kw_only=True, slots=True)
class Recipe:
    """How a detector is had.

    Attributes:
        name: Name of the detector, and stem of its file.
        title: What it is called in a message.
        package: The npm package.
        version: Its version.
        archive_sha256: Hex digest of its archive.
        recipe: How `models.conversion` converts it.
        members: Files of the archive that are kept, the one to convert first.
        licence: Licence of the package and where it says so.
        onnx_sha256: Hex digest of the converted file.
    """

    name: str
    title: str
    package: str
    version: str
    archive_sha256: str
    recipe: str
    members: tuple[str, ...]
    licence: str
    onnx_sha256: str


CENTERNET = Recipe(
    name="centernet_mobilenetv3",
    title="CenterNet",
    package="@vladmandic/human",
    version="3.3.6",
    archive_sha256="425e9c51dbbca0c8934362b170cb0d54c2529c11c654b3c03092b16e9d6ad3f7",
    recipe="centernet",
    members=("models/centernet.json", "models/centernet.bin", "LICENSE", "package.json"),
    licence="MIT, by LICENSE of the package",
    onnx_sha256="31a599bb28789ddd8af9bdf4acd584dc5ae422b326fcdc9c2e4ece94ddad403b",
)

SSD = Recipe(
    name="ssd_mobilenetv2",
    title="SSD",
    package="@mediapipe/objectron",
    version="0.4.1675468480",
    archive_sha256="fc3e37b326b05e8f596099c90b3e0931b05a56cd3160b9ac450b621794bac94c",
    recipe="ssd",
    members=("objectron_solution_packed_assets.data", "package.json", "README.md"),
    licence="Apache-2.0, by package.json of the package",
    onnx_sha256="69c3635328514966a56a6081e4ba146e8af5c0d045cafc9974da0358c4626a6c",
)

RECIPES = (CENTERNET, SSD)
"""Best first."""


def install(
    root: Path, python: Callable[[], Path], report: Callable[[str], None], *, every: bool = False
) -> list[Path]:
    """Install the best detector that can be had; no detector is no error, as HOG is always there.

    Args:
        root: The project's folder.
        python: Gives the Python that converts: of the project's environment, once it is complete.
        report: Receives one sentence for each detector that cannot be had.
        every: Install all, not only the best.

    Returns:
        Files of the installed ones, best first.
    """
    installed = []
    for recipe in RECIPES:
        try:
            installed.append(install_one(recipe, root, python))
        except (InstallError, OSError) as error:
            report(f"{recipe.title} is not installed: {_message(error)}")
        if installed and not every:
            break
    return installed


def _message(error: InstallError | OSError) -> str:
    """What went wrong, without the output of the tool that reported it."""
    if isinstance(error, OSError):
        return f"{error.filename or cache_dir()} cannot be written ({error.strerror})."
    return str(error).splitlines()[-1]


def install_one(recipe: Recipe, root: Path, python: Callable[[], Path]) -> Path:
    """The `.onnx` file of a detector, fetched and converted first when it is not there.

    Raises:
        InstallError: The package cannot be fetched or converted.
        OSError: The cache cannot be written.
    """

    def build(target: Path) -> None:
        _build(recipe, root, python, target)

    return component(DETECTORS[recipe.name], build) / f"{recipe.name}.onnx"


def _build(recipe: Recipe, root: Path, python: Callable[[], Path], target: Path) -> None:
    archive = fetch(recipe.package, recipe.version, recipe.archive_sha256, target)
    source = target / "source"
    digests = _unpack(archive, recipe, source)
    archive.unlink()
    converted = target / f"{recipe.name}.onnx"
    convert(recipe.recipe, source / Path(recipe.members[0]).name, converted, root, python())
    digest = hashlib.sha256(converted.read_bytes()).hexdigest()
    if digest != recipe.onnx_sha256:
        raise InstallError(
            f"{recipe.title} became other bytes ({digest[:12]}…) than are known here "
            f"({recipe.onnx_sha256[:12]}…): install the locked environment again."
        )
    if (source / "LICENSE").exists():
        shutil.copy(source / "LICENSE", target / "LICENSE")
    else:
        (target / "LICENSE").write_text(f"{recipe.licence}.\n")
    provenance = {
        "package": f"{recipe.package}@{recipe.version}",
        "archive_sha256": recipe.archive_sha256,
        "members_sha256": digests,
        "converted_by": f"python -m models.conversion {recipe.recipe}",
        "onnx_sha256": recipe.onnx_sha256,
        "licence": recipe.licence,
    }
    (target / "provenance.json").write_text(json.dumps(provenance, indent=2) + "\n")


def _unpack(archive: Path, recipe: Recipe, folder: Path) -> dict[str, str]:
    """Take the files that are kept out of an archive; returns their digests."""
    folder.mkdir()
    digests = {}
    with tarfile.open(archive) as tar:
        for member in recipe.members:
            file = tar.extractfile(f"package/{member}")
            if file is None:
                raise InstallError(f"{recipe.package} has no file {member}.")
            data = file.read()
            (folder / Path(member).name).write_bytes(data)
            digests[member] = hashlib.sha256(data).hexdigest()
    return digests


def convert(recipe: str, source: Path, target: Path, root: Path, python: Path) -> None:
    """Convert a detector in a process of its own.

    Raises:
        InstallError: It cannot be converted; the message names what is not known in it.
    """
    done = subprocess.run(
        [str(python), "-m", "models.conversion", recipe, str(source), str(target)],
        cwd=root,
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
    )
    if done.returncode != 0:
        why = (done.stderr.strip().splitlines() or [f"exit status {done.returncode}"])[-1]
        raise InstallError(f"{why}.")


def main() -> int:
    """Install the best detector that can be had; returns the exit status, which is always 0."""
    root = Path(__file__).resolve().parents[2]
    install(root, lambda: Path(sys.executable), print)
    return 0


if __name__ == "__main__":
    sys.exit(main())
