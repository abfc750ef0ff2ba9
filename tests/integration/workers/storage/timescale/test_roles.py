"""Each role of the database has what its row says, is refused the rest, and is made twice alike."""

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from runtime.errors import Stop
from tests.support.database_roles import DatabaseRoles, database_roles
from tests.support.services import Services, empty_database
from workers.operations.accounts import check_roles
from workers.storage.timescale.connection import connect
from workers.storage.timescale.granted import difference, held_by
from workers.storage.timescale.rights import ROLES, SCHEMAS, Grant, rights_of
from workers.storage.timescale.roles import make_roles, read_passwords

NAMES = tuple(row.role for row in ROLES)


@pytest.fixture(scope="module")
def made(services: Services, database_template: str) -> Iterator[DatabaseRoles]:
    with empty_database(services, database_template) as url, database_roles(url) as roles:
        yield roles


@pytest.fixture
def roles(made: DatabaseRoles) -> DatabaseRoles:
    """The roles with exactly their rights, whatever a test before has granted."""
    make_roles(made.owner, {}, made.prefix)
    return made


def test_each_role_holds_its_row_and_nothing_else(roles: DatabaseRoles) -> None:
    with psycopg.connect(roles.owner) as connection:
        found = {row.role: difference(connection, row, roles.user(row.role)) for row in ROLES}

    assert not {role: one for role, one in found.items() if one}


def test_the_owner_of_the_tables_lacks_no_right_of_any_role(roles: DatabaseRoles) -> None:
    with psycopg.connect(roles.owner) as connection:
        owner = connection.info.user
        found = {row.role: difference(connection, row, owner).missing for row in ROLES}

    assert not {role: missing for role, missing in found.items() if missing}


def test_every_relation_answers_each_role_as_its_row_says(roles: DatabaseRoles) -> None:
    with psycopg.connect(roles.owner) as owner:
        relations = [
            f"{schema}.{name}"
            for schema, name in owner.execute(
                "SELECT schemaname, tablename FROM pg_tables WHERE schemaname = ANY (%(ours)s)"
                " UNION SELECT schemaname, viewname FROM pg_views"
                " WHERE schemaname = ANY (%(ours)s)",
                {"ours": list(SCHEMAS)},
            )
        ]
    wrong = []
    for row in ROLES:
        with psycopg.connect(roles.address(row.role), autocommit=True) as connection:
            for name in relations:
                wanted = Grant("TABLE", name, "SELECT") in row.grants
                if _reads(connection, name) != wanted:
                    wrong.append((row.role, name, "reads"))
                if _changes(connection, name) and not _may_change(row.role, name):
                    wrong.append((row.role, name, "changes"))

    assert len(relations) > 30
    assert not wrong


_REFUSALS = {
    "42501": "no right",
    "42809": "not a table",
    "55000": "a view that takes no rows",
}


def _reads(connection: psycopg.Connection, name: str) -> bool:
    try:
        connection.execute(_about("SELECT * FROM {} LIMIT 0", name))
    except psycopg.errors.InsufficientPrivilege:
        return False
    return True


def _changes(connection: psycopg.Connection, name: str) -> bool:
    """Whether a statement changes a relation, or fails for its values alone."""
    passed = False
    for statement in (
        "INSERT INTO {} DEFAULT VALUES",
        "DELETE FROM {} WHERE false",
        "TRUNCATE {}",
        "ALTER TABLE {} RENAME TO other",
        "DROP TABLE {}",
    ):
        try:
            with connection.transaction(force_rollback=True):
                connection.execute("SET LOCAL transaction_read_only = off")
                connection.execute(_about(statement, name))
                passed = True
        except psycopg.IntegrityError:
            passed = True
        except psycopg.Error as error:
            if error.sqlstate not in _REFUSALS:
                raise
    return passed


def _may_change(role: str, name: str) -> bool:
    return any(
        grant.name == name and grant.privilege in {"INSERT", "DELETE"}
        for grant in rights_of(role).grants
    )


def _about(statement: str, name: str) -> sql.Composed:
    return sql.SQL(statement).format(sql.Identifier(*name.split(".")))


def test_a_second_run_takes_away_what_was_granted_by_hand(roles: DatabaseRoles) -> None:
    role = roles.user("analyst")
    with psycopg.connect(roles.owner, autocommit=True) as owner:
        name = sql.Identifier(role)
        owner.execute(sql.SQL("GRANT DELETE ON live.tracks TO {}").format(name))
        owner.execute(sql.SQL("GRANT UPDATE (keep) ON retention TO {}").format(name))
        grown = difference(owner, rights_of("analyst"), role).excess

        again = make_roles(roles.owner, {}, roles.prefix)

        assert sorted(map(str, grown)) == [
            "DELETE on live.tracks",
            "UPDATE (keep) on public.retention",
        ]
        assert not difference(owner, rights_of("analyst"), role)
    assert {(one.created, one.password) for one in again} == {(False, False)}
    with psycopg.connect(roles.address("analyst")) as connection:  # the password is kept
        assert connection.execute("SELECT count(*) FROM tracks").fetchone() == (0,)


def test_an_analyst_only_reads_even_if_more_were_granted(roles: DatabaseRoles) -> None:
    with psycopg.connect(roles.owner, autocommit=True) as owner:
        name = sql.Identifier(roles.user("analyst"))
        owner.execute(sql.SQL("GRANT INSERT ON floors TO {}").format(name))

    with (
        psycopg.connect(roles.address("analyst")) as connection,
        pytest.raises(psycopg.errors.ReadOnlySqlTransaction),
    ):
        connection.execute("INSERT INTO floors DEFAULT VALUES")


def test_the_doctor_names_roles_that_are_missing_and_rights_that_differ(
    roles: DatabaseRoles,
) -> None:
    assert check_roles(roles.owner, "nobody-").startswith("none: every process signs in as")
    assert check_roles(roles.owner, roles.prefix) == f"{len(ROLES)}, each with exactly its rights"
    role = roles.user("analyst")
    with psycopg.connect(roles.owner, autocommit=True) as owner:
        name = sql.Identifier(role)
        owner.execute(sql.SQL("GRANT DELETE ON live.tracks TO {}").format(name))
        owner.execute(sql.SQL("GRANT USAGE ON SCHEMA live TO {}").format(name))

    with pytest.raises(Stop, match=rf"{role} should not have DELETE on live\.tracks and 1 more"):
        check_roles(roles.owner, roles.prefix)


def test_only_the_sink_drops_what_has_expired(roles: DatabaseRoles) -> None:
    statement = "SELECT * FROM drop_expired(now())"
    with psycopg.connect(roles.owner, autocommit=True) as owner:
        owner.execute(
            "INSERT INTO live.tracks SELECT 'c', 1, now() - INTERVAL '10 years', 'f', NULL, now(),"
            " NULL, 'x', 1, 1, NULL, NULL, 'm', '1', 1, 1, ''"
        )
    with (
        psycopg.connect(roles.address("analyst")) as connection,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        connection.execute(statement)

    with psycopg.connect(roles.address("sink-timescale"), autocommit=True) as connection:
        dropped = {row[0]: row[1:] for row in connection.execute(statement)}

    assert dropped["tracks"][0] == 1, "the chunk of ten years ago"


def test_a_process_that_lacks_a_right_says_which_when_it_starts(roles: DatabaseRoles) -> None:
    with psycopg.connect(roles.owner, autocommit=True) as owner:
        name = sql.Identifier(roles.user("sink-timescale"))
        owner.execute(sql.SQL("REVOKE INSERT ON live.links FROM {}").format(name))

    with pytest.raises(Stop, match=r"lacks INSERT on live\.links: run `wardstream db roles`"):
        connect(roles.address("sink-timescale"), "")


def test_a_role_that_passes_every_grant_is_refused(roles: DatabaseRoles) -> None:
    role = sql.Identifier(roles.user("analyst"))
    with psycopg.connect(roles.owner, autocommit=True) as owner:
        owner.execute(sql.SQL("ALTER ROLE {} CREATEROLE").format(role))

        try:
            with pytest.raises(Stop, match="may create roles: take that away"):
                make_roles(roles.owner, {}, roles.prefix)
        finally:
            owner.execute(sql.SQL("ALTER ROLE {} NOCREATEROLE").format(role))


def test_the_server_never_sees_a_password(roles: DatabaseRoles) -> None:
    with psycopg.connect(roles.owner) as owner:
        kept = owner.execute(
            "SELECT rolname, rolpassword FROM pg_authid WHERE rolname LIKE %s", [roles.prefix + "%"]
        ).fetchall()
        held = held_by(owner, roles.user("analyst"))

    assert sorted(name for name, _ in kept) == sorted(map(roles.user, NAMES))
    assert all(verifier.startswith("SCRAM-SHA-256$") for _, verifier in kept)
    assert not [grant for grant in held if grant.name.startswith("live.")]


def test_passwords_come_from_a_folder_of_files(tmp_path: Path) -> None:
    with pytest.raises(Stop, match="holds no file database-"):
        read_passwords(tmp_path)
    (tmp_path / "database-analyst").write_text("secret\n")

    assert read_passwords(tmp_path) == {"analyst": "secret"}
    (tmp_path / "database-analyst").write_text("\n")
    with pytest.raises(Stop, match="is empty"):
        read_passwords(tmp_path)
