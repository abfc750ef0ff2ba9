"""Digests of the rows of tables."""

from workers.operations.verification.digests import row_digests
from workers.operations.verification.tables import table_rows
from workers.storage.timescale.tables import TABLES


def table_digest(dsn: str, table: str) -> dict[str, str]:
    """Hex digest of each key over the rows of a table."""
    return row_digests(table_rows(dsn, TABLES[table]))
