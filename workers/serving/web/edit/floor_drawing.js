// A picture under the plan of a floor: uploaded, and placed by points whose places are known.
import { draw, make, say } from "../messages.js";
import { upload } from "../requests.js";
import { addressOf, offBy, PLACING, placementOf } from "../underlay.js";
import { DRAWING } from "./drawing_words.js";
import { fillRow, pinRow, PinStage, pointAt, round } from "./pins.js";

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
    this.stage = new PinStage(DRAWING.stage, { moved: (at, fields) => this.#move(at, fields), told: hooks.told, name: (at, u, v) => DRAWING.pin(at + 1, u, v) });
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
      parts.push(make("p", "note", DRAWING.how), make("div", "pin-frame", this.stage.svg), this.rows);
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
      const points = STARTS.slice(0, PLACING).map(([u, v]) => pointAt(u * width, v * height));
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
    this.#set({ ...this.drawing, points: [...points, pointAt(u * width, v * height)] }, DRAWING.added(points.length + 1));
    this.rows.lastElementChild?.querySelector("[name=x_m]")?.focus();
  }

  #row(i) {
    const row = pinRow(make, i, SIDES, { id: "pin", field: DRAWING.field, fixed: this.fixed, typed: (name, value) => this.#type(i, name, value) });
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
      fillRow(row, one);
      const off = i < PLACING ? null : offBy(placement, one);
      say(row.querySelector(".pin-off"), i < PLACING ? DRAWING.places : off === null ? DRAWING.checks : DRAWING.off(off));
      row.dataset.far = String(off !== null && off > 0.5);
    });
    const scale = placement ? Math.hypot(placement.a, placement.b) : null;
    say(this.result, scale === null ? drawingFault(this.drawing) : DRAWING.size(this.drawing, scale, this.drawing.points.length > PLACING));
    this.stage.show(this.drawing.points, this.fixed, (i) => i >= PLACING);
  }

  #layout() {
    const { width_px: width, height_px: height, sha256 } = this.drawing;
    const image = draw("image", { width, height });
    image.setAttribute("href", addressOf(this.floor, sha256, true));
    this.stage.frame(width, height, [draw("rect", { width, height, class: "paper" }), image]);
  }
}

function button(words, act) {
  const one = make("button", "plain", words);
  one.type = "button";
  one.addEventListener("click", act);
  return one;
}
