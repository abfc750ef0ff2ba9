"""The tables that a rebuild compares: those of derived topics, and the sums over their minutes."""

from dataclasses import dataclass
from typing import Final

from workers.storage.timescale.tables import DERIVED_TABLES, Comparison


@dataclass(frozen=True, kw_only=True)
class Compared:
    """One table.

    Attributes:
        name: Name in every schema.
        by: How its rows are compared.
    """

    name: str
    by: Comparison

    @property
    def is_rollup(self) -> bool:
        """Whether its rows are sums over a minute."""
        return self.by.time == "minute"


def _rollup(name: str, *identity: str) -> Compared:
    return Compared(
        name=name,
        by=Comparison(kind="zone", key="zone_id", time="minute", identity=identity, ignored=()),
    )


COMPARED: Final = (
    *(
        Compared(name=table.name, by=table.comparison)
        for table in DERIVED_TABLES
        if table.comparison is not None
    ),
    _rollup("occupancy_minutes", "zone_id", "minute"),
    _rollup("coverage_minutes", "zone_id", "role", "minute"),
)
