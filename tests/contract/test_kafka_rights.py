"""The rights of each process follow from its role, and the names in their table from the code."""

import pytest

from runtime.kafka.rights import (
    OPERATOR,
    PROCESSES,
    operator_rights,
    principal,
    rights_of,
)
from schemas.topics import TOPICS
from streams.stage import OUTPUTS, STAGE
from workers import stages


def test_every_stage_has_a_row_and_reads_under_its_own_group() -> None:
    own = (stages.INFERENCE, stages.GUARD, stages.CLOCKS, STAGE)
    for stage in (*own, stages.SINK_TIMESCALE, stages.SINK_REDIS):
        assert stage in rights_of(stage).groups


def test_the_stream_processor_may_write_its_outputs_and_nothing_else_but_its_own() -> None:
    written = {topic.name for topic in rights_of(STAGE).writes}

    own = {"checkpoints.stream.v1", "dead-letters.v1"}
    assert written - {topic.name for topic in OUTPUTS} == own


def test_what_is_written_by_one_process_alone_is_written_by_no_other() -> None:
    writers = {
        topic.name: sorted(row.process for row in PROCESSES if topic in row.writes)
        for topic in TOPICS.values()
        if topic.kind in {"input", "derived"}
    }

    assert {len(found) for found in writers.values()} == {1}, writers


def test_nobody_may_alter_or_delete_but_the_operator() -> None:
    operations = {right.operation for row in PROCESSES for right in row.rights("")}

    assert operations == {"READ", "WRITE", "DESCRIBE", "DESCRIBE_CONFIGS"}
    assert {right.operation for right in operator_rights("")} == {"ALL"}


@pytest.mark.parametrize("prefix", ["", "ward-3."])
def test_every_name_starts_with_the_prefix_of_the_run(prefix: str) -> None:
    names = [right.name for row in PROCESSES for right in row.rights(prefix)]

    assert all(name.startswith(prefix) for name in names)
    assert len({(row.process) for row in PROCESSES} | {OPERATOR}) == 13
    assert principal("stream") == "User:wardstream-stream"
