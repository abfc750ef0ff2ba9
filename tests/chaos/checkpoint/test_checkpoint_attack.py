"""Crashes, rebalances and zombies do not change what the pipeline makes of its log.

The short attack is in every test run. `-m chaos_long` runs the long ones: two hundred faults, the
broker among the victims, and every mutation that the oracle must detect. In every test run,
`tests/e2e/test_guards.py` takes out the order of checkpoint and outputs of the real processor.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.chaos.checkpoint.attack import Outcome, attack, fault_plan
from tests.chaos.checkpoint.pipeline import Broker

Keep = Callable[[Outcome], Outcome]

FAULTS_PER_RUN = 40
SEEDS = (101, 102, 103, 104, 105)


@pytest.mark.timeout(280)
def test_every_event_is_folded_once_whatever_happens_to_the_workers(
    shared_broker: Broker, tmp_path: Path, keep: Keep
) -> None:
    faults = ["kill", "join", "zombie", "terminate", "kill_young"]

    outcome = keep(attack(shared_broker, tmp_path, scenario="short", seed=1, faults=faults))

    assert outcome.faults == {}
    assert outcome.missed == 0
    assert outcome.verdict.events == outcome.sent


@pytest.mark.chaos_long
@pytest.mark.timeout(280)
def test_a_checkpoint_before_its_outputs_loses_them(
    shared_broker: Broker, tmp_path: Path, keep: Keep
) -> None:
    """The oracle detects it; the same crash in the right order is `the_right_order` below."""
    outcome = keep(mutated(shared_broker, tmp_path, "commit_before_outputs", ["own_crash"]))

    assert outcome.caught_up, "the mutant must run, and only lose what the guard keeps"
    assert 0 < outcome.verdict.missing < outcome.verdict.events


@pytest.mark.chaos_long
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("seed", SEEDS)
def test_two_hundred_faults(own_broker: Broker, tmp_path: Path, keep: Keep, seed: int) -> None:
    faults = [*fault_plan(seed, FAULTS_PER_RUN - 1), "broker"]

    outcome = keep(
        attack(own_broker, tmp_path, scenario="mixed", seed=seed, faults=faults, slow_load_s=0.7)
    )

    assert outcome.faults == {}
    assert sum(outcome.landed.values()) >= 0.95 * FAULTS_PER_RUN


@pytest.mark.chaos_long
@pytest.mark.timeout(900)
def test_the_broker_may_go_and_come_back(own_broker: Broker, tmp_path: Path, keep: Keep) -> None:
    faults = ["join", "broker", "kill", "broker", "terminate"]

    outcome = keep(attack(own_broker, tmp_path, scenario="broker", seed=9, faults=faults))

    assert outcome.faults == {}
    assert outcome.landed["broker"] == 2


@pytest.mark.chaos_long
@pytest.mark.timeout(900)
def test_zombies_are_fenced(own_broker: Broker, tmp_path: Path, keep: Keep) -> None:
    faults = ["zombie", "zombie_twice"] * 4

    outcome = keep(attack(own_broker, tmp_path, scenario="zombies", seed=7, faults=faults))

    assert outcome.faults == {}
    assert outcome.fenced > 0


@pytest.mark.chaos_long
@pytest.mark.timeout(900)
def test_a_lost_delivery_is_noticed_and_healed(
    own_broker: Broker, tmp_path: Path, keep: Keep
) -> None:
    outcome = keep(mutated(own_broker, tmp_path, "lossy_delivery", ["kill", "kill"]))

    assert outcome.gaps > 0
    assert outcome.caught_up
    assert outcome.verdict.faults == {}


@pytest.mark.chaos_long
@pytest.mark.timeout(900)
@pytest.mark.parametrize(
    ("mutation", "faults", "options"),
    [
        pytest.param("kill_after_commit", ["own_crash"], {}, id="the_right_order"),
        pytest.param("", ["kill", "kill", "kill"], {"save_every_s": 3.0}, id="seldom_saved"),
    ],
)
def test_what_the_mutations_change_is_not_at_fault_itself(
    own_broker: Broker,
    tmp_path: Path,
    keep: Keep,
    mutation: str,
    faults: list[str],
    options: dict[str, Any],
) -> None:
    """The same attack without the mutation finds nothing."""
    outcome = keep(mutated(own_broker, tmp_path, mutation, faults, **options))

    assert outcome.faults == {}


@pytest.mark.chaos_long
@pytest.mark.timeout(900)
@pytest.mark.parametrize(
    ("mutation", "faults", "options", "symptoms"),
    [
        pytest.param(
            "unfenced", ["zombie", "zombie_twice", "zombie"], {}, {"went_back"}, id="no_fence"
        ),
        pytest.param("careless", ["kill", "kill"], {}, {"wrong"}, id="offsets_not_compared"),
        pytest.param("forgetful", ["kill"], {}, {"missing"}, id="a_record_lost_in_the_fold"),
        pytest.param(
            "committed_position",
            ["kill", "kill", "kill"],
            {"save_every_s": 3.0, "deadline_s": 30.0, "flow_deadline_s": 40.0},
            {"gaps"},
            id="seek_to_the_committed_offset",
        ),
        pytest.param(
            "unguarded",
            ["join", "kill", "join", "leave", "join", "kill_young", "join", "leave", "join"],
            {"slow_load_s": 2.0, "deadline_s": 30.0, "flow_deadline_s": 40.0},
            {"gaps", "tracebacks"},
            id="no_guards_against_a_rebalance_during_the_load",
        ),
    ],
)
def test_the_oracle_sees_what_is_broken_on_purpose(
    own_broker: Broker,
    tmp_path: Path,
    keep: Keep,
    mutation: str,
    faults: list[str],
    options: dict[str, Any],
    symptoms: set[str],
) -> None:
    outcome = keep(mutated(own_broker, tmp_path, mutation, faults, **options))

    assert outcome.faults.keys() & symptoms


def mutated(
    broker: Broker, folder: Path, mutation: str, faults: list[str], **options: Any
) -> Outcome:
    """Attack a worker that is broken on purpose, or the intact one."""
    outcome = attack(
        broker,
        folder,
        scenario=mutation or "as_it_is",
        seed=1,
        faults=faults,
        mutation=mutation,
        **options,
    )
    assert outcome.unused == [], "every piece that was replaced must have been called"
    return outcome
