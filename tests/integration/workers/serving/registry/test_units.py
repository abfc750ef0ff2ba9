"""What somebody who is bound to one unit reads and edits through the API: not a byte of another."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.registry_api import RegistryApi, registry_api
from tests.support.two_units import ROWS_OF_TWO_UNITS, SQUARE

DAY = {"starts": "2026-12-01T06:00Z", "ends": "2026-12-01T14:00Z"}
EAST = {
    "cameras": {"east-cam"},
    "floors": {"east-cam", "both-cam"},
    "zones": {"east-1", "east-2"},
    "staff": {"east-nurse", "both-nurse"},
    "shifts": {"s-east", "s-both-e"},
    "requirements": {"r-east"},
    "census": {"n-east"},
    "rules": {"a-east"},
    "units": {"east"},
}
ROLES = {"nurse", "porter"}
"""Of no unit: whoever sees what is registered sees them."""


@pytest.fixture(scope="module")
def api(registry_database: str) -> Iterator[RegistryApi]:
    """The API over a ward of two units, which no test changes."""
    with registry_api(registry_database) as found:
        made = found.ask("POST", "/imports", ROWS_OF_TWO_UNITS)
        assert made.status_code == 200, made.text
        yield found


@pytest.mark.parametrize("kind", EAST)
def test_a_list_holds_what_is_in_the_unit(api: RegistryApi, kind: str) -> None:
    for path in (f"/{kind}", f"/{kind}?unit=east", f"/{kind}?limit=1"):
        items = api.get(path, by="east")["items"]
        assert {one["id"] for one in items} <= EAST[kind]
    assert {one["id"] for one in api.get(f"/{kind}", by="east")["items"]} == EAST[kind]
    for unit in ("west", "nowhere"):  # also of what both have, or the answer would tell units apart
        assert api.get(f"/{kind}?unit={unit}", by="east")["items"] == []


@pytest.mark.parametrize(
    ("path", "unknown"),
    [
        (f"/{kind}/{identity}{rest}", f"/{kind}/{'x' * len(identity)}{rest}")
        for kind, identity in (
            *(("cameras", "west-cam"), ("cameras", "both-cam"), ("floors", "west-cam")),
            *(("zones", "west-1"), ("zones", "west-2"), ("staff", "west-nurse")),
            *(("shifts", "s-west"), ("requirements", "r-west"), ("units", "west")),
            *(("census", "n-west"), ("rules", "a-west")),
        )
        for rest in ("", "/versions", *(["/masks"] if kind == "cameras" else []))
    ],
)
def test_what_is_in_another_unit_reads_as_what_nobody_registered(
    api: RegistryApi, path: str, unknown: str
) -> None:
    foreign, absent = (api.ask("GET", one, by="east") for one in (path, unknown))

    assert foreign.status_code == absent.status_code == 404
    ids = path.split("/")[2], unknown.split("/")[2]
    assert foreign.text.replace(*ids) == absent.text


@pytest.mark.parametrize(
    ("method", "path", "row"),
    [
        ("PUT", "/zones/west-1", {"camera_id": "east-cam", "polygon": SQUARE}),
        ("DELETE", "/zones/west-1", None),
        ("DELETE", "/zones/west-1?cascade=true", None),
        ("POST", "/zones/west-1/undo", None),
        ("PUT", "/shifts/s-west", {"staff_id": "east-nurse", "zone_id": "east-1", **DAY}),
        ("PUT", "/requirements/r-west", {"zone_id": "east-1", "role": "nurse", "count": 1}),
        ("PUT", "/staff/west-nurse", {"role": "nurse"}),
        ("PUT", "/cameras/west-cam/masks", {"privacy_masks": []}),
        ("PUT", "/units/west", {"floor_ids": ["west-cam"]}),
    ],
)
def test_an_edit_of_another_unit_is_answered_as_one_of_nothing(
    api: RegistryApi, method: str, path: str, row: Any
) -> None:
    identity = path.split("/")[2].partition("?")[0]
    unknown = path.replace(identity, "x" * len(identity))
    for etag in ('"v1"', '"v7"'):
        foreign, absent = (
            api.ask(method, one, row, by="east-admin", if_match=etag) for one in (path, unknown)
        )
        assert foreign.status_code == absent.status_code == 404
        assert foreign.text.replace(identity, "x" * len(identity)) == absent.text
        assert "etag" not in foreign.headers


@pytest.mark.parametrize(
    ("kind", "row", "field", "unknown"),
    [
        ("zones", {"camera_id": "west-cam", "polygon": SQUARE}, "camera_id", "none-cam"),
        (
            "zones",
            {"camera_id": "west-cam", "polygon": [[9e6, 0], [9e6, 9], [9e7, 9]]},
            "camera_id",
            "none-cam",
        ),
        ("zones", {"floor_id": "west-cam", "polygon": SQUARE}, "floor_id", "none-cam"),
        ("shifts", {"staff_id": "east-nurse", "zone_id": "west-1", **DAY}, "zone_id", "none-1"),
        (
            "shifts",
            {"staff_id": "west-nurse", "zone_id": "east-1", **DAY},
            "staff_id",
            "none-nurse",
        ),
        ("requirements", {"zone_id": "west-1", "role": "nurse", "count": 1}, "zone_id", "none-1"),
    ],
)
def test_a_reference_to_another_unit_is_refused_as_one_to_nothing(
    api: RegistryApi, kind: str, row: dict[str, Any], field: str, unknown: str
) -> None:
    foreign = api.put(f"/{kind}/new", row, by="east")
    absent = api.put(f"/{kind}/new", {**row, field: unknown}, by="east")

    assert foreign.status_code == absent.status_code == 422
    assert foreign.text.replace(row[field], unknown) == absent.text


def test_a_refusal_names_nothing_of_another_unit(api: RegistryApi) -> None:
    """The late shift of `both-nurse` is in the west; the clash shows only that there is one."""
    late = {"starts": "2026-11-30T15:00Z", "ends": "2026-11-30T18:00Z"}
    row = {"staff_id": "both-nurse", "zone_id": "east-1", **late}

    refused = api.put("/shifts/new", row, by="east")

    assert refused.status_code == 422
    assert "s-both-w" not in refused.text
    assert "other units" in refused.json()["errors"][0]["reason"]
    assert "s-both-w" in api.put("/shifts/new", row).text


@pytest.mark.parametrize(
    ("method", "path", "row"),
    [
        ("PUT", "/staff/both-nurse", {"role": "doctor"}),
        ("DELETE", "/staff/both-nurse", None),
        ("PUT", "/cameras/both-cam/masks", {"privacy_masks": []}),
        ("PUT", "/zones/east-2", {"camera_id": "both-cam", "polygon": [[0, 0], [90, 0], [90, 90]]}),
        ("PUT", "/units/east", {"floor_ids": ["east-cam", "both-cam"], "zone_ids": ["east-2"]}),
        ("PUT", "/units/east", {"floor_ids": ["east-cam"], "zone_ids": ["east-2", "west-1"]}),
        ("DELETE", "/units/east", None),
    ],
)
def test_an_admin_of_one_unit_reaches_over_no_border(
    api: RegistryApi, method: str, path: str, row: Any
) -> None:
    answer = api.ask(method, path, row, by="east-admin", if_match='"v1"')

    assert answer.status_code in {403, 404, 422}
    assert "west" not in answer.text.replace("west-1 is", "")
    assert api.get(path.removesuffix("/masks"))["version"] == 1


def test_an_edit_of_several_units_is_hidden_where_nothing_of_it_is_known(api: RegistryApi) -> None:
    [edit] = api.get("/edits", by="east")["items"]

    known = {fact["id"] for fact in edit["facts"]}
    assert known == ROLES.union(*EAST.values())
    assert api.ask("POST", f"/edits/{edit['edit_id']}/undo", by="east").status_code == 404
    assert api.ask("POST", "/edits/999/undo", by="east").status_code == 404


def test_nothing_was_changed_by_what_was_refused(api: RegistryApi) -> None:
    assert len(api.get("/edits")["items"]) == 1
