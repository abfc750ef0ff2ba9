// What a rule asked of people in the last weeks, and how people answered.
import { make, span } from "../messages.js";
import { read } from "../requests.js";
import { BURDEN } from "./rule_words.js";

const DAYS = 28;

export class Burden {
  /** @param box where the figures of one rule go */
  constructor(box) {
    this.box = box;
    this.found = null;
    this.trouble = "";
  }

  /** Read the figures of all rules; without them the page goes on, and says so. */
  async load() {
    try {
      const { rules } = await read(`alerts-per-rule?days=${DAYS}`);
      this.found = new Map(rules.map((one) => [one.rule_id, one]));
      this.trouble = "";
    } catch (error) {
      this.trouble = error.message;
    }
  }

  /** Whether a rule pages more than people accept. */
  asksTooMuch(id) {
    return Boolean(this.found?.get(id)?.asks_too_much);
  }

  /** Show the figures of one rule; null for one that is not registered yet. */
  show(id) {
    this.box.hidden = id === null;
    const parts = [make("h2", "", BURDEN.heading(DAYS))];
    const one = this.found?.get(id);
    if (this.trouble) parts.push(make("p", "note", BURDEN.trouble(this.trouble)));
    else if (!this.found) parts.push(make("p", "note", BURDEN.waiting));
    else if (!one) parts.push(make("p", "note", BURDEN.none));
    else {
      if (one.asks_too_much) parts.push(make("p", "too-much", BURDEN.tooMuch(one)));
      parts.push(make("p", "", BURDEN.line(one)), table(one), make("p", "note", BURDEN.help));
    }
    this.box.replaceChildren(...parts);
  }
}

/** A row for each figure, a column for each shift. */
function table(one) {
  const head = (text, scope) => Object.assign(make("th", "", text), { scope });
  const columns = [...one.shifts.map((shift) => [BURDEN.shifts[shift.shift] ?? shift.shift, shift]), ...(one.shifts.length > 1 ? [[BURDEN.all, one]] : [])];
  const rows = Object.entries(BURDEN.rows).map(([field, words]) => make("tr", "", head(words, "row"), ...columns.map(([, figures]) => make("td", "", value(field, figures[field])))));
  const made = make("table", "asked", make("thead", "", make("tr", "", make("td"), ...columns.map(([name]) => head(name, "col")))), make("tbody", "", ...rows));
  made.setAttribute("aria-label", BURDEN.heading(DAYS));
  return made;
}

function value(field, number) {
  if (field !== "acknowledged_after_s") return String(number);
  return number === null ? "–" : span(number);
}
