// The page of roles: who may stand in for whom, whose places are filled first, and who is no staff.
import { at, start, tell } from "../page.js";
import { all } from "./registry.js";
import { EditTable } from "./table.js";
import { fieldName } from "./words.js";

const known = { roles: [] };

const STAFF = [["yes", "yes"], ["no", "no"]];

const column = (field, type, options) => ({ field, type, options, label: fieldName(field) });

const roles = {
  ...{ kind: "roles", noun: "role", nouns: "roles", idField: "role", right: "registry.edit" },
  columns: [
    column("role", "word"),
    column("covers", "set", (role) => known.roles.filter((other) => other !== role.role)),
    column("priority", "count"),
    column("is_staff", "select", () => STAFF),
  ],
  name: (role) => role.role,
  order: (a, b) => a.role.localeCompare(b.role),
  newId() {
    const id = at("new").value.trim();
    if (!id) tell("Write the name of the new role first.");
    else if (!known.roles.includes(id)) known.roles.push(id);
    at("new").value = "";
    return id || null;
  },
  blank: (id) => ({ role: id, covers: [], priority: null, is_staff: "yes" }),
  wanted: () => true,
  read: (role) => ({ ...role, is_staff: role.is_staff ? "yes" : "no" }),
  write: (role) => ({ ...role, is_staff: role.is_staff === "yes" }),
  async load() {
    const found = await Promise.all(["roles", "staff", "requirements"].map(all));
    known.roles = [...new Set([...known.roles, ...found.flat().map((entry) => entry.record.role)])].filter(Boolean).sort();
  },
};

const me = await start();
if (me) {
  const table = new EditTable(me, roles);
  at("new").closest("label").hidden = at("add").hidden;
  at("new").addEventListener("keydown", (event) => event.key === "Enter" && at("add").click());
  await table.open();
}
