"""How soon the camera guard notices what happens to a camera, and how often it is wrong.

    python -m tests.bench.guard [--videos FOLDER] [--minutes 5] [--hours 24]

Recordings of fixed cameras are played twice a second as JPEGs of the shipped quality, with the
shipped settings. What happens to the camera is made from the recording; lights are changed by gain
and gamma. Recordings that are too short begin again. The day is simulated before the median of a
recording, with a picture every 10 s and all times of the guard twenty times
longer. Prints Markdown.
"""

import argparse
import time
from collections.abc import Sequence
from pathlib import Path

from tests.support.guarded_views import (
    CLIPS,
    FAULTS,
    FPS,
    LIGHTS,
    RHYTHM,
    START_US,
    Change,
    Pictures,
    changes,
    day,
    happening,
    in_light,
    recording,
    sent,
)
from tests.support.paths import ROOT
from workers.guard.pictures import small_picture
from workers.guard.watch import CameraWatch, Rhythm

VIDEOS = ROOT.parent / "shared" / "data" / "video"
LEARNT = 50
"""Pictures before something happens."""

WATCHED = 40
"""Pictures after it."""

DAYS = ("intel", "ufes cam0")
DAY_EVERY_S = 10.0
DAY_SCALE = 20
SLOW = Rhythm(
    every_us=DAY_SCALE * RHYTHM.every_us,
    learn_us=DAY_SCALE * RHYTHM.learn_us,
    after_us=DAY_SCALE * RHYTHM.after_us,
    frozen_after_us=DAY_SCALE * RHYTHM.frozen_after_us,
)


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--videos", type=Path, default=VIDEOS)
    parser.add_argument("--minutes", type=float, default=5.0, help="of each recording and light")
    parser.add_argument("--hours", type=float, default=24.0, help="of each simulated day")
    options = parser.parse_args()
    clips = {name: recording(options.videos / path) for name, path in CLIPS.items()}
    print_delays(clips)
    print_false_verdicts(clips, options.minutes)
    print_days(clips, options.hours)
    print_cost(clips["ufes cam0"])


def print_delays(clips: dict[str, Pictures]) -> None:
    """From when it happens until its verdict is decided, by recording."""
    print("### Detection delay, s\n")
    print("| what happens |", " | ".join(clips), "|")
    print("|---|" + "---|" * len(clips))
    for name, fault in FAULTS.items():
        cells = []
        for pictures in clips.values():
            found = changes(happening(pictures, fault, LEARNT, WATCHED))
            cells.append(_delay(found, fault.verdict))
        print(f"| {name} |", " | ".join(cells), "|", flush=True)
    print()


def _delay(found: Sequence[Change], verdict: str) -> str:
    after = [one for one in found if one.at_s >= LEARNT / FPS]
    if [one.verdict for one in found] != ["OK", verdict]:
        return "; ".join(f"{one.verdict} at {one.at_s - LEARNT / FPS:g}" for one in after) or "none"
    return f"{after[0].at_s - LEARNT / FPS:.1f}"


def print_false_verdicts(clips: dict[str, Pictures], minutes: float) -> None:
    """Verdicts other than OK on cameras to which nothing happens."""
    print("### False verdicts while people walk and lights change\n")
    print("| light | minutes | false verdicts | at most, per hour (95 %) |\n|---|---|---|---|")
    count = round(minutes * 60 * FPS)
    learnt_min = RHYTHM.learn_us / 60e6
    wrong_of_all, min_of_all = 0, 0.0
    for light in LIGHTS:
        wrong, judged_min = 0, 0.0
        for pictures in clips.values():
            found = changes(in_light(pictures, light, count))
            wrong += sum(one.verdict != "OK" for one in found)
            judged_min += max(0.0, minutes - learnt_min)
        print(f"| {light} | {judged_min:.1f} | {wrong} | {_bound(wrong, judged_min)} |", flush=True)
        wrong_of_all, min_of_all = wrong_of_all + wrong, min_of_all + judged_min
    print(f"| all | {min_of_all:.1f} | {wrong_of_all} | {_bound(wrong_of_all, min_of_all)} |\n")


def _bound(wrong: int, judged_min: float) -> str:
    """Upper limit of the rate: the rule of three while there is none."""
    return f"{3 / judged_min * 60:.1f}" if wrong == 0 else "-"


def print_days(clips: dict[str, Pictures], hours: float) -> None:
    """Verdicts other than OK in a simulated day."""
    print(f"### False verdicts in {hours:g} simulated hours before real backgrounds\n")
    print("| background | pictures | false verdicts |\n|---|---|---|")
    for seed, name in enumerate(DAYS):
        watch = CameraWatch(SLOW)
        seen = []
        number = 0
        for number, picture in enumerate(day(clips[name], seed, hours, DAY_EVERY_S)):
            if watch.step(START_US + round(number * DAY_EVERY_S * 1e6), sent(picture)):
                seen.append(watch.finding.verdict)
        wrong = [verdict for verdict in seen if verdict != "OK"]
        print(f"| {name} | {number + 1} | {', '.join(wrong) or '0'} |", flush=True)
    print()


def print_cost(pictures: Pictures) -> None:
    """CPU time of one comparison."""
    print("### Cost of a picture, ms of CPU\n")
    print("| view | shrink and compare |\n|---|---|")
    for name in ("as recorded", "displaced 20 px"):
        after = 0 if name == "as recorded" else WATCHED
        fault = FAULTS["displaced 20 px"]
        watch = CameraWatch(RHYTHM)
        seconds = 0.0
        counted = 0
        for number, picture in enumerate(happening(pictures, fault, LEARNT, WATCHED)):
            start_s = time.process_time()
            watch.step(START_US + round(number / FPS * 1e6), small_picture(picture))
            if number >= LEARNT if after else 22 <= number < LEARNT:
                seconds += time.process_time() - start_s
                counted += 1
        print(f"| {name} | {1e3 * seconds / counted:.1f} |")


if __name__ == "__main__":
    main()
