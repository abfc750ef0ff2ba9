"""External ids and pseudonyms: what they may look like, and which fields hold them."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.registry.badge_reads import BadgeReadRow
from workers.registry.rows import ROWS
from workers.registry.text import identity
from workers.registry.vault.external import (
    FIELDS,
    External,
    Kind,
    external_text,
    is_of_the_vault,
    names,
    new_pseudonym,
)
from workers.registry.vault.keys import VaultKey

OLD, NEW = VaultKey(b"o" * 32), VaultKey(b"n" * 32)


@pytest.mark.parametrize("row", [*ROWS.values(), BadgeReadRow])
def test_every_field_with_ids_of_people_or_badges_passes_the_door(row: Any) -> None:
    holds = {name for name in row.model_fields if name.startswith(("staff_id", "badge_id"))}

    assert holds == set(FIELDS.get(row.kind_of_fact(), {}))


@pytest.mark.parametrize("kind", Kind)
def test_a_pseudonym_is_an_id_and_no_two_are_alike(kind: Kind) -> None:
    made = {new_pseudonym(kind) for _ in range(100)}

    assert len(made) == 100
    assert all(identity(one) == one and is_of_the_vault(one) for one in made)


@pytest.mark.parametrize(
    ("given", "taken"),
    [(" 0815 ", "0815"), (4711, "4711"), ("04:A2/b3", "04:A2/b3"), ("Mu\u0308ller 7", "Müller 7")],
)
def test_a_number_is_taken_as_it_is_written(given: Any, taken: str) -> None:
    assert external_text(given) == taken


@pytest.mark.parametrize(
    "given", ["", "  ", "secret\x07", "#N/A", "s" * 201, 1.5, True, ["secret"]]
)
def test_what_is_no_number_is_refused_without_a_word_of_it(given: Any) -> None:
    with pytest.raises(ValueError, match="external id") as refused:
        external_text(given)

    assert "secret" not in str(refused.value)
    assert "N/A" not in str(refused.value)


@given(st.text(max_size=12))
def test_an_id_that_is_put_together_from_a_number_names_it(text: str) -> None:
    assert names(f"4711-{text}", "4711")
    assert names(f"{text}.ab1", "AB1")


def test_what_is_sealed_opens_for_its_pseudonym_under_its_key_alone() -> None:
    one = External(Kind.STAFF, "4711")
    sealed = OLD.seal(one, "vs-a")

    assert OLD.open(sealed, "staff", "vs-a") == "4711"
    assert b"4711" not in sealed
    for key, pseudonym in ((OLD, "vs-b"), (NEW, "vs-a")):
        with pytest.raises(Exception, match="sealed for"):
            key.open(sealed, "staff", pseudonym)


def test_a_number_of_a_badge_and_one_of_a_person_are_found_apart_and_by_the_key_alone() -> None:
    staff, badge = External(Kind.STAFF, "4711"), External(Kind.BADGE, "4711")

    hashes = {key.lookup(one) for key in (OLD, NEW) for one in (staff, badge)}
    assert len(hashes) == 4
    assert OLD.id != NEW.id
