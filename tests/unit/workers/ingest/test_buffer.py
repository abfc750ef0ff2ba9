"""The queue between a camera stream and the pipeline is bounded, whichever side is slow."""

import threading

from workers.ingest.buffer import FrameBuffer


def test_a_full_live_queue_gives_up_its_oldest_and_says_so() -> None:
    buffer: FrameBuffer[int] = FrameBuffer(2, drop_oldest=True)

    dropped = [buffer.put(number) for number in range(4)]

    assert dropped == [0, 0, 1, 1]
    assert [buffer.get(0), buffer.get(0), buffer.get(0)] == [2, 3, None]


def test_a_full_record_queue_makes_the_writer_wait_and_loses_nothing() -> None:
    buffer: FrameBuffer[int] = FrameBuffer(2, drop_oldest=False)
    dropped: list[int] = []
    writer = threading.Thread(target=lambda: dropped.extend(buffer.put(n) for n in range(50)))
    writer.start()

    taken = [buffer.get(10) for _ in range(50)]
    writer.join(10)

    assert taken == list(range(50))
    assert dropped == [0] * 50


def test_closing_wakes_a_writer_that_waits_and_counts_what_it_held() -> None:
    buffer: FrameBuffer[int] = FrameBuffer(1, drop_oldest=False)
    buffer.put(1)
    dropped: list[int] = []
    writer = threading.Thread(target=lambda: dropped.append(buffer.put(2)))
    writer.start()

    buffer.close()
    writer.join(10)

    assert dropped == [1]
