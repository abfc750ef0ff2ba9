// A frame in which the outline of one zone is drawn and changed, by pointer or by keyboard alone.
import { draw } from "../messages.js";
import { CORNERS, halved, moved, placed, put, shifted, without } from "./outline.js";

const HANDLE_PX = 8;
const TOUCH_PX = 22;
const NEAR_PX = 16;
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

export class Drawing {
  /**
   * @param svg where to draw
   * @param hooks `changed(points)` after each change, `told(text)` for what a screen reader says,
   *   `mode(name)` when drawing starts or ends
   */
  constructor(svg, hooks) {
    this.svg = svg;
    this.hooks = hooks;
    this.points = [];
    this.drawing = false;
    this.ground = draw("g", { "aria-hidden": "true" });
    this.shape = draw("g");
    svg.append(this.ground, this.shape);
    svg.addEventListener("pointermove", (event) => this.#hover(event));
    svg.addEventListener("click", (event) => this.#click(event));
    svg.addEventListener("keydown", (event) => this.#key(event));
    new ResizeObserver(() => this.#size()).observe(svg);
  }

  /**
   * Show a frame.
   *
   * @param box `{x0, y0, x1, y1, step}`: how far corners may go, and their grid
   * @param unit what lengths are in, `px` or `m`
   * @param up whether y points up
   * @param ground elements behind the outline
   */
  frame(box, unit, up, ground) {
    Object.assign(this, { box, unit, up });
    const [width, height] = [box.x1 - box.x0, box.y1 - box.y0];
    const edge = Math.max(width, height) * 0.015; // corners at the edge stay in reach
    this.svg.setAttribute("viewBox", `${box.x0 - edge} ${(up ? -box.y1 : box.y0) - edge} ${width + 2 * edge} ${height + 2 * edge}`);
    this.svg.style.setProperty("--aspect", String(width / height));
    this.ground.replaceChildren(
      draw("rect", { x: box.x0, y: up ? -box.y1 : box.y0, width, height, class: "sheet" }),
      ...ground,
    );
    this.#size();
  }

  /** Show an outline, named for screen readers; it can be changed unless `fixed`. */
  show(points, name, fixed = false) {
    Object.assign(this, { points, name, fixed, drawing: false });
    this.hooks.mode("edit");
    this.render();
  }

  /** Begin a new outline; `stop` ends it. */
  start() {
    this.before = this.points;
    this.points = [];
    this.drawing = true;
    this.at = placed({ x: (this.box.x0 + this.box.x1) / 2, y: (this.box.y0 + this.box.y1) / 2 }, this.box);
    this.hooks.mode("draw");
    this.render();
    this.cursor.focus();
    this.hooks.told("Drawing. Arrow keys move the cross, Enter sets a corner.");
  }

  /** End drawing: take the new outline, or the one before when it has too few corners. */
  stop(take = true) {
    if (!this.drawing) return;
    const good = take && this.points.length >= CORNERS;
    if (!good) this.points = this.before;
    this.drawing = false;
    this.hooks.mode("edit");
    this.render();
    if (good) this.#change(this.points, "Outline closed.");
    this.corners[0]?.focus();
  }

  /** Change the outline from outside, such as from a table of its corners. */
  set(points) {
    this.points = points;
    this.render();
  }

  get #scale() {
    const matrix = this.svg.getScreenCTM();
    return matrix && matrix.a ? 1 / matrix.a : 1; // units of the frame for each pixel of the screen
  }

  #size() {
    const scale = this.#scale;
    this.svg.style.setProperty("--px", String(scale));
    for (const shape of this.shape.querySelectorAll("[data-px]")) shape.setAttribute("r", shape.dataset.px * scale);
    for (const text of this.shape.querySelectorAll("text")) text.setAttribute("font-size", 13 * scale);
    for (const cross of this.shape.querySelectorAll("[data-cross]")) cross.setAttribute("transform", `${cross.dataset.at} scale(${scale})`);
  }

  #y(y) {
    return this.up ? -y : y;
  }

  #list(points) {
    return points.map(({ x, y }) => `${x},${this.#y(y)}`).join(" ");
  }

  #place(event) {
    const at = new DOMPoint(event.clientX, event.clientY).matrixTransform(this.svg.getScreenCTM().inverse());
    return { x: at.x, y: this.#y(at.y) };
  }

  /** Draw everything again; what has the focus keeps it. */
  render() {
    const focus = this.shape.contains(document.activeElement) ? document.activeElement.dataset.part : null;
    this.corners = [];
    this.cursor = null;
    this.shape.replaceChildren(...(this.drawing ? this.#open() : this.#closed()));
    this.#size();
    if (focus !== null) this.#focus(focus);
  }

  #focus(part) {
    const index = Math.min(Number(part), this.points.length - 1);
    const same = part === "whole" || part === "cross" ? part : String(index);
    this.shape.querySelector(`[data-part="${same}"]`)?.focus();
  }

  #closed() {
    const points = this.#list(this.points);
    if (this.fixed || !this.points.length) return this.points.length ? [draw("polygon", { points, class: "mine fixed" })] : [];
    const whole = draw("polygon", { points, class: "mine", tabindex: 0, role: "button", "data-part": "whole" });
    whole.setAttribute("aria-label", `Whole outline of ${this.name}, ${this.points.length} corners. Arrow keys move it.`);
    whole.addEventListener("pointerdown", (event) => this.#drag(event, whole, (from, dx, dy) => shifted(from, dx, dy, this.box)));
    const halves = this.points.map((_, i) => this.#half(i));
    this.corners = this.points.map((_, i) => this.#corner(i));
    return [whole, ...halves, ...this.corners];
  }

  #half(i) {
    const { x, y } = this.#middle(i);
    const dot = draw("circle", { cx: x, cy: this.#y(y), "data-px": 4.5, class: "half" });
    const hit = draw("circle", { cx: x, cy: this.#y(y), "data-px": 14, class: "hit" });
    const group = draw("g", { class: "between", "aria-hidden": "true" }, draw("title", {}, "Add a corner here"), dot, hit);
    group.addEventListener("pointerdown", (event) => {
      event.preventDefault();
      this.points = halved(this.points, i, this.box);
      this.render();
      this.#drag(event, this.corners[i + 1], (from, dx, dy) => moved(from, i + 1, dx, dy, this.box), true);
    });
    return group;
  }

  #middle(i) {
    const [a, b] = [this.points[i], this.points[(i + 1) % this.points.length]];
    return { x: (a.x + b.x) / 2, y: (a.y + b.y) / 2 };
  }

  #corner(i) {
    const { x, y } = this.points[i];
    const at = { cx: x, cy: this.#y(y) };
    const hit = draw("circle", { ...at, "data-px": TOUCH_PX, class: "hit" });
    const dot = draw("circle", { ...at, "data-px": HANDLE_PX, class: "corner-dot" });
    const ring = draw("circle", { ...at, "data-px": HANDLE_PX + 5, class: "ring" });
    const group = draw("g", { class: "corner", tabindex: 0, role: "button", "data-part": String(i) }, hit, ring, dot);
    group.setAttribute("aria-label", this.#nameOf(i));
    group.addEventListener("pointerdown", (event) => this.#drag(event, group, (from, dx, dy) => moved(from, i, dx, dy, this.box)));
    group.addEventListener("focus", () => this.hooks.corner?.(i));
    return group;
  }

  #nameOf(i) {
    return `Corner ${i + 1} of ${this.points.length}, ${this.#where(this.points[i])}`;
  }

  #where({ x, y }) {
    return `${x} ${this.unit} right, ${y} ${this.unit} ${this.up ? "up" : "down"}`;
  }

  #open() {
    const line = draw("polyline", { points: this.#list([...this.points, this.at]), class: "mine open" });
    const set = this.points.map(({ x, y }, i) =>
      draw("circle", { cx: x, cy: this.#y(y), "data-px": HANDLE_PX, class: i ? "corner-dot" : "corner-dot first" }),
    );
    const cross = draw("path", { d: "M-16 0H16M0-16V16", class: "cross", "data-cross": "", "data-at": `translate(${this.at.x} ${this.#y(this.at.y)})` });
    this.cursor = draw("g", { class: "cursor", tabindex: 0, role: "button", "data-part": "cross" }, cross);
    this.cursor.setAttribute("aria-label", `Cross at ${this.#where(this.at)}. Enter sets a corner.`);
    return [line, ...set, this.cursor];
  }

  /** Follow the pointer until it lets go; `change(from, dx, dy)` gives the outline on the way. */
  #drag(event, element, change, already = false) {
    if (event.button !== 0) return;
    event.preventDefault();
    event.stopPropagation();
    element.focus();
    this.svg.setPointerCapture(event.pointerId); // the corner itself is drawn again on the way
    const [start, from] = [this.#place(event), this.points];
    let any = already;
    const follow = (move) => {
      const { x, y } = this.#place(move);
      this.points = change(from, x - start.x, y - start.y);
      any = true;
      this.render();
    };
    const end = () => {
      window.removeEventListener("pointermove", follow);
      window.removeEventListener("pointerup", end);
      window.removeEventListener("pointercancel", end);
      if (any) this.#change(this.points);
    };
    window.addEventListener("pointermove", follow);
    window.addEventListener("pointerup", end);
    window.addEventListener("pointercancel", end);
  }

  #hover(event) {
    if (!this.drawing) return;
    this.at = placed(this.#place(event), this.box);
    this.render();
  }

  #click(event) {
    if (!this.drawing) return;
    this.at = placed(this.#place(event), this.box);
    this.#add();
  }

  #add() {
    const [first, near] = [this.points[0], NEAR_PX * this.#scale];
    if (first && Math.hypot(first.x - this.at.x, first.y - this.at.y) < near) {
      if (this.points.length >= CORNERS) this.stop();
      return;
    }
    const last = this.points.at(-1);
    if (last && last.x === this.at.x && last.y === this.at.y) return;
    this.points = [...this.points, this.at];
    this.render();
    this.cursor.focus();
    this.hooks.told(`Corner ${this.points.length} set, ${this.#where(this.at)}.`);
    this.hooks.mode("draw");
  }

  #key(event) {
    const part = document.activeElement?.dataset?.part;
    if (part === undefined || this.fixed || event.ctrlKey || event.metaKey || event.altKey) return;
    const taken = this.drawing ? this.#drawKey(event) : this.#editKey(event, part);
    if (taken) {
      event.preventDefault();
      event.stopPropagation();
    }
  }

  #way(event) {
    const arrow = ARROWS[event.key];
    if (!arrow) return null;
    const far = event.shiftKey ? this.box.step : Math.max(1, Math.round((this.box.x1 - this.box.x0) / 80 / this.box.step)) * this.box.step;
    return [arrow[0] * far, arrow[1] * far * (this.up ? -1 : 1)];
  }

  #drawKey(event) {
    const way = this.#way(event);
    if (way) {
      this.at = placed({ x: this.at.x + way[0], y: this.at.y + way[1] }, this.box);
      this.render();
      this.hooks.told(this.#where(this.at));
    } else if (event.key === "Enter" || event.key === " ") this.#add();
    else if (event.key === "Backspace" && this.points.length) {
      this.points = this.points.slice(0, -1);
      this.render();
      this.hooks.mode("draw");
      this.hooks.told(`Corner taken back, ${this.points.length} left.`);
    } else if (event.key.toLowerCase() === "f") this.stop();
    else if (event.key === "Escape") this.stop(false);
    else return false;
    return true;
  }

  #editKey(event, part) {
    const way = this.#way(event);
    const index = Number(part);
    if (way && part === "whole") this.#change(shifted(this.points, ...way, this.box), "Moved.");
    else if (way) {
      this.#change(moved(this.points, index, ...way, this.box));
      this.hooks.told(this.#where(this.points[index]));
    } else if (part === "whole") return false;
    else if (event.key === "Delete" || event.key === "Backspace") {
      if (this.points.length > CORNERS) this.#change(without(this.points, index), `Corner ${index + 1} removed.`);
      else this.hooks.told("The last three corners stay.");
    } else if (event.key === "Enter" || event.key === "Insert" || event.key === "+") {
      this.#change(halved(this.points, index, this.box), "Corner added.");
      this.#focus(String(index + 1));
    } else return false;
    return true;
  }

  /** Put one corner somewhere, from numbers that were typed. */
  type(index, point) {
    this.#change(put(this.points, index, point, this.box));
  }

  /** Take one corner away. */
  remove(index) {
    this.#change(without(this.points, index));
  }

  /** Add a corner behind one. */
  add(index) {
    this.#change(halved(this.points, index, this.box));
  }

  #change(points, text = "") {
    this.points = points;
    this.render();
    this.hooks.changed(points);
    if (text) this.hooks.told(text);
  }
}
