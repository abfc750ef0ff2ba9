"""Keep one chain of audit.v1 for each instance of a process, many entries to an acknowledgement.

A thread takes all acts that wait, seals them and appends them together, so that many at once cost
little more than one. When brokers do not take them, it begins a new chain as soon as they answer:
it tries all the time, not only when the next act comes.
"""

import asyncio
import os
import platform
import queue
import threading
from concurrent.futures import Future
from concurrent.futures import TimeoutError as NotInTime
from types import TracebackType
from typing import Final, NamedTuple, Self
from uuid import uuid4

import structlog

from runtime.audit import Act
from runtime.errors import WardstreamError
from runtime.kafka.cluster import Cluster
from runtime.process.metrics import AUDIT_AWAY_SINCE, AUDIT_ENTRIES, AUDIT_SECONDS
from schemas.codec import Codec
from schemas.registry import IncompatibleSchema, NotRegistered, RegistryError
from schemas.topics import AUDIT
from workers.audit.chain_producer import ChainProducer, Recorded
from workers.audit.recorder import AuditUnavailable
from workers.audit.verification import OPENED

log = structlog.get_logger(__name__)

CLOSED: Final = "chain.closed"

WITHIN_S: Final = 5.0
"""Longest wait for an entry, s; then the act is refused."""

AWAY_S: Final = 1.0
"""Longest wait while the audit is known to be away, s."""

AT_ONCE: Final = 500
"""Entries that are appended together at most."""

_AGAIN_S: Final = 0.25
_AWAY = (WardstreamError, RegistryError, NotRegistered, IncompatibleSchema)


class _Waiting(NamedTuple):
    recorded: Recorded
    done: "Future[None]"


class AuditLog:
    """The audit of one process; `start` it, or use it as a context.

    Args:
        cluster: Where the topics are.
        process: Name of the process, such as `serving`; its chains begin with it.
        within_s: Longest wait for an entry, s.

    Attributes:
        chain_id: Id of the present chain; empty before the first.
        away_since_us: Since when nothing can be recorded, UTC microseconds; None while it can.
            At first that is not known, and counts as None.
        error: Why not; empty while it can.
    """

    def __init__(self, cluster: Cluster, process: str, *, within_s: float = WITHIN_S) -> None:
        self.chain_id = ""
        self.away_since_us: int | None = None
        self.error = ""
        self._cluster = cluster
        self._process = process
        self._within_s = within_s
        self._before = ""
        self._codec: Codec | None = None
        self._chain: ChainProducer | None = None
        self._queue: queue.SimpleQueue[_Waiting | None] = queue.SimpleQueue()
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="audit", daemon=True)

    def start(self) -> None:
        """Begin a chain, in a thread."""
        self._thread.start()

    def close(self) -> None:
        """Record what waits, and that the chain ends here; waits at most twice `within_s`."""
        self._closing.set()
        self._queue.put(None)
        if self._thread.is_alive():
            self._thread.join(2 * self._within_s)

    def __enter__(self) -> Self:
        """The audit itself, started."""
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close it."""
        self.close()

    async def record(self, act: Act, *, actor: str, why: str = "") -> None:
        """Record an act; see `workers.audit.recorder.Recorder`.

        Raises:
            AuditUnavailable: It could not be recorded in time.
        """
        future = asyncio.wrap_future(self._submit(act, actor, why))
        try:
            await asyncio.wait_for(future, self._patience_s)
        except TimeoutError as error:
            raise self._late() from error

    def record_now(self, act: Act, *, actor: str, why: str = "") -> None:
        """Record an act, and block until it is; raises like `record`."""
        future = self._submit(act, actor, why)
        try:
            future.result(self._patience_s)
        except NotInTime as error:
            future.cancel()
            raise self._late() from error

    @property
    def _patience_s(self) -> float:
        return self._within_s if self.away_since_us is None else min(AWAY_S, self._within_s)

    def _submit(self, act: Act, actor: str, why: str) -> "Future[None]":
        waiting = _Waiting(Recorded(act, actor, why, self._cluster.clock.now_us()), Future())
        self._queue.put(waiting)
        return waiting.done

    def _late(self) -> AuditUnavailable:
        AUDIT_ENTRIES.labels("refused").inc()
        reason = self.error or f"{AUDIT.name} did not answer within {self._within_s:g} s"
        return AuditUnavailable(f"the audit cannot be written: {reason}")

    def _run(self) -> None:
        while not self._closing.is_set():
            if not self._opened():
                self._closing.wait(_AGAIN_S)
                continue
            if batch := self._take():
                self._append(batch)
        if self._chain is not None:
            if batch := self._take(wait=False):
                self._append(batch)
            self._end()

    def _opened(self) -> bool:
        """Whether there is a chain to append to; begins one where there is none."""
        if self._chain is not None:
            return True
        chain: ChainProducer | None = None
        before = self._before
        chain_id = f"{self._process}-{uuid4()}"
        try:
            if self._codec is None:
                self._codec = self._cluster.registry.writer(AUDIT)
            chain = ChainProducer(self._cluster, self._codec, chain_id, self._within_s)
            chain.append([self._own(Act(OPENED, self._process, before))])
        except Exception as error:
            if not isinstance(error, _AWAY):
                log.exception("audit.crash")  # the thread must live on: acts wait for it
            self._failed(error)
            if chain is not None:
                chain.close()
            return False
        self._chain, self.chain_id = chain, chain_id
        if self.away_since_us is not None:
            log.info("audit.resumed", chain_id=chain_id)
        self.away_since_us, self.error = None, ""
        AUDIT_AWAY_SINCE.set(0)
        return True

    def _own(self, act: Act) -> Recorded:
        """An act of the process itself."""
        actor = f"wardstream-{self._process}"
        own = act._replace(client=f"process {os.getpid()} on {platform.node()}")
        return Recorded(own, actor, "", self._cluster.clock.now_us())

    def _take(self, *, wait: bool = True) -> list[_Waiting]:
        """All acts that wait; waits for the first one."""
        batch: list[_Waiting] = []
        while len(batch) < AT_ONCE:
            try:
                waiting = self._queue.get(block=wait and not batch)
            except queue.Empty:
                break
            if waiting is None:
                break
            if waiting.done.set_running_or_notify_cancel():
                batch.append(waiting)
        return batch

    def _append(self, batch: list[_Waiting]) -> None:
        assert self._chain is not None
        started_s = self._cluster.clock.monotonic_s()
        try:
            self._chain.append([waiting.recorded for waiting in batch])
        except Exception as error:
            if not isinstance(error, AuditUnavailable):
                log.exception("audit.crash")  # the thread must live on: acts wait for it
            self._failed(error)
            last = self._chain.last
            self._before = "" if last is None else f"after {self.chain_id}, entry {last['seq']}"
            self._chain.close()
            self._chain = None
            for waiting in batch:
                AUDIT_ENTRIES.labels("refused").inc()
                waiting.done.set_exception(
                    AuditUnavailable(f"the audit cannot be written: {error}")
                )
        else:
            AUDIT_SECONDS.observe(self._cluster.clock.monotonic_s() - started_s)
            AUDIT_ENTRIES.labels("recorded").inc(len(batch))
            for waiting in batch:
                waiting.done.set_result(None)

    def _failed(self, error: Exception) -> None:
        self.error = str(error)
        if self.away_since_us is None:
            self.away_since_us = self._cluster.clock.now_us()
            AUDIT_AWAY_SINCE.set(self.away_since_us / 1e6)
            log.error("audit.away", error=self.error)

    def _end(self) -> None:
        assert self._chain is not None
        try:
            self._chain.append([self._own(Act(CLOSED, self._process))])
        except AuditUnavailable as error:
            log.warning("audit.not_closed", error=str(error))
        self._chain.close()
