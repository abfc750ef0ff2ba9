"""Roles as facts: who may stand in, whose places are urgent, and who is no staff."""

from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.domain.staffing.roles import check_role, roles_of
from streams.domain.staffing.status import NOT_STAFF
from tests.support.builders.domain import role

NAMES = st.sampled_from(["nurse", "assistant", "doctor", "patient", "visitor"])
REGISTERED = st.dictionaries(
    NAMES,
    st.tuples(st.lists(NAMES, max_size=4), st.one_of(st.none(), st.integers(1, 3)), st.booleans()),
).map(
    lambda found: {
        name: role(name, *covers, priority=priority, is_staff=is_staff)
        for name, (covers, priority, is_staff) in found.items()
    }
)


def test_a_nurse_covers_a_care_assistant_and_not_the_reverse() -> None:
    found = roles_of({"nurse": role("nurse", "assistant"), "assistant": role("assistant")})

    assert found.covers == {"nurse": ["assistant"]}


def test_who_covers_a_role_does_not_cover_those_that_it_covers() -> None:
    found = roles_of({"doctor": role("doctor", "nurse"), "nurse": role("nurse", "assistant")})

    assert found.covers == {"doctor": ["nurse"], "nurse": ["assistant"]}


def test_roles_may_cover_each_other_and_a_role_itself_is_no_other() -> None:
    found = roles_of({"a": role("a", "b", "a"), "b": role("b", "a")})

    assert found.covers == {"a": ["b"], "b": ["a"]}


def test_the_most_urgent_role_is_first_and_those_without_priority_are_last() -> None:
    registered = [role("b", priority=2), role("c"), role("a", priority=2), role("z", priority=1)]

    assert roles_of({one["role"]: one for one in registered}).priority == ("z", "a", "b")


def test_patients_and_visitors_are_no_staff_unless_registered_as_staff() -> None:
    registered = {"visitor": role("visitor"), "relative": role("relative", is_staff=False)}

    assert roles_of({}).not_staff == NOT_STAFF
    assert roles_of(registered).not_staff == {"patient", "relative"}


@given(REGISTERED, st.randoms())
def test_nobody_but_staff_covers_or_has_priority_whatever_the_order_of_roles(
    registered: dict[str, Any], shuffled: Random
) -> None:
    found = roles_of(registered)
    names = [*registered]
    shuffled.shuffle(names)

    assert found == roles_of({name: registered[name] for name in names})
    assert hash(found.not_staff) is not None
    assert not found.not_staff & {*found.covers, *found.priority}
    for name, others in found.covers.items():
        assert not {name, *found.not_staff} & {*others}
        assert others == sorted({*others})
        assert {*others} <= {*registered[name]["covers"]}


def test_a_priority_below_one_is_refused() -> None:
    with pytest.raises(ValueError, match="priority is 0, below 1"):
        check_role(role("nurse", priority=0))
