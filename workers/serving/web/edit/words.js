// The names of fields and their values as people read them.
import { counted, listed, moment } from "../messages.js";
import { RULE_NAMES } from "./rule_names.js";
import { DRAWING } from "./drawing_words.js";

const DAYS = ["", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];

const NAMES = {
  name: "Name",
  polygon: "Outline",
  order: "Place on the board",
  enter_after_ms: "Counts as in after",
  leave_after_ms: "Counts as out after",
  dwell_limit_s: "Long stay after",
  camera_id: "Camera",
  floor_id: "Floor",
  zone_id: "Zone",
  staff_id: "Who",
  role: "Staff role",
  starts: "From",
  ends: "Until",
  count: "How many",
  basis: "Relates to",
  per: "For each",
  at_least: "At least",
  people: "People to care for",
  weekdays: "Days",
  time_zone: "Time zone",
  x_m: "Position: right, m",
  y_m: "Position: up, m",
  z_m: "Position: height, m",
  field_of_view_deg: "Angle of view, degrees",
  sees: "Floor that it sees",
  passages: "Passages",
  privacy_masks: "Privacy masks",
  drawing: "Drawing under the plan",
  kind: "Kind",
  status: "Status",
  replaces: "Takes over",
  agency: "Agency",
  covers: "Stands in for",
  priority: "Filled first by",
  is_staff: "Is staff",
  ...RULE_NAMES,
};

/** Whether a field is a list of corners. */
export function isOutline(field) {
  return field === "polygon" || field === "sees";
}

/** The name of a field. */
export function fieldName(field) {
  return NAMES[field] ?? field;
}

/** Names of several fields in a sentence, in lower case. */
export function fieldNames(fields) {
  return listed(fields.map((field) => fieldName(field).toLowerCase()));
}

/** Days of the week, such as "Mon–Fri" or "Sat, Sun". */
export function days(list) {
  if (list.length === 7) return "every day";
  const runs = [];
  for (const day of [...list].sort()) {
    if (runs.at(-1)?.at(-1) === day - 1) runs.at(-1).push(day);
    else runs.push([day]);
  }
  return runs.map((run) => (run.length > 2 ? `${DAYS[run[0]]}–${DAYS[run.at(-1)]}` : run.map((day) => DAYS[day]).join(", "))).join(", ");
}

/** The short name of a weekday, 1 to 7. */
export function dayName(day) {
  return DAYS[day];
}

/** A value in words. */
export function valueOf(field, value, record = {}) {
  if (field === "sees") return value?.length ? counted(value.length, "corner", "corners") : "no outline";
  if (field === "privacy_masks") return value?.length ? counted(value.length, "mask", "masks") : "none";
  if (field === "passages") return value?.length ? counted(value.length, "passage", "passages") : "none";
  if (field === "drawing") return DRAWING.inWords(value);
  if (field === "polygon") return value ? counted(value.length, "corner", "corners") : "none";
  if (value === null || value === undefined || value === "") return field === "dwell_limit_s" ? "never" : "nothing";
  if (field === "covers") return listed(value) || "nobody";
  if (field.endsWith("_ms")) return `${value / 1000} s`;
  if (field.endsWith("_s")) return `${value} s`;
  if (field.endsWith("_m")) return `${value} m`;
  if (field.endsWith("_deg")) return `${value}°`;
  if (field === "weekdays") return days(value);
  if (Array.isArray(value)) return listed(value) || "none";
  if (/^\d{4}-.*T/.test(value)) {
    const local = !/Z|[+-]\d\d:\d\d$/.test(value); // of the ward's clock already
    return moment(Date.parse(local ? `${value}Z` : value) / 1000, Date.now() / 1000, local ? "UTC" : (record.time_zone ?? undefined));
  }
  return String(value);
}

/** Who made a version, for somebody who reads it. */
export function author(entry, me) {
  if (entry.edited_by === me.subject) return "you";
  return entry.edited_by_name || shortSubject(entry.edited_by);
}

function shortSubject(subject) {
  const [, own] = subject.split("#");
  if (!own) return subject === "local" ? "the local coordinator" : subject;
  return own.length > 20 ? `user ${own.slice(0, 8)}` : own;
}

/** When a version was made, in words. */
export function when(entry) {
  return entry.edited_at ? moment(Date.parse(entry.edited_at) / 1000, Date.now() / 1000) : "";
}

/** An id made from a name: "Bay 4" gives "bay-4". */
export function idFrom(name, taken) {
  const plain = name.normalize("NFKD").replace(/[\u0300-\u036f]/g, "").toLowerCase().replace(/[^a-z0-9]+/g, "-").replace(/^-+|-+$/g, "").slice(0, 60) || "zone";
  if (!taken.has(plain)) return plain;
  let number = 2;
  while (taken.has(`${plain}-${number}`)) number += 1;
  return `${plain}-${number}`;
}
