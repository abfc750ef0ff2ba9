"""Read the metrics of a running process, as an operator would: /metrics."""

from dataclasses import dataclass, field

import httpx
from prometheus_client.parser import text_string_to_metric_families

from runtime.proxies import own_client

Labels = frozenset[tuple[str, str]]


@dataclass(slots=True)
class Scrape:
    """The samples of one process at one moment, by name and labels."""

    samples: dict[tuple[str, Labels], float] = field(default_factory=dict)

    def total(self, name: str, **labels: str) -> float:
        """Sum of all samples of a name that carry the given labels."""
        wanted = frozenset(labels.items())
        return sum(v for (n, have), v in self.samples.items() if n == name and wanted <= have)

    def by_label(self, name: str, label: str) -> dict[str, float]:
        """Sums of a name's samples by the value of one label."""
        sums: dict[str, float] = {}
        for (sample, labels), value in self.samples.items():
            if sample == name:
                key = dict(labels).get(label, "")
                sums[key] = sums.get(key, 0.0) + value
        return sums

    def labels_of(self, name: str) -> dict[str, str]:
        """Labels of the first sample of a name."""
        return next((dict(labels) for sample, labels in self.samples if sample == name), {})

    def quantile(self, name: str, fraction: float, earlier: "Scrape | None" = None) -> float | None:
        """Quantile of a histogram's observations since an earlier scrape, linear in a bucket.

        Args:
            name: Histogram name without suffix.
            fraction: Quantile, 0 to 1.
            earlier: Scrape whose counts are subtracted; None subtracts nothing.

        Returns:
            The quantile, in the histogram's unit; None without observations.
        """
        buckets = self.by_label(f"{name}_bucket", "le")
        before = earlier.by_label(f"{name}_bucket", "le") if earlier else {}
        counts = sorted((float(le), value - before.get(le, 0.0)) for le, value in buckets.items())
        if not counts or counts[-1][1] <= 0:
            return None
        rank = fraction * counts[-1][1]
        lower, below = 0.0, 0.0
        for upper, cumulative in counts:
            if cumulative >= rank:
                if upper == float("inf"):
                    return lower
                inside = cumulative - below
                return lower + (upper - lower) * ((rank - below) / inside if inside else 1.0)
            lower, below = upper, cumulative
        return lower


def scrape(port: int, timeout_s: float = 1.0) -> Scrape | None:
    """Read a process's /metrics; None when it does not answer."""
    try:
        with own_client(timeout=timeout_s) as client:
            answer = client.get(f"http://127.0.0.1:{port}/metrics")
        answer.raise_for_status()
    except httpx.HTTPError:
        return None
    result = Scrape()
    for family in text_string_to_metric_families(answer.text):
        for sample in family.samples:
            result.samples[sample.name, frozenset(sample.labels.items())] = sample.value
    return result
