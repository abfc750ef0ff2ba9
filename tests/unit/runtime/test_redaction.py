"""No text shows a credential, whatever the form of the URL, and redaction never raises."""

import time
from urllib.parse import quote

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from runtime.redaction import ENCODE, redacted, redacted_url, redacted_value, url_fault

_SIGNS = "#/?[]@:%&=+;,.!$'\"()*\\ ~^{}|<>-_"
PASSWORDS = st.lists(
    st.sampled_from([*_SIGNS, "Ward", "9secret", "0", "5"]), min_size=1, max_size=6
).map("".join)
"""Passwords of every sign that means something in a URL, beside two words to look for."""


def shows(text: str) -> bool:
    """Whether a text shows a part of the password."""
    return "Ward" in text or "9secret" in text


@given(PASSWORDS, st.sampled_from(["127.0.0.1:554", "[fe80::1]:554", "localhost"]))
@example("Ward 9secret", "127.0.0.1:554")
def test_a_raw_password_before_an_address_is_never_shown(password: str, host: str) -> None:
    url = f"rtsp://viewer:Ward{password}9secret@{host}/stream/1"

    assert not shows(redacted_url(url))
    assert host.partition(":554")[0] in redacted_url(url) or redacted_url(url) == "rtsp://***"


@given(PASSWORDS)
def test_an_encoded_password_is_never_shown_and_leaves_the_rest(password: str) -> None:
    encoded = quote(f"Ward{password}9secret", safe="")

    assert redacted_url(f"rtsp://viewer:{encoded}@cam.ward:554/s") == "rtsp://cam.ward:554/s"


@given(PASSWORDS.filter(lambda text: " " not in text), st.sampled_from(["cam-3.ward", "cam"]))
@example("@']", "cam-3.ward")
@example('@x"},', "cam")
@example('@":{', "cam")
def test_a_raw_password_before_a_name_is_never_shown(password: str, host: str) -> None:
    url = f"rtsp://viewer:Ward{password}9secret@{host}/stream/1"

    assert not shows(redacted_url(url))
    assert not shows(redacted(f"stream {url} was lost: Connection refused"))


@pytest.mark.parametrize(
    "text",
    [
        "host=db password='Ward 9secret' user=x",
        'host=db password = "Ward 9secret"',
        "host=db password = 9secret",
        "host=db password=Ward,9secret;user=x",
        '{"password": "Ward 9secret"}',
        "{'db_password': 'Ward 9secret'}",
    ],
)
def test_a_secret_after_its_name_is_never_shown(text: str) -> None:
    assert not shows(redacted(text))


def test_a_secret_under_its_name_in_json_is_never_shown() -> None:
    shown = redacted_value({"db": {"password": "Ward 9secret", "host": "db", "token": ""}})

    assert shown == {"db": {"password": "***", "host": "db", "token": ""}}


@given(PASSWORDS)
def test_a_password_in_a_query_is_never_shown(password: str) -> None:
    url = f"http://10.0.0.7:80/cam?channel=2&usr=viewer&p=Ward{password}9secret"

    assert not shows(redacted_url(url))


@settings(max_examples=300)
@given(st.lists(st.sampled_from([*_SIGNS, *"aA1\n\té", "rtsp://", "password="])).map("".join))
def test_no_text_makes_redaction_raise_or_differ_when_redacted_again(text: str) -> None:
    shown = redacted(text)
    redacted_url(text)
    url_fault(text)

    assert redacted(shown) == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        pytest.param("see http://127.0.0.1:8080/board.", None, id="nothing-to-hide"),
        pytest.param("postgresql:///ward and unix:///run/redis.sock", None, id="sockets"),
        pytest.param("rtsp://cam/stream_1/ch-2.sdp", None, id="a-path"),
        pytest.param("at 12:00 ask ward@example.org", None, id="a-mail-address"),
        pytest.param(
            "[Errno 111] refused: 'rtsp://u:Ward9secret@10.0.0.7/s'",
            "[Errno 111] refused: 'rtsp://10.0.0.7/s'",
            id="an-error-of-FFmpeg",
        ),
        pytest.param(
            '{"source":"rtsp://u:Ward9secret@cam/s?x","mail":"a@b"}',
            '{"source":"rtsp://cam/s","mail":"a@b"}',
            id="JSON",
        ),
        pytest.param(
            "rtsp://u:Ward9secret@a/s,rtsp://u:Ward9secret@b/s",
            "rtsp://a/s,rtsp://b/s",
            id="a-list",
        ),
        pytest.param(
            "http://nvr/cam?channel=1&subtype=0&pwd=Ward",
            "http://nvr/cam?channel=1&subtype=0",
            id="a-query",
        ),
        pytest.param(
            "admin:Ward9secret@10.0.0.7:554/s", "***@10.0.0.7:554/s", id="without-a-scheme"
        ),
        pytest.param(
            "https://nvr/proxy/AbCdEf12GhIjKl34", "https://nvr/proxy/***", id="a-secret-path"
        ),
        pytest.param("host=db password=Ward9secret", "host=db password=***", id="a-libpq-text"),
        pytest.param("Authorization: Basic V2FyZA==", "Authorization: Basic ***", id="a-header"),
        pytest.param("rtsp://viewer:Ward", "rtsp://***", id="cut-off"),
    ],
)
def test_a_text_keeps_all_but_its_secrets(text: str, shown: str | None) -> None:
    assert redacted(text) == (text if shown is None else shown)


def test_values_of_json_are_redacted_in_depth() -> None:
    given_value = {"a": ["rtsp://u:Ward@cam/s", 1, None], "b": {"c": ("redis://:Ward@h/0", True)}}

    assert redacted_value(given_value) == {
        "a": ["rtsp://cam/s", 1, None],
        "b": {"c": ["redis://h/0", True]},
    }


@pytest.mark.parametrize("password", ["a#b", "a?b", "a/b", "a[b", "a]b", "a\\b", "a%zb", "a b"])
def test_a_password_that_a_url_cannot_hold_is_known(password: str) -> None:
    assert url_fault(f"rtsp://viewer:{password}@127.0.0.1:9/s") == ENCODE
    assert url_fault(f"rtsp://viewer:{password}@cam.ward/s") == ENCODE
    assert not url_fault(f"rtsp://viewer:{quote(password, safe='')}@127.0.0.1:9/s")


@pytest.mark.parametrize(
    "url",
    [
        "rtsp://cam/s?user=a@b",
        "rtsp://cam:554/s?user=a@b.org",
        "rtsp://cam/pictures@2x",
        "rtsp://u:a:b@cam/s",
        "rtsp://u:a@b@cam/s",
        "rtsp://[fe80::1]:554/s",
        "redis://:secret@cache:6379/0",
        "postgresql://u:p@a:5432,b:5432/ward",
        "postgresql:///ward?host=/run/postgresql",
        "file:///clips/a@b.mp4",
    ],
)
def test_a_url_that_is_as_it_should_be_is_taken(url: str) -> None:
    assert not url_fault(url)


@pytest.mark.parametrize("text", ["aB1" * 100_000, "a:" * 100_000, "rtsp://u:p@h/s," * 5_000])
def test_long_texts_are_redacted_in_time(text: str) -> None:
    before_s = time.monotonic()

    redacted(text)

    assert time.monotonic() - before_s < 5
