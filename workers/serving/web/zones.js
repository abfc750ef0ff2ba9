// The list of zones: one row each, made once and then only changed where it differs.
import { icon } from "./icons.js";
import { TREND_S } from "./store.js";
import { ago, counted, draw, interval, make, say } from "./messages.js";

export const RANK = { short: 0, unclear: 1, covered: 2, none_required: 3, no_data: 4 };
export const CAUSES = {
  old: "STALE",
  camera_silent: "STALE: camera silent",
  clock_ahead: "CLOCK WRONG",
  no_data: "NO DATA",
};
const HAPPENED = { ENTERED: "entered", LEFT: "left", DWELL_EXCEEDED: "long stay", WITHDRAWN: "counted twice, taken back" };
const WIDTH = 120;
const HEIGHT = 34;

export class ZoneList {
  constructor(list, empty, store) {
    this.list = list;
    this.empty = empty;
    this.store = store;
    this.rows = new Map();
    this.order = "gaps";
    this.announced = new Map();
  }

  /** Draw every zone; returns sentences for what changed for the worse or better. */
  render() {
    const zones = [...this.store.zones.values()];
    zones.sort((a, b) => this.#compare(a, b));
    for (const [id, row] of this.rows) {
      if (!this.store.zones.has(id)) {
        row.item.remove();
        this.rows.delete(id);
      }
    }
    this.floors = new Set(zones.map((zone) => zone.floor_id)).size;
    const news = [];
    zones.forEach((zone, place) => {
      let row = this.rows.get(zone.zone_id);
      if (!row) {
        row = makeRow(zone.zone_id);
        this.rows.set(zone.zone_id, row);
      }
      if (this.list.children[place] !== row.item) this.list.insertBefore(row.item, this.list.children[place] ?? null);
      this.#fill(row, zone);
      const before = this.announced.get(zone.zone_id);
      if (before !== undefined && before !== zone.coverage.state) news.push(`${zone.name}: ${zone.coverage.sentence}`);
      this.announced.set(zone.zone_id, zone.coverage.state);
    });
    this.empty.hidden = zones.length > 0;
    return news;
  }

  #compare(a, b) {
    if (this.order === "gaps") {
      const rank = RANK[a.coverage.state] - RANK[b.coverage.state];
      const gap = (b.gap?.max ?? 0) - (a.gap?.max ?? 0);
      if (rank || (gap && a.coverage.state === "short")) return rank || gap;
    }
    return a.order - b.order || a.name.localeCompare(b.name) || (a.zone_id < b.zone_id ? -1 : 1);
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
    say(row.floor, this.floors > 1 && zone.floor_name !== zone.name ? zone.floor_name : "");
    say(row.sentence, zone.coverage.sentence);
    say(row.because, zone.coverage.because);
    say(row.roles, roles(zone.roles));
    say(row.people, zone.people ?? "–");
    say(row.scheduled, zone.scheduled ?? "–");
    say(row.required, zone.required ?? "–");
    say(row.change, lastChange(zone.last_change, this.store.now()));
    say(row.word, fresh.stale ? CAUSES[fresh.cause] : "");
    say(row.age, fresh.age === null ? "" : ago(fresh.age));
    this.#trend(row, zone);
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
    row.trend.setAttribute("aria-label", `Up to ${counted(high, "person", "people")} in the last 30 minutes`);
  }
}

function roles(all) {
  return all
    .filter((role) => role.required > 0)
    .map((role) => `${role.role || "staff"}: ${interval(role.present_min, role.present_max)} here, ${role.required} required`)
    .join(" · ");
}

function lastChange(change, now) {
  if (!change) return "";
  return `${HAPPENED[change.kind] ?? "changed"} ${ago(now - change.at_us / 1e6)}`;
}

function makeRow(id) {
  const name = make("h3", "name");
  const floor = make("p", "floor");
  const sentence = make("p", "sentence");
  const because = make("p", "because");
  const rolesLine = make("p", "roles");
  const iconBox = make("span", "state");
  const people = make("dd", "people");
  const scheduled = make("dd", "scheduled");
  const required = make("dd", "required");
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
    make("div", "who", name, floor),
    make("div", "verdict", iconBox, make("div", "", sentence, because, rolesLine)),
    make(
      "dl",
      "numbers",
      make("div", "big", make("dt", "", "People now"), people),
      make("div", "", make("dt", "", "Scheduled"), scheduled),
      make("div", "", make("dt", "", "Required"), required),
    ),
    make("div", "trend", trend, change),
    make("p", "fresh", word, " ", age),
  );
  item.dataset.zone = id;
  return {
    ...{ item, name, floor, sentence, because, roles: rolesLine, icon: iconBox },
    ...{ people, scheduled, required, path, trend, change, word, age },
  };
}
