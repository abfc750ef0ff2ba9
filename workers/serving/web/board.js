// Wires store, connection and views; says in one sentence what a charge nurse must know.
import { AlertNews, fillBadges, GravestAlert, openAlerts } from "./alert_badges.js";
import { answerOf, trustOf } from "./answer.js";
import { CameraViews } from "./cameras.js";
import { recall, remember, themeSwitch } from "./choices.js";
import { plannedFloors } from "./floors.js";
import { icon } from "./icons.js";
import { PipelineNotices } from "./pipeline.js";
import { FloorPlans } from "./plans.js";
import { RoleLegend } from "./roles.js";
import { read } from "./requests.js";
import { Store } from "./store.js";
import { Connection } from "./stream.js";
import { make, say, showClock } from "./messages.js";
import { showLinks } from "./navigation.js";
import { follow, identify, showWho } from "./session.js";
import { ZoneFilter } from "./filter.js";
import { FilterBar, sayNothingShown } from "./filter_view.js";
import { cautionOf, detectorsOf, lastFrame, LIVE, namesOf, notShown } from "./words.js";
import { ZoneList } from "./zones.js";
import { ZoneTable } from "./zone_table.js";

const at = (id) => document.getElementById(id);
const store = new Store(new ZoneFilter(location.search));
const zones = new ZoneList(at("zones"), at("no-zones"), store);
const zoneTable = new ZoneTable(at("zone-table"), store);
const cameras = new CameraViews(at("cameras"), at("more-cameras"), store);
const plans = new FloorPlans(at("plans"), store);
const legend = new RoleLegend(at("of-roles"), store);
const notices = new PipelineNotices(at("notices"), at("late"), store);
const gravest = new GravestAlert(at("act"), store);
const alertNews = new AlertNews(store);
const filterBar = new FilterBar(at("chips"), at("chooser"), store, chosen);
const nothing = at("no-zones").innerHTML;
const connection = new Connection(store, changed, loaded);

/** Other zones were chosen: the address says so, and what is shown follows at once. */
function chosen() {
  history.replaceState(null, "", `${location.pathname}${store.filter.search(location.search)}${location.hash}`);
  store.choose();
  alertNews.known = null; // alerts that are shown again are no news
  loaded();
  connection.refilter();
}

let zonesDue = false;
let camerasDue = false;

function changed(kind) {
  if (kind === "camera" || kind === "floor") camerasDue = true;
  else zonesDue = true;
  if (changed.waiting) return;
  changed.waiting = true;
  requestAnimationFrame(() => {
    changed.waiting = false;
    if (zonesDue) drawZones();
    if (camerasDue || zonesDue) drawPlaces();
    zonesDue = camerasDue = false;
  });
}

function loaded() {
  drawZones();
  cameras.rebuild();
  plans.rebuild();
  at("more").hidden = !at("more-cameras").childElementCount;
  document.body.dataset.plans = String(plans.plans.size);
  drawStatus();
  if (!at("cameras-section").hidden) readFloors();
}

function drawPlaces() {
  cameras.render();
  plans.render();
  legend.render();
}

/** Read who is on the floors that have a plan, once: a floor whose cameras are silent sends nothing. */
function readFloors() {
  for (const id of plannedFloors(store)) {
    if (store.floors.has(id) || readFloors.asked.has(id)) continue;
    readFloors.asked.add(id);
    read(`floors/${encodeURIComponent(id)}/presence`)
      .then(({ presence }) => {
        if (presence && store.apply({ kind: "floor", id, seq: presence.seq, as_of_us: presence.as_of_us, data: presence })) changed("floor");
      })
      .catch(() => readFloors.asked.delete(id)); // the next snapshot asks again
  }
}
readFloors.asked = new Set();

function drawZones() {
  const news = [...zones.render(), ...alertNews.next()];
  if (document.body.dataset.view === "table") zoneTable.render(zones.order);
  if (news.length) say(at("announce"), news.join(". "));
  filterBar.render();
  if (!sayNothingShown(at("no-zones"), store) && at("no-zones").innerHTML !== nothing) at("no-zones").innerHTML = nothing;
  drawAnswer();
  gravest.render();
  fillBadges(at("floor-alerts"), store, openAlerts(store).filter((alert) => !alert.zone_id), true);
}

/** The five-second answer: a sentence, and how many zones are in which state. */
function drawAnswer() {
  const { headline, state, tally } = answerOf(store, connection);
  say(at("headline"), headline);
  at("headline").dataset.state = state;
  const key = JSON.stringify(tally);
  if (drawAnswer.key === key) return;
  drawAnswer.key = key;
  at("tally").replaceChildren(
    ...tally.map(([state, count, word]) => {
      const item = make("li", "", icon(state), make("b", "", String(count)), ` ${word}`);
      item.dataset.state = count ? state : "zero";
      return item;
    }),
  );
}

/** Whether to trust what is shown. */
function drawStatus() {
  const { status } = store;
  const { banner, age, word, state } = trustOf(store, connection, (connected, halted) => notices.render(connected, halted));
  say(at("banner-text"), banner);
  say(at("banner-age"), age);
  at("banner").hidden = !banner;
  at("live").dataset.state = state;
  say(at("live-word"), word);

  if (!status) return;
  document.title = status.title;
  say(at("title"), status.title);
  const caution = status.detectors.map((detector) => detector.caution).find(Boolean) ?? "";
  say(at("caution"), cautionOf(caution));
  at("caution").hidden = !caution;
  say(at("detector"), detectorsOf(status.detectors));
  const newest = Math.max(...[...store.cameras.values()].map((camera) => camera.asOf ?? -Infinity));
  say(at("line"), Number.isFinite(newest) ? lastFrame(store.now() - newest) : "");
  say(at("names"), namesOf(status.names));
}

/** Say that the board is not for who is logged in. */
function closed(me) {
  clearInterval(ticking);
  say(at("headline"), notShown(me.rights.has("audit.read")));
  say(at("live-word"), LIVE.closed);
  for (const id of ["cameras-section", "zones-section"]) at(id).hidden = true;
}

function tick() {
  showClock(at("clock"), store, { second: "2-digit" });
  drawZones();
  drawPlaces();
  drawStatus();
}

themeSwitch(at("theme"), at("theme-word"));

const view = new URLSearchParams(location.search).get("view") ?? recall("view");
document.body.dataset.view = view === "table" ? "table" : "cards";
for (const choice of document.querySelectorAll("input[name=view]")) {
  choice.checked = choice.value === document.body.dataset.view;
  choice.addEventListener("change", () => {
    document.body.dataset.view = choice.value;
    remember("view", choice.value);
    const query = new URLSearchParams(location.search);
    query.set("view", choice.value);
    history.replaceState(null, "", `?${query}${location.hash}`);
    drawZones();
  });
}

for (const choice of document.querySelectorAll("input[name=order]")) {
  choice.checked = choice.value === (recall("order") ?? "gaps");
  if (choice.checked) zones.order = choice.value;
  choice.addEventListener("change", () => {
    zones.order = choice.value;
    remember("order", choice.value);
    drawZones();
  });
}

identify((me) => {
  showWho(at("who"), me);
  showLinks(me);
  if (me && me.kind !== "local") follow(at("session"), me);
  plans.rights = zones.rights = me?.rights ?? null;
  const sees = (right) => me === null || me.rights.has(right);
  at("cameras-section").hidden = !sees("presence.read");
  if (sees("board.read")) connection.start(me?.rights ?? null);
  else closed(me);
});
tick();
const ticking = setInterval(tick, 1000);
