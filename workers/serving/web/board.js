// Wires store, connection and views; says in one sentence what a charge nurse must know.
import { CameraViews } from "./cameras.js";
import { icon } from "./icons.js";
import { PipelineNotices } from "./pipeline.js";
import { Store } from "./store.js";
import { Connection } from "./stream.js";
import { ago, counted, listed, make, moment, say, span } from "./messages.js";
import { ZoneList } from "./zones.js";

const at = (id) => document.getElementById(id);
const store = new Store();
const zones = new ZoneList(at("zones"), at("no-zones"), store);
const cameras = new CameraViews(at("cameras"), store);
const notices = new PipelineNotices(at("notices"), at("late"), store);
const connection = new Connection(store, changed, loaded);

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
    if (camerasDue || zonesDue) cameras.render();
    zonesDue = camerasDue = false;
  });
}

function loaded() {
  drawZones();
  cameras.rebuild();
  drawStatus();
}

function drawZones() {
  const news = zones.render();
  if (news.length) say(at("announce"), news.join(". "));
  drawAnswer();
}

/** What to say when nothing fresh is short, but not everything is fresh: nobody knows of the rest. */
function partly(all, unclear, covered) {
  const silent = all.filter((zone) => store.zoneFreshness(zone).stale).map((zone) => zone.name);
  const rest = silent.length > 3 ? `${silent.length} of ${all.length} zones` : listed(silent);
  let known = covered.length ? "the others are covered" : "no other zone needs staff now";
  if (unclear.length) known = `cannot tell for ${listed(unclear.map((zone) => zone.name))}`;
  return `No fresh numbers for ${rest}; ${known}`;
}

/** The five-second answer: a sentence, and how many zones are in which state. */
function drawAnswer() {
  const all = [...store.zones.values()];
  const fresh = all.filter((zone) => !store.zoneFreshness(zone).stale);
  const of = (state) => fresh.filter((zone) => zone.coverage.state === state);
  const [short, unclear, covered] = ["short", "unclear", "covered"].map(of);
  const stale = all.length - fresh.length;
  let headline = "All zones that need staff are covered";
  if (!all.length) headline = connection.state === "live" ? "No zones yet" : "Waiting for the first numbers";
  else if (!fresh.length) headline = "No fresh numbers";
  else if (stale && !short.length) headline = partly(all, unclear, covered);
  else if (short.length) headline = listed(short.map((zone) => `${zone.name} is ${zone.coverage.sentence}`));
  else if (unclear.length) {
    headline = `No zone is certainly short; cannot tell for ${listed(unclear.map((zone) => zone.name))}`;
  } else if (!covered.length) headline = "No zone needs staff now";
  say(at("headline"), headline);
  const well = unclear.length || stale ? "unclear" : "covered";
  at("headline").dataset.state = !fresh.length ? "stale" : short.length ? "short" : well;
  const tally = [
    ["short", short.length, "short"],
    ["unclear", unclear.length, "cannot tell"],
    ["covered", covered.length, "covered"],
    ["stale", stale, "stale"],
  ].filter(([state, count]) => count || (state !== "stale" && all.length));
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
  const silent = (since) => span((performance.now() - since) / 1000);
  const shown = [...store.zones.values()].map((zone) => store.zoneFreshness(zone));
  const ages = shown.map((fresh) => fresh.age).filter((age) => age !== null);
  const flowing = !shown.length || shown.some((fresh) => !fresh.stale);
  const halted = !flowing && ages.length > 0;
  const connected = connection.state === "live" && connection.redis;
  // The age stands apart and unheard, or a screen reader would start again every second.
  let [banner, age] = ["", ""];
  const explained = notices.render(connected, halted);
  if (connection.state === "lost") {
    banner = "Connection to the board lost. Numbers are not being updated; trying again.";
    age = silent(connection.lostAt);
  } else if (!connection.redis) {
    banner = "The store of live numbers is out of reach. Numbers are not being updated; trying again.";
    age = silent(connection.redisLostAt);
  } else if (halted) {
    const youngest = Math.min(...ages);
    const why = explained ? "" : ": cameras or the pipeline behind the board have stopped";
    banner = `No fresh numbers since ${moment(store.now() - youngest, store.now())}${why}.`;
    age = span(youngest);
  } else if (!flowing) {
    banner = "Nothing was measured yet.";
  }
  say(at("banner-text"), banner);
  say(at("banner-age"), age ? `For ${age}.` : "");
  at("banner").hidden = !banner;

  const word = connection.state === "connecting" ? "Connecting" : !connected ? "Not live" : flowing ? "Live" : "Connected, nothing new";
  at("live").dataset.state = connection.state === "connecting" ? "connecting" : !connected ? "lost" : flowing ? "live" : "idle";
  say(at("live-word"), word);

  if (!status) return;
  document.title = status.title;
  say(at("title"), status.title);
  const caution = status.detectors.map((detector) => detector.caution).find(Boolean) ?? "";
  say(at("caution"), caution ? `Caution: ${caution}` : "");
  at("caution").hidden = !caution;
  const detectors = status.detectors.map(
    ({ name, version, camera_ids }) => `${name} ${version} (${counted(camera_ids.length, "camera", "cameras")})`,
  );
  say(at("detector"), `Detector: ${listed(detectors) || "not known yet"}`);
  const newest = Math.max(...[...store.cameras.values()].map((camera) => camera.asOf ?? -Infinity));
  say(at("line"), Number.isFinite(newest) ? `Last frame: ${ago(store.now() - newest)}` : "");
  const { synced_us, error } = status.names;
  const names = error ? "Names and zones may be out of date: the registry is out of reach" : "";
  say(at("names"), names || (synced_us ? "" : "Names and zones are not read yet"));
}

function tick() {
  say(at("clock"), new Date(store.now() * 1000).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", second: "2-digit", hour12: false }));
  drawZones();
  cameras.render();
  drawStatus();
}

function remember(name, value) {
  try {
    localStorage.setItem(`wardstream.${name}`, value);
  } catch {
    // Storage may be switched off; the choice then lasts until the page is closed.
  }
}

function recall(name) {
  try {
    return localStorage.getItem(`wardstream.${name}`);
  } catch {
    return null;
  }
}

const THEMES = ["auto", "light", "dark"];

function showTheme(theme) {
  if (theme === "auto") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
  const word = { auto: "Auto", light: "Light", dark: "Dark" }[theme];
  say(at("theme-word"), word);
  at("theme").setAttribute("aria-label", `Colours: ${theme === "auto" ? "automatic" : theme}. Change`);
}

at("theme").addEventListener("click", () => {
  const now = document.documentElement.dataset.theme ?? "auto";
  const next = THEMES[(THEMES.indexOf(now) + 1) % THEMES.length];
  remember("theme", next);
  showTheme(next);
});
showTheme(document.documentElement.dataset.theme ?? "auto");

for (const choice of document.querySelectorAll("input[name=order]")) {
  choice.checked = choice.value === (recall("order") ?? "gaps");
  if (choice.checked) zones.order = choice.value;
  choice.addEventListener("change", () => {
    zones.order = choice.value;
    remember("order", choice.value);
    drawZones();
  });
}

connection.start();
tick();
setInterval(tick, 1000);
