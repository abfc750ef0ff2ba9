"""Check, when a process starts, that the brokers let it do what it needs.

Without this check a wrong password would look like a broker that is out of reach, and a missing
right would show when the first record comes.
"""

from collections.abc import Iterable
from typing import Final

from confluent_kafka import KafkaError, KafkaException, TopicCollection

from runtime.errors import Stop
from runtime.kafka.cluster import Cluster
from runtime.kafka.errors import is_refusal
from runtime.kafka.rights import ProcessRights

_ANSWER_S: Final = 10.0
_POLL_S: Final = 0.05

_NOT_LET_IN: Final = {KafkaError._AUTHENTICATION, KafkaError._SSL}


def check_access(cluster: Cluster, rights: ProcessRights | None = None) -> None:
    """Make sure that the brokers let this process in, and let it do its work.

    A broker that is out of reach is no refusal: the process waits for it in its own way.
    Brokers that are reached in plaintext are not asked.

    Args:
        cluster: Where the topics are.
        rights: What the process needs on its topics; None asks only whether it is let in.

    Raises:
        Stop: It is not let in, or lacks a right; one sentence says which.
    """
    if not (cluster.security.tls or cluster.security.user):
        return
    refused: list[KafkaError] = []

    def note(error: KafkaError) -> None:
        if error.code() in _NOT_LET_IN:
            refused.append(error)

    admin = cluster.admin(on_error=note)
    needed = {} if rights is None else rights.topics
    names = {cluster.prefix + name: operations for name, operations in needed.items()}
    asked = admin.describe_topics(
        TopicCollection(sorted(names) or [cluster.prefix or "wardstream"]),
        include_authorized_operations=True,
        request_timeout=_ANSWER_S,
    )
    deadline_s = cluster.clock.monotonic_s() + _ANSWER_S
    while not all(future.done() for future in asked.values()):
        admin.poll(_POLL_S)
        if refused:
            raise Stop(_not_let_in(cluster, refused[0]))
        if cluster.clock.monotonic_s() > deadline_s:
            return
    lacking: list[str] = []
    for name, operations in sorted(names.items()):
        try:
            granted = {one.name for one in asked[name].result().authorized_operations or ()}
        except KafkaException as error:
            if not is_refusal(error.args[0]):
                continue  # it is missing, or nobody answers: `check_topics` reports it
            granted = set()
        lacking += _lacking(name, operations - granted)
    if lacking:
        raise Stop(f"Kafka does not let {_who(cluster)} {'; '.join(lacking)}: grant these rights")


def _lacking(name: str, operations: Iterable[str]) -> list[str]:
    some = sorted(operations)
    return [f"{' and '.join(some)} topic {name}"] if some else []


def _not_let_in(cluster: Cluster, error: KafkaError) -> str:
    if error.code() == KafkaError._SSL:
        return f"Kafka at {cluster.bootstrap} is not who it must be: {error.str()}"
    return f"Kafka at {cluster.bootstrap} does not let {_who(cluster)} in: {error.str()}"


def _who(cluster: Cluster) -> str:
    if cluster.security.user:
        return f"user {cluster.security.user}"
    return f"the owner of {cluster.security.certificate}"
