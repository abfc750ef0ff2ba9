// The page of requirements: how many of a role a zone needs, on which days and between which times.
import { at, start } from "../page.js";
import { zonesOfTime } from "./local_time.js";
import { all } from "./registry.js";
import { EditTable } from "./table.js";
import { fieldName } from "./words.js";

const places = { zones: [], zoneOf: new Map(), roles: [] };

const BASES = [["fixed", "the zone"], ["census", "the census"], ["present", "those present"]];

const column = (field, type, options) => ({ field, type, options, label: fieldName(field) });
const clock = (time) => (time === "24:00" ? "00:00" : time.slice(0, 5)); // inputs know no 24:00

const requirements = {
  ...{ kind: "requirements", noun: "requirement", nouns: "requirements", idField: "requirement_id" },
  columns: [
    column("zone_id", "select", () => places.zones),
    column("role", "select", () => places.roles.map((role) => [role, role])),
    column("count", "count"),
    column("basis", "select", () => BASES),
    column("per", "count"),
    column("at_least", "count"),
    column("weekdays", "days"),
    column("starts", "time"),
    column("ends", "time"),
  ],
  name: (need) => `${need.role || "no role yet"} in ${places.zoneOf.get(need.zone_id) ?? need.zone_id ?? "no zone yet"}`,
  order: (a, b) => `${places.zoneOf.get(a.zone_id)} ${a.role} ${a.starts}`.localeCompare(`${places.zoneOf.get(b.zone_id)} ${b.role} ${b.starts}`),
  blank: (id) => ({ requirement_id: id, zone_id: at("zone").value || null, role: null, count: 1, basis: "fixed", per: null, at_least: null, weekdays: [1, 2, 3, 4, 5, 6, 7], starts: "00:00", ends: "00:00", time_zone: null }),
  wanted: (need) => !at("zone").value || need.zone_id === at("zone").value,
  read: (need) => ({ ...need, starts: clock(need.starts), ends: clock(need.ends) }),
  write: (need) => (need.basis === "fixed" ? { ...need, per: null, at_least: null } : need),
  async load() {
    const [zones, staff, needs, roles, floors] = await Promise.all(["zones", "staff", "requirements", "roles", "floors"].map(all));
    at("clock-zone").textContent = zonesOfTime(floors);
    places.zones = zones.map((zone) => [zone.id, zone.record.name || zone.id]);
    places.zoneOf = new Map(places.zones);
    const ofStaff = roles.filter(({ record }) => record.is_staff);
    places.roles = [...new Set([...staff, ...needs, ...ofStaff].map((entry) => entry.record.role))].sort();
    const chosen = at("zone").value;
    at("zone").replaceChildren(...[["", "All zones"], ...places.zones].map(([value, words]) => new Option(words, value, false, value === chosen)));
  },
};

const me = await start();
if (me) {
  const table = new EditTable(me, requirements);
  at("zone").addEventListener("change", () => table.render());
  await table.open();
}
