"""Which of the rights that a process needs the brokers have not granted.

A broker says what may be done with a topic or a group when asked to describe it. It
describes no transactional id, so one that begins like those of the process is claimed.
"""

from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import Future
from contextlib import suppress
from typing import Any, Final

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from runtime.errors import Retry
from runtime.kafka.cluster import Cluster
from runtime.kafka.errors import answer, is_refusal
from runtime.kafka.rights import Resource, Right
from runtime.retry import Tries, constant, retried

_ANSWER_S: Final = 5.0
_LOST_S: Final = 1.0
"""Time after its own timeout at which a request is given up, s."""

_AGAIN: Final = constant(0.1, deadline_s=_ANSWER_S)


def missing(needed: Iterable[Right], described: Mapping[str, Future[Any]]) -> Iterator[Right]:
    """Rights on topics or groups that are not granted.

    What the broker has not described is left out: it is out of reach, or there is no such topic.

    Args:
        needed: Rights on resources of one type.
        described: Descriptions by name, asked for with the operations that are authorized.
    """
    for right in needed:
        if right.name not in described:
            continue
        try:
            found = answer(described[right.name], _ANSWER_S + _LOST_S)
        except KafkaException as error:
            if is_refusal(error.args[0]):
                yield right
            continue
        if right.operation not in {one.name for one in found.authorized_operations or ()}:
            yield right


def missing_on_groups(cluster: Cluster, admin: AdminClient, needed: list[Right]) -> list[Right]:
    """Rights on groups that are not granted; a group need not exist.

    Args:
        cluster: Where the groups are.
        admin: Client of the cluster.
        needed: Rights on groups.
    """
    left = {right.name for right in needed}
    lacking: list[Right] = []

    def ask() -> None:
        described = admin.describe_consumer_groups(
            sorted(left), include_authorized_operations=True, request_timeout=_ANSWER_S
        )
        lacking.extend(missing(needed, described))
        left.difference_update(name for name, one in described.items() if _is_answer(one))
        if left:
            raise Retry("a coordinator of groups is not ready")  # it has just started

    if needed:
        with suppress(Retry):
            retried(ask, Tries(_AGAIN, cluster.clock))
    return lacking


def _is_answer(description: Future[Any]) -> bool:
    """Whether a coordinator has described a group, or refused to."""
    error = description.exception() if description.done() else KafkaException()
    return error is None or (bool(error.args) and is_refusal(error.args[0]))


def missing_on_claims(cluster: Cluster, needed: list[Right]) -> Iterator[Right]:
    """Rights to write under transactional ids that are not granted.

    Args:
        cluster: Where the ids are claimed. None that a process writes under is: a claim would end
            that of the process that has it.
        needed: Rights on prefixes of transactional ids.
    """
    for right in needed:
        if right.operation != "WRITE":  # which includes the others
            continue
        producer = cluster.transactional(f"{right.name.rstrip('-')}-access", within_s=_ANSWER_S)
        try:
            producer.init_transactions(_ANSWER_S)
        except KafkaException as error:
            if is_refusal(error.args[0]):
                yield right


def message_of(lacking: Iterable[Right]) -> str:
    """What a process may not do.

    >>> message_of([Right("GROUP", "wardstream-stream", "LITERAL", "READ")])
    'READ group wardstream-stream'
    """
    by_name: dict[tuple[Resource, str], set[str]] = {}
    for right in lacking:
        by_name.setdefault((right.resource, right.name), set()).add(right.operation)
    return "; ".join(
        f"{' and '.join(sorted(operations))} {_KINDS[resource]} {name}"
        for (resource, name), operations in by_name.items()
    )


_KINDS: Final[dict[Resource, str]] = {
    "TOPIC": "topic",
    "GROUP": "group",
    "TRANSACTIONAL_ID": "transactional ids that begin with",
}
