"""Write the dashboards as JSON: `python -m deploy.grafana.build`."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from deploy.grafana.panels import LIVE_COVERAGE, PIPELINE_HEALTH, Panel

FOLDER = Path(__file__).parent / "dashboards"
_HEIGHT = 8
_COLUMNS = 24

_DATASOURCES = {
    "timescale": {"type": "grafana-postgresql-datasource", "uid": "timescale"},
    "prometheus": {"type": "prometheus", "uid": "prometheus"},
}


def dashboard(uid: str, title: str, panels: Sequence[Panel]) -> dict[str, Any]:
    """Grafana's JSON model of a dashboard (schema version 39).

    Args:
        uid: Stable id, part of the URL.
        title: Title shown to people.
        panels: Panels, laid out from left to right, then downwards.
    """
    x = y = 0
    models = []
    for number, panel in enumerate(panels, 1):
        if x + panel.width > _COLUMNS:
            x, y = 0, y + _HEIGHT
        models.append(_panel(number, panel, x, y))
        x += panel.width
    return {
        "uid": uid,
        "title": title,
        "tags": ["wardstream"],
        "timezone": "browser",
        "schemaVersion": 39,
        "refresh": "5s",
        "time": {"from": "now-1h", "to": "now"},
        "panels": models,
    }


def _panel(number: int, panel: Panel, x: int, y: int) -> dict[str, Any]:
    target: dict[str, Any] = {"refId": "A", "datasource": _DATASOURCES[panel.source]}
    if panel.source == "timescale":
        shape = "table" if panel.kind == "table" else "time_series"
        target |= {"rawSql": panel.query, "rawQuery": True, "format": shape}
    else:
        target |= {"expr": panel.query, "legendFormat": panel.legend}
    return {
        "id": number,
        "title": panel.title,
        "type": panel.kind,
        "datasource": _DATASOURCES[panel.source],
        "gridPos": {"x": x, "y": y, "w": panel.width, "h": _HEIGHT},
        "fieldConfig": {"defaults": {"unit": panel.unit, "min": 0}, "overrides": []},
        "targets": [target],
    }


def dashboards() -> dict[str, dict[str, Any]]:
    """All dashboards by file name."""
    return {
        "live-coverage.json": dashboard("live-coverage", "Live coverage", LIVE_COVERAGE),
        "pipeline-health.json": dashboard("pipeline-health", "Pipeline health", PIPELINE_HEALTH),
    }


def text(model: dict[str, Any]) -> str:
    """A dashboard as its file holds it."""
    return json.dumps(model, indent=2) + "\n"


def main() -> None:
    """Write all files."""
    FOLDER.mkdir(exist_ok=True)
    for name, model in dashboards().items():
        (FOLDER / name).write_text(text(model))


if __name__ == "__main__":
    main()
