"""Claim checks work alike with a folder and with a bucket of a real S3 server."""

import os
import time
from pathlib import Path

import obstore
import pytest

from runtime.errors import DeadLetter, Retry, Stop
from runtime.storage.objects import ObjectStore, object_path, sha256_hex
from tests.support.servers.s3 import Bucket
from workers.ingest.object_expiry import expire_objects

START_US = 1_704_067_200_000_000


@pytest.fixture(params=["folder", "bucket"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> ObjectStore:
    if request.param == "folder":
        return ObjectStore(f"file://{tmp_path}/o")
    own: Bucket = request.getfixturevalue("bucket")
    return ObjectStore(own.url)


def put(store: ObjectStore, data: bytes) -> tuple[str, str]:
    sha256 = sha256_hex(data)
    return store.put(object_path("raw", "ward 3/bed", START_US, sha256, ".jpg"), data), sha256


def test_what_was_put_is_given_back(store: ObjectStore) -> None:
    uri, sha256 = put(store, b"pixels")

    assert uri == f"{store.base}/raw/ward_3_bed/2024-01-01/{sha256}.jpg"
    assert store.get(uri, sha256) == b"pixels"


def test_putting_twice_changes_nothing(store: ObjectStore) -> None:
    assert put(store, b"pixels") == put(store, b"pixels")


def test_an_object_that_is_gone_is_a_dead_letter(store: ObjectStore) -> None:
    uri, sha256 = put(store, b"pixels")

    with pytest.raises(DeadLetter, match="does not exist") as caught:
        store.get(uri.replace(sha256, "0" * 64), "0" * 64)

    assert caught.value.reason == "missing_object"


def test_an_object_that_is_another_is_a_dead_letter(store: ObjectStore) -> None:
    uri, _ = put(store, b"pixels")

    with pytest.raises(DeadLetter) as caught:
        store.get(uri, sha256_hex(b"other pixels"))

    assert caught.value.reason == "sha256_mismatch"


@pytest.mark.parametrize(
    "uri", ["file:///etc/passwd", "{base}/../secret", "{base}/raw/../../secret", "{base}"]
)
def test_a_record_cannot_make_us_read_what_is_not_in_the_store(
    store: ObjectStore, tmp_path: Path, uri: str
) -> None:
    (tmp_path / "secret").write_bytes(b"secret")

    with pytest.raises(DeadLetter) as caught:
        store.get(uri.format(base=store.base), sha256_hex(b"secret"))

    assert caught.value.reason == "foreign_object"


def test_a_relative_folder_is_named_by_its_whole_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    uri, sha256 = put(ObjectStore("file://.wardstream/objects"), b"pixels")
    monkeypatch.chdir(os.sep)

    assert ObjectStore(f"file://{tmp_path}/.wardstream/objects").get(uri, sha256) == b"pixels"


@pytest.mark.parametrize("url", ["http://objects", "objects", "file:///dev/null/objects"])
def test_a_store_that_cannot_be_stops_with_what_is_wrong(url: str) -> None:
    with pytest.raises(Stop, match="object store"):
        ObjectStore(url)


def test_a_bucket_out_of_reach_is_tried_again_later(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        "AWS_ENDPOINT_URL": "http://127.0.0.1:1",
        "AWS_ACCESS_KEY_ID": "key",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_REGION": "us-east-1",
    }.items():
        monkeypatch.setenv(name, value)
    store = ObjectStore("s3://frames/line")

    with pytest.raises(Retry, match=r"object store s3://frames/line does not take raw/"):
        put(store, b"pixels")


def test_an_object_that_was_replaced_in_its_bucket_is_a_dead_letter(bucket: Bucket) -> None:
    store = ObjectStore(bucket.url)
    uri, sha256 = put(store, b"pixels")
    path = uri.removeprefix(f"{bucket.url}/")
    obstore.put(bucket.client(), f"line/{path}", b"other pixels")

    with pytest.raises(DeadLetter, match="is not what was written") as caught:
        store.get(uri, sha256)

    assert caught.value.reason == "sha256_mismatch"


def test_a_bucket_that_does_not_exist_stops_reading_and_writing(bucket: Bucket) -> None:
    """The frames are not at fault: none of them may become a dead letter."""
    store = ObjectStore("s3://elsewhere/line")

    with pytest.raises(Stop, match="object store s3://elsewhere/line has no such bucket"):
        put(store, b"pixels")
    with pytest.raises(Stop, match="object store s3://elsewhere/line has no such bucket"):
        store.get("s3://elsewhere/line/raw/a.jpg", sha256_hex(b"pixels"))


def test_a_wrong_key_stops_with_what_the_store_says(
    bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "of-somebody-else")

    with pytest.raises(Stop, match="object store s3://frames/line refuses access"):
        put(ObjectStore(bucket.url), b"pixels")


def test_a_folder_that_it_makes_is_closed_to_others(tmp_path: Path) -> None:
    ObjectStore(f"file://{tmp_path}/deep/objects")

    assert (tmp_path / "deep" / "objects").stat().st_mode & 0o777 == 0o700


def test_a_folder_that_was_there_keeps_its_rights(tmp_path: Path) -> None:
    tmp_path.chmod(0o750)

    ObjectStore(f"file://{tmp_path}")

    assert tmp_path.stat().st_mode & 0o777 == 0o750


def test_frames_are_gone_after_their_period(store: ObjectStore) -> None:
    """By when they were written, not by when they were captured; nothing else is touched."""
    uri, sha256 = put(store, b"pixels")
    store.put("checkpoints/stream/p00000/one", b"state")
    written_us = round(time.time() * 1e6)

    assert expire_objects(store, 86_400, written_us + 86_340_000_000) == 0
    assert store.get(uri, sha256) == b"pixels"
    assert expire_objects(store, 86_400, written_us + 86_460_000_000) == 1

    assert store.paths("raw") == []
    assert store.paths("checkpoints") == ["checkpoints/stream/p00000/one"]
    assert expire_objects(store, 86_400, written_us + 86_460_000_000) == 0
