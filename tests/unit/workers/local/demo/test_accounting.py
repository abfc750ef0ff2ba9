"""Every frame has one fate, whatever was killed, repeated, reordered or lost."""

from collections.abc import Iterator

from hypothesis import given
from hypothesis import strategies as st

from workers.ingest.journal import Reading
from workers.local.demo.accounting import (
    DEAD_LETTERED,
    NEVER_READ,
    NO_OUTCOME,
    NOT_IN_LOG,
    NOT_READ,
    Answer,
    FrameKey,
    account_for_recordings,
    account_for_streams,
    added,
    ranges,
)

CAMERA = "cam-west"
FATES = ("detected", "skipped", DEAD_LETTERED)
REFUSALS = ("thinned", "undecodable", "behind", "masked_out")


def at(number: int) -> int:
    """Event time of a frame, UTC microseconds."""
    return 1_000_000 + number * 100_000


def reading(number: int, outcome: str, captured_us: int | None = None) -> Reading:
    return Reading(CAMERA, number, at(number) if captured_us is None else captured_us, outcome)


def readings(plan: list[str], ends: list[int]) -> Iterator[Reading]:
    """What ingest writes when it is killed after some numbers of frames, and resumed."""
    resume = -1
    for end in [*ends, len(plan)]:
        for number in range(min(end, len(plan))):
            always = plan[number] in {"thinned", "undecodable"}
            passed = number <= resume and not always
            yield reading(number, "before_resume" if passed else plan[number])
        sent = [n for n in range(min(end, len(plan))) if plan[n] == "sent"]
        resume = max([resume, *sent])


@given(
    plan=st.lists(st.sampled_from(["sent", "sent", *REFUSALS]), max_size=40),
    ends=st.lists(st.integers(0, 40), max_size=4),
    fates=st.lists(st.sampled_from(FATES), min_size=40, max_size=40),
)
def test_kills_of_ingest_change_no_count(
    plan: list[str], ends: list[int], fates: list[str]
) -> None:
    answers = {
        (CAMERA, at(number)): Answer(fates[number])
        for number, outcome in enumerate(plan)
        if outcome == "sent"
    }

    whole = account_for_recordings({CAMERA: len(plan)}, readings(plan, []), answers)
    killed = account_for_recordings({CAMERA: len(plan)}, readings(plan, ends), answers)

    assert killed == whole
    assert killed.frames == len(plan)
    assert not killed.missing


@given(
    count=st.integers(0, 30),
    lines=st.lists(
        st.builds(
            Reading,
            st.sampled_from([CAMERA, "cam-other"]),
            st.integers(0, 29),
            st.one_of(st.none(), st.integers(0, 29).map(at)),
            st.sampled_from(["sent", "before_resume", *REFUSALS]),
        ),
        max_size=60,
    ),
    answers=st.dictionaries(
        st.tuples(st.just(CAMERA), st.integers(0, 29).map(at)),
        st.sampled_from([Answer(""), *(Answer(fate) for fate in FATES)]),
    ),
)
def test_the_fates_sum_to_the_frames_whatever_was_written(
    count: int, lines: list[Reading], answers: dict[FrameKey, Answer]
) -> None:
    account = account_for_recordings({CAMERA: count}, lines, answers)

    numbers = {reading.number for reading in lines if reading.camera_id == CAMERA}
    assert account.frames == max(count, *(number + 1 for number in numbers), 0)
    assert account.lost >= 0
    assert account.besides >= 0
    assert all(n > 0 for n in account.fates.values())
    missing = [number for found in account.missing.values() for number in found]
    assert len(missing) == len(set(missing))


@given(plan=st.lists(st.sampled_from(["sent", *REFUSALS]), max_size=20), data=st.data())
def test_the_order_of_answers_changes_nothing(plan: list[str], data: st.DataObject) -> None:
    answers = {(CAMERA, at(number)): Answer(FATES[number % 3]) for number in range(len(plan))}
    keys = data.draw(st.permutations(list(answers)))
    lines = list(readings(plan, []))

    shuffled = account_for_recordings(
        {CAMERA: len(plan)}, lines, {key: answers[key] for key in keys}
    )

    assert shuffled == account_for_recordings({CAMERA: len(plan)}, lines, answers)


def test_a_missing_frame_is_named_by_camera_range_and_cause() -> None:
    lines = [reading(number, "sent") for number in range(6)]
    answers = {(CAMERA, at(0)): Answer("detected"), (CAMERA, at(1)): Answer("")}

    account = account_for_recordings({CAMERA: 8}, lines, answers)

    assert account.missing_text() == [
        f"{CAMERA} frames 1: {NO_OUTCOME}",
        f"{CAMERA} frames 6-7: {NEVER_READ}",
        f"{CAMERA} frames 2-5: {NOT_IN_LOG}",
    ]
    assert account.frames == 8


def test_frames_after_a_stop_on_purpose_are_not_read_and_not_missing() -> None:
    account = account_for_recordings(
        {CAMERA: 5}, [reading(0, "sent")], {(CAMERA, at(0)): Answer("detected")}, stopped={CAMERA}
    )

    assert account.fates == {"detected": 1, NOT_READ: 4}
    assert account.lost == 0


def test_a_clip_that_was_sent_again_counts_once() -> None:
    lines = [reading(0, "sent", 10), reading(0, "sent", 20)]
    answers = {(CAMERA, 10): Answer("detected"), (CAMERA, 20): Answer("detected")}

    account = account_for_recordings({CAMERA: 1}, lines, answers)

    assert account.fates == {"detected": 1}
    assert account.besides == 1


def test_a_frame_that_failed_counts_as_a_dead_letter_with_its_reason() -> None:
    answers = {(CAMERA, at(0)): Answer(DEAD_LETTERED, "detector_failed")}

    account = account_for_recordings({CAMERA: 1}, [reading(0, "sent")], answers)

    assert account.fates == {DEAD_LETTERED: 1}
    assert account.reasons == {"dead-lettered, detector_failed": 1}


def test_live_cameras_add_to_recordings() -> None:
    answers = {("live", 1): Answer("detected", "", 3), ("live", 2): Answer("")}

    live = account_for_streams(["live"], {"behind": 2, "sent": 2, "thinned": 0}, answers)
    both = added(live, account_for_recordings({CAMERA: 1}, [reading(0, "thinned")], answers))

    assert live.frames == 4
    assert both.fates == {"behind": 2, "detected": 1, "thinned": 1}
    assert both.detections == 3
    assert both.lost == 1


def test_ranges_are_cut_after_the_first_few() -> None:
    assert ranges([3, 1, 2, 2, 7]) == "1-3, 7"
    assert ranges(range(0, 20, 2)) == "0, 2, 4, 6, 8 and 5 more ranges"
