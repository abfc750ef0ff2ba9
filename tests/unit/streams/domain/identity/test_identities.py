"""Who continues whom: merges, splits, people seen again, and people who come out of a passage."""

from streams.domain.fusion.fusion import FusedPerson
from streams.domain.identity.identities import FloorLink, Identities, follow
from streams.domain.identity.passage import Passage

S = 1_000_000


def person(
    number: int, x_m: float, y_m: float = 0.0, *, first_s: float = 0.0, cameras: str = "a"
) -> FusedPerson:
    return FusedPerson(
        number,
        x_m,
        y_m,
        0.05,
        1.7,
        tuple(cameras),
        boxes=(0,) * len(cameras),
        first_us=round(first_s * S),
    )


class Floor:
    """A floor whose people the test moves."""

    def __init__(self, *passages: Passage, in_view: bool = True) -> None:
        self.identities = Identities()
        self._passages = passages
        self._in_view = in_view

    def at(
        self, second: float, *people: FusedPerson, believed: set[int] | None = None
    ) -> list[FloorLink]:
        numbers = {one.number for one in people} if believed is None else believed
        return follow(
            self.identities,
            round(second * S),
            people,
            numbers,
            self._passages,
            lambda _x, _y, _height: self._in_view,
        )

    @property
    def numbers(self) -> list[int]:
        return sorted(self.identities.people)


def kinds(links: list[FloorLink]) -> list[tuple[str, int, int]]:
    return [(link.kind, link.earlier, link.later) for link in links]


def test_one_of_two_side_by_side_who_is_given_up_was_the_same_person() -> None:
    floor = Floor()
    floor.at(10, person(1, 2.0))
    floor.at(11, person(1, 2.0), person(2, 2.5, first_s=11))

    [link] = floor.at(12, person(1, 2.1))

    assert kinds([link]) == [("MERGE", 1, 2)]
    assert link.at_us == 11 * S
    assert 0.5 < link.score < 1.0
    assert floor.numbers == [1]


def test_a_merge_keeps_the_older_number_whichever_is_given_up() -> None:
    floor = Floor()
    floor.at(10, person(1, 2.0))
    floor.at(11, person(1, 2.0), person(2, 2.5, first_s=11))

    links = floor.at(12, person(2, 2.4, first_s=11))

    assert kinds(links) == [("MERGE", 1, 2)]
    assert floor.numbers == [1]
    assert floor.at(13, person(2, 2.6, first_s=11)) == []
    assert floor.numbers == [1]
    assert floor.identities.people[1].x_m == 2.6


def test_who_may_only_be_hidden_is_merged_when_no_hypothesis_has_them_any_more() -> None:
    floor = Floor()
    floor.at(10, person(1, 2.0))
    floor.at(11, person(1, 2.0), person(2, 2.5, first_s=11))

    assert floor.at(12, person(1, 2.1), believed={1, 2}) == []
    assert floor.at(14, person(1, 3.1), believed={1, 2}) == []
    assert floor.numbers == [1]
    [link] = floor.at(17, person(1, 6.1), believed={1})

    assert kinds([link]) == [("MERGE", 1, 2)]
    assert link.at_us == 11 * S
    assert floor.identities.left == []
    assert floor.at(18, person(1, 6.1)) == []


def test_a_hidden_older_one_gives_their_number_to_the_twin_who_stayed() -> None:
    floor = Floor()
    floor.at(10, person(1, 2.0))
    floor.at(11, person(1, 2.0), person(2, 2.5, first_s=11))
    floor.at(14, person(2, 2.5, first_s=11), believed={1, 2})

    links = floor.at(17, person(2, 2.5, first_s=11), believed={2})

    assert kinds(links) == [("MERGE", 1, 2)]
    assert floor.numbers == [1]
    assert floor.at(18, person(2, 2.6, first_s=11)) == []
    assert floor.numbers == [1]


def test_a_hidden_twin_who_comes_back_and_goes_away_is_one_more() -> None:
    floor = Floor()
    floor.at(10, person(1, 2.0, first_s=5))
    floor.at(11, person(1, 2.0, first_s=5), person(2, 2.4, first_s=10.8))
    floor.at(14, person(1, 2.0, first_s=5), believed={1, 2})
    floor.at(15, person(1, 2.0, first_s=5), person(2, 2.4, first_s=10.8))

    links = floor.at(16, person(1, 2.0, first_s=5), person(2, 4.0, first_s=10.8))

    assert kinds(links) == [("SPLIT", 1, 2)]


def test_two_who_were_apart_are_never_one() -> None:
    floor = Floor()
    floor.at(10, person(1, 2.0), person(2, 2.5))
    floor.at(11, person(1, 2.0), person(2, 4.5))
    floor.at(12, person(1, 2.0), person(2, 2.5))

    assert kinds(floor.at(13, person(1, 2.0))) == []
    assert [left.number for left in floor.identities.left] == [2]


def test_a_person_who_appears_beside_another_and_goes_away_is_one_more() -> None:
    floor = Floor()
    floor.at(10, person(1, 2.0, first_s=5))
    floor.at(11, person(1, 2.0, first_s=5), person(2, 2.4, first_s=10.8))

    links = floor.at(12, person(1, 2.0, first_s=5), person(2, 4.0, first_s=10.8))

    assert kinds(links) == [("SPLIT", 1, 2)]
    assert floor.at(13, person(1, 2.0, first_s=5), person(2, 5.0, first_s=10.8)) == []


def test_two_who_came_together_do_not_split() -> None:
    floor = Floor()
    floor.at(10, person(1, 2.0, first_s=9.0), person(2, 2.4, first_s=9.5))

    assert floor.at(11, person(1, 2.0, first_s=9.0), person(2, 4.0, first_s=9.5)) == []


def test_a_person_lost_in_view_is_seen_again() -> None:
    floor = Floor()
    floor.at(10, person(1, 2.0))
    floor.at(12)

    [link] = floor.at(14, person(2, 3.0, first_s=13.5))

    assert kinds([link]) == [("REIDENTIFICATION", 1, 2)]
    assert link.gap_us == 3_500_000
    assert link.distance_m == 1.0


def test_who_walked_out_of_view_is_not_taken_for_who_comes_in() -> None:
    floor = Floor(in_view=False)
    floor.at(10, person(1, 2.0))
    floor.at(12)

    assert floor.at(14, person(2, 2.0, first_s=13.5)) == []


def test_of_two_who_were_lost_nearby_neither_is_taken_for_the_other() -> None:
    floor = Floor()
    floor.at(10, person(1, 2.0), person(2, 5.0))
    floor.at(12)

    assert floor.at(14, person(3, 3.5, first_s=13.5)) == []


def test_nobody_is_continued_twice() -> None:
    floor = Floor()
    floor.at(10, person(1, 2.0))
    floor.at(12)
    floor.at(14, person(2, 2.5, first_s=13.5))

    assert floor.at(15, person(2, 2.5, first_s=13.5), person(3, 1.0, first_s=14.5)) == []


DOOR = Passage("corridor", "a", "b", 0.0, 0.0, 20.0, 0.0, 1.0, 5.0, 30.0)


def test_who_comes_out_of_a_passage_continues_whoever_went_in_first() -> None:
    floor = Floor(DOOR, in_view=False)
    floor.at(8, person(1, 0.2), person(2, 5.0))
    floor.at(10, person(2, 0.3))
    floor.at(13)

    links = floor.at(20, person(3, 19.8, first_s=19.5, cameras="b"))
    later = floor.at(
        23, person(3, 17.0, first_s=19.5, cameras="b"), person(4, 20.1, first_s=22, cameras="b")
    )

    assert kinds(links) == [("HAND_OVER", 1, 3)]
    assert links[0].score == 0.5  # either of two
    assert links[0].passage == "corridor"
    assert kinds(later) == [("HAND_OVER", 2, 4)]
    assert later[0].score == 1.0


def test_who_comes_out_too_soon_or_elsewhere_or_before_another_camera_is_somebody_else() -> None:
    for second, x_m, camera_id in (
        (12, 20.0, "b"),
        (20, 22.0, "b"),
        (20, 20.0, "c"),
        (60, 20.0, "b"),
    ):
        floor = Floor(DOOR, in_view=False)
        floor.at(10, person(1, 0.2))
        floor.at(11.5)

        assert floor.at(second, person(2, x_m, first_s=second, cameras=camera_id)) == []


def test_a_person_who_is_believed_in_again_has_the_number_of_before() -> None:
    floor = Floor()
    floor.at(10, person(1, 2.0))
    floor.at(13, believed={1})
    assert floor.numbers == []

    assert floor.at(14, person(1, 2.5)) == []
    assert floor.numbers == [1]
    assert floor.identities.left == []


def test_people_who_are_gone_are_forgotten_in_the_end() -> None:
    floor = Floor()
    floor.at(10, person(1, 2.0))
    floor.at(13)
    assert len(floor.identities.left) == 1

    floor.at(40)

    assert floor.identities.left == []
