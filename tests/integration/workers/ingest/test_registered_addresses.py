"""Ingest follows the stream addresses that the registry keeps, and needs no restart."""

import base64
import itertools
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import simplejpeg
from structlog.testing import capture_logs

from runtime.clock import SystemClock
from runtime.process.service import Service
from schemas.records.frames import Frame
from schemas.topics import CAMERAS
from tests.integration.workers.ingest.ingest_run import IngestRun
from tests.support.clips import make_clip, number_of
from tests.support.servers.rtsp import rtsp_camera, rtsp_clip, rtsp_url
from tests.support.waiting import eventually
from workers.ingest.feed import Playback
from workers.ingest.ledger import FrameLedger
from workers.ingest.worker import serve_registered
from workers.registry.editing.database import Database
from workers.registry.editing.sealed import ADDRESSES, SealedTexts
from workers.registry.editing.store import RegistryStore
from workers.registry.editing.takeover import take_over
from workers.registry.editing.wanted import Origin, Put, Remove
from workers.registry.registered import Key
from workers.registry.rows import CameraRow

KEY = b"k" * 32
ANNA = Origin(author="anna")
WIDTHS = {"a": 128, "b": 160}
"""Width of the picture of each RTSP camera, px: by it a frame shows where it is from."""


class Ward:
    """Two RTSP cameras, and the registry that has their addresses."""

    def __init__(self, pipeline: IngestRun, database: Database, urls: dict[str, str]) -> None:
        self.pipeline = pipeline
        self.urls = urls
        self.addresses = SealedTexts(database, ADDRESSES, [KEY])
        self._store = RegistryStore(database, SystemClock())

    def register(self, *camera_ids: str, **size: int) -> None:
        for camera_id in camera_ids:
            self._store.apply([Put(CameraRow(camera_id=camera_id, width=128, height=96))], ANNA)
            self.pipeline.register(camera_id, **{"width": 0, "height": 0, **size})

    def keep(self, camera_id: str, address: str) -> None:
        self.addresses.put(camera_id, address, by="anna", now_us=SystemClock().now_us())

    def remove(self, camera_id: str) -> None:
        self._store.apply([Remove(Key(CAMERAS, camera_id))], ANNA)

    def frames(self, camera_id: str, shown: str | None = None) -> list[Frame]:
        """Frames of a camera, of one source alone if it is named."""
        width = None if shown is None else WIDTHS[shown]
        records = self.pipeline.records().get(camera_id, [])
        of_kind = [record for record in records if record["kind"] == "FRAME"]
        return [frame for frame in of_kind if width in {None, frame["width"]}]

    def await_frames(self, camera_id: str, shown: str, more: int = 5) -> None:
        wanted = len(self.frames(camera_id, shown)) + more
        eventually(
            lambda: len(self.frames(camera_id, shown)) >= wanted,
            what=f"frames of camera {camera_id} come from {shown}",
        )

    def numbers(self, camera_id: str) -> list[int]:
        """The numbers that the source drew into each frame of a camera."""
        jpegs = [self.pipeline.pixels(frame) for frame in self.frames(camera_id)]
        return [number_of(simplejpeg.decode_jpeg(jpeg, "BGR")) for jpeg in jpegs]

    def check_sequence(self, camera_id: str) -> None:
        frames = self.pipeline.records()[camera_id]
        assert [frame["seq"] for frame in frames] == list(range(1, len(frames) + 1))
        times_us = [frame["captured_us"] for frame in frames]
        assert all(a < b for a, b in itertools.pairwise(times_us))


@pytest.fixture
def ward(pipeline: IngestRun, database_url: str, tmp_path: Path) -> Iterator[Ward]:
    with ExitStack() as stack:
        urls = {}
        for name, width in WIDTHS.items():
            drawn = make_clip(tmp_path / f"{name}.avi", 600, width=width)
            folder = tmp_path / name
            folder.mkdir()
            camera = stack.enter_context(
                rtsp_camera(rtsp_clip(drawn, folder / "ward.mp4", 600), folder)
            )
            urls[name] = rtsp_url(camera).replace("//", "//viewer:hunter2@")
        database = stack.enter_context(Database(database_url))
        take_over(database, "", [], SystemClock().now_us())
        yield Ward(pipeline, database, urls)


@pytest.fixture
def refusing(tmp_path: Path) -> Iterator[str]:
    """An address whose server answers that nothing is there."""
    handler = partial(SimpleHTTPRequestHandler, directory=str(tmp_path / "empty"))
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://viewer:hunter2@127.0.0.1:{server.server_port}/none"
    server.shutdown()
    server.server_close()


@contextmanager
def serving(ward: Ward, folder: Path) -> Iterator[Callable[[], dict[str, FrameLedger]]]:
    """Ingest of every camera that has an address; what is yielded ends it."""
    service: Service = ward.pipeline.service(
        mode="live", fps=60, heartbeat_s=0.3, address_check_s=0.2, address_cache=folder / "cache"
    )
    found: list[FrameLedger] = []
    errors: list[BaseException] = []

    def body() -> None:
        try:
            found.extend(serve_registered(service, [], Playback(), ward.addresses))
        except BaseException as error:  # noqa: BLE001 - raised again in the test
            errors.append(error)

    def stop() -> dict[str, FrameLedger]:
        service.stop.set()
        thread.join(60)
        assert not thread.is_alive()
        if errors:
            raise errors[0]
        return {ledger.camera_id: ledger for ledger in found}

    thread = threading.Thread(target=body)
    thread.start()
    try:
        yield stop
    finally:
        stop()


def test_cameras_come_move_and_go_and_no_other_loses_a_frame(
    ward: Ward, refusing: str, tmp_path: Path
) -> None:
    ward.register("left", "right", "wrong")
    ward.register("other-size", width=640, height=480)
    ward.keep("right", ward.urls["b"])
    with capture_logs() as logs, serving(ward, tmp_path) as stop:
        ward.await_frames("right", "b", more=1)
        ward.keep("wrong", refusing)
        ward.keep("other-size", ward.urls["b"])
        ward.keep("left", ward.urls["b"])  # it shares the connection of the right one
        ward.await_frames("left", "b")
        ward.keep("left", ward.urls["a"])
        ward.await_frames("left", "a")
        ward.remove("left")
        eventually(
            lambda: any(entry["event"] == "ingest.camera_stopped" for entry in logs),
            what="the removed camera stops",
        )
        left = len(ward.pipeline.records()["left"])
        ward.await_frames("right", "b")
        ledgers = stop()

    _late, *numbers = ward.numbers("right")  # one of those that came while the stream was opened
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers))), "no frame is missing"
    assert len(ward.pipeline.records()["left"]) == left, "nothing comes after it has stopped"
    for camera_id in ("left", "right"):
        ward.check_sequence(camera_id)
        ledger = ledgers[camera_id]
        assert ledger.outcomes["sent"] == len(ward.frames(camera_id))
        assert ledger.outcomes.total() == ledger.read
    refused, *_ = [entry for entry in logs if entry["event"] == "ingest.camera_refused"]
    assert (refused["camera_id"], refused["field"]) == ("wrong", "address")
    [sized] = [entry for entry in logs if entry["event"] == "ingest.wrong_size"]
    assert "other-size is registered with 640x480 px" in sized["error"]
    assert ledgers["other-size"].outcomes["wrong_size"] > 0
    assert "hunter2" not in str(logs)


@pytest.mark.chaos_long
def test_a_killed_ingest_goes_on_at_the_addresses_that_were_changed_meanwhile(
    ward: Ward, database_url: str, tmp_path: Path
) -> None:
    ward.pipeline.environment |= {
        "WARDSTREAM_DATABASE_URL": database_url,
        "WARDSTREAM_REGISTRY__ADDRESS_KEY": base64.b64encode(KEY).decode(),
        "WARDSTREAM_INGEST__ADDRESS_CACHE": str(tmp_path / "cache"),
        "WARDSTREAM_INGEST__ADDRESS_CHECK_S": "0.2",
    }
    ward.register("left", "right")
    ward.keep("left", ward.urls["a"])
    ward.keep("right", ward.urls["b"])
    killed = ward.pipeline.command()
    ward.await_frames("left", "a")
    killed.send_signal(signal.SIGKILL)
    killed.wait(60)
    ward.keep("left", ward.urls["b"])

    again = ward.pipeline.command()
    ward.await_frames("left", "b")
    again.send_signal(signal.SIGTERM)
    assert again.wait(60) == 0

    for camera_id in ("left", "right"):
        ward.check_sequence(camera_id)
    for process in (killed, again):
        assert process.stderr is not None
        assert b"hunter2" not in process.stderr.read()
