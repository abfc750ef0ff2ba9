// What the page Why says, in English.
import { counted, interval, listed } from "./messages.js";
import { besides } from "./site_time.js";
import { capital, gapOfRole, ofRole, roleName, standingIn, whoIs } from "./words.js";

export const WHY = {
  link: "Why?",
  linkNamed: (zone) => `Why does ${zone} show this?`,
  title: "Why this number",
  titleOf: (zone, time) => `Why ${zone}, ${time}`,
  looking: "Looking …",
  waiting: "The newest figure is on its way to the database. Looking again …",
  notYet: "The figure that you saw on the board is not in the database yet. This is the one before it.",
  shown: "As shown then",
  known: (revision) => `As known now, by revision ${revision}`,
  stands: "Nobody corrected it: what was shown then is what is known now.",
  notKnown: (revision) => `Revision ${revision} covers this moment and has no figure of this zone.`,
  nothing: "Nothing was known of this zone then.",
  nothingLong: "No figure holds at that moment: the cameras or the pipeline behind the board had stopped, or were not there yet.",
  deleted: (since, kept) => `Figures of that time are no longer there. They are kept for ${kept}, and this one until ${since}.`,
  people: "Who was counted",
  nobody: "Nobody was counted.",
  noPosition: "no position of this time is kept",
  required: "Required then",
  requiredNone: "Nothing was required.",
  scheduled: "Scheduled then",
  scheduledNone: "Nobody was scheduled.",
  cameras: "Cameras of the floor",
  camerasNone: "No camera of this floor is shown.",
  records: "The records, from the figure back to the picture",
  recordsNote: "A link of the chain that is gone says since when.",
  askName: "Show the name…",
  reason: "Why do you need to see these people?",
  reasonNote: "The audit keeps this with your name.",
  showPeople: "Show them",
  picture: "Show the picture…",
  pictureTitle: "Show the picture of this record",
  pictureWhy: "Why do you need the picture?",
  pictureNote: "The audit keeps this with your name. Regions under privacy masks stay blank.",
  pictureShow: "Show it",
  pictureAway: "Take it away",
  cancel: "Cancel",
  pictureGone: "This picture is no longer there.",
  pictureBroken: "The picture cannot be read.",
  noZone: "Choose a zone.",
};

/** Headings of tables. */
export const HEADS = {
  role: "Role",
  here: "Here",
  scheduled: "Scheduled",
  required: "Required",
  missing: "Missing",
  since: "Since",
  person: "Person",
  who: "Who, and what that rests on",
  where: "Where",
  cameras: "Cameras",
  name: "Name",
  what: "What",
  hours: "Hours",
  version: "Version",
  staff: "Who",
  camera: "Camera",
  calibration: "Calibrated by",
  view: "View",
  clock: "Clock",
  models: "Model",
  then: "Then",
  record: "Record",
  store: "Topic or table",
  where_there: "Still there?",
};

const CALIBRATED = { projection: "points in space", homography: "points on the floor" };

const LEFT_OUT = {
  people: {
    "presence.read": "Who they were, one by one, is for access roles that may see where people are (presence.read) in this zone’s units.",
    "history.read": "This figure is more than five minutes old: who they were, one by one, is for access roles that may see where people were (history.read) in this zone’s units.",
  },
  staff: "Whose shifts these are is for access roles that may see the registry (registry.read) in this zone’s units.",
  cameras: "Cameras of other units are left out.",
  away: "The audit must hold who sees people, and cannot be written now: nobody is shown one by one. The figure is whole. Ask again in a minute.",
};

/** Why something is not shown; empty where it is, or where the page says so elsewhere. */
export function whyLeftOut({ what, right }) {
  if (!right) return what === "people" ? LEFT_OUT.away : "";
  if (what === "people") return LEFT_OUT.people[right] ?? "";
  return LEFT_OUT[what] ?? "";
}

/** What went wrong with a question. */
export function noAnswer({ status, message }) {
  if (status === 0) return "No answer: the board is out of reach. Try again.";
  if (status === 404) return `${capital(message)}. It may have another name, belong to another unit, or not have been registered yet at that time.`;
  if (status === 403) return "Your access role may not see this zone. Ask an administrator for another role.";
  if (status === 422) return `That moment cannot be asked for: ${message.replace(/^at: /, "")}.`;
  if (status >= 500) return `No answer: ${message}. Try again in a moment.`;
  return `No answer: ${message}.`;
}

/** A figure in the shape that the board's own words take. */
export function asZone(figure) {
  const { possible_since_us, sure_since_us } = figure.gap;
  return { ...figure, possible_since_us, sure_since_us };
}

/** Which record a figure is. */
export function measuredAt(figure, asked, timeZone) {
  const stale = asked - figure.as_of_us > 5e6 ? ", and nothing newer" : "";
  return `Measured at ${besides(figure.as_of_us, asked, timeZone)}${stale}; record ${figure.seq} of this zone`;
}

/** The cells of a role: here, scheduled, required, missing. */
export function roleCells(role) {
  const here = role.required ? interval(role.present_min, role.present_max) : String(role.present_min);
  const least = role.least_required ?? role.required;
  const stand = standingIn(role);
  return {
    role: capital(roleName(role.role)),
    here: stand ? `${here} (${stand})` : here,
    scheduled: String(role.scheduled),
    required: role.required ? interval(least, role.required) : "none",
    missing: capital(gapOfRole(role)),
  };
}

/** Since when a role is short. */
export function roleSince(role, asOf, timeZone) {
  const us = role.gap_min > 0 ? role.sure_since_us : role.gap_max > 0 ? role.possible_since_us : null;
  return us ? besides(us, asOf, timeZone) : "";
}

/** What a corrected cell was before. */
export function was(text, before) {
  return before === undefined || before === text ? text : `${text} (was ${before})`;
}

export function missingCameras(names) {
  return names.length ? `No pictures from ${listed(names)} by then: people there may be missing.` : "";
}

/** Who a person is, as far as is known. */
export function personWho(person) {
  if (person.as_of_us === null) return WHY.noPosition;
  return capital(whoIs(person).join("; "));
}

/** Where a person was. */
export function personWhere(person) {
  if (person.x_m === null) return person.as_of_us === null ? "" : "no place in metres";
  const sd = person.position_sd_m === null ? "" : `, to ${Math.max(0.1, 2 * person.position_sd_m).toFixed(1)} m`;
  const notes = [person.observed ? "" : "out of sight", person.calibration_suspect ? "a camera may have been moved" : ""].filter(Boolean);
  return [`${person.x_m.toFixed(1)}, ${person.y_m.toFixed(1)} m${sd}`, ...notes].join("; ");
}

/** Which version of a fact, recorded when and by whom. */
export function versionOf(fact, asOf, timeZone) {
  const by = fact.recorded_by ? ` by ${fact.recorded_by}` : "";
  return `version ${fact.version}, ${besides(fact.recorded_us, asOf, timeZone)}${by}`;
}

/** What a requirement asks for. */
export function requirementOf({ count, role, basis, per }) {
  const ratio = basis === "CENSUS" ? ` for each ${per} by census` : basis === "PRESENT" ? ` for each ${per} present` : "";
  return `${ofRole(count, role)}${ratio}`;
}

/** Hours of a requirement, with its time zone. */
export function hoursOf({ from_minute, to_minute, time_zone }) {
  const clock = (minute) => `${String(Math.floor(minute / 60)).padStart(2, "0")}:${String(minute % 60).padStart(2, "0")}`;
  return `${clock(from_minute)} to ${clock(to_minute)} (${time_zone})`;
}

/** Who works a shift. */
export function shiftWho(shift) {
  if (shift.staff_id === null) return "not shown";
  return shift.staff_id || (shift.agency ? `somebody of ${shift.agency}` : "nobody named");
}

/** What a shift is, such as "nurse, on call, cancelled". */
export function shiftWhat({ role, kind, status }) {
  const words = [kind === "WORK" ? "" : kind, status === "PLANNED" ? "" : status].filter(Boolean);
  return [roleName(role), ...words.map((word) => word.replaceAll("_", " ").toLowerCase())].join(", ");
}

/** The state of a camera's view. */
export function viewOf(camera) {
  return camera.view_state ? camera.view_state.replaceAll("_", " ").toLowerCase() : "never in doubt";
}

export function calibrationOf(camera) {
  return CALIBRATED[camera.calibrated_by] ?? "not calibrated";
}

/** How far a camera's clock was off. */
export function clockOf({ clock_offset_ms: ms }) {
  if (ms === null) return "not followed";
  if (Math.abs(ms) < 0.5) return "right";
  return `${Math.abs(ms).toFixed(0)} ms ${ms > 0 ? "ahead" : "behind"}`;
}

/** What a camera had to do with the figure. */
export function cameraThen(camera) {
  const parts = [];
  if (camera.saw_people) parts.push("saw people of this zone");
  if (camera.had_not_reported) parts.push("had not reported");
  return parts.join(", ") || "reported";
}

/** Whether a record is still there. */
export function linkState(link, asOf, timeZone) {
  const kept = `kept for ${link.kept}`;
  const note = link.note ? `: ${link.note}` : "";
  if (link.state === "there" && link.offset !== null) return `Yes: partition ${link.partition}, offset ${link.offset}, of ${besides(link.at_us, asOf, timeZone)}; ${kept}`;
  if (link.state === "there") return `Yes; ${kept}`;
  if (link.state === "expired") return `No, expired since ${besides(link.since_us, asOf, timeZone)}; ${kept}`;
  return `${capital(link.state)}${note}; ${kept}`;
}

/** How many people a figure has, with what it was before a correction. */
export function seenPeople(figure, before) {
  const parts = [(one) => `${counted(one.people, "person", "people")} counted`, (one) => `${one.identified} identified as staff`, (one) => `${one.scheduled} scheduled`];
  return parts.map((part) => was(part(figure), before ? part(before) : undefined)).join(", ");
}
