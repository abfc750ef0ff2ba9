// One moment of the past on the page: zones, alerts, and where people were.
import { extentOf, isOnPlan, Scale } from "./floors.js";
import { icon } from "./icons.js";
import { draw, make } from "./messages.js";
import { note, section, table } from "./past_parts.js";
import { points } from "./outlines.js";
import { besides } from "./site_time.js";
import { alertOf, figureOf, measuredOf, ownerOf, PAST, PAST_HEADS, peopleOf, requiredOf, revisionOf, rolesOf, summaryOf, verdictOf } from "./history_words.js";
import { personWhere, personWho } from "./why_words.js";
import { whyAddress } from "./why_link.js";

const MOST_PX = 640;
const LEAST_PX = 300;

/** The zones of a moment with their sentences; worst is for the reader to find by the icon. */
export function zonesOf(answer, timeZone) {
  const { at_us: at, zones, view } = answer;
  if (!zones.length) return section(PAST.zones, note(PAST.nothing));
  const { zone, gap, people, scheduled, required, roles, measured, revision, why } = PAST_HEADS;
  const rows = zones.map((one) => ({
    zone: one.name,
    gap: gapCell(one, at),
    people: peopleOf(one),
    scheduled: one.record ? String(one.record.scheduled) : "–",
    required: requiredOf(one),
    roles: rolesOf(one),
    measured: measuredOf(one, at, timeZone),
    revision: revisionOf(one.revision),
    why: whyCell(one),
  }));
  const heads = { zone, gap, people, scheduled, required, roles, measured, ...(view === "known" ? { revision } : {}), why };
  return make("div", "", make("p", "headline past-headline", summaryOf(zones)), section(PAST.zones, table(PAST.zones, heads, rows)));
}

function gapCell(zone, at) {
  const { sentence, since, because } = verdictOf(zone, at / 1e6);
  const state = zone.freshness.stale ? "stale" : zone.coverage.state;
  const cell = make("div", "verdict", make("span", "state", icon(state)), make("div", "", make("div", "gap", make("span", "sentence", sentence), " ", make("span", "since", since)), make("p", "because", because)));
  cell.dataset.state = state;
  return cell;
}

function whyCell(zone) {
  if (!zone.record) return "";
  const link = make("a", "plain small", PAST.why);
  link.href = whyAddress(zone.zone_id, zone.record.as_of_us);
  link.setAttribute("aria-label", PAST.whyOf(zone.name));
  return link;
}

/** Alerts that were open; those of rules that only try are left out. */
export function alertsOf(answer, timeZone) {
  const names = new Map(answer.zones.map((zone) => [zone.zone_id, zone.name]));
  const { alert, where, figure, since, owner } = PAST_HEADS;
  const rows = answer.floors.flatMap((floor) =>
    floor.alerts
      .filter((one) => one.stage !== "SILENT")
      .map((one) => ({
        alert: alertOf(one),
        where: names.get(one.zone_id) ?? floor.name,
        figure: figureOf(one),
        since: besides(one.since_us, answer.at_us, timeZone),
        owner: ownerOf(one),
      })),
  );
  return section(PAST.alerts, rows.length ? table(PAST.alerts, { alert, where, figure, since, owner }, rows) : note(PAST.noAlerts));
}

/** Where people of a floor were: a plan where its zones are in metres, and a list. */
export function peopleOfFloor(floor, zones, people, underlays) {
  if (!people.length) return make("div", "", make("h3", "", floor.name), note(PAST.nobody));
  const names = new Map(zones.map((zone) => [zone.zone_id, zone.name]));
  const { person, who, where, place } = PAST_HEADS;
  const rows = people.map((one) => ({
    person: one.person_id,
    who: personWho(one),
    where: one.zone_ids.map((id) => names.get(id) ?? id).join(", "),
    place: personWhere(one),
  }));
  const plan = planOf(zones, people, (scale) => underlays.on(floor.floor_id, scale));
  return make("div", "", make("h3", "", floor.name), plan ?? "", table(`${PAST.people}: ${floor.name}`, { person, who, where, place }, rows));
}

function planOf(zones, people, underOf) {
  const drawn = zones.filter(isOnPlan);
  if (!drawn.length) return null;
  const width = Math.min(MOST_PX, Math.max(LEAST_PX, document.documentElement.clientWidth - 30));
  const scale = new Scale(extentOf(drawn, []), width);
  const areas = drawn.map((zone) => {
    const outline = zone.polygon.map((corner) => scale.at(corner));
    const top = outline.reduce((best, point) => (point.y < best.y || (point.y === best.y && point.x < best.x) ? point : best));
    const area = draw("g", { class: "area" }, draw("polygon", { class: "outline", points: points(outline) }), draw("text", { class: "plan-name", x: top.x + 6, y: top.y + 18 }, zone.name));
    area.dataset.state = zone.freshness.stale ? "stale" : zone.coverage.state;
    return area;
  });
  const dots = people
    .filter((one) => one.x_m !== null)
    .map((one) => {
      const { x, y } = scale.at({ x: one.x_m, y: one.y_m });
      const known = Boolean(one.role || one.staff_id);
      const letter = draw("text", { class: known ? "role-letter" : "dot-unknown", "text-anchor": "middle", y: 4, "font-size": 11 }, known ? (one.role || "S").charAt(0).toUpperCase() : "?");
      return draw("g", { class: `mark ${known ? "staff" : "person"}`, transform: `translate(${x.toFixed(1)} ${y.toFixed(1)})` }, draw("circle", { r: 9, class: known ? "dot-staff" : "dot-person" }), letter);
    });
  return draw("svg", { class: "past-plan", viewBox: `0 0 ${scale.width} ${scale.height.toFixed(1)}`, role: "img", "aria-label": PAST.people }, ...underOf(scale), ...areas, ...dots);
}
