"""The sparkline's steps."""

from workers.serving.live.event import Change, Event, StreamId
from workers.serving.live.trends import WINDOW_US, LastChange, Trends

MINUTE_US = 60_000_000


def change(kind: str, at_us: int, /, **record: object) -> Change:
    event = Event(kind, StreamId(1, 0), b"")
    return Change(StreamId(1, 0), kind, "bay-2", at_us, record, event)


def test_only_changes_of_the_number_make_a_step() -> None:
    trends = Trends()
    for minute, people in enumerate([3, 3, 4, 4, 3]):
        trends.take(change("zone", minute * MINUTE_US, people=people))

    assert trends.steps("bay-2") == [(0, 3), (2 * MINUTE_US, 4), (4 * MINUTE_US, 3)]


def test_half_an_hour_is_kept_and_the_step_in_force_at_its_beginning() -> None:
    trends = Trends()
    for minute in range(60):
        trends.take(change("zone", minute * MINUTE_US, people=minute))

    start_us = 59 * MINUTE_US - WINDOW_US
    times_us = [at_us for at_us, _ in trends.steps("bay-2")]
    assert times_us[0] <= start_us < times_us[1]


def test_the_last_event_of_a_zone_is_the_latest_not_the_last_to_arrive() -> None:
    trends = Trends()
    trends.take(change("zone-event", 9, kind="ENTERED", at_us=8))
    trends.take(change("zone-event", 9, kind="LEFT", at_us=3))

    assert trends.last_change("bay-2") == LastChange("ENTERED", 8)
    assert trends.last_change("bay-1") is None
