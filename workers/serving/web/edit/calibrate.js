// Calibrate a camera by pairs of points: where in its picture, and where on the floor.
import { draw, make, say } from "../messages.js";
import { explain, tell, trouble } from "../page.js";
import { writeCamera } from "./camera_form.js";
import { CALIBRATE } from "./calibrate_words.js";
import { fitted, inverse, LEAST, mapped, offBy, offByOthers, sideOf } from "./homography.js";
import { fillRow, pinRow, PinStage, pointAt } from "./pins.js";
import { save } from "./registry.js";
import { Review } from "./review.js";

const MOST = 30;
const CHECKED = LEAST + 1; // so many are needed to say how far off each is by the others
const LIMIT_M = 0.2;
const STEP_M = 0.25;
const BEYOND_M = 2;
const MOST_LINES = 60;
const SIDES = { u: CALIBRATE.u, v: CALIBRATE.v, x_m: CALIBRATE.x, y_m: CALIBRATE.y };

/** What is wrong with a calibration, in words; empty when it can be saved. */
export function calibrationFault(pairs, matrix) {
  if (pairs.length < CHECKED) return CALIBRATE.tooFew(CHECKED - pairs.length);
  if (!matrix) return CALIBRATE.oneLine;
  if (new Set(pairs.map(({ u, v }) => sideOf(matrix, u, v))).size > 1) return CALIBRATE.horizon;
  const [{ u, v }] = pairs;
  const [at, right, down] = [mapped(matrix, u, v), mapped(matrix, u + 0.01, v), mapped(matrix, u, v + 0.01)];
  const turn = (right[0] - at[0]) * (down[1] - at[1]) - (right[1] - at[1]) * (down[0] - at[0]);
  if (turn > 0) return CALIBRATE.mirrored;
  const far = pairs.map((pair) => offBy(matrix, pair)).findIndex((off) => off > LIMIT_M);
  return far < 0 ? "" : CALIBRATE.far(pairs[far].number);
}

export class Calibrate {
  /**
   * @param box where it is shown
   * @param canvas of the camera's picture, which is shown behind the points too
   * @param hooks `saved()` after it was saved
   */
  constructor(box, canvas, hooks) {
    Object.assign(this, { box, hooks, points: [] });
    this.picture = make("canvas", "pin-picture");
    this.stage = new PinStage(CALIBRATE.stage, { moved: (i, fields) => this.#move(i, fields), told: tell, name: (i, u, v) => CALIBRATE.pin(i + 1, u, v) });
    this.stage.svg.addEventListener("click", (event) => this.#click(event));
    this.grid = draw("g", { "aria-hidden": "true" });
    this.rows = make("div", "pin-rows");
    this.result = make("p", "state");
    this.result.setAttribute("role", "status");
    canvas.addEventListener("shown", () => this.#show(canvas));
    canvas.addEventListener("forgotten", () => this.#show(null));
  }

  /** Offer to calibrate a camera; one with a projection is calibrated by command. */
  show(camera, fixed) {
    const { record } = camera;
    this.box.hidden = fixed || Boolean(record.projection) || record.mount === "moving";
    if (this.camera?.id !== camera.id) Object.assign(this, { points: [], open: false });
    this.camera = camera;
    if (!this.box.hidden) this.#build();
  }

  #show(canvas) {
    Object.assign(this.picture, { width: canvas?.width ?? 1, height: canvas?.height ?? 1, hidden: !canvas });
    if (canvas) this.picture.getContext("2d").drawImage(canvas, 0, 0);
  }

  #build() {
    const heading = make("h3", "", CALIBRATE.heading);
    heading.id = "pairs-heading";
    const begin = button(CALIBRATE.begin, () => {
      this.open = true;
      this.#build();
      this.add.focus();
    });
    if (!this.open) {
      this.box.replaceChildren(heading, make("p", "note", CALIBRATE.about), begin);
      return;
    }
    const { width, height } = this.camera.record;
    this.picture.hidden = this.picture.width <= 1;
    const stage = make("div", "pin-frame over", this.picture, this.stage.svg);
    this.stage.frame(width, height, [draw("rect", { width, height, class: "paper clear" }), this.grid]);
    this.add = button(CALIBRATE.add, () => this.#add(width / 2, height / 2));
    this.send = button(CALIBRATE.save, () => this.#save());
    this.box.replaceChildren(heading, make("p", "note", CALIBRATE.how), stage, this.rows, make("div", "tools", this.add, this.send), this.result);
    this.#rows();
  }

  #rows() {
    this.rows.replaceChildren(
      ...this.points.map((_, i) => {
        const row = pinRow(make, i, SIDES, { id: "pair", field: CALIBRATE.field, fixed: false, typed: (name, value) => this.#move(i, { [name]: value }) });
        const drop = button("−", () => this.#drop(i));
        drop.setAttribute("aria-label", CALIBRATE.drop(i + 1));
        row.append(drop);
        return row;
      }),
    );
    this.#fill();
  }

  get #pairs() {
    return this.points.map((point, i) => ({ ...point, number: i + 1 })).filter((point) => [point.x_m, point.y_m].every((value) => typeof value === "number"));
  }

  #fill() {
    const pairs = this.#pairs;
    const matrix = fitted(pairs);
    const others = offByOthers(pairs);
    this.points.forEach((point, i) => {
      const row = this.rows.children[i];
      fillRow(row, point);
      const at = pairs.findIndex(({ number }) => number === i + 1);
      const off = at < 0 ? null : offBy(matrix, pairs[at]);
      say(row.querySelector(".pin-off"), at < 0 ? CALIBRATE.missing : off === null ? CALIBRATE.waiting : CALIBRATE.off(off, others[at]));
      row.dataset.far = String(off !== null && off > LIMIT_M);
    });
    this.stage.show(this.points, false);
    this.grid.replaceChildren(...(matrix ? gridOf(matrix, pairs, this.camera.record) : []));
    const wrong = calibrationFault(pairs, matrix);
    const worst = Math.max(0, ...pairs.map((pair) => offBy(matrix, pair) ?? 0));
    say(this.result, wrong || CALIBRATE.good(pairs.length, worst));
    this.send.disabled = Boolean(wrong);
    this.add.disabled = this.points.length >= MOST;
  }

  #click(event) {
    if (event.target.closest(".pin") || this.points.length >= MOST) return;
    const at = new DOMPoint(event.clientX, event.clientY).matrixTransform(this.stage.svg.getScreenCTM().inverse());
    const { width, height } = this.camera.record;
    if (at.x >= 0 && at.y >= 0 && at.x <= width && at.y <= height) this.#add(at.x, at.y);
  }

  #add(u, v) {
    this.points = [...this.points, pointAt(u, v)];
    this.#rows();
    this.rows.lastElementChild.querySelector("[name=x_m]").focus();
    tell(CALIBRATE.added(this.points.length));
  }

  #drop(i) {
    this.points = this.points.filter((_, other) => other !== i);
    this.#rows();
    this.add.focus();
  }

  #move(i, fields) {
    if (("u" in fields && fields.u === null) || ("v" in fields && fields.v === null)) return this.#fill();
    this.points = this.points.map((point, other) => (other === i ? { ...point, ...fields } : point));
    this.#fill();
  }

  async #save() {
    const pairs = this.#pairs;
    const homography = fitted(pairs);
    const { camera } = this;
    const row = writeCamera({ ...camera.record, homography });
    const why = Object.assign(make("input"), { id: "why", type: "text", maxLength: 300, required: true });
    const label = make("label", "", CALIBRATE.why);
    label.htmlFor = why.id;
    const worst = Math.max(...pairs.map((pair) => offBy(homography, pair)));
    const line = ["Changed", camera.record.name || camera.id, CALIBRATE.line(pairs.length, worst)];
    const wanted = await new Review({ noun: "camera" }).ask([line], [row], new Map([[camera.id, camera.record.name || camera.id]]), [CALIBRATE.consequence], [make("div", "field", label, why)]);
    if (!wanted) return;
    try {
      await save("cameras", camera.id, row, camera, why.value.trim());
      trouble("");
      tell(CALIBRATE.saved);
      this.open = false;
      await this.hooks.saved();
    } catch (error) {
      trouble(explain(error));
    }
  }
}

/** Lines at whole metres of the floor in the picture, around the points. */
function gridOf(matrix, pairs, { width, height }) {
  const [xs, ys] = [pairs.map(({ x_m: x }) => x), pairs.map(({ y_m: y }) => y)];
  const span = (values) => [Math.floor(Math.min(...values) - BEYOND_M), Math.ceil(Math.max(...values) + BEYOND_M)];
  const [[x0, x1], [y0, y1]] = [span(xs), span(ys)];
  const every = Math.max(1, Math.ceil(Math.max(x1 - x0, y1 - y0) / MOST_LINES));
  const back = inverse(matrix);
  const side = sideOf(back, pairs[0].x_m, pairs[0].y_m);
  const found = [];
  const line = (from, to, at, name) => {
    let run = [];
    for (let t = from; t <= to + 1e-9; t += STEP_M) {
      const px = mapped(back, ...at(t), side);
      const inside = px && px[0] > -width && px[0] < 2 * width && px[1] > -height && px[1] < 2 * height;
      if (inside) run.push(px);
      if ((!inside || t + STEP_M > to + 1e-9) && run.length > 1) found.push(draw("polyline", { points: run.map(([u, v]) => `${u.toFixed(1)},${v.toFixed(1)}`).join(" "), class: name }));
      if (!inside) run = [];
    }
  };
  for (let x = x0; x <= x1; x += every) line(y0, y1, (t) => [x, t], x ? "floor-metre" : "floor-metre axis");
  for (let y = y0; y <= y1; y += every) line(x0, x1, (t) => [t, y], y ? "floor-metre" : "floor-metre axis");
  return found;
}

function button(words, act) {
  const one = make("button", "plain", words);
  one.type = "button";
  one.addEventListener("click", act);
  return one;
}
