"""The realm of Keycloak: who can log in, by which way, and what users cannot change."""

import json
from typing import Any

import pytest

from deploy.keycloak.__main__ import main
from deploy.keycloak.realm import BOARD, MACHINE, ROLES_CLAIM, WALL, Realm, User

BOARD_URL = "http://127.0.0.1:8080/"


def realm(**options: Any) -> dict[str, Any]:
    users = [User(name="viewer", roles=["viewer"]), User(name="east", roles=["coordinator:east"])]
    made: Any = Realm(board_url=BOARD_URL, users=users, **options).representation()
    return dict(made)


def client(made: dict[str, Any], name: str) -> dict[str, Any]:
    return next(one for one in made["clients"] if one["clientId"] == name)


def test_a_code_goes_only_to_the_board_s_own_address_and_only_with_a_pkce_challenge() -> None:
    board = client(realm(), BOARD)
    assert board["redirectUris"] == [f"{BOARD_URL}login/callback"]
    assert board["attributes"]["pkce.code.challenge.method"] == "S256"
    assert not board["publicClient"]


def test_no_client_takes_a_password_or_hands_out_tokens_in_a_url() -> None:
    for one in realm(administration="a secret")["clients"]:
        assert not one["directAccessGrantsEnabled"], one["clientId"]
        assert not one["implicitFlowEnabled"], one["clientId"]


def test_each_client_has_one_way_to_log_in() -> None:
    made = realm()
    ways = {
        name: [
            client(made, name)["standardFlowEnabled"],
            client(made, name)["serviceAccountsEnabled"],
            client(made, name)
            .get("attributes", {})
            .get("oauth2.device.authorization.grant.enabled")
            == "true",
        ]
        for name in (BOARD, MACHINE, WALL)
    }
    assert ways == {
        BOARD: [True, False, False],
        MACHINE: [False, True, False],
        WALL: [False, False, True],
    }


def test_a_user_cannot_give_itself_an_access_role() -> None:
    profile = realm()["components"]["org.keycloak.userprofile.UserProfileProvider"][0]
    attributes = json.loads(profile["config"]["kc.user.profile.config"][0])["attributes"]
    roles = next(one for one in attributes if one["name"] == ROLES_CLAIM)
    assert roles["permissions"]["edit"] == ["admin"]


def test_a_user_keeps_its_subject_in_a_new_realm_and_gets_a_new_password() -> None:
    one, other = realm()["users"][0], realm()["users"][0]
    assert one["id"] == other["id"]
    assert one["credentials"][0]["value"] != other["credentials"][0]["value"]


def test_nobody_administers_the_realm_unless_it_is_asked_for() -> None:
    assert "realm-admin" not in json.dumps(realm())
    assert "realm-admin" in json.dumps(realm(administration="a secret"))


def test_no_password_is_in_the_text_of_a_realm_or_user() -> None:
    user = User(name="viewer", roles=["viewer"], password="hidden-1")
    made = Realm(board_url=BOARD_URL, users=[user], board_secret="hidden-2")
    assert "hidden" not in repr(made)


def test_the_realm_for_a_provider_of_your_own_has_no_user_and_no_secret(
    capsys: pytest.CaptureFixture[str],
) -> None:
    main(["https://board.ward.example"])

    printed = json.loads(capsys.readouterr().out)
    board = client(printed, BOARD)
    assert board["redirectUris"] == ["https://board.ward.example/login/callback"]
    assert [one["clientId"] for one in printed["clients"] if "secret" in one] == []
    assert [user for user in printed["users"] if "credentials" in user] == []
