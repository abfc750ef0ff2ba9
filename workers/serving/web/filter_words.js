// What the board says of its choice of zones: all of it in English, and all of it here.
import { counted } from "./messages.js";

export const FILTER = {
  fields: { site: "Site", department: "Department", unit: "Unit", floor: "Floor", zone: "Zone" },
  all: "All zones",
  choose: "Show only…",
  add: (field) => `Show only this ${field.toLowerCase()}`,
  none: "Choose",
  clear: "Show all zones",
  remove: (field, name) => `${field} ${name}: take out of what is shown`,
  unknown: "nobody knows it, or you may not see it",
  nothing: "No zone is in what was chosen.",
  showing: (shown, all) => `${shown} of ${counted(all, "zone", "zones")}`,
};
