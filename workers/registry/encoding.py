"""The encoding of a text file, from its bytes: UTF-8, UTF-16 or Windows-1252."""

import codecs
import re
from typing import Final, NamedTuple

_BYTE_ORDER_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8", "UTF-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le", "UTF-32"),  # before UTF-16, whose mark it starts with
    (codecs.BOM_UTF32_BE, "utf-32-be", "UTF-32"),
    (codecs.BOM_UTF16_LE, "utf-16-le", "UTF-16"),
    (codecs.BOM_UTF16_BE, "utf-16-be", "UTF-16"),
)
_OPENING: Final = 8
"""A file starts with ASCII, the name of a field; bytes of it that show UTF-16 without a mark."""

_DOS_END: Final = re.compile(r"\x1a[\x1a\x00\s]*\Z")
"""How programs of DOS end a text, and fill its last block."""

_WORD: Final = re.compile(r"\w*[^\x00-\x7f]\w*")


class Text(NamedTuple):
    """A decoded file.

    Attributes:
        text: Its characters.
        encoding: Name of its encoding, for people.
    """

    text: str
    encoding: str


def decode(data: bytes) -> Text:
    """Decode a file as the program meant that saved it.

    Windows-1252 gives some letter for almost every byte, so its name comes with a word of the
    file, by which a person sees whether it was right.

    Raises:
        ValueError: It is in none of these encodings; the message says how to save it.
    """
    for start, codec, name in _BYTE_ORDER_MARKS:
        if data.startswith(start):
            return Text(_decoded(data[len(start) :], codec, name), name)
    low, high = data[:_OPENING:2], data[1:_OPENING:2]
    for zeros, others, codec in ((high, low, "utf-16-le"), (low, high, "utf-16-be")):
        if zeros and others and not any(zeros) and all(others):
            return Text(_decoded(data, codec, "UTF-16"), "UTF-16")
    try:
        return Text(_DOS_END.sub("", data.decode("utf-8")), "UTF-8")
    except UnicodeDecodeError:
        text = _decoded(data, "cp1252", "Windows-1252")
    word = _WORD.search(text)
    return Text(text, f"Windows-1252 (with {word[0][:40]!r})" if word else "Windows-1252")


def _decoded(data: bytes, codec: str, name: str) -> str:
    try:
        return _DOS_END.sub("", data.decode(codec))
    except UnicodeDecodeError as error:
        if name == "Windows-1252":
            raise ValueError(
                "is neither UTF-8 nor UTF-16 nor Windows-1252; save it as CSV UTF-8"
            ) from error
        raise ValueError(f"begins like {name} and is damaged; save it as CSV UTF-8") from error
