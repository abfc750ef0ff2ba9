"""A message is mailed once, encrypted where that is asked for, whatever the server does."""

import time
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deploy.local.certificates import Authority, Certificate
from runtime.clock import SystemClock
from tests.support.builders.messages import mail, message
from tests.support.servers.mail_server import MailServer
from workers.notifier.delivery.destination import Destination
from workers.notifier.delivery.message import Message
from workers.notifier.delivery.outcome import Outcome, Receipt, Refused, Retry
from workers.notifier.delivery.send import send

LOGIN = ("wardstream", "a password")


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def identity(authority: Authority) -> Certificate:
    return authority.issue("mail", ["IP:127.0.0.1"])


@pytest.fixture(scope="module")
def plain() -> Iterator[MailServer]:
    """A server that encrypts nothing, for the tests of what it is told."""
    with MailServer() as started:
        yield started


@pytest.fixture
def server(plain: MailServer) -> MailServer:
    plain.taken.clear()
    plain.answers.clear()
    return plain


def sent(destination: Destination, of: Message | None = None, within_s: float = 5.0) -> Outcome:
    return send(of or message(), destination, SystemClock(), within_s)


def to(server: MailServer, **values: object) -> Destination:
    return mail(server.host, server.port, **{"encryption": "none", **values})  # type: ignore[arg-type]


def test_a_message_arrives_as_a_mail_that_a_phone_shows(server: MailServer) -> None:
    assert isinstance(sent(to(server)), Receipt)

    taken = server.taken[0]
    assert taken.sender == "wardstream@ward.example"
    assert taken.recipients == ["charge-nurse@ward.example"]
    assert taken.mail["Subject"] == "Bay 2: 2 nurses missing"
    assert taken.mail["To"] == "charge-nurse@ward.example"
    assert taken.mail["Importance"] == "high"
    assert taken.mail["Auto-Submitted"] == "auto-generated"
    assert taken.mail["Date"] == "Mon, 01 Dec 2025 02:04:00 +0000"
    text = taken.mail.get_content()
    assert text.replace("\r\n", "\n") == f"{message().text}\n\n{message().link}\n"


def test_each_try_of_a_message_has_its_message_id_and_receipt_key(server: MailServer) -> None:
    server.answers["DATA"] = b"451 later"
    assert sent(to(server)) == Retry("the mail server refuses for now with code 451")
    server.answers.clear()
    assert isinstance(sent(to(server)), Receipt)
    assert isinstance(sent(to(server), message(receipt_key="rcpt_another")), Receipt)

    first, second, other = [taken.mail for taken in server.taken]
    assert first["Message-ID"] == second["Message-ID"] != other["Message-ID"]
    assert first["Idempotency-Key"] == second["Idempotency-Key"] == "rcpt_0123456789"


def test_starttls_and_a_login_come_before_the_mail(
    authority: Authority, identity: Certificate
) -> None:
    with MailServer(identity, login=LOGIN) as server:
        user, password = LOGIN
        destination = mail(server.host, server.port, authority.ca, user=user, password=password)
        assert isinstance(sent(destination), Receipt)
        wrong = mail(server.host, server.port, authority.ca, user=user, password="wrong one")
        assert sent(wrong) == Refused("the mail server refuses with code 535")

    assert [(taken.encrypted, taken.user) for taken in server.taken] == [(True, "wardstream")]
    assert "a password" not in repr(destination)


def test_a_challenge_that_cannot_be_read_is_tried_again(
    authority: Authority, identity: Certificate
) -> None:
    with MailServer(identity, login=LOGIN) as server:
        server.mechanism, server.answers["AUTH"] = b"CRAM-MD5", b"334 A"
        user, password = LOGIN
        destination = mail(server.host, server.port, authority.ca, user=user, password=password)

        assert sent(destination) == Retry("127.0.0.1 answers what is no SMTP")
        assert server.taken == []


@settings(max_examples=15)
@given(st.sampled_from(["CONNECT", "EHLO", "MAIL", "RCPT", "DATA"]), st.binary(max_size=60))
def test_whatever_a_server_answers_there_is_an_outcome(
    plain: MailServer, command: str, answer: bytes
) -> None:
    plain.taken.clear()
    plain.answers = {command: answer + b"\r\n221 bye", "QUIT": b"221 bye"}

    assert isinstance(sent(to(plain), within_s=0.05), Receipt | Retry | Refused)


def test_tls_from_the_start(authority: Authority, identity: Certificate) -> None:
    with MailServer(identity, from_start=True) as server:
        destination = mail(server.host, server.port, authority.ca, encryption="tls")
        assert isinstance(sent(destination), Receipt)

    assert server.taken[0].encrypted


def test_a_server_that_does_not_prove_its_name_gets_no_mail(identity: Certificate) -> None:
    with MailServer(identity) as server:
        outcome = sent(mail(server.host, server.port))

    assert isinstance(outcome, Retry)
    assert server.taken == []


def test_a_server_that_offers_no_starttls_gets_no_mail(server: MailServer) -> None:
    outcome = sent(mail(server.host, server.port))

    assert isinstance(outcome, Refused)
    assert "STARTTLS" in outcome.reason
    assert server.taken == []


def test_a_server_at_an_address_that_is_not_listed_is_not_connected_to(
    server: MailServer,
) -> None:
    outcome = sent(to(server, allow=("10.0.0.0/8",)))

    assert isinstance(outcome, Refused)
    assert "loopback" in outcome.reason


@pytest.mark.parametrize(
    ("command", "answer", "outcome"),
    [
        ("CONNECT", b"554 go away", Refused("the mail server refuses with code 554")),
        ("CONNECT", b"421 busy", Retry("the mail server refuses for now with code 421")),
        ("MAIL", b"550 no", Refused("the mail server refuses with code 550")),
        ("RCPT", b"550 nobody", Refused("the mail server refuses with code 550")),
        ("RCPT", b"450 greylisted", Retry("the mail server refuses for now with code 450")),
        ("DATA", b"554 spam", Refused("the mail server refuses with code 554")),
    ],
)
def test_a_refusal_is_for_ever_or_for_now(
    server: MailServer, command: str, answer: bytes, outcome: Outcome
) -> None:
    server.answers[command] = answer

    assert sent(to(server)) == outcome


@pytest.mark.parametrize("command", ["CONNECT", "EHLO", "RCPT", "DATA"])
def test_a_server_that_hangs_costs_no_more_than_the_limit(server: MailServer, command: str) -> None:
    server.answers[command] = b""
    started_s = time.monotonic()

    assert sent(to(server), within_s=0.1) == Retry("it did not answer in time")
    assert time.monotonic() - started_s < 2.0


def test_an_answer_without_end_ends_soon(server: MailServer) -> None:
    server.answers["EHLO"] = b"250-more\r\n" * 50_000

    assert isinstance(sent(to(server)), Retry)


def test_a_mail_that_was_taken_is_received_whatever_the_goodbye(server: MailServer) -> None:
    server.answers["QUIT"] = b"500 what"

    assert isinstance(sent(to(server)), Receipt)


@settings(max_examples=15)
@given(st.text(max_size=200), st.text(max_size=400), st.text(max_size=400))
def test_no_text_of_a_message_adds_a_header_a_recipient_or_a_mail(
    plain: MailServer, subject: str, text: str, next_action: str
) -> None:
    plain.taken.clear()
    plain.answers.clear()
    given = message(
        subject=f"{subject}\r\nBcc: all@ward.example",
        body=(text, f"{text}\r\n.\r\nMAIL FROM:<evil@ward.example>\r\n", f".{text}"),
        next_action=next_action,
    )

    assert isinstance(sent(to(plain), given), Receipt)

    (taken,) = plain.taken
    assert taken.recipients == ["charge-nurse@ward.example"]
    assert taken.mail.keys() == [
        *("From", "To", "Subject", "Date", "Message-ID", "Idempotency-Key", "Auto-Submitted"),
        *("Importance", "Content-Type", "Content-Transfer-Encoding", "MIME-Version"),
    ]
    assert taken.mail["Subject"] == given.subject
    assert taken.mail.get_content().replace("\r\n", "\n").startswith(given.text)
