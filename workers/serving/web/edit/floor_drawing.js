// A picture under the plan of a floor: uploaded, and placed by points whose places are known.
import { draw, make, say } from "../messages.js";
import { upload } from "../requests.js";
import { addressOf, offBy, PLACING, placementOf } from "../underlay.js";
import { DRAWING } from "./drawing_words.js";

const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
const FORMS = "image/png,image/jpeg,image/webp";
const MOST_POINTS = 10;
const STARTS = [[0.1, 0.9], [0.9, 0.9], [0.5, 0.1]]; // shares of width and height
const SIDES = { u: DRAWING.u, v: DRAWING.v, x_m: DRAWING.x, y_m: DRAWING.y };

/** What is wrong with a picture's points, in words; empty when it can be saved. */
export function drawingFault(drawing) {
  if (!drawing) return "";
  const missing = drawing.points.findIndex((point) => typeof point.x_m !== "number" || typeof point.y_m !== "number");
  if (missing >= 0) return DRAWING.missing(missing + 1);
  return placementOf(drawing.points) ? "" : DRAWING.tooNear;
}

export class FloorDrawing {
  /**
   * @param box where it is shown
   * @param hooks `changed(drawing)` after each change, `told(text)`, `refused(error)`
   */
  constructor(box, hooks) {
    Object.assign(this, { box, hooks });
    this.stage = draw("svg", { class: "drawing pin-stage", role: "application" });
    this.stage.setAttribute("aria-label", DRAWING.stage);
    this.stage.addEventListener("keydown", (event) => this.#key(event));
    new ResizeObserver(() => this.#size()).observe(this.stage);
    this.rows = make("div", "pin-rows");
    this.result = make("p", "note");
    this.result.setAttribute("role", "status");
  }

  /** Show the picture of a floor, as registered or as it is being changed. */
  show(floor, drawing, fixed) {
    const same = this.floor === floor && this.fixed === fixed && this.drawing?.sha256 === drawing?.sha256 && this.drawing?.points.length === drawing?.points.length;
    Object.assign(this, { floor, drawing, fixed });
    if (!same || !this.box.childElementCount) this.#build();
    if (drawing) this.#fill();
  }

  #build() {
    const heading = make("h3", "", DRAWING.heading);
    heading.id = "underlay-heading";
    const parts = [heading];
    if (!this.drawing) parts.push(make("p", "note", this.fixed ? DRAWING.none : DRAWING.about));
    if (!this.fixed) parts.push(this.#acts());
    if (this.drawing) {
      this.rows.replaceChildren(...this.drawing.points.map((_, i) => this.#row(i)));
      parts.push(make("p", "note", DRAWING.how), make("div", "pin-frame", this.stage), this.rows);
      if (!this.fixed) parts.push(this.#more());
      parts.push(this.result);
      this.#layout();
    }
    this.box.replaceChildren(...parts);
  }

  #acts() {
    const input = make("input", "unseen");
    Object.assign(input, { type: "file", accept: FORMS, id: "drawing-file" });
    input.addEventListener("change", () => this.#upload(input));
    const label = make("label", "plain file", this.drawing ? DRAWING.other : DRAWING.choose);
    label.htmlFor = input.id;
    const acts = make("div", "tools", input, label);
    if (this.drawing) acts.append(button(DRAWING.away, () => this.#set(null, DRAWING.taken)));
    this.state = make("span", "note");
    this.state.setAttribute("role", "status");
    acts.append(this.state);
    return acts;
  }

  async #upload(input) {
    const [file] = input.files;
    if (!file) return;
    const { floor } = this;
    say(this.state, DRAWING.sending);
    try {
      const found = await upload(`registry/floors/${encodeURIComponent(floor)}/drawings`, file);
      if (this.floor !== floor) return;
      const { sha256, width_px: width, height_px: height } = found;
      const points = STARTS.slice(0, PLACING).map(([u, v]) => point(u * width, v * height));
      this.#set({ sha256, width_px: width, height_px: height, points }, DRAWING.uploaded);
      this.rows.querySelector("[name=x_m]")?.focus();
    } catch (error) {
      say(this.state, "");
      this.hooks.refused(error);
    }
    input.value = "";
  }

  #more() {
    const distance = make("input");
    Object.assign(distance, { type: "number", min: "0", step: "any", id: "drawing-distance" });
    const label = make("label", "", DRAWING.distance);
    label.htmlFor = distance.id;
    const use = button(DRAWING.useDistance, () => this.#byDistance(Number(distance.value)));
    const add = button(DRAWING.add, () => this.#add());
    add.disabled = this.drawing.points.length >= MOST_POINTS;
    return make("div", "pin-more", add, make("span", "by-distance", label, distance, use));
  }

  /** Place the second point by its distance from the first; the picture is not turned. */
  #byDistance(metres) {
    if (!(metres > 0)) return this.hooks.told(DRAWING.noDistance);
    const [one, two, ...rest] = this.drawing.points;
    const from = { ...one, x_m: one.x_m ?? 0, y_m: one.y_m ?? 0 };
    const turn = Math.atan2(one.v - two.v, two.u - one.u);
    const to = { ...two, x_m: round(from.x_m + metres * Math.cos(turn), 3), y_m: round(from.y_m + metres * Math.sin(turn), 3) };
    this.#set({ ...this.drawing, points: [from, to, ...rest] }, DRAWING.byDistance);
  }

  #add() {
    const { width_px: width, height_px: height, points } = this.drawing;
    const [u, v] = STARTS[points.length] ?? [0.5, 0.5];
    this.#set({ ...this.drawing, points: [...points, point(u * width, v * height)] }, DRAWING.added(points.length + 1));
    this.rows.lastElementChild?.querySelector("[name=x_m]")?.focus();
  }

  #row(i) {
    const inputs = Object.entries(SIDES).map(([name, words]) => {
      const input = make("input");
      Object.assign(input, { type: "number", step: "any", name, disabled: this.fixed, id: `pin-${i}-${name}` });
      input.setAttribute("aria-label", DRAWING.field(i + 1, words));
      input.addEventListener("change", () => this.#type(i, name, input.value === "" ? null : Number(input.value)));
      const label = make("span", "pin-name", words);
      label.setAttribute("aria-hidden", "true");
      return make("span", "pin-field", label, input);
    });
    const off = make("span", "pin-off");
    const row = make("div", "pin-row", make("strong", "corner-number", String(i + 1)), ...inputs, off);
    if (i >= PLACING && !this.fixed) {
      const drop = button("−", () => this.#set({ ...this.drawing, points: this.drawing.points.filter((_, other) => other !== i) }, DRAWING.dropped(i + 1)));
      drop.setAttribute("aria-label", DRAWING.drop(i + 1));
      row.append(drop);
    }
    return row;
  }

  #type(i, name, value) {
    const most = { u: this.drawing.width_px, v: this.drawing.height_px }[name];
    if (most !== undefined && value === null) return this.#fill();
    const kept = most === undefined ? value : Math.min(Math.max(value, 0), most);
    this.#move(i, { [name]: kept });
  }

  #move(i, fields) {
    this.#set({ ...this.drawing, points: this.drawing.points.map((one, other) => (other === i ? { ...one, ...fields } : one)) });
  }

  #set(drawing, words = "") {
    this.hooks.changed(drawing);
    if (words) this.hooks.told(words);
  }

  /** Numbers, pins and errors, as the points are now. */
  #fill() {
    const placement = placementOf(this.drawing.points);
    this.drawing.points.forEach((one, i) => {
      const row = this.rows.children[i];
      for (const input of row.querySelectorAll("input")) {
        const text = one[input.name] === null || one[input.name] === undefined ? "" : String(round(one[input.name], 3));
        if (input !== document.activeElement || !this.typing) input.value = text;
      }
      const off = i < PLACING ? null : offBy(placement, one);
      say(row.querySelector(".pin-off"), i < PLACING ? DRAWING.places : off === null ? DRAWING.checks : DRAWING.off(off));
      row.dataset.far = String(off !== null && off > 0.5);
    });
    const scale = placement ? Math.hypot(placement.a, placement.b) : null;
    say(this.result, scale === null ? drawingFault(this.drawing) : DRAWING.size(this.drawing, scale, this.drawing.points.length > PLACING));
    this.#pins();
  }

  #layout() {
    const { width_px: width, height_px: height, sha256 } = this.drawing;
    this.stage.setAttribute("viewBox", `0 0 ${width} ${height}`);
    this.stage.style.setProperty("--aspect", String(width / height));
    this.stage.parentElement?.style.setProperty("--aspect", String(width / height));
    const image = draw("image", { width, height });
    image.setAttribute("href", addressOf(this.floor, sha256, true));
    this.pins = draw("g");
    this.stage.replaceChildren(draw("rect", { width, height, class: "paper" }), image, this.pins);
  }

  #pins() {
    const focus = this.pins.contains(document.activeElement) ? document.activeElement.dataset.pin : null;
    this.pins.replaceChildren(...this.drawing.points.map((one, i) => this.#pin(one, i)));
    this.#size();
    if (focus !== null) this.pins.children[Number(focus)]?.focus();
  }

  #pin({ u, v }, i) {
    const hit = draw("circle", { r: 22, class: "hit" });
    const ring = draw("circle", { r: 15, class: "ring" });
    const dot = draw("circle", { r: 11, class: i < PLACING ? "pin-dot" : "pin-dot check" });
    const cross = draw("path", { d: "M-20 0H-11M11 0H20M0-20V-11M0 11V20", class: "pin-cross" });
    const name = draw("text", { y: 4.5, class: "pin-number", "text-anchor": "middle", "font-size": 13 }, String(i + 1));
    const pin = draw("g", { class: "pin corner", "data-pin": String(i), "data-at": `translate(${u} ${v})` }, hit, ring, cross, dot, name);
    if (this.fixed) return pin;
    pin.setAttribute("tabindex", "0");
    pin.setAttribute("role", "button");
    pin.setAttribute("aria-label", DRAWING.pin(i + 1, Math.round(u), Math.round(v)));
    pin.addEventListener("pointerdown", (event) => this.#drag(event, i));
    return pin;
  }

  #size() {
    const matrix = this.stage.getScreenCTM();
    const scale = matrix?.a ? 1 / matrix.a : 1;
    for (const pin of this.pins?.children ?? []) pin.setAttribute("transform", `${pin.dataset.at} scale(${scale})`);
  }

  #drag(event, i) {
    if (event.button !== 0) return;
    event.preventDefault();
    this.pins.children[i].focus();
    this.stage.setPointerCapture(event.pointerId);
    const follow = (move) => {
      const at = new DOMPoint(move.clientX, move.clientY).matrixTransform(this.stage.getScreenCTM().inverse());
      this.#move(i, this.#within(at.x, at.y));
    };
    const end = () => {
      window.removeEventListener("pointermove", follow);
      for (const name of ["pointerup", "pointercancel"]) window.removeEventListener(name, end);
    };
    window.addEventListener("pointermove", follow);
    for (const name of ["pointerup", "pointercancel"]) window.addEventListener(name, end);
  }

  #within(u, v) {
    const { width_px: width, height_px: height } = this.drawing;
    return { u: round(Math.min(Math.max(u, 0), width), 1), v: round(Math.min(Math.max(v, 0), height), 1) };
  }

  #key(event) {
    const [arrow, pin] = [ARROWS[event.key], document.activeElement?.dataset?.pin];
    if (!arrow || pin === undefined || this.fixed || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    const step = event.shiftKey ? 1 : Math.max(1, Math.round(this.drawing.width_px / 100));
    const { u, v } = this.drawing.points[Number(pin)];
    const moved = this.#within(u + arrow[0] * step, v + arrow[1] * step);
    this.#move(Number(pin), moved);
    this.hooks.told(DRAWING.pin(Number(pin) + 1, Math.round(moved.u), Math.round(moved.v)));
  }
}

function point(u, v) {
  return { u: round(u, 1), v: round(v, 1), x_m: null, y_m: null };
}

function round(value, digits) {
  return Number(value.toFixed(digits));
}

function button(words, act) {
  const one = make("button", "plain", words);
  one.type = "button";
  one.addEventListener("click", act);
  return one;
}
