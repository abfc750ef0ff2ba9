// The list of zones: one row each, made once and then only changed where it differs.
import { alertsOf, fillBadges } from "./alert_badges.js";
import { ALERTS } from "./alert_words.js";
import { askOfZone, mayGive, wrongButton } from "./feedback.js";
import { icon } from "./icons.js";
import { TREND_S } from "./store.js";
import { ago, draw, interval, make, say } from "./messages.js";
import { markOf, marksOf, pictured } from "./roles.js";
import { leadToSystem, systemLink } from "./system_link.js";
import { leadTo, whyLink } from "./why_link.js";
import { capital, CAUSES, disagreement, FEEDBACK, gapOfRole, gapOfZone, lastChange, LABELS, mostLately, required, roleName, sinceWhen, standingIn, unknownsOfZone } from "./words.js";

export const RANK = { short: 0, unclear: 1, covered: 2, none_required: 3, no_data: 4 };
const WIDTH = 120;
const HEIGHT = 34;

/** Zones by how much they lack (`gaps`), or as the ward lists them (`ward`). */
export function inOrder(zones, order) {
  return [...zones].sort((a, b) => {
    if (order === "gaps") {
      const rank = RANK[a.coverage.state] - RANK[b.coverage.state];
      const gap = (b.gap?.max ?? 0) - (a.gap?.max ?? 0);
      if (rank || (gap && a.coverage.state === "short")) return rank || gap;
    }
    return a.order - b.order || a.name.localeCompare(b.name) || (a.zone_id < b.zone_id ? -1 : 1);
  });
}

/** Coverage of one role. */
export function stateOfRole(role) {
  if (!role.required) return "none_required";
  return role.gap_min > 0 ? "short" : role.gap_max > 0 ? "unclear" : "covered";
}

export class ZoneList {
  constructor(list, empty, store) {
    this.list = list;
    this.empty = empty;
    this.store = store;
    this.rows = new Map();
    this.order = "gaps";
    this.announced = new Map();
    this.rights = null; // of who looks; null while nobody knows
  }

  /** Draw every zone; returns sentences for what changed for the worse or better. */
  render() {
    const zones = inOrder(this.store.zones.values(), this.order);
    for (const [id, row] of this.rows) {
      if (!this.store.zones.has(id)) {
        row.item.remove();
        this.rows.delete(id);
      }
    }
    this.floors = new Set(zones.map((zone) => zone.floor_id)).size;
    this.marks = marksOf(this.store);
    const news = [];
    zones.forEach((zone, place) => {
      let row = this.rows.get(zone.zone_id);
      if (!row) {
        row = makeRow(zone.zone_id, () => askOfZone(this.store, this.store.zones.get(zone.zone_id)));
        this.rows.set(zone.zone_id, row);
      }
      if (this.list.children[place] !== row.item) this.list.insertBefore(row.item, this.list.children[place] ?? null);
      this.#fill(row, zone);
      const before = this.announced.get(zone.zone_id);
      if (before !== undefined && before !== zone.coverage.state) news.push(`${zone.name}: ${gapOfZone(zone)}`);
      this.announced.set(zone.zone_id, zone.coverage.state);
    });
    this.empty.hidden = zones.length > 0;
    return news;
  }

  #fill(row, zone) {
    const fresh = this.store.zoneFreshness(zone);
    const { state } = zone.coverage;
    if (row.item.dataset.state !== state) {
      row.item.dataset.state = state;
      row.icon.replaceChildren(icon(state));
    }
    row.item.dataset.stale = String(fresh.stale);
    say(row.name, zone.name);
    row.wrong.hidden = !mayGive(this.rights, zone);
    row.wrong.setAttribute("aria-label", FEEDBACK.named(zone.name));
    leadTo(row.why, zone);
    leadToSystem(row.system, zone, fresh.stale && this.rights?.has("pipeline.read"));
    say(row.floor, this.floors > 1 && zone.floor_name !== zone.name ? zone.floor_name : "");
    const now = this.store.now();
    say(row.sentence, gapOfZone(zone));
    say(row.since, capital(sinceWhen(zone, now)));
    say(row.because, unknownsOfZone(zone, fresh));
    say(row.differ, disagreement(zone.count));
    row.differ.hidden = !row.differ.textContent;
    fillBadges(row.alerts, this.store, alertsOf(this.store, zone), false);
    this.#roles(row, zone, now);
    say(row.people, zone.people ?? "–");
    say(row.scheduled, zone.scheduled ?? "–");
    say(row.required, required(zone));
    say(row.change, lastChange(zone.last_change, this.store.now()));
    say(row.word, fresh.stale ? CAUSES[fresh.cause] : "");
    say(row.age, fresh.age === null ? "" : ago(fresh.age));
    this.#trend(row, zone);
  }

  /** One line for each role that is required, planned or here. */
  #roles(row, zone, now) {
    const shown = zone.roles.filter((role) => role.required > 0 || role.present_min > 0);
    const marks = shown.map((role) => markOf(this.marks, role.role));
    const key = JSON.stringify([shown.map((role) => role.role), marks]);
    if (row.rolesKey !== key) {
      row.rolesKey = key;
      row.lines = shown.map((role, number) => makeLine(role.role, marks[number]));
      row.roles.replaceChildren(...row.lines.map(({ item }) => item));
    }
    shown.forEach((role, number) => {
      const line = row.lines[number];
      const state = stateOfRole(role);
      if (line.item.dataset.state !== state) {
        line.item.dataset.state = state;
        line.icon.replaceChildren(icon(state));
      }
      say(line.gap, capital(gapOfRole(role)));
      say(line.since, sinceWhen(role, now));
      say(line.standIn, standingIn(role));
      say(line.here, role.required ? interval(role.present_min, role.present_max) : String(role.present_min));
      say(line.scheduled, String(role.scheduled));
      say(line.required, required(role));
    });
  }

  #trend(row, zone) {
    const now = this.store.now();
    const key = `${zone.steps.length} ${zone.steps.at(-1)} ${Math.floor(now / 15)}`;
    if (row.trendKey === key) return;
    row.trendKey = key;
    if (!zone.steps.length) return;
    const high = Math.max(1, ...zone.steps.map(([, people]) => people));
    const x = (at) => (WIDTH * Math.max(0, Math.min(1, (at - (now - TREND_S)) / TREND_S))).toFixed(1);
    const y = (people) => (HEIGHT - 2 - ((HEIGHT - 5) * people) / high).toFixed(1);
    const points = zone.steps.map(([at, people], i) => `${i ? `H${x(at)}V` : `M${x(at)} `}${y(people)}`);
    row.path.setAttribute("d", `${points.join("")}H${WIDTH}`);
    row.trend.setAttribute("aria-label", mostLately(high));
  }
}

function makeRow(id, ask) {
  const [why, system, wrong] = [whyLink(), systemLink(), wrongButton(ask)];
  const name = make("h3", "name");
  const floor = make("p", "floor");
  const sentence = make("p", "sentence");
  const since = make("p", "since");
  const because = make("p", "because");
  const differ = make("p", "differ");
  const roles = make("ul", "roles");
  const alerts = make("ul", "alerts");
  alerts.setAttribute("aria-label", ALERTS.region);
  const iconBox = make("span", "state");
  const people = make("dd", "people");
  const scheduled = make("dd", "scheduled");
  const needed = make("dd", "required");
  const path = draw("path", { class: "steps" });
  const trend = draw(
    "svg",
    { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: "none", class: "spark", role: "img" },
    draw("path", { d: `M0 ${HEIGHT - 1.5}H${WIDTH}`, class: "floor-line" }),
    path,
  );
  const change = make("p", "change");
  const word = make("strong", "word");
  const age = make("span", "age");
  const item = make(
    "li",
    "zone",
    make("div", "who", name, floor, make("div", "asks", why, system, wrong)),
    make("div", "verdict", iconBox, make("div", "", make("div", "gap", sentence, since), because, differ, alerts)),
    make(
      "dl",
      "numbers",
      make("div", "big", make("dt", "", LABELS.people), people),
      make("div", "", make("dt", "", LABELS.scheduled), scheduled),
      make("div", "", make("dt", "", LABELS.required), needed),
    ),
    make("div", "trend", trend, change),
    make("p", "fresh", word, " ", age),
    roles,
  );
  item.dataset.zone = id;
  return {
    ...{ item, name, floor, why, system, wrong, sentence, since, because, differ, alerts, roles, icon: iconBox },
    ...{ people, scheduled, required: needed, path, trend, change, word, age },
  };
}

function makeLine(role, mark) {
  const [gap, standIn, sign] = [make("span", "role-gap"), make("span", "stand-in"), make("span", "state")];
  const since = make("p", "since");
  const [here, scheduled, needed] = [make("dd", "here"), make("dd", "scheduled"), make("dd", "required")];
  const item = make(
    "li",
    "role",
    make("p", "role-name", pictured(mark), make("span", "", capital(roleName(role)))),
    make("p", "role-verdict", sign, make("span", "", gap, " ", standIn)),
    make(
      "dl",
      "numbers",
      make("div", "", make("dt", "", LABELS.here), here),
      make("div", "", make("dt", "", LABELS.scheduled), scheduled),
      make("div", "", make("dt", "", LABELS.required), needed),
    ),
    since,
  );
  item.dataset.role = role;
  return { item, gap, since, standIn, icon: sign, here, scheduled, required: needed };
}
