// What the board knows: the last snapshot with every later change applied by seq.

import { ZoneFilter } from "./filter.js";

export const TREND_S = 1800;
const TRAIL_S = 3;

/** What is known of a zone's coverage beside its numbers; an older record says none of it. */
const COVERAGE = ["longest_since_us", "least_required", "possible_since_us", "sure_since_us", "is_watched", "count"];

export class Store {
  /** @param filter which zones are shown; all when left out */
  constructor(filter = new ZoneFilter("")) {
    this.filter = filter;
    this.everyZone = new Map(); // that the reader sees
    this.everyCamera = new Map();
    this.zones = new Map(); // of these, those that are shown
    this.cameras = new Map();
    this.floors = new Map();
    this.alerts = new Map(); // of zones, by floor
    this.status = null;
    this.pipeline = null;
    this.offsetsMs = [];
  }

  /** Learn the server's clock; the sample with the shortest way here is the best. */
  tick(nowUs) {
    this.offsetsMs.push(nowUs / 1000 - Date.now());
    if (this.offsetsMs.length > 30) this.offsetsMs.shift();
  }

  /** The server's time, seconds. */
  now() {
    return (Date.now() + (this.offsetsMs.length ? Math.max(...this.offsetsMs) : 0)) / 1000;
  }

  /** Take a snapshot of all zones; zones that are not in it are gone. */
  loadZones(zones, trends) {
    const before = this.everyZone;
    this.everyZone = new Map();
    for (const zone of zones) {
      const known = before.get(zone.zone_id);
      const steps = (trends[zone.zone_id] ?? []).map((step) => [step.at_us / 1e6, step.people]);
      this.everyZone.set(zone.zone_id, {
        ...zone,
        asOf: seconds(zone.freshness.as_of_us),
        through: seconds(zone.freshness.through_us),
        silent: zone.freshness.cause === "camera_silent",
        possible_since_us: zone.gap?.possible_since_us,
        sure_since_us: zone.gap?.sure_since_us,
        steps: steps.length ? steps : (known?.steps ?? []),
        last_change: newer(zone.last_change, known?.last_change),
      });
    }
    for (const zone of this.everyZone.values()) if (zone.people !== null) this.#step(zone);
    this.choose();
  }

  /** Show what the filter holds: its zones, and the cameras of their floors. */
  choose() {
    this.zones = this.filter.isSet ? kept(this.everyZone, (zone) => this.filter.holds(zone)) : this.everyZone;
    const floors = this.floorsShown();
    this.cameras = floors ? kept(this.everyCamera, (camera) => floors.has(camera.floor_id)) : this.everyCamera;
  }

  /** Floors of the zones that are shown; null where all are. */
  floorsShown() {
    return this.filter.isSet ? new Set([...this.zones.values()].map((zone) => zone.floor_id)) : null;
  }

  /** Take a snapshot of all cameras. */
  loadCameras(cameras) {
    const before = this.everyCamera;
    this.everyCamera = new Map();
    for (const camera of cameras) {
      const trails = before.get(camera.camera_id)?.trails ?? new Map();
      this.everyCamera.set(camera.camera_id, { ...camera, seq: camera.live?.seq ?? -1, asOf: null, trails });
      if (camera.live) this.#tracks(this.everyCamera.get(camera.camera_id), camera.live);
    }
    this.choose();
  }

  /** Take a snapshot of the open alerts of all floors; a floor that is not in it has none. */
  loadAlerts(floors) {
    const before = this.alerts;
    this.alerts = new Map();
    for (const { floor_id: id, seq, as_of_us: asOfUs, open } of floors) {
      const known = before.get(id);
      const isNewer = known && known.seq > seq && known.asOf * 1e6 > asOfUs;
      this.alerts.set(id, isNewer ? known : { seq, asOf: asOfUs / 1e6, open });
    }
  }

  /** Apply one change; false when it is older than what is known, or of something unknown. */
  apply(change) {
    const { kind, id, seq, data } = change;
    if (kind === "zone") {
      const zone = this.everyZone.get(id);
      if (!zone || (zone.seq !== null && seq <= zone.seq)) return false;
      const { people, identified, scheduled, required, roles } = data;
      Object.assign(zone, { people, identified, scheduled, required, roles: roles ?? [], seq });
      for (const name of COVERAGE) zone[name] = data[name];
      zone.gap = { min: data.gap_min, max: data.gap_max };
      zone.coverage = change.coverage;
      zone.asOf = zone.through = change.as_of_us / 1e6;
      zone.silent = absent(zone, data.cameras_missing ?? []);
      this.#step(zone);
    } else if (kind === "zone-event") {
      const zone = this.everyZone.get(id);
      if (!zone) return false;
      zone.last_change = newer(zone.last_change, { kind: data.kind, at_us: data.at_us });
    } else if (kind === "camera") {
      const camera = this.everyCamera.get(id);
      if (!camera || seq <= camera.seq) return false;
      camera.seq = seq;
      this.#tracks(camera, data);
    } else if (kind === "floor") {
      const floor = this.floors.get(id);
      if (floor && seq <= floor.seq && change.as_of_us <= floor.asOf * 1e6) return false;
      const staff = new Map(); // role by person, empty for somebody known whose role is not
      for (const person of data.people ?? []) {
        if (person.role || person.staff_id) staff.set(person.person_id, person.role ?? "");
      }
      const asOf = change.as_of_us / 1e6;
      const people = data.people ?? [];
      const trails = floorTrails(floor?.trails, people, asOf);
      this.floors.set(id, { seq, asOf, missing: data.cameras_missing ?? [], staff, people, trails });
    } else if (kind === "alerts") {
      const known = this.alerts.get(id);
      if (known && seq <= known.seq && change.as_of_us <= known.asOf * 1e6) return false;
      this.alerts.set(id, { seq, asOf: change.as_of_us / 1e6, open: data.open ?? [] });
    }
    return true;
  }

  #tracks(camera, live) {
    camera.width = live.width || camera.width;
    camera.height = live.height || camera.height;
    camera.model = live.model_name ? `${live.model_name} ${live.model_version}` : "";
    camera.modelName = live.model_name ?? "";
    camera.modelVersion = live.model_version ?? "";
    camera.asOf = live.captured_us / 1e6;
    camera.tracks = live.tracks.filter((track) => track.state !== "ENDED");
    const seen = new Set();
    for (const track of camera.tracks) {
      seen.add(track.track_id);
      const trail = camera.trails.get(track.track_id) ?? [];
      if (trail.at(-1)?.[0] !== camera.asOf) {
        trail.push([camera.asOf, (track.x_min + track.x_max) / 2, track.y_max]);
      }
      while (trail[0][0] < camera.asOf - TRAIL_S) trail.shift();
      camera.trails.set(track.track_id, trail);
    }
    for (const id of camera.trails.keys()) if (!seen.has(id)) camera.trails.delete(id);
  }

  #step(zone) {
    const last = zone.steps.at(-1);
    if (last && zone.asOf < last[0]) return;
    if (!last || last[1] !== zone.people) zone.steps.push([zone.asOf, zone.people]);
    while (zone.steps.length > 1 && zone.steps[1][0] < zone.asOf - TREND_S) zone.steps.shift();
  }

  /** How old a zone's numbers are: {age in seconds or null, stale, cause}. */
  zoneFreshness(zone) {
    const floor = this.floors.get(zone.floor_id);
    let { through, silent } = zone;
    if (floor && zone.asOf !== null) {
      const renewed = zone.asOf + (this.status?.renewed_within_s ?? 12);
      through = Math.max(through, Math.min(floor.asOf, renewed));
      if (floor.asOf >= zone.asOf) silent = absent(zone, floor.missing);
    }
    return this.#judge(through, silent);
  }

  /** How old a camera's tracks are. */
  cameraFreshness(camera) {
    return this.#judge(camera.asOf, false);
  }

  /** How old the places of a floor's people are. */
  floorFreshness(id) {
    const floor = this.floors.get(id);
    return this.#judge(floor?.asOf ?? null, Boolean(floor?.missing.length));
  }

  #judge(through, silent) {
    if (through === null) return { age: null, stale: true, cause: "no_data" };
    const limit = this.status?.stale_after_s ?? 5;
    const age = this.now() - through;
    if (age > limit) return { age, stale: true, cause: "old" };
    if (age < -limit) return { age, stale: true, cause: "clock_ahead" };
    return { age, stale: silent, cause: silent ? "camera_silent" : "" };
  }
}

/** The entries of a map whose values are kept. */
function kept(map, isKept) {
  return new Map([...map].filter(([, value]) => isKept(value)));
}

/** Where each person of a floor was in the last seconds: [time in seconds, x and y in metres]. */
function floorTrails(before, people, asOf) {
  const trails = new Map();
  for (const person of people) {
    if (person.x_m === null || person.x_m === undefined) continue;
    const trail = [...(before?.get(person.person_id) ?? []), [asOf, person.x_m, person.y_m]];
    trails.set(
      person.person_id,
      trail.filter(([at]) => at >= asOf - TRAIL_S),
    );
  }
  return trails;
}

function seconds(us) {
  return us === null ? null : us / 1e6;
}

function newer(a, b) {
  if (!a || !b) return a ?? b ?? null;
  return a.at_us >= b.at_us ? a : b;
}

function absent(zone, missing) {
  return zone.camera_id ? missing.includes(zone.camera_id) : missing.length > 0;
}
