// A table whose rows are changed in place, looked over together, and saved one by one.
import { counted, make, say } from "../messages.js";
import { random } from "../requests.js";
import { cell } from "./cells.js";
import { settle, settleRemoved } from "./conflict.js";
import { Drafts } from "./drafts.js";
import { History } from "./history.js";
import { compare, equal } from "./merge.js";
import { at, explain, tell, trouble } from "../page.js";
import { all, one, remove, save } from "./registry.js";
import { Review } from "./review.js";
import { author, fieldName, valueOf, when } from "./words.js";

export class EditTable {
  /**
   * @param me who asks
   * @param sort what is edited: `kind` in the API, `noun`, `nouns`, `idField`, `columns` (see
   *   `cells.js`), `name(record)`, `order(a, b)`, `blank(id)`, `wanted(record)`, `load()`,
   *   `newId()` where people name it (null for not yet), the `right`
   *   to edit, and
   *   `read(record)` and `write(record, base)` between the API's form and the table's
   */
  constructor(me, sort) {
    Object.assign(this, { me, ...sort });
    this.right ??= "staffing.edit";
    this.mayEdit = me.rights.has(this.right);
    this.drafts = new Drafts(this.kind, me.subject);
    this.known = new Map();
    this.faults = new Map();
    this.fields = this.columns.map(({ field }) => field);
    at("head").replaceChildren(make("tr", "", ...this.columns.map(({ label }) => heading(label)), heading("State")));
    at("add").hidden = at("bar").hidden = !this.mayEdit;
    this.history = new History(at("history"), at("versions"), me, { kind: this.kind, fields: this.fields, right: this.right, read: (record) => this.read(record), done: () => this.open() });
    at("add").addEventListener("click", () => this.#add());
    at("discard").addEventListener("click", () => this.#discard());
    at("save").addEventListener("click", () => this.#review());
  }

  /** Read everything and show it. */
  async open() {
    try {
      const [rows] = await Promise.all([all(this.kind), this.load()]);
      this.known = new Map(rows.map((entry) => [entry.id, this.#entry(entry)]));
      trouble("");
    } catch (error) {
      trouble(explain(error));
      return;
    }
    this.render();
    this.history.of(this.known.get(this.shown) ?? null);
  }

  #entry(entry) {
    return { ...entry, sent: entry.record, record: this.read(entry.record) };
  }

  #record(id) {
    return this.drafts.get(id)?.record ?? this.known.get(id)?.record;
  }

  #base(id) {
    const draft = this.drafts.get(id);
    return draft ? draft.base : (this.known.get(id) ?? null);
  }

  /** Draw every row that is wanted, and every one that is not saved. */
  render() {
    const ids = [...new Set([...this.known.keys(), ...this.drafts.ids()])].filter((id) => this.drafts.get(id) || this.wanted(this.#record(id)));
    ids.sort((a, b) => Number(!this.drafts.get(b) || this.#base(b) !== null) - Number(!this.drafts.get(a) || this.#base(a) !== null) || this.order(this.#record(a), this.#record(b)));
    this.rows = new Map(ids.map((id) => [id, this.#row(id)]));
    at("rows").replaceChildren(...[...this.rows.values()].map(({ row }) => row));
    at("none").hidden = ids.length > 0;
    this.#bar();
  }

  #row(id) {
    const record = this.#record(id);
    const name = this.name(record);
    const cells = this.columns.map((column) => {
      const content = cell(column, record[column.field], name, (value) => this.#change(id, column.field, value), record);
      for (const input of content.matches("fieldset, span") ? content.querySelectorAll("input") : [content]) input.disabled = !this.mayEdit;
      return Object.assign(make("td", "", make("span", "cell-label", column.label), content));
    });
    const state = make("span", "row-state");
    const button = make("button", "plain small");
    button.type = "button";
    button.hidden = !this.mayEdit;
    button.addEventListener("click", () => this.#toggle(id));
    const past = make("button", "plain small", "History");
    past.type = "button";
    past.hidden = !this.known.get(id);
    past.setAttribute("aria-label", `History: ${name}`);
    past.addEventListener("click", () => this.#showHistory(id, name));
    const wrong = make("p", "fault");
    const row = make("tr", "", ...cells, make("td", "row-end", make("div", "row-act", state, past, button), wrong));
    row.dataset.id = id;
    const shown = { row, state, button, wrong, name };
    this.#mark(id, shown);
    return shown;
  }

  #showHistory(id, name) {
    say(at("history-of"), name);
    this.shown = id;
    this.history.of(this.known.get(id) ?? null);
    at("history").open = true;
    at("history").querySelector("summary").focus();
  }

  #mark(id, { row, state, button, wrong, name }) {
    const draft = this.drafts.get(id);
    const word = !draft ? "" : draft.removed ? "to be removed" : draft.base ? "changed" : "new";
    row.dataset.state = word || "saved";
    say(state, word);
    say(button, !draft ? "Remove" : "Undo");
    button.setAttribute("aria-label", `${button.textContent}: ${name}`);
    const fault = this.faults.get(id) ?? "";
    say(wrong, fault);
    wrong.hidden = !fault;
  }

  #bar() {
    const count = this.drafts.ids().length;
    at("bar").dataset.changed = String(count > 0);
    at("save").disabled = at("discard").disabled = !count;
    say(at("state"), count ? `${counted(count, "change", "changes")} not saved` : (this.saved ?? "No changes"));
  }

  #change(id, field, value) {
    const base = this.#base(id);
    const record = { ...this.#record(id), [field]: value };
    const differs = !base || this.fields.some((name) => !equal(record[name], base.record[name]));
    this.drafts.set(id, differs ? { base, record } : null);
    this.faults.delete(id);
    this.saved = undefined;
    this.#mark(id, this.rows.get(id));
    this.#bar();
  }

  #toggle(id) {
    const draft = this.drafts.get(id);
    const known = this.known.get(id) ?? null;
    this.faults.delete(id);
    this.saved = undefined;
    this.drafts.set(id, draft ? null : { base: known, record: known.record, removed: true });
    this.render();
    (this.rows.get(id)?.button ?? at("add")).focus();
  }

  #add() {
    const id = this.newId ? this.newId() : `${this.noun.slice(0, 2)}-${random(10)}`;
    if (!id) return;
    if (!this.known.has(id) && !this.drafts.get(id)) this.drafts.set(id, { base: null, record: this.blank(id) });
    this.render();
    this.rows.get(id).row.querySelector("select, input").focus();
  }

  #discard() {
    for (const id of this.drafts.ids()) this.drafts.set(id, null);
    this.faults.clear();
    this.saved = undefined;
    tell("All changes discarded.");
    this.render();
  }

  /** Say what would happen, and save when that is wanted. */
  async #review() {
    at("save").disabled = true;
    const rows = this.drafts.ids().map((id) => ({ id, ...this.drafts.get(id) }));
    const lines = rows.map((row) => this.#line(row));
    const given = rows.filter((row) => !row.removed).map((row) => this.write(row.record, row.base));
    const names = new Map(rows.map(({ id, record }) => [id, this.name(record)]));
    const wanted = await new Review(this).ask(lines, given, names);
    this.#bar();
    if (wanted) await this.#save();
  }

  #line({ base, record, removed }) {
    if (removed) return ["Removed", this.name(base.record), ""];
    if (!base) return ["New", this.name(record), this.fields.map((field) => `${fieldName(field).toLowerCase()} ${this.#value(field, record)}`).join(", ")];
    const found = compare(this.fields, base.record, record, base.record);
    const details = found.map(({ field }) => `${fieldName(field).toLowerCase()} ${this.#value(field, base.record)} → ${this.#value(field, record)}`);
    return ["Changed", this.name(base.record), details.join(", ")];
  }

  #value(field, record) {
    const { options } = this.columns.find((column) => column.field === field) ?? {};
    const words = options?.(record).find(([value]) => value === record[field])?.[1];
    return words ?? valueOf(field, record[field], record);
  }

  async #save() {
    let [done, effect] = [0, ""];
    for (const id of this.drafts.ids()) {
      say(at("state"), `Saving ${this.name(this.#record(id))} …`);
      const answer = await this.#saveOne(id);
      if (answer) [done, effect] = [done + 1, answer.edit_id === null ? effect : answer.takes_effect];
    }
    const left = this.drafts.ids().length;
    if (done) this.saved = `${counted(done, "change", "changes")} saved. Takes effect ${effect || "soon"}.`;
    await this.open();
    if (this.saved) tell(this.saved);
    if (left) trouble(`${counted(left, "change is", "changes are")} not saved; the reason is in the row.`);
  }

  async #saveOne(id) {
    const { base, record, removed } = this.drafts.get(id);
    try {
      const answer = removed ? await remove(this.kind, base) : await save(this.kind, id, this.write(record, base), base);
      this.drafts.set(id, null);
      this.faults.delete(id);
      return answer;
    } catch (error) {
      if (error.status === 412 || (error.status === 404 && base)) return this.#settle(id);
      const reasons = (error.errors ?? []).map(({ field, reason }) => `${fieldName(field)}: ${reason}`);
      this.faults.set(id, reasons.join("; ") || explain(error));
      return null;
    }
  }

  /** Somebody else changed the row first. */
  async #settle(id) {
    const draft = this.drafts.get(id);
    const found = await one(this.kind, id).catch(() => undefined);
    if (found === undefined) return null;
    const title = this.name(draft.record);
    if (found === null) {
      const answer = draft.removed ? "drop" : await settleRemoved(title);
      if (answer === "drop") this.drafts.set(id, null);
      if (answer !== "again") return null;
      this.drafts.set(id, { base: null, record: draft.record });
      return this.#saveOne(id);
    }
    const theirs = this.#entry(found);
    if (draft.removed) {
      this.drafts.set(id, null);
      this.faults.set(id, `Not removed: ${author(theirs, this.me)} changed it at ${when(theirs)}. Remove it again if you still want to.`);
      return null;
    }
    const answer = await settle({ title, fields: this.fields, base: draft.base ?? { ...theirs, version: 0, record: {} }, mine: draft.record, theirs, me: this.me });
    if (answer === null) {
      this.faults.set(id, `Not saved: ${author(theirs, this.me)} changed it at ${when(theirs)}.`);
      return null;
    }
    const same = answer === "drop" || this.fields.every((field) => equal(answer[field], theirs.record[field]));
    this.drafts.set(id, same ? null : { base: theirs, record: answer });
    return same ? { edit_id: null } : this.#saveOne(id);
  }
}

function heading(label) {
  const one = make("th", "", label);
  one.scope = "col";
  return one;
}
