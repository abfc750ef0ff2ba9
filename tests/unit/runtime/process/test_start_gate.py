"""A process that is started early begins when its launcher says so."""

from pathlib import Path

import pytest

from runtime.errors import Stop
from runtime.process import start_gate


class PassingClock:
    """Time passes only by sleeping; `then` is done after the third sleep."""

    def __init__(self, then: Path | None = None) -> None:
        self.slept = 0
        self._then = then

    def now_us(self) -> int:
        return 0

    def monotonic_s(self) -> float:
        return self.slept * 1.0

    def sleep(self, seconds: float) -> None:
        self.slept += 1
        if self.slept == 3 and self._then:
            self._then.touch()


def test_without_a_gate_nothing_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(start_gate.VARIABLE, raising=False)
    clock = PassingClock()

    start_gate.wait_at_gate(clock)

    assert clock.slept == 0


def test_a_process_begins_when_the_gate_opens(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    gate = tmp_path / "begin"
    monkeypatch.setenv(start_gate.VARIABLE, str(gate))
    clock = PassingClock(then=gate)

    start_gate.wait_at_gate(clock)

    assert clock.slept == 3


def test_a_gate_that_never_opens_stops_the_process(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv(start_gate.VARIABLE, str(tmp_path / "never"))

    with pytest.raises(Stop, match="never"):
        start_gate.wait_at_gate(PassingClock())
