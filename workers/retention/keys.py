"""Every pattern of keys in Redis: what of people it holds, and for how long.

Names are those after the run's prefix and a colon. Redis deletes all of them by itself.
"""

from typing import Final

from runtime.process.settings import Settings
from workers.access.rights import Right
from workers.retention.entry import Entry

_NEWEST: Final = "the board shows what holds now"
_REDIS: Final = "Redis"


def _live(name: str, holds: str, of_people: str, seen_by: tuple[Right, ...]) -> Entry:
    person = name == "person:*"
    setting = "sink.live_person_expiry_s" if person else "sink.live_expiry_s"
    sink = Settings.model_fields["sink"].default
    return Entry(
        name=name,
        store="Redis",
        holds=holds,
        of_people=of_people,
        keep_s=round(sink.live_person_expiry_s if person else sink.live_expiry_s),
        until=f"after it was written last (`{setting}`)",
        because=_NEWEST,
        deleted_by=_REDIS,
        seen_by=seen_by,
    )


def _login(name: str, holds: str, of_people: str, keep_s: int, until: str) -> Entry:
    return Entry(
        name=f"login:{name}",
        store="Redis",
        holds=holds,
        of_people=of_people,
        keep_s=keep_s,
        until=until,
        because="a login goes on while the board is used",
        deleted_by=_REDIS,
        seen_by=(Right.SESSIONS,),
    )


KEY_ENTRIES: Final = (
    _live("zone:*", "the newest occupancy", "ids of the people in a zone", (Right.BOARD,)),
    _live("camera:*", "the newest tracks", "pseudonymous positions", (Right.PRESENCE,)),
    _live(
        "floor:*",
        "the newest presence",
        "pseudonymous positions, and who somebody may be",
        (Right.PRESENCE,),
    ),
    _live(
        "person:*",
        "one person of it",
        "a pseudonymous position, and who somebody may be",
        (Right.PRESENCE,),
    ),
    _live("alerts:*", "the alerts of a floor that are open", "ids of people", ()),
    _live("zone-event:*", "the last event of a zone", "an id of a person", (Right.BOARD,)),
    _live("index:*", "ids of the values above", "ids of people", ()),
    _live(
        "changes",
        "the last changes of the values above, `sink.changes_length` of them",
        "pseudonymous positions",
        (Right.PRESENCE,),
    ),
    _login(
        "session:*",
        "a session, sealed",
        "login, name and rights of who logged in",
        8 * 3600,
        "at most (`login.session_max_s`); that of a wall display 30 days",
    ),
    _login("seen:*", "when a session was used last", "", 3600, "after that use"),
    _login("index", "keys of the sessions", "", 8 * 3600, "until the next login after their end"),
    _login("ended:*", "which logins were ended", "", 24 * 3600, "after that"),
    _login("refresh:*", "which session is being renewed", "", 200, "at most"),
    _login("used:*", "which one-time values were used", "", 3600, "at most"),
)
"""One entry for each pattern."""
