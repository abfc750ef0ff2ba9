// The page of shifts: who works where, from when until when.
import { at, start } from "../page.js";
import { offerImport } from "./import_file.js";
import { all } from "./registry.js";
import { local, today, zonesOfTime } from "./local_time.js";
import { EditTable } from "./table.js";
import { fieldName } from "./words.js";

const places = { zones: [], staff: [], zoneOf: new Map(), staffOf: new Map(), zone: "UTC" };

const KINDS = [["work", "Work"], ["on_call", "On call"], ["break", "Break"]];
const STATUSES = [["planned", "Planned"], ["cancelled", "Cancelled"]];

const column = (field, type, options) => ({ field, type, options, label: fieldName(field) });

const shifts = {
  ...{ kind: "shifts", noun: "shift", nouns: "shifts", idField: "shift_id" },
  columns: [
    column("staff_id", "select", () => [...places.staff, ["", "nobody named"]]),
    column("zone_id", "select", () => places.zones),
    column("role", "select", () => [["", "own role"], ...places.roles.map((role) => [role, role])]),
    column("starts", "datetime-local"),
    column("ends", "datetime-local"),
    column("kind", "select", () => KINDS),
    column("status", "select", () => STATUSES),
    column("agency", "text"),
  ],
  name: (shift) => `${shift.staff_id || shift.agency || "nobody yet"} in ${places.zoneOf.get(shift.zone_id) ?? shift.zone_id ?? "no zone yet"}`,
  order: (a, b) => (a.starts ?? "").localeCompare(b.starts ?? "") || (a.staff_id ?? "").localeCompare(b.staff_id ?? ""),
  blank: (id) => ({ shift_id: id, staff_id: null, zone_id: at("zone").value || null, role: null, starts: `${at("day").value}T07:00`, ends: `${at("day").value}T15:00`, time_zone: null, kind: "work", status: "planned", replaces: null, agency: null }),
  wanted(shift) {
    const [day, zone] = [at("day").value, at("zone").value];
    return (!zone || shift.zone_id === zone) && (!day || (shift.starts <= `${day}T23:59` && shift.ends > `${day}T00:00`));
  },
  read: (shift) => ({ ...shift, starts: local(shift.starts, shift.time_zone), ends: local(shift.ends, shift.time_zone), agency: shift.agency || null }),
  write(shift, base) {
    const moved = !base || shift.starts !== base.record.starts || shift.ends !== base.record.ends;
    return moved ? shift : { ...shift, starts: base.sent.starts, ends: base.sent.ends };
  },
  async load() {
    const [zones, staff, floors] = await Promise.all([all("zones"), all("staff"), all("floors")]);
    places.zones = zones.map((zone) => [zone.id, zone.record.name || zone.id]);
    places.zoneOf = new Map(places.zones);
    places.staff = staff.map((person) => [person.id, `${person.id}, ${person.record.role}`]);
    places.roles = [...new Set(staff.map((person) => person.record.role))].sort();
    at("clock-zone").textContent = zonesOfTime(floors);
    if (!at("day").value) at("day").value = today(floors[0]?.record.time_zone ?? "UTC");
    const chosen = at("zone").value;
    at("zone").replaceChildren(...[["", "All zones"], ...places.zones].map(([value, words]) => new Option(words, value, false, value === chosen)));
  },
};

const me = await start();
if (me) {
  const table = new EditTable(me, shifts);
  at("day").addEventListener("change", () => table.render());
  at("zone").addEventListener("change", () => table.render());
  if (me.rights.has("staffing.edit")) offerImport(at("add"), "shift", () => table.open());
  await table.open();
}
