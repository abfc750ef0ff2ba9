"""The command lines of docs/editing-api.md run, one after the other, against a board."""

import re
import subprocess
from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.support.callers import HEADER
from tests.support.paths import ROOT
from tests.support.registry_api import served_registry

PAGE = (ROOT / "docs" / "editing-api.md").read_text()
BLOCKS = re.findall(r"^```sh\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)

LEFT = {"width": 1280, "height": 720, "time_zone": "Europe/Berlin"}
BAY = {"camera_id": "left", "polygon": [[0, 0], [600, 0], [600, 500], [0, 500]]}


def test_every_example_of_the_page_works(registry_database: str, tmp_path: Path) -> None:
    assert len(BLOCKS) >= 5
    with served_registry(registry_database) as (api, url):
        assert api.put("/cameras/left", LEFT).status_code == 201
        assert api.put("/zones/bay-1", BAY).status_code == 201
        assert api.put("/floors/ward-3", {"time_zone": "Europe/London"}).status_code == 201
        cv2.imwrite(str(tmp_path / "plan.png"), np.full((100, 160, 3), 255, np.uint8))
        environment = {"PATH": "/usr/bin:/bin", "BOARD": url, "AUTH": f"{HEADER}: admin"}
        for block in BLOCKS:
            ran = subprocess.run(
                ["/bin/bash", "-euc", block],
                cwd=tmp_path,
                env=environment,
                capture_output=True,
                text=True,
                timeout=60,
                check=False,
            )
            if ran.returncode:
                pytest.fail(f"{block}\n{ran.stdout}\n{ran.stderr}")

        assert {one["id"] for one in api.get("/staff")["items"]} == {"n-08", "n-09"}
        assert len(api.get("/staff/n-09/versions")["items"]) == 1
        reasons = [edit["reason"] for edit in api.get("/edits")["items"]]
        assert "third nurse since December" in reasons
