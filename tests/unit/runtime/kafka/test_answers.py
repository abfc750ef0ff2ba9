"""A request to the broker never waits without a limit."""

from concurrent.futures import Future

import pytest
from confluent_kafka import OFFSET_INVALID, KafkaError, KafkaException
from confluent_kafka.admin import ListOffsetsResultInfo  # type: ignore[attr-defined]

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


@pytest.mark.parametrize("offset", [0, 7, -1], ids=["empty", "filled", "no record so late"])
def test_an_offset_is_handed_on(offset: int) -> None:
    question: Future[ListOffsetsResultInfo] = Future()
    question.set_result(ListOffsetsResultInfo(offset, -1, 0))

    assert answer(question, 1.0).offset == offset


def test_no_offset_in_the_answer_of_a_client_whose_broker_was_killed_is_asked_for_again() -> None:
    question: Future[ListOffsetsResultInfo] = Future()
    question.set_result(ListOffsetsResultInfo(OFFSET_INVALID, -1, 0))

    with pytest.raises(KafkaException, match="not known") as unknown:
        answer(question, 1.0)

    assert unknown.value.args[0].retriable()
