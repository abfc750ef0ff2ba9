"""`wardstream track` on generated files: what is written, what is printed, what is refused."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from models.datasets.motchallenge import BoxTable, read_tracks, table, write
from models.datasets.thinning import thin
from models.detectors.boxes import xyxy_to_xywh
from models.evaluation.tracking import evaluate_tracks
from tests.integration.models.reference_scores import trackeval_scores
from workers.cli.app import load

FPS = 10.0
FRAMES = 60


def people() -> BoxTable:
    """Four people who cross each other; the fourth comes late."""
    rows = [
        (frame, person, [x, 40 + 6 * person, x + 30, 130 + 6 * person])
        for person, start, step in ((1, 0, 5), (2, 300, -5), (3, 150, 1), (4, 20, 3))
        for frame in range(1 if person < 4 else 25, FRAMES + 1)
        for x in [start + step * frame]
    ]
    frames, ids, boxes = zip(*rows, strict=True)
    return table(np.array(frames), np.array(ids), np.array(boxes), np.ones(len(rows)))


def detections_of(truth: BoxTable) -> BoxTable:
    """What a detector that shakes, misses and invents makes of them."""
    random = np.random.default_rng(7)
    found = truth.where(random.random(len(truth)) < 0.9)
    shaken = found.boxes + random.normal(0, 1.5, found.boxes.shape)
    seen = replace(found, boxes=shaken, scores=random.uniform(0.3, 0.99, len(found)))
    ghosts = random.uniform(0, 300, (25, 2))
    return table(
        np.concatenate([seen.frames, random.integers(1, FRAMES, 25)]),
        np.full(len(seen) + 25, -1),
        np.concatenate([seen.boxes, np.hstack([ghosts, ghosts + 40])]),
        np.concatenate([seen.scores, random.uniform(0.1, 0.7, 25)]),
    )


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """A folder with gt.txt and det.txt."""
    write(tmp_path / "gt.txt", people())
    write(tmp_path / "det.txt", detections_of(people()))
    return tmp_path


def track(folder: Path, *options: str) -> tuple[int, list[str]]:
    """Run the command on a folder's files; returns its exit code and lines."""
    answer = CliRunner().invoke(
        load("track"),
        [
            *("--detections", str(folder / "det.txt"), "--fps", str(FPS)),
            *("--out", str(folder / "tracks.txt"), *options),
        ],
    )
    return answer.exit_code, answer.output.splitlines()


@pytest.mark.parametrize("every", [1, 2])
def test_the_scores_are_those_of_trackeval(files: Path, every: int) -> None:
    code, lines = track(files, "--ground-truth", str(files / "gt.txt"), "--every", str(every))

    write(files / "thin.txt", thin(people(), every))
    theirs = trackeval_scores(files, files / "thin.txt", files / "tracks.txt", FRAMES)
    expected = {
        "HOTA": 100 * np.mean(theirs["HOTA"]["HOTA"]),
        "DetA": 100 * np.mean(theirs["HOTA"]["DetA"]),
        "AssA": 100 * np.mean(theirs["HOTA"]["AssA"]),
        "IDF1": 100 * theirs["Identity"]["IDF1"],
        "MOTA": 100 * theirs["CLEAR"]["MOTA"],
        "IDSW": theirs["CLEAR"]["IDSW"],
        "Frag": theirs["CLEAR"]["Frag"],
    }
    printed = dict(zip(lines[-2].split(), map(float, lines[-1].split()), strict=True))
    assert code == 0
    assert printed == pytest.approx(expected, abs=6e-4)
    assert printed["HOTA"] > 40


def test_people_who_are_not_counted_are_neither_merit_nor_fault(files: Path) -> None:
    """TrackEval prepares MOT17 so too: a sitting person and a reflection are not scored."""
    rows = []
    sizes = xyxy_to_xywh(people().boxes)
    for frame, person, size in zip(people().frames, people().ids, sizes, strict=True):
        kind = {3: 7, 4: 12}.get(int(person), 1)
        counted = int(kind == 1)
        box = ",".join(f"{edge:g}" for edge in size)
        rows.append(f"{frame},{person},{box},{counted},{kind},0.9\n")
    (files / "gt.txt").write_text("".join(rows))

    code, lines = track(files, "--ground-truth", str(files / "gt.txt"))

    theirs = trackeval_scores(
        files, files / "gt.txt", files / "tracks.txt", FRAMES, benchmark="MOT17"
    )
    printed = dict(zip(lines[-2].split(), map(float, lines[-1].split()), strict=True))
    assert code == 0
    assert printed["HOTA"] == pytest.approx(100 * np.mean(theirs["HOTA"]["HOTA"]), abs=6e-4)
    assert printed["IDF1"] == pytest.approx(100 * theirs["Identity"]["IDF1"], abs=6e-4)
    assert printed["MOTA"] == pytest.approx(100 * theirs["CLEAR"]["MOTA"], abs=6e-4)
    assert printed["IDSW"] == theirs["CLEAR"]["IDSW"]
    alone = people().where(people().ids <= 2)
    as_faults = evaluate_tracks(alone, read_tracks(files / "tracks.txt"))
    assert printed["MOTA"] > 100 * as_faults.mota + 10


def test_only_frames_with_detections_hold_tracks(files: Path) -> None:
    code, lines = track(files, "--every", "4")

    tracks = read_tracks(files / "tracks.txt")
    assert code == 0
    assert set(((tracks.frames - 1) % 4).tolist()) == {0}
    assert lines[1].startswith("15 frames at 2.5 fps, ")
    assert len(lines) == 3


def test_a_track_is_written_for_a_moment_after_it_was_detected(files: Path) -> None:
    alone = table(
        np.array([*range(1, 20), *range(30, 40)]),
        np.full(29, -1),
        np.tile([100.0, 50.0, 130.0, 140.0], (29, 1)),
        np.linspace(0.85, 0.95, 29),
    )
    write(files / "det.txt", alone)

    code, _ = track(files)
    fixed = read_tracks(files / "tracks.txt")
    moving_code, _ = track(files, "--mount", "moving")
    moving = read_tracks(files / "tracks.txt")

    assert (code, moving_code) == (0, 0)
    assert set(fixed.ids.tolist()) == set(moving.ids.tolist()) == {1}
    assert [n for n in fixed.frames.tolist() if 15 < n < 32] == [*range(16, 23), 30, 31]
    assert [n for n in moving.frames.tolist() if 15 < n < 32] == [*range(16, 20), 30, 31]


def test_scores_on_another_scale_are_read_and_reported(files: Path) -> None:
    found = detections_of(people())
    write(files / "det.txt", replace(found, scores=140 * found.scores - 5))

    code, lines = track(files)

    assert code == 0
    assert "read as margins" in lines[0]
    assert "scale acf, recognised by their distribution" in lines[0]
    assert len(read_tracks(files / "tracks.txt")) > 0


def test_margins_of_part_models_are_recognised_and_give_tracks(files: Path) -> None:
    found = detections_of(people())
    write(files / "det.txt", replace(found, scores=4.0 * found.scores - 0.7))

    code, lines = track(files)

    assert code == 0
    assert "scale dpm, recognised by their distribution" in lines[0]
    assert len(read_tracks(files / "tracks.txt")) > 100


def test_scores_that_may_be_on_another_scale_get_a_warning(files: Path) -> None:
    found = detections_of(people())
    scores = found.scores.copy()
    scores[0] = 1.02
    write(files / "det.txt", replace(found, scores=scores))

    code, lines = track(files)

    assert code == 0
    assert lines[0].startswith(f"warning: {files / 'det.txt'}: 1 of {len(found)} scores is outside")
    assert lines[0].endswith("; give the scale with --scores")
    assert "read as they are, from 0 to 1 (scale unit" in lines[1]


def test_the_scale_that_is_asked_for_is_taken(files: Path) -> None:
    code, lines = track(files, "--scores", "none")

    assert code == 0
    assert "so 1 is taken (scale none, as --scores asks)" in lines[0]


def test_a_score_outside_the_scale_that_is_asked_for_is_named(files: Path) -> None:
    found = detections_of(people())
    write(files / "det.txt", replace(found, scores=found.scores + 1.0))

    code, lines = track(files, "--scores", "unit")

    assert code == 78
    assert lines[0].startswith(f"{files / 'det.txt'}: score ")
    assert "is outside 0 to 1, the scale unit" in lines[0]


def test_many_detections_without_any_track_get_a_warning(files: Path) -> None:
    found = detections_of(people())
    write(files / "det.txt", replace(found, scores=0.4 * found.scores))

    code, lines = track(files)

    assert code == 0
    assert lines[0].startswith(f"warning: {files / 'det.txt'}: no track came of {len(found)} ")
    assert "a track starts at birth_score 0.66; give the scale with --scores" in lines[0]
    assert lines[-1].endswith("0 boxes of 0 tracks")


def test_a_file_of_boxes_that_never_meet_gets_a_warning(files: Path) -> None:
    count = 30
    left = 500.0 * np.arange(count)
    boxes = np.column_stack([left, 0 * left, left + 30, 0 * left + 90])
    scores = np.linspace(0.8, 0.9, count)
    write(files / "det.txt", table(np.arange(1, count + 1), np.full(count, -1), boxes, scores))

    code, lines = track(files)

    assert code == 0
    assert "none was found again in the frames after; check --fps and the columns" in lines[0]


@pytest.mark.parametrize(("mount", "warned"), [("fixed", True), ("moving", False)])
def test_boxes_that_jump_together_say_that_the_camera_moves(
    files: Path, mount: str, warned: bool
) -> None:
    truth = people()
    jumps = np.random.default_rng(3).normal(0, 12, (FRAMES + 1, 2))[truth.frames]
    shaken = truth.boxes + np.hstack([jumps, jumps])
    write(
        files / "det.txt", replace(truth, boxes=shaken, scores=np.linspace(0.8, 0.95, len(truth)))
    )

    code, lines = track(files, "--mount", mount)

    assert code == 0
    assert ("this camera moves: " in lines[0]) == warned


def test_a_fixed_camera_gets_no_warning_of_movement(files: Path) -> None:
    _, lines = track(files)

    assert "moves" not in " ".join(lines)


def test_a_file_without_scores_is_read_as_sure(files: Path) -> None:
    found = detections_of(people())
    write(files / "det.txt", replace(found, scores=np.full(len(found), -1.0)))

    code, lines = track(files)

    assert code == 0
    assert "every row has the same, so 1 is taken" in lines[0]


def test_an_empty_file_has_no_tracks(files: Path) -> None:
    (files / "det.txt").write_text("")

    code, lines = track(files, "--ground-truth", str(files / "gt.txt"))

    assert code == 0
    assert lines[-1].split() == ["0.000"] * 5 + ["0", "0"]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("1,-1,10,20,30", "line 2, field height: missing, the line has 5 fields"),
        ("1,-1,10,twenty,30,40,0.5", "line 2, field top: 'twenty' is not a number"),
        ("1,-1,10,20,0,40,0.5", "line 2, field width: 0, but a detection covers something"),
        ("0,-1,10,20,30,40,0.5", "line 2, field frame: 0, but frames count from 1"),
    ],
)
def test_a_malformed_row_is_named(files: Path, line: str, message: str) -> None:
    (files / "det.txt").write_text(f"1,-1,10,20,30,40,0.9\n{line}\n")

    code, lines = track(files)

    assert code == 78
    assert lines == [f"{files / 'det.txt'}, {message}"]


def test_a_missing_file_is_named(files: Path) -> None:
    (files / "det.txt").unlink()

    code, lines = track(files)

    assert code == 78
    assert "det.txt" in lines[0]
