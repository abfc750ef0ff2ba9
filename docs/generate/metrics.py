"""The page of metrics, from `runtime/process/metrics.py`."""

from typing import Any

from prometheus_client import Counter, Gauge, Histogram

from docs.generate.markdown import code, table
from runtime.process import metrics

INTRODUCTION = """\
# Metrics

Every metric, from `runtime/process/metrics.py`. Each process serves them at `/metrics` on
`WARDSTREAM_METRICS_PORT`. Prometheus reads them by `deploy/prometheus/prometheus.yml`; the
dashboards are in `deploy/grafana/dashboards`.
"""


def page() -> str:
    """The whole page."""
    found = [one for one in vars(metrics).values() if isinstance(one, Counter | Gauge | Histogram)]
    return "\n".join(
        [INTRODUCTION, table(("metric", "kind", "labels", "meaning"), map(_row, found))]
    )


def _row(metric: Any) -> tuple[str, str, str, str]:
    kind = metric._type
    name = metric._name + ("_total" if kind == "counter" else "")
    labels = ", ".join(code(label) for label in metric._labelnames)
    return code(name), kind, labels, metric._documentation
