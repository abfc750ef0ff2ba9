"""Check, when a process starts, that brokers and schema registry let it do what it needs.

Without this check a wrong password would look like a broker that is out of reach, and a missing
right would show when the first record comes.
"""

from concurrent.futures import Future
from typing import Any, Final

from confluent_kafka import KafkaError, TopicCollection

from runtime.errors import Stop
from runtime.kafka.cluster import Cluster
from runtime.kafka.granted import message_of, missing, missing_on_claims, missing_on_groups
from runtime.kafka.refusals import REPEATED_S, Refusals
from runtime.kafka.rights import ProcessRights, Resource, Right
from runtime.retry import Tries, constant
from schemas.registry import RegistryDenied

_ANSWER_S: Final = 10.0
_POLL_S: Final = 0.05
_AGAIN: Final[dict[str, Any]] = {"reconnect.backoff.ms": 250, "reconnect.backoff.max.ms": 1_000}


def check_access(cluster: Cluster, rights: ProcessRights | None = None) -> None:
    """Make sure that brokers and schema registry let this process in, and let it do its work.

    What is out of reach does not refuse: the process waits for it in its own way. Nor does a
    broker that refuses for a moment, as while it restarts: only a refusal that repeats is final.
    Brokers that are reached in plaintext are not asked.

    Args:
        cluster: Where topics and schemas are.
        rights: What the process needs on topics, groups and transactional ids; None asks only
            whether the brokers let it in, for a command that may need no schema.

    Raises:
        Stop: It is not let in, or lacks a right; one sentence says which.
    """
    if cluster.security.tls or cluster.security.user:
        needed = () if rights is None else rights.rights(cluster.prefix)
        _check_brokers(cluster, list(needed))
    if rights is not None:
        _check_registry(cluster, rights)


def _check_registry(cluster: Cluster, rights: ProcessRights) -> None:
    topic = next(one for one in (*rights.writes, *rights.reads) if one.avro)
    try:
        cluster.registry.check_access(topic)
    except RegistryDenied as error:
        raise Stop(str(error)) from error


def _check_brokers(cluster: Cluster, needed: list[Right]) -> None:
    clock = cluster.clock
    refusals = Refusals()
    admin = cluster.admin(
        on_error=lambda error: refusals.note(error, clock.monotonic_s()), **_AGAIN
    )
    on_topics = _of("TOPIC", needed)
    names = sorted({right.name for right in on_topics}) or [cluster.prefix or "wardstream"]
    described: dict[str, Future[Any]] = admin.describe_topics(
        TopicCollection(names),
        include_authorized_operations=True,
        request_timeout=_ANSWER_S + REPEATED_S,
    )
    tries = Tries(constant(_POLL_S, deadline_s=_ANSWER_S), clock)
    while not all(future.done() for future in described.values()):
        admin.poll(_POLL_S)
        if refusals.final:
            raise Stop(_not_let_in(cluster, refusals.final))
        if tries.over and not refusals.repeating(clock.monotonic_s()):
            return
    lacking = [
        *missing(on_topics, described),
        *missing_on_groups(cluster, admin, _of("GROUP", needed)),
        *missing_on_claims(cluster, _of("TRANSACTIONAL_ID", needed)),
    ]
    if lacking:
        raise Stop(f"Kafka does not let {_who(cluster)} {message_of(lacking)}: grant these rights")


def _of(resource: Resource, rights: list[Right]) -> list[Right]:
    return [right for right in rights if right.resource == resource]


def _not_let_in(cluster: Cluster, error: KafkaError) -> str:
    if error.code() == KafkaError._SSL:
        return f"Kafka at {cluster.bootstrap} is not who it must be: {error.str()}"
    return f"Kafka at {cluster.bootstrap} does not let {_who(cluster)} in: {error.str()}"


def _who(cluster: Cluster) -> str:
    if cluster.security.user:
        return f"user {cluster.security.user}"
    return f"the owner of {cluster.security.certificate}"
