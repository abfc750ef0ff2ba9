"""The page for a data protection officer, from `workers/retention` and the tables of rights."""

from collections.abc import Iterator
from typing import Final

from docs.generate.markdown import code, table
from runtime.kafka.rights import PROCESSES
from runtime.storage.redis_users import USERS
from workers.access.rights import NEEDS_PURPOSE, RIGHTS
from workers.retention.entry import Entry, Store
from workers.retention.every import ENTRIES
from workers.storage.timescale.rights import ROLES

INTRODUCTION: Final = """\
# What is stored, how long, why, and who may see it

Everything that Wardstream stores, from `workers/retention`: each topic, table, pattern of keys and
folder. A test walks a real database, the topics and the users of Redis, and fails where one has no
row here; for each that expires, a test shows its data gone after its period.

- **A person is an id** here: the number of a track or of a fused person, until cameras lose them.
  Members of staff go by pseudonyms ([how they are given and erased](../pseudonyms.md)).
  `privacy.mode = role-only` ends ids with each stay ([show roles only](../role-only.md)).
- **Times are those of a new installation.** Tables are changed in table `retention`
  ([for analysts](../analysts.md)), the rest by the settings named ([settings](settings.md)).
- **Nothing describes how a body or face looks.** No topic, table or key holds an embedding, a
  template or anything else made of the look of a person, and nothing here makes one: there is no
  switch to turn on. Pictures are in the two entries below that say so. A test refuses a schema or
  table with such a field.
- **Each look at single people is in the audit** before its first byte ([audit](../audit.md)).
- **The owner of the tables and the operator's accounts see everything** in their store; they are
  left out below.

What is kept *for ever* has its reason beside it.
"""

STORES: Final[dict[Store, str]] = {
    "Kafka": "Kafka",
    "TimescaleDB": "TimescaleDB",
    "Redis": "Redis",
    "files": "Objects, files and logs",
}

_WHO: Final[dict[Store, str]] = {
    "Kafka": "Processes read topics by [their rights on the brokers](kafka-acls.md); people see "
    "what the board shows of them, by [their rights](rights.md).",
    "TimescaleDB": "Processes and people read tables by "
    "[their roles in the database](database-roles.md).",
    "Redis": "Processes read keys by [their users](redis-users.md); all names follow the prefix of "
    "the run and a colon.",
    "files": "Whoever may read the folder or bucket may read all of it: give that to the processes "
    "named, and to nobody else.",
}


def page() -> str:
    """The whole page."""
    parts = [INTRODUCTION]
    columns = ("what", "holds", "of people", "kept", "why", "deleted by", "who may see it")
    for store, title in STORES.items():
        entries = [entry for entry in ENTRIES if entry.store == store]
        parts += [f"## {title}\n", _WHO[store] + "\n", table(columns, map(_row, entries))]
    return "\n".join(parts)


def _row(entry: Entry) -> tuple[str, ...]:
    return (
        code(entry.name.removeprefix("public.")),
        entry.holds,
        entry.of_people or "-",
        entry.kept,
        entry.because,
        entry.deleted_by,
        "; ".join(_seers(entry)) or "-",
    )


def _seers(entry: Entry) -> Iterator[str]:
    """Accounts of processes that read it, and the access roles to which the board shows it."""
    accounts = sorted(_accounts(entry))
    if accounts:
        yield ", ".join(accounts)
    for right in entry.seen_by:
        roles = sorted(role for role, rights in RIGHTS.items() if right in rights)
        purpose = ", with a purpose" if right in NEEDS_PURPOSE else ""
        yield f"on the board {code(right)}{purpose}: {', '.join(roles)}"


def _accounts(entry: Entry) -> Iterator[str]:
    if entry.store == "Kafka":
        for process in PROCESSES:
            if entry.name in {topic.name for topic in process.reads}:
                yield code(process.process)
    elif entry.store == "TimescaleDB":
        for role in ROLES:
            if entry.name in {name.partition("(")[0] for name in role.reads}:
                yield code(role.role)
    elif entry.store == "Redis":
        for user in USERS:
            names = {*user.reads, *user.writes} - {"*"}
            if names & {entry.name, f"{entry.name.partition(':')[0]}:*"}:
                yield code(user.process)
    else:
        yield from map(code, entry.read_by)
