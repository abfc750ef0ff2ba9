// The page of the census: how many people there are to care for in a zone, from which time on.
import { at, start } from "../page.js";
import { all } from "./registry.js";
import { local, today, zonesOfTime } from "./local_time.js";
import { EditTable } from "./table.js";
import { fieldName } from "./words.js";

const places = { zones: [], zoneOf: new Map(), timeZone: "UTC" };

const column = (field, type, options) => ({ field, type, options, label: fieldName(field) });

const census = {
  ...{ kind: "census", noun: "census", nouns: "counts", idField: "census_id" },
  columns: [column("zone_id", "select", () => places.zones), column("starts", "datetime-local"), column("people", "count")],
  name: (count) => `the count of ${places.zoneOf.get(count.zone_id) ?? count.zone_id ?? "no zone yet"}`,
  order: (a, b) => (b.starts ?? "").localeCompare(a.starts ?? "") || `${a.zone_id}`.localeCompare(`${b.zone_id}`),
  blank: (id) => ({ census_id: id, zone_id: at("zone").value || null, people: null, starts: local(new Date().toISOString(), places.timeZone), time_zone: null }),
  wanted: (count) => (!at("zone").value || count.zone_id === at("zone").value) && (!at("day").value || count.starts >= at("day").value),
  read: (count) => ({ ...count, starts: local(count.starts, count.time_zone) }),
  write(count, base) {
    const moved = !base || count.starts !== base.record.starts;
    return moved ? count : { ...count, starts: base.sent.starts };
  },
  async load() {
    const [zones, floors] = await Promise.all([all("zones"), all("floors")]);
    places.zones = zones.map((zone) => [zone.id, zone.record.name || zone.id]);
    places.zoneOf = new Map(places.zones);
    places.timeZone = floors[0]?.record.time_zone ?? "UTC";
    at("clock-zone").textContent = zonesOfTime(floors);
    if (!at("day").value) at("day").value = today(places.timeZone);
    const chosen = at("zone").value;
    at("zone").replaceChildren(...[["", "All zones"], ...places.zones].map(([value, words]) => new Option(words, value, false, value === chosen)));
  },
};

const me = await start();
if (me) {
  const table = new EditTable(me, census);
  at("day").addEventListener("change", () => table.render());
  at("zone").addEventListener("change", () => table.render());
  await table.open();
}
