// The fields of a rule: which kinds have them, in which section of the form, and in which unit.
import { BOUNDS, KINDS, STAGES, STATUSES, SUBJECTS, TIERS } from "./rule_words.js";

const CAMERAS = ["camera-missing", "camera-suspect"];
const COUNTED = ["coverage-gap", "over-capacity", "off-shift", "alone", "badge-contradiction"];
const OF_ZONES = [...COUNTED, "dwell"];

/** Each field in the order of the form; `kinds` are those that it means something for, all when left out. */
const FIELDS = [
  { field: "name", section: "breach", type: "text" },
  { field: "kind", section: "breach", type: "select", options: () => KINDS },
  { field: "threshold", section: "breach", type: "figure", min: 0 },
  { field: "roles", section: "breach", type: "set", kinds: ["coverage-gap", "off-shift", "alone"], options: (known) => known.roles },
  { field: "shift_statuses", section: "breach", type: "set", kinds: ["off-shift"], options: () => STATUSES },
  { field: "bound", section: "breach", type: "select", kinds: COUNTED, options: () => BOUNDS },
  { field: "one_per", section: "breach", type: "select", kinds: ["dwell", "off-shift"], options: () => SUBJECTS },
  { field: "zone_ids", section: "where", type: "set", kinds: OF_ZONES, options: (known) => known.zones },
  { field: "floor_ids", section: "where", type: "set", options: (known) => known.floors },
  { field: "open_after_s", section: "lasting", type: "duration" },
  { field: "close_after_s", section: "lasting", type: "duration" },
  { field: "repeat_after_s", section: "lasting", type: "duration" },
  { field: "suppress_s", section: "lasting", type: "duration" },
  { field: "schedule", section: "when", type: "windows" },
  { field: "tier", section: "who", type: "select", options: () => TIERS },
  { field: "owner", section: "who", type: "text" },
  { field: "next_action", section: "who", type: "text" },
  { field: "escalate_after_s", section: "who", type: "duration" },
  { field: "escalate_to", section: "who", type: "text" },
  { field: "stage", section: "stage", type: "select", options: () => STAGES },
  { field: "pilot_unit_ids", section: "stage", type: "set", options: (known) => known.units, when: (rule) => rule.stage === "pilot" },
  { field: "close_at", section: "further", type: "figure", kinds: [...COUNTED, ...CAMERAS], min: 0 },
  { field: "deduplication_key", section: "further", type: "text" },
  { field: "time_zone", section: "further", type: "text" },
  { field: "min_confidence", section: "further", type: "share", kinds: ["off-shift", "alone"] },
];

/** Fields that a save sends and a comparison looks at. */
export const RULE_FIELDS = FIELDS.map(({ field }) => field);

/** A new rule: all as an import would take it, silent. */
export const USUAL = {
  ...{ name: "", kind: "coverage-gap", zone_ids: [], floor_ids: [], one_per: "zone", roles: [], shift_statuses: [], bound: "sure", threshold: 1 },
  ...{ close_at: null, open_after_s: 60, close_after_s: 30, repeat_after_s: 60, suppress_s: 0, deduplication_key: null, schedule: [], time_zone: null },
  ...{ tier: "notice", owner: "", next_action: "", escalate_after_s: null, escalate_to: "", stage: "silent", pilot_unit_ids: [], min_confidence: 0 },
};

const means = ({ kinds, when }, rule) => (!kinds || kinds.includes(rule.kind)) && (!when || when(rule));

/** Fields to show: those of the rule's kind, and what is set although it means nothing there. */
export function fieldsOf(rule) {
  return FIELDS.filter((one) => means(one, rule) || JSON.stringify(rule[one.field] ?? null) !== JSON.stringify(USUAL[one.field]));
}

/** Units of figures: what `threshold` and `close_at` count. */
export function unitOf(field, kind) {
  if (kind === "dwell" && field === "threshold") return "s";
  return CAMERAS.includes(kind) ? "cameras" : kind === "coverage-gap" ? "staff" : kind === "badge-contradiction" ? "badges" : "people";
}

/** What changes with the kind: fields that the new one lacks go back to the usual. */
export function ofKind(rule, kind) {
  const changed = { kind };
  for (const one of FIELDS) {
    if (!means(one, { ...rule, kind }) && one.kinds) changed[one.field] = USUAL[one.field];
  }
  if (unitOf("threshold", kind) !== unitOf("threshold", rule.kind)) changed.threshold = ["dwell", "over-capacity"].includes(kind) ? null : 1;
  return changed;
}
