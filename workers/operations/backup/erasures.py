"""Take out of a restored run everybody who was erased after its backup was made."""

from collections.abc import Sequence

import psycopg

from runtime.errors import Stop
from runtime.process.user import user_name
from workers.audit.writer import AuditLog
from workers.operations.backup.manifest import Manifest
from workers.operations.backup.tables import snapshot
from workers.operations.backup.take import Report
from workers.operations.installation import Installation
from workers.registry.editing.database import Database
from workers.registry.editing.desk import EditingDesk
from workers.registry.vault.erasing import Eraser, take_in
from workers.registry.vault.erasures import SETTING, Erased
from workers.registry.vault.vault import Vault, destroyed

_ACCEPT = "--without-erasures restores without one: everybody comes back who is in the backup"


def erased_before(
    installation: Installation, manifest: Manifest, *, accept_none: bool, report: Report
) -> Sequence[Erased]:
    """Everybody of the list of erasures.

    Args:
        installation: Run to restore into.
        manifest: Manifest of the backup.
        accept_none: Go on where the list is missing, or is not the one that the backup knows.
        report: Receives one line where that was so.

    Raises:
        Stop: It is so, and was not accepted.
    """
    try:
        return _listed(installation, manifest)
    except Stop as error:
        if not accept_none:
            raise Stop(f"{error}; {_ACCEPT}") from error
        report(f"accepted: {error}")
        return ()


def _listed(installation: Installation, manifest: Manifest) -> Sequence[Erased]:
    erasures = installation.erasures
    if erasures is None:
        raise Stop(f"no list of erasures is set ({SETTING}), and the backup may hold who is on it")
    listed = erasures.read()
    known = manifest.erasures
    if known is not None and not listed.holds(known):
        raise Stop(
            f"the list of erasures {erasures} is not the one that the backup knows, or lacks what "
            f"that held: {known.lines - 1} erasures"
        )
    return listed.erased


def forget(connection: psycopg.Connection, erased: Sequence[Erased]) -> None:
    """Destroy names and entries of the vault, in the transaction that brought them back.

    Tables of a release without a vault have neither it nor a list.
    """
    found = connection.execute("SELECT to_regclass('registry.erased') IS NOT NULL").fetchone()
    if erased and found is not None and found[0]:
        take_in(connection, erased)
        destroyed(connection, [one.pseudonym for one in erased])


def complete(installation: Installation, erased: Sequence[Erased], report: Report) -> None:
    """Take away what is registered of them, in the topics too.

    Raises:
        Retry: A store is out of reach; the same restore again goes on.
        RegistryUnavailable: The schema registry is out of reach.
    """
    if not erased:
        return
    with snapshot(installation.database_url) as connection:
        forget(connection, erased)  # where the backup's tables were older than the vault
    cluster = installation.cluster
    with (
        AuditLog(cluster, "command") as audit,
        Database(installation.vault_url, "wardstream-vault") as database,
        EditingDesk(cluster, installation.database_url, recorder=audit) as desk,
    ):
        vault = Vault(database, installation.vault_keys)
        desk.registered()
        eraser = Eraser(desk.store, vault, installation.erasures, audit, cluster.clock)
        number, edit_id = eraser.complete(user_name())
        if edit_id is not None:
            desk.append(edit_id)
    taken = "nothing of them is registered" if edit_id is None else f"taken out by edit {edit_id}"
    report(f"erasures: {number} pseudonyms of the list stand for nobody; {taken}")
