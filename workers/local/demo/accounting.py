"""The fate of every frame of a run, by the identity of the frame. Pure.

A frame of a recording is one camera and one number in the recording, however often it was read,
sent or answered. Every frame gets one fate, so the fates always sum to the frames of the source.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import NamedTuple

from workers.ingest.journal import Reading

DEAD_LETTERED = "dead-lettered"
NOT_READ = "not read"

NO_OUTCOME = "in the log without an outcome"
NOT_IN_LOG = "sent, but not in the log"
NEVER_READ = "never read from the source"
"""Why a frame is missing."""

_SENT, _BEFORE_RESUME = "sent", "before_resume"
_RANGES_SHOWN = 5

FrameKey = tuple[str, int]
"""Camera and event time (UTC microseconds) of a frame: its identity in the log."""


class Answer(NamedTuple):
    """What the log says of one frame.

    Attributes:
        fate: `detected`, `skipped` or `dead-lettered`; empty while it has no outcome.
        reason: Why it was skipped or dead-lettered.
        detections: Number of people found.
    """

    fate: str
    reason: str = ""
    detections: int = 0


@dataclass(slots=True)
class Account:
    """Every frame of a run, once.

    Attributes:
        fates: Number of frames by fate, without the missing ones.
        reasons: Skipped and dead-lettered frames by fate and reason.
        missing: Numbers of the missing frames by camera and why.
        detections: Number of people found, over all frames.
        besides: Frames in the log that repeat a frame of the source which was sent earlier.
    """

    fates: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    missing: dict[tuple[str, str], list[int]] = field(default_factory=dict)
    detections: int = 0
    besides: int = 0

    @property
    def frames(self) -> int:
        """Frames of the source: the sum of all fates, and the missing."""
        return sum(self.fates.values()) + self.lost

    @property
    def lost(self) -> int:
        """Frames without a fate."""
        return sum(len(numbers) for numbers in self.missing.values())

    def add(self, answer: Answer) -> None:
        """Count a frame that was answered."""
        self.fates[answer.fate] += 1
        self.detections += answer.detections
        if answer.reason:
            self.reasons[f"{answer.fate}, {answer.reason}"] += 1

    def miss(self, camera_id: str, why: str, number: int) -> None:
        """Count a frame that is missing."""
        self.missing.setdefault((camera_id, why), []).append(number)

    def missing_text(self) -> list[str]:
        """The missing frames as text: camera, ranges of numbers, why."""
        return [
            f"{camera_id} frames {ranges(numbers)}: {why}"
            for (camera_id, why), numbers in sorted(self.missing.items())
        ]


def ranges(numbers: Iterable[int]) -> str:
    """Numbers as ranges: `0-3, 7`; only the first few ranges are written out."""
    found: list[list[int]] = []
    for number in sorted(set(numbers)):
        if found and number == found[-1][1] + 1:
            found[-1][1] = number
        else:
            found.append([number, number])
    shown = [
        str(first) if first == last else f"{first}-{last}" for first, last in found[:_RANGES_SHOWN]
    ]
    more = len(found) - _RANGES_SHOWN
    return ", ".join(shown) + (f" and {more} more ranges" if more > 0 else "")


def account_for_recordings(
    frames: Mapping[str, int],
    journal: Iterable[Reading],
    answers: Mapping[FrameKey, Answer],
    *,
    stopped: AbstractSet[str] = frozenset(),
) -> Account:
    """Find the one fate of every frame of recordings.

    Args:
        frames: Frames in each camera's recording, as counted in the file.
        journal: Every reading of every frame, in order.
        answers: What the log says of each frame that is in it.
        stopped: Cameras whose recordings were stopped on purpose before the end.
    """
    readings: dict[str, dict[int, list[Reading]]] = {camera_id: {} for camera_id in frames}
    for reading in journal:
        if reading.camera_id in readings:
            readings[reading.camera_id].setdefault(reading.number, []).append(reading)
    account = Account()
    claimed: set[FrameKey] = set()
    for camera_id, count in frames.items():
        read = readings[camera_id]
        for number in range(max(count, max(read, default=-1) + 1)):
            lines = read.get(number, [])
            keys = {
                (camera_id, reading.captured_us)
                for reading in lines
                if reading.captured_us is not None
            }
            sent = sorted(keys & answers.keys())
            claimed.update(sent)
            if not _answered(account, camera_id, number, [answers[key] for key in sent]):
                _not_sent(account, camera_id, number, lines, camera_id in stopped)
            account.besides += max(0, len(sent) - 1)
    account.besides += sum(1 for key in answers if key[0] in frames and key not in claimed)
    return account


def _answered(account: Account, camera_id: str, number: int, answers: list[Answer]) -> bool:
    """Count a frame that is in the log, by the first answer it has; False when it is not there."""
    if not answers:
        return False
    known = [answer for answer in answers if answer.fate]
    if known:
        account.add(known[0])
    else:
        account.miss(camera_id, NO_OUTCOME, number)
    return True


def _not_sent(
    account: Account, camera_id: str, number: int, lines: list[Reading], stopped: bool
) -> None:
    """Count a frame that is not in the log, by what its last reading came to."""
    if not lines:
        if stopped:
            account.fates[NOT_READ] += 1
        else:
            account.miss(camera_id, NEVER_READ, number)
        return
    # A process that resumes passes over what its forerunner had decided.
    decided = [reading.outcome for reading in lines if reading.outcome != _BEFORE_RESUME]
    outcome = decided[-1] if decided else _BEFORE_RESUME
    if outcome == _SENT:
        account.miss(camera_id, NOT_IN_LOG, number)
    else:
        account.fates[outcome] += 1


def account_for_streams(
    cameras: Iterable[str], not_sent: Mapping[str, int], answers: Mapping[FrameKey, Answer]
) -> Account:
    """Find the fate of every frame of live cameras, whose source cannot be counted.

    Args:
        cameras: The live cameras.
        not_sent: Frames that were read and not sent, by outcome.
        answers: What the log says of each frame that is in it.
    """
    account = Account()
    account.fates.update({name: n for name, n in not_sent.items() if n and name != _SENT})
    numbers = dict.fromkeys(cameras, 0)
    for (camera_id, _), answer in sorted(answers.items()):
        if camera_id in numbers:
            _answered(account, camera_id, numbers[camera_id], [answer])
            numbers[camera_id] += 1
    return account


def added(one: Account, other: Account) -> Account:
    """Two accounts of different cameras as one."""
    return Account(
        one.fates + other.fates,
        one.reasons + other.reasons,
        one.missing | other.missing,
        one.detections + other.detections,
        one.besides + other.besides,
    )
