"""Result of a rebuild, which grows step by step."""

from dataclasses import dataclass, field

from workers.operations.rebuild.bounds import Folded
from workers.operations.rebuild.difference import TableDifference
from workers.operations.rebuild.plan import Plan
from workers.operations.rebuild.records import TopicDifference


@dataclass
class Report:
    """Result of an order.

    Attributes:
        revision: Its number; a comparison's is not used again.
        run_prefix: Prefix of its topics.
        plan: What was folded.
        folded: Result of the fold, by partition.
        topics: Differences, by topic.
        tables: Differences, by table.
        swapped: Whether it is in force now.
        shown: Values that were replaced in Redis.
        not_shown: Why Redis could not be asked; empty when it was.
        before: The newest revision that was in force before it; 0 for none.
    """

    revision: int
    run_prefix: str
    plan: Plan
    folded: dict[int, Folded] = field(default_factory=dict)
    topics: list[TopicDifference] = field(default_factory=list)
    tables: list[TableDifference] = field(default_factory=list)
    swapped: bool = False
    shown: int = 0
    not_shown: str = ""
    before: int = 0

    @property
    def differs(self) -> bool:
        """Whether a row differs."""
        return any(table.any for table in self.tables)
