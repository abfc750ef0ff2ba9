"""A message is posted once to an address that was judged, whatever the receiver does."""

import json
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from prometheus_client import REGISTRY
from pydantic import SecretStr

from deploy.local.certificates import Authority
from runtime.clock import SystemClock
from tests.support.builders.messages import KEY, message, web
from tests.support.servers.receiver import Received, Receiver, answering, sending, silent
from workers.notifier.delivery.destination import Destination
from workers.notifier.delivery.message import Message
from workers.notifier.delivery.outcome import Outcome, Receipt, Refused, Retry
from workers.notifier.delivery.send import send

HEAD = b"HTTP/1.1 200 OK\r\n"


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver(key=KEY) as started:
        yield started


class Names:
    """A resolver with one name, which answers another address each time that it is asked.

    Attributes:
        asked: How often it was.
    """

    def __init__(self, *answers: list[str]) -> None:
        self.answers = list(answers)
        self.asked = 0

    def __call__(self, host: str, port: int, **_: Any) -> list[Any]:
        self.asked += 1
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        return [found for one in answer for found in socket.getaddrinfo(one, port, type=1)]


def sent(
    destination: Destination,
    within_s: float = 5.0,
    lookup: Any = socket.getaddrinfo,
    of: Message | None = None,
) -> Outcome:
    return send(of or message(), destination, SystemClock(), within_s, lookup)


def to(receiver: Receiver, path: str = "/", host: str = "127.0.0.1", **values: Any) -> Destination:
    return web(f"http://{host}:{receiver.port}{path}", **values)


def only(receiver: Receiver) -> Received:
    assert len(receiver.received) == 1
    return receiver.received[0]


def test_a_message_arrives_signed_with_one_receipt_key(receiver: Receiver) -> None:
    outcome = sent(to(receiver, "/hook?a=1"))

    assert isinstance(outcome, Receipt)
    assert outcome.detail == "HTTP 204"
    request = only(receiver)
    body = json.loads(request.body)
    assert request.path == "/hook?a=1"
    assert body["subject"] == "Bay 2: 2 nurses missing"
    assert body["receipt_key"] == request.headers["webhook-id"] == "rcpt_0123456789"
    assert request.headers["idempotency-key"] == '"rcpt_0123456789"'
    assert request.headers["host"] == f"127.0.0.1:{receiver.port}"


def test_a_second_try_has_the_same_receipt_key_and_is_signed_anew(receiver: Receiver) -> None:
    receiver.behaviour = answering(503)
    assert sent(to(receiver)) == Retry("it answers HTTP 503", None)
    receiver.behaviour = answering(200)
    assert isinstance(sent(to(receiver)), Receipt)

    first, second = receiver.received
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    assert first.body == second.body


def test_a_wrong_key_is_refused_for_ever(receiver: Receiver) -> None:
    outcome = sent(to(receiver, keys=(bytes(32),)))

    assert outcome == Refused("it answers HTTP 401")
    assert receiver.received == []


def test_while_a_key_is_replaced_either_verifies(receiver: Receiver) -> None:
    assert isinstance(sent(to(receiver, keys=(bytes(32), KEY))), Receipt)


def test_a_token_goes_into_the_header_and_into_no_other_text(receiver: Receiver) -> None:
    destination = to(receiver, token=SecretStr("tk_secret"), scheme="Bearer")

    assert isinstance(sent(destination), Receipt)
    assert only(receiver).headers["authorization"] == "Bearer tk_secret"
    assert "tk_secret" not in repr(destination)


@pytest.mark.parametrize(
    ("status", "headers", "outcome"),
    [
        (429, {"Retry_After": "7"}, Retry("it answers HTTP 429", 7.0)),
        (503, {"Retry_After": "999999999999"}, Retry("it answers HTTP 503", 3600.0)),
        (500, {"Retry_After": "soon"}, Retry("it answers HTTP 500", None)),
        (429, {"Retry_After": "Thu, 01 Jan 1970 00:00:00 GMT"}, Retry("it answers HTTP 429", 0.0)),
        (404, {}, Refused("it answers HTTP 404")),
        (410, {}, Refused("it answers HTTP 410")),
    ],
)
def test_an_answer_says_whether_to_try_again_and_when(
    receiver: Receiver, status: int, headers: dict[str, str], outcome: Outcome
) -> None:
    receiver.behaviour = answering(status, **headers)

    assert sent(to(receiver)) == outcome


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed(receiver: Receiver, status: int) -> None:
    with Receiver() as other:
        receiver.behaviour = answering(status, Location=f"http://127.0.0.1:{other.port}/")
        outcome = sent(to(receiver))
        assert other.received == []

    assert isinstance(outcome, Refused)
    assert "redirect" in outcome.reason


def test_a_redirect_to_a_link_local_address_is_not_followed(receiver: Receiver) -> None:
    receiver.behaviour = answering(302, Location="http://169.254.169.254/latest/meta-data/")

    assert isinstance(sent(to(receiver)), Refused)


@pytest.mark.parametrize(
    "behaviour",
    [
        silent,
        sending(b"H", pause_s=0.05, forever=True),
        sending(HEAD + b"X: ", b"a", pause_s=0.05, forever=True),
        sending(b"HTTP/1.1 100 Continue\r\n\r\n", pause_s=0.05, forever=True),
    ],
    ids=["nothing", "a byte now and then", "a header without end", "endless continue"],
)
def test_a_receiver_that_takes_its_time_costs_no_more_than_the_limit(
    receiver: Receiver, behaviour: Any
) -> None:
    receiver.behaviour = behaviour
    started_s = time.monotonic()

    outcome = sent(to(receiver), within_s=0.1)

    assert outcome == Retry("it did not answer in time")
    assert time.monotonic() - started_s < 2.0


@pytest.mark.parametrize(
    "behaviour",
    [
        sending(HEAD, b"X-Long: " + b"a" * 1000 + b"\r\n", forever=True),
        sending(b"HTTP/1.1 100 Continue\r\n\r\n" * 100, forever=True),
        sending(b"\x00\xff" * 5000, forever=True),
        sending(b""),
        sending(b"HTTP/1.1 999999 odd\r\n\r\n"),
        sending(b"SSH-2.0-OpenSSH\r\n"),
    ],
    ids=["endless headers", "endless continue", "endless bytes", "nothing", "odd", "not HTTP"],
)
def test_an_answer_that_is_none_ends_soon_and_is_tried_again(
    receiver: Receiver, behaviour: Any
) -> None:
    receiver.behaviour = behaviour

    outcome = sent(to(receiver))

    assert isinstance(outcome, Retry)
    assert "connection failed" in outcome.reason


@settings(max_examples=15)
@given(st.binary(max_size=80), st.booleans())
def test_whatever_a_receiver_answers_there_is_an_outcome(answer: bytes, is_http: bool) -> None:
    with Receiver() as receiver:
        receiver.behaviour = sending((b"HTTP/1.1 " if is_http else b"") + answer)

        outcome = sent(to(receiver), within_s=1.0)

    assert isinstance(outcome, Receipt | Retry | Refused)


def test_a_body_without_end_is_not_read(receiver: Receiver) -> None:
    head = HEAD + b"Content-Length: 99999999999\r\n\r\n"
    receiver.behaviour = sending(head, b"a" * 65_536, forever=True)

    assert isinstance(sent(to(receiver)), Receipt)


def test_nobody_who_listens_is_tried_again() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        outcome = sent(web(f"http://127.0.0.1:{free.getsockname()[1]}/"))

    assert isinstance(outcome, Retry)
    assert "does not answer" in outcome.reason


def test_a_name_that_means_another_address_a_moment_later_is_asked_once() -> None:
    """DNS rebinding: the first answer is judged and connected to, the second never heard."""
    with Receiver("127.0.0.2") as judged, Receiver("127.0.0.1", judged.port) as other:
        names = Names(["127.0.0.2"], ["127.0.0.1"])
        destination = to(judged, host="rebound.example", allow=("127.0.0.2/32",))

        assert isinstance(sent(destination, lookup=names), Receipt)

        assert names.asked == 1
        assert only(judged).headers["host"] == f"rebound.example:{judged.port}"
        assert other.received == []


def test_a_name_that_means_this_machine_is_refused_before_a_connection() -> None:
    with Receiver() as receiver:
        names = Names(["127.0.0.1"])
        outcome = sent(to(receiver, host="public.example", allow=("10.9.9.9",)), lookup=names)
        assert receiver.received == []

    assert isinstance(outcome, Refused)
    assert "public.example is 127.0.0.1, a loopback address" in outcome.reason


def test_of_two_addresses_the_one_that_may_be_used_gets_the_message() -> None:
    with Receiver("127.0.0.2") as allowed, Receiver("127.0.0.1", allowed.port) as other:
        names = Names(["127.0.0.1", "127.0.0.2"])
        destination = to(allowed, host="both.example", allow=("127.0.0.2/32",))

        assert isinstance(sent(destination, lookup=names), Receipt)
        assert other.received == []


def test_an_address_that_does_not_answer_leaves_time_for_the_next() -> None:
    with Receiver("127.0.0.2") as answers:
        names = Names(["127.0.0.3", "127.0.0.2"])

        assert isinstance(sent(to(answers, host="both.example"), lookup=names), Receipt)


@pytest.mark.parametrize("host", ["2130706433", "0x7f000001", "127.1", "0177.0.0.1", "127.0.0.01"])
def test_an_address_written_as_a_number_is_no_url(host: str) -> None:
    with pytest.raises(ValueError, match=r"number|not a URL"):
        web(f"http://{host}/")


def test_an_ipv6_address_gets_its_brackets(receiver: Receiver) -> None:
    with Receiver("127.0.0.1") as mapped:
        outcome = sent(web(f"http://[::ffff:127.0.0.1]:{mapped.port}/", allow=("127.0.0.1/32",)))
        assert isinstance(outcome, Receipt)
        assert only(mapped).headers["host"] == f"[::ffff:127.0.0.1]:{mapped.port}"

    refused = sent(web(f"http://[::ffff:127.0.0.1]:{mapped.port}/", allow=("10.0.0.0/8",)))
    assert isinstance(refused, Refused)


def test_plain_http_goes_to_listed_addresses_alone() -> None:
    names = Names(["93.184.215.14"])
    outcome = sent(web("http://public.example/", allow=("127.0.0.1/32",)), lookup=names)

    assert isinstance(outcome, Refused)
    assert "unencrypted" in outcome.reason


def test_a_resolver_that_hangs_costs_no_more_than_the_limit() -> None:
    def hanging(*_: object, **__: object) -> Any:
        time.sleep(0.5)
        return []

    outcome = sent(web("https://slow.example/"), within_s=0.1, lookup=hanging)

    assert outcome == Retry("slow.example was not resolved within 0 s")


def test_a_name_that_nobody_knows_is_tried_again() -> None:
    def unknown(*_: object, **__: object) -> Any:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    outcome = sent(web("https://nobody.example/"), lookup=unknown)

    assert outcome == Retry("nobody.example cannot be resolved: Name or service not known")


def test_a_receiver_proves_its_name(authority: Authority) -> None:
    identity = authority.issue("right", ["DNS:right.example"])
    names = Names(["127.0.0.1"])
    with Receiver(identity=identity, key=KEY) as receiver:
        url = f"https://{{}}:{receiver.port}/"

        def outcome(host: str, ca: Path | None) -> Outcome:
            return sent(web(url.format(host), ca=ca), lookup=names)

        assert isinstance(outcome("right.example", authority.ca), Receipt)
        assert isinstance(outcome("right.example.", authority.ca), Receipt)
        wrong = outcome("wrong.example", authority.ca)
        stranger = outcome("right.example", None)
        assert len(receiver.received) == 2

    assert isinstance(wrong, Retry)
    assert "does not prove its name: Hostname mismatch" in wrong.reason
    assert isinstance(stranger, Retry)
    assert "does not prove its name" in stranger.reason


def test_a_name_that_is_not_ascii_is_the_one_that_is_proved(authority: Authority) -> None:
    identity = authority.issue("idna", ["DNS:xn--strae-oqa.example"])
    with Receiver(identity=identity) as receiver:
        destination = web(f"https://straße.example:{receiver.port}/", ca=authority.ca)

        assert isinstance(sent(destination, lookup=Names(["127.0.0.1"])), Receipt)
        assert only(receiver).headers["host"] == f"xn--strae-oqa.example:{receiver.port}"


def test_a_server_without_tls_gets_nothing_that_is_meant_to_be_encrypted(
    receiver: Receiver,
) -> None:
    outcome = sent(web(f"https://127.0.0.1:{receiver.port}/"), within_s=1.0)

    assert isinstance(outcome, Retry)
    assert receiver.received == []


def test_a_handshake_that_drips_costs_no_more_than_the_limit() -> None:
    with socket.create_server(("127.0.0.1", 0)) as mute:
        started_s = time.monotonic()
        outcome = sent(web(f"https://127.0.0.1:{mute.getsockname()[1]}/"), within_s=0.1)

    assert isinstance(outcome, Retry)
    assert time.monotonic() - started_s < 2.0


def test_a_message_of_one_route_goes_to_no_destination_of_the_other(receiver: Receiver) -> None:
    outcome = sent(to(receiver), of=message(route="OPERATIONS"))

    assert isinstance(outcome, Refused)
    assert receiver.received == []


def test_every_outcome_is_counted(receiver: Receiver) -> None:
    def count(result: str) -> float:
        labels = {"destination": "phone", "kind": "webhook", "result": result}
        return REGISTRY.get_sample_value("wardstream_deliveries_total", labels) or 0.0

    before = {result: count(result) for result in ("received", "retry", "refused")}
    for status in (200, 503, 400):
        receiver.behaviour = answering(status)
        sent(to(receiver))

    assert {result: count(result) - was for result, was in before.items()} == {
        "received": 1.0,
        "retry": 1.0,
        "refused": 1.0,
    }


@pytest.mark.parametrize("shape", ["ntfy", "slack", "teams"])
def test_each_shape_arrives_as_its_receiver_reads_it(receiver: Receiver, shape: str) -> None:
    assert isinstance(sent(to(receiver, shape=shape, topic="ward-3")), Receipt)

    body = json.loads(only(receiver).body)
    if shape == "ntfy":
        assert body == {
            "topic": "ward-3",
            "title": "Bay 2: 2 nurses missing",
            "message": message().text,
            "priority": 5,
            "tags": ["rotating_light"],
            "click": message().link,
        }
    elif shape == "slack":
        kinds = [block["type"] for block in body["blocks"]]
        assert kinds == ["section"] * 5 + ["actions"]
        assert body["blocks"][-1]["elements"][0]["url"] == message().link
    else:
        card = body["attachments"][0]["content"]
        texts = [block["inlines"][0]["text"] for block in card["body"]]
        assert texts[:2] == ["Bay 2: 2 nurses missing", message().body[0]]
        assert card["actions"][0]["url"] == message().link
