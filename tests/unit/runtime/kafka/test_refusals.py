"""A refusal is final once it has repeated for some seconds; a lost connection never is."""

import pytest
from confluent_kafka import KafkaError

from runtime.kafka.refusals import LONGEST_PAUSE_S, REPEATED_S, Refusals, is_not_let_in

WRONG_PASSWORD = KafkaError(
    KafkaError._AUTHENTICATION,
    "sasl_ssl://127.0.0.1:9093/bootstrap: SASL authentication error: Authentication failed during "
    "authentication due to invalid credentials with SASL mechanism SCRAM-SHA-512",
)
WRONG_AUTHORITY = KafkaError(
    KafkaError._SSL,
    "sasl_ssl://127.0.0.1:9093/bootstrap: SSL handshake failed: error:0A000086:SSL routines::"
    "certificate verify failed: broker certificate could not be verified",
)


def refused(*times_s: float) -> Refusals:
    refusals = Refusals()
    for at_s in times_s:
        refusals.note(WRONG_PASSWORD, at_s)
    return refusals


def test_the_first_refusals_are_not_final() -> None:
    assert refused().final is None
    assert refused(100.0).final is None
    assert refused(100.0, 102.0, 104.9).final is None


def test_refusals_that_repeat_for_long_enough_are_final() -> None:
    assert refused(100.0, 102.0, 104.0, 100.0 + REPEATED_S).final is WRONG_PASSWORD


def test_a_pause_starts_a_new_series() -> None:
    after_the_restart = 101.0 + LONGEST_PAUSE_S + 0.1

    assert refused(100.0, 101.0, after_the_restart, after_the_restart + 2.0).final is None


def test_a_series_goes_on_for_as_long_as_a_pause_may_be() -> None:
    assert refused(100.0).repeating(100.0 + LONGEST_PAUSE_S)
    assert not refused(100.0).repeating(100.1 + LONGEST_PAUSE_S)


@pytest.mark.parametrize(
    ("code", "text"),
    [
        (
            KafkaError._AUTHENTICATION,
            "SASL SCRAM-SHA-512 mechanism handshake failed: Local: Broker transport failure",
        ),
        (
            KafkaError._AUTHENTICATION,
            "SASL authentication error: SaslAuthenticateRequest failed: Local: Timed out",
        ),
        (KafkaError._AUTHENTICATION, "SASL authentication failure: Disconnected"),
        (KafkaError._SSL, "SSL handshake failed: Disconnected: connection reset by peer"),
        (KafkaError._SSL, "SSL handshake failed: error:0A000126:SSL routines::unexpected eof"),
        (KafkaError._TRANSPORT, "Connect to ipv4#127.0.0.1:9093 failed: Connection refused"),
        (KafkaError._ALL_BROKERS_DOWN, "1/1 brokers are down"),
    ],
)
def test_a_lost_connection_is_no_refusal(code: int, text: str) -> None:
    error = KafkaError(code, text)
    refusals = Refusals()
    for at_s in range(20):
        refusals.note(error, float(at_s))

    assert not is_not_let_in(error)
    assert refusals.final is None
    assert not refusals.repeating(19.0)


@pytest.mark.parametrize("error", [WRONG_PASSWORD, WRONG_AUTHORITY])
def test_a_wrong_password_and_a_wrong_authority_are_refusals(error: KafkaError) -> None:
    assert is_not_let_in(error)
