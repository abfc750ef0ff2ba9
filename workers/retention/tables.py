"""Every table and view of the database: what of people it holds, for how long, and why.

The table `retention` of the database has the periods that are in force; these are those of a new
installation.
"""

from collections.abc import Iterator
from typing import Final

from workers.access.rights import Right
from workers.retention.entry import DAY_S, Entry
from workers.storage.timescale.tables import ENTRY_TABLES

_JOB: Final = "the TimescaleDB sink every hour, or `wardstream db expire`"
_SETTABLE: Final = "or as table `retention` says"
_NOBODY: Final = "nobody"
_VERSIONS: Final = (
    "a row is read with the facts that were in force at its time, and an edit can be undone, so "
    "every version stays"
)
_FOREVER: Final = "for ever"
_AS_THEY_CAME: Final = {table.name for table in ENTRY_TABLES}
"""Tables without corrections of the past."""


def _aged(
    name: str,
    days: int,
    holds: str,
    of_people: str,
    because: str,
    seen_by: tuple[Right, ...] = (),
) -> Iterator[Entry]:
    """A table that expires, with the view over it and what corrections of the past replace."""
    names = [f"live.{name}", f"public.{name}", f"public.revised_{name}"]
    for each in [f"public.{name}"] if name in _AS_THEY_CAME else names:
        yield Entry(
            name=each,
            store="TimescaleDB",
            holds=f"{holds}, as a correction has it" if "revised" in each else holds,
            of_people=of_people,
            keep_s=days * DAY_S,
            until=_SETTABLE,
            because=because,
            deleted_by=_JOB,
            seen_by=seen_by,
        )


def _kept(
    name: str,
    holds: str,
    because: str,
    *,
    of_people: str = "",
    until: str = _FOREVER,
    deleted_by: str = _NOBODY,
    seen_by: tuple[Right, ...] = (),
    keep_s: int | None = None,
) -> Entry:
    return Entry(
        name=name,
        store="TimescaleDB",
        holds=holds,
        of_people=of_people,
        keep_s=keep_s,
        until="" if keep_s else until,
        because=because,
        deleted_by=deleted_by,
        seen_by=seen_by,
    )


def _view(name: str, over: str, of_people: str = "") -> Entry:
    return Entry(
        name=name,
        store="TimescaleDB",
        holds=f"nothing of its own: a view of {over}",
        of_people=of_people,
        until=f"as long as {over}",
        because="questions are put to it",
        deleted_by=f"whoever deletes {over}",
    )


def _facts() -> Iterator[Entry]:
    people = {
        "staff": "pseudonyms of staff",
        "shifts": "working times of pseudonymous staff",
        "badges": "pseudonyms of badges and staff",
    }
    kinds = {
        "cameras": "cameras",
        "floors": "floors",
        "zones": "zones",
        "staff": "members of staff: pseudonym and role",
        "shifts": "who is planned where",
        "requirements": "how many of which role a zone needs",
        "units": "units",
        "readers": "where readers of badges are",
        "badges": "whose badge is whose",
        "roles": "roles, and which may stand in",
        "census": "how many people a zone had by another count",
        "rules": "rules of alerts",
    }
    for kind, holds in kinds.items():
        yield _kept(
            f"public.{kind}",
            f"{holds}, every version",
            _VERSIONS,
            of_people=people.get(kind, ""),
        )
        yield _view(f"registry.{kind}", "`registry.versions`", people.get(kind, ""))
    for kind in ("camera_clock", "camera_views"):
        yield _kept(f"public.{kind}", "what was decided about cameras, every version", _VERSIONS)


def _derived() -> Iterator[Entry]:
    yield from _aged(
        "positions",
        30,
        "where each person was, once a second",
        "pseudonymous movements, and who somebody may be",
        "an event on the ward is looked into within weeks",
        (Right.HISTORY,),
    )
    yield from _aged(
        "tracks",
        90,
        "from when to when a camera followed somebody",
        "pseudonymous presence before a camera",
        "cameras and detectors are compared over a quarter of a year",
    )
    yield from _aged(
        "links",
        400,
        "which id continues which",
        "joins pseudonymous movements",
        "as long as the zone events whose ids it joins",
    )
    yield from _aged(
        "zone_events",
        400,
        "who entered and left which zone",
        "pseudonymous stays",
        "a month is compared with that of the year before",
    )
    yield from _aged(
        "zone_occupancy",
        90,
        "how many people were in a zone",
        "ids of the people in it",
        "a quarter of a year of occupancy is compared tick by tick",
        (Right.BOARD,),
    )
    yield from _aged(
        "coverage", 90, "the gap by role of a zone", "", "as occupancy", (Right.BOARD,)
    )
    yield from _aged(
        "floor_coverage",
        90,
        "the gap of a floor and of each role on it, once a second",
        "",
        "as occupancy",
        (Right.BOARD,),
    )
    for name in ("occupancy_minutes", "coverage_minutes"):
        yield from _aged(
            name,
            1830,
            "sums for each zone and minute",
            "",
            "staffing is planned by years, and they hold no person",
            (Right.BOARD,),
        )
    yield from _aged(
        "zone_alerts",
        400,
        "which alerts were opened, changed and closed, by which rule and why",
        "ids of the people who were meant or were there",
        "whether a rule was worth it is compared with the year before",
    )
    yield from _aged(
        "feedback",
        400,
        "what people said is wrong on the board, of which figure and frame",
        "ids of people",
        "whether the figures have become better is compared with the year before",
    )
    yield from _aged(
        "feedback_texts",
        30,
        "what they wrote besides, and who gave it",
        "who logged in; a text, which may name somebody",
        "a month to read it, as the topic has it",
    )
    yield from _aged(
        "alert_actions",
        400,
        "what was done about alerts, by whom, and what was sent to which destination",
        "who logged in and did it; ids of people whom an alert is about",
        "how a rule was answered is compared with the year before",
    )
    yield from _aged(
        "audit_entries",
        400,
        "who saw and did what",
        "who logged in and for what purpose, and ids of who was shown",
        "whoever was seen may ask by whom for a year, and some time to answer",
        (Right.AUDIT,),
    )


def _registry() -> Iterator[Entry]:
    yield _kept(
        "registry.versions",
        "what people registered, every version",
        _VERSIONS,
        of_people="pseudonyms of staff and badges, working times",
        seen_by=(Right.REGISTRY,),
    )
    yield _kept(
        "registry.edits",
        "who edited, when and why",
        "an edit can be undone, and its author answers for it",
        of_people="logins and names of editors",
        seen_by=(Right.REGISTRY,),
    )
    yield _kept(
        "registry.outbox",
        "which edits are on the log; their records until they are",
        "an edit is appended once",
        until="its records until they are appended, its number for ever",
        deleted_by="the relay",
    )
    yield _kept("registry.taken_over", "since when the registry holds the facts", "an edit asks it")
    yield _kept(
        "registry.staff_names",
        "names of staff, sealed",
        "a coordinator with a purpose may read a name",
        of_people="names of staff, readable with a key that is not in the database",
        until="until the name or the member of staff is removed",
        deleted_by="the board, with that edit",
        seen_by=(Right.NAMES,),
    )
    yield _kept(
        "registry.stream_addresses",
        "addresses of cameras' streams, sealed",
        "ingest opens the streams",
        until="until the address or the camera is removed",
        deleted_by="the board, with that edit",
    )
    yield _kept(
        "registry.drawings",
        "pictures of floors' plans, encoded again without metadata",
        "they lie under the plans, and taking one away can be undone for a month",
        of_people="logins of who uploaded them",
        until=(
            "while a floor shows it, and 30 days after it was taken away; one that was uploaded "
            "and never saved 1 day"
        ),
        deleted_by=_JOB,
        seen_by=(Right.BOARD,),
    )
    yield _view("registry.unused_drawings", "`registry.drawings`")
    yield _kept(
        "registry.idempotency",
        "answers to edits, for requests that come twice",
        "a client asks again within a day, or not at all",
        of_people="logins of editors, and what they edited",
        keep_s=DAY_S,
        deleted_by=_JOB + "; the board at every edit",
    )


def _notifier() -> Iterator[Entry]:
    yield _kept("notifier.offsets", "how far the notifier has read", "it goes on from there")
    for name, holds, until in (
        ("alerts", "alerts, and who was told of each", "an hour after the alert is over"),
        ("actions", "what somebody did about an alert that is not known yet", "2 days at most"),
        ("deliveries", "messages that no receiver has yet", "until they are received or given up"),
        ("records", "what is to be appended to the topic of actions", "until it is appended"),
    ):
        yield _kept(
            f"notifier.{name}",
            holds,
            "it goes on after a restart as if there had been none",
            of_people="ids of people whom an alert is about, who logged in and acted",
            until=until,
            deleted_by="the notifier",
        )


def _vault() -> Iterator[Entry]:
    yield _kept(
        "vault.entries",
        "which pseudonym stands for which employee or badge number, sealed",
        "the same number gets the same pseudonym again",
        of_people="employee and badge numbers, readable with a key that is not in the database",
        until="until the person is erased",
        deleted_by="the board, or `wardstream vault`",
    )
    yield _kept("vault.keys", "ids of the keys", "a number is found under each of them")
    yield _kept(
        "registry.erased",
        "pseudonyms of people and badges that were erased",
        "nobody who was erased comes back by an import or a backup",
        of_people="pseudonyms that stand for nobody any more",
    )


def _bookkeeping() -> Iterator[Entry]:
    for name, holds in {
        "schema_migrations": "which migrations were applied",
        "retention": "how long each table is kept",
        "sink_source": "whose topics are in the tables",
        "sink_progress": "how far each zone, floor and camera is written",
        "sink_offsets": "how far each partition is written",
    }.items():
        yield _kept(f"public.{name}", holds, "the sink goes on after a restart")
    for name, holds in {
        "revisions": "corrections of the past, and why each was made",
        "revision_ranges": "where which correction holds",
        "revision_folds": "what each correction was made from",
    }.items():
        yield _kept(
            f"public.{name}",
            holds,
            "a figure that was corrected says so for as long as anybody may compare it",
            until="until `wardstream rebuild drop`",
            deleted_by="the operator",
        )


_VIEWS: Final = {
    "public.revisions_in_force": ("the revisions", ""),
    "public.zones_now": ("`zones`", ""),
    "public.cameras_now": ("`cameras`", ""),
    "public.clocks_over_time": ("`camera_clock`", ""),
    "public.suspect_views": ("`camera_views`", ""),
    "public.zone_known_through": ("`sink_progress`", ""),
    "public.occupancy_per_minute": ("`occupancy_minutes`", ""),
    "public.coverage_gap_per_hour": ("`coverage_minutes`", ""),
    "public.gaps": ("`coverage`", ""),
    "public.count_disagreements": ("`zone_occupancy`", ""),
    "public.dwell_per_zone": ("`zone_events`", ""),
    "public.zone_events_in_force": ("`zone_events`", "pseudonymous stays"),
    "public.zone_stays": ("`zone_events`", "pseudonymous stays"),
    "public.zone_visits": ("`zone_events` and `links`", "pseudonymous stays"),
    "public.track_paths": ("`tracks` and `links`", "pseudonymous movements"),
    "public.person_chains": ("`links`", "joins pseudonymous movements"),
    "public.shift_adherence": ("`shifts` and `positions`", "where staff was, by staff id"),
    "public.shift_working_time": (
        "`shifts` and `positions`",
        "working times of pseudonymous staff",
    ),
    "public.feedback_per_zone": ("`feedback`", ""),
    "public.alerts_answered": (
        "`zone_alerts`, `alert_actions` and `feedback`",
        "ids of people whom an alert is about",
    ),
    "public.alerts_per_rule": ("`zone_alerts`, `alert_actions` and `feedback`", ""),
    "public.audit_seen": ("`audit_entries`", "who saw whom"),
    "public.who_has_seen": ("`audit_entries` and `positions`", "who saw whom"),
    "public.what_has_seen": ("`audit_entries` and `positions`", "who saw whom"),
    "registry.facts": ("`registry.versions`", "pseudonyms of staff and badges, working times"),
    "registry.newest": ("`registry.versions`", "pseudonyms of staff and badges, working times"),
}

TABLE_ENTRIES: Final = (
    *_derived(),
    *_facts(),
    *_registry(),
    *_notifier(),
    *_vault(),
    *_bookkeeping(),
    *(_view(name, over, people) for name, (over, people) in _VIEWS.items()),
)
"""One entry for each table and view."""
