"""Hide what stands after the name of a secret in a text: `password: x`, `token=x`, `--secret x`.

How far such a value goes depends on the language of the text, which nobody knows: JSON, YAML, INI,
the shell and libpq quote in ways of their own. Every reading is taken, and the longest is hidden.
"""

import re
from typing import Final

HIDDEN: Final = "***"

_SECRETS: Final = (
    r"(?:passw(?:or)?d|passphrase|pwd|secret|token|api[_-]?key|access[_-]?key|private[_-]?key|"
    r"credential|authorization|cookie)"
)
_NAME: Final = rf"[\w.-]*{_SECRETS}s?(?:(?-i:[A-Z])[\w.-]{{0,40}}|[\d_.-][\w.-]{{0,40}})?"
_NO_PATH: Final = r"(?<!file)(?<!path)(?<!folder)"
"""A file that holds a secret is no secret, and its name is needed to mend it."""

PATTERN: Final = (
    r"(?<![\w.-])(?:(?P<pair>\([\"'])|(?P<tag><)|(?=(?P<option>--)))?"
    rf"(?P<secret>{_NAME}){_NO_PATH}"
    r"(?:(?P<closed>\\*[\"']?\]?)[ \t]*(?P<sign>:=|=>|[:=])[ \t]*"
    r"|(?(option)(?:[ \t]+|[\"'],[ \t]*)|(?(pair)[\"'],[ \t]*"
    r"|(?(tag)>|(?<=password)[ \t]+(?=[\"'])))))"
)
"""The name of a secret with the sign after it; for `re.IGNORECASE`."""

_KEY = re.compile(rf"(?i){_NAME}{_NO_PATH}$")
_BEFORE = re.compile(r"[\s>#;+$-]*(?:(?:export|set|env)[ \t]+)?$", re.IGNORECASE)
"""What may stand between the start of a line and a name whose value takes the whole line."""
_BLOCK = re.compile(r"[|>][\d+-]{0,2}[ \t]*\r?\n")
"""Start of a text of YAML that takes the lines after it."""
_UNBROKEN = re.compile(r"(?:\\.|\S)*", re.DOTALL)
_PROSE = re.compile(r"(?:(?!,\s)[^\n])*")
_TEXT_OF_TAG = re.compile(r"[^<]*")
_STRING_END = re.compile(r"(?<!\\)\"(?=[,:}\])\s]|$)")
_OPENING = re.compile(r"[bru]{0,2}(\\*)([\"'])", re.IGNORECASE)
_CLOSING: Final = {quote: re.compile(rf"(\\*){quote}") for quote in "\"'"}
_ADJOINING = re.compile(r"[^\s,;:)\]}>&\"'\\]*")
_SCHEME = re.compile(r"[\"']?(?:Basic|Bearer|Digest|Negotiate|Token)[ \t]+", re.IGNORECASE)
_UNDIVIDED: Final = ("basic", "bearer", "token")
_REACH: Final = 20_000
"""A closing quotation mark is looked for within so many characters."""
_AFTER: Final = ".,;:!'\"`)]}>"


def is_secret(name: str) -> bool:
    """Whether what stands under a name is a secret.

    >>> [is_secret(name) for name in ("ssl.key.password", "apiKey", "password_file", "secretary")]
    [True, True, False, False]
    """
    return _KEY.match(name) is not None


def hide(text: str, named: re.Match[str]) -> tuple[str, int]:
    """What is shown for the value after a name, and where the value ends.

    Args:
        text: The whole text.
        named: A match of `PATTERN` in it.
    """
    start = named.end()
    if named["tag"] and not named["sign"]:
        end = _end_of(_TEXT_OF_TAG, text, start)
        return (HIDDEN if end > start else ""), end
    scheme = _scheme(text, named)
    both = [_end_of_quoted(text, start, escapes=escapes) for escapes in (True, False)]
    quoted = [end for end in both if end is not None]
    opening = _OPENING.match(text, start)
    if opening and quoted and not _is_block(text, named):
        end, quote = max(quoted), opening[1] + opening[2]
        if text[start:end] == quote * 2:
            return quote * 2, end
        return f"{quote}{scheme.lstrip(_AFTER)}{HIDDEN}{quote}", end
    end = max([*quoted, _end_of_plain(text, named, opening is not None, scheme)])
    if not text[start:end].strip():
        return text[start:end], end
    return f"{scheme}{HIDDEN}", end


def _scheme(text: str, named: re.Match[str]) -> str:
    """The word before the credentials of an HTTP header, which is no secret; often empty."""
    if not named["secret"].lower().endswith("authorization"):
        return ""
    found = _SCHEME.match(text, named.end())
    return found[0] if found else ""


def _end_of_plain(text: str, named: re.Match[str], opened: bool, scheme: str) -> int:
    """End of a value that no quotation mark closes.

    Args:
        text: The whole text.
        named: The match of the name.
        opened: Whether the value begins with a quotation mark.
        scheme: Word before the credentials of an HTTP header.
    """
    start = named.end()
    if _is_block(text, named):
        return _end_of_block(text, start, _column(text, named.start("secret")))
    prose = (named["sign"] or "").startswith(":") and text[start - 1 : start] in " \t"
    if opened or (scheme and scheme.strip("\"' \t").lower() not in _UNDIVIDED):
        end = text.find("\n", start)
        end = len(text) if end < 0 else end
    elif prose and not scheme:
        end = _end_of(_PROSE, text, start)
    else:
        end = _end_of(_UNBROKEN, text, start + len(scheme))
    if _inside_string(text, named.start()) and (string := _STRING_END.search(text, start, end)):
        end = string.start()
    while end > start + 1 and text[end - 1] in _AFTER:
        end -= 1
    return end


def _is_block(text: str, named: re.Match[str]) -> bool:
    """Whether the value is the rest of its line, as in YAML and INI."""
    if named["sign"] and _BLOCK.match(text, named.end()):
        return True
    if named["closed"] or not named["sign"] or named["pair"] or named["tag"]:
        return False
    line = text.rfind("\n", 0, named.start()) + 1
    return _BEFORE.match(text[line : named.start()][-200:]) is not None


def _column(text: str, at: int) -> int:
    return at - text.rfind("\n", 0, at) - 1


def _end_of_block(text: str, start: int, column: int) -> int:
    """End of the line and of those after it that are indented further, as YAML continues a text."""
    lines = re.compile(rf"[^\n]*(?:(?:\n[ \t\r]*)*\n[ \t]{{{column + 1},}}[^\s][^\n]*)*")
    return _end_of(lines, text, start)


def _end_of_quoted(text: str, at: int, *, escapes: bool) -> int | None:
    """End of a value in quotation marks, of one piece or more; None when it is not closed.

    Args:
        text: The whole text.
        at: Where the value begins.
        escapes: Whether a backslash escapes, as in JSON, or is itself, as in the shell.
    """
    if _OPENING.match(text, at) is None:
        return None
    while opening := _OPENING.match(text, at):
        depth = len(opening[1])
        for closing in _CLOSING[opening[2]].finditer(text, opening.end(), opening.end() + _REACH):
            count = len(closing[1])
            if count % (2 * depth + 2) == depth if escapes else count >= depth:
                at = _end_of(_ADJOINING, text, closing.end())
                break
        else:
            return None
    return at


def _inside_string(text: str, at: int) -> bool:
    """Whether a place is within a string of JSON, as far as its line shows."""
    line = text[max(text.rfind("\n", 0, at) + 1, at - 2_000) : at]
    return len(re.findall(r"(?<!\\)\"", line)) % 2 == 1


def _end_of(pattern: re.Pattern[str], text: str, start: int) -> int:
    match = pattern.match(text, start)
    return match.end() if match else start
