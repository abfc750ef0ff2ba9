"""Dead letters of the last hour are counted by stage and reason, and older ones are not."""

from workers.serving.live.recent_dead_letters import RecentDeadLetters

NOW_US = 1_700_000_000_000_000
MINUTE_US = 60_000_000


def counted(recent: RecentDeadLetters, now_us: int = NOW_US) -> list[tuple[str, str, int]] | None:
    found = recent.counts(now_us)
    return None if found is None else [(one.stage, one.reason, one.number) for one in found]


def test_the_most_frequent_come_first_with_the_time_of_the_last() -> None:
    recent = RecentDeadLetters()
    recent.take("sink-timescale", "database_refused", NOW_US - 5 * MINUTE_US)
    for age in (30, 20, 10):
        recent.take("infer", "corrupt_jpeg", NOW_US - age * MINUTE_US)
    recent.current = True

    assert counted(recent) == [
        ("infer", "corrupt_jpeg", 3),
        ("sink-timescale", "database_refused", 1),
    ]
    assert [one.last_us for one in recent.counts(NOW_US) or []] == [
        NOW_US - 10 * MINUTE_US,
        NOW_US - 5 * MINUTE_US,
    ]


def test_a_dead_letter_is_forgotten_after_an_hour() -> None:
    recent = RecentDeadLetters()
    recent.take("infer", "corrupt_jpeg", NOW_US)
    recent.current = True

    assert counted(recent, NOW_US + 59 * MINUTE_US) == [("infer", "corrupt_jpeg", 1)]
    assert counted(recent, NOW_US + 62 * MINUTE_US) == []
    assert counted(recent, NOW_US) == []  # it does not come back


def test_there_is_no_count_before_all_were_read_or_while_they_are_read_again() -> None:
    recent = RecentDeadLetters()
    recent.take("infer", "corrupt_jpeg", NOW_US)
    assert counted(recent) is None

    recent.current = True
    recent.clear()

    assert counted(recent) is None
