"""The list of who was erased: a file that lies apart from the database and its backups.

A backup from before an erasure holds the person. The list is what a restore takes them out again
by, so it is never restored itself: it only grows, each line is on the disk before anything else of
the erasure is done, and each holds the digest of the one before. It holds pseudonyms, which say
nothing once the vault has none of them.
"""

import fcntl
import hashlib
import json
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final, NamedTuple
from uuid import uuid4

from runtime.errors import Retry, Stop
from workers.registry.vault.external import Kind

SETTING: Final = "WARDSTREAM_VAULT__ERASURES"
_FORM: Final = 1


class Erased(NamedTuple):
    """One pseudonym that stands for nobody any more.

    Attributes:
        kind: Of a member of staff, or of a badge.
        pseudonym: The pseudonym.
        at_us: When it was erased, UTC microseconds.
    """

    kind: Kind
    pseudonym: str
    at_us: int


class State(NamedTuple):
    """How far a list is, as a backup notes it.

    Attributes:
        list_id: Id of the list.
        lines: Number of its lines, the first with its id included.
        sha256: Digest of the last of them, which holds that of all before.
    """

    list_id: str
    lines: int
    sha256: str


class Listed(NamedTuple):
    """What a list holds.

    Attributes:
        list_id: Its id.
        erased: Who was erased, in order.
        digests: Digest of each line.
        size: Bytes of its whole lines; what follows was cut off when it was written.
    """

    list_id: str
    erased: list[Erased]
    digests: list[str]
    size: int

    @property
    def state(self) -> State:
        """How far it is."""
        return State(self.list_id, len(self.digests), self.digests[-1])

    def holds(self, earlier: State) -> bool:
        """Whether it is that list, with everything that it held then."""
        return (
            self.list_id == earlier.list_id
            and len(self.digests) >= earlier.lines > 0
            and self.digests[earlier.lines - 1] == earlier.sha256
        )


class ErasureList:
    """The list in a file.

    Args:
        path: The file; its folder must be there.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def __str__(self) -> str:
        """Where it is."""
        return str(self._path)

    @property
    def is_there(self) -> bool:
        """Whether there is one."""
        return self._path.is_file()

    def create(self) -> None:
        """Make a list of nobody, unless there is one.

        Raises:
            Stop: The file cannot be made.
        """
        line = _line("", {"list": str(uuid4()), "form": _FORM})
        half = self._path.with_name(f".{self._path.name}-{uuid4().hex}")
        try:
            made = os.open(half, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
            with os.fdopen(made, "wb") as file:
                file.write(line)
                _to_disk(file.fileno())
            os.link(half, self._path)  # whole, or not there
        except FileExistsError:
            return
        except OSError as error:
            raise Stop(f"the list of erasures {self} cannot be made: {error.strerror}") from error
        finally:
            with suppress(OSError):
                half.unlink()
        folder = os.open(self._path.parent, os.O_RDONLY)
        try:
            _to_disk(folder)
        finally:
            os.close(folder)

    def read(self) -> Listed:
        """What the list holds.

        Raises:
            Stop: There is none, or it was altered.
        """
        try:
            data = self._path.read_bytes()
        except OSError as error:
            raise Stop(
                f"the list of erasures {self} cannot be read ({error.strerror}): put it back, "
                f"name another file ({SETTING}), or make one with `wardstream vault start-list` if "
                "there never was one"
            ) from error
        return self._listed(data)

    def append(self, erased: Sequence[Erased]) -> None:
        """Add pseudonyms; they are on the disk when this returns.

        Those that the list holds already are not added again.

        Raises:
            Stop: There is no list, or it was altered.
            Retry: The disk refuses it; nothing was added.
        """
        with self._alone() as file:
            listed = self._listed(_all(file))
            known = {(one.kind, one.pseudonym) for one in listed.erased}
            new = [one for one in erased if (one.kind, one.pseudonym) not in known]
            if not new:
                return
            content = {"erased": [[one.kind, one.pseudonym, one.at_us] for one in new]}
            try:
                os.ftruncate(file, listed.size)  # what a crash left of a line that never counted
                os.lseek(file, 0, os.SEEK_END)
                _write(file, _line(listed.digests[-1], content))
                _to_disk(file)
            except OSError as error:
                with suppress(OSError):
                    os.ftruncate(file, listed.size)
                raise Retry(
                    f"the list of erasures {self} cannot be written ({error.strerror}), so nobody "
                    "was erased"
                ) from error

    @contextmanager
    def _alone(self) -> Iterator[int]:
        """The file, for one writer at a time.

        Raises:
            Stop: There is none.
        """
        try:
            file = os.open(self._path, os.O_RDWR)
        except OSError as error:
            raise Stop(f"the list of erasures {self} cannot be opened: {error.strerror}") from error
        try:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield file
        finally:
            os.close(file)

    def _listed(self, data: bytes) -> Listed:
        whole = data[: data.rfind(b"\n") + 1]
        found = Listed("", [], [], len(whole))
        for number, line in enumerate(whole.splitlines(), 1):
            content = self._content(line, found.digests[-1] if found.digests else "", number)
            found.digests.append(content["sha256"])
            if number == 1:
                found = found._replace(list_id=content["list"])
            else:
                found.erased.extend(Erased(Kind(k), p, at) for k, p, at in content["erased"])
        if not found.digests:
            raise Stop(f"the list of erasures {self} is empty: put back the one that was there")
        return found

    def _content(self, line: bytes, before: str, number: int) -> dict[str, Any]:
        try:
            content: dict[str, Any] = json.loads(line)
            given = content.pop("sha256")
            right = _line(before, content) == line + b"\n" and ("list" in content) == (number == 1)
        except (ValueError, KeyError, TypeError, AttributeError):
            right, given, content = False, "", {}
        if not right:
            raise Stop(f"the list of erasures {self} was altered in line {number}: put it back")
        if number == 1 and content["form"] != _FORM:
            raise Stop(f"the list of erasures {self} is of a later release")
        return {**content, "sha256": given}


def erasure_list(path: Path | None) -> ErasureList | None:
    """The list of a setting; None where none is set."""
    return None if path is None else ErasureList(path)


def _line(before: str, content: dict[str, Any]) -> bytes:
    """A line with the digest of itself and of the line before."""
    text = json.dumps(content, separators=(",", ":"))
    sha256 = hashlib.sha256(f"{before}{text}".encode()).hexdigest()
    return json.dumps({**content, "sha256": sha256}, separators=(",", ":")).encode() + b"\n"


def _all(file: int) -> bytes:
    os.lseek(file, 0, os.SEEK_SET)
    parts = []
    while part := os.read(file, 1 << 20):
        parts.append(part)
    return b"".join(parts)


def _write(file: int, data: bytes) -> None:
    while data:
        data = data[os.write(file, data) :]


def _to_disk(file: int) -> None:
    os.fsync(file)
