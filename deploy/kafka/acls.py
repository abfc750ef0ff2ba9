"""Grant every process of Wardstream its rights on the brokers: `python -m deploy.kafka.acls`.

The rights are listed in `runtime/kafka/rights.py`. Granting them again changes nothing.
"""

import argparse
import sys
from collections.abc import Iterator, Mapping, Sequence

from confluent_kafka import KafkaException
from confluent_kafka.admin import (  # type: ignore[attr-defined]
    AclBinding,
    AclBindingFilter,
    AclOperation,
    AclPermissionType,
    AdminClient,
    ResourcePatternType,
    ResourceType,
)

from runtime.clock import SystemClock
from runtime.errors import EXIT_REPLAY, EXIT_STOP, Retry, Stop
from runtime.kafka.access import check_access
from runtime.kafka.cluster import Cluster
from runtime.kafka.errors import answer, failure
from runtime.kafka.rights import OPERATOR, PROCESSES, Right, operator_rights, principal
from runtime.process.load import load_settings
from runtime.retry import Tries, constant, retried

_ANSWER_S = 30.0


def wanted(prefix: str, names: Mapping[str, str]) -> Iterator[tuple[str, Right]]:
    """Every right of every principal.

    Args:
        prefix: Prefix of the run's names.
        names: Principals by process, where they differ from `User:wardstream-<process>`.
    """
    for row in PROCESSES:
        for right in row.rights(prefix):
            yield names.get(row.process, principal(row.process)), right
    for right in operator_rights(prefix):
        yield names.get(OPERATOR, principal(OPERATOR)), right


def grant(cluster: Cluster, rights: Sequence[tuple[str, Right]]) -> None:
    """Grant rights from every host; returns once the broker that answers applies them.

    Raises:
        Retry: The broker is out of reach, or does not apply them in time.
        Stop: The broker does not let us grant them, or has no authorizer.
    """
    bindings = [
        AclBinding(
            ResourceType[right.resource],
            right.name,
            ResourcePatternType[right.pattern],
            who,
            "*",
            AclOperation[right.operation],
            AclPermissionType.ALLOW,
        )
        for who, right in rights
    ]
    admin = cluster.admin()
    for binding, future in admin.create_acls(bindings, request_timeout=_ANSWER_S).items():
        try:
            answer(future, _ANSWER_S + 10.0)
        except KafkaException as error:
            raise failure(f"rights of {binding.principal} cannot be granted", error) from error
    # A broker stores rights first and applies them a moment later.
    tries = Tries(constant(0.1, deadline_s=_ANSWER_S), cluster.clock)
    retried(lambda: _refuse_missing(_applied(admin), bindings), tries)


def _applied(admin: AdminClient) -> set[AclBinding]:
    """Rights that the broker applies now."""
    every = AclBindingFilter(
        ResourceType.ANY,
        None,  # type: ignore[arg-type]  # any name
        ResourcePatternType.ANY,
        None,  # type: ignore[arg-type]  # any principal
        None,  # type: ignore[arg-type]  # any host
        AclOperation.ANY,
        AclPermissionType.ANY,
    )
    try:
        return set(answer(admin.describe_acls(every, request_timeout=_ANSWER_S), _ANSWER_S + 10.0))
    except KafkaException as error:
        raise failure("the rights in force cannot be read", error) from error


def _refuse_missing(applied: set[AclBinding], bindings: Sequence[AclBinding]) -> None:
    missing = [one for one in bindings if one not in applied]
    if missing:
        raise Retry(f"the broker does not apply {len(missing)} of {len(bindings)} rights yet")


def main(arguments: Sequence[str] | None = None) -> int:
    """Grant or print the rights; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m deploy.kafka.acls", description=__doc__)
    parser.add_argument("--bootstrap", help="host:port of brokers; default: the setting.")
    parser.add_argument("--prefix", help="Leads the names of the run; default: the setting.")
    parser.add_argument(
        "--principal",
        action="append",
        default=[],
        metavar="PROCESS=PRINCIPAL",
        help="Principal of a process, such as stream=User:CN=stream.ward.",
    )
    parser.add_argument("--print", action="store_true", help="Print the rights; grant nothing.")
    given = parser.parse_args(arguments)
    try:
        settings = load_settings()
    except Stop as error:
        print(error, file=sys.stderr)
        return error.exit_code
    if given.bootstrap is not None:
        settings = settings.model_copy(update={"kafka_bootstrap": given.bootstrap})
    if given.prefix is not None:
        settings = settings.model_copy(update={"topic_prefix": given.prefix})
    names = dict(one.split("=", 1) for one in given.principal if "=" in one)
    unknown = sorted(names.keys() - {OPERATOR, *(row.process for row in PROCESSES)})
    if unknown or len(names) < len(given.principal):
        parser.error(f"--principal takes PROCESS=PRINCIPAL; not {', '.join(given.principal)}")
    rights = list(wanted(settings.topic_prefix, names))
    if given.print:
        for who, right in rights:
            print(who, right.resource, right.name, right.pattern, right.operation)
        return 0
    cluster = Cluster.of(settings, SystemClock())
    try:
        check_access(cluster)
        grant(cluster, rights)
    except (Retry, Stop) as error:
        print(error, file=sys.stderr)
        return EXIT_REPLAY if isinstance(error, Retry) else EXIT_STOP
    print(f"{len(rights)} rights granted to {len({who for who, _ in rights})} principals")
    return 0


if __name__ == "__main__":
    sys.exit(main())
