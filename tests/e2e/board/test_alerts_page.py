"""Alerts come over the log and the sinks, and coordinators act on them in the browser."""

import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest
from playwright.sync_api import Locator, Page, Route, expect
from pydantic import SecretStr

from deploy.local.launcher import LocalServices
from runtime.clock import SystemClock
from runtime.facts.log import Fact
from runtime.process.settings import Settings
from schemas.topics import UNITS
from tests.e2e.board.test_accessibility import serious
from tests.e2e.board.test_floor_plan import ward
from tests.support.board_server import BoardServer
from tests.support.callers import HEADER, NamedCallers, person
from tests.support.clusters import cluster_of
from tests.support.database_roles import database_roles
from tests.support.kept_audit import KeptAudit
from tests.support.live_writer import now_us, unit_fact
from tests.support.services import Services, new_prefix
from tests.support.sunk_alerts import SunkAlerts, sunk_alerts
from workers.access.rights import AccessRole
from workers.registry.editing.database import Database
from workers.serving.api.people import Sources
from workers.serving.evidence.alert_actions import ActionDesk
from workers.serving.evidence.writer import ActionWriter
from workers.serving.recorded.zone_alerts import ZoneAlertHistory

Open = Callable[..., Page]
Visit = Callable[..., Page]

CALLERS = NamedCallers(
    person("ann", AccessRole.COORDINATOR),
    person("ben", AccessRole.COORDINATOR),
    person("cat", AccessRole.COORDINATOR),
    person("viewer", AccessRole.VIEWER),
)


@pytest.fixture(scope="module")
def log(
    services: Services, redis_service: LocalServices, registry_database: str
) -> Iterator[SunkAlerts]:
    """The topics of a run and its sinks, which take in what the tests decide."""
    settings = Settings(
        kafka_bootstrap=services.environment["WARDSTREAM_KAFKA_BOOTSTRAP"],
        registry_url=services.environment["WARDSTREAM_REGISTRY_URL"],
        topic_prefix=new_prefix(),
        redis_url=SecretStr(redis_service.environment["WARDSTREAM_REDIS_URL"]),
        redis_prefix=new_prefix(),
        database_url=SecretStr(registry_database),
    )
    with sunk_alerts(settings, "ward-3") as found:
        yield found


@pytest.fixture
def board(log: SunkAlerts) -> Iterator[BoardServer]:
    settings = log.settings
    url = settings.database_url.get_secret_value()
    clock, audit, view = SystemClock(), KeptAudit(), ward()
    view.add([Fact(UNITS, unit_fact("east", zone_ids=["bay-1"], floor_ids=[]))], now_us())
    with ExitStack() as stack:
        roles = stack.enter_context(database_roles(url))
        database = stack.enter_context(Database(url))
        history = stack.enter_context(ZoneAlertHistory(roles.address("serving")))
        writer = ActionWriter(cluster_of(settings, clock))
        yield stack.enter_context(
            BoardServer(
                settings.redis_url.get_secret_value(),
                settings.redis_prefix,
                topic_prefix=settings.topic_prefix,
                registry=view,
                authenticator=CALLERS,
                recorder=audit,
                stale_after_s=60.0,
                sources=Sources(alerts=history),
                actions=ActionDesk(view, history, writer, audit, clock, database),
            )
        )


@pytest.fixture
def visit(board: BoardServer, open_page: Open) -> Visit:
    def visit(by: str, path: str = "alerts.html", **options: object) -> Page:
        return open_page(board.url + path, extra_http_headers={HEADER: by}, **options)

    return visit


REFUSALS = {
    0: "Not known whether it was done: the board is out of reach. Press again: it is done once",
    403: "Not done: no.",
    429: "Not done: you have acted on many alerts.",
    503: "Not done, as far as is known: no. Press again: it is done once.",
}
MESSAGES = """async ([kind, threshold, status]) => {
    const words = await import("/case_words.js");
    const alert = {kind, threshold, role: "nurse", zone_id: "", figure_min: 1, figure_max: 2};
    const refused = {status, message: "no", errors: []};
    return [words.measuredOf({...alert, confidence: 0.876}), words.whyNotDone(refused)];
}"""


def row(page: Page, zone_id: str, state: str = "") -> Locator:
    of_state = f"[data-state={state}]" if state else ""
    return page.locator(f".case[data-zone='{zone_id}']{of_state}")


def test_alerts_are_acknowledged_snoozed_and_resolved_and_the_other_open_page_shows_it(
    log: SunkAlerts, visit: Visit
) -> None:
    ann, ben = visit("ann"), visit("ben")
    for page in (ann, ben):
        expect(page.locator("#headline")).to_have_text("No alert is open.")
        expect(page.locator("#live-word")).to_have_text("Live")
    log.decide("crowd/zone/bay-2", kind="OVER_CAPACITY", figure_min=9, figure_max=9, threshold=8)
    gap = log.decide(
        "gap/zone/bay-1", role="nurse", escalate_after_s=600, escalate_to="nurse manager"
    )

    for page in (ann, ben):
        expect(page.locator("#headline")).to_have_text(
            re.compile(r"Nobody has 2 alerts yet\. Most urgent: Act now, Bay \d: .+, since .+\.")
        )
        expect(row(page, "bay-1", "open").locator(".standing")).to_have_text("Nobody has it yet")
        expect(row(page, "bay-1").locator(".todo")).to_have_text("Charge nurse: move a float")
    expect(row(ann, "bay-1").locator(".case-figure")).to_have_text(
        "1 nurse missing for sure, possibly 1 more"
    )
    expect(row(ann, "bay-1").locator(".case-notes")).to_contain_text(
        "limit: 1 nurse missing. Nurse manager is asked if nobody answers within 10 min."
    )
    expect(ann.locator("#announce")).to_contain_text("New alert, Bay 1: 1 nurse missing")

    row(ann, "bay-1").get_by_role("button", name="I have it").press("Enter")
    expect(ann.locator("#done")).to_have_text("You have the alert of Bay 1.")
    expect(row(ann, "bay-1", "acknowledged").locator(".standing")).to_contain_text("You have it")
    expect(row(ann, "bay-1").locator(".case-place")).to_be_focused()
    assert serious(ann) == []
    expect(row(ben, "bay-1", "acknowledged").locator(".standing")).to_have_text(
        re.compile(r"Ann has it, since \d\d:\d\d")
    )

    row(ben, "bay-2").get_by_role("button", name="Snooze").click()
    dialog = ben.get_by_role("dialog", name="Snooze the alert of Bay 2")
    dialog.get_by_label("1 hour").check()
    dialog.get_by_role("button", name="Snooze").press("Enter")
    snoozed = re.compile(r"Snoozed by Ben until .*\d\d:\d\d")
    expect(row(ann, "bay-2", "snoozed").locator(".standing")).to_have_text(snoozed)
    expect(ann.locator("#headline")).to_have_text(
        "No alert waits: somebody has each, or it is snoozed or resolved."
    )

    row(ann, "bay-1").get_by_role("button", name="Resolve").click()
    ann.get_by_role("dialog").get_by_label("True, and there is nothing to do").check()
    ann.get_by_role("dialog").get_by_role("button", name="Resolve").click()
    expect(row(ben, "bay-1", "resolved").locator(".standing")).to_contain_text("Resolved by Ann at")
    story = row(ben, "bay-1").locator(".story li")
    row(ben, "bay-1").locator("summary").press("Enter")
    expect(story.nth(0)).to_contain_text("Opened: the rule was broken for long enough (Act now)")
    expect(story.nth(1)).to_contain_text("Ann acknowledged it")
    expect(story.nth(2)).to_contain_text("Ann resolved it: nothing to do")
    log.decide("gap/zone/bay-1", "CHANGED", figure_min=2)
    expect(row(ben, "bay-1", "open").locator(".standing")).to_contain_text("Open again, after Ann")

    log.decide("gap/zone/bay-1", "CLOSED")
    expect(row(ben, "bay-1")).to_have_count(0)
    ben.get_by_label("Over", exact=False).first.check()
    expect(row(ben, "bay-1", "closed").locator(".standing")).to_contain_text("resolved by Ann at")
    assert "state=closed" in ben.url
    ann.goto(f"{ann.url}?zone=bay-1&alert=gap%2Fzone%2Fbay-1&opened={gap['opened_us']}")
    expect(row(ann, "bay-1", "closed").locator(".story")).to_be_visible()  # also when it is over
    expect(row(ann, "bay-1").locator(".case-place")).to_be_focused()
    kept = [(one["action"], one["taken_by"], one["zone_id"]) for one in log.actions()]
    assert sorted(kept) == [
        ("ACKNOWLEDGED", "ann", "bay-1"),
        ("RESOLVED", "ann", "bay-1"),
        ("SNOOZED", "ben", "bay-2"),
    ]


def test_two_at_once_an_answer_that_is_lost_and_the_end_of_a_session_lose_and_double_nothing(
    log: SunkAlerts, visit: Visit
) -> None:
    gap = log.decide("late/zone/bay-1", pages=False, held_back_by=["NOT_SURE"])
    ann, ben = visit("ann"), visit("ben")
    expect(row(ann, "bay-1").locator(".case-notes")).to_contain_text("Not paged because it is not")
    expect(row(ben, "bay-1")).to_be_visible()

    # Ben hears of nothing meanwhile: neither of what Ann does, nor whether he did anything.
    ben.route("**/api/v1/zone-alerts?*", lambda route: route.abort())
    row(ann, "bay-1").get_by_role("button", name="I have it").click()
    expect(row(ann, "bay-1", "acknowledged")).to_be_visible()
    sent: list[str] = []

    def lose_the_first_answer(route: Route) -> None:
        sent.append(route.request.headers["idempotency-key"])
        route.fetch()
        if len(sent) == 1:
            route.abort()
        else:
            ben.unroute("**/api/v1/zone-alerts?*")
            route.continue_()

    ben.route("**/zone-alerts/resolve", lose_the_first_answer)
    resolve(ben)
    expect(row(ben, "bay-1").locator(".receipt")).to_contain_text("it is done once")
    expect(ben.locator("#banner")).to_contain_text("out of reach")
    resolve(ben)
    expect(ben.locator("#done")).to_have_text(
        re.compile(
            r"The alert of Bay 1 is resolved\. Ann had acknowledged it at \d\d:\d\d: "
            r"both are kept, and yours counts\."
        )
    )
    expect(ben.locator("#banner")).to_be_hidden()
    assert (len(sent), len({*sent})) == (2, 1)
    acts = [one for one in log.actions() if one["opened_us"] == gap["opened_us"]]
    assert sorted(one["action"] for one in acts) == ["ACKNOWLEDGED", "RESOLVED"]

    cat = visit("cat")
    expect(row(cat, "bay-1", "resolved")).to_be_visible()
    del CALLERS.by_subject["cat"]
    row(cat, "bay-1").get_by_role("button", name="I have it").click()
    cat.wait_for_url("**/login.html?why=ended&return_to=%2Falerts.html")

    viewer = visit("viewer", "alerts.html?zone=bay-1")
    expect(row(viewer, "bay-1", "resolved").locator(".standing")).to_contain_text("by somebody")
    expect(viewer.locator(".case-acts button:visible")).to_have_count(0)


@pytest.mark.chaos_long
def test_an_act_on_a_board_that_is_out_of_reach_is_done_once_when_it_is_back(
    log: SunkAlerts, visit: Visit, board: BoardServer
) -> None:
    gap = log.decide("away/zone/bay-2")
    ann = visit("ann", "alerts.html?zone=bay-2")
    of_gap = ann.locator(".case[data-rule=away]")
    expect(of_gap).to_be_visible()
    board.stop()
    expect(ann.locator("#banner")).to_contain_text("out of reach")
    of_gap.get_by_role("button", name="I have it").click()
    expect(of_gap.locator(".receipt")).to_contain_text("Not known whether it was done")
    board.start()
    expect(ann.locator("#banner")).to_be_hidden()
    of_gap.get_by_role("button", name="I have it").click()
    expect(ann.locator("#done")).to_contain_text("You have the alert of Bay 2.")
    acts = [one for one in log.actions() if one["opened_us"] == gap["opened_us"]]
    assert len(acts) == 1


def test_a_coordinator_understands_limits_and_refusals(board: BoardServer, open_page: Open) -> None:
    page = open_page(f"{board.url}login.html")

    for kind, threshold, limit in (
        ("COVERAGE_GAP", 2, "limit: 2 nurses missing"),
        ("OVER_CAPACITY", 8, "limit: above 8 people"),
        ("DWELL", 1800, "limit: 30 min"),
        ("CAMERA_MISSING", 1, "limit: 1 camera"),
    ):
        for status, refused in REFUSALS.items():
            measured, why = page.evaluate(MESSAGES, [kind, threshold, status])
            assert measured == f"Measured 1 to 2, {limit}; who is who is at least 87 % sure"
            assert why.startswith(refused)


def resolve(page: Page) -> None:
    row(page, "bay-1").get_by_role("button", name="Resolve").click()
    page.get_by_role("dialog").get_by_label("Not true").check()
    page.get_by_role("dialog").get_by_role("button", name="Resolve").click()
