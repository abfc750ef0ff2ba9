// What a camera and a floor hold as their pages edit it, and as the registry takes it.

/** The fields of a camera's form, in their order. */
export const CAMERA_FORM = [
  { field: "name", type: "text", help: "As it stands on the board." },
  { field: "x_m", type: "signed", help: "From the corner where the plan has 0." },
  { field: "y_m", type: "signed", help: "From the same corner." },
  { field: "z_m", type: "signed", help: "Above the floor. Leave all three empty: the position that the calibration gives." },
  { field: "field_of_view_deg", type: "number", help: "From the left to the right edge of its picture. Leave empty: what the calibration gives." },
];

/** Fields that a camera's page compares and saves. */
export const CAMERA_FIELDS = [...CAMERA_FORM.map(({ field }) => field), "sees"];

/** The fields of a floor's form, and those that its page compares and saves. */
export const FLOOR_FORM = [{ field: "name", type: "text", help: "As it stands on the board." }];
export const FLOOR_FIELDS = ["name", "passages", "drawing"];

/** A floor as the registry takes it: an empty list takes away the picture that is registered. */
export function writeFloor(record) {
  return { ...record, drawing: record.drawing ?? [] };
}

const POSITION = ["x_m", "y_m", "z_m"];

/** A camera as its page edits it: its position as three fields. */
export function readCamera(record) {
  const position = Object.fromEntries(POSITION.map((name) => [name, record.location?.[name] ?? null]));
  return { ...record, ...position, sees: record.sees ?? [] };
}

/** A camera as the registry takes it: an empty list takes away what is registered. */
export function writeCamera({ x_m, y_m, z_m, ...record }) {
  const given = [x_m, y_m, z_m].some((value) => value !== null);
  return { ...record, location: given ? { x_m, y_m, z_m } : [], field_of_view_deg: record.field_of_view_deg ?? [] };
}

/** What is wrong with a camera's place, in words; empty when it is good. */
export function positionFault(record) {
  const given = POSITION.filter((name) => record[name] !== null && record[name] !== undefined).length;
  return given === 0 || given === POSITION.length ? "" : "Give all three numbers of its position, or none.";
}
