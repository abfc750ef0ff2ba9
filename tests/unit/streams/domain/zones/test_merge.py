"""A merge of two people corrects what was said about the later one, and nothing else."""

from streams.domain.zones.membership import Happening, Stay, ZoneState, forget, merge, note_seq

S = 1_000_000


def stay(
    entered_s: int, seq: int, *, inside_s: int = 20, counted: bool = True, dwell_seq: int = 0
) -> Stay:
    return Stay(
        "",
        entered_s * S,
        inside_s * S,
        counted=counted,
        dwell_reported=dwell_seq > 0,
        entered_seq=seq,
        dwell_seq=dwell_seq,
        dwell_at_us=(entered_s + 5) * S if dwell_seq else 0,
    )


def ended(entered_s: int, seq: int, *, inside_s: int, left_seq: int) -> Stay:
    over = stay(entered_s, seq, inside_s=inside_s)
    over.left_seq = left_seq
    return over


def kinds_of(happenings: list[Happening]) -> list[tuple[str, str, int, int | None]]:
    return [(one.kind, one.person_id, one.entered_us // S, one.corrects) for one in happenings]


def test_a_zone_without_the_later_person_stays_as_it_is() -> None:
    zone = ZoneState({"f:1": stay(3, 7)})

    assert merge(zone, "f:1", "f:2") == []
    assert zone == ZoneState({"f:1": stay(3, 7)})


def test_the_stay_of_the_later_person_becomes_that_of_the_earlier() -> None:
    zone = ZoneState({"f:2": stay(3, 7, dwell_seq=9)})

    happenings = merge(zone, "f:1", "f:2")

    assert kinds_of(happenings) == [("ENTERED", "f:1", 3, 7), ("DWELL_EXCEEDED", "f:1", 3, 9)]
    assert [one.at_us for one in happenings] == [3 * S, 8 * S]
    assert zone.stays == {"f:1": stay(3, 7, dwell_seq=9)}


def test_an_entry_that_was_counted_twice_is_withdrawn() -> None:
    zone = ZoneState({"f:1": stay(3, 7, inside_s=10), "f:2": stay(4, 8, inside_s=12)})

    assert kinds_of(merge(zone, "f:1", "f:2")) == [("WITHDRAWN", "f:2", 4, 8)]
    assert zone.stays == {"f:1": stay(3, 7, inside_s=12)}


def test_a_stay_began_when_the_first_of_the_two_entered() -> None:
    zone = ZoneState({"f:1": stay(6, 8), "f:2": stay(3, 7)})

    happenings = merge(zone, "f:1", "f:2")
    for number, one in enumerate(happenings, start=20):
        note_seq(zone, one, number)

    assert kinds_of(happenings) == [("WITHDRAWN", "f:1", 6, 8), ("ENTERED", "f:1", 3, 7)]
    assert zone.stays == {"f:1": stay(3, 21)}


def test_a_person_who_had_not_entered_yet_takes_nothing_back() -> None:
    zone = ZoneState({"f:1": stay(3, 7), "f:2": stay(4, 0, counted=False)})

    assert merge(zone, "f:1", "f:2") == []
    assert list(zone.stays) == ["f:1"]


def test_an_earlier_person_who_had_not_entered_yet_takes_the_stay_over() -> None:
    zone = ZoneState({"f:1": stay(9, 0, counted=False, inside_s=21), "f:2": stay(4, 8)})

    assert kinds_of(merge(zone, "f:1", "f:2")) == [("ENTERED", "f:1", 4, 8)]
    assert zone.stays == {"f:1": stay(4, 8, inside_s=21)}


def test_an_earlier_person_had_not_left_where_the_later_one_was_there_meanwhile() -> None:
    zone = ZoneState({"f:2": stay(4, 8)}, {"f:1": ended(3, 7, inside_s=12, left_seq=9)})

    happenings = merge(zone, "f:1", "f:2")

    assert kinds_of(happenings) == [("WITHDRAWN", "f:1", 3, 9), ("WITHDRAWN", "f:2", 4, 8)]
    assert zone == ZoneState({"f:1": stay(3, 7, inside_s=20)})


def test_a_stay_that_began_after_the_earlier_person_had_left_is_another_one() -> None:
    over = ended(3, 7, inside_s=12, left_seq=9)
    zone = ZoneState({"f:2": stay(13, 10)}, {"f:1": over})

    assert kinds_of(merge(zone, "f:1", "f:2")) == [("ENTERED", "f:1", 13, 10)]
    assert zone == ZoneState({"f:1": stay(13, 10)}, {"f:1": over})


def test_a_stay_of_the_later_person_that_is_over_was_part_of_the_earlier_ones() -> None:
    over = ended(4, 8, inside_s=12, left_seq=9)
    for zone in (
        ZoneState({"f:1": stay(3, 7)}, {"f:2": over}),
        ZoneState({}, {"f:1": ended(3, 7, inside_s=14, left_seq=10), "f:2": over}),
    ):
        happenings = merge(zone, "f:1", "f:2")

        assert sorted(str(one.corrects) for one in happenings) == ["8", "9"]
        assert {one.kind for one in happenings} == {"WITHDRAWN"}
        over.left_seq = 9


def test_the_seq_of_an_end_is_remembered_for_a_while() -> None:
    zone = ZoneState({}, {"f:1": ended(3, 7, inside_s=12, left_seq=0)})
    note_seq(zone, Happening("LEFT", 12 * S, "f:1", "", 3 * S), 9)

    forget(zone, 12 * S - 1)
    assert zone.ended["f:1"].left_seq == 9
    forget(zone, 12 * S)
    assert zone.ended == {}
