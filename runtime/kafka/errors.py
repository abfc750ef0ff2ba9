"""What a Kafka error means for the process, and how long to wait for an answer."""

from concurrent.futures import Future
from typing import TypeVar

from confluent_kafka import OFFSET_INVALID, KafkaError, KafkaException
from confluent_kafka.admin import ListOffsetsResultInfo  # type: ignore[attr-defined]

from runtime.errors import Retry, Stop

Answer = TypeVar("Answer")

_REFUSED = {
    KafkaError.TOPIC_AUTHORIZATION_FAILED,
    KafkaError.GROUP_AUTHORIZATION_FAILED,
    KafkaError.CLUSTER_AUTHORIZATION_FAILED,
    KafkaError.TRANSACTIONAL_ID_AUTHORIZATION_FAILED,
    KafkaError.MSG_SIZE_TOO_LARGE,
    KafkaError.RECORD_LIST_TOO_LARGE,
    KafkaError.INVALID_RECORD,
    KafkaError.INVALID_PARTITIONS,
    KafkaError.POLICY_VIOLATION,
    KafkaError.TOPIC_EXCEPTION,
}
"""Errors that the same request would get again."""


def is_refusal(error: KafkaError) -> bool:
    """Whether the broker would give the same answer again, so that a person must look.

    A full disk, too few replicas in sync and a running election of leaders are not refusals: they
    pass.
    """
    return bool(error.code() in _REFUSED)


def failure(what: str, error: KafkaException) -> Retry | Stop:
    """What a request that failed means: `Stop` where the broker refuses it, `Retry` otherwise.

    Args:
        what: What was asked, for the message.
        error: Error of the client.
    """
    reason: KafkaError = error.args[0]
    return (Stop if is_refusal(reason) else Retry)(f"{what}: {reason.str()}")


def answer(question: Future[Answer], within_s: float) -> Answer:
    """What the broker answers to a request of an `AdminClient`.

    A request that was open when the broker was killed may never be answered, whatever its own
    timeout, so every wait has a limit. One for the offset of a partition may then be answered
    with "invalid" and without an error (librdkafka 2.16), which is no offset.

    Args:
        question: Future of the client.
        within_s: Longest wait, s; longer than the timeout of the request itself.

    Raises:
        KafkaException: It refuses, is out of reach, or the request was lost (retriable).
    """
    try:
        found = question.result(timeout=within_s)
    except TimeoutError as error:
        lost = f"a question was not answered within {within_s:.0f} s"
        raise KafkaException(KafkaError(KafkaError._TIMED_OUT, lost, retriable=True)) from error
    if isinstance(found, ListOffsetsResultInfo) and found.offset == OFFSET_INVALID:
        unknown = "the offset is not known while the broker is away"
        raise KafkaException(KafkaError(KafkaError.LEADER_NOT_AVAILABLE, unknown, retriable=True))
    return found
