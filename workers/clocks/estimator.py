"""How one camera's clock runs, and what to decide about it.

An estimator is given when each picture arrived and what the camera's clock said, and keeps the
least delays of the last minutes. It knows what is in force from the log, so a new process goes on
where another ended. Pure: every time is an argument.
"""

from collections import deque
from dataclasses import dataclass
from statistics import median
from typing import Final, Literal, NamedTuple

from runtime.process.sections import ClocksSettings
from schemas.records.cameras import CameraClock
from streams.domain.camera.clock import MOST_DELAY_US, MOST_DRIFT_PPM
from workers.clocks.envelope import Delay, Envelope, envelope_of, level_of

BUCKET_US: Final = 5_000_000
"""The least delay is kept of each of these stretches of arrivals, microseconds."""

FRESH_US: Final = 5_000_000
"""Nothing is decided while arrivals are older than this: they are read again after a start."""

_MOST_DRIFT: Final = MOST_DRIFT_PPM / 2e6
"""Steepest line of a clock that settles, microseconds for a microsecond."""

ZONE_US: Final = 900_000_000
"""Time zones differ by multiples of this, microseconds."""

_RIGHT_DRIFT: Final = 20e-6
"""Steepest line of a clock that may follow a time server."""

_MOST_US: Final = 1 << 61


class Decision(NamedTuple):
    """What to write about a camera's clock; the fields are those of `CameraClock`."""

    epoch: int
    state: Literal["SETTLED", "UNSETTLED"]
    offset_us: int
    drift_ppm: float
    reference_us: int
    delay_us: int
    jitter_us: int
    jump_us: int
    since_us: int
    observed_until_us: int


class _Bucket(NamedTuple):
    """The pictures that arrived within one stretch.

    Attributes:
        number: Number of the stretch.
        least: The least delay.
        usual_us: Median delay, microseconds.
        long_us: Delay that nine of ten pictures did not exceed, microseconds.
    """

    number: int
    least: Delay
    usual_us: float
    long_us: float


@dataclass(frozen=True, slots=True)
class Rules:
    """The settings in microseconds; see `ClocksSettings`."""

    window_us: int
    settle_us: int
    drift_after_us: int
    jump_us: int
    jump_after_us: int
    tolerance_us: int
    rise_after_us: int
    again_after_us: int
    synchronised_us: int

    @classmethod
    def of(cls, settings: ClocksSettings) -> "Rules":
        """The rules that settings give."""
        times = (
            settings.window_s,
            settings.settle_s,
            settings.drift_after_s,
            settings.jump_s,
            settings.jump_after_s,
            settings.tolerance_s,
            settings.rise_after_s,
            settings.again_after_s,
            settings.synchronised_within_s,
        )
        return cls(*(round(time_s * 1e6) for time_s in times))


class ClockEstimator:
    """Follows the clock of one camera.

    Args:
        rules: The settings.
        found: What the log holds about the camera's clock; None for nothing.

    Attributes:
        in_force: What was written last; None before that.
        envelope: Least delay by the camera's time; None while it is not known.
    """

    def __init__(self, rules: Rules, found: CameraClock | None = None) -> None:
        self._rules = rules
        self.in_force: CameraClock | None = None
        self.envelope: Envelope | None = None
        self._buckets: deque[_Bucket] = deque()
        self._open: list[Delay] = []
        self._number = 0
        self._away: list[tuple[int, Delay]] = []
        self._since_us = 0
        self._jump_us = 0
        self._last_us = 0
        self._settled = False
        self._new_epoch = False
        self._written_us = 0
        self._due = True
        if found is not None:
            self.note(found)

    def note(self, record: CameraClock) -> None:
        """Note what the log holds about the camera's clock: what came of a decision, or another's.

        A removal is as nothing: the next decision begins with another epoch.
        """
        if self.in_force is not None and record["version"] <= self.in_force["version"]:
            return
        self.in_force = record
        self._written_us = record["recorded_at_us"]
        if record["since_us"] > self._since_us:
            self._restart(record["since_us"])
            self._jump_us = record["jump_us"]
        if record["since_us"] == self._since_us:
            self._new_epoch = False
        self._due = True
        if record["state"] == "SETTLED" and not record["removed"] and self.envelope is None:
            slope = record["drift_ppm"] / 1e6
            self.envelope = Envelope(record["reference_us"], record["offset_us"], slope)
            self._settled = True

    def observe(self, arrival_us: int, source_us: int) -> None:
        """Take a picture: when it arrived, and what the camera's clock said, microseconds.

        Pictures come in the order of their arrival; one that is not later than the last, or of
        before the epoch that the log names, is ignored.
        """
        if arrival_us <= self._last_us or arrival_us < self._since_us:
            return
        if abs(source_us) > _MOST_US:
            return
        self._last_us = arrival_us
        self._since_us = self._since_us or arrival_us
        delay = Delay(source_us, arrival_us - source_us)
        if self._jumps(arrival_us, delay):
            return
        number = arrival_us // BUCKET_US
        if number != self._number:
            self._close_bucket()
            self._number = number
        self._open.append(delay)

    def _jumps(self, arrival_us: int, delay: Delay) -> bool:
        """Whether a delay is far from the line; after enough of such, an epoch begins with them."""
        base = self.envelope
        if base is None and (self._buckets or self._open):
            base = level_of([one.least for one in self._buckets] + self._open)
        if base is None:
            return False
        off_us = delay.delay_us - base.at(delay.source_us)
        if abs(off_us) <= self._rules.jump_us:
            self._away.clear()
            return False
        if self._away and (off_us > 0) != (
            self._away[0][1].delay_us > base.at(self._away[0][1].source_us)
        ):
            self._away.clear()
        self._away.append((arrival_us, delay))
        first_us = self._away[0][0]
        if arrival_us - first_us >= self._rules.jump_after_us and len(self._away) >= 5:
            away = self._away
            # The delay rises by as much as the clock falls.
            jump_us = -median(one.delay_us - base.at(one.source_us) for _, one in away)
            if self._settled:
                self._new_epoch, self._jump_us = True, round(jump_us)
            self._restart(first_us)
            self._due = True
            self._number = arrival_us // BUCKET_US
            self._open = [one for _, one in away]
        return True

    def _restart(self, since_us: int) -> None:
        """Forget what was seen before an epoch began."""
        self._buckets.clear()
        self._open, self._away = [], []
        self.envelope, self._settled, self._since_us = None, False, since_us

    def _close_bucket(self) -> None:
        rules = self._rules
        self._due = True
        if self._open:
            least = min(self._open, key=lambda one: (one.delay_us, one.source_us))
            delays = sorted(one.delay_us for one in self._open)
            usual_us, long_us = median(delays), delays[(len(delays) - 1) * 9 // 10]
            self._buckets.append(_Bucket(self._number, least, usual_us, long_us))
            self._open = []
        while self._buckets and (
            (self._number - self._buckets[0].number) * BUCKET_US >= rules.window_us
        ):
            self._buckets.popleft()
        self._drop_before_a_rise()
        span_us = (self._number + 1 - self._buckets[0].number) * BUCKET_US if self._buckets else 0
        if span_us < rules.settle_us or len(self._buckets) < 3:
            return
        least_delays = sorted(one.least for one in self._buckets)
        if span_us >= rules.drift_after_us:
            self.envelope = envelope_of(least_delays, _MOST_DRIFT)
        else:
            self.envelope = level_of(least_delays)
        self._settled = abs(self.envelope.slope) < _MOST_DRIFT

    def _drop_before_a_rise(self) -> None:
        """Forget what was before all least delays rose a little: the way became longer."""
        rules, envelope = self._rules, self.envelope
        if envelope is None or not self._settled:
            return
        recent = [
            one
            for one in self._buckets
            if (self._number - one.number) * BUCKET_US < rules.rise_after_us
        ]
        if len(recent) == len(self._buckets) or len(recent) * BUCKET_US < rules.rise_after_us:
            return
        low_us = min(one.least.delay_us - envelope.at(one.least.source_us) for one in recent)
        if low_us > rules.tolerance_us:
            self._buckets = deque(recent)

    def decide(self, now_us: int) -> Decision | None:
        """What to write now; None when all that is in force is right, or nothing new was seen.

        A decision that could not be written comes again with the next stretch of arrivals.

        Args:
            now_us: The wall clock, UTC microseconds.
        """
        if not self._due or not self._last_us or now_us - self._last_us > FRESH_US:
            return None
        self._due = False
        known = self.in_force
        if known is None or known["removed"]:
            return self._settled_decision(1 if known is None else known["epoch"] + 1)
        epoch = known["epoch"] + self._new_epoch
        found = self._settled_decision(epoch)
        if found is None and known["state"] == "SETTLED" and self._new_epoch:
            return self._unsettled_decision(epoch, known)
        if found is None or self._new_epoch or known["state"] != "SETTLED":
            return found
        if now_us - self._written_us < self._rules.again_after_us or not self._differs(found):
            return None
        return found

    def _unsettled_decision(self, epoch: int, known: CameraClock) -> Decision:
        return Decision(
            epoch=epoch,
            state="UNSETTLED",
            offset_us=0,
            drift_ppm=0.0,
            reference_us=0,
            delay_us=known["delay_us"],
            jitter_us=known["jitter_us"],
            jump_us=self._jump_us,
            since_us=self._since_us,
            observed_until_us=self._last_us,
        )

    def _settled_decision(self, epoch: int) -> Decision | None:
        if self.envelope is None or not self._settled or not self._buckets:
            return None
        envelope = self.envelope
        usual_us = median(one.usual_us - envelope.at(one.least.source_us) for one in self._buckets)
        long_us = median(one.long_us - envelope.at(one.least.source_us) for one in self._buckets)
        envelope, base_us = self._taken_as(envelope)
        return Decision(
            epoch=epoch,
            state="SETTLED",
            offset_us=round(envelope.offset_us),
            drift_ppm=round(envelope.slope * 1e6, 3),
            reference_us=envelope.reference_us,
            delay_us=min(max(0, round(usual_us + base_us)), MOST_DELAY_US),
            jitter_us=max(0, round(long_us)),
            jump_us=self._jump_us,
            since_us=self._since_us,
            observed_until_us=self._last_us,
        )

    def _taken_as(self, envelope: Envelope) -> tuple[Envelope, float]:
        """The correction of a clock, and the least delay of its pictures, microseconds.

        A clock that is taken for right needs no correction but that of its time zone, and its least
        delay is real. Of any other the least delay cannot be told from its offset, and counts as
        none.
        """
        zone_us = envelope.offset_us // ZONE_US * ZONE_US
        base_us = envelope.offset_us - zone_us
        trusts = self._rules.synchronised_us > 0
        if (
            trusts
            and base_us <= self._rules.synchronised_us
            and abs(envelope.slope) <= _RIGHT_DRIFT
        ):
            return Envelope(envelope.reference_us, zone_us, 0.0), base_us
        return envelope, 0.0

    def _differs(self, found: Decision) -> bool:
        """Whether a decision differs from what is in force by more than is tolerated."""
        known = self.in_force
        if known is None:
            return True
        source_us = found.reference_us
        ahead_us = known["offset_us"] + known["drift_ppm"] / 1e6 * (
            source_us - known["reference_us"]
        )
        if abs(found.offset_us - ahead_us) > self._rules.tolerance_us:
            return True
        # The delay serves pictures without a clock time only, and varies with the network.
        return abs(found.delay_us - known["delay_us"]) > max(
            5 * self._rules.tolerance_us, known["delay_us"]
        )
