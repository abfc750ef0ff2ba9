"""Edits through the API, over a real database: conditions, repeats, undo, imports, the audit."""

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.support.registry_api import RegistryApi

BAY: dict[str, Any] = {
    "camera_id": "left",
    "polygon": [[0, 0], [600, 0], [600, 500], [0, 500]],
}
NURSE = {"role": "nurse"}


def test_a_zone_lives_from_its_creation_to_its_return(api: RegistryApi) -> None:
    renamed = api.put("/zones/bay", {**BAY, "name": "Bay"}, 1)
    assert (renamed.status_code, renamed.headers["etag"]) == (200, '"v2"')
    assert renamed.json()["takes_effect"] == "in about 5 s"
    assert renamed.json()["record"]["name"] == "Bay"
    assert api.get("/zones/bay")["record"] == renamed.json()["record"]

    assert api.ask("POST", "/zones/bay/undo", if_match='"v2"').json()["record"]["name"] == ""
    assert api.ask("DELETE", "/zones/bay", if_match='"v3"').json()["removed"]
    assert api.ask("GET", "/zones/bay").status_code == 404
    assert api.ask("DELETE", "/zones/bay", if_match='"v4"').status_code == 404

    back = api.ask("POST", "/zones/bay/undo", if_match='"v4"')
    assert (back.status_code, back.json()["version"]) == (200, 5)
    versions = api.get("/zones/bay/versions")["items"]
    assert [one["version"] for one in versions] == [5, 4, 3, 2, 1]
    assert [one["removed"] for one in versions] == [False, True, False, False, False]


def test_of_two_who_edit_one_version_the_second_reads_again(api: RegistryApi) -> None:
    first = api.put("/zones/bay", {**BAY, "name": "A"}, 1, by="coordinator")
    second = api.put("/zones/bay", {**BAY, "name": "B"}, 1)

    assert (first.status_code, second.status_code) == (200, 412)
    assert second.headers["etag"] == '"v2"'
    assert "version 2, edited by coordinator" in second.json()["detail"]
    assert api.get("/zones/bay")["record"]["name"] == "A"


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("PUT", "/zones/bay"),
        ("DELETE", "/zones/bay"),
        ("POST", "/zones/bay/undo"),
        ("PUT", "/cameras/left/masks"),
    ],
)
def test_an_edit_without_the_version_that_it_rests_on_is_refused(
    api: RegistryApi, method: str, path: str
) -> None:
    assert api.ask(method, path, BAY).status_code == 428


def test_what_is_registered_is_not_created_again(api: RegistryApi) -> None:
    answer = api.put("/zones/bay", {**BAY, "name": "New"})

    assert (answer.status_code, answer.headers["etag"]) == (412, '"v1"')


def test_an_edit_that_changes_nothing_makes_no_version(api: RegistryApi) -> None:
    answer = api.put("/zones/bay", BAY, 1).json()

    assert (answer["version"], answer["edit_id"]) == (1, None)
    assert answer["takes_effect"] == "nothing changed"
    assert api.audit.kept == []


def test_two_equal_requests_at_once_are_one_edit(api: RegistryApi) -> None:
    start = threading.Barrier(4)

    def send(_: int) -> tuple[int, bytes, str]:
        start.wait()
        answer = api.put("/staff/n1", NURSE, idempotency_key="one")
        return answer.status_code, answer.content, answer.headers["etag"]

    with ThreadPoolExecutor(4) as threads:
        answers = set(threads.map(send, range(4)))

    assert len(answers) == 1
    assert {status for status, _, _ in answers} == {201}
    assert api.audit.actions() == ["registry.edited"]
    assert len(api.get("/staff/n1/versions")["items"]) == 1


def test_a_repeated_request_is_answered_as_before(api: RegistryApi) -> None:
    first = api.put("/zones/bay", {**BAY, "name": "A"}, 1, idempotency_key="k")
    api.put("/zones/bay", {**BAY, "name": "B"}, 2)
    again = api.put("/zones/bay", {**BAY, "name": "A"}, 1, idempotency_key="k")
    other = api.put("/zones/bay", {**BAY, "name": "C"}, 3, idempotency_key="k")
    of_another = api.put(
        "/zones/bay", {**BAY, "name": "D"}, 3, idempotency_key="k", by="coordinator"
    )

    assert (again.status_code, again.content) == (200, first.content)
    assert again.headers["etag"] == '"v2"'
    assert other.status_code == 422
    assert "another request" in other.json()["detail"]
    assert of_another.status_code == 200
    assert api.get("/zones/bay")["version"] == 4


def test_a_refused_request_may_be_sent_again_with_its_key(api: RegistryApi) -> None:
    shift = {"staff_id": "n1", "zone_id": "bay", "starts": "2026-11-30T07:00", "ends": "15:00"}
    assert api.put("/shifts/s1", shift, idempotency_key="k").status_code == 422
    assert api.put("/staff/n1", NURSE).status_code == 201

    assert api.put("/shifts/s1", shift, idempotency_key="k").status_code == 201


def test_an_edit_is_audited_with_its_reason_and_kept_with_it(api: RegistryApi) -> None:
    api.put("/zones/bay?reason=Bay+is+closed", {**BAY, "name": "Closed"}, 1, by="coordinator")

    [kept] = api.audit.kept
    assert (kept.actor, kept.why) == ("coordinator", "Bay is closed")
    assert (kept.act.action, kept.act.subject) == ("registry.edited", "zone bay")
    assert "changed zone bay@2" in kept.act.detail
    newest = api.get("/edits?limit=1")["items"][0]
    assert (newest["reason"], newest["author"]) == ("Bay is closed", "coordinator")


@pytest.mark.parametrize(
    ("method", "path", "row"),
    [
        ("PUT", "/zones/bay?dry_run=true", {**BAY, "name": "Dry"}),
        ("DELETE", "/zones/bay?dry_run=true", None),
        ("POST", "/imports?dry_run=true", {"staff": [{"staff_id": "n1", "role": "nurse"}]}),
    ],
)
def test_a_dry_run_shows_the_change_and_is_no_edit(
    api: RegistryApi, method: str, path: str, row: Any
) -> None:
    edits = api.get("/edits")
    answer = api.ask(method, path, row, if_match='"v1"', idempotency_key="k").json()

    assert answer["dry_run"]
    assert len(answer["changes"]) == 1
    assert answer["edit_id"] is None
    assert api.audit.kept == []
    assert api.get("/edits") == edits


def test_an_edit_that_cannot_be_audited_is_not_made(api: RegistryApi) -> None:
    api.audit.away = True
    answer = api.put("/zones/bay", {**BAY, "name": "A"}, 1, idempotency_key="k")
    assert answer.status_code == 503
    assert api.get("/zones/bay")["version"] == 1

    api.audit.away = False
    assert api.put("/zones/bay", {**BAY, "name": "A"}, 1, idempotency_key="k").status_code == 200


def test_masks_are_a_resource_of_their_own(api: RegistryApi) -> None:
    mask = [[0, 0], [100, 0], [100, 100]]
    answer = api.ask("PUT", "/cameras/left/masks", {"privacy_masks": [mask]}, if_match='"v1"')

    assert answer.headers["etag"] == '"v2"'
    assert api.get("/cameras/left/masks") == {"privacy_masks": [mask]}
    assert api.get("/cameras/left")["record"]["privacy_masks"] == [mask]
    outside = {"privacy_masks": [[[2000, 0], [2100, 0], [2100, 100]]]}
    refused = api.ask("PUT", "/cameras/left/masks", outside, if_match='"v2"')
    assert refused.json()["errors"][0]["field"] == "privacy_masks"


def test_a_camera_says_where_it_hangs_what_it_sees_and_why(api: RegistryApi) -> None:
    row = api.get("/cameras/left")["record"]
    seen = {"sees": [[0, 0], [4, 0], [4, 3]], "location": {"x_m": 1, "y_m": 2, "z_m": 3}}

    stored = api.put("/cameras/left?reason=A+wall+was+built", {**row, **seen}, 1)
    left_out = api.put("/cameras/left", {k: row[k] for k in row if k not in seen}, 2)
    undone = api.ask("POST", "/cameras/left/undo?reason=No+wall", if_match='"v2"')
    versions = api.get("/cameras/left/versions")["items"]

    assert stored.json()["record"]["sees"] == [[0.0, 0.0], [4.0, 0.0], [4.0, 3.0]]
    assert "reason" not in stored.json()["record"]
    assert left_out.status_code == 422
    assert {error["field"] for error in left_out.json()["errors"]} == {"sees", "location"}
    assert undone.json()["record"]["sees"] == []
    assert [one["reason"] for one in versions] == ["No wall", "A wall was built", ""]


def test_passages_of_a_floor_name_its_cameras(api: RegistryApi) -> None:
    ends = {"from_x_m": 1, "from_y_m": 2, "to_x_m": 3, "to_y_m": 4, "radius_m": 1}
    passage = {"from_camera_id": "left", **ends, "min_s": 2, "max_s": 9}
    floor = api.get("/floors/left")["record"]

    dry = api.put("/floors/left?dry_run=true", {**floor, "passages": [passage]}, 1)
    stored = api.put("/floors/left", {**floor, "passages": [passage]}, 1)
    wrong = api.put("/floors/left", {**floor, "passages": [{**passage, "max_s": 1}]}, 2)
    unknown = {**passage, "to_camera_id": "right"}
    nowhere = api.put("/floors/left", {**floor, "passages": [unknown]}, 2)
    kept = api.ask("DELETE", "/cameras/left?cascade=false", if_match='"v1"')
    gone = api.ask("DELETE", "/cameras/left?cascade=true", if_match='"v1"')

    assert dry.json()["changes"][0]["details"] == [
        "passages nothing -> left (1.00, 2.00) to any camera (3.00, 4.00) in 2 to 9 s"
    ]
    assert (stored.status_code, stored.headers["etag"]) == (200, '"v2"')
    assert stored.json()["record"]["passages"][0]["to_camera_id"] == ""
    assert wrong.json()["errors"][0]["field"] == "passages"
    assert "passage 1 names camera right, which is not registered" in nowhere.text
    assert kept.status_code == 422
    assert gone.status_code == 200
    assert api.get("/floors/left")["record"]["passages"] == []


def test_roles_ratios_and_counts_have_versions_history_and_undo(api: RegistryApi) -> None:
    made = api.put("/roles/nurse", {"covers": ["assistant"], "priority": 1})
    api.put("/roles/nurse?reason=Agreed", {"covers": ["assistant", "porter"]}, 1)
    undone = api.ask("POST", "/roles/nurse/undo", if_match='"v2"')
    refused = api.put("/roles/porter", {"covers": ["porter"]})

    assert (made.status_code, refused.status_code) == (201, 422)
    assert undone.json()["record"] == {
        "role": "nurse",
        "covers": ["assistant"],
        "priority": 1,
        "is_staff": True,
    }
    versions = api.get("/roles/nurse/versions")["items"]
    assert [(one["version"], one["record"]["covers"]) for one in versions] == [
        (3, ["assistant"]),
        (2, ["assistant", "porter"]),
        (1, ["assistant"]),
    ]

    night = {"zone_id": "bay", "role": "nurse", "count": 1, "per": 4, "basis": "census"}
    needed = api.put("/requirements/night", night).json()["record"]
    assert (needed["basis"], needed["per"], needed["at_least"]) == ("census", 4, 0)
    assert api.put("/requirements/night", needed, 1).json()["takes_effect"] == "nothing changed"

    count = {"zone_id": "bay", "people": 6, "starts": "2026-11-30T06:00+01:00"}
    counted = api.put("/census/morning", count, by="coordinator")
    assert (counted.status_code, counted.json()["record"]["starts"]) == (
        201,
        "2026-11-30T05:00:00Z",
    )
    several = [{"zone_id": "bay", "people": n, "starts": f"2026-11-30T1{n}:00Z"} for n in (3, 4)]
    assert api.ask("POST", "/imports", {"census": several}).status_code == 200
    assert [one["id"] for one in api.get("/census")["items"]] == [
        *("bay.2026-11-30.1300Z", "bay.2026-11-30.1400Z", "morning"),
    ]


def test_what_something_rests_on_goes_only_with_it(api: RegistryApi) -> None:
    refused = api.ask("DELETE", "/cameras/left", if_match='"v1"')
    assert "zone bay" in refused.json()["errors"][0]["reason"]

    answer = api.ask("DELETE", "/cameras/left?cascade=true", if_match='"v1"').json()
    assert [change["id"] for change in answer["changes"]] == ["left", "bay"]
    undone = api.ask("POST", f"/edits/{answer['edit_id']}/undo")
    assert undone.status_code == 200, undone.text
    assert api.get("/zones/bay")["version"] == 3


def test_an_import_is_taken_whole_or_not_at_all(api: RegistryApi) -> None:
    staff = [{"staff_id": f"n{number}", "role": "nurse"} for number in range(3)]
    bad = {"requirement_id": "r", "zone_id": "bed", "role": "nurse", "count": 1}
    refused = api.ask("POST", "/imports", {"staff": staff, "requirement": [bad]})
    assert refused.json()["errors"] == [
        {"kind": "requirement", "id": "r", "field": "zone_id"}
        | {"reason": "zone_id bed is not registered"}
    ]
    assert api.get("/staff")["items"] == []

    made = api.ask("POST", "/imports", {"staff": staff, "requirement": [{**bad, "zone_id": "bay"}]})
    assert made.json()["rows"] == {"staff": 3, "requirement": 1}
    assert [one["id"] for one in api.get("/staff")["items"]] == ["n0", "n1", "n2"]

    api.put("/staff/n1", {"role": "doctor"}, 1)
    late = api.ask("POST", f"/edits/{made.json()['edit_id']}/undo")
    assert late.status_code == 422
    assert "version 2" in late.json()["detail"]


def test_an_import_of_files_is_read_as_on_the_command_line(api: RegistryApi) -> None:
    body = (
        b'--x\r\nContent-Disposition: form-data; name="staff"; filename="a/../Staff.CSV"\r\n\r\n'
        b"Staff ID;Role\nn1;nurse\nn2;\r\n--x--\r\n"
    )
    kind = "multipart/form-data; boundary=x"
    refused = api.ask("POST", "/imports", body, content_type=kind)
    assert [(e["id"], e["field"]) for e in refused.json()["errors"]] == [("n2", "role")]

    made = api.ask("POST", "/imports", body.replace(b"n2;", b"n2;doctor"), content_type=kind)
    assert (made.status_code, made.json()["rows"]) == (200, {"staff": 2})


def test_pages_follow_each_other_to_the_end(api: RegistryApi) -> None:
    staff = [{"staff_id": f"n{number}", "role": "nurse"} for number in range(5)]
    api.ask("POST", "/imports", {"staff": staff})

    first = api.get("/staff?limit=2")
    second = api.get(f"/staff?limit=2&cursor={first['next']}")
    last = api.get(f"/staff?limit=2&cursor={second['next']}")

    pages = [[one["id"] for one in page["items"]] for page in (first, second, last)]
    assert pages == [["n0", "n1"], ["n2", "n3"], ["n4"]]
    assert last["next"] is None


@pytest.mark.parametrize(
    "cursor", ["%ED%A0%80", "a", "%00", "z" * 2_000, "em9uZXM6XHVkODAw", "emVkaXRzOg"]
)
@pytest.mark.parametrize("listing", ["/zones", "/edits", "/zones/bay/versions"])
def test_a_cursor_that_is_none_of_ours_is_refused(
    api: RegistryApi, listing: str, cursor: str
) -> None:
    assert api.ask("GET", f"{listing}?cursor={cursor}").status_code in {400, 422}


@pytest.mark.parametrize(
    ("row", "headers", "status"),
    [
        pytest.param(b" " * (5 * 2**20 + 1), {}, 413, id="too-large"),
        pytest.param(b"{}", {"content_type": "text/csv"}, 415, id="no-json"),
        pytest.param(b'{"name": "\xff"}', {}, 400, id="not-utf-8"),
        pytest.param(b"[" * 100_000, {}, 400, id="nested-without-end"),
        pytest.param({**BAY, "version": 7}, {}, 422, id="a-field-that-nobody-sends"),
        pytest.param({**BAY, "recorded_by": "me"}, {}, 422, id="another-author"),
        pytest.param({**BAY, "name": "\ud800"}, {}, 422, id="half-a-surrogate-pair"),
        pytest.param(BAY, {"idempotency_key": "k" * 129}, 400, id="a-long-key"),
    ],
)
def test_a_body_that_cannot_be_taken_is_refused_and_changes_nothing(
    api: RegistryApi, row: Any, headers: dict[str, str], status: int
) -> None:
    answer = api.put("/zones/bay", row, 1, **headers)

    assert (answer.status_code, answer.headers["content-type"]) == (
        status,
        "application/problem+json",
    )
    assert api.get("/zones/bay")["version"] == 1


def test_who_may_not_edit_does_not(api: RegistryApi) -> None:
    assert api.put("/zones/bay", BAY, 1, by="viewer").status_code == 403
    assert api.put("/cameras/left", {}, 1, by="coordinator").status_code == 403
    assert api.ask("GET", "/zones", by="nobody").status_code == 401
    staff = {"staff": [{"staff_id": "n1", "role": "nurse"}]}
    assert api.ask("POST", "/imports", staff, by="coordinator").status_code == 403
