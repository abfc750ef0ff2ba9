// Numbered points on a picture, moved by pointer or by keyboard alone.
import { draw } from "../messages.js";

const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

export class PinStage {
  /**
   * @param label of the picture, for screen readers
   * @param hooks `moved(i, {u, v})` after each move, `told(text)`, `name(i, u, v)` gives a pin's name
   */
  constructor(label, hooks) {
    this.hooks = hooks;
    this.svg = draw("svg", { class: "drawing pin-stage", role: "application" });
    this.svg.setAttribute("aria-label", label);
    this.svg.addEventListener("keydown", (event) => this.#key(event));
    this.pins = draw("g");
    new ResizeObserver(() => this.#size()).observe(this.svg);
  }

  /** Show a picture of a size, px, with what lies on it below the pins. */
  frame(width, height, ground) {
    Object.assign(this, { width, height });
    this.svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
    for (const element of [this.svg, this.svg.parentElement]) element?.style.setProperty("--aspect", String(width / height));
    this.svg.replaceChildren(...ground, this.pins);
  }

  /**
   * Show points `{u, v}`, px.
   *
   * @param checks whether a point only checks the others, by its index
   */
  show(points, fixed, checks = () => false) {
    Object.assign(this, { points, fixed });
    const focus = this.pins.contains(document.activeElement) ? document.activeElement.dataset.pin : null;
    this.pins.replaceChildren(...points.map((one, i) => this.#pin(one, i, checks(i))));
    this.#size();
    if (focus !== null) this.pins.children[Number(focus)]?.focus();
  }

  #pin({ u, v }, i, checks) {
    const hit = draw("circle", { r: 22, class: "hit" });
    const ring = draw("circle", { r: 15, class: "ring" });
    const dot = draw("circle", { r: 11, class: checks ? "pin-dot check" : "pin-dot" });
    const cross = draw("path", { d: "M-20 0H-11M11 0H20M0-20V-11M0 11V20", class: "pin-cross" });
    const name = draw("text", { y: 4.5, class: "pin-number", "text-anchor": "middle", "font-size": 13 }, String(i + 1));
    const pin = draw("g", { class: "pin corner", "data-pin": String(i), "data-at": `translate(${u} ${v})` }, hit, ring, cross, dot, name);
    if (this.fixed) return pin;
    pin.setAttribute("tabindex", "0");
    pin.setAttribute("role", "button");
    pin.setAttribute("aria-label", this.hooks.name(i, Math.round(u), Math.round(v)));
    pin.addEventListener("pointerdown", (event) => this.#drag(event, i));
    return pin;
  }

  #size() {
    const matrix = this.svg.getScreenCTM();
    const scale = matrix?.a ? 1 / matrix.a : 1;
    for (const pin of this.pins.children) pin.setAttribute("transform", `${pin.dataset.at} scale(${scale})`);
  }

  #drag(event, i) {
    if (event.button !== 0) return;
    event.preventDefault();
    this.pins.children[i].focus();
    this.svg.setPointerCapture(event.pointerId);
    const follow = (move) => {
      const at = new DOMPoint(move.clientX, move.clientY).matrixTransform(this.svg.getScreenCTM().inverse());
      this.hooks.moved(i, this.#within(at.x, at.y));
    };
    const end = () => {
      window.removeEventListener("pointermove", follow);
      for (const name of ["pointerup", "pointercancel"]) window.removeEventListener(name, end);
    };
    window.addEventListener("pointermove", follow);
    for (const name of ["pointerup", "pointercancel"]) window.addEventListener(name, end);
  }

  #within(u, v) {
    return { u: round(Math.min(Math.max(u, 0), this.width), 1), v: round(Math.min(Math.max(v, 0), this.height), 1) };
  }

  #key(event) {
    const [arrow, pin] = [ARROWS[event.key], document.activeElement?.dataset?.pin];
    if (!arrow || pin === undefined || this.fixed || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    const i = Number(pin);
    const step = event.shiftKey ? 1 : Math.max(1, Math.round(this.width / 100));
    const moved = this.#within(this.points[i].u + arrow[0] * step, this.points[i].v + arrow[1] * step);
    this.hooks.moved(i, moved);
    this.hooks.told(this.hooks.name(i, Math.round(moved.u), Math.round(moved.v)));
  }
}

/** A point of a picture whose place on the floor is not known yet. */
export function pointAt(u, v) {
  return { u: round(u, 1), v: round(v, 1), x_m: null, y_m: null };
}

export function round(value, digits) {
  return Number(value.toFixed(digits));
}

/**
 * The numbers of one point as fields.
 *
 * @param i index of the point
 * @param sides words for `u`, `v`, `x_m` and `y_m`
 * @param field gives the whole name of a field: `(number, words)`
 * @param typed called with a field's name and value, null for none
 */
export function pinRow(make, i, sides, { id, field, fixed, typed }) {
  const inputs = Object.entries(sides).map(([name, words]) => {
    const input = make("input");
    Object.assign(input, { type: "number", step: "any", name, disabled: fixed, id: `${id}-${i}-${name}` });
    input.setAttribute("aria-label", field(i + 1, words));
    input.addEventListener("change", () => typed(name, input.value === "" ? null : Number(input.value)));
    const label = make("span", "pin-name", words);
    label.setAttribute("aria-hidden", "true");
    return make("span", "pin-field", label, input);
  });
  return make("div", "pin-row", make("strong", "corner-number", String(i + 1)), ...inputs, make("span", "pin-off"));
}

/** Put numbers of a point into its fields. */
export function fillRow(row, point) {
  for (const input of row.querySelectorAll("input")) {
    const value = point[input.name];
    input.value = value === null || value === undefined ? "" : String(round(value, 3));
  }
}
