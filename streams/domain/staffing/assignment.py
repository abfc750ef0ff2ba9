"""Which people fill which required places, when some roles may stand in for others.

A nurse may cover a care assistant, and not the reverse: who may cover whom is data. Filling the
places of a zone is then an assignment of people to places, and it is solved exactly. Roles are
people of one kind, so it is a flow between a handful of roles, whatever the number of people.

Several assignments can leave as few places empty. The one that is reported is defined by these
aims, each of which counts only between assignments that are equal in those before it:

1. fewest empty places in all;
2. fewest empty places of the first role, then of the second, and so on: a role of higher priority
   comes first, and roles of none come after them by name;
3. fewest people who stand in for another role;
4. fewest of them from the first role, then from the second, and so on;
5. fewest people standing in for the first role, then for the second, and so on.

Aims 1 and 2 agree with each other: the places that can be filled together are a transversal
matroid, so that filling the first role as far as possible never costs a place in all.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from itertools import pairwise
from typing import Final, NamedTuple

Covers = Mapping[str, Sequence[str]]
"""By role, the other roles that it may cover. It says nothing of a role that covers those."""

_NOBODY: Final[Sequence[str]] = ()


class Assignment(NamedTuple):
    """What an assignment of people to places gives, by role; roles with 0 may be left out.

    Attributes:
        empty: Places of the role that nobody fills.
        standing_in: People of other roles who fill places of the role.
        lent: People of the role who fill places of other roles.
        pairs: `(role, place, people)`: who stands in for whom, in order of priority of the place.
    """

    empty: dict[str, int]
    standing_in: dict[str, int]
    lent: dict[str, int]
    pairs: tuple[tuple[str, str, int], ...] = ()


def ordered(roles: Sequence[str], priority: Sequence[str]) -> list[str]:
    """Roles in order of priority; those without one follow by name.

    >>> ordered(["porter", "nurse", "doctor"], ["nurse"])
    ['nurse', 'doctor', 'porter']
    """
    rank = {role: index for index, role in reversed(list(enumerate(priority)))}
    return sorted(set(roles), key=lambda role: (rank.get(role, len(priority)), role))


def assign(
    people: Mapping[str, int],
    required: Mapping[str, int],
    covers: Covers,
    priority: Sequence[str] = (),
) -> Assignment:
    """Fill required places with people.

    Args:
        people: People by role; "" is nobody's role and is ignored.
        required: Places by role.
        covers: By role, the other roles that it may cover.
        priority: Roles whose places are filled first, the most urgent first.
    """
    empty: dict[str, int] = {}
    helped = False
    for role, count in required.items():
        missing = count - people.get(role, 0)
        if missing > 0:
            empty[role] = missing
    if empty and covers:
        helped = any(
            people.get(role, 0) and any(required.get(one, 0) for one in covers[role])
            for role in covers
            if role
        )
    if not helped:
        return Assignment(empty, {}, {})
    return _solved(
        tuple(people.items()),
        tuple(required.items()),
        tuple((role, tuple(covered)) for role, covered in covers.items()),
        tuple(priority),
    )


_Counts = tuple[tuple[str, int], ...]


@lru_cache(maxsize=1024)
def _solved(
    people: _Counts,
    required: _Counts,
    covers: tuple[tuple[str, tuple[str, ...]], ...],
    priority: tuple[str, ...],
) -> Assignment:
    """The assignment; a zone asks for the same one at most ticks."""
    return _Flow(dict(people), dict(required), dict(covers), priority).assignment()


class _Flow:
    """A flow of least cost from roles of people (rows) to roles of places (columns).

    Each augmenting path is a cheapest one, so the flow has the least cost of all that fill as many
    places of each role. The cost of somebody who stands in is a number in digits of a base that no
    sum reaches: one digit for aim 3, one for each role for aim 4, one for each for aim 5.
    """

    def __init__(
        self,
        people: Mapping[str, int],
        required: Mapping[str, int],
        covers: Covers,
        priority: Sequence[str],
    ) -> None:
        have = [role for role, count in people.items() if role and count > 0]
        need = [role for role, count in required.items() if role and count > 0]
        self.roles = ordered([*have, *need], priority)
        count = len(self.roles)
        self.free = [max(0, people.get(role, 0)) for role in self.roles]
        self.empty = [max(0, required.get(role, 0)) for role in self.roles]
        index = {role: number for number, role in enumerate(self.roles)}
        self.columns = [
            sorted({index[one] for one in (role, *covers.get(role, _NOBODY)) if one in index})
            for role in self.roles
        ]
        base = sum(self.free) + 1
        self.cost = [
            [
                0
                if a == b
                else base ** (2 * count) + base ** (2 * count - 1 - a) + base ** (count - 1 - b)
                for b in range(count)
            ]
            for a in range(count)
        ]
        self.flow = [[0] * count for _ in self.roles]

    def assignment(self) -> Assignment:
        for column in range(len(self.roles)):
            while self.empty[column] and self._augment(column):
                pass
        roles, flow = self.roles, self.flow
        return Assignment(
            {role: self.empty[one] for one, role in enumerate(roles) if self.empty[one]},
            {
                role: count
                for b, role in enumerate(roles)
                if (count := sum(row[b] for a, row in enumerate(flow) if a != b))
            },
            {
                role: count
                for a, role in enumerate(roles)
                if (count := sum(each for b, each in enumerate(flow[a]) if a != b))
            },
            tuple(
                (one, other, flow[a][b])
                for b, other in enumerate(roles)
                for a, one in enumerate(roles)
                if a != b and flow[a][b]
            ),
        )

    def _augment(self, target: int) -> bool:
        """Fill places of one role by the cheapest way; False where there is none."""
        path = self._path(target)
        if not path:
            return False
        amount = min(self.empty[target], self.free[path[-1][0]])
        for (row, _), (_, column) in pairwise(path):
            amount = min(amount, self.flow[row][column])
        for (row, _), (_, column) in pairwise(path):
            self.flow[row][column] -= amount
        for row, column in path:
            self.flow[row][column] += amount
        self.free[path[-1][0]] -= amount
        self.empty[target] -= amount
        return True

    def _path(self, target: int) -> list[tuple[int, int]]:
        """Who fills what instead, from the target to people who are free; empty for no way.

        Each row fills its column; all but the last leave the column of the next for it.
        """
        came_to, came_from = self._ways()
        if target not in came_to:
            return []
        path = [(came_to[target], target)]
        while path[-1][0] in came_from:
            column = came_from[path[-1][0]]
            path.append((came_to[column], column))
        return path

    def _ways(self) -> tuple[dict[int, int], dict[int, int]]:
        """The cheapest ways from people who are free, by Bellman and Ford.

        Returns:
            The row before each column, and the column before each row that is not free.
        """
        to_row = {a: 0 for a, count in enumerate(self.free) if count}
        to_column: dict[int, int] = {}
        came_to: dict[int, int] = {}
        came_from: dict[int, int] = {}
        rows = list(to_row)
        while rows:
            columns = []
            for a in rows:
                for b in self.columns[a]:
                    cost = to_row[a] + self.cost[a][b]
                    if b not in to_column or cost < to_column[b]:
                        to_column[b], came_to[b] = cost, a
                        columns.append(b)
            rows = []
            for b in sorted({*columns}):
                for a, flow in enumerate(self.flow):
                    if not flow[b]:
                        continue
                    cost = to_column[b] - self.cost[a][b]
                    if a not in to_row or cost < to_row[a]:
                        to_row[a], came_from[a] = cost, b
                        rows.append(a)
            rows = sorted({*rows})
        return came_to, came_from
