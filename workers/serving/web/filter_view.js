// The choice of zones on the board: what is chosen as chips that can be taken out, and what can be chosen.
import { choicesOf, FIELDS } from "./filter.js";
import { FILTER } from "./filter_words.js";
import { make, say } from "./messages.js";

/** Chips of what is shown, and a list for each field to choose from. */
export class FilterBar {
  /**
   * @param bar element for the chips
   * @param chooser element for the lists; null where nobody can click
   * @param store whose zones are shown
   * @param changed called after somebody chose something else
   */
  constructor(bar, chooser, store, changed) {
    this.bar = bar;
    this.chooser = chooser;
    this.store = store;
    this.changed = changed;
    this.lists = new Map();
    if (chooser) this.#build();
  }

  render() {
    const { filter } = this.store;
    const all = [...this.store.everyZone.values()];
    const values = all.length ? filter.values(all) : [];
    const key = JSON.stringify([values, this.store.zones.size, all.length]);
    if (key !== this.key) {
      this.key = key;
      const focused = this.bar.contains(document.activeElement);
      const parts = values.map((one) => this.#chip(one));
      if (filter.isSet && all.length) parts.push(make("span", "chips-count", FILTER.showing(this.store.zones.size, all.length)));
      if (filter.isSet && this.chooser) parts.push(this.#clear());
      this.bar.replaceChildren(...parts);
      this.bar.hidden = !parts.length;
      if (focused) (this.bar.querySelector("button") ?? this.chooser?.querySelector("summary"))?.focus();
    }
    if (this.chooser) this.#fill(all);
  }

  #chip({ field, value, name, isKnown }) {
    const label = FILTER.fields[field];
    const text = make("span", "", make("span", "chip-field", `${label} `), make("b", "", name), isKnown ? "" : ` (${FILTER.unknown})`);
    const chip = make("span", "chip", text);
    chip.dataset.known = String(isKnown);
    if (!this.chooser) return chip;
    const out = make("button", "chip-out", "×");
    out.type = "button";
    out.setAttribute("aria-label", FILTER.remove(label, name));
    out.addEventListener("click", () => {
      this.store.filter.remove(field, value);
      this.changed();
    });
    chip.append(out);
    return chip;
  }

  #clear() {
    const button = make("button", "plain small", FILTER.clear);
    button.type = "button";
    button.addEventListener("click", () => {
      this.store.filter.clear();
      this.changed();
    });
    return button;
  }

  #build() {
    const fields = FIELDS.map((field) => {
      const list = document.createElement("select");
      list.id = `filter-${field}`;
      list.addEventListener("change", () => {
        if (!list.value) return;
        this.store.filter.add(field, list.value);
        list.value = "";
        this.changed();
      });
      const label = make("label", "", FILTER.fields[field]);
      label.htmlFor = list.id;
      const part = make("div", "filter-field", label, list);
      this.lists.set(field, { list, part, key: "" });
      return part;
    });
    this.chooser.replaceChildren(make("summary", "", FILTER.choose), make("div", "filter-fields", ...fields));
  }

  #fill(zones) {
    const choices = choicesOf(zones);
    for (const [field, view] of this.lists) {
      const chosen = this.store.filter.chosen.get(field);
      const left = choices[field].filter(([value]) => !chosen.includes(value));
      view.part.hidden = !left.length || (choices[field].length < 2 && field !== "zone");
      const key = JSON.stringify(left);
      if (key === view.key) continue;
      view.key = key;
      const none = new Option(FILTER.none, "");
      view.list.replaceChildren(none, ...left.map(([value, name]) => new Option(name, value)));
    }
    this.chooser.hidden = [...this.lists.values()].every(({ part }) => part.hidden);
  }
}

/** Say that no zone is in what was chosen, or that there is none at all. */
export function sayNothingShown(empty, store) {
  const isChosen = store.filter.isSet && store.everyZone.size > 0;
  if (isChosen) say(empty, FILTER.nothing);
  return isChosen;
}
