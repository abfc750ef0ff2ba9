// The display on a wall: the zones of one unit, read from three metres, with nothing to click.
import { alertsOf, GravestAlert } from "./alert_badges.js";
import { TIERS, todo } from "./alert_words.js";
import { answerOf, trustOf } from "./answer.js";
import { ZoneFilter } from "./filter.js";
import { FilterBar } from "./filter_view.js";
import { ago, make, say, showClock } from "./messages.js";
import { icon } from "./icons.js";
import { Pairing } from "./pairing.js";
import { Refused, read } from "./requests.js";
import { Store } from "./store.js";
import { Connection } from "./stream.js";
import { capital, CAUSES, gapByRole, gapOfZone, LABELS, sinceWhen, staffRequired, zonesInTurn } from "./words.js";
import { RANK } from "./zones.js";

const MOST = 12; // zones at once; more take turns
const TURN_MS = 12000;
const AGAIN_MS = 5000;

const at = (id) => document.getElementById(id);
const store = new Store(new ZoneFilter(location.search));
const filterBar = new FilterBar(at("chips"), null, store, () => {});
const connection = new Connection(store, () => requestAnimationFrame(draw), draw, pair);
const tiles = new Map();
const gravest = new GravestAlert(at("act"), store);
let first = 0;

function draw() {
  if (pair.begun) return; // nobody is logged in: nothing of the ward is shown
  const all = [...store.zones.values()].sort(
    (a, b) => RANK[a.coverage.state] - RANK[b.coverage.state] || (b.gap?.max ?? 0) - (a.gap?.max ?? 0) || a.order - b.order || a.name.localeCompare(b.name),
  );
  if (first >= all.length) first = 0;
  const shown = all.slice(first, first + MOST);
  const columns = innerWidth < innerHeight ? Math.ceil(shown.length / 6) : Math.ceil(shown.length / 4);
  at("zones").style.setProperty("--columns", String(Math.max(1, columns)));
  at("zones").dataset.many = String(columns > 1);
  const items = shown.map((zone) => {
    let tile = tiles.get(zone.zone_id);
    if (!tile) tiles.set(zone.zone_id, (tile = makeTile(zone.zone_id)));
    fill(tile, zone, columns > 1 ? gapOfZone : gapByRole);
    return tile.item;
  });
  if (items.length !== at("zones").children.length || items.some((item, i) => at("zones").children[i] !== item)) at("zones").replaceChildren(...items);
  const last = Math.min(first + MOST, all.length);
  say(at("part"), all.length > MOST ? zonesInTurn(first + 1, last, all.length) : "");
  at("part").hidden = all.length <= MOST;

  const { headline, state } = answerOf(store, connection, true);
  say(at("headline"), headline);
  at("headline").dataset.state = state;
  filterBar.render();
  gravest.render();
  const trust = trustOf(store, connection, () => false);
  say(at("banner-text"), trust.banner);
  say(at("banner-age"), trust.age);
  at("banner").hidden = !trust.banner;
  at("live").dataset.state = trust.state;
  say(at("live-word"), trust.word);
  showClock(at("clock"), store, {});
}

function fill(tile, zone, gap) {
  const fresh = store.zoneFreshness(zone);
  const { state } = zone.coverage;
  if (tile.item.dataset.state !== state) {
    tile.item.dataset.state = state;
    tile.icon.replaceChildren(icon(state));
  }
  tile.item.dataset.stale = String(fresh.stale);
  say(tile.name, zone.name);
  say(tile.sentence, capital(gap(zone)));
  say(tile.since, capital(sinceWhen(zone, store.now())));
  const [alert] = alertsOf(store, zone);
  say(tile.alert, alert ? `${TIERS[alert.tier] ?? TIERS.UNKNOWN}. ${todo(alert)}` : "");
  tile.alert.hidden = !alert;
  say(tile.people, String(zone.people ?? "–"));
  say(tile.of, zone.people === 1 ? LABELS.person : LABELS.persons);
  say(tile.need, zone.required ? staffRequired(zone) : "");
  say(tile.word, fresh.stale ? CAUSES[fresh.cause] : "");
  say(tile.age, fresh.stale && fresh.age !== null ? `, ${ago(fresh.age)}` : "");
}

function makeTile(id) {
  const [name, sentence, people] = [make("h2", "name"), make("p", "sentence"), make("p", "people")];
  const [of, need, word, age] = [make("p", "of"), make("p", "of"), make("strong", "word"), make("span", "age")];
  const since = make("p", "since");
  const alert = make("p", "tile-alert");
  const mark = make("span", "");
  const words = make("div", "", make("div", "tile-head", mark, name), sentence, since, alert, make("p", "fresh", word, age));
  const item = make("li", "tile", make("div", "tile-body", words, make("div", "tile-count", people, of, need)));
  item.dataset.zone = id;
  return { item, name, sentence, since, alert, people, of, need, word, age, icon: mark };
}

/** Show how to log this display in; the page starts again when that is done. */
function pair() {
  for (const id of ["zones", "headline", "act", "part", "banner"]) at(id).hidden = true;
  at("live").hidden = true;
  at("pairing").hidden = false;
  pair.begun ??= new Pairing(at("pair-url"), at("pair-code"), at("pair-state")).start(new URLSearchParams(location.search).get("unit") ?? "");
}

async function begin() {
  try {
    const me = await read("me");
    begin.unit = me.unit_names?.[me.unit] ?? me.unit;
    connection.start(new Set(me.rights));
  } catch (error) {
    if (error instanceof Refused && error.status === 401) pair();
    else setTimeout(begin, AGAIN_MS);
  }
}

begin();
setInterval(() => {
  const title = begin.unit || store.status?.title || LABELS.title;
  say(at("title"), title);
  document.title = title;
  draw();
}, 1000);
setInterval(() => {
  first += MOST;
  draw();
}, TURN_MS);
