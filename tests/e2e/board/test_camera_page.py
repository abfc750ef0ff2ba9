"""The page of cameras and floors, in a real browser over a real registry and real Kafka."""

import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import numpy as np
import pytest
from confluent_kafka.admin import NewTopic  # type: ignore[attr-defined]
from playwright.sync_api import FilePayload, Page, expect

from runtime.clock import SystemClock
from runtime.facts.log import Fact, FactLog
from runtime.kafka.cluster import Cluster
from runtime.process.settings import Settings
from schemas.registry import SchemaRegistry
from schemas.topics import CAMERA_VIEWS, CAMERAS, FLOORS, ZONES
from streams.domain.camera.pinhole import Pinhole
from tests.support.board_server import BoardServer
from tests.support.camera_room import HEIGHT, WIDTH, projection_from
from tests.support.clusters import cluster_of
from tests.support.issuer import Issuer
from tests.support.kept_audit import KeptAudit
from tests.support.live_writer import camera_fact, floor_fact, now_us, zone_fact
from tests.support.pictures import SECRET, header, jpeg, plan, png, with_chunk
from tests.support.registry_api import KEY, RegistryApi, registry_api
from tests.support.servers.video import MJPEG, video_server
from tests.support.services import Services, new_prefix
from tests.support.sink_topics import await_leaders
from workers.registry.camera_views import suspect
from workers.registry.editing.database import Database
from workers.registry.editing.drawings import Drawings
from workers.registry.editing.sealed import ADDRESSES, SealedTexts
from workers.registry.editing.store import RegistryStore
from workers.registry.view import RegistryView
from workers.serving.api.registry.parts import Registry

Open = Callable[..., Page]
Enter = Callable[..., Page]

POSITIONS = {"west": (0.2, 0.2, 2.8), "east": (11.8, 0.2, 2.8)}
ROOM = [[0, 0], [12, 0], [12, 8], [0, 8]]
BAY = {"name": "Bay 1", "floor_id": "ward-3", "polygon": ROOM}
ANN = {"sub": "u-1", "name": "Ann Ward"}
BO = {"sub": "u-2", "name": "Bo Reed"}


def pinhole_of(camera_id: str) -> Pinhole:
    return Pinhole(projection_from(POSITIONS[camera_id], (6.0, 4.0, 0.5)), WIDTH, HEIGHT)


def camera(camera_id: str) -> dict[str, Any]:
    return {
        "floor_id": "ward-3",
        "name": f"{camera_id.title()} camera",
        "width": WIDTH,
        "height": HEIGHT,
        "projection": pinhole_of(camera_id).projection.ravel().tolist(),
    }


@pytest.fixture(scope="module")
def cluster(services: Services) -> Cluster:
    """A run with the topic of decisions about views."""
    settings = Settings(
        kafka_bootstrap=services.environment["WARDSTREAM_KAFKA_BOOTSTRAP"],
        registry_url=services.environment["WARDSTREAM_REGISTRY_URL"],
        topic_prefix=new_prefix(),
    )
    SchemaRegistry(settings.registry_url).register(CAMERA_VIEWS)
    found = cluster_of(settings)
    name = found.name(CAMERA_VIEWS)
    topic = NewTopic(name, CAMERA_VIEWS.partitions, 1, config=CAMERA_VIEWS.config)
    admin = found.admin()
    admin.create_topics([topic])[name].result()
    await_leaders(admin, [name])
    return found


@pytest.fixture
def api(registry_database: str) -> Iterator[RegistryApi]:
    """What is registered: two calibrated cameras of a floor, and a zone on it."""
    with registry_api(registry_database) as found:
        for camera_id in POSITIONS:
            row = camera(camera_id) | {"time_zone": "Europe/Berlin"}
            answer = found.put(f"/cameras/{camera_id}", row)
            assert answer.status_code == 201, answer.text
        assert found.put("/zones/bay-1", BAY).status_code == 201
        yield found


@pytest.fixture
def view() -> RegistryView:
    """What the board knows of the cameras."""
    found = RegistryView()
    for camera_id in POSITIONS:
        homography = pinhole_of(camera_id).homography()
        fact = camera_fact(camera_id, **camera(camera_id), homography=homography)
        found.add([Fact(CAMERAS, fact)], now_us())
    return found


@pytest.fixture
def board(
    start_board: Callable[..., BoardServer],
    api: RegistryApi,
    registry_database: str,
    issuer: Issuer,
    view: RegistryView,
    cluster: Cluster,
) -> Iterator[BoardServer]:
    with ExitStack() as stack:
        clock = SystemClock()
        database = stack.enter_context(Database(registry_database))
        store = RegistryStore(database, clock)
        drawings = Drawings(database)
        sealed = {"address": SealedTexts(database, ADDRESSES, [KEY])}
        editing = Registry(store, clock, KeptAudit(), sealed, cluster, drawings=drawings)
        local = {"preview_networks": "127.0.0.0/8"}
        yield start_board(registry=view, login=issuer.settings(), editing=editing, tls=local)


@pytest.fixture
def enter(open_page: Open, board: BoardServer, issuer: Issuer) -> Enter:
    """Logs somebody in, and opens the page."""

    def go(query: str, who: dict[str, str] = ANN, role: str = "admin") -> Page:
        issuer.user |= {**who, "sid": f"login-of-{who['sub']}", "wardstream_roles": role.split()}
        page = open_page(f"{board.url}edit/cameras.html{query}")
        expect(page.locator("#who")).to_contain_text(who["name"])
        return page

    return go


def zone_on_board() -> dict[str, Any]:
    """The zone as the board knows it."""
    corners = [{"x": x, "y": y} for x, y in ROOM]
    where = {"camera_id": None, "floor_id": "ward-3", "space": "FLOOR_M"}
    return {"name": "Bay 1", "polygon": corners, **where}


def picture_file(data: bytes) -> FilePayload:
    """A file that somebody chooses."""
    return {"name": "plan.png", "mimeType": "image/png", "buffer": data}


def save(page: Page, why: str) -> None:
    """Look over what is changed, give the reason, and save it."""
    page.get_by_role("button", name="Check and save").click()
    question = page.get_by_role("dialog")
    question.get_by_label("Why?").fill(why)
    question.get_by_role("button", name="Save", exact=True).click()


def test_what_a_camera_sees_is_drawn_by_keyboard_and_saved_with_its_reason(
    enter: Enter, api: RegistryApi
) -> None:
    page = enter("?camera=west")
    expect(page.locator("#work-heading")).to_have_text("West camera")
    expect(page.locator("#calibration")).to_contain_text("calibrated, in three dimensions")
    expect(page.locator("#how")).to_contain_text("No outline")
    press = page.keyboard.press

    page.locator("#draw").focus()
    press("Enter")
    expect(page.locator(".cursor")).to_be_focused()
    for keys in (["ArrowRight"] * 8, ["ArrowUp"] * 8, ["ArrowLeft"] * 8):
        press("Enter")
        for key in keys:
            press(key)
    press("Enter")
    press("f")
    expect(page.locator("#state")).to_have_text("Not saved: floor that it sees")
    press("Control+s")
    question = page.get_by_role("dialog")
    expect(question).to_contain_text("no outline → 4 corners")
    expect(question).to_contain_text("everybody whom this camera follows gets a new number")
    question.get_by_label("Why?").fill("a partition was built")
    press("Enter")
    expect(page.locator("#state")).to_have_text("Saved as version 2. Takes effect in about 5 s.")
    answer = api.get("/cameras/west")
    assert len(answer["record"]["sees"]) == 4
    assert (answer["reason"], answer["edited_by_name"]) == ("a partition was built", "Ann Ward")

    page.get_by_text("Earlier versions").click()
    expect(page.locator("#versions")).to_contain_text("a partition was built")
    page.get_by_role("button", name="Take this change back").click()
    page.get_by_role("button", name="Take it back").click()
    expect(page.locator("#how")).to_contain_text("No outline")
    assert api.get("/cameras/west")["record"]["sees"] == []


def test_a_position_that_the_calibration_contradicts_is_reported_before_it_is_saved(
    enter: Enter, api: RegistryApi
) -> None:
    page = enter("?camera=west")
    page.get_by_label("Position: right, m").fill("4")
    page.get_by_label("Position: height, m").fill("")
    expect(page.locator("#fault")).to_have_text("Give all three numbers of its position, or none.")
    expect(page.locator("#save")).to_be_disabled()

    page.get_by_label("Position: up, m").fill("0.2")
    page.get_by_label("Position: height, m").fill("2.8")
    page.get_by_role("button", name="Check and save").click()
    question = page.get_by_role("dialog")
    expect(question).to_contain_text("Careful: camera west: its projection puts it 3.8 m from")
    question.get_by_role("button", name="Go on editing").click()
    page.get_by_label("Angle of view, degrees").fill("12")
    page.get_by_role("button", name="Check and save").click()
    expect(question).to_contain_text("This cannot be saved")
    question.get_by_role("button", name="Go on editing").click()
    page.get_by_role("button", name="Discard").click()
    expect(page.locator("#state")).to_have_text("No changes")
    assert api.get("/cameras/west")["version"] == 1


def test_a_passage_is_added_moved_by_keyboard_and_turned_round(
    enter: Enter, api: RegistryApi
) -> None:
    page = enter("?floor=ward-3")
    page.get_by_role("button", name="Add a passage").click()
    one = page.get_by_role("group", name="Passage 1")
    one.get_by_label("Name").fill("Corridor")
    one.get_by_label("People leave here: Seen by").select_option(label="West camera")
    one.get_by_label("People appear here: Seen by").select_option(label="East camera")
    one.get_by_label("People leave here: right, m").fill("1")
    page.locator(".way-end.from").focus()
    for key in ["ArrowUp", "ArrowRight", "Shift+ArrowRight"]:
        page.keyboard.press(key)
    expect(one.get_by_label("People leave here: right, m")).to_have_value("1.3")
    one.get_by_role("button", name="Add the way back of passage 1").click()
    save(page, "the corridor opened")

    expect(page.locator("#state")).to_contain_text("Saved as version")
    there, back = api.get("/floors/ward-3")["record"]["passages"]
    assert (there["name"], back["name"]) == ("Corridor", "Corridor, back")
    assert (there["from_camera_id"], there["from_x_m"]) == ("west", 1.3)
    assert (back["to_camera_id"], back["to_x_m"]) == ("west", 1.3)


def test_a_drawing_is_put_under_the_plan_by_keyboard_checked_and_shown_on_the_board(
    enter: Enter, api: RegistryApi, view: RegistryView, board: BoardServer
) -> None:
    page = enter("?floor=ward-3")
    chooser = page.locator("#drawing-file")
    chooser.set_input_files(picture_file(header(60_000, 60_000)))
    expect(page.locator("#fault")).to_contain_text("Drawing: has 60000 x 60000 px")

    walls = with_chunk(png(plan(1200, 800)), b"tEXt", b"Author\0" + SECRET)
    chooser.set_input_files(picture_file(walls))
    expect(page.locator("#pin-0-x_m")).to_be_focused()
    expect(page.locator("#save")).to_be_disabled()
    for point, values in ((0, ("37", "762", "0", "0")), (1, ("1163", "762", "12", "0"))):
        for field, value in zip(("u", "v", "x_m", "y_m"), values, strict=True):
            page.locator(f"#pin-{point}-{field}").fill(value)
            page.keyboard.press("Tab")
    page.get_by_role("button", name="Add a point that checks").click()
    page.locator("#pin-2-x_m").fill("6")
    page.keyboard.press("Tab")
    page.locator("#pin-2-y_m").fill("7.6")
    page.keyboard.press("Tab")
    page.locator(".pin").nth(2).focus()
    for key in ["ArrowUp", "ArrowUp", "ArrowUp", "Shift+ArrowDown"]:
        page.keyboard.press(key)
    expect(page.locator(".pin-row").nth(2)).to_contain_text("4 cm off")
    expect(page.locator("#ways image")).to_have_count(1)
    save(page, "the architect's sheet")
    expect(page.locator("#state")).to_contain_text("Saved as version")

    found = api.get("/floors/ward-3")
    assert found["reason"] == "the architect's sheet"
    drawing = found["record"]["drawing"]
    view.add([Fact(FLOORS, floor_fact("ward-3", drawing=drawing))], now_us())
    view.add([Fact(ZONES, zone_fact("bay-1", **zone_on_board()))], now_us())
    page.goto(board.url)
    under = page.locator(".plan image")
    expect(under).to_have_attribute("href", re.compile(drawing["sha256"]))
    answer = page.request.get(under.get_attribute("href") or "")
    assert (answer.status, SECRET in answer.body()) == (200, False)

    taken = {**floor_fact("ward-3"), "version": 2}
    view.add([Fact(FLOORS, taken)], now_us())
    expect(under).to_have_count(0)
    assert page.request.get(answer.url).status == 404


def test_a_camera_is_looked_through_and_added_with_its_address_which_nobody_sees_again(
    enter: Enter, api: RegistryApi, board: BoardServer
) -> None:
    page = enter("?camera=west", role="admin engineer")
    page.get_by_role("button", name="Add a camera").click()
    question = page.get_by_role("dialog")
    question.get_by_label("Name", exact=True).fill("Gate")
    with video_server() as server:
        part = jpeg(plan(640, 360))
        head = f"--part\r\nContent-Type: image/jpeg\r\nContent-Length: {len(part)}\r\n\r\n"
        server.streams["/live"] = (MJPEG, head.encode() + part + b"\r\n")
        address = server.url.replace("http://", "http://viewer:s3cret@")
        question.get_by_label("Stream address").fill(f"{address}/none")
        question.get_by_role("button", name="Look through it").click()
        expect(question).to_contain_text("Say why you need the picture")
        question.get_by_label("Why do you need its picture?").fill("set it up")
        question.get_by_role("button", name="Look through it").click()
        expect(question).to_contain_text("No picture: the address answers with status 404.")
        question.get_by_label("Stream address").fill(f"{address}/live")
        question.get_by_role("button", name="Look through it").click()
        expect(question).to_contain_text(re.compile("This is what it shows, 640 . 360 px"))
    expect(question.locator("canvas")).to_be_visible()
    question.get_by_label("Why?", exact=True).fill("the new door")
    question.get_by_role("button", name="Add it").click()

    expect(page.locator("#work-heading")).to_have_text("Gate")
    found = api.get("/cameras/gate")
    assert (found["record"]["width"], found["record"]["height"]) == (640, 360)
    assert found["reason"] == "the new door"
    assert api.get("/cameras/gate/address")["is_set"]
    assert "s3cret" not in page.content()
    assert isinstance(board.recorder, KeptAudit)
    looked = [act for act, _, why in board.recorder.kept if why == "set it up"]
    assert {act.action for act in looked} == {"camera.previewed"}
    assert "s3cret" not in str(board.recorder.kept)


def test_masks_are_drawn_by_keyboard_with_the_share_that_they_hide_and_taken_back(
    enter: Enter, api: RegistryApi
) -> None:
    page = enter("?camera=west")
    masks = page.locator("#masks")
    expect(masks).to_contain_text("No masks")
    press = page.keyboard.press

    masks.get_by_role("button", name="Draw a mask").click()
    expect(masks.locator(".cursor")).to_be_focused()
    for keys in (["ArrowRight"] * 20, ["ArrowDown"] * 10, ["ArrowLeft"] * 20):
        press("Enter")
        for key in keys:
            press(key)
    press("Enter")
    press("f")
    expect(masks.locator(".state")).to_have_text(
        re.compile(r"[1-9][0-9.]* % of the picture is hidden\. Not saved\.")
    )
    masks.get_by_role("button", name="Save these masks").click()
    question = page.get_by_role("dialog")
    expect(question).to_contain_text(re.compile(r"1 that hide [0-9.]+% of the frame"))
    question.get_by_label("Why?").fill("a bed")
    question.get_by_role("button", name="Save", exact=True).click()

    expect(masks.locator(".state")).to_have_text(
        re.compile(r"[0-9.]+ % of the picture is hidden\.$")
    )
    assert len(api.get("/cameras/west/masks")["privacy_masks"]) == 1
    assert api.get("/cameras/west")["reason"] == "a bed"
    page.get_by_text("Earlier versions").click()
    expect(page.locator("#versions")).to_contain_text("Privacy masks: none → 1 mask (a bed)")
    page.get_by_role("button", name="Take this change back").click()
    page.get_by_role("button", name="Take it back").click()
    expect(masks).to_contain_text("No masks")
    assert api.get("/cameras/west/masks")["privacy_masks"] == []


def test_a_camera_is_calibrated_by_pairs_of_points_with_grid_and_errors_at_once(
    enter: Enter, api: RegistryApi
) -> None:
    assert api.put("/cameras/gate", {"width": WIDTH, "height": HEIGHT, "name": "Gate"}).is_success
    hangs = pinhole_of("west")
    floor = np.array([[3, 3, 0], [9, 2, 0], [10, 7, 0], [4, 6, 0], [6, 4, 0], [8, 5, 0]], float)
    page = enter("?camera=gate")
    pairs = page.locator("#pairs")

    pairs.get_by_role("button", name="Choose points").click()
    for number, ((u, v), (x, y, _)) in enumerate(zip(hangs.to_px(floor), floor, strict=True)):
        pairs.get_by_role("button", name="Add a point").click()
        for name, value in (("u", u), ("v", v), ("x_m", x), ("y_m", y)):
            page.locator(f"#pair-{number}-{name}").fill(f"{value:.2f}")
            page.keyboard.press("Tab")
    expect(pairs.locator(".state")).to_contain_text("6 pairs; the worst is 0.")
    assert pairs.locator("polyline.floor-metre").count() > 8
    expect(pairs.locator(".pin-row").first).to_contain_text("cm off, ")
    wrong = page.locator("#pair-2-x_m")
    wrong.fill("12")
    wrong.press("Tab")
    expect(pairs.locator(".state")).to_contain_text("more than 20 cm off")
    save_pairs = pairs.get_by_role("button", name="Save this calibration")
    expect(save_pairs).to_be_disabled()
    wrong.fill("10")
    wrong.press("Tab")
    save_pairs.click()
    question = page.get_by_role("dialog")
    expect(question).to_contain_text("calibrated by 6 points of the floor")
    question.get_by_label("Why?").fill("measured on Monday")
    question.get_by_role("button", name="Save", exact=True).click()

    expect(page.locator("#calibration")).to_contain_text("calibrated by points of the floor")
    found = api.get("/cameras/gate")
    assert found["reason"] == "measured on Monday"
    to_floor = np.array(found["record"]["homography"]).reshape(3, 3)
    px = np.column_stack([hangs.to_px(floor), np.ones(len(floor))]) @ to_floor.T
    assert np.abs(px[:, :2] / px[:, 2:] - floor[:, :2]).max() < 0.02


def test_the_second_of_two_who_edit_a_floor_chooses(enter: Enter, api: RegistryApi) -> None:
    ann, bo = enter("?floor=ward-3"), enter("?floor=ward-3", BO)
    ann.locator("#field-name").fill("Ward three")
    bo.get_by_role("button", name="Add a passage").click()
    save(bo, "a door")
    expect(bo.locator("#state")).to_contain_text("Saved as version")

    save(ann, "spelt out")
    question = ann.get_by_role("dialog")
    expect(question).to_contain_text("Bo Reed saved version")
    expect(question).to_contain_text("1 passage, changed by Bo Reed: stays")
    question.get_by_role("button", name="Save the result").click()
    question.get_by_label("Why?").fill("spelt out")
    question.get_by_role("button", name="Save", exact=True).click()

    expect(ann.locator("#state")).to_contain_text("Saved as version")
    record = api.get("/floors/ward-3")["record"]
    assert (record["name"], len(record["passages"])) == ("Ward three", 1)


def test_a_suspect_view_is_confirmed_by_who_may_and_shown_to_who_may_not(
    enter: Enter, view: RegistryView, cluster: Cluster
) -> None:
    since_us = now_us() - 60_000_000
    made = suspect(cluster, "east", "MOVED", since_us=since_us, camera_version=1, known=0)
    assert made is not None
    view.add([Fact(CAMERA_VIEWS, {**made, "recorded_at_us": since_us})], now_us())

    reader = enter("", BO, "coordinator")
    expect(reader.locator("#work-heading")).to_have_text(
        "East camera"
    )  # the suspect one comes first
    expect(reader.locator("#view")).to_contain_text("It was moved")
    expect(reader.locator("#confirm")).to_have_count(0)
    expect(reader.locator("#field-name")).to_be_disabled()

    page = enter("?camera=east")
    expect(page.locator("[data-choice='cameras/east']")).to_contain_text("CHECK VIEW")
    page.locator("#confirm").click()
    page.get_by_role("dialog").get_by_label("What did you look at?").fill("put back")
    page.get_by_role("button", name="Confirm it", exact=True).click()
    expect(page.locator("#view")).to_contain_text("Confirmed.")
    expect(page.locator("[data-choice='cameras/east']")).not_to_contain_text("CHECK VIEW")

    log = FactLog(cluster, [CAMERA_VIEWS])
    try:
        newest = [fact.record for fact in log.sync()][-1]
    finally:
        log.close()
    assert (newest["state"], newest["reason"]) == ("TRUSTED", "put back")
    assert newest["recorded_by"].endswith("u-1")
