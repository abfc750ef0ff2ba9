"""The broker's secured listener: principals with the least rights, and processes that use them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from confluent_kafka.admin import (  # type: ignore[attr-defined]
    ScramCredentialInfo,
    ScramMechanism,
    UserScramCredentialAlteration,
    UserScramCredentialUpsertion,
)

from deploy.kafka.acls import grant, wanted
from deploy.local.launcher import SECURED_BOOTSTRAP, SECURED_CA
from runtime.kafka.cluster import Cluster
from runtime.kafka.rights import OPERATOR, PROCESSES, Right
from runtime.process.settings import Settings
from tests.support.clusters import cluster_of

ANSWER_S = 30.0

NAMES = (*(row.process for row in PROCESSES), OPERATOR)


@dataclass(frozen=True)
class SecuredBroker:
    """The secured listener of the services that a test has.

    Attributes:
        bootstrap: Its `host:port`.
        ca: Certificate of the authority that signed the broker's.
        plain: The same broker by the listener whose clients may do everything.
    """

    bootstrap: str
    ca: str
    plain: Cluster

    @classmethod
    def of(cls, environment: Mapping[str, str], prefix: str = "") -> "SecuredBroker":
        """The listener that the services tell of, for a run with a prefix."""
        settings = Settings(
            kafka_bootstrap=environment["WARDSTREAM_KAFKA_BOOTSTRAP"], topic_prefix=prefix
        )
        return cls(environment[SECURED_BOOTSTRAP], environment[SECURED_CA], cluster_of(settings))

    def make_users(self) -> None:
        """Give every principal its password; again changes nothing."""
        admin = self.plain.admin()
        info = ScramCredentialInfo(ScramMechanism.SCRAM_SHA_512, 4096)
        users: list[UserScramCredentialAlteration] = [
            UserScramCredentialUpsertion(user(name), info, password(name).encode())
            for name in NAMES
        ]
        for future in admin.alter_user_scram_credentials(users).values():
            future.result(ANSWER_S)

    def grant(self, without: Sequence[Right] = ()) -> None:
        """Give every principal its rights, but some."""
        rights = wanted(self.plain.prefix, {})
        grant(self.plain, [one for one in rights if one[1] not in without])

    def environment(self, process: str, **changed: str) -> dict[str, str]:
        """How a process reaches the listener, with settings of `security.kafka` changed."""
        reported = {
            "tls": "true",
            "ca": self.ca,
            "user": user(process),
            "password": password(process),
            **changed,
        }
        return {
            "WARDSTREAM_KAFKA_BOOTSTRAP": self.bootstrap,
            "WARDSTREAM_TOPIC_PREFIX": self.plain.prefix,
            **{f"WARDSTREAM_SECURITY__KAFKA__{name.upper()}": v for name, v in reported.items()},
        }


def user(process: str) -> str:
    """Name of a process's principal, without `User:`."""
    return f"wardstream-{process}"


def password(process: str) -> str:
    """Its password: a word that nothing else contains."""
    return f"planted-secret-of-{process}"
