// The zones as a dense table: one row each, and one for each of its roles.
import { icon } from "./icons.js";
import { ago, interval, make, say, span } from "./messages.js";
import { inOrder, stateOfRole } from "./zones.js";
import { leadTo, whyLink } from "./why_link.js";
import { capital, CAUSES, gapOfRole, gapOfZone, required, roleName, sinceWhen, TABLE } from "./words.js";

const COLUMNS = ["zone", "gap", "since", "here", "scheduled", "required", "longest", "age"];

export class ZoneTable {
  /** @param table an empty table element */
  constructor(table, store) {
    this.table = table;
    this.store = store;
    this.groups = new Map();
    const heads = COLUMNS.map((column) => {
      const head = make("th", "", TABLE[column]);
      head.scope = "col";
      head.dataset.column = column;
      return head;
    });
    table.replaceChildren(make("caption", "unseen", TABLE.caption), make("thead", "", make("tr", "", ...heads)));
  }

  /** @param order `gaps` or `ward` */
  render(order) {
    const zones = inOrder(this.store.zones.values(), order);
    for (const [id, group] of this.groups) {
      if (!this.store.zones.has(id)) {
        group.body.remove();
        this.groups.delete(id);
      }
    }
    const floors = new Set(zones.map((zone) => zone.floor_id)).size;
    zones.forEach((zone, number) => {
      let group = this.groups.get(zone.zone_id);
      if (!group) {
        group = { body: make("tbody"), rows: [], why: whyLink() };
        group.body.dataset.zone = zone.zone_id;
        this.groups.set(zone.zone_id, group);
      }
      const at = number + 2; // after the caption and the head
      if (this.table.children[at] !== group.body) this.table.insertBefore(group.body, this.table.children[at] ?? null);
      this.#fill(group, zone, floors > 1 && zone.floor_name !== zone.name ? zone.floor_name : "");
    });
  }

  #fill(group, zone, floor) {
    const now = this.store.now();
    const fresh = this.store.zoneFreshness(zone);
    const roles = zone.roles.filter((role) => role.required > 0 || role.present_min > 0);
    while (group.rows.length > roles.length + 1) group.rows.pop().row.remove();
    while (group.rows.length < roles.length + 1) {
      const made = makeRow(group.rows.length > 0, group.rows.length ? null : group.why);
      group.rows.push(made);
      group.body.append(made.row);
    }
    group.body.dataset.stale = String(fresh.stale);
    leadTo(group.why, zone);
    const { state } = zone.coverage;
    write(group.rows[0], state, {
      zone: zone.name,
      floor,
      gap: gapOfZone(zone),
      since: sinceWhen(zone, now).replace(/^since /, ""),
      here: zone.people ?? "–",
      scheduled: zone.scheduled ?? "–",
      required: required(zone),
      longest: zone.longest_since_us ? span(now - zone.longest_since_us / 1e6) : "–",
      age: [fresh.stale ? CAUSES[fresh.cause] : "", fresh.age === null ? "" : ago(fresh.age)].filter(Boolean).join(" "),
    });
    roles.forEach((role, number) =>
      write(group.rows[number + 1], stateOfRole(role), {
        zone: capital(roleName(role.role)),
        floor: "",
        gap: capital(gapOfRole(role)),
        since: sinceWhen(role, now).replace(/^since /, ""),
        here: role.required ? interval(role.present_min, role.present_max) : role.present_min,
        scheduled: role.scheduled,
        required: required(role),
        longest: "",
        age: "",
      }),
    );
  }
}

function makeRow(isRole, why) {
  const cells = { floor: make("span", "floor") };
  const sign = make("span", "state");
  const row = make("tr", isRole ? "of-role" : "of-zone");
  for (const column of COLUMNS) {
    const cell = make(column === "zone" ? "th" : "td");
    const text = make("span", "text");
    if (column === "zone") {
      cell.scope = "row";
      cell.append(text, " ", cells.floor);
      if (why) cell.append(" ", why);
    } else if (column === "gap") cell.append(make("span", "verdict", sign, text));
    else cell.append(text);
    cell.dataset.column = column;
    cell.dataset.label = TABLE[column];
    cells[column] = text;
    row.append(cell);
  }
  return { row, cells, sign };
}

function write({ row, cells, sign }, state, values) {
  if (row.dataset.state !== state) {
    row.dataset.state = state;
    sign.replaceChildren(icon(state));
  }
  for (const [column, value] of Object.entries(values)) say(cells[column], String(value));
}
