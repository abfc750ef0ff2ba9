// Notices about the pipeline behind the board: what is silent, since when, and what is late.
import { make, say } from "./messages.js";
import { lagging, SILENT, silentSince } from "./words.js";

const SILENT_S = 10; // a camera's drawing says STALE sooner; a sentence about it waits a little

export class PipelineNotices {
  /**
   * @param list where notices are shown
   * @param late where lag is shown
   * @param store what the board knows
   */
  constructor(list, late, store) {
    this.list = list;
    this.late = late;
    this.store = store;
  }

  /**
   * Draw. True when a stop is explained.
   *
   * @param connected whether this page is kept up to date
   * @param halted whether there are numbers and none is fresh, which the page says by itself
   */
  render(connected, halted) {
    const notices = [...this.#alerts(), ...(connected ? this.#silences(halted) : [])];
    const key = JSON.stringify(notices);
    if (this.key !== key) {
      this.key = key;
      this.list.replaceChildren(
        ...notices.map(({ text, tier }) => {
          const item = make("li", "", text);
          item.dataset.tier = tier;
          return item;
        }),
      );
      this.list.hidden = !notices.length;
    }
    const lags = (this.store.pipeline?.lags ?? []).filter((lag) => lag.late);
    const messages = lags.map(lagging);
    say(this.late, messages.join("; "));
    return notices.some(({ tier }) => tier === "PAGE");
  }

  /** Alerts of the watchdog. */
  #alerts() {
    return (this.store.pipeline?.alerts ?? []).map(({ what, since_us, tier }) => this.#notice(what, since_us / 1e6, tier));
  }

  /** Silences that this page sees by its own clock, where the watchdog has raised no alert about them. */
  #silences(halted) {
    const silences = (this.store.pipeline?.alerts ?? []).filter((alert) => alert.alert_id.startsWith("silence/"));
    const raised = new Set(silences.map((alert) => alert.subject));
    const unseen = (...subjects) => !subjects.some((subject) => raised.has(subject));
    const limit = Math.max(SILENT_S, this.store.status?.stale_after_s ?? 0);
    const cameras = [...this.store.cameras.values()].filter((camera) => camera.asOf !== null);
    const silent = cameras.filter((camera) => this.store.now() - camera.asOf > limit);
    if (cameras.length > 1 && silent.length === cameras.length) {
      if (halted || !unseen("line", "log", "stage/infer", "stage/stream", "stage/sink-redis")) return [];
      return [this.#notice(SILENT.board, Math.max(...silent.map((camera) => camera.asOf)), "PAGE")];
    }
    const notices = silent
      .filter((camera) => unseen("line", "log", "stage/infer", "stage/stream", "stage/sink-redis", `camera/${camera.camera_id}`))
      .map((camera) => this.#notice(`${SILENT.camera} ${camera.name}`, camera.asOf, "WARNING"));
    const floors = [...this.store.floors.values()];
    const countedAt = Math.max(...floors.map((floor) => floor.asOf));
    const moving = silent.length < cameras.length;
    if (moving && floors.length && this.store.now() - countedAt > limit && unseen("stage/stream", "stage/sink-redis")) {
      notices.push(this.#notice(SILENT.counting, countedAt, "PAGE"));
    }
    return notices;
  }

  #notice(what, since, tier) {
    return { text: silentSince(what, since, this.store.now()), tier };
  }
}
