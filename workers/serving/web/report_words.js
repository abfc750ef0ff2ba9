// What the weekly report says, in English.
import { counted, listed } from "./messages.js";
import { dayOf, inFull } from "./site_time.js";

export const REPORT = {
  looking: "Looking …",
  nothing: "No zone is in what was chosen, or none was registered in that week.",
  heat: "Short of staff by hour and weekday",
  heatNote: "Percent of the watched time in which staff was missing: the first figure for sure, the second at most.",
  worst: "The same, zone by zone",
  curves: "People in each zone",
  curvesNote: "The line is the average of each half hour, the band reaches from the fewest to the most people counted in it. Where there is no line, nothing is known.",
  dwell: "How long people stayed",
  dwellNote: "Visits that ended in this week; ids that a link joins are one person. Visits that had not ended are counted apart, and are in none of the lengths.",
  noDwell: "No visit is known in this week.",
  moves: "Where people went",
  noMoves: "No movement is known in this week.",
  outside: "Outside of all zones",
  hour: "Hour",
  save: "Save the figures",
  savedOf: {
    zone_id: "All minutes of this zone in this week; times are UTC.",
    floor_id: "All minutes of all zones of this floor in this week; times are UTC.",
    all: "All minutes of all zones that you see in this week; times are UTC.",
  },
  files: { occupancy: "People, required staff and gap", coverage: "The same by role" },
  formats: { csv: "CSV", parquet: "Parquet" },
  legend: {
    seen: ["35–60", "short for 35 % of the time for sure, for 60 % at most; darker: more for sure"],
    thin: ["35°", "hatched, with a ring: watched for less than half of the time"],
    unseen: ["–", "hatched: not watched; nothing is known, and it does not mean 0"],
    skipped: ["skip", "the clock skipped this hour"],
    twice: ["2×", "the clock showed this hour, or a part of it, twice; both are counted"],
    ahead: ["·", "still to come"],
  },
};

export const DWELL_HEADS = { zone: "Zone", visits: "Visits", median: "Half stayed up to", p90: "9 of 10 stayed up to", longest: "Longest", open: "Not ended" };
export const FLOW_HEADS = { from: "From", to: "To", moves: "Moves", share: "Of all who went from there", linked: "Lost and found again on the way" };

/** "Week of Mon, 30 Nov to Sun, 6 Dec 2026 (Europe/Berlin)". */
export function weekTitle(week) {
  const day = (us, year) => new Date(us / 1000).toLocaleDateString([], { weekday: "short", day: "numeric", month: "short", ...(year && { year: "numeric" }), timeZone: week.timeZone });
  return `Week of ${day(week.from, false)} to ${day(week.to - 1, true)} (${week.timeZone})`;
}

/** A zone's name, with the time at which it was removed where that was in the week. */
export function nameOf(zone, timeZone) {
  return zone.removed_at_us ? `${zone.name} (removed ${inFull(zone.removed_at_us, timeZone).replace(/:\d\d \(.*/, "")})` : zone.name;
}

/** What the report is of, from which revisions, and when it was made. */
export function madeOf({ sites, zones, all, revisions, now, knownTo, week }) {
  const where = `${sites.length ? `${listed(sites)}: ` : ""}${zones === all ? counted(all, "zone", "zones") : `${zones} of ${counted(all, "zone", "zones")}`}`;
  const from = revisions.length ? `as known now, by ${revisions.length === 1 ? "revision" : "revisions"} ${listed(revisions.map(String))} where corrected` : "as it was written, without revisions";
  const ended = knownTo < week.to ? ` The week is not over: figures reach to ${inFull(knownTo, week.timeZone)}.` : "";
  return `${where}; ${from}. Made ${inFull(now, week.timeZone)}.${ended}`;
}

/** Minutes in words: "14 h 30 min". */
export function long(minutes) {
  const whole = Math.round(minutes);
  const [hours, rest] = [Math.floor(whole / 60), whole % 60];
  if (!hours) return `${rest} min`;
  return rest ? `${hours} h ${rest} min` : `${hours} h`;
}

/** A length of a visit: "45 s", "12 min", "3 h 10 min"; a dash for none. */
export function stay(seconds) {
  if (seconds === null) return "–";
  if (seconds < 100) return `${Math.round(seconds)} s`;
  return long(seconds / 60);
}

/** A share in percent: "0", "<1", "35". */
export function percent(share) {
  if (share > 0 && share < 0.01) return "<1";
  if (share < 1 && share > 0.99) return ">99";
  return String(Math.round(share * 100));
}

/** "35" or "35–60". */
export function percents(low, high) {
  const [one, two] = [percent(low), percent(high)];
  return one === two ? one : `${one}–${two}`;
}

/** "1.2 to 2.4", with one decimal. */
function amounts([low, high]) {
  const [one, two] = [low, high].map((number) => (Math.round(number * 10) / 10).toString());
  return one === two ? one : `${one} to ${two}`;
}

function hoursOf(run) {
  const time = (hour) => `${String(hour).padStart(2, "0")}:00`;
  return `${time(run.first)} to ${time(run.last + 1)}`;
}

/** "Tue, 1 Dec 14:00 to 18:00". */
export function runOf(run, week) {
  const day = new Date(`${week.days[run.weekday - 1]}T12:00:00Z`).toLocaleDateString([], { weekday: "long", day: "numeric", month: "short", timeZone: "UTC" });
  return `${day}, ${hoursOf(run)}`;
}

/** The sentence on top: the worst zone and hours, by how much, how sure. */
export function answerOf(rows, missing, week) {
  const watched = rows.reduce((sum, { sum: one }) => sum + one.watched, 0);
  if (!watched) return "Nothing is known of this week: no zone was watched.";
  const [first] = rows;
  const { short, possible } = first.sum;
  if (!short && !possible) return "No zone was short of staff in the watched time of this week.";
  if (!short) return `No zone was short of staff for sure. ${first.zone.name} may have been, for ${long(possible)} of ${long(first.sum.watched)} watched.`;
  const more = possible ? `, possibly ${long(possible)} more` : "";
  const by = missing ? `: ${amounts(missing)} staff missing on average` : "";
  const lost = amounts(first.lost.map((hours) => (hours < 10 ? hours : Math.round(hours))));
  return `${first.zone.name} lacked the most staff: short for ${long(short)} for sure${more}, of ${long(first.sum.watched)} watched. Staff hours missing: ${lost}. Worst on ${runOf(first.run, week)}${by}.`;
}

/** What follows the answer: the next zones, and what nobody watched. */
export function restOf(rows, week) {
  const parts = [];
  const next = rows.slice(1).filter(({ sum }) => sum.short);
  if (next.length) {
    const named = next.slice(0, 3).map(({ zone, sum, run }) => `${zone.name} for ${long(sum.short)} (worst ${runOf(run, week)})`);
    const others = next.length > 3 ? `, and ${counted(next.length - 3, "zone", "zones")} less` : "";
    parts.push(`Then ${listed(named)}${others}.`);
  }
  const unseen = rows.reduce((sum, { sum: one }) => sum + one.unseen, 0);
  const all = unseen + rows.reduce((sum, { sum: one }) => sum + one.watched, 0);
  if (unseen) parts.push(`${percent(unseen / all)} % of the time of these zones was not watched: nothing is known of it.`);
  return parts.join(" ");
}

/** What a cell of the heat map shows. */
export function cellText(cell) {
  const { legend } = REPORT;
  if (cell.kind === "unseen" || cell.kind === "none") return legend.unseen[0];
  if (cell.kind !== "seen") return legend[cell.kind][0];
  return `${percents(cell.low, cell.high)}${isThin(cell) ? "°" : ""}`;
}

/** Whether less than half of an hour was watched. */
export function isThin(cell) {
  return cell.kind === "seen" && cell.watched < cell.unseen;
}

/** The same for a screen reader, and when pointed at. */
export function cellTitle(cell, week) {
  const when = runOf({ weekday: cell.weekday, first: cell.hour, last: cell.hour }, week);
  const twice = cell.twice === 60 ? " The clock showed this hour twice." : cell.twice ? ` The clock showed ${cell.twice} min of this hour twice.` : "";
  if (cell.kind === "unseen") return `${when}: not watched.${twice}`;
  if (cell.kind === "none") return `${when}: no zone was registered.`;
  if (cell.kind === "skipped") return `${when}: the clock skipped this hour.`;
  if (cell.kind === "ahead") return `${when}: still to come.`;
  const sure = `short for ${long(cell.short)} for sure, possibly ${long(cell.possible)} more, of ${long(cell.watched)} watched`;
  return `${when}: ${sure}${cell.unseen ? `; ${long(cell.unseen)} not watched` : ""}.${twice}`;
}

/** Visits that had not ended: how many, and since when the longest. */
export function openOf(zone, now, timeZone) {
  if (!zone.open_visits) return "none";
  const since = zone.open_since_us;
  const at = `${dayOf(since, timeZone)}, ${new Date(since / 1000).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", hour12: false, timeZone })}`;
  return `${zone.open_visits}, the longest since ${at}`;
}

/** The caption of a curve. */
export function curveCaption(curve) {
  const known = curve.known_min.reduce((sum, one) => sum + one, 0);
  if (!known) return `${curve.name}: nothing is known`;
  const average = curve.people_avg.reduce((sum, one, number) => sum + (one ?? 0) * curve.known_min[number], 0) / known;
  const counts = (name) => curve[name].filter((one) => one !== null);
  return `${curve.name}: ${average.toFixed(1)} on average, ${Math.min(...counts("people_min"))} to ${Math.max(...counts("people_max"))}; known for ${long(known)}`;
}

/** What came to a floor and left it. */
export function floorSentence(name, { came, left, to }, nameOf) {
  const parts = [`${counted(came, "arrival", "arrivals")} from outside`, `${counted(left, "departure", "departures")}`];
  for (const [floor, moves] of to) parts.push(`${moves} to ${nameOf(floor)}`);
  return `${name}: ${parts.join(", ")}.`;
}

/** What counts as leaving. */
export function movesNote(withinS) {
  return `Who is in no zone for more than ${Math.round(withinS / 60)} min has left. Somebody who is lost from view and gets a new number counts as leaving and coming again, so the true numbers may be lower.`;
}
