"""Names of the accounts that processes and readers have in the database.

Their rights are in `workers/storage/timescale/rights.py`; this is for who only needs the names,
such as the file of Compose. Redis' users are in `runtime/storage/redis_users.py`.
"""

from typing import Final

DATABASE_PREFIX: Final = "wardstream-"
"""Leads the name of every role."""

DATABASE_ROLES: Final = ("sink-timescale", "serving", "auditor", "ingest", "relay", "analyst")
"""Roles in the database, without the prefix."""
