import os
import struct
import subprocess
import sys
from typing import Any

import pytest

from streams.domain.pipeline import PartitionPipeline
from tests.support.builders.domain import fold
from tests.support.builders.scene import digest_of, ward_facts, ward_log
from tests.support.fold_digest import ConflictingRecord, FoldDigest, canonical, first_difference
from tests.support.paths import ROOT


def digest(*records: Any) -> Any:
    found = FoldDigest()
    for topic, key, seq, value in records:
        found.add(topic, key, {"seq": seq, "value": value})
    return found


ONE = [("t", "a", 1, 0.5), ("t", "a", 2, 0.25), ("t", "b", 1, 7), ("u", "a", 1, "x")]


def test_the_interleaving_of_keys_plays_no_part() -> None:
    other = [ONE[3], ONE[0], ONE[2], ONE[1]]

    assert digest(*ONE).by_key() == digest(*other).by_key()
    assert digest(*ONE).by_topic() == digest(*other).by_topic()
    assert first_difference(digest(*ONE), digest(*other)) is None


@pytest.mark.parametrize(
    ("other", "position"),
    [
        pytest.param([ONE[0], ("t", "a", 2, 0.26), *ONE[2:]], ("t", "a", 2), id="another-value"),
        pytest.param(ONE[:2], ("t", "b", 1), id="a-key-is-not-there"),
        pytest.param([*ONE, ("u", "a", 2, "y")], ("u", "a", 2), id="a-record-more"),
        pytest.param([ONE[0], *ONE[2:]], ("t", "a", 2), id="a-record-less"),
    ],
)
def test_the_first_record_that_differs_is_named(other: Any, position: Any) -> None:
    found = first_difference(digest(*ONE), digest(*other))

    assert found is not None
    assert (found.topic, found.key, found.seq) == position
    assert found.first != found.second
    topic, key, _ = position
    assert digest(*ONE).by_key()[topic, key] != digest(*other).by_key().get((topic, key))
    assert digest(*ONE).by_topic()[topic] != digest(*other).by_topic().get(topic)


def test_a_record_sent_again_is_ignored_and_a_changed_one_refused() -> None:
    found = digest(*ONE)

    assert not found.add("t", "a", {"seq": 2, "value": 0.25})
    assert not found.add("t", "a", {"seq": 1, "value": 0.5})
    assert found.count() == {"t": 3, "u": 1}
    with pytest.raises(ConflictingRecord, match="t 'a' seq 2"):
        found.add("t", "a", {"seq": 2, "value": 0.3})


def test_a_float_keeps_its_canonical_form_through_32_bits() -> None:
    published = [sixteenths / 16 for sixteenths in range(-40_000, 40_000, 7)]
    published += [thousandths / 1000 for thousandths in range(1001)]
    carried = [struct.unpack("f", struct.pack("f", value))[0] for value in published]

    assert canonical({"values": carried}) == canonical({"values": published})


def test_a_step_of_any_published_number_is_seen() -> None:
    assert canonical({"px": 1.0625}) != canonical({"px": 1.125})
    assert canonical({"m": 1.001}) != canonical({"m": 1.002})


def test_the_same_log_gives_the_same_digest_under_another_hash_seed() -> None:
    here = {
        f"{topic} {key} {value}"
        for (topic, key), value in digest_of(
            fold(PartitionPipeline(), ward_facts(), ward_log(seed=7))
        )
        .by_key()
        .items()
    }
    run = subprocess.run(
        [sys.executable, "-m", "tests.support.builders.scene"],
        cwd=ROOT,
        env={**os.environ, "PYTHONHASHSEED": "4242"},
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )

    assert set(run.stdout.splitlines()) == here
    assert len(here) > 10
