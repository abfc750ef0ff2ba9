"""A picture under the plan of a floor: uploaded, saved as a fact of the floor, taken back."""

import hashlib
from typing import Any

import psycopg
import pytest

from tests.support.pictures import SECRET, header, plan, png, with_chunk
from tests.support.registry_api import RegistryApi

FLOOR = "/floors/left"
POINTS = [{"u": 10, "v": 190, "x_m": 0, "y_m": 0}, {"u": 310, "v": 190, "x_m": 15, "y_m": 0}]


def upload(api: RegistryApi, data: bytes, **more: str) -> Any:
    return api.ask("POST", f"{FLOOR}/drawings", data, content_type="image/png", **more)


def drawing_of(uploaded: Any) -> dict[str, Any]:
    names = ("sha256", "width_px", "height_px")
    return {**{name: uploaded.json()[name] for name in names}, "points": POINTS}


def saved(api: RegistryApi, data: bytes = png()) -> dict[str, Any]:
    """Upload a picture and save it; gives the field of the floor."""
    uploaded = upload(api, data)
    assert uploaded.status_code == 201, uploaded.text
    found = drawing_of(uploaded)
    row = {**api.get(FLOOR)["record"], "drawing": found}
    answer = api.put(f"{FLOOR}?reason=from%20the%20architect", row, api.get(FLOOR)["version"])
    assert answer.status_code == 200, answer.text
    return found


def fault(answer: Any) -> tuple[int, str, str]:
    [error] = answer.json()["errors"]
    return answer.status_code, error["field"], error["reason"]


def test_a_picture_is_kept_as_its_pixels_and_given_under_their_digest(api: RegistryApi) -> None:
    sent = with_chunk(png(), b"tEXt", b"Author\0" + SECRET)

    found = saved(api, sent)
    answer = api.ask("GET", f"{FLOOR}/drawings/{found['sha256']}", by="coordinator")

    assert answer.status_code == 200
    assert hashlib.sha256(answer.content).hexdigest() == found["sha256"]
    assert SECRET not in answer.content
    assert answer.headers["content-type"] == "image/png"
    assert answer.headers["cache-control"] == "private, max-age=86400, immutable"
    assert answer.headers["etag"] == f'"{found["sha256"]}"'


def test_where_it_lies_is_versioned_with_author_and_reason_and_undone(api: RegistryApi) -> None:
    first = saved(api)
    second = saved(api, png(plan(400, 300)))

    newest = api.get(f"{FLOOR}/versions")["items"][0]
    version = api.get(FLOOR)["version"]
    undone = api.ask("POST", f"{FLOOR}/undo", if_match=f'"v{version}"')

    assert (newest["edited_by"], newest["reason"]) == ("admin", "from the architect")
    assert newest["record"]["drawing"]["sha256"] == second["sha256"]
    assert undone.status_code == 200, undone.text
    assert api.get(FLOOR)["record"]["drawing"]["sha256"] == first["sha256"]


def test_a_picture_that_was_taken_away_is_given_to_nobody_else_and_goes_after_a_month(
    api: RegistryApi, registry_database: str
) -> None:
    found = saved(api)
    row = {**api.get(FLOOR)["record"], "drawing": []}
    assert api.put(FLOOR, row, api.get(FLOOR)["version"]).status_code == 200

    assert api.get(FLOOR)["record"]["drawing"] is None
    path = f"{FLOOR}/drawings/{found['sha256']}"
    assert api.ask("GET", path, by="coordinator").status_code == 404
    with psycopg.connect(registry_database, autocommit=True) as connection:

        def left_after(days: int) -> int:
            connection.execute("SELECT * FROM drop_expired(now() + %s * INTERVAL '1 day')", [days])
            row = connection.execute("SELECT count(*) FROM registry.drawings").fetchone()
            assert row is not None
            return int(row[0])

        assert [left_after(days) for days in (29, 31)] == [1, 0]
    newest = api.get(FLOOR)["version"]
    undone = api.ask("POST", f"{FLOOR}/undo", if_match=f'"v{newest}"')
    assert fault(undone)[:2] == (422, "drawing")


def test_what_a_floor_shows_stays_and_what_nobody_saved_goes_after_a_day(
    api: RegistryApi, registry_database: str
) -> None:
    found = saved(api)
    assert upload(api, png(plan(400, 300))).status_code == 201

    with psycopg.connect(registry_database, autocommit=True) as connection:
        connection.execute("SELECT * FROM drop_expired(now() + INTERVAL '400 days')")
        left = connection.execute("SELECT sha256 FROM registry.drawings").fetchall()

    assert left == [(found["sha256"],)]


def test_a_picture_that_is_shown_cannot_be_given_another_size(api: RegistryApi) -> None:
    found = saved(api)

    row = {**api.get(FLOOR)["record"], "drawing": {**found, "width_px": 4000}}
    stretched = api.put(FLOOR, row, api.get(FLOOR)["version"])

    assert "another size" in fault(stretched)[2]


def test_other_fields_of_the_floor_change_without_the_picture(api: RegistryApi) -> None:
    found = saved(api)

    row = {**api.get(FLOOR)["record"], "name": "Ground floor"}
    named = api.put(FLOOR, row, api.get(FLOOR)["version"])
    row.pop("drawing")
    without = api.put(FLOOR, row, api.get(FLOOR)["version"])

    assert named.status_code == 200
    assert api.get(FLOOR)["record"]["drawing"]["sha256"] == found["sha256"]
    assert fault(without)[:2] == (422, "drawing")


@pytest.mark.parametrize(
    ("data", "why"),
    [(b"%PDF-1.7", "no picture"), (header(60_000, 60_000), "12000 px"), (png() + b"PK", "goes on")],
)
def test_a_file_that_is_not_taken_is_refused_by_field(
    api: RegistryApi, data: bytes, why: str
) -> None:
    status, field, reason = fault(upload(api, data))

    assert (status, field) == (422, "drawing")
    assert why in reason


def test_a_file_that_is_too_large_is_refused(api: RegistryApi) -> None:
    assert upload(api, b"\0" * (5 * 2**20 + 1)).status_code == 413


def test_a_picture_that_is_not_kept_or_has_another_size_is_not_saved(api: RegistryApi) -> None:
    found = drawing_of(upload(api, png()))
    row, version = api.get(FLOOR)["record"], api.get(FLOOR)["version"]

    unknown = api.put(FLOOR, {**row, "drawing": {**found, "sha256": "0" * 64}}, version)
    larger = api.put(FLOOR, {**row, "drawing": {**found, "width_px": 4000}}, version)
    beside = api.put(FLOOR, {**row, "drawing": {**found, "width_px": 100}}, version)

    assert fault(unknown) == (422, "drawing", fault(unknown)[2])
    assert "not kept" in fault(unknown)[2]
    assert "another size" in fault(larger)[2]
    assert "beside the picture" in fault(beside)[2]


def test_who_may_not_edit_the_floor_uploads_nothing_to_it(api: RegistryApi) -> None:
    assert upload(api, png(), by="viewer").status_code == 403
    assert upload(api, png(), by="coordinator").status_code == 403
    assert upload(api, png(), by="east-admin").status_code == 404
    assert api.ask("POST", "/floors/none/drawings", png()).status_code == 404


def test_what_somebody_uploaded_and_did_not_save_is_theirs_alone(api: RegistryApi) -> None:
    path = f"{FLOOR}/drawings/{upload(api, png()).json()['sha256']}"

    assert api.ask("GET", path).status_code == 200
    assert api.ask("GET", path, by="coordinator").status_code == 404
    assert api.ask("GET", f"{FLOOR}/drawings/{'0' * 64}").status_code == 404
    assert api.ask("GET", f"{FLOOR}/drawings/..%2F..%2Fetc").status_code == 404


def test_an_upload_is_in_the_audit_before_it_is_kept(api: RegistryApi) -> None:
    sha256 = upload(api, png()).json()["sha256"]

    [(act, actor, _why)] = api.audit.kept
    assert (actor, act.action, act.subject) == ("admin", "registry.drawing_uploaded", "floor left")
    assert act.detail == f"sha256 {sha256}"


def test_who_has_uploaded_the_quota_of_a_day_uploads_no_more_until_it_is_over(
    api: RegistryApi, registry_database: str
) -> None:
    assert upload(api, png()).status_code == 201
    with psycopg.connect(registry_database, autocommit=True) as connection:
        connection.execute(
            "UPDATE registry.drawings SET image = convert_to(repeat('x', 64 << 20), 'UTF8')"
        )
        other = png(plan(400, 300))

        refused = upload(api, other)
        assert fault(refused)[:2] == (422, "drawing")
        assert "64.0 MiB that are the most" in fault(refused)[2]
        assert upload(api, png()).status_code == 201, "the same picture again is no more"
        connection.execute("UPDATE registry.drawings SET uploaded_at = now() - INTERVAL '25 hours'")
        assert upload(api, other).status_code == 201
