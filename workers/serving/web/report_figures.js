// What the weekly report counts: days of a week, hours of zones, their worst hours, and where people went.
import { dayBounds, localOf } from "./site_time.js";

const DAY_MS = 86400000;
const QUARTER_US = 900e6; // clocks of all time zones differ from UTC by whole quarters of an hour
const HOUR_MIN = 60;
export const HOURS = [...Array(24).keys()];

/** The Monday of the week that holds a day, as "2026-11-30". */
export function mondayOf(day) {
  const at = new Date(Date.parse(`${day}T00:00:00Z`));
  return shifted(day, -((at.getUTCDay() + 6) % 7));
}

/** A day some days later, as "2026-12-07". */
export function shifted(day, days) {
  return new Date(Date.parse(`${day}T00:00:00Z`) + days * DAY_MS).toISOString().slice(0, 10);
}

/** A week on a clock: its days, and its start and end in microseconds; 167, 168 or 169 hours. */
export function weekOf(monday, timeZone) {
  const days = [...Array(7).keys()].map((number) => shifted(monday, number));
  return { monday, days, timeZone, from: dayBounds(days[0], timeZone)[0], to: dayBounds(days[6], timeZone)[1] };
}

/** Of each hour of a week's days when it starts, microseconds, and how many minutes it has on the clock; by "2026-11-30T07", skipped ones left out. */
function hoursOnClock(week) {
  const found = new Map();
  for (let us = week.from; us < week.to; us += QUARTER_US) {
    const name = localOf(us, week.timeZone).slice(0, 13);
    const hour = found.get(name) ?? { from: us, minutes: 0 };
    found.set(name, { ...hour, minutes: hour.minutes + QUARTER_US / 6e7 });
  }
  return found;
}

/** Minutes of zones together: short, possibly short, covered and not watched, with shares of the watched ones. */
export function summed(hours) {
  const [short, possible, covered, unseen] = ["short_min", "possible_min", "covered_min", "not_watched_min"].map((name) => hours.reduce((sum, one) => sum + one[name], 0));
  const watched = short + possible + covered;
  return { short, possible, covered, unseen, watched, low: watched ? short / watched : null, high: watched ? (short + possible) / watched : null };
}

/**
 * The cells of a heat map: for each weekday and hour what was, or why nothing can be.
 *
 * @param zones as the API gives them, by hour of the week
 * @param week of `weekOf`
 * @param knownTo end of what is past, microseconds
 * @returns {Map<string, object>}"); b=s.index("/**\n * The hours of one day in a row")
s=s[:a]+''' * @returns {Map<string, object>} by "weekday-hour": `{kind: "seen" | "unseen" | "skipped" | "ahead" | "none", minutes, twice, ...summed}`; `twice` is how many minutes the clock showed again
 */
export function cellsOf(zones, week, knownTo) {
  const found = new Map();
  const onClock = (week.hours ??= hoursOnClock(week));
  for (const [number, day] of week.days.entries()) {
    for (const hour of HOURS) {
      const hours = zones.flatMap((zone) => zone.hours.filter((one) => one.weekday === number + 1 && one.hour === hour));
      const cell = { weekday: number + 1, hour, ...summed(hours) };
      const shown = onClock.get(`${day}T${String(hour).padStart(2, "0")}`);
      cell.twice = Math.max(0, (shown?.minutes ?? 0) - HOUR_MIN);
      if (hours.length) cell.kind = cell.watched ? "seen" : "unseen";
      else cell.kind = !shown ? "skipped" : shown.from >= knownTo ? "ahead" : "none";
      found.set(`${number + 1}-${hour}`, cell);
    }
  }
  return found;
}

/**
 * The hours of one day in a row in which a zone was short the longest: those with at least half of the share of its worst hour.
 * Hours that were watched for less than half are left out where others were short, too: a minute says little of an hour.
 *
 * @returns `{weekday, first, last, short}`, hours included; null where it was never short for sure
 */
export function worstRun(zone) {
  let best = null;
  let run = null;
  const short = zone.hours.filter((one) => one.short_min > 0);
  const watched = short.filter((one) => one.short_min + one.possible_min + one.covered_min >= one.not_watched_min);
  const judged = new Set(watched.length ? watched : short);
  if (!judged.size) return null;
  const least = Math.max(...[...judged].map((one) => one.short_share)) / 2;
  for (const one of [...zone.hours].sort((a, b) => a.weekday - b.weekday || a.hour - b.hour)) {
    const isShort = judged.has(one) && one.short_share >= least;
    const goesOn = isShort && run && run.weekday === one.weekday && run.last === one.hour - 1;
    if (!isShort) run = null;
    else if (goesOn) run = { ...run, last: one.hour, short: run.short + one.short_min };
    else run = { weekday: one.weekday, first: one.hour, last: one.hour, short: one.short_min };
    if (run && (!best || run.short > best.short)) best = run;
  }
  return best;
}

/** The average of what was missing in a time, `[least, most]`, from a zone's curve; null where nothing is known. */
export function missingIn(curve, answer, from, to) {
  let [known, low, high] = [0, 0, 0];
  curve.known_min.forEach((minutes, number) => {
    const at = answer.from_us + number * answer.step_min * 6e7;
    if (!minutes || at < from || at >= to) return;
    known += minutes;
    low += minutes * curve.gap_min_avg[number];
    high += minutes * curve.gap_max_avg[number];
  });
  return known ? [low / known, high / known] : null;
}

/** Zones with what they lacked, the worst first: those that were short for sure, then possibly, and of these by staff hours that were missing. */
export function ranked(zones, curves) {
  const curveOf = new Map(curves.zones.map((curve) => [curve.zone_id, curve]));
  return zones
    .map((zone) => ({ zone, sum: summed(zone.hours), run: worstRun(zone), lost: staffHours(curveOf.get(zone.zone_id)) }))
    .sort((a, b) => surety(b) - surety(a) || b.lost[0] - a.lost[0] || b.lost[1] - a.lost[1]);
}

function surety({ sum }) {
  return sum.short ? 2 : Number(sum.possible > 0);
}

/** How much staff was missing in all, `[least, most]`, staff hours. */
function staffHours(curve) {
  const sum = (name) => (curve ? curve.known_min.reduce((total, minutes, number) => total + (minutes * (curve[name][number] ?? 0)) / 60, 0) : 0);
  return [sum("gap_min_avg"), sum("gap_max_avg")];
}

/** Of each floor how many came from outside, went outside, and went to other floors. */
export function floorFlows(movement) {
  const floorOf = new Map(movement.zones.map((zone) => [zone.zone_id, zone.floor_id]));
  const found = new Map();
  const add = (floor, name, moves, other) => {
    if (!found.has(floor)) found.set(floor, { came: 0, left: 0, to: new Map() });
    const one = found.get(floor);
    if (name === "to") one.to.set(other, (one.to.get(other) ?? 0) + moves);
    else one[name] += moves;
  };
  for (const { from_zone_id: from, to_zone_id: to, moves } of movement.flows) {
    const [start, end] = [floorOf.get(from), floorOf.get(to)];
    if (from === null) add(end, "came", moves);
    else if (to === null) add(start, "left", moves);
    else if (start !== end) add(start, "to", moves, end);
  }
  return found;
}
