"""A secret after its name is hidden, in every language in which a program may print it."""

import io
import json
import shlex
from collections.abc import Callable
from configparser import RawConfigParser

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from psycopg.conninfo import make_conninfo

from runtime.named_secrets import is_secret
from runtime.redaction import redacted, redacted_value
from tests.unit.runtime.test_redaction import PASSWORDS, shows

SECRETS = st.one_of(
    PASSWORDS,
    st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=12),
    st.lists(st.sampled_from(["'", '"', "\\", " ", "\n", "x", ",", "://", "="])).map("".join),
).map("Ward{}9secret".format)
NAMES = st.sampled_from(
    [
        "password",
        "db_password",
        "PASSWD",
        "pwd",
        "secret",
        "client-secret",
        "token",
        "api_key",
        "apiKey",
        "access_key",
        "aws_secret_access_key",
        "private_key",
        "authorization",
        "credentials",
        "sasl.password",
        "ssl.key.password",
    ]
)


def ini(name: str, secret: str) -> str:
    parser = RawConfigParser()
    parser["database"] = {"host": "db", name: secret, "user": "x"}
    text = io.StringIO()
    parser.write(text)
    return text.getvalue()


FORMS: dict[str, Callable[[str, str], str]] = {
    "libpq": lambda _, secret: make_conninfo(host="db", password=secret, user="x"),
    "libpq-in-a-message": lambda _, secret: f"lost: {make_conninfo(password=secret, user='x')}",
    "json": lambda name, secret: json.dumps({"host": "db", name: secret, "user": "x"}),
    "json-in-lines": lambda name, secret: json.dumps({name: secret, "user": "x"}, indent=2),
    "json-raw": lambda name, secret: json.dumps([{name: secret}], ensure_ascii=False),
    "json-in-json": lambda name, secret: json.dumps({"text": json.dumps({name: secret})}),
    "yaml": lambda name, secret: yaml.safe_dump({"db": {"host": "x", name: secret, "user": "x"}}),
    "yaml-list": lambda name, secret: yaml.safe_dump([{name: secret, "user": "x"}]),
    "yaml-block": lambda name, secret: yaml.safe_dump({name: secret}, default_style="|"),
    "ini": ini,
    "repr": lambda name, secret: repr({"host": "db", name: secret, "user": "x"}),
    "repr-of-pairs": lambda name, secret: repr([("host", "db"), (name, secret)]),
    "command": lambda name, secret: shlex.join(["psql", f"--{name}", secret, "--host", "db"]),
    "command-joined": lambda name, secret: f"run: psql --{name}={shlex.quote(secret)} -h db",
    "arguments": lambda name, secret: repr(["psql", f"--{name}", secret, "--host", "db"]),
    "shell": lambda name, secret: f"export {name}={shlex.quote(secret)}; psql",
}


@pytest.mark.parametrize("form", FORMS.values(), ids=list(FORMS))
@settings(max_examples=40)
@given(name=NAMES, secret=SECRETS)
def test_no_form_of_a_text_shows_a_secret(
    form: Callable[[str, str], str], name: str, secret: str
) -> None:
    shown = redacted(form(name, secret))

    assert not shows(shown)
    assert redacted(shown) == shown


@pytest.mark.parametrize(
    "text",
    [
        "password: Ward 9secret",
        "  token = Ward 9secret ; of the board",
        "WARDSTREAM_DATABASE_PASSWORD=Ward 9secret",
        "<password>Ward 9secret</password>",
        "ALTER ROLE ward PASSWORD 'Ward 9secret'",
        "Authorization: Ward9secret",
        'Proxy-Authorization: Digest username="Ward", response="9secret"',
        "log in with (password: Ward 9secret)",
        "host=db password=https://Ward/9secret user=x",
    ],
)
def test_a_secret_as_people_write_it_is_never_shown(text: str) -> None:
    assert not shows(redacted(text))


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        pytest.param("role secretary: 3, tokenizer: on", None, id="words-that-begin-alike"),
        pytest.param("the password is wrong; give another", None, id="prose"),
        pytest.param("KAFKA__PASSWORD_FILE: /run/secrets/k is empty", None, id="a-path"),
        pytest.param('{"token": "", "a": 1}', None, id="empty"),
        pytest.param('{"token": "x", "a": 1}', '{"token": "***", "a": 1}', id="json"),
        pytest.param("(token: x), tried again", "(token: ***), tried again", id="in-brackets"),
        pytest.param("db: x\npassword: a\nuser: u", "db: x\npassword: ***\nuser: u", id="yaml"),
        pytest.param("a --token x --host b", "a --token *** --host b", id="a-command"),
        pytest.param("authorization: Bearer x", "authorization: Bearer ***", id="a-header"),
    ],
)
def test_what_is_beside_a_secret_stays(text: str, shown: str | None) -> None:
    assert redacted(text) == (text if shown is None else shown)


def test_a_value_of_any_kind_under_the_name_of_a_secret_is_hidden() -> None:
    given_value = {"pin_token": 4711, "credentials": ["Ward"], "password_file": "/run/x"}

    assert redacted_value(given_value) == {
        "pin_token": "***",
        "credentials": "***",
        "password_file": "/run/x",
    }
    assert not is_secret("compass")
