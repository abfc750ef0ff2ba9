from typing import Any

import pytest

from streams.domain.facts.snapshot import zone_area
from streams.domain.zones.membership import ZoneState, expire
from tests.support.builders.domain import MS, rectangle, zone
from tests.support.reference.views import Sighting, observe, view_of

HOLD_US = 2_000_000


def area(**fields: Any) -> Any:
    return zone_area(zone(**fields))


def play(steps: Any, zone_fields: Any = None, tick_ms: Any = 100) -> Any:
    """Play one person's positions, one per step, and list the events, times in ms.

    A step is `i` inside, `o` outside, `-` not in the frame, `c` coasting inside, ` ` no frame. A
    tick closes after each step.
    """
    where = area(**(zone_fields or {}))
    state, looked, found = ZoneState(), {"cam": 0}, []
    for number, step in enumerate(steps, start=1):
        now_us = number * tick_ms * MS
        people = []
        if step in "ioc":
            x = 700.0 if step == "o" else 200.0
            people = [Sighting(1, x, 300.0, None, None, step != "c", now_us)]
        if step != " ":
            view = view_of("cam", now_us, True, people)
            found += observe(state, where, view, looked["cam"], HOLD_US)
            looked["cam"] = now_us
        found += expire(state, where, now_us, looked, HOLD_US)
    return [
        (
            happening.kind,
            happening.at_us // MS,
            happening.entered_us // MS,
        )
        for happening in found
    ]


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        pytest.param("iiiii", [], id="inside-for-400-ms"),
        pytest.param("iiiiii", [("ENTERED", 100, 100)], id="inside-for-500-ms"),
        pytest.param("iiioiii", [], id="a-step-outside-begins-anew"),
        pytest.param("iii---iii", [("ENTERED", 100, 100)], id="a-miss-does-not"),
        pytest.param("iiccciii", [("ENTERED", 100, 100)], id="nor-does-coasting"),
        pytest.param("iicccccc", [], id="coasting-is-not-standing-inside"),
        pytest.param(
            "iiiiii" + "o" * 14,
            [("ENTERED", 100, 100)],
            id="outside-for-1400-ms-after-last-inside",
        ),
        pytest.param(
            "iiiiii" + "o" * 15,
            [("ENTERED", 100, 100), ("LEFT", 600, 100)],
            id="outside-for-1500-ms",
        ),
        pytest.param(
            "iiiiii" + "-" * 15,
            [("ENTERED", 100, 100), ("LEFT", 600, 100)],
            id="unseen-for-1500-ms",
        ),
        pytest.param(
            "iiiiii" + "o" * 13 + "i" + "o" * 14,
            [("ENTERED", 100, 100)],
            id="back-just-in-time-twice",
        ),
        pytest.param(
            "iiiiii" + "o" * 15 + "i" * 6,
            [("ENTERED", 100, 100), ("LEFT", 600, 100), ("ENTERED", 2200, 2200)],
            id="back-too-late-is-a-new-stay",
        ),
        pytest.param(
            "iiiiii" + " " * 19,
            [("ENTERED", 100, 100)],
            id="nobody-looked-for-1900-ms",
        ),
        pytest.param(
            "iiiiii" + " " * 20,
            [("ENTERED", 100, 100), ("LEFT", 600, 100)],
            id="nobody-looked-for-2000-ms",
        ),
        pytest.param("oooooooo", [], id="never-inside"),
    ],
)
def test_a_stay_starts_and_ends_with_hysteresis(steps: Any, expected: Any) -> None:
    assert play(steps) == expected


@pytest.mark.parametrize(
    ("fields", "steps", "expected"),
    [
        pytest.param(
            {"enter_after_ms": 0, "leave_after_ms": 0},
            "io",
            [("ENTERED", 100, 100), ("LEFT", 100, 100)],
            id="no-hysteresis",
        ),
        pytest.param(
            {"enter_after_ms": 0, "leave_after_ms": 0},
            "i  i",
            [("ENTERED", 100, 100)],
            id="no-hysteresis-does-not-lose-people-between-frames",
        ),
        pytest.param(
            {"leave_after_ms": 5000},
            "iiiiii" + " " * 40 + "i",
            [("ENTERED", 100, 100)],
            id="patience-beyond-the-hold",
        ),
    ],
)
def test_hysteresis_is_the_zones_own(fields: Any, steps: Any, expected: Any) -> None:
    assert play(steps, fields) == expected


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        pytest.param("i" * 11, [], id="as-long-as-the-limit"),
        pytest.param("i" * 12, [("DWELL_EXCEEDED", 1100, 100)], id="longer-than-the-limit"),
        pytest.param("i" * 40, [("DWELL_EXCEEDED", 1100, 100)], id="said-once"),
        pytest.param(
            "i" * 8 + "o" * 7 + "i",
            [("DWELL_EXCEEDED", 1100, 100)],
            id="seen-again-after-the-limit-passed",
        ),
        pytest.param(
            "i" * 8 + "o" * 20,
            [("LEFT", 800, 100)],
            id="left-before-the-limit-passed",
        ),
        pytest.param(
            "i" * 12 + "o" * 15 + "i" * 12,
            [
                ("DWELL_EXCEEDED", 1100, 100),
                ("LEFT", 1200, 100),
                ("ENTERED", 2800, 2800),
                ("DWELL_EXCEEDED", 3800, 2800),
            ],
            id="once-per-stay",
        ),
    ],
)
def test_a_stay_beyond_the_limit_is_reported_once_at_the_moment_it_passed(
    steps: Any, expected: Any
) -> None:
    found = play(steps, {"dwell_limit_s": 1.0})

    assert found[0] == ("ENTERED", 100, 100)
    assert found[1:] == expected


def test_a_zone_on_the_floor_counts_by_metres() -> None:
    where = area(space="FLOOR_M", polygon=rectangle(0, 0, 2, 2), enter_after_ms=0)
    state = ZoneState()
    people = [
        Sighting(1, 200.0, 300.0, 1.0, 1.0, True, 100),
        Sighting(2, 1.0, 1.0, 5.0, 1.0, True, 100),
        Sighting(3, 1.0, 1.0, None, None, True, 100),
    ]

    found = observe(state, where, view_of("cam", 100, True, people), 0, HOLD_US)

    assert [happening.person_id for happening in found] == ["cam:1"]
