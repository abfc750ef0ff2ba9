"""How an alert stands, from what was decided about it and what people did."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tests.support.builders.alert_actions import acted, decided
from workers.notifier.standing import TIERS, State, standing_of

MINUTE_US = 60_000_000
OPENED = decided(0, "OPENED", "BREACH")


def state(*decisions: Any, actions: Any = (), now_s: float = 100.0) -> str:
    return standing_of(decisions or [OPENED], actions, round(now_s * 1e6)).state.value


def test_an_alert_is_open_until_somebody_acts() -> None:
    assert state() == "open"
    assert state(actions=[acted("DELIVERED"), acted("ESCALATED")]) == "open"
    assert state(actions=[acted("ACKNOWLEDGED")]) == "acknowledged"
    assert state(actions=[acted("RESOLVED", reason="DONE")]) == "resolved"


def test_what_somebody_did_last_counts() -> None:
    one, two = acted("ACKNOWLEDGED", at_s=10), acted("RESOLVED", at_s=20)

    assert state(actions=[one, two]) == state(actions=[two, one]) == "resolved"
    assert state(actions=[two, acted("ACKNOWLEDGED", at_s=30)]) == "acknowledged"


def test_an_alert_whose_breach_is_over_is_closed_whatever_people_did() -> None:
    closed = decided(50, "CLOSED", "CLEARED")

    assert state(OPENED, closed) == "closed"
    found = standing_of([OPENED, closed], [acted("RESOLVED", at_s=10)], 10**8)
    assert found.state is State.CLOSED
    assert found.act is not None
    assert found.act["action"] == "RESOLVED"


def test_a_snooze_ends_at_its_time() -> None:
    snoozed = acted("SNOOZED", at_s=10, until_us=300 * 1_000_000)

    assert state(actions=[snoozed], now_s=299.9) == "snoozed"
    assert state(actions=[snoozed], now_s=300) == "open"
    assert standing_of([OPENED], [snoozed], 20_000_000).changes_us == 300_000_000


def test_a_higher_tier_undoes_what_was_done_and_a_lower_one_does_not() -> None:
    for action in ("ACKNOWLEDGED", "SNOOZED", "RESOLVED"):
        done = acted(action, at_s=10, tier="WARNING", until_us=10**9)

        assert state(OPENED, decided(20, cause="OTHER_RULE", tier="PAGE"), actions=[done]) == "open"
        lower = decided(20, cause="RULE_EDITED", tier="NOTICE")
        assert state(OPENED, lower, actions=[done]) != "open"


def test_a_resolved_alert_that_changes_in_what_matters_is_open_again() -> None:
    done = acted("RESOLVED", at_s=10, reason="DONE")

    for cause in ("WORSE", "OTHER_ROLE", "OTHER_RULE"):
        assert state(OPENED, decided(20, cause=cause), actions=[done]) == "open"
    for cause in ("OTHER_DOUBTS", "RULE_EDITED"):
        assert state(OPENED, decided(20, cause=cause), actions=[done]) == "resolved"
    seen = acted("ACKNOWLEDGED", at_s=10)
    assert state(OPENED, decided(20, cause="WORSE"), actions=[seen]) == "acknowledged"


def test_an_alert_that_was_resolved_while_unsure_is_open_again_once_it_pages() -> None:
    unsure = decided(0, "OPENED", "BREACH", pages=False)
    done = acted("RESOLVED", at_s=10)

    sure = decided(20, cause="OTHER_DOUBTS", pages=True)
    assert state(unsure, sure, actions=[done]) == "open"
    still = decided(20, cause="OTHER_DOUBTS", pages=False)
    assert state(unsure, still, actions=[done]) == "resolved"


def test_who_acted_on_what_was_shown_before_did_not_know_what_came_meanwhile() -> None:
    worse = decided(20, cause="WORSE")
    late = acted("RESOLVED", at_s=30, decided_us=OPENED.decided_us)

    assert state(OPENED, worse, actions=[late]) == "open"
    assert state(OPENED, worse, actions=[acted("RESOLVED", at_s=30)]) == "resolved"


CHANGES = st.lists(
    st.builds(
        decided,
        st.integers(1, 200),
        cause=st.sampled_from(["WORSE", "OTHER_DOUBTS", "OTHER_RULE", "RULE_EDITED"]),
        tier=st.sampled_from(TIERS[1:]),
        pages=st.booleans(),
    ),
    max_size=5,
    unique_by=lambda one: one.decided_us,
)
ACTIONS = st.lists(
    st.builds(
        acted,
        st.sampled_from(["ACKNOWLEDGED", "SNOOZED", "RESOLVED", "DELIVERED", "ESCALATED"]),
        at_s=st.integers(1, 200),
        tier=st.sampled_from(TIERS[1:]),
        until_us=st.integers(1, 400).map(lambda s: s * 1_000_000),
    ),
    max_size=5,
)


@given(CHANGES, ACTIONS, st.integers(0, 500), st.randoms())
def test_neither_order_nor_repeats_matter(
    changes: list[Any], actions: list[Any], now_s: int, random: Any
) -> None:
    decisions = [OPENED, *changes]
    expected = standing_of(decisions, actions, now_s * 1_000_000)
    random.shuffle(decisions)
    random.shuffle(actions)

    assert standing_of(decisions * 2, actions * 2, now_s * 1_000_000) == expected


@given(CHANGES, ACTIONS, st.integers(0, 500))
def test_a_standing_holds_until_it_says_that_it_changes(
    changes: list[Any], actions: list[Any], now_s: int
) -> None:
    found = standing_of([OPENED, *changes], actions, now_s * 1_000_000)

    until_us = found.changes_us or 10**12
    assert until_us > now_s * 1_000_000
    assert standing_of([OPENED, *changes], actions, until_us - 1) == found
    if found.changes_us is not None:
        assert standing_of([OPENED, *changes], actions, until_us).state is State.OPEN
