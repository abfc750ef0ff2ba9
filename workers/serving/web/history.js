// The page History: every moment of the past as it was shown then, by slider, by keyboard or as a replay.
import { save, toCsv } from "./csv.js";
import { alertsOf, peopleOfFloor, zonesOf } from "./history_view.js";
import { PAST } from "./history_words.js";
import { keepTimeOf, make, say } from "./messages.js";
import { at, start, tell, trouble } from "./page.js";
import { note, section } from "./past_parts.js";
import { read } from "./requests.js";
import { sessionEnded } from "./session.js";
import { dayBounds, inFull, isoOf, localOf, secondOf, usOf } from "./site_time.js";
import { Underlays } from "./underlay.js";
import { reasonForm, sayLine } from "./why_evidence.js";
import { noAnswer } from "./why_words.js";

const TURN_MS = 500; // least time between two moments of a replay
const COLUMNS = ["at", "zone_id", "zone", "floor_id", "state", "people", "identified", "scheduled", "required", "gap_min", "gap_max", "as_of", "stale", "revision"];

class HistoryPage {
  constructor(me) {
    this.me = me;
    this.purpose = ""; // kept while the page is open
    this.timeZone = "UTC";
    this.playing = 0;
    this.number = 0;
    const asked = new URLSearchParams(location.search);
    this.view = asked.get("view") === "known" ? "known" : "shown";
    this.floor = asked.get("floor") ?? "";
    const moment = Date.parse(asked.get("at") ?? "");
    this.us = Number.isFinite(moment) ? moment * 1000 : Date.now() * 1000 - 2e6;
    document.querySelector(`input[name=view][value=${this.view}]`).checked = true;
    this.#listen();
    this.#begin();
  }

  #listen() {
    at("ask").addEventListener("submit", (event) => {
      event.preventDefault();
      this.#pick();
    });
    for (const choice of document.querySelectorAll("input[name=view]")) {
      choice.addEventListener("change", () => {
        this.view = choice.value;
        this.#ask();
      });
    }
    at("slider").addEventListener("input", () => {
      this.#stop();
      this.us = this.day[0] + at("slider").valueAsNumber * 1e6;
      this.#tellTime();
      clearTimeout(this.later);
      this.later = setTimeout(() => this.#ask(), 120);
    });
    at("slider").addEventListener("keydown", (event) => {
      const step = { PageUp: 300, PageDown: -300 }[event.key] ?? (event.shiftKey ? { ArrowRight: 60, ArrowUp: 60, ArrowLeft: -60, ArrowDown: -60 }[event.key] : undefined);
      if (!step) return;
      event.preventDefault();
      at("slider").valueAsNumber += step;
      at("slider").dispatchEvent(new Event("input"));
    });
    at("play").addEventListener("click", () => (this.playing ? this.#stop() : this.#play()));
    at("save").addEventListener("click", () => this.#save());
  }

  /** The time zone of the site first: the day that the slider shows is a day there. */
  async #begin() {
    try {
      this.timeZone = (await read("status")).time_zone || "UTC";
    } catch {
      // The answer names the zones of its floors.
    }
    this.#ask();
  }

  #pick() {
    this.#stop();
    const time = at("time").value;
    const us = usOf(`${at("day").value}T${time.length === 5 ? `${time}:00` : time}`, this.timeZone);
    if (us === null) return trouble(PAST.badTime);
    this.us = us;
    this.#ask();
  }

  #tellTime() {
    const local = localOf(this.us, this.timeZone);
    this.day = dayBounds(local.slice(0, 10), this.timeZone);
    at("day").value = local.slice(0, 10);
    at("time").value = local.slice(11);
    say(at("zone-of-time"), `(${this.timeZone})`);
    at("report").href = `report.html?week=${local.slice(0, 10)}`;
    say(at("moment"), inFull(this.us, this.timeZone));
    const slider = at("slider");
    slider.max = String((this.day[1] - this.day[0]) / 1e6 - 1);
    slider.valueAsNumber = Math.floor((this.us - this.day[0]) / 1e6);
    slider.setAttribute("aria-valuetext", secondOf(this.us, this.timeZone));
  }

  async #ask() {
    const number = ++this.number;
    this.#tellTime();
    history.replaceState(null, "", `?${new URLSearchParams({ at: isoOf(this.us), ...(this.view === "known" ? { view: "known" } : {}), ...(this.floor ? { floor: this.floor } : {}) })}`);
    const asked = new URLSearchParams({ at: isoOf(this.us), view: this.view, ...(this.floor ? { floor_id: this.floor } : {}) });
    try {
      const answer = await read(`history/zones?${asked}`);
      const people = await this.#people(answer);
      if (number === this.number) this.#show(answer, people);
      return true;
    } catch (error) {
      if (number !== this.number) return false;
      if (error.status === 401) sessionEnded();
      if (error.status === undefined) throw error;
      this.#stop();
      at("then").replaceChildren();
      at("people").replaceChildren();
      sayLine(at("state"), "");
      trouble(noAnswer(error));
      return false;
    }
  }

  /** Who was where, floor by floor, once somebody has said why. */
  async #people(answer) {
    if (!this.purpose) return [];
    this.underlays ??= await underlaysNow();
    const asked = new URLSearchParams({ at: isoOf(answer.at_us), view: answer.view });
    const found = [];
    for (const floor of answer.floors) {
      try {
        found.push([floor, (await read(`history/floors/${encodeURIComponent(floor.floor_id)}/people?${asked}`, { purpose: this.purpose })).people]);
      } catch (error) {
        if (error.status !== 403 && error.status !== 404) throw error;
      }
    }
    return found;
  }

  #show(answer, people) {
    this.answer = answer;
    trouble("");
    sayLine(at("state"), "");
    keepTimeOf(this.timeZone);
    const zones = zonesOf(answer, this.timeZone);
    at("then").replaceChildren(zones, alertsOf(answer, this.timeZone));
    at("people").replaceChildren(this.#peopleSection(answer, people));
    if (!this.playing) tell(zones.querySelector(".headline")?.textContent ?? PAST.nothing);
  }

  #peopleSection(answer, people) {
    if (!this.me.rights.has("history.read")) return section(PAST.people, note(PAST.peopleRight));
    if (this.purpose) return section(PAST.people, make("div", "people-of-floors", ...people.map(([floor, found]) => peopleOfFloor(floor, answer.zones.filter((zone) => zone.floor_id === floor.floor_id), found, this.underlays))));
    if (this.form?.isConnected) return this.form; // what was typed stays
    this.form = section(
      PAST.people,
      reasonForm(
        (reason) => {
          this.purpose = reason;
          this.#ask();
        },
        { label: PAST.reason, note: PAST.reasonNote, send: PAST.show },
      ),
    );
    return this.form;
  }

  /** Go on from here at the chosen speed, up to the present. */
  async #play() {
    const turn = (this.playing = performance.now());
    say(at("play"), PAST.stop);
    let before = turn;
    while (this.playing === turn) {
      const began = performance.now();
      if (!(await this.#ask())) break;
      await new Promise((resolve) => setTimeout(resolve, Math.max(0, TURN_MS - (performance.now() - began))));
      if (this.playing !== turn) return;
      const now = performance.now();
      const next = this.us + (now - before) * 1000 * Number(at("speed").value);
      before = now;
      if (next >= this.answer.now_us) {
        tell(PAST.ended);
        break;
      }
      this.us = Math.floor(next);
    }
    if (this.playing === turn) this.#stop();
  }

  #stop() {
    this.playing = 0;
    say(at("play"), PAST.play);
  }

  #save() {
    const { answer } = this;
    if (!answer) return;
    const moment = isoOf(answer.at_us);
    const rows = answer.zones.map(({ zone_id, name, floor_id, coverage, record, freshness, revision }) => ({
      ...(record ?? {}),
      ...{ at: moment, zone_id, zone: name, floor_id, state: coverage.state, stale: freshness.stale ? freshness.cause : "", revision: revision ?? "" },
      as_of: record ? isoOf(record.as_of_us) : "",
    }));
    save(`zones-${localOf(answer.at_us, this.timeZone).replaceAll(":", "")}.csv`, toCsv(COLUMNS, rows));
  }
}

/** The pictures under the plans of floors, as they are now. */
async function underlaysNow() {
  const found = new Underlays();
  await found.refresh();
  return found;
}

const me = await start("board.read");
if (me) new HistoryPage(me);
else sayLine(at("state"), "");
