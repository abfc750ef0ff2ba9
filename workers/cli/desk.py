"""The registry that a command edits."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from runtime.process.logging import configure_logging
from workers.audit.writer import AuditLog
from workers.cli.configuration import read_settings
from workers.cli.connections import open_cluster
from workers.registry.editing.database import Database
from workers.registry.editing.desk import EditingDesk
from workers.registry.vault.door import doors_of


@contextmanager
def open_desk(*, audited: bool = True) -> Iterator[EditingDesk]:
    """The registry that the settings name.

    Args:
        audited: Whether something may be edited: each edit is in the audit before it is kept.

    Raises:
        Stop: The brokers refuse this user.
        typer.Exit: A setting cannot be used.
    """
    settings = read_settings()
    configure_logging(settings, "command")
    cluster, address = open_cluster(), settings.database_address
    with ExitStack() as stack:
        audit = stack.enter_context(AuditLog(cluster, "command")) if audited else None
        vault = stack.enter_context(Database(settings.vault_address, "wardstream-vault"))
        doors = doors_of(settings.vault, vault, cluster.clock)
        yield stack.enter_context(EditingDesk(cluster, address, recorder=audit, doors=doors))
