// Which zones a board shows: what its address says, so that it can be kept, sent and opened again.

/** Parameters of the address that choose zones, the widest first. Values of one add up, several narrow. */
export const FIELDS = ["site", "department", "unit", "floor", "zone"];

const HOLDS = {
  site: (zone, value) => (zone.units ?? []).some((unit) => unit.site === value),
  department: (zone, value) => (zone.units ?? []).some((unit) => unit.department === value),
  unit: (zone, value) => (zone.units ?? []).some((unit) => unit.unit_id === value),
  floor: (zone, value) => zone.floor_id === value,
  zone: (zone, value) => zone.zone_id === value,
};

const NAMES = {
  unit: (zone, value) => zone.units.find((unit) => unit.unit_id === value)?.name,
  floor: (zone) => zone.floor_name,
  zone: (zone) => zone.name,
};

/** A choice of zones; with none of the parameters, all of them. */
export class ZoneFilter {
  /** @param search query of an address, such as `?floor=ward-3` */
  constructor(search) {
    const given = new URLSearchParams(search);
    this.chosen = new Map(FIELDS.map((field) => [field, [...new Set(given.getAll(field).filter(Boolean))]]));
  }

  get isSet() {
    return FIELDS.some((field) => this.chosen.get(field).length);
  }

  /** Whether a zone is shown. */
  holds(zone) {
    return FIELDS.every((field) => {
      const values = this.chosen.get(field);
      return !values.length || values.some((value) => HOLDS[field](zone, value));
    });
  }

  /** Choose a value more. */
  add(field, value) {
    const values = this.chosen.get(field);
    if (!values.includes(value)) values.push(value);
  }

  /** Leave a value out of the choice. */
  remove(field, value) {
    this.chosen.set(field, this.chosen.get(field).filter((one) => one !== value));
  }

  clear() {
    for (const field of FIELDS) this.chosen.set(field, []);
  }

  /** The query of an address with this choice; its other parameters stay. */
  search(before) {
    const query = new URLSearchParams(before);
    for (const field of FIELDS) {
      query.delete(field);
      for (const value of this.chosen.get(field)) query.append(field, value);
    }
    const text = query.toString();
    return text ? `?${text}` : "";
  }

  /**
   * What is chosen, by field in order.
   *
   * @param zones all that the reader sees
   * @returns each with its name, and whether a zone has it at all
   */
  values(zones) {
    return FIELDS.flatMap((field) =>
      this.chosen.get(field).map((value) => {
        const zone = zones.find((one) => HOLDS[field](one, value));
        return { field, value, name: (zone && NAMES[field]?.(zone, value)) || value, isKnown: Boolean(zone) };
      }),
    );
  }
}

/** Values of each field that zones have, each with its name, sorted by that. */
export function choicesOf(zones) {
  const found = Object.fromEntries(FIELDS.map((field) => [field, new Map()]));
  for (const zone of zones) {
    for (const unit of zone.units ?? []) {
      if (unit.site) found.site.set(unit.site, unit.site);
      if (unit.department) found.department.set(unit.department, unit.department);
      found.unit.set(unit.unit_id, unit.name);
    }
    found.floor.set(zone.floor_id, zone.floor_name);
    found.zone.set(zone.zone_id, zone.name);
  }
  return Object.fromEntries(
    FIELDS.map((field) => [field, [...found[field]].sort((one, other) => one[1].localeCompare(other[1]) || (one[0] < other[0] ? -1 : 1))]),
  );
}
