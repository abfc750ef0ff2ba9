// The facts of a zone that its page edits.

/** The fields of the form, in their order. */
export const ZONE_FORM = [
  { field: "name", type: "text", help: "As it stands on the board." },
  { field: "enter_after_ms", type: "seconds", help: "Seconds inside before somebody counts." },
  { field: "leave_after_ms", type: "seconds", help: "Seconds outside before somebody no longer counts." },
  { field: "dwell_limit_s", type: "number", help: "Seconds; leave empty for never." },
  { field: "order", type: "whole", help: "1 stands first." },
];

/** Fields that a zone's page compares and saves. */
export const ZONE_FIELDS = [...ZONE_FORM.map(({ field }) => field), "polygon"];
