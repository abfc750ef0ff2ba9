"""The compiled forms of a frame's geometry against the plain ones."""

from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.domain.camera.feet import BODY
from streams.domain.camera.people import NOWHERE, locate
from streams.domain.camera.picture import UNKNOWN
from streams.domain.tracking.tables import TRACK_UPDATE, TrackState
from streams.domain.zones.area import zone_area
from streams.domain.zones.standing import INSIDE, OUTSIDE, UNSEEN, table_of, who_stands
from tests.support.builders.domain import rectangle, zone
from tests.support.reference.geometry import inside
from tests.support.reference.projection import project, to_millimetre
from tests.support.reference.views import Sighting, view_of

SIXTEENTHS = st.integers(-40_000, 40_000).map(lambda value: value / 16)
NOBODY = np.empty(0, BODY)
NUMBERS = st.floats(-50, 50) | st.sampled_from([0.0, 1.0, 1e-12, 1e12])


def update(x: float, y: float, state: int, variance: float) -> Any:
    out = np.zeros(1, TRACK_UPDATE)
    out["state"] = state
    out["x_min"], out["x_max"], out["y_max"] = x - 20.0, x + 20.0625, y
    out["foot_var"] = variance
    return out


def output(*updates: Any) -> Any:
    return np.concatenate([np.empty(0, TRACK_UPDATE), *updates])


@settings(deadline=None)
@given(
    st.lists(st.tuples(SIXTEENTHS, SIXTEENTHS, st.integers(0, 3), st.floats(0, 1e6)), max_size=9),
    st.lists(NUMBERS, min_size=9, max_size=9),
)
def test_a_table_of_tracks_is_projected_like_each_track(
    tracks: list[tuple[float, float, int, float]], homography: list[float]
) -> None:
    out = output(*(update(*track) for track in tracks))

    positions, people, _, links = locate(out, np.array(homography), UNKNOWN, NOBODY)

    confirmed = []
    for values, position in zip(out, positions, strict=True):
        foot_x = (values["x_min"] + values["x_max"]) / 2.0
        point = None
        if values["state"] != TrackState.ENDED:
            point = project(homography, foot_x, values["y_max"], values["foot_var"])
        if point is None:
            assert np.isnan(position.tolist()).all()
        else:
            assert [str(value) for value in position.item()] == [
                str(to_millimetre(value)) for value in point
            ]
        if values["state"] == TrackState.CONFIRMED:
            confirmed.append((values, position))
    assert links == 0
    assert len(people) == len(confirmed)
    for person, (values, position) in zip(people, confirmed, strict=True):
        both = values["x_min"] + values["x_max"]
        assert str(float(person["foot_x_px"])) == str(round(float(both) * 8.0) / 16.0)
        assert person["foot_y_px"] == values["y_max"]
        assert str(person["x_m"]) == str(position["x_m"])


def test_without_a_homography_a_track_is_nowhere_on_the_floor() -> None:
    out = update(100, 200, TrackState.CONFIRMED, 4.0)
    positions, people, _, _ = locate(out, NOWHERE, UNKNOWN, NOBODY)

    assert np.isnan(positions[0].tolist()).all()
    assert np.isnan(people[["x_m", "y_m"]][0].tolist()).all()


def test_tracks_that_continue_ended_ones_are_counted() -> None:
    out = output(*(update(100 + 50 * k, 200, TrackState.CONFIRMED, 4.0) for k in range(3)))
    out["link_from"][1:] = 7

    assert [locate(out[:count], NOWHERE, UNKNOWN, NOBODY)[3] for count in range(4)] == [
        0,
        0,
        1,
        2,
    ]


POINTS = st.integers(-2, 12).map(float) | st.floats(-2, 12)
PENTAGON = [
    {"x": 0.0, "y": 0.0},
    {"x": 10.0, "y": 0.0},
    {"x": 10.0, "y": 10.0},
    {"x": 5.0, "y": 5.0},
    {"x": 0.0, "y": 10.0},
]


@settings(deadline=None)
@given(st.lists(st.tuples(POINTS, POINTS, POINTS, POINTS, st.booleans()), max_size=9))
def test_who_stands_where_is_as_for_each_point(
    points: list[tuple[float, float, float, float, bool]],
) -> None:
    image = zone_area(zone(polygon=PENTAGON))
    floor = zone_area(zone(space="FLOOR_M", polygon=rectangle(1, 1, 9, 9)))
    sightings = [
        Sighting(n, x, y, x_m, y_m, seen, 1) for n, (x, y, x_m, y_m, seen) in enumerate(points)
    ]
    people = view_of(
        "cam", 1, True, [*sightings, Sighting(99, 5.0, 2.0, None, None, True, 1)]
    ).people

    in_image, on_floor = who_stands(table_of([image, floor]), people)

    assert in_image[-1] == INSIDE
    assert on_floor[-1] == OUTSIDE
    for index, (x, y, x_m, y_m, seen) in enumerate(points):
        assert in_image[index] == (int(inside(image.polygon, x, y)) if seen else UNSEEN)
        assert on_floor[index] == (int(inside(floor.polygon, x_m, y_m)) if seen else UNSEEN)
