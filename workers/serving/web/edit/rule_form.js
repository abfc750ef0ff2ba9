// A rule as a form: only the fields of its kind, each with its unit and what it does.
import { make } from "../messages.js";
import { fieldsOf, ofKind, unitOf } from "./rule_fields.js";
import { lasting, readWindow, writeWindow } from "./rule_in_words.js";
import { HELP, KINDS, SECTIONS, SHIFTS, THRESHOLDS } from "./rule_words.js";
import { dayName, fieldName } from "./words.js";

const ALL_DAYS = [1, 2, 3, 4, 5, 6, 7];

export class RuleForm {
  /**
   * @param box where the form goes
   * @param changed called with the fields that changed
   */
  constructor(box, changed) {
    this.box = box;
    this.changed = changed;
    this.parts = new Map();
  }

  /**
   * Show a rule.
   *
   * @param rule as the API has it
   * @param known `{zones, floors, units, roles}`: `[value, words]` of each, and `unitPlaces`
   * @param fixed whether nobody may change it
   */
  show(rule, known, fixed) {
    Object.assign(this, { rule, known, fixed });
    const focus = this.box.contains(document.activeElement) ? document.activeElement.id : "";
    const open = this.box.querySelector("details")?.open;
    const shown = fieldsOf(rule);
    this.parts.clear();
    const sections = Object.entries(SECTIONS).map(([section, [title, help]]) => {
      const fields = shown.filter((one) => one.section === section).map((one) => this.#field(one));
      if (!fields.length) return "";
      const content = [...(help ? [make("p", "note", help)] : []), ...fields, ...(section === "where" ? this.#ofUnit() : [])];
      if (section === "further") {
        const more = make("details", "rule-section", make("summary", "", title), ...content);
        more.open = Boolean(open);
        return more;
      }
      return make("fieldset", "rule-section", make("legend", "", title), ...content);
    });
    this.box.replaceChildren(...sections);
    if (focus) document.getElementById(focus)?.focus();
  }

  /** Take a change over; some change which fields there are. */
  #take(fields, redraw = false) {
    this.rule = { ...this.rule, ...fields };
    this.changed(fields);
    if (redraw) this.show(this.rule, this.known, this.fixed);
  }

  #field(one) {
    const { field, type } = one;
    const wrong = make("span", "fault");
    wrong.id = `wrong-${field}`;
    wrong.hidden = true;
    const words = HELP[field];
    const help = field === "threshold" ? this.#threshold() : typeof words === "object" ? words[this.rule.kind] : words;
    const about = make("span", "note", help ?? "");
    about.id = `about-${field}`;
    about.hidden = !help;
    const made = { set: () => this.#set(one), windows: () => this.#windows(one) }[type]?.();
    const part = made ?? this.#single(one);
    this.parts.set(field, { wrong, input: part.input });
    part.input.setAttribute("aria-describedby", `${about.id} ${wrong.id}`);
    const content = made ? [part.element] : [part.label, part.element];
    const box = make("div", "field", ...content, about, wrong);
    box.dataset.field = field;
    return box;
  }

  #threshold() {
    const meaning = KINDS.find(([kind]) => kind === this.rule.kind)?.[2];
    return meaning ? `A breach is ${meaning}.` : "";
  }

  /** One input: a text, a choice, a number with its unit. */
  #single(one) {
    const { field, type } = one;
    const input = make(type === "select" ? "select" : "input");
    input.id = `field-${field}`;
    input.name = field;
    input.disabled = this.fixed;
    const label = make("label", "", field === "threshold" ? (THRESHOLDS[this.rule.kind] ?? "At least") : fieldName(field));
    label.htmlFor = input.id;
    const value = this.rule[field];
    if (type === "select") {
      const options = one.options(this.known);
      const all = options.some(([known]) => known === value) ? options : [[value, value], ...options];
      input.append(...all.map(([known, words]) => new Option(words, known)));
      input.value = value;
      input.addEventListener("change", () => (field === "kind" ? this.#take(ofKind(this.rule, input.value), true) : this.#take({ [field]: input.value }, field === "stage")));
      return { input, label, element: input };
    }
    if (type === "text") {
      Object.assign(input, { type: "text", maxLength: 200, value: value ?? "" });
      input.addEventListener("input", () => this.#take({ [field]: input.value.trim() || (field === "deduplication_key" || field === "time_zone" ? null : "") }));
      return { input, label, element: input };
    }
    return { input, label, element: this.#number(one, input, value) };
  }

  #number({ field, type, min = 0 }, input, value) {
    Object.assign(input, { type: "number", min: String(min), step: type === "share" ? "any" : "1", inputMode: type === "share" ? "decimal" : "numeric", value: value ?? "" });
    const unit = type === "share" ? "" : type === "duration" ? "s" : unitOf(field, this.rule.kind);
    const echo = make("span", "note");
    const tell = () => {
      echo.textContent = unit === "s" && input.value !== "" && Number(input.value) >= 60 ? `= ${lasting(Number(input.value))}` : "";
    };
    tell();
    input.addEventListener("input", () => {
      tell();
      this.#take({ [field]: input.value === "" ? null : Number(input.value) });
    });
    return make("span", "measure", input, make("span", "unit", unit), echo);
  }

  /** Several of a list, by boxes to tick. */
  #set({ field, options }) {
    const value = this.rule[field] ?? [];
    const list = options(this.known);
    const all = [...list, ...value.filter((one) => !list.some(([known]) => known === one)).map((one) => [one, one])];
    const ticks = make("div", "ticks");
    all.forEach(([one, words], i) => {
      const input = Object.assign(make("input"), { type: "checkbox", checked: value.includes(one), disabled: this.fixed });
      input.id = `field-${field}-${i}`;
      input.addEventListener("change", () => {
        const now = this.rule[field] ?? [];
        this.#take({ [field]: input.checked ? [...now, one].sort() : now.filter((other) => other !== one) });
      });
      ticks.append(make("label", "day", input, make("span", "", words)));
    });
    if (!all.length) ticks.append(make("span", "note", "none registered"));
    const element = make("fieldset", "tick-group", make("legend", "", fieldName(field)), ticks);
    return { element, input: element };
  }

  /** Tick all that belongs to a unit at once. */
  #ofUnit() {
    const { units, unitPlaces } = this.known;
    if (this.fixed || !units.length || !fieldsOf(this.rule).some(({ field }) => field === "zone_ids")) return [];
    const select = make("select");
    select.id = "of-unit";
    select.append(new Option("Choose …", ""), ...units.map(([id, words]) => new Option(words, id)));
    const label = make("label", "", "Tick what belongs to a unit");
    label.htmlFor = select.id;
    select.addEventListener("change", () => {
      const { zone_ids: zones, floor_ids: floors } = unitPlaces.get(select.value);
      this.#take({ zone_ids: [...new Set([...this.rule.zone_ids, ...zones])].sort(), floor_ids: [...new Set([...this.rule.floor_ids, ...floors])].sort() }, true);
    });
    return [make("div", "field", label, select)];
  }

  /** Windows of the week. */
  #windows({ field }) {
    const list = (this.rule[field] ?? []).map(readWindow);
    const set = (windows, redraw) => this.#take({ [field]: windows.map(writeWindow) }, redraw);
    const button = (words, act) => {
      const one = make("button", "plain small", words);
      one.type = "button";
      one.hidden = this.fixed;
      one.addEventListener("click", act);
      return one;
    };
    const rows = list.map((window, i) => {
      const days = make("div", "days");
      for (const day of ALL_DAYS) {
        const input = Object.assign(make("input"), { type: "checkbox", checked: window.weekdays.includes(day), disabled: this.fixed });
        input.id = `window-${i}-${day}`;
        input.addEventListener("change", () => {
          const wanted = input.checked ? [...list[i].weekdays, day] : list[i].weekdays.filter((other) => other !== day);
          if (!wanted.length) input.checked = true; // a window is on some day
          else list[i] = { ...list[i], weekdays: wanted.sort() };
          set(list, false);
        });
        days.append(make("label", "day", input, make("span", "", dayName(day))));
      }
      const time = (name, words) => {
        const input = Object.assign(make("input"), { type: "time", value: list[i][name] === "24:00" ? "00:00" : list[i][name], disabled: this.fixed });
        input.id = `window-${i}-${name}`;
        input.addEventListener("change", () => {
          if (input.value) list[i] = { ...list[i], [name]: input.value };
          set(list, false);
        });
        return make("label", "window-time", words, input);
      };
      const drop = button("Remove", () => set(list.filter((_, other) => other !== i), true));
      drop.setAttribute("aria-label", `Remove window ${i + 1}`);
      return make("fieldset", "window", make("legend", "", `Window ${i + 1}`), days, make("div", "window-times", time("starts", "from "), time("ends", "until "), drop));
    });
    const adds = [...SHIFTS.map(([name, hours]) => button(`Add ${name.toLowerCase()} ${hours.replace("-", "–")}`, () => set([...list, readWindow(`mon-sun ${hours}`)], true))), button("Add other hours", () => set([...list, readWindow("mon-fri 08:00-16:00")], true))];
    const element = make("fieldset", "tick-group", make("legend", "unseen", fieldName(field)), ...rows, make("div", "tools", ...adds));
    return { element, input: element };
  }

  /**
   * Show what is wrong with which field.
   *
   * @param errors of the API, `{field, reason}`
   * @param focus whether to go to the first one
   * @returns those that belong to no field of this form
   */
  faults(errors, focus = false) {
    const rest = errors.filter(({ field }) => !this.parts.has(field));
    let first = null;
    for (const [field, { wrong, input }] of this.parts) {
      const reason = errors.filter((one) => one.field === field).map((one) => one.reason).join("; ");
      wrong.textContent = reason && `${reason[0].toUpperCase()}${reason.slice(1)}`;
      wrong.hidden = !reason;
      if (reason) input.setAttribute("aria-invalid", "true");
      else input.removeAttribute("aria-invalid");
      if (reason && !first) first = { wrong, input };
    }
    if (first && focus) {
      const more = first.wrong.closest("details");
      if (more) more.open = true;
      (first.input.matches("fieldset") ? first.input.querySelector("input, button") : first.input)?.focus();
    }
    return rest;
  }
}

