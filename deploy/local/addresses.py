"""The settings by which a process finds the services."""

from collections.abc import Mapping, Sequence

from deploy.services import DATABASE, DATABASE_USER, REGISTRY_PATH, Component

HOST = "127.0.0.1"


def addresses(
    components: Sequence[Component], ports: Mapping[str, int], password: str
) -> dict[str, str]:
    """The `WARDSTREAM_*` settings of services on this machine.

    Args:
        components: Services that run.
        ports: Their ports by name.
        password: Password of the database.
    """
    known: dict[Component, tuple[str, str]] = {
        "kafka": ("WARDSTREAM_KAFKA_BOOTSTRAP", f"{HOST}:{{}}"),
        "registry": ("WARDSTREAM_REGISTRY_URL", f"http://{HOST}:{{}}{REGISTRY_PATH}"),
        "timescale": (
            "WARDSTREAM_DATABASE_URL",
            f"postgresql://{DATABASE_USER}:{password}@{HOST}:{{}}/{DATABASE}",
        ),
        "redis": ("WARDSTREAM_REDIS_URL", f"redis://{HOST}:{{}}/0"),
    }
    return {
        variable: pattern.format(ports[name])
        for name, (variable, pattern) in known.items()
        if name in components
    }
