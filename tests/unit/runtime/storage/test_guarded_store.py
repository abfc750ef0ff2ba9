"""An object store that does not answer is left alone, and used again once it does."""

from pathlib import Path

import pytest

from runtime.errors import DeadLetter, Retry
from runtime.storage.breaker import BreakerOpen
from runtime.storage.guarded import POLICY, GuardedStore
from runtime.storage.objects import sha256_hex
from tests.support.set_clock import SetClock


def test_an_object_store_that_fails_is_refused_at_once_and_used_again_once_it_works(
    tmp_path: Path,
) -> None:
    clock = SetClock()
    store = GuardedStore(f"file://{tmp_path}/objects", clock)
    obstacle = tmp_path / "objects" / "raw"
    obstacle.touch()
    for _ in range(POLICY.failures):
        with pytest.raises(Retry, match="does not take raw/a") as caught:
            store.put("raw/a", b"pixels")
        assert not isinstance(caught.value, BreakerOpen)
    obstacle.unlink()

    with pytest.raises(BreakerOpen, match="object_store did not answer") as refused:
        store.put("raw/a", b"pixels")
    assert refused.value.retry_after_s is not None
    assert 0.0 < refused.value.retry_after_s <= POLICY.max_pause_s

    clock.sleep(POLICY.max_pause_s)
    uri = store.put("raw/a", b"pixels")
    assert store.get(uri, sha256_hex(b"pixels")) == b"pixels"


def test_an_object_that_is_not_there_is_no_outage(tmp_path: Path) -> None:
    store = GuardedStore(f"file://{tmp_path}/objects", SetClock())
    for _ in range(3 * POLICY.failures):
        with pytest.raises(DeadLetter, match="does not exist"):
            store.get(f"{store.base}/raw/none", "")

    assert store.put("raw/a", b"pixels")
