"""A display on a wall logs in by a code, and shows one unit and no person."""

from tests.support.board_server import BoardServer
from tests.support.issuer import Issuer
from tests.support.kept_audit import KeptAudit
from tests.support.set_clock import SetClock
from tests.support.visitor import Visitor
from tests.support.waiting import eventually


def paired(wall: Visitor, issuer: Issuer, unit: str = "") -> str:
    """Log a display in; returns the last state."""
    issuer.approved = False
    code = wall.http.post("login/wall", params={"unit": unit} if unit else {})
    assert code.json()["user_code"] == "WXYZ-1234"
    assert code.json()["verification_uri"].startswith("http")
    assert wall.http.get("login/wall").json() == {"state": "waiting"}
    issuer.approved = True
    issuer.clock.sleep(2)
    answer = wall.http.get("login/wall")
    return str(answer.json().get("state", answer.status_code))


def test_a_display_shows_one_unit_whatever_else_they_may_see_who_approved_it(
    visitor: Visitor, issuer: Issuer, audit: KeptAudit, clock: SetClock
) -> None:
    issuer.user["wardstream_roles"] = ["admin", "engineer"]

    assert paired(visitor, issuer, "ward-3") == "done"

    me = visitor.me().json()
    assert (me["kind"], me["roles"], me["unit"]) == ("wall", {"wall": ["ward-3"]}, "ward-3")
    assert me["rights"] == ["board.read"]
    eventually(lambda: audit.actions() == ["session.started"])
    assert audit.kept[0].act.detail == "wall in ward-3"
    clock.now_s += 29 * 86_400
    assert visitor.me().status_code == 200, "it was off for weeks"
    clock.now_s += 2 * 86_400
    assert visitor.me().status_code == 401


def test_a_display_of_the_only_unit_of_its_role(visitor: Visitor, issuer: Issuer) -> None:
    issuer.user["wardstream_roles"] = ["wall:ward-9"]

    assert paired(visitor, issuer) == "done"
    assert visitor.me().json()["unit"] == "ward-9"


def test_nobody_approves_a_display_of_a_unit_that_they_may_not_see(
    visitor: Visitor, issuer: Issuer
) -> None:
    issuer.user["wardstream_roles"] = ["coordinator:ward-3"]

    assert paired(visitor, issuer, "ward-4") == "403"
    assert visitor.me().status_code == 401


def test_a_display_ends_when_who_approved_it_loses_the_unit(
    visitor: Visitor, issuer: Issuer, clock: SetClock
) -> None:
    issuer.user["wardstream_roles"] = ["viewer:ward-3"]
    paired(visitor, issuer, "ward-3")
    issuer.user["wardstream_roles"] = ["viewer:ward-4"]
    clock.now_s += 31

    eventually(lambda: visitor.me().status_code == 401)


def test_a_code_of_another_display_is_of_no_use(board: BoardServer, issuer: Issuer) -> None:
    with Visitor(board, issuer) as wall, Visitor(board, issuer) as thief:
        wall.http.post("login/wall")
        issuer.approved = True
        thief.http.cookies.set("wardstream-wall", "WXYZ-1234")

        assert thief.http.get("login/wall").json() == {"state": "ended"}
        assert thief.me().status_code == 401
