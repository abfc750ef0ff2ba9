// What is registered of one thing as a form: its fields, and its corners as numbers.
import { make } from "../messages.js";
import { fieldName } from "./words.js";

export class FactForm {
  /**
   * @param fields `{field, type, help}` of each; `type` is `text`, `number`, `signed`, `whole` or
   *   `seconds` (of a field in milliseconds)
   * @param box where the fields go
   * @param corners where the corners go
   * @param hooks `changed(field, value)`, `corner(index, {x, y})`, `add(index)`, `drop(index)`
   */
  constructor(fields, box, corners, hooks) {
    this.corners = corners;
    this.hooks = hooks;
    this.inputs = new Map();
    box.replaceChildren(...fields.map((one) => this.#field(one)));
  }

  #field({ field, type, help }) {
    const input = make("input");
    const about = make("span", "note", help);
    const wrong = make("span", "fault");
    input.id = `field-${field}`;
    about.id = `about-${field}`;
    wrong.id = `wrong-${field}`;
    wrong.hidden = true;
    Object.assign(input, { type: type === "text" ? "text" : "number", step: type === "whole" ? "1" : "any" });
    if (type === "text") input.maxLength = 200;
    else input.inputMode = type === "whole" ? "numeric" : "decimal";
    if (type === "number" || type === "seconds") input.min = "0";
    input.setAttribute("aria-describedby", `${about.id} ${wrong.id}`);
    input.addEventListener("input", () => this.hooks.changed(field, valueIn(input, type)));
    this.inputs.set(field, { input, type, wrong });
    const label = make("label", "", fieldName(field));
    label.htmlFor = input.id;
    return make("div", "field", label, input, about, wrong);
  }

  /** Show a record. */
  show(record, fixed) {
    for (const [field, { input, type }] of this.inputs) {
      const value = record[field] ?? "";
      const text = String(type === "seconds" && value !== "" ? value / 1000 : value);
      if (input !== document.activeElement && input.value !== text) input.value = text;
      input.disabled = fixed;
    }
    this.faults([]);
  }

  /** Show what is wrong with which field; returns what belongs to no field of this form. */
  faults(errors) {
    const rest = [];
    const found = new Map();
    for (const error of errors) {
      if (this.inputs.has(error.field)) found.set(error.field, error.reason);
      else rest.push(error);
    }
    for (const [field, { input, wrong }] of this.inputs) {
      const reason = found.get(field) ?? "";
      wrong.textContent = reason;
      wrong.hidden = !reason;
      if (reason) input.setAttribute("aria-invalid", "true");
      else input.removeAttribute("aria-invalid");
    }
    const [first] = found.keys();
    if (first) this.inputs.get(first).input.focus();
    return rest;
  }

  /** Show the corners as numbers. */
  points(points, unit, fixed) {
    const rows = this.corners.querySelectorAll(".corner-row");
    if (rows.length !== points.length || this.unit !== unit || this.fixed !== fixed) {
      Object.assign(this, { unit, fixed });
      this.corners.replaceChildren(...points.map((_, i) => this.#corner(i, unit, fixed)));
    }
    this.corners.querySelectorAll(".corner-row").forEach((row, i) => {
      for (const input of row.querySelectorAll("input")) {
        const text = String(points[i][input.name]);
        if (input !== document.activeElement && input.value !== text) input.value = text;
      }
    });
  }

  #corner(i, unit, fixed) {
    const number = (name, words) => {
      const input = make("input");
      Object.assign(input, { type: "number", step: "any", name, disabled: fixed });
      input.setAttribute("aria-label", `Corner ${i + 1}, ${words}, ${unit}`);
      return input;
    };
    const [x, y] = [number("x", "right"), number("y", unit === "m" ? "up" : "down")];
    const given = () => {
      if (x.value !== "" && y.value !== "") this.hooks.corner(i, { x: Number(x.value), y: Number(y.value) });
    };
    x.addEventListener("change", given);
    y.addEventListener("change", given);
    const button = (words, name, act) => {
      const one = make("button", "plain small", words);
      one.type = "button";
      one.disabled = fixed;
      one.setAttribute("aria-label", name);
      one.addEventListener("click", act);
      return one;
    };
    const add = button("+", `Add a corner after corner ${i + 1}`, () => this.hooks.add(i));
    const drop = button("−", `Remove corner ${i + 1}`, () => this.hooks.drop(i));
    return make("div", "corner-row", make("span", "corner-number", String(i + 1)), x, y, add, drop);
  }
}

function valueIn(input, type) {
  if (type === "text") return input.value;
  if (input.value === "") return null;
  const value = Number(input.value);
  return type === "seconds" ? Math.round(value * 1000) : value;
}
