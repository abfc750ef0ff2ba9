"""The dashboards ask for metrics that exist, and the repository has them as they are built."""

import re

import pytest
from prometheus_client import REGISTRY

from deploy.grafana.build import FOLDER, dashboards, text
from deploy.grafana.panels import LIVE_COVERAGE, PIPELINE_HEALTH, Panel
from runtime.process import metrics

NAME = re.compile(r"wardstream_[a-z_]+")


@pytest.mark.parametrize("name", dashboards())
def test_the_files_are_what_the_panels_say(name: str) -> None:
    assert (FOLDER / name).read_text() == text(dashboards()[name]), (
        "run `python -m deploy.grafana.build`"
    )


@pytest.mark.parametrize("panel", PIPELINE_HEALTH, ids=lambda panel: panel.title)
def test_a_panel_asks_for_metrics_that_processes_have(panel: Panel) -> None:
    assert metrics.LATENCY_BUCKETS_S, "importing the list registers it"
    known = {
        sample
        for family in REGISTRY.collect()
        for sample in (family.name, *(f"{family.name}_{end}" for end in ("total", "bucket")))
    }
    asked = set(NAME.findall(panel.query))

    assert asked or panel.query == "up"
    assert asked <= known


@pytest.mark.parametrize("panels", [LIVE_COVERAGE, PIPELINE_HEALTH], ids=["live", "health"])
def test_no_two_panels_ask_the_same(panels: tuple[Panel, ...]) -> None:
    assert len({panel.title for panel in panels}) == len({p.query for p in panels}) == len(panels)
