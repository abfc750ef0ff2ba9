// What the rule that is shown would have done over the recorded past.
import { figureOf, heldBack } from "../alert_words.js";
import { make, span } from "../messages.js";
import { read } from "../requests.js";
import { TRIAL } from "./rule_words.js";

const HOUR_MS = 3600000;

export class Trial {
  /**
   * @param box where it goes
   * @param rule gives the rule that is shown, and `names` of zones and floors
   */
  constructor(box, rule) {
    this.rule = rule;
    this.range = make("select");
    this.range.id = "trial-range";
    this.range.append(...TRIAL.ranges.map(([hours, words]) => new Option(words, hours, hours === 24, hours === 24)));
    const label = make("label", "", TRIAL.over);
    label.htmlFor = this.range.id;
    this.button = make("button", "plain", TRIAL.button);
    this.button.type = "button";
    this.button.addEventListener("click", () => this.#run());
    this.state = make("p", "trial-state");
    this.state.setAttribute("role", "status");
    this.found = make("div", "trial-found");
    box.replaceChildren(make("h2", "", TRIAL.heading), make("p", "note", TRIAL.help), make("div", "field", label, this.range), this.button, this.state, this.found);
  }

  /** Another rule is shown, or this one was changed: what was found is no longer about it. */
  forget() {
    this.asked?.abort();
    this.asked = null;
    this.button.disabled = false;
    this.state.textContent = "";
    this.found.replaceChildren();
  }

  async #run() {
    this.forget();
    const { record, names } = this.rule();
    const asked = (this.asked = new AbortController());
    const until = Date.now();
    const query = new URLSearchParams({ from: new Date(until - this.range.value * HOUR_MS).toISOString(), to: new Date(until).toISOString() });
    this.button.disabled = true;
    this.state.textContent = TRIAL.running;
    try {
      // As if it were in use everywhere: a silent rule pages nobody, and says nothing of itself.
      const body = { ...record, stage: "everywhere", pilot_unit_ids: [] };
      const found = await read(`registry/rules/${encodeURIComponent(record.rule_id)}/simulate?${query}`, { method: "POST", body, signal: asked.signal });
      if (this.asked === asked) this.#show(found, names);
    } catch (error) {
      if (this.asked === asked) this.state.textContent = TRIAL.refused(error);
    }
    if (this.asked === asked) this.button.disabled = false;
  }

  #show(found, names) {
    const sum = (field) => found.shifts.reduce((total, one) => total + one[field], 0);
    this.state.textContent = found.floor_hours ? TRIAL.line(sum("opened"), sum("paged"), this.range.selectedOptions[0].text) : TRIAL.nothing;
    const parts = [];
    if (found.shifts.length) parts.push(table(found.shifts));
    if (found.examples.length) parts.push(make("h3", "", TRIAL.examples), make("ol", "trial-examples", ...found.examples.map((one) => make("li", "", make("strong", "", one.at), ` ${example(one, names)}`))));
    if (found.not_read) parts.push(make("p", "note", TRIAL.notRead(found.not_read)));
    this.found.replaceChildren(...parts);
  }
}

function table(shifts) {
  const head = (text, scope) => Object.assign(make("th", "", text), { scope });
  const value = (field, number) => (field !== "median_s" ? String(number) : number === null ? "–" : span(number));
  const rows = Object.entries(TRIAL.rows).map(([field, words]) => make("tr", "", head(words, "row"), ...shifts.map((one) => make("td", "", value(field, one[field])))));
  const made = make("table", "asked", make("thead", "", make("tr", "", make("td"), ...shifts.map((one) => head(one.shift.replaceAll(":00", "").replace("-", "–"), "col")))), make("tbody", "", ...rows));
  made.setAttribute("aria-label", TRIAL.heading);
  return made;
}

function example(one, names) {
  const where = one.zone_id ? names.zone(one.zone_id) : `floor ${names.floor(one.floor_id)}`;
  const before = span((one.opened_us - one.since_us) / 1e6);
  return [`${where}: ${figureOf(one)}, for ${before} before`, heldBack(one)].filter(Boolean).join(". ");
}
