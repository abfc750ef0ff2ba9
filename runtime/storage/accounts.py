"""Names of the accounts that processes and readers have in the database.

Their rights are in `workers/storage/timescale/rights.py`; this is for who only needs the names,
such as the file of Compose. Redis' users are in `runtime/storage/redis_users.py`.
"""

from typing import Final

DATABASE_PREFIX: Final = "wardstream-"
"""Leads the name of every role."""

VAULT_ROLE: Final = "vault"
"""A second account of the board, by which alone it reaches the vault."""

DATABASE_ROLES: Final = (
    *("sink-timescale", "serving", VAULT_ROLE),
    *("auditor", "ingest", "relay", "notifier", "analyst"),
)
"""Roles in the database, without the prefix."""
