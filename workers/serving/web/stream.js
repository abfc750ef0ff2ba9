// The connection: a snapshot by REST, then changes by server-sent events, for ever.

import { read } from "./requests.js";
import { sessionEnded } from "./session.js";

const API = "api/v1";
const SILENCE_MS = 4000; // the server sends a heartbeat every second
const PAUSE_MS = 1000;
const REFRESH_MS = 60000;
const ASK_MS = 2000;
const MOST_FLOORS = 100; // that a stream may name
const KINDS = ["zone", "camera", "floor", "zone-event", "alerts"];

export class Connection {
  /**
   * @param store where data goes
   * @param onChange called after changes were applied, with the kind
   * @param onSnapshot called after a snapshot was loaded
   * @param onEnded called when nobody is logged in any more
   */
  constructor(store, onChange, onSnapshot, onEnded = sessionEnded) {
    this.store = store;
    this.onChange = onChange;
    this.onSnapshot = onSnapshot;
    this.onEnded = onEnded;
    this.state = "connecting"; // connecting, live, lost
    this.redis = true;
    this.lostAt = null;
    this.redisLostAt = null;
    this.heardAt = performance.now();
    this.lastId = "";
    this.loading = false;
    this.again = false;
    this.held = [];
    this.asked = new Map();
    this.unknown = new Set();
  }

  /** @param rights of who looks; null while nobody knows: then everything is asked for */
  start(rights = null) {
    this.rights = rights;
    this.load();
    if (this.started) return;
    this.started = true;
    setInterval(() => this.#watch(), 500);
    setInterval(() => {
      this.unknown.clear();
      this.load();
    }, REFRESH_MS);
  }

  /** Follow the floors that are shown, after others were chosen. */
  refilter() {
    if (this.source && this.asksFor !== key(this.store.floorsShown())) this.load();
  }

  #open() {
    this.source?.close();
    const asked = new URLSearchParams({ purpose: "Live board" });
    if (this.lastId) asked.set("last_event_id", this.lastId);
    const floors = this.store.floorsShown();
    if (floors?.size && floors.size <= MOST_FLOORS) for (const id of floors) asked.append("floor_id", id);
    this.asksFor = key(floors);
    const source = new EventSource(`${API}/changes?${asked}`);
    this.source = source;
    this.openedAt = this.heardAt = performance.now();
    source.onopen = () => {
      this.heardAt = performance.now();
      if (this.state === "lost") this.load(); // the server may be another one
      this.state = "live";
      this.lostAt = null;
    };
    source.onerror = () => this.#lost();
    for (const kind of KINDS) source.addEventListener(kind, (event) => this.#take(kind, event));
    source.addEventListener("clock", (event) => {
      const { now_us, redis_reachable } = JSON.parse(event.data);
      this.heardAt = performance.now();
      this.store.tick(now_us);
      if (redis_reachable && !this.redis) this.load();
      if (redis_reachable) this.redisLostAt = null;
      else this.redisLostAt ??= performance.now();
      this.redis = redis_reachable;
    });
    source.addEventListener("line", (event) => {
      this.heardAt = performance.now();
      this.store.pipeline = JSON.parse(event.data);
      this.onSnapshot();
    });
    source.addEventListener("names", () => this.load());
    source.addEventListener("reset", () => this.load());
  }

  #take(kind, event) {
    this.heardAt = performance.now();
    if (event.lastEventId) this.lastId = event.lastEventId;
    const change = JSON.parse(event.data);
    if (this.loading) {
      this.held.push(change);
      return;
    }
    this.#apply(change);
  }

  #apply(change) {
    const known = { zone: this.store.everyZone, camera: this.store.everyCamera }[change.kind];
    if (known && !known.has(change.id) && !this.unknown.has(change.id)) {
      this.unknown.add(change.id); // asked for once: it may have been removed
      this.load();
    }
    if (!this.store.apply(change)) return;
    this.onChange(change.kind);
    this.#ask(change.data.model_name);
  }

  /** Read the status again when it does not speak of a detector, but not with every frame. */
  #ask(model) {
    const known = this.store.status?.detectors.some((detector) => detector.name === model);
    if (!model || known || performance.now() - (this.asked.get(model) ?? -Infinity) < ASK_MS) return;
    this.asked.set(model, performance.now());
    this.#status().catch(() => {}); // out of reach: the next frame asks again
  }

  async #status() {
    this.store.status = await read("status");
    this.store.tick(this.store.status.now_us);
    this.onSnapshot();
  }

  async #line() {
    return this.rights?.has("pipeline.read") === false ? null : read("line");
  }

  /** Load the current state; changes that arrive meanwhile are applied after it. */
  async load() {
    if (this.loading) {
      this.again = true;
      return;
    }
    this.loading = true;
    let good = false;
    try {
      [this.store.pipeline] = await Promise.all([this.#line(), this.#status()]);
      if (!this.source && !this.store.filter.isSet) {
        // Behind the snapshot's own position: no change falls between it and the stream.
        this.lastId = this.store.status.changes_after ?? "";
        this.#open();
      } // A stream of some floors is opened from there too, once it is known which they are.
      const [zones, cameras, trends, alerts] = await Promise.all(["zones", "cameras", "trends", "open-alerts"].map((path) => read(path)));
      this.store.loadZones(zones.zones, trends.zones);
      this.store.loadCameras(cameras.cameras);
      this.store.loadAlerts(alerts.floors);
      if (!this.source || this.asksFor !== key(this.store.floorsShown())) {
        this.lastId = this.store.status.changes_after ?? "";
        this.#open();
      }
      for (const camera of cameras.cameras) this.#ask(camera.live?.model_name);
      good = true;
    } catch (error) {
      if (error.status === 401) this.onEnded();
      // Out of reach; the banner says so, and it is tried again.
    }
    this.loading = false;
    for (const change of this.held.splice(0)) this.#apply(change);
    this.onSnapshot();
    if (!good || this.again) setTimeout(() => this.load(), PAUSE_MS);
    this.again = false;
  }

  #lost() {
    if (this.state !== "lost") this.lostAt = performance.now();
    this.state = "lost";
  }

  #watch() {
    const silent = performance.now() - this.heardAt > SILENCE_MS;
    if (silent || this.source?.readyState === EventSource.CLOSED) {
      this.#lost();
      if (this.source && performance.now() - this.openedAt > SILENCE_MS) this.#open();
    }
  }
}

/** Floors as one text, to be compared. */
function key(floors) {
  return floors === null ? "" : JSON.stringify([...floors].sort());
}
