"""The id of an experiment follows from its content alone."""

import random
from typing import Any

import msgspec
import pytest

from workers.operations.experiments.value.experiment import (
    Arm,
    Experiment,
    PartitionRange,
    SettingsFrom,
    schema_of,
)


def zone(zone_id: str) -> dict[str, Any]:
    return {"zone_id": zone_id, "version": 1, "polygon": [{"x": 0, "y": 0}, {"x": 4, "y": 0}]}


def made() -> Experiment:
    ranges = [
        PartitionRange(
            partition=p,
            start=5,
            first=10,
            end=20,
            records=15,
            sha256="aa",
            checkpoint="cc",
            reads_first=1,
            reads_end=3,
            reads_sha256="bb",
        )
        for p in range(3)
    ]
    settings = [
        SettingsFrom(partition=p, offset=5, values={"tracker": {"high_score": 0.6, "low_score": 0}})
        for p in range(3)
    ]
    other = [msgspec.structs.replace(one, values={"tracker": {"x": 1}}) for one in settings]
    facts = {"zones.v1": [zone("z1"), zone("z2")], "roles.v1": []}
    return Experiment(
        prefix="",
        ranges=tuple(ranges),
        facts_sha256="dd",
        facts_until_us=9,
        models=("yolox 1+abc", "hog 1"),
        arms=(
            Arm(name="a", settings=tuple(settings)),
            Arm(name="b", settings=tuple(other), facts=facts, replaced=("x", "zone z1")),
        ),
        code="wardstream 1 fold-9",
    )


def shuffled(value: Any, chance: random.Random) -> Any:
    """The same experiment, with everything that has no order in another one."""
    if isinstance(value, dict):
        items = [(name, shuffled(one, chance)) for name, one in value.items()]
        chance.shuffle(items)
        return dict(items)
    if isinstance(value, list) and value and "x" not in value[0]:
        value = [shuffled(one, chance) for one in value]
        chance.shuffle(value)
    return value


@pytest.mark.parametrize("seed", range(30))
def test_the_order_of_ranges_arms_facts_and_models_changes_no_id(seed: int) -> None:
    whole = msgspec.to_builtins(made(), builtin_types=())
    again = msgspec.convert(
        shuffled(msgspec.json.decode(msgspec.json.encode(whole)), random.Random(seed)), Experiment
    )

    assert again.id == made().id


def leaves(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    if isinstance(value, dict):
        return [leaf for name, one in value.items() for leaf in leaves(one, (*path, name))]
    if isinstance(value, list):
        return [leaf for i, one in enumerate(value) for leaf in leaves(one, (*path, i))]
    return [path]


def plain() -> Any:
    return msgspec.json.decode(msgspec.json.encode(made()))


@pytest.mark.parametrize("path", leaves(plain()), ids=lambda path: ".".join(map(str, path)))
def test_each_field_changes_the_id(path: tuple[Any, ...]) -> None:
    whole = plain()
    holder = whole
    for part in path[:-1]:
        holder = holder[part]
    before = holder[path[-1]]
    holder[path[-1]] = before + "x" if isinstance(before, str) else before + 1

    assert msgspec.convert(whole, Experiment).id != made().id


def test_an_experiment_that_was_saved_and_read_back_has_its_id() -> None:
    again = msgspec.json.decode(msgspec.json.encode(made()), type=Experiment)

    assert again == made()
    assert schema_of(again.id) == f"x_{made().id[:12]}"
