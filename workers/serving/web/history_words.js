// What the page History says, in English.
import { interval, listed } from "./messages.js";
import { besides } from "./site_time.js";
import { capital, gapOfZone, required, roleName, sinceWhen, span, unknownsOfZone } from "./words.js";

export const PAST = {
  looking: "Looking …",
  nothing: "No zone was registered then.",
  zones: "Zones then",
  alerts: "Alerts that were open",
  noAlerts: "No alert was open.",
  people: "Where people were",
  nobody: "Nobody was seen on this floor, or positions of that time are no longer kept.",
  peopleRight: "Where people were is for access roles that may see it (history.read).",
  reason: "Why do you need to see where people were?",
  reasonNote: "The audit keeps this with your name, and each moment that you look at.",
  show: "Show them",
  play: "Replay",
  stop: "Stop",
  why: "Why?",
  whyOf: (zone) => `Why did ${zone} show this?`,
  ended: "The replay has reached the present.",
  badTime: "This time does not exist on that day: the clocks skipped it.",
};

export const PAST_HEADS = {
  zone: "Zone",
  gap: "Coverage",
  people: "People",
  scheduled: "Scheduled",
  required: "Required",
  roles: "By role: here, required",
  measured: "Measured",
  revision: "From",
  why: "",
  alert: "Alert",
  where: "Where",
  figure: "Figure",
  since: "Since",
  owner: "Who acts, and how",
  person: "Person",
  who: "Who",
  place: "Place",
};

const TIERS = { PAGE: "page", WARNING: "warning", NOTICE: "notice" };
const STALE = { old: "STALE", camera_silent: "STALE: camera silent", clock_ahead: "CLOCK WRONG", no_data: "NO DATA" };

/** A zone of the past in the shape that the board's own words take. */
export function asBoardZone(zone) {
  const { record, coverage } = zone;
  if (!record) return { people: null, roles: [], gap: null, coverage };
  return { ...record, coverage, gap: { min: record.gap_min, max: record.gap_max } };
}

/** The sentence of a zone, since when, and who was there. */
export function verdictOf(zone, at) {
  const shape = asBoardZone(zone);
  const words = zone.freshness.stale ? `${STALE[zone.freshness.cause]}. ` : "";
  return { sentence: `${words}${gapOfZone(shape)}`, since: capital(sinceWhen(shape, at)), because: unknownsOfZone(shape, zone.freshness) };
}

/** People as all counts allow together; one number where nothing says otherwise. */
export function peopleOf({ record }) {
  if (!record) return "–";
  const { count, people } = record;
  if (!count || (count.low === people && count.high === people)) return String(people);
  return `${people} (${span(count.low, count.high)})`;
}

export function requiredOf({ record }) {
  return record ? required(record) : "–";
}

/** Roles of a zone in a few words. */
export function rolesOf({ record }) {
  const shown = (record?.roles ?? []).filter((role) => role.required > 0 || role.present_min > 0);
  return shown.map((role) => `${roleName(role.role)} ${interval(role.present_min, role.present_max)} of ${required(role)}`).join("; ");
}

/** When a figure was measured. */
export function measuredOf({ record }, at, timeZone) {
  return record ? besides(record.as_of_us, at, timeZone) : "never that day";
}

export function revisionOf(revision) {
  return revision === null ? "the pipeline" : `revision ${revision}`;
}

/** The figure of an alert against its threshold. */
export function figureOf({ figure_min: low, figure_max: high, threshold }) {
  return `${interval(low, high)}, limit ${threshold}`;
}

/** What an alert is, with its tier. */
export function alertOf(alert) {
  const notes = [TIERS[alert.tier] ?? "", alert.stage === "PILOT" ? "pilot" : "", alert.is_stale ? "on old numbers" : ""].filter(Boolean);
  return `${alert.rule_name || alert.kind.replaceAll("_", " ").toLowerCase()} (${notes.join(", ")})`;
}

/** Who is to do what. */
export function ownerOf({ owner, next_action: next }) {
  return [owner, next].filter(Boolean).join(": ");
}

/** The whole moment in one sentence. */
export function summaryOf(zones) {
  const named = (state) => zones.filter((zone) => zone.coverage.state === state && !zone.freshness.stale).map((zone) => zone.name);
  const [short, unclear] = [named("short"), named("unclear")];
  const stale = zones.filter((zone) => zone.freshness.stale).map((zone) => zone.name);
  const parts = [];
  if (short.length) parts.push(`${listed(short)} ${short.length === 1 ? "was" : "were"} short of staff`);
  if (unclear.length) parts.push(`nobody could tell for ${listed(unclear)}`);
  if (stale.length) parts.push(`no fresh numbers for ${listed(stale)}`);
  return parts.length ? `${capital(parts.join("; "))}.` : "No zone was short of staff.";
}
