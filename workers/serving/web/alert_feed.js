// Alerts with how they stand: read once, and again whenever something happens to one.
import { random, read } from "./requests.js";
import { sessionEnded } from "./session.js";

const API = "api/v1";
const SILENCE_MS = 4000; // the server sends a heartbeat every second
const SOON_MS = 300;
const ONCE_MORE_MS = 2500; // the tables follow the live state
const AGAIN_MS = 2000;
const REFRESH_MS = 30000; // what was done on another board of the same ward
const MOST = 500;

export class AlertFeed {
  /**
   * @param tick called with the server's time, microseconds
   * @param changed called when something was read, was lost, or came back
   */
  constructor(tick, changed) {
    this.tick = tick;
    this.changed = changed;
    this.answers = []; // the newest of each question
    this.zones = null;
    this.status = null;
    this.questions = []; // what is asked for
    this.answered = null; // and what was answered last
    this.decided = new Map(); // of each floor, when its alerts were decided last, microseconds
    this.state = "connecting"; // connecting, live, lost
    this.redis = true;
    this.failed = null;
    this.lostAt = null; // seconds on the server's clock
    this.readAt = null;
    this.heardAt = performance.now();
  }

  /** @param now gives the server's time, seconds */
  start(now) {
    this.now = now;
    this.#open();
    this.read();
    setInterval(() => this.#watch(), 500);
    setInterval(() => document.hidden || this.read(), REFRESH_MS);
    document.addEventListener("visibilitychange", () => document.hidden || this.read());
  }

  /** Alerts by their identity, as they were read last. */
  get views() {
    const found = new Map();
    for (const { alerts } of this.answers) for (const view of alerts) found.set(keyOf(view), view);
    return [...found.values()];
  }

  get hasMore() {
    return this.answers.some((one) => one.more);
  }

  /** Ask for these from now on: what is open, and what is over where that is shown. */
  ask(days) {
    const over = days ? [`zone-alerts?${new URLSearchParams({ state: "closed", days, limit: MOST })}`] : [];
    const questions = [`zone-alerts?limit=${MOST}`, ...over];
    if (JSON.stringify(questions) === JSON.stringify(this.questions)) return;
    this.questions = questions;
    if (this.now) this.read();
  }

  /** Read everything now; a call while one is under way reads again after it, and waits for that. */
  async read() {
    if (this.reading) {
      const under = this.reading.catch(() => {}); // whoever began it hears of that
      this.next ??= under.then(() => {
        this.next = null;
        return this.read();
      });
      return this.next;
    }
    this.reading = this.#read();
    try {
      await this.reading;
    } finally {
      this.reading = null;
    }
  }

  async #read() {
    const { questions } = this;
    try {
      const [status, zones, ...answers] = await Promise.all(["status", "zones", ...questions].map((path) => read(path)));
      Object.assign(this, { status, answers, answered: questions, zones: zones.zones, failed: null });
      this.tick(status.now_us);
      this.readAt = this.now();
      for (const { floors } of answers) for (const { floor_id: id, as_of_us: at } of floors) this.#confirm(id, at);
    } catch (error) {
      if (error.status === 401) {
        sessionEnded();
        return;
      }
      this.failed = error;
      this.lostAt ??= this.now();
      this.#soon(AGAIN_MS);
    }
    if (!this.failed && this.state !== "lost") this.lostAt = null;
    this.changed();
  }

  #confirm(id, at) {
    this.decided.set(id, Math.max(at, this.decided.get(id) ?? 0));
  }

  #soon(ms) {
    const due = performance.now() + ms;
    if (this.timer && this.due <= due) return;
    clearTimeout(this.timer);
    this.due = due;
    this.timer = setTimeout(() => {
      this.timer = null;
      this.read();
    }, ms);
  }

  #open() {
    this.source?.close();
    const source = new EventSource(`${API}/changes?${new URLSearchParams({ kind: "alerts", purpose: "Alerts page" })}`);
    this.source = source;
    this.openedAt = this.heardAt = performance.now();
    source.onopen = () => {
      this.heardAt = performance.now();
      const wasLost = this.state === "lost";
      this.state = "live";
      if (!this.failed) this.lostAt = null;
      if (wasLost) this.read();
      this.changed();
    };
    source.onerror = () => this.#lost();
    source.addEventListener("alerts", (event) => {
      this.heardAt = performance.now();
      const { id, as_of_us: at, data } = JSON.parse(event.data);
      this.#confirm(id, at);
      if (!data.decided?.length) return;
      this.#soon(SOON_MS);
      setTimeout(() => this.#soon(SOON_MS), ONCE_MORE_MS);
    });
    source.addEventListener("clock", (event) => {
      this.heardAt = performance.now();
      const { now_us: nowUs, redis_reachable: redis } = JSON.parse(event.data);
      this.tick(nowUs);
      if (redis === this.redis) return;
      this.redis = redis;
      this.#soon(SOON_MS);
      this.changed();
    });
    for (const name of ["acted", "names", "reset"]) source.addEventListener(name, () => this.#soon(SOON_MS));
  }

  #lost() {
    if (this.state === "lost") return;
    this.state = "lost";
    this.lostAt ??= this.now();
    this.#soon(SOON_MS); // says whether the session has ended
    this.changed();
  }

  #watch() {
    const silent = performance.now() - this.heardAt > SILENCE_MS;
    if (!silent && this.source.readyState !== EventSource.CLOSED) return;
    this.#lost();
    if (performance.now() - this.openedAt > SILENCE_MS) this.#open();
  }
}

/** The identity of an alert. */
export function keyOf({ floor_id: floor, alert }) {
  return JSON.stringify([floor, alert.alert_id, alert.opened_us]);
}

/** What somebody is about to do; the same until it is known whether it was done. */
export class Attempts {
  constructor() {
    this.kept = new Map();
  }

  /** The request for a wish: the one before where that was not answered, else a new one. */
  of(verb, view, fields) {
    const { floor_id, alert } = view;
    const wish = `${verb} ${keyOf(view)} ${JSON.stringify(fields.wish ?? "")}`;
    if (!this.kept.has(wish)) {
      const body = { floor_id, alert_id: alert.alert_id, opened_us: alert.opened_us, decided_us: alert.decided_us, ...fields.body };
      this.kept.set(wish, { body, key: random(32), wish });
    }
    return this.kept.get(wish);
  }

  /** It is known what became of a request. */
  settle({ wish }) {
    this.kept.delete(wish);
  }
}
