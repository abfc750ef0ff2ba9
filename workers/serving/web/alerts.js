// The page Alerts: what is wrong where, who has it, and what somebody does about it.
import { gravestFirst, isOnTrial } from "./alert_badges.js";
import { askHowLong, askWhy } from "./case_dialogs.js";
import { AlertFeed, Attempts, keyOf } from "./alert_feed.js";
import { CaseRow } from "./case_rows.js";
import { CASES, doneWords, headline, opened, STATES, troubleWords, whyNotDone, wholePlace } from "./case_words.js";
import { ZoneFilter } from "./filter.js";
import { FilterBar } from "./filter_view.js";
import { make, say, showClock } from "./messages.js";
import { at, start, tell, trouble } from "./page.js";
import { ask } from "./requests.js";
import { sessionEnded } from "./session.js";
import { Store } from "./store.js";
import { LIVE } from "./words.js";

const OPEN = STATES.filter((state) => state !== "closed");
const OLD_S = 150; // floors have a record a minute while an alert is open
const FARTHEST = "90"; // days
const ACTIONS = { acknowledge: "ACKNOWLEDGED", snooze: "SNOOZED", resolve: "RESOLVED" };

class AlertsPage {
  constructor(me) {
    this.me = me;
    const asked = new URLSearchParams(location.search);
    const states = asked.getAll("state").filter((state) => STATES.includes(state));
    this.states = new Set(states.length ? states : OPEN);
    this.linked = asked.get("alert") ? { alert: asked.get("alert"), opened: asked.get("opened") } : null;
    at("tier").value = asked.getAll("tier").join(" ");
    if (at("tier").selectedIndex < 0) at("tier").value = "";
    at("days").value = asked.get("days") ?? "7";
    if (at("days").selectedIndex < 0) at("days").value = "7";
    at("trial").checked = asked.get("trial") === "1";
    this.store = new Store(new ZoneFilter(location.search));
    this.bar = new FilterBar(at("chips"), at("chooser"), this.store, () => this.#chosen());
    this.attempts = new Attempts();
    this.rows = new Map();
    this.known = null;
    this.groups = new Map(STATES.map((state) => [state, makeGroup(state)]));
    at("cases").append(...[...this.groups.values()].map(({ part }) => part));
    for (const box of document.querySelectorAll("input[name=state]")) {
      box.checked = this.states.has(box.value);
      box.addEventListener("change", () => {
        if (box.checked) this.states.add(box.value);
        else this.states.delete(box.value);
        this.#chosen();
      });
    }
    for (const id of ["tier", "days", "trial"]) at(id).addEventListener("change", () => this.#chosen());
    this.feed = new AlertFeed((us) => this.store.tick(us), () => this.#draw());
    this.#ask();
    this.feed.start(() => this.store.now());
    setInterval(() => this.#tick(), 1000);
  }

  #ask() {
    const days = this.linked?.far ? FARTHEST : at("days").value;
    this.feed.ask(this.states.has("closed") || this.linked?.far ? days : null);
    at("days").disabled = !this.states.has("closed");
  }

  /** Something else was chosen: the address says so, and what is shown follows. */
  #chosen() {
    const asked = new URLSearchParams(this.store.filter.search(location.search));
    for (const name of ["state", "tier", "days", "trial", "alert", "opened"]) asked.delete(name);
    if (OPEN.some((one) => !this.states.has(one)) || this.states.has("closed")) for (const state of this.states) asked.append("state", state);
    for (const tier of at("tier").value.split(" ").filter(Boolean)) asked.append("tier", tier);
    if (this.states.has("closed") && at("days").value !== "7") asked.set("days", at("days").value);
    if (at("trial").checked) asked.set("trial", "1");
    this.linked = null;
    history.replaceState(null, "", asked.size ? `?${asked}` : location.pathname);
    this.store.choose();
    this.#ask();
    this.#draw();
  }

  #tick() {
    this.store.status = this.feed.status;
    showClock(at("clock"), this.store, { second: "2-digit" });
    this.#trouble();
    if (this.feed.zones) this.#rows();
  }

  #trouble() {
    const { feed } = this;
    trouble(troubleWords(feed, this.store.now()));
    const state = feed.failed || feed.state === "lost" ? "lost" : feed.state;
    at("live").dataset.state = state;
    say(at("live-word"), LIVE[state]);
    document.querySelector("main").dataset.old = String(state === "lost");
  }

  #draw() {
    this.#trouble();
    if (!this.feed.zones) return;
    this.store.status = this.feed.status;
    this.store.loadZones(this.feed.zones, {});
    showClock(at("clock"), this.store, { second: "2-digit" });
    this.bar.render();
    this.#rows();
    this.#lead();
  }

  /** Where an alert is; null where its zone or floor is not one of those that are shown. */
  #placeOf({ floor_id: floorId, alert }) {
    const all = this.store.zones;
    if (alert.zone_id) {
      const zone = all.get(alert.zone_id);
      if (zone) return { name: zone.name, floor: zone.floor_name, isOnTrial: isOnTrial(alert, zone) };
      return this.store.filter.isSet ? null : { name: alert.zone_id, floor: floorId, isOnTrial: isOnTrial(alert, null) };
    }
    const zone = [...all.values()].find((one) => one.floor_id === floorId);
    if (!zone && this.store.filter.isSet) return null;
    return { name: zone?.floor_name ?? floorId, floor: zone?.floor_name ?? floorId, isOnTrial: isOnTrial(alert, null) };
  }

  #named(view) {
    return wholePlace(this.#placeOf(view)?.name ?? view.alert.zone_id, view.alert);
  }

  /** Alerts that the choice of zones, urgency and trial holds, the gravest first. */
  #held() {
    const tiers = at("tier").value;
    const views = this.feed.views.filter((view) => {
      const place = this.#placeOf(view);
      if (this.#isLinked(view)) return place !== null;
      return place && (!tiers || tiers.includes(view.alert.tier)) && (at("trial").checked || !place.isOnTrial);
    });
    const of = new Map(views.map((view) => [view.alert, view]));
    return gravestFirst(views.map(({ alert }) => alert)).map((alert) => of.get(alert));
  }

  #isLinked({ alert }) {
    if (!this.linked || String(alert.opened_us) !== this.linked.opened) return false;
    const whole = (id) => id.replace(/\/person\/[^/]*$/, ""); // who may not see people has another code
    return alert.alert_id === this.linked.alert || whole(alert.alert_id) === whole(this.linked.alert);
  }

  #rows() {
    const held = this.#held();
    const now = this.store.now();
    const shown = held.filter((view) => this.states.has(view.state) || this.#isLinked(view));
    const page = { me: this.me, now, camera: (id) => id };
    const keys = new Set(shown.map(keyOf));
    for (const [key, row] of this.rows) {
      if (keys.has(key)) continue;
      row.item.remove();
      this.rows.delete(key);
    }
    for (const state of STATES) {
      const views = shown.filter((view) => view.state === state);
      if (state === "closed") views.sort((a, b) => b.alert.decided_us - a.alert.decided_us);
      const { part, list } = this.groups.get(state);
      part.hidden = !views.length;
      views.forEach((view, place) => {
        const row = this.#row(view);
        row.fill(view, this.#placeOf(view), this.#unconfirmed(view, now), page);
        row.item.dataset.linked = String(this.#isLinked(view));
        if (list.children[place] !== row.item) list.insertBefore(row.item, list.children[place] ?? null);
      });
      const count = state === "closed" && !this.states.has("closed") ? "" : String(held.filter((view) => view.state === state).length);
      say(at(`count-${state}`), count);
    }
    say(at("headline"), headline(held, (view) => this.#named(view), now));
    at("headline").dataset.state = held.some((view) => view.state === "open") ? "short" : "covered";
    at("more").hidden = shown.length > 0 && !this.feed.hasMore;
    say(at("more"), shown.length ? CASES.more(shown.length) : CASES.none);
    this.#news(held);
  }

  #row(view) {
    const key = keyOf(view);
    if (!this.rows.has(key)) this.rows.set(key, new CaseRow((verb, ...asked) => this.#act(verb, ...asked)));
    return this.rows.get(key);
  }

  /** When an open alert was decided last, where its floor has had no record for long; else null. */
  #unconfirmed({ floor_id: floor, state, alert }, now) {
    if (state === "closed") return null;
    const us = this.feed.decided.get(floor) ?? alert.decided_us;
    return now - us / 1e6 > OLD_S ? us / 1e6 : null;
  }

  #news(held) {
    const open = held.filter((view) => view.state === "open" && view.alert.pages);
    const before = this.known;
    this.known = new Set(held.map(keyOf));
    const news = before ? open.filter((view) => !before.has(keyOf(view))) : [];
    if (news.length) tell(news.map((view) => opened(view, this.#named(view))).join(". "));
  }

  /** Go to the alert of a link, once; one that is over is asked for. */
  #lead() {
    if (!this.linked || this.linked.isFound || this.feed.failed) return;
    const view = this.#held().find((one) => this.#isLinked(one));
    if (view) {
      this.linked.isFound = true;
      const row = this.rows.get(keyOf(view));
      row.details.open = true;
      row.item.scrollIntoView({ block: "center" });
      row.heading.focus();
    } else if (!this.linked.far) {
      this.linked.far = true;
      this.#ask();
    } else if (this.feed.answered === this.feed.questions) {
      this.linked.isFound = true;
      say(at("done"), CASES.linkLost);
    }
  }

  async #act(verb, view, row) {
    const place = this.#named(view);
    const wish = { acknowledge: async () => "", snooze: () => askHowLong(place), resolve: () => askWhy(place) };
    const chosen = await wish[verb]();
    if (chosen === null) return;
    const body = { acknowledge: {}, snooze: { until_us: Math.round((this.store.now() + chosen * 60) * 1e6) }, resolve: { reason: chosen } }[verb];
    const attempt = this.attempts.of(verb, view, { wish: chosen, body });
    const seen = new Set(view.actions.map((one) => one.action_id));
    row.busy(true);
    row.answer.dataset.kept = "";
    say(row.answer, CASES.sending);
    try {
      const taken = await (await ask(`zone-alerts/${verb}`, { method: "POST", body: attempt.body, key: attempt.key })).json();
      await this.feed.read();
      this.#done(attempt, taken, { view, row, place, seen });
    } catch (error) {
      if (error.status === undefined) throw error;
      if (error.status === 401) {
        sessionEnded();
        return;
      }
      if (error.status > 0 && error.status < 500) this.attempts.settle(attempt);
      await this.feed.read();
      const news = this.#newActs(view, seen).find((one) => one.action === ACTIONS[verb] && one.taken_by === this.me.subject);
      if (news) {
        // It was done, and only the answer was lost.
        const { state } = this.#now(view) ?? view;
        this.#done(attempt, { ...news, state }, { view, row, place, seen });
        return;
      }
      row.answer.dataset.kept = "false";
      say(row.answer, whyNotDone(error));
    } finally {
      row.busy(false);
    }
  }

  #now(view) {
    return this.feed.views.find((one) => keyOf(one) === keyOf(view));
  }

  /** What people have done about an alert beside what somebody saw. */
  #newActs(view, seen) {
    const acts = this.#now(view)?.actions ?? [];
    return acts.filter((one) => Object.values(ACTIONS).includes(one.action) && !seen.has(one.action_id));
  }

  #done(attempt, taken, { view, row, place, seen }) {
    this.attempts.settle(attempt);
    say(row.answer, "");
    const others = this.#newActs(view, seen).filter((one) => one.action_id !== taken.action_id);
    at("done").dataset.kept = "true";
    say(at("done"), doneWords(taken, place, others, this.me, this.store.now()));
    (row.item.isConnected ? row.heading : at("cases")).focus();
  }
}

function makeGroup(state) {
  const list = make("ol", "case-list");
  const heading = make("h2", "large", CASES.groups[state]);
  heading.id = `group-${state}`;
  const part = make("section", "case-group", heading, list);
  part.setAttribute("aria-labelledby", heading.id);
  part.dataset.state = state;
  part.hidden = true;
  return { part, list };
}

const me = await start("board.read");
if (me) new AlertsPage(me);
