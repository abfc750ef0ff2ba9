"""Any request about the registry is answered or refused in words: never with a mistake of ours."""

import json
from collections.abc import Iterator
from typing import Final

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.registry_api import RegistryApi, registry_api
from tests.support.two_units import ROWS_OF_TWO_UNITS

SHORT: Final = 120
"""Requests of a short run; the same ones every time."""

LONG: Final = 4_000
"""Requests of a long run; new ones every time."""

ODD: Final = (
    *("", "\0", "..", "west-1", "east-1", "x" * 300, "\ud800", "é", "a\nb", "%2e%2e", "NaN"),
    *('"v1"', '"v2"', "*", 'W/"v1"', "9" * 40, "-1", "1e999", "2026-13-40T99:99", "null"),
)
TEXTS = st.one_of(st.sampled_from(ODD), st.text(max_size=8))
IDS = st.one_of(
    st.sampled_from(
        [
            row.get(f"{kind}_id", row.get(kind))
            for kind, rows in ROWS_OF_TWO_UNITS.items()
            for row in rows
        ]
    ),
    TEXTS,
)
SCALARS = st.one_of(TEXTS, st.none(), st.booleans(), st.integers(), st.floats())
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=4), max_leaves=12)
KINDS = st.sampled_from(
    [
        "cameras",
        "floors",
        "zones",
        "staff",
        "shifts",
        "requirements",
        "units",
        "readers",
        "badges",
        "roles",
        "census",
        "rules",
    ]
)
FIELDS = st.sampled_from(
    [
        *sorted({name for rows in ROWS_OF_TWO_UNITS.values() for row in rows for name in row}),
        *("name", "address", "order", "weekdays", "privacy_masks", "homography", "mount"),
        *("projection", "lens", "location", "field_of_view_deg", "sees", "reason", "passages"),
    ]
)
ROWS = st.one_of(
    st.sampled_from([row for rows in ROWS_OF_TWO_UNITS.values() for row in rows]).flatmap(
        lambda row: st.dictionaries(FIELDS, VALUES, max_size=3).map(lambda odd: {**row, **odd})
    ),
    st.dictionaries(st.one_of(FIELDS, TEXTS), VALUES, max_size=6),
    VALUES,
)
IMPORTS = st.dictionaries(
    st.one_of(st.sampled_from([*ROWS_OF_TWO_UNITS]), TEXTS), st.lists(ROWS, max_size=3), max_size=4
)
BODIES = st.one_of(
    ROWS.map(json.dumps).map(str.encode),
    IMPORTS.map(json.dumps).map(str.encode),
    st.binary(max_size=40),
    st.sampled_from(
        [b"[" * 3_000, b'{"a":' * 3_000, b'{"polygon":' + b"[" * 700 + b"]" * 700 + b"}"]
    ),
)
HEADERS = st.dictionaries(
    st.sampled_from(["if-match", "if-none-match", "idempotency-key", "content-type", "origin"]),
    st.one_of(
        st.sampled_from(['"v1"', "*", "application/json", "multipart/form-data; boundary=x", "k"]),
        st.sampled_from(["multipart/form-data", "multipart/form-data; boundary=", "text/csv"]),
        st.text(st.characters(min_codepoint=32, max_codepoint=255), max_size=8),
    ),
    max_size=4,
)
QUERIES = st.dictionaries(
    st.sampled_from(["limit", "cursor", "unit", "dry_run", "cascade", "on_resize", "reason"]),
    st.one_of(TEXTS, st.sampled_from(["true", "1", "scale", "em9uZXM6YQ"])),
    max_size=3,
)
PATHS = st.one_of(
    KINDS.map(lambda kind: (kind,)),
    st.tuples(KINDS, IDS),
    st.tuples(KINDS, IDS, st.sampled_from(["versions", "undo"])),
    st.tuples(st.just("cameras"), IDS, st.sampled_from(["masks", "address"])),
    st.tuples(st.just("staff"), IDS, st.just("name")),
    st.sampled_from([("imports",), ("edits",)]),
    st.tuples(st.just("edits"), TEXTS, st.just("undo")),
)


@pytest.fixture(scope="module")
def api(registry_database: str) -> Iterator[RegistryApi]:
    """The API over a ward of two units, which the requests change."""
    with registry_api(registry_database) as found:
        assert found.ask("POST", "/imports", ROWS_OF_TWO_UNITS).status_code == 200
        yield found


@pytest.mark.parametrize(
    "examples",
    [
        pytest.param(SHORT, id="short"),
        pytest.param(LONG, id="long", marks=pytest.mark.fuzz_long),
    ],
)
@pytest.mark.parametrize("by", ["admin", "east-admin"])
def test_no_request_meets_a_mistake_of_ours(api: RegistryApi, by: str, examples: int) -> None:
    seen: set[int] = set()

    @settings(
        max_examples=examples,
        deadline=None,
        database=None,
        derandomize=examples == SHORT,
        suppress_health_check=list(HealthCheck),
    )
    @given(st.sampled_from(["GET", "PUT", "DELETE", "POST"]), PATHS, QUERIES, HEADERS, BODIES)
    def check(
        method: str,
        path: tuple[str, ...],
        query: dict[str, str],
        headers: dict[str, str],
        body: bytes,
    ) -> None:
        sent = {"if-match": '"v1"', "content-type": "application/json", **headers}
        if "if-none-match" in headers:
            del sent["if-match"]
        answer = api.ask_any(method, path, query, sent, body, by=by)
        seen.add(answer.status_code)
        assert answer.status_code < 500, answer.text
        if answer.status_code >= 400:
            assert answer.headers["content-type"] == "application/problem+json"
            assert answer.json()["detail"]

    check()
    assert {200, 400, 404, 422} <= seen
