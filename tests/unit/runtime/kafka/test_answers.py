"""Questions to the broker are never waited for without a limit."""

from concurrent.futures import Future

import pytest
from confluent_kafka import KafkaError, KafkaException

from runtime.kafka.errors import answer


def test_a_question_that_a_killed_broker_took_with_it_is_given_up() -> None:
    question: Future[int] = Future()

    with pytest.raises(KafkaException, match="not answered within") as given_up:
        answer(question, 0.01)

    assert given_up.value.args[0].retriable()


def test_an_answer_and_a_refusal_are_handed_on() -> None:
    answered: Future[int] = Future()
    answered.set_result(7)
    refused: Future[int] = Future()
    refused.set_exception(KafkaException(KafkaError(KafkaError.TOPIC_AUTHORIZATION_FAILED)))

    assert answer(answered, 1.0) == 7
    with pytest.raises(KafkaException, match="AUTHORIZATION"):
        answer(refused, 1.0)
