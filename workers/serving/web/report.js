// The page Report: one week of staffing, for a screen and for paper.
import { ZoneFilter } from "./filter.js";
import { FilterBar } from "./filter_view.js";
import { make, say } from "./messages.js";
import { at, start, tell, trouble } from "./page.js";
import { note, section, table } from "./past_parts.js";
import { read } from "./requests.js";
import { curveOf, flowMap, heatLegend, heatMap, kindsOf } from "./report_charts.js";
import { floorFlows, missingIn, mondayOf, ranked, shifted, weekOf } from "./report_figures.js";
import { answerOf, DWELL_HEADS, FLOW_HEADS, floorSentence, madeOf, movesNote, nameOf, openOf, percent, REPORT, restOf, stay, weekTitle } from "./report_words.js";
import { sessionEnded } from "./session.js";
import { dayBounds, firstAt, isoOf, localOf, usOf } from "./site_time.js";
import { noAnswer } from "./why_words.js";

const STEP_MIN = 30;
const MOST_MAPS = 4; // zones with a heat map of their own
const MOST_FLOWS = 20;
const LITTLE = 10; // zones whose curves leave room on their sheet of paper

class ReportPage {
  constructor() {
    this.number = 0;
    this.choice = { filter: new ZoneFilter(location.search), everyZone: new Map(), zones: new Map() };
    this.bar = new FilterBar(at("chips"), at("chooser"), this.choice, () => {
      this.#choose();
      this.#ask();
    });
    at("ask").addEventListener("submit", (event) => {
      event.preventDefault();
      this.#go(at("day").value);
    });
    at("earlier").addEventListener("click", () => this.monday && this.#go(shifted(this.monday, -7)));
    at("later").addEventListener("click", () => this.monday && this.#go(shifted(this.monday, 7)));
    at("print").addEventListener("click", () => window.print());
    this.#begin();
  }

  /** The site's clock and zones first: the week is one there. */
  async #begin() {
    try {
      const [status, answer] = await Promise.all([read("status"), read("zones")]);
      this.timeZone = status.time_zone || "UTC";
      this.choice.everyZone = new Map(answer.zones.map((zone) => [zone.zone_id, zone]));
      const asked = new URLSearchParams(location.search).get("week") ?? "";
      const today = localOf(status.now_us ?? Date.now() * 1000, this.timeZone).slice(0, 10);
      this.monday = mondayOf(/^\d{4}-\d\d-\d\d$/.test(asked) && usOf(`${asked}T12:00:00`, "UTC") !== null ? asked : shifted(today, -7));
      this.#choose();
      this.#ask();
    } catch (error) {
      this.#fail(error);
    }
  }

  #choose() {
    const { choice } = this;
    choice.zones = new Map([...choice.everyZone].filter(([, zone]) => choice.filter.holds(zone)));
    this.bar.render();
  }

  #go(day) {
    if (!day) return;
    this.monday = mondayOf(day);
    this.#ask();
  }

  async #ask() {
    const number = ++this.number;
    const week = weekOf(this.monday, this.timeZone);
    week.starts = week.days.map((day) => dayBounds(day, this.timeZone)[0]);
    at("day").value = this.monday;
    const query = new URLSearchParams(this.choice.filter.search(location.search));
    query.set("week", this.monday);
    history.replaceState(null, "", `?${query}`);
    say(at("week"), weekTitle(week));
    document.title = `Weekly report: ${weekTitle(week)}`;
    this.#headSheets(weekTitle(week), "");
    say(at("state"), REPORT.looking);
    at("parts").replaceChildren(); // figures of another week must not stand below this one's title
    say(at("made"), "");
    trouble("");
    at("print").disabled = true;
    const floors = new Set([...this.choice.zones.values()].map((zone) => zone.floor_id));
    const asked = new URLSearchParams({ from: isoOf(week.from), to: isoOf(week.to), ...(floors.size === 1 ? { floor_id: [...floors][0] } : {}) });
    try {
      const [coverage, curves, dwell, movement] = await Promise.all([read(`history/coverage?${asked}`), read(`history/occupancy?${asked}&step_min=${STEP_MIN}`), read(`history/dwell?${asked}`), read(`history/movement?${asked}`)]);
      if (number === this.number) this.#show(week, { coverage, curves, dwell, movement });
    } catch (error) {
      if (number === this.number) this.#fail(error);
    }
  }

  #fail(error) {
    if (error.status === 401) sessionEnded();
    if (error.status === undefined) throw error;
    at("parts").replaceChildren();
    say(at("state"), "");
    say(at("made"), "");
    trouble(error.status === 422 ? `No report of that week: ${error.message}.` : noAnswer(error));
  }

  #show(week, { coverage, curves, dwell, movement }) {
    for (const zone of [coverage, curves, dwell, movement].flatMap((answer) => answer.zones)) zone.name = nameOf(zone, week.timeZone);
    const { filter, everyZone } = this.choice;
    const isShown = (zone) => !filter.isSet || this.choice.zones.has(zone.zone_id);
    const zones = coverage.zones.filter(isShown);
    const units = zones.flatMap((zone) => everyZone.get(zone.zone_id)?.units ?? []);
    const revisions = [...new Set([coverage, curves, dwell, movement].flatMap((answer) => answer.revisions))].sort((a, b) => a - b);
    const sites = [...new Set(units.map((unit) => unit.site).filter(Boolean))].sort();
    say(at("made"), madeOf({ sites, zones: zones.length, all: Math.max(everyZone.size, zones.length), revisions, now: coverage.now_us, knownTo: coverage.to_us, week }));
    this.#headSheets(weekTitle(week), at("made").textContent);
    at("print").disabled = false;
    say(at("state"), "");
    trouble("");
    if (!zones.length) {
      at("parts").replaceChildren(note(REPORT.nothing));
      return tell(REPORT.nothing);
    }
    const rows = ranked(zones, curves);
    const answer = make("p", "headline", answerOf(rows, this.#missing(rows[0], curves, week), week));
    answer.dataset.state = rows[0].sum.short ? "short" : rows[0].sum.possible ? "unclear" : "covered";
    at("parts").replaceChildren(
      make("div", "report-answer", answer, note(restOf(rows, week)) ?? ""),
      ...this.#heat(rows, zones, week, coverage.to_us),
      this.#curves(curves.zones.filter(isShown), curves, week),
      this.#dwell(dwell.zones.filter(isShown), dwell),
      this.#moves(movement, isShown),
      this.#files(zones, week, coverage.to_us),
    );
    tell(answer.textContent);
  }

  /** Week, site, revision and number at the edges of each sheet of paper. */
  #headSheets(title, made) {
    const quoted = (text) => JSON.stringify(text.replaceAll(/[\\\n\r]/g, " "));
    this.sheets ??= new CSSStyleSheet();
    this.sheets.replaceSync(`@page { @top-left { content: ${quoted(title)}; font: 8pt sans-serif; } @bottom-left { content: ${quoted(made)}; font: 7pt sans-serif; } @bottom-right { content: counter(page) " / " counter(pages); font: 8pt sans-serif; } }`);
    document.adoptedStyleSheets = [this.sheets];
  }

  /** What was missing on average in the worst hours of a zone. */
  #missing({ zone, run }, curves, week) {
    const curve = run && curves.zones.find((one) => one.zone_id === zone.zone_id);
    if (!curve) return null;
    const day = week.days[run.weekday - 1];
    const clock = zone.time_zone;
    const from = firstAt(`${day}T${String(run.first).padStart(2, "0")}:00:00`, clock);
    const to = run.last === 23 ? dayBounds(day, clock)[1] : firstAt(`${day}T${String(run.last + 1).padStart(2, "0")}:00:00`, clock);
    return missingIn(curve, curves, from, to);
  }

  #heat(rows, zones, week, knownTo) {
    const whole = section(REPORT.heat, note(REPORT.heatNote), heatLegend(kindsOf(zones, week, knownTo)), heatMap(REPORT.heat, zones, week, knownTo));
    const worst = rows.filter(({ sum }) => sum.short || sum.possible).slice(0, MOST_MAPS);
    if (zones.length < 2 || !worst.length) return [whole];
    const maps = worst.map(({ zone }) => make("div", "heat-of", make("h3", "", zone.name), heatMap(`${REPORT.heat}: ${zone.name}`, [zone], week, knownTo)));
    return [whole, section(REPORT.worst, make("div", "heats", ...maps))];
  }

  #curves(zones, answer, week) {
    const room = document.documentElement.clientWidth - 30;
    const width = Math.max(300, Math.min(660, room > 1000 ? room / 2 - 20 : room));
    return section(REPORT.curves, note(REPORT.curvesNote), make("div", "curves", ...zones.map((curve) => curveOf(curve, answer, week, width))));
  }

  #dwell(zones, answer) {
    if (!zones.some((zone) => zone.visits || zone.open_visits)) return section(REPORT.dwell, note(REPORT.noDwell));
    const rows = zones.map((zone) => ({
      zone: zone.name,
      visits: String(zone.visits),
      median: stay(zone.median_s),
      p90: stay(zone.p90_s),
      longest: stay(zone.longest_s),
      open: openOf(zone, answer.now_us, this.timeZone),
    }));
    const whole = section(REPORT.dwell, note(REPORT.dwellNote), table(REPORT.dwell, DWELL_HEADS, rows));
    if (rows.length <= LITTLE) whole.classList.add("follows"); // on the same sheet of paper
    return whole;
  }

  /** Links to the minutes that the report rests on, as files. */
  #files(zones, week, to) {
    const floors = new Set(zones.map((zone) => zone.floor_id));
    const only = zones.length === 1 ? { zone_id: zones[0].zone_id } : floors.size === 1 ? { floor_id: zones[0].floor_id } : {};
    const links = Object.entries(REPORT.files).map(([table, words]) => {
      const formats = ["csv", "parquet"].map((format) => {
        const link = make("a", "plain", REPORT.formats[format]);
        const asked = new URLSearchParams({ table, format, from: isoOf(week.from), to: isoOf(to), ...only });
        link.href = `api/v1/history/export?${asked}`;
        link.download = "";
        link.setAttribute("aria-label", `${words}: ${REPORT.formats[format]}`);
        return link;
      });
      return make("li", "", `${words} `, ...formats);
    });
    const whole = section(REPORT.save, note(REPORT.savedOf[Object.keys(only)[0] ?? "all"]), make("ul", "files", ...links));
    whole.classList.add("on-screen");
    return whole;
  }

  #moves(movement, isShown) {
    const asked = new Set(movement.zones.filter(isShown).map((zone) => zone.zone_id));
    const flows = movement.flows.filter(({ from_zone_id: from, to_zone_id: to }) => asked.has(from) || asked.has(to));
    if (!flows.length) return section(REPORT.moves, note(REPORT.noMoves));
    const names = new Map(movement.zones.map((zone) => [zone.zone_id, zone.name]));
    const floorNames = new Map([...this.choice.everyZone.values()].map((zone) => [zone.floor_id, zone.floor_name]));
    const floorName = (floor) => floorNames.get(floor) ?? floor;
    const out = new Map();
    for (const { from_zone_id: from, moves } of flows) out.set(from, (out.get(from) ?? 0) + moves);
    const rows = flows.slice(0, MOST_FLOWS).map(({ from_zone_id: from, to_zone_id: to, moves, linked }) => ({
      from: names.get(from) ?? REPORT.outside,
      to: names.get(to) ?? REPORT.outside,
      moves: String(moves),
      share: from === null || !asked.has(from) ? "–" : `${percent(moves / out.get(from))} %`,
      linked: String(linked),
    }));
    const shown = { zones: movement.zones, flows };
    const byFloor = [...floorFlows(shown)].sort(([one], [other]) => floorName(one).localeCompare(floorName(other)));
    const width = Math.max(300, Math.min(760, document.documentElement.clientWidth - 30));
    const floors = byFloor.map(([floor, sums]) => {
      const zones = [...this.choice.everyZone.values()].filter((zone) => zone.floor_id === floor && names.has(zone.zone_id));
      return make("div", "floor-flows", make("p", "", floorSentence(floorName(floor), sums, floorName)), flowMap(`${REPORT.moves}: ${floorName(floor)}`, zones, shown, width) ?? "");
    });
    const rest = flows.length > MOST_FLOWS ? note(`${flows.length - MOST_FLOWS} rarer ways are left out.`) : null;
    return section(REPORT.moves, note(movesNote(movement.within_s)), make("div", "", ...floors), table(REPORT.moves, FLOW_HEADS, rows), rest);
  }
}

const me = await start("board.read");
if (me) new ReportPage();
else say(at("state"), "");
