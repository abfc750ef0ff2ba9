// The page Why: one zone's figure at one moment, and what it rests on; both are in the address.
import { make } from "./messages.js";
import { at, start, tell, trouble } from "./page.js";
import { note, section } from "./past_parts.js";
import { read } from "./requests.js";
import { sessionEnded } from "./session.js";
import { besides, inFull, isoOf, localOf } from "./site_time.js";
import { camerasOf, factsOf, peopleOf, reasonForm, recordsOf, sayLine } from "./why_evidence.js";
import { figureCard } from "./why_figure.js";
import { noAnswer, WHY } from "./why_words.js";

const AGAIN_MS = 1000;
const MOST_AGAIN = 10; // a figure is in the database some seconds after it is on the board
const FIGURES = "table zone_occupancy";

class WhyPage {
  constructor(me) {
    this.me = me;
    this.purpose = ""; // kept while the page is open
    this.number = 0; // of the newest question
    at("ask").addEventListener("submit", (event) => {
      event.preventDefault();
      this.#go(at("zone").value, at("at").value);
    });
    for (const step of document.querySelectorAll("[data-step]")) {
      step.addEventListener("click", () => this.answer && this.#go(at("zone").value, isoOf(Math.min(this.answer.at_us + step.dataset.step * 1e6, this.answer.now_us))));
    }
    at("now").addEventListener("click", () => this.#go(at("zone").value, ""));
    addEventListener("popstate", () => this.#ask());
    this.#offer();
    this.#ask();
  }

  /** The zones that somebody may ask of. */
  async #offer() {
    const asked = this.#asked().zone;
    const choice = (id, name) => Object.assign(make("option", "", name), { value: id });
    if (asked) at("zone").replaceChildren(choice(asked, asked));
    try {
      const { zones } = await read("zones");
      const wanted = this.#asked().zone;
      const known = zones.some((zone) => zone.zone_id === wanted);
      at("zone").replaceChildren(...(wanted && !known ? [choice(wanted, wanted)] : []), ...zones.map((zone) => choice(zone.zone_id, zone.name)));
      if (wanted) at("zone").value = wanted;
    } catch {
      // The zone of the address can be asked for all the same.
    }
  }

  #asked() {
    const asked = new URLSearchParams(location.search);
    return { zone: asked.get("zone") ?? "", at: asked.get("at") ?? "", seq: asked.get("seq") ?? "" };
  }

  /** Ask for another zone or moment, with an address of its own. */
  #go(zone, moment) {
    history.pushState(null, "", `?${new URLSearchParams({ zone, ...(moment ? { at: moment } : {}) })}`);
    this.#ask();
  }

  async #ask() {
    const { zone, at: moment, seq } = this.#asked();
    const number = ++this.number;
    const isOld = () => number !== this.number;
    trouble("");
    at("zone").value = zone;
    if (!zone) return this.#say(WHY.noZone);
    this.#say(WHY.looking);
    for (let turn = 0; ; turn++) {
      let answer;
      try {
        answer = await read(`zones/${encodeURIComponent(zone)}/why?${new URLSearchParams(moment ? { at: moment } : {})}`, { purpose: this.purpose });
      } catch (error) {
        if (isOld()) return;
        if (error.status === 401) return sessionEnded();
        if (error.status === undefined) throw error;
        return this.#refused(error);
      }
      if (isOld()) return;
      const awaited = seq && answer.now_us - answer.at_us < MOST_AGAIN * 3e6 && String(answer.shown?.seq ?? "") !== seq;
      this.#show(answer, zone, moment, awaited ? (turn < MOST_AGAIN ? WHY.waiting : WHY.notYet) : "");
      if (!awaited || turn >= MOST_AGAIN) return;
      await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
      if (isOld()) return;
    }
  }

  #say(text) {
    sayLine(at("state"), text);
  }

  #refused(error) {
    this.answer = null;
    at("answer").replaceChildren();
    this.#say("");
    trouble(noAnswer(error));
  }

  #show(answer, zone, moment, waiting) {
    this.answer = answer;
    this.#say(waiting);
    const { at_us: asked, time_zone: timeZone } = answer;
    if (!moment) history.replaceState(null, "", `?${new URLSearchParams({ zone, at: isoOf(answer.shown?.as_of_us ?? asked) })}`);
    at("at").value = localOf(asked, timeZone);
    at("zone-of-time").textContent = `(${timeZone})`;
    const name = answer.zone.name;
    document.title = WHY.titleOf(name, inFull(asked, timeZone));
    const cameras = new Map(answer.cameras.map((camera) => [camera.camera_id, camera.name]));
    const heading = make("h2", "large answer-title", `${name}, ${inFull(asked, timeZone)}`);
    const may = this.me.rights.has("history.read") && !this.purpose && answer.left_out.some((one) => one.what === "people" && one.right === "history.read");
    const form = may ? reasonForm((reason) => this.#because(reason)) : null;
    at("answer").replaceChildren(
      heading,
      this.#figures(answer, cameras),
      ...[peopleOf(answer.shown ?? answer.known, cameras, this.me.rights, answer.left_out, form)].filter(Boolean),
      ...factsOf(answer),
      camerasOf(answer),
      recordsOf(answer, cameras, this.me.rights),
    );
    if (!waiting) tell(at("answer").querySelector(".sentence")?.textContent ?? WHY.nothing);
  }

  #because(reason) {
    this.purpose = reason;
    this.#ask();
  }

  #figures(answer, cameras) {
    const { shown, known, revision, time_zone: timeZone } = answer;
    const cards = [];
    if (shown) cards.push(figureCard(WHY.shown, shown, null, cameras, answer));
    else cards.push(section(WHY.nothing, note(this.#whyNothing(answer, timeZone))));
    if (known) cards.push(figureCard(WHY.known(revision), known, shown, cameras, answer));
    const rest = known ? "" : revision === null ? (shown ? WHY.stands : "") : WHY.notKnown(revision);
    return make("div", "figures", ...cards, rest ? make("p", "note", rest) : "");
  }

  #whyNothing(answer, timeZone) {
    const gone = answer.links.find((link) => link.store === FIGURES && link.state === "expired");
    return gone ? WHY.deleted(besides(gone.since_us, answer.at_us, timeZone), gone.kept) : WHY.nothingLong;
  }
}

const me = await start("board.read");
if (me) new WhyPage(me);
else sayLine(at("state"), "");
