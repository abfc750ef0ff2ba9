"""Object storage for large values; records hold only a reference to them (claim check).

An object is written before the record that names it, under a name made from its content, so
that a record never points to a missing object and writing twice changes nothing.
"""

import hashlib
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal
from urllib.parse import unquote

import obstore
from obstore.exceptions import (
    AlreadyExistsError,
    BaseError,
    PermissionDeniedError,
    PreconditionError,
    UnauthenticatedError,
)
from obstore.store import LocalStore, S3Store

from runtime.errors import DeadLetter, Retry, Stop
from runtime.proxies import NO_PROXY

if TYPE_CHECKING:
    from obstore.store import ClientConfig

Area = Literal["raw", "experiments"]
"""Path prefix that decides retention: `raw` holds the frames of cameras, `experiments` results."""

FRAMES_AREA: Final = "raw"
"""Folder of the frames of cameras."""

EXPERIMENTS_AREA: Final = "experiments"
"""Folder of the results of experiments."""

_TIMEOUT = timedelta(seconds=10)
_NO_BUCKET = "NoSuchBucket"
"""S3's code for a missing bucket; the answer otherwise reads like that for a missing object."""

_UNSAFE = re.compile(r"[^A-Za-z0-9._-]")


def sha256_hex(data: bytes) -> str:
    """Hex SHA-256 of the bytes."""
    return hashlib.sha256(data).hexdigest()


def object_path(area: Area, owner: str, at_us: int, sha256: str, suffix: str) -> str:
    """Path of an object below the store's URL: `raw/ward-3/2026-01-31/<sha256>.jpg`.

    Args:
        area: Kind of object, which decides how long it is kept.
        owner: Owner of the object, such as a camera id.
        at_us: Event time, UTC microseconds.
        sha256: SHA-256 of the content, hex.
        suffix: File suffix, such as `.jpg`.
    """
    day = datetime.fromtimestamp(at_us / 1e6, UTC).date().isoformat()
    return f"{area}/{safe_name(owner)}/{day}/{sha256}{suffix}"


def safe_name(name: str) -> str:
    """Make a name safe to use as one part of a path.

    >>> safe_name("../ward 3")
    '_ward_3'
    """
    return _UNSAFE.sub("_", name).lstrip(".") or "_"


class ObjectStore:
    """A local folder or an S3 bucket.

    Credentials, region and endpoint of S3 come from the usual variables (`AWS_ACCESS_KEY_ID`,
    `AWS_SECRET_ACCESS_KEY`, `AWS_REGION`, `AWS_ENDPOINT_URL`).

    Args:
        url: `file://PATH` (percent-encoded or not; a relative one is resolved now) or
            `s3://BUCKET/PREFIX`. A folder that does not exist is made for its owner alone: it
            holds pictures of people. One that exists keeps its permissions.

    Raises:
        Stop: The URL has another scheme, or the folder cannot be made.
    """

    def __init__(self, url: str) -> None:
        self._store: LocalStore | S3Store
        if url.startswith("file://"):
            literal = Path(url.removeprefix("file://"))
            named = literal if literal.exists() else Path(unquote(str(literal)))
            folder = named.absolute()
            try:
                folder.parent.mkdir(parents=True, exist_ok=True)
                folder.mkdir(mode=0o700, exist_ok=True)
                self._store = LocalStore(folder)
            except (BaseError, OSError) as error:
                raise Stop(f"object store {folder} cannot be made: {_brief(error)}") from error
            self.base = f"file://{folder}"
        elif url.startswith("s3://"):
            own = os.environ.get("AWS_ENDPOINT_URL", "")
            options: ClientConfig = {"timeout": _TIMEOUT, "allow_http": own.startswith("http://")}
            if own:
                options |= NO_PROXY
            self._store = S3Store.from_url(
                url,
                client_options=options,
                retry_config={"max_retries": 3, "retry_timeout": _TIMEOUT},
            )
            self.base = url.rstrip("/")
        else:
            raise Stop(f"object store {url!r}: give a file:// or s3:// URL")

    def put(self, path: str, data: bytes) -> str:
        """Write a whole object and return its URI.

        Raises:
            Retry: The store is out of reach or full.
            Stop: The store refuses us, or the bucket does not exist.
        """
        try:
            obstore.put(self._store, path, data)
        except FileNotFoundError as error:
            raise self._no_bucket() from error
        except (PermissionDeniedError, UnauthenticatedError, PermissionError) as error:
            raise self._refused(error) from error
        except (BaseError, OSError) as error:
            raise Retry(
                f"object store {self.base} does not take {path}: {_brief(error)}"
            ) from error
        return f"{self.base}/{path}"

    def create(self, path: str, data: bytes) -> bool:
        """Write an object unless there is one of its path; whether it was written.

        Raises:
            Retry: The store is out of reach or full.
            Stop: The store refuses us, or the bucket does not exist.
        """
        try:
            with self._asked(f"take {path}"):
                obstore.put(self._store, path, data, mode="create")
        except (AlreadyExistsError, PreconditionError):
            return False
        except FileNotFoundError as error:
            raise self._no_bucket() from error
        return True

    def read(self, path: str) -> bytes | None:
        """Read an object whose digest is not known; None when it does not exist.

        Raises:
            Retry: The store is out of reach.
            Stop: The store refuses us, or the bucket does not exist.
        """
        try:
            with self._asked(f"give {path}"):
                return bytes(obstore.get(self._store, path).bytes())
        except FileNotFoundError:
            return None

    def get(self, uri: str, sha256: str) -> bytes:
        """Read an object and check that it is the one that was written.

        Raises:
            DeadLetter: `missing_object`, `sha256_mismatch`, or `foreign_object` when the URI is
                not below this store's URL: a record must not make us read arbitrary files.
            Retry: The store is out of reach.
            Stop: The store refuses us, or the bucket does not exist: not the object's fault.
        """
        path = uri.removeprefix(f"{self.base}/")
        if path == uri or ".." in path.split("/"):
            raise DeadLetter(
                "foreign_object",
                f"{uri} is not in the object store {self.base}",
                field="object_uri",
            )
        try:
            data = bytes(obstore.get(self._store, path).bytes())
        except FileNotFoundError as error:
            if _NO_BUCKET in str(error):
                raise self._no_bucket() from error
            raise DeadLetter(
                "missing_object", f"{uri} does not exist", field="object_uri"
            ) from error
        except (PermissionDeniedError, UnauthenticatedError, PermissionError) as error:
            raise self._refused(error) from error
        except (BaseError, OSError) as error:
            raise Retry(
                f"object store {self.base} does not give {path}: {_brief(error)}"
            ) from error
        if sha256_hex(data) != sha256:
            raise DeadLetter(
                "sha256_mismatch",
                f"{uri} is not what was written: its SHA-256 is another",
                field="sha256",
            )
        return data

    def uri(self, path: str) -> str:
        """URI of an object in this store."""
        return f"{self.base}/{path}"

    def paths(self, folder: str) -> list[str]:
        """Paths of all objects below a folder, sorted; empty when there is no such folder.

        Raises:
            Retry: The store is out of reach.
            Stop: The store refuses us, or the bucket does not exist.
        """
        with self._asked(f"list {folder}"):
            return sorted(
                meta["path"] for part in obstore.list(self._store, prefix=folder) for meta in part
            )

    def folders(self) -> list[str]:
        """Names of the folders directly below the store's URL, sorted.

        Raises:
            Retry: The store is out of reach.
            Stop: The store refuses us, or the bucket does not exist.
        """
        with self._asked("list its folders"):
            found = obstore.list_with_delimiter(self._store)
            return sorted(path.rstrip("/") for path in found["common_prefixes"])

    def written_before(self, folder: str, before_us: int) -> list[str]:
        """Paths of the objects below a folder that were written before a time, sorted.

        Args:
            folder: The folder; empty when there is no such one.
            before_us: By the store's clock, UTC microseconds.

        Raises:
            Retry: The store is out of reach.
            Stop: The store refuses us, or the bucket does not exist.
        """
        before = datetime.fromtimestamp(before_us / 1e6, UTC)
        with self._asked(f"list {folder}"):
            return sorted(
                meta["path"]
                for part in obstore.list(self._store, prefix=folder)
                for meta in part
                if meta["last_modified"] < before
            )

    def delete(self, path: str) -> None:
        """Delete an object, if it still exists.

        Raises:
            Retry: The store is out of reach.
            Stop: The store refuses us, or the bucket does not exist.
        """
        with suppress(FileNotFoundError), self._asked(f"delete {path}"):
            obstore.delete(self._store, path)

    @contextmanager
    def _asked(self, what: str) -> Iterator[None]:
        """Turn store errors into Retry or Stop; a missing object is left to the caller."""
        try:
            yield
        except FileNotFoundError as error:
            if _NO_BUCKET in str(error):
                raise self._no_bucket() from error
            raise
        except (AlreadyExistsError, PreconditionError):
            raise
        except (PermissionDeniedError, UnauthenticatedError, PermissionError) as error:
            raise self._refused(error) from error
        except (BaseError, OSError) as error:
            raise Retry(f"object store {self.base} does not {what}: {_brief(error)}") from error

    def _no_bucket(self) -> Stop:
        return Stop(
            f"object store {self.base} has no such bucket or folder: create it, or correct "
            "WARDSTREAM_INGEST__OBJECT_STORE_URL and AWS_ENDPOINT_URL"
        )

    def _refused(self, exc: Exception) -> Stop:
        return Stop(f"object store {self.base} refuses access: {_brief(exc)}")


def _brief(exc: Exception) -> str:
    """First line of an error; obstore adds internals after it."""
    return str(exc).splitlines()[0] if str(exc) else type(exc).__name__
