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
    """The secured listener of a test's broker.

    Attributes:
        bootstrap: Address of the listener, `host:port`.
        ca: Certificate of the authority that signed the broker's certificate.
        plain: The same broker through the listener whose clients may do everything.
    """

    bootstrap: str
    ca: str
    plain: Cluster

    @classmethod
    def of(cls, environment: Mapping[str, str], prefix: str = "") -> "SecuredBroker":
        """The secured listener of these services, for a run with a prefix."""
        settings = Settings(
            kafka_bootstrap=environment["WARDSTREAM_KAFKA_BOOTSTRAP"], topic_prefix=prefix
        )
        return cls(environment[SECURED_BOOTSTRAP], environment[SECURED_CA], cluster_of(settings))

    def make_users(self) -> None:
        """Give every principal its password; a second call changes nothing."""
        self._give({user(name): password(name) for name in NAMES})

    def make_user(self, name: str, secret: str) -> None:
        """Give one more user a password."""
        self._give({name: secret})

    def _give(self, passwords: Mapping[str, str]) -> None:
        admin = self.plain.admin()
        info = ScramCredentialInfo(ScramMechanism.SCRAM_SHA_512, 4096)
        users: list[UserScramCredentialAlteration] = [
            UserScramCredentialUpsertion(name, info, secret.encode())
            for name, secret in passwords.items()
        ]
        for future in admin.alter_user_scram_credentials(users).values():
            future.result(ANSWER_S)

    def grant(self, without: Sequence[Right] = ()) -> None:
        """Give every principal its rights, except those to leave out."""
        rights = wanted(self.plain.prefix, {})
        grant(self.plain, [one for one in rights if one[1] not in without])

    def environment(self, process: str, **changed: str) -> dict[str, str]:
        """Settings with which a process reaches the listener; `changed` is for `security.kafka`."""
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
    """Password of a process: a word that occurs nowhere else."""
    return f"planted-secret-of-{process}"
