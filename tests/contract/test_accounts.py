"""Each process that uses the database or Redis has an account there, and no other process has."""

import pytest

from deploy.services import PROCESSES
from runtime.kafka.rights import PROCESSES as PRINCIPALS
from runtime.storage.accounts import DATABASE_ROLES, VAULT_ROLE
from runtime.storage.redis_users import USERS
from workers.storage.timescale.rights import PERSON_ROWS, ROLES, rights_of

RUNNING = {row.signs_in_as for row in PROCESSES if not row.job}


def test_every_running_process_is_a_principal_of_the_brokers() -> None:
    assert {row.process for row in PRINCIPALS} >= RUNNING


def test_the_names_of_roles_are_those_of_the_table() -> None:
    assert tuple(row.role for row in ROLES) == DATABASE_ROLES


def test_every_account_is_of_a_process_or_of_a_reader() -> None:
    readers = {row.role for row in ROLES if row.read_only}
    second = {VAULT_ROLE}  # of the board

    assert readers == {"analyst", "auditor"}
    assert {row.role for row in ROLES} - readers - second <= RUNNING
    assert {row.process for row in USERS} <= RUNNING | {"operator"}


def test_no_reader_writes_and_only_the_sink_writes_what_was_derived() -> None:
    for row in ROLES:
        written = [*row.adds, *row.changes, *row.removes]
        assert not (row.read_only and written)
        derived = [name for name in written if name.startswith("live.")]
        assert not derived or row.role == "sink-timescale"


def test_an_analyst_reads_no_name_no_address_no_audit_and_no_edit() -> None:
    read = set(rights_of("analyst").reads)

    assert set(PERSON_ROWS) < read, "pseudonymous people are what an analyst asks about"
    assert not [name for name in read if name.startswith("registry.") or "audit" in name]
    assert not read & {"public.who_has_seen", "public.what_has_seen"}


def test_the_vault_is_reached_by_its_own_account_alone_and_that_reaches_nothing_else() -> None:
    touching = {
        row.role
        for row in ROLES
        for name in (*row.reads, *row.adds, *row.changes, *row.removes)
        if name.startswith("vault.")
    }
    own = rights_of(VAULT_ROLE)

    assert touching == {VAULT_ROLE}
    assert {name.partition(".")[0] for name in (*own.reads, *own.adds, *own.removes)} == {"vault"}
    assert not own.calls


@pytest.mark.parametrize("sealed", ["registry.staff_names", "registry.stream_addresses"])
def test_what_is_sealed_is_read_by_the_process_alone_that_opens_it(sealed: str) -> None:
    assert len([row.role for row in ROLES if sealed in row.reads]) <= 1
