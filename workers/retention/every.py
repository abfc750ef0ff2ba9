"""All that is stored, in one table."""

from typing import Final

from workers.retention.entry import Entry
from workers.retention.files import FILE_ENTRIES
from workers.retention.keys import KEY_ENTRIES
from workers.retention.tables import TABLE_ENTRIES
from workers.retention.topics import TOPIC_ENTRIES

ENTRIES: Final[tuple[Entry, ...]] = (*TOPIC_ENTRIES, *TABLE_ENTRIES, *KEY_ENTRIES, *FILE_ENTRIES)
"""Every entry, by store."""
