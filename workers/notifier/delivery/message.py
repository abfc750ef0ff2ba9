"""A message to people, before any channel gives it its form.

Whatever is put into it, each of its texts is one line without a character that nobody sees: no
zone's name can add a header to an e-mail, a line to a message, or turn its direction of writing.
"""

import hashlib
import json
import re
import unicodedata
from dataclasses import dataclass
from typing import Final, Literal

from schemas.records.alerts import AlertTier

Route = Literal["WARD", "OPERATIONS"]
"""To whom: WARD, who acts on the floor; OPERATIONS, who runs the machine. They never mix."""

MOST_SUBJECT: Final = 120
MOST_TEXT: Final = 300
MOST_BODY: Final = 12
"""Longest subject and longest other text, characters; most sentences of a body."""

_KEY = re.compile(r"[A-Za-z0-9_-]{8,100}")
_LINK = re.compile(r"https?://[!-~]{1,1000}")
_UNSEEN: Final = {"Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp", "Zs"}
_JOINERS: Final = "\u200c\u200d"
"""Persian, the scripts of India and emoji need these two between letters."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Message:
    """What to tell whom, once.

    Attributes:
        receipt_key: The same for each try of one occasion at one destination, and for no other:
            a receiver drops what it has received under a key. 8 to 100 of A-Z a-z 0-9 _ -.
        occasion: Why it is sent, such as OPENED, CHANGED, ESCALATED, CLOSED, TEST.
        route: To whom.
        tier: How urgent it is.
        subject: The whole matter in one line.
        body: Sentences, most important first.
        owner: Who is to act.
        next_action: What they are to do first; empty for nothing.
        link: Where it is shown, an http or https URL; any other is left out.
        at_us: When it was decided, UTC microseconds.

    Raises:
        ValueError: The receipt key has another form.
    """

    receipt_key: str
    occasion: str
    route: Route
    tier: AlertTier
    subject: str
    body: tuple[str, ...]
    owner: str
    next_action: str
    link: str
    at_us: int

    def __post_init__(self) -> None:
        if not _KEY.fullmatch(self.receipt_key):
            raise ValueError("a receipt key has 8 to 100 of A-Z a-z 0-9 _ -")
        clean = {
            "occasion": one_line(self.occasion, MOST_SUBJECT),
            "subject": one_line(self.subject, MOST_SUBJECT),
            "body": tuple(one_line(text, MOST_TEXT) for text in self.body[:MOST_BODY]),
            "owner": one_line(self.owner, MOST_SUBJECT),
            "next_action": one_line(self.next_action, MOST_TEXT),
            "link": self.link if _LINK.fullmatch(self.link) else "",
        }
        for name, value in clean.items():
            object.__setattr__(self, name, value)

    @property
    def text(self) -> str:
        """The sentences, the next action and who is to act, a line each."""
        last = []
        if self.next_action:
            last.append(f"Next: {self.next_action}")
        if self.owner:
            last.append(f"For: {self.owner}")
        return "\n".join([*self.body, *last])


def one_line(text: str, most: int) -> str:
    r"""A text as one line of characters that can be seen.

    >>> one_line(" Bay 2\r\nBcc: all@ward.example ", 40)
    'Bay 2 Bcc: all@ward.example'

    Args:
        text: The text.
        most: Longest result, characters.
    """
    seen = "".join(
        char if unicodedata.category(char) not in _UNSEEN or char in _JOINERS else " "
        for char in text[: 4 * most]
    )
    tidy = unicodedata.normalize("NFC", " ".join(seen.split(" "))).strip()
    tidy = re.sub(" +", " ", tidy)
    return tidy if len(tidy) <= most else tidy[: most - 1].rstrip() + "…"


def receipt_key_of(alert_id: str, opened_us: int, occasion: str, destination: str) -> str:
    """Key of one occasion of an alert at one destination; tells nothing of the alert.

    Args:
        alert_id: With `opened_us`, the alert; may name a person, so it goes into no message.
        opened_us: When it was opened, UTC microseconds.
        occasion: Which of its occasions, so that no two have the same.
        destination: Name of the destination.
    """
    named = json.dumps([alert_id, opened_us, occasion, destination]).encode()
    return f"rcpt_{hashlib.sha256(named).hexdigest()[:40]}"
