"""The page of rights on the brokers, from `runtime/kafka/rights.py`."""

from collections.abc import Iterable

from docs.generate.markdown import code, table
from runtime.kafka.rights import OPERATOR, PROCESSES, ProcessRights, principal

INTRODUCTION = """\
# Rights on the brokers

What each process needs on the brokers, from `runtime/kafka/rights.py`: one principal each, with
the least that works. A process compares its rights on topics, groups and transactional ids with
its row when it starts; what is missing is one sentence, and exit code 78. To see that it may write
under its transactional ids it claims one that it does not use, such as `stream-access`. Brokers in
the clear are not asked.

Grant them with a principal that may alter the cluster (`--prefix` is the run's
`WARDSTREAM_TOPIC_PREFIX`, `--principal` names a process as your brokers know it):

```sh
python -m deploy.kafka.acls --bootstrap kafka.ward:9093 --print
python -m deploy.kafka.acls --bootstrap kafka.ward:9093
python -m deploy.kafka.acls --bootstrap kafka.ward:9093 --principal stream=User:CN=stream.ward
```

The command itself signs in by `WARDSTREAM_SECURITY__KAFKA__*`, as every process does. Reading and
writing include `DESCRIBE`; every topic of a row is also asked for its settings
(`DESCRIBE_CONFIGS`). Names of groups begin with the prefix and `wardstream-`.
"""

FOOT = f"""\
Commands such as `wardstream topics create`, `rebuild`, `backup`, `dlq` and the imports of
reference data run as `{principal(OPERATOR)}`, which may do everything (`ALL`) with topics, groups
and transactional ids whose names begin with the prefix; without a prefix, with all.
"""


def page() -> str:
    """The whole page."""
    columns = ("principal", "reads", "writes", "looks at", "groups", "transactional ids")
    return "\n".join([INTRODUCTION, table(columns, map(_row, PROCESSES)), FOOT])


def _row(row: ProcessRights) -> tuple[str, ...]:
    read = {topic.name for topic in (*row.reads, *row.writes)}
    return (
        code(principal(row.process)),
        _names(topic.name for topic in row.reads),
        _names(topic.name for topic in row.writes),
        _names(topic.name for topic in row.looks if topic.name not in read),
        _names([*row.groups, *(f"{group} (offsets only)" for group in row.watches)]),
        _names(f"{claim}…" for claim in row.claims),
    )


def _names(names: Iterable[str]) -> str:
    return ", ".join(sorted(names))
