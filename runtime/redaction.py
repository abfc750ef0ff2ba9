"""Hide names, passwords and tokens in any text: logs, errors, tables, JSON and traces.

It works on text, not on parsed URLs, since the URLs that need it most cannot be parsed: a password
with a raw `#`, `/`, `?` or `[` moves the end of the host for every parser. Where the host cannot be
known, it is hidden as well.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

from runtime import named_secrets
from runtime.named_secrets import HIDDEN

ENCODE: Final = (
    "its name or password holds a character that a URL cannot: percent-encode it "
    "(# as %23, / as %2F, ? as %3F, [ as %5B, ] as %5D, @ as %40, % as %25)"
)
NO_HOST: Final = "its host or port cannot be read: a port is a number from 1 to 65535"

_URL = re.compile(r"(?<![A-Za-z0-9+.-])([A-Za-z][A-Za-z0-9+.-]*)://")
_SECRET = re.compile(
    rf"{named_secrets.PATTERN}"
    r"|(?<![A-Za-z0-9+.-])(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*)://"
    r"|(?<![^\s:/@\"'(=])(?P<user>[^\s:/@\"'(=]+:[^\s@]{1,200})@(?=[\w\[])",
    re.IGNORECASE,
)
"""What may begin a secret: its name, a URL, or a name and password before a host without one."""
_SPAN = re.compile(
    r"(?:(?![\"'][,:}\])\s]|[,;|\"'()\[\]{}<>]"
    r"(?:https?|rtsps?|rtmps?|tcp|udp|rediss?|postgres(?:ql)?)://)\S)*"
)
"""A URL within a text: up to a blank, the end of a JSON string, or the next URL of a list."""
_NEXT_OF_JSON = re.compile(r"[\"'][}\])]*(?:$|\s|[,:]\s*[\"'{\[])")
"""What follows a URL that is a string of JSON: brackets, and the next string, object or list."""
_REACH: Final = 500
"""A password broken by a blank is looked for within so many characters after it."""
_PASSES: Final = 8
_CLOSING: Final = ".,;:!'\"`)]}>"

_END = re.compile(r"[/?#\\]")
_NAME = r"(?:\[[0-9A-Fa-f:.]+(?:%\w+)?\]|[\w.~%-]*)(?::\d{1,5})?"
_HOST = re.compile(rf"{_NAME}(?:,{_NAME})*(?=[/?#\\]|$)")
_SURE = re.compile(r"(?:\d{1,3}(?:\.\d{1,3}){3}|\[[0-9A-Fa-f:.]+\]|localhost)(?::\d+)?$")
_LIKELY = re.compile(r"[\w-]+(?:\.[\w-]+)*\.[A-Za-z]{2,}(?::\d+)?$|[\w.-]+:\d+$")
_BAD_IN_USER = re.compile(r"[/?#\\\[\]\s]|%(?![0-9A-Fa-f]{2})")
_PLAIN_PART = re.compile(r"[\w.,~+-]*$")
_RANDOM = re.compile(
    r"[0-9A-Fa-f-]{16,}$|(?=[^a-z]*[a-z])(?=[^A-Z]*[A-Z])(?=\D*\d)[A-Za-z0-9]{12,}$"
)
_SHOWN_QUERY = re.compile(
    r"(?:channel|chn?|subtype|stream|streamtype|profile|track|camera|cam)=\w{1,4}$"
)


class _Reading(NamedTuple):
    """What stands where in a URL, as far as it can be known.

    Attributes:
        user: Name and password; empty for none.
        host: Host and port; None when it cannot be known.
        tail: Path and query.
        fault: Why the URL cannot be used, for a person; empty when it can.
    """

    user: str
    host: str | None
    tail: str
    fault: str


def redacted(text: str) -> str:
    """A text without the credentials of the URLs in it; never raises.

    >>> redacted("stream rtsp://admin:se/cret@10.0.0.7:554/stream?token=1 was lost")
    'stream rtsp://10.0.0.7:554/stream was lost'
    """
    for _ in range(_PASSES):  # what is shown may look like a secret again
        shown = _redacted_once(text)
        if shown == text:
            break
        text = shown
    return text


def _redacted_once(text: str) -> str:
    done: list[str] = []
    at = 0
    while match := _SECRET.search(text, at):
        done.append(text[at : match.start()])
        at = match.end()
        if match["secret"]:
            shown, at = named_secrets.hide(text, match)
            done += [match[0], shown]
        elif match["scheme"]:
            end = _span_end(text, at)
            done.append(_shown(match["scheme"], text[at:end]))
            at = end
        else:
            done.append(f"{HIDDEN}@")
    return "".join([*done, text[at:]])


def redacted_url(url: str) -> str:
    """One URL as it may be shown, even where a blank in it would end it within a text.

    >>> redacted_url("rtsp://admin:my secret@10.0.0.7:554/stream?token=1")
    'rtsp://10.0.0.7:554/stream'
    """
    match = _URL.match(url)
    return _shown(match[1], url[match.end() :]) if match else redacted(url)


def redacted_value(value: Any) -> Any:
    """A value of JSON with every text in it redacted; other objects become their text."""
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, Mapping):
        return {
            redacted(str(key)): HIDDEN
            if one not in ("", None) and named_secrets.is_secret(str(key))
            else redacted_value(one)
            for key, one in value.items()
        }
    if isinstance(value, list | tuple | set | frozenset):
        return [redacted_value(one) for one in value]
    return redacted(str(value))


def url_fault(url: str) -> str:
    """Why a URL cannot be used as it is written, for a person; empty when it can.

    >>> url_fault("rtsp://viewer:a#b@10.0.0.7/stream") == ENCODE
    True
    """
    match = _URL.match(url)
    return _read(url[match.end() :]).fault if match else ""


def _span_end(text: str, start: int) -> int:
    """End of the URL whose scheme ends at `start`."""
    match = _SPAN.match(text, start)
    end = match.end() if match else start
    line = text[end : end + _REACH].partition("\n")[0]
    rest = text[start:end].rstrip(_CLOSING)
    reading = _read(rest)
    word = re.match(r"\S*@\S*", line)
    json = reading.host and _NEXT_OF_JSON.match(line)
    if word and "://" not in word[0] and not json:  # a quotation mark in the password after an `@`
        return end + word.end()
    broken = reading.host is None and "@" not in rest
    bare = not reading.tail and not reading.user and re.match(r"[ \t]+\S*@\S", line)
    if (broken or bare) and "@" in line:  # a blank or a quotation mark in the password
        host = re.compile(r"\S*").match(text, end + line.rindex("@"))
        return host.end() if host else end
    return end


def _shown(scheme: str, given: str) -> str:
    rest = given.rstrip(_CLOSING)
    closing = given[len(rest) :]
    if scheme.lower() == "file":
        return f"{scheme}://{given}"
    reading = _read(rest)
    if reading.host is None:
        return f"{scheme}://{HIDDEN}{closing}"
    return f"{scheme}://{reading.host}{''.join(_shown_tail(reading.tail))}{closing}"


def _shown_tail(tail: str) -> Iterator[str]:
    """The parts of a path and query that hold no secret."""
    path, _, query = tail.partition("#")[0].partition("?")
    for number, part in enumerate(path.split("/")):
        if not _PLAIN_PART.match(part) or _RANDOM.match(part):
            yield f"/{HIDDEN}"
            return
        yield f"/{part}" if number else part
    kept = [one for one in query.split("&") if _SHOWN_QUERY.match(one)]
    if kept:
        yield f"?{'&'.join(kept)}"


def _read(rest: str) -> _Reading:
    """Read what follows `scheme://`."""
    cut = _END.search(rest)
    authority = rest[: cut.start()] if cut else rest
    first = authority.rfind("@") + 1
    last = rest.rfind("@") + 1
    if first == last:
        return _at(rest, first)
    return _ambiguous(rest, first, last)


def _ambiguous(rest: str, first: int, last: int) -> _Reading:
    """Read a URL with an `@` after what should be its host."""
    one, other = _HOST.match(rest, first), _HOST.match(rest, last)
    if one is None:
        return _at(rest, last, ENCODE) if other else _Reading(rest, None, "", ENCODE)
    if other is None or _SURE.match(one[0]):
        return _at(rest, first)
    in_query = re.search(r"\?[^@]*=", rest[first:last]) is not None
    if _SURE.match(other[0]) and not in_query:
        return _at(rest, last, ENCODE)
    if not first and (in_query or ":" not in one[0]):
        return _at(rest, 0)
    sound = in_query or not _LIKELY.match(other[0])
    return _Reading(rest, None, "", "" if sound else ENCODE)


def _at(rest: str, host_at: int, fault: str = "") -> _Reading:
    user = rest[: max(0, host_at - 1)]
    host = _HOST.match(rest, host_at)
    if host is None:
        return _Reading(user or rest, None, "", fault or NO_HOST)
    if _BAD_IN_USER.search(user):
        fault = ENCODE
    return _Reading(user, host[0], rest[host.end() :], fault)
