"""The resources of the registry: one row for each kind of fact that people edit."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from schemas.topics import Topic
from workers.access.rights import Right
from workers.registry.row import Row
from workers.registry.rows import ROWS

STAFFING: Final = frozenset({"zone", "shift", "requirement", "badge", "census", "rule"})
"""Kinds that `Right.EDIT_STAFFING` edits; the others need `Right.EDIT_REGISTRY`."""

_PLURALS: Final[Mapping[str, str]] = {"staff": "staff", "census": "census"}


@dataclass(frozen=True, slots=True)
class Resource:
    """One kind of fact, as a resource of the API.

    Attributes:
        kind: The kind, such as `zone`.
        row: How a request writes one.
    """

    kind: str
    row: type[Row]

    @property
    def plural(self) -> str:
        """The collection in a path: `zones`."""
        return _PLURALS.get(self.kind, f"{self.kind}s")

    @property
    def noun(self) -> str:
        """What one of it is, for people: `zone`."""
        return "member of staff" if self.kind == "staff" else self.kind

    @property
    def parameter(self) -> str:
        """The path parameter that holds the id: `zone_id`."""
        return self.row.identity()

    @property
    def topic(self) -> Topic:
        """Topic of the facts."""
        return self.row.topic

    @property
    def right(self) -> Right:
        """The right to edit it."""
        return right_to_edit(self.kind)


def right_to_edit(kind: str) -> Right:
    """The right that an edit of a kind needs, in the units of the fact."""
    return Right.EDIT_STAFFING if kind in STAFFING else Right.EDIT_REGISTRY


RESOURCES: Final = tuple(Resource(kind, row) for kind, row in ROWS.items())
"""Every resource, in the order in which an import may refer to what is before."""
