"""A file of destinations is read whole or refused with line and field, and shows no secret."""

from collections.abc import Callable
from pathlib import Path

import pytest

from runtime.errors import Stop
from tests.support.builders.messages import KEY, SECRET
from workers.notifier.delivery.destination import Mail, Web
from workers.notifier.delivery.destinations import Destinations, read_destinations

GOOD = """\
- name: charge-nurse-phone
  kind: ntfy
  owners: charge nurse
  url: https://ntfy.ward.example
  topic: ward-3
  token_file: token
- name: supervisor-mail
  kind: mail
  owners: [House supervisor, bed manager]
  host: mail.ward.example.
  sender: wardstream@ward.example
  recipient: supervisor@ward.example
  user: wardstream
  password_env: MAIL_PASSWORD
- name: operators-teams
  route: operations
  kind: teams
  owners: ["*"]
  url_env: TEAMS_URL
- name: our-system
  kind: webhook
  owners: [charge nurse]
  url: http://10.20.0.7:8080/alerts
  allow: [10.20.0.7]
  secret_file: secret
- name: chat
  kind: template
  owners: [bed manager]
  url_env: TEAMS_URL
  template: chat.json
"""
ENVIRONMENT = {"MAIL_PASSWORD": "hidden-1", "TEAMS_URL": "https://teams.example/hidden-2"}

Read = Callable[[str], Destinations]


@pytest.fixture
def read(tmp_path: Path) -> Read:
    """Reads a text as a file, beside files of secrets."""
    (tmp_path / "token").write_text("hidden-3\n")
    (tmp_path / "secret").write_text(f"{SECRET}\n")
    (tmp_path / "empty").write_text("\n")
    (tmp_path / "chat.json").write_text('{"escape": "markdown", "body": {"text": "{text}"}}')
    (tmp_path / "bad.json").write_text('{"escape": "none", "body": {"text": "{patient}"}}')

    def read_text(text: str) -> Destinations:
        path = tmp_path / "destinations.yaml"
        path.write_text(text)
        return read_destinations(path, ENVIRONMENT)

    return read_text


def test_each_kind_is_read_with_its_secrets(read: Read) -> None:
    found = {one.name: one for one in read(GOOD)}

    phone = found["charge-nurse-phone"].channel
    assert isinstance(phone, Web)
    assert phone.token is not None
    assert phone.token.get_secret_value() == "hidden-3"
    assert phone.topic == "ward-3"
    mail = found["supervisor-mail"].channel
    assert isinstance(mail, Mail)
    assert (mail.host, mail.port, mail.encryption) == ("mail.ward.example", 587, "starttls")
    system = found["our-system"].channel
    assert isinstance(system, Web)
    assert system.keys == (KEY,)
    assert found["operators-teams"].route == "OPERATIONS"
    assert found["operators-teams"].shown == "https://teams.example"
    assert "hidden" not in repr(found)


def test_an_owner_has_destinations_of_one_route(read: Read) -> None:
    destinations = read(GOOD)

    def names(owner: str, route: str) -> list[str]:
        return [one.name for one in destinations.of(owner, route)]  # type: ignore[arg-type]

    assert names(" Charge  Nurse ", "WARD") == ["charge-nurse-phone", "our-system"]
    assert names("bed manager", "WARD") == ["supervisor-mail", "chat"]
    assert names("somebody else", "WARD") == []
    assert names("somebody else", "OPERATIONS") == ["operators-teams"]
    assert names("charge nurse", "OPERATIONS") == ["operators-teams"]


def test_a_file_may_hold_an_old_key_beside_the_new_one(read: Read, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text(f"{SECRET}\n{SECRET.replace('A', 'B')}\n")
    (channel,) = [one.channel for one in read(GOOD) if one.name == "our-system"]

    assert isinstance(channel, Web)
    assert len(channel.keys) == 2


WEB = "- name: a\n  kind: webhook\n  owners: [nurse]\n"
MAIL = (
    "- name: a\n  kind: mail\n  owners: [nurse]\n  host: mail.example\n"
    "  sender: a@ward.example\n  recipient: b@ward.example\n"
)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        (f"{WEB}  url: https://u:hidden@a.example/\n", "line 4: url: holds a name or password"),
        (f"{WEB}  url: http://a.example/\n", "line 4: url: begins with http://: list"),
        (f"{WEB}  url: https://2130706433/\n", "line 4: url: its host is a number"),
        (f"{WEB}  url: https://a.b/\n  url_env: X\n", "line 4: url: give one of url"),
        (f"{WEB}", "line 1: url: give one of url"),
        (f"{WEB}  url_env: NONE_SUCH\n", "line 4: url_env: the environment variable NONE_SUCH"),
        (f"{WEB}  url_env: WARDSTREAM_URL\n", "line 4: url_env: begins with WARDSTREAM_"),
        (f"{WEB}  url_env: https://a.b/hidden\n", "line 4: url_env: is no name"),
        (f"{WEB}  url: https://a.b/\n  token_file: none\n", "line 5: token_file: "),
        (f"{WEB}  url: https://a.b/\n  token_file: empty\n", "line 5: token_file: "),
        (
            f"{WEB}  url: https://a.b/\n  secret_file: token\n",
            "line 5: secret_file: does not begin",
        ),
        (f"{WEB}  url: https://a.b/\n  token: hidden\n", "line 5: token: 'token' is not a field"),
        (f"{WEB}  url: https://a.b/\n  topic: b\n", "line 5: topic: means nothing for"),
        (f"{WEB}  url: https://a.b/\n  allow: [10.0.0.1/8]\n", "line 5: allow: "),
        (f"{WEB}  url: https://a.b/\n  allow: [0.0.0.0/0]\n", "line 5: allow: 0.0.0.0/0 is every"),
        (f"{WEB}  url: https://a.b/\n  ca: token\n", "line 5: ca: token is no file"),
        (f"{WEB}  url: https://a.b/\n  auth_scheme: 'a b'\n", "line 5: auth_scheme: "),
        (
            "- name: a\n  kind: slack\n  owners: [n]\n  url: https://a.b/hidden\n",
            "line 4: url: is a secret",
        ),
        (
            "- name: a\n  kind: ntfy\n  owners: [n]\n  url: https://a.b/\n",
            "line 1: topic: is missing",
        ),
        ("- name: a\n  kind: pager\n  owners: [n]\n", "line 2: kind: 'pager' is not a kind"),
        ("- name: a\n  kind: webhook\n  url: https://a.b/\n", "line 1: owners: is missing"),
        (
            "- name: a\n  kind: webhook\n  owners: ['*', n]\n  url: https://a.b/\n",
            "line 3: owners: * stands alone",
        ),
        ("- name: a b\n  kind: webhook\n  owners: [n]\n  url: https://a.b/\n", "line 1: name: "),
        (
            f"{WEB.replace('webhook', 'template')}  url: https://a.b/\n  template: bad.json\n",
            "line 5: template: bad.json body.text: {patient}",
        ),
        (f"{MAIL}  user: me\n", "line 7: user: goes with password"),
        (f"{MAIL}  encryption: none\n", "line 7: encryption: is none: list"),
        (
            f"{MAIL}  encryption: none\n  user: me\n  password_env: MAIL_PASSWORD\n",
            "line 7: encryption: is none, and a password",
        ),
        (MAIL.replace("a@ward.example", "a@ward.example>"), "line 5: sender: "),
        (MAIL.replace("a@ward.example", "a..b@ward.example"), "line 5: sender: "),
        (MAIL.replace("a@ward.example", ".a@ward.example"), "line 5: sender: "),
        (MAIL.replace("b@ward.example", "b@w.example, c@w.example"), "line 6: recipient: "),
        (
            f"{WEB}  url: https://a.b/\n{WEB}  url: https://c.d/\n",
            "line 5: name: another destination has it",
        ),
        ("name: a\n", "must be a list of mappings"),
        ("- name: [a\n", "not valid YAML"),
        ("", "must be a list of mappings"),
    ],
)
def test_a_fault_is_named_by_file_line_and_field(read: Read, text: str, fault: str) -> None:
    with pytest.raises(Stop) as refused:
        read(text)

    reported = str(refused.value)
    assert reported.startswith("destinations.yaml ")
    assert fault in reported
    assert "hidden" not in reported


def test_every_fault_is_named_at_once(read: Read) -> None:
    with pytest.raises(Stop) as refused:
        read(f"{WEB}  url: https://a.b:0/\n- name: b\n  kind: mail\n  owners: [n]\n  token: x\n")

    lines = [line.split(":")[:2] for line in str(refused.value).splitlines()]
    assert lines == [
        ["destinations.yaml line 4", " url"],
        ["destinations.yaml line 8", " token"],
        ["destinations.yaml line 5", " host"],
    ]


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(Stop, match=r"none\.yaml: cannot be read"):
        read_destinations(tmp_path / "none.yaml", {})
