// The passages of a floor: a form for each, and each as an arrow on the plan.
import { draw, make } from "../messages.js";
import { placed } from "./outline.js";

const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };
const KEY_M = 0.25;
const NAMED_AT = 0.35; // nearer to the start, so that a way and the way back keep their names apart
const ASIDE_PX = 4; // each way keeps to its own side of the line between both ends
const NAME_ASIDE_PX = 15;
const ENDS = ["from", "to"];
const END_WORDS = { from: "People leave here", to: "People appear here" };
const NUMBERS = [
  ["radius_m", "Distance, m", "How far from both places people still count as going through."],
  ["min_s", "At least, s", "Who is faster did not go this way."],
  ["max_s", "At most, s", "Who takes longer counts as somebody new."],
];

/** A passage in words. */
export function passageWords(passage, nameOf) {
  const end = (which) => `${passage[`${which}_camera_id`] ? nameOf(passage[`${which}_camera_id`]) : "any camera"} (${passage[`${which}_x_m`]}, ${passage[`${which}_y_m`]} m)`;
  return `${passage.name ? `${passage.name}: ` : ""}from ${end("from")} to ${end("to")}, ${passage.min_s} to ${passage.max_s} s`;
}

export class Passages {
  /**
   * @param box where the forms go
   * @param svg the plan
   * @param hooks `changed(passages)` after each change, `told(text)` for what a screen reader says
   */
  constructor(box, svg, hooks) {
    Object.assign(this, { box, svg, hooks });
    this.ground = draw("g", { "aria-hidden": "true" });
    this.shape = draw("g");
    svg.append(arrowHead(), this.ground, this.shape);
    svg.addEventListener("keydown", (event) => this.#key(event));
    new ResizeObserver(() => this.#size()).observe(svg);
  }

  /** Show a plan: `{box, ground}` of it. */
  frame({ box, ground }) {
    this.area = box;
    const [width, height] = [box.x1 - box.x0, box.y1 - box.y0];
    const edge = Math.max(width, height) * 0.015;
    this.svg.setAttribute("viewBox", `${box.x0 - edge} ${-box.y1 - edge} ${width + 2 * edge} ${height + 2 * edge}`);
    this.svg.style.setProperty("--aspect", String(width / height));
    this.ground.replaceChildren(draw("rect", { x: box.x0, y: -box.y1, width, height, class: "sheet" }), ...ground);
  }

  /**
   * Show passages.
   *
   * @param passages as registered
   * @param cameras `[id, name]` of each camera of the floor
   * @param fixed whether they may only be looked at
   */
  show(passages, cameras, fixed) {
    const same = this.passages?.length === passages.length && this.fixed === fixed && JSON.stringify(this.cameras) === JSON.stringify(cameras);
    Object.assign(this, { passages, cameras, fixed });
    if (!same || !this.box.childElementCount) this.#forms();
    this.#fill();
    this.#plan();
  }

  /** Show what is wrong with which passage; returns what belongs to none of them. */
  faults(errors) {
    const rest = [];
    for (const wrong of this.box.querySelectorAll(".passage > .fault")) wrong.hidden = true;
    for (const error of errors) {
      const [, number, words] = /^passage (\d+): (.*)$/s.exec(error.reason) ?? [];
      const wrong = number && this.box.querySelectorAll(".passage > .fault")[Number(number) - 1];
      if (!wrong) {
        rest.push(error);
        continue;
      }
      wrong.textContent = words;
      wrong.hidden = false;
      wrong.parentElement.querySelector("input").focus();
    }
    return rest;
  }

  #forms() {
    const add = make("button", "plain", "Add a passage");
    add.type = "button";
    add.id = "add-passage";
    add.addEventListener("click", () => this.#add(this.#blank()));
    add.hidden = this.fixed;
    const none = "No passages: who leaves one view and appears in another is somebody new, unless the views overlap.";
    const some = "Who leaves at one end and appears at the other, within the distance and after that many seconds, is taken for the same person.";
    this.box.replaceChildren(make("p", "note", this.passages.length ? some : none), ...this.passages.map((_, i) => this.#form(i)), add);
  }

  #blank() {
    const { x0, x1, y0, y1 } = this.area;
    const at = (share, axis) => (axis === "x" ? Math.round(x0 + share * (x1 - x0)) : Math.round(y0 + share * (y1 - y0)));
    return {
      ...{ name: "", from_camera_id: "", to_camera_id: "", radius_m: 1.5, min_s: 1, max_s: 20 },
      ...{ from_x_m: at(0.35, "x"), from_y_m: at(0.5, "y"), to_x_m: at(0.65, "x"), to_y_m: at(0.5, "y") },
    };
  }

  #add(passage) {
    this.#change([...this.passages, passage]);
    this.box.querySelectorAll(".passage")[this.passages.length - 1]?.querySelector("input").focus();
    this.hooks.told(`Passage ${this.passages.length} added.`);
  }

  #form(i) {
    const box = make("fieldset", "passage", make("legend", "", `Passage ${i + 1}`));
    box.append(this.#field(i, "name", "Name", make("input")));
    for (const end of ENDS) {
      const camera = make("select");
      camera.append(new Option("any camera", ""), ...this.cameras.map(([id, name]) => new Option(name, id)));
      const group = make("div", "passage-end", make("p", "end-name", make("span", `end-sign ${end}`, end === "from" ? "○" : "●"), ` ${END_WORDS[end]}`));
      group.append(this.#field(i, `${end}_camera_id`, "Seen by", camera, END_WORDS[end]));
      const pair = make("div", "pair");
      for (const [axis, words] of [["x", "right, m"], ["y", "up, m"]]) pair.append(this.#field(i, `${end}_${axis}_m`, words, number(false), END_WORDS[end]));
      group.append(pair);
      box.append(group);
    }
    const trio = make("div", "trio");
    for (const [field, words, help] of NUMBERS) {
      const one = this.#field(i, field, words, number(true));
      one.title = help;
      trio.append(one);
    }
    box.append(trio);
    const wrong = make("p", "fault");
    wrong.hidden = true;
    box.append(wrong);
    if (!this.fixed) {
      const back = make("button", "plain small", "Add the way back");
      const drop = make("button", "plain small danger", "Remove");
      back.type = drop.type = "button";
      back.setAttribute("aria-label", `Add the way back of passage ${i + 1}`);
      drop.setAttribute("aria-label", `Remove passage ${i + 1}`);
      back.addEventListener("click", () => this.#add(turned(this.passages[i])));
      drop.addEventListener("click", () => {
        this.#change(this.passages.filter((_, other) => other !== i));
        this.hooks.told(`Passage ${i + 1} removed.`);
        this.box.querySelector("#add-passage").focus();
      });
      box.append(make("div", "passage-acts", back, drop));
    }
    return box;
  }

  #field(i, field, words, input, within = "") {
    const label = make("label", "", words);
    input.id = `passage-${i}-${field}`;
    input.name = field;
    input.disabled = this.fixed;
    label.htmlFor = input.id;
    if (within) input.setAttribute("aria-label", `${within}: ${words}`);
    if (field === "name") input.maxLength = 120;
    input.addEventListener("input", () => {
      if (input.type === "number" && input.value === "") return;
      this.#set(i, { [field]: input.type === "number" ? Number(input.value) : input.value });
    });
    return make("div", "field", label, input);
  }

  #fill() {
    this.box.querySelectorAll(".passage").forEach((box, i) => {
      for (const input of box.querySelectorAll("input, select")) {
        const text = String(this.passages[i][input.name] ?? "");
        if (input !== document.activeElement && input.value !== text) input.value = text;
      }
    });
  }

  #set(i, fields) {
    this.#change(this.passages.map((passage, other) => (other === i ? { ...passage, ...fields } : passage)));
  }

  #change(passages) {
    this.hooks.changed(passages); // which shows them
  }

  #plan() {
    const focus = this.shape.contains(document.activeElement) ? document.activeElement.dataset.part : null;
    this.shape.replaceChildren(...this.passages.map((passage, i) => this.#arrow(passage, i)));
    this.#size();
    if (focus) this.shape.querySelector(`[data-part="${focus}"]`)?.focus();
  }

  #arrow(passage, i) {
    const [a, b] = ENDS.map((end) => ({ x: passage[`${end}_x_m`], y: passage[`${end}_y_m`] }));
    const line = draw("line", { x1: a.x, y1: -a.y, x2: b.x, y2: -b.y, class: "way", "marker-end": "url(#way-head)", "data-aside": ASIDE_PX });
    const rings = [a, b].map(({ x, y }) => draw("circle", { cx: x, cy: -y, r: Math.max(passage.radius_m || 0, 0), class: "way-ring" }));
    const name = draw("text", { x: a.x + NAMED_AT * (b.x - a.x), y: -(a.y + NAMED_AT * (b.y - a.y)), class: "way-name", "text-anchor": "middle", "data-text": "", "data-aside": NAME_ASIDE_PX }, passage.name || String(i + 1));
    const ends = [a, b].map((at, which) => this.#end(i, ENDS[which], at, passage));
    return draw("g", {}, ...rings, line, name, ...ends);
  }

  #end(i, end, { x, y }, passage) {
    const at = { cx: x, cy: -y };
    const part = `${i}-${end}`;
    const group = draw("g", { class: `way-end ${end}`, "data-part": part }, draw("circle", { ...at, "data-px": 22, class: "hit" }), draw("circle", { ...at, "data-px": 13, class: "ring" }), draw("circle", { ...at, "data-px": 7, class: "end-dot" }));
    if (this.fixed) return group;
    group.setAttribute("tabindex", "0");
    group.setAttribute("role", "button");
    group.setAttribute("aria-label", `${END_WORDS[end]}, passage ${i + 1}${passage.name ? `, ${passage.name}` : ""}, ${x} m right, ${y} m up. Arrow keys move it.`);
    group.addEventListener("pointerdown", (event) => this.#drag(event, i, end, part));
    return group;
  }

  #drag(event, i, end, part) {
    if (event.button !== 0) return;
    event.preventDefault();
    this.shape.querySelector(`[data-part="${part}"]`)?.focus();
    this.svg.setPointerCapture(event.pointerId);
    const follow = (move) => {
      const at = new DOMPoint(move.clientX, move.clientY).matrixTransform(this.svg.getScreenCTM().inverse());
      this.#move(i, end, { x: at.x, y: -at.y });
    };
    const done = () => {
      window.removeEventListener("pointermove", follow);
      window.removeEventListener("pointerup", done);
      window.removeEventListener("pointercancel", done);
    };
    window.addEventListener("pointermove", follow);
    window.addEventListener("pointerup", done);
    window.addEventListener("pointercancel", done);
  }

  #move(i, end, to) {
    const { x, y } = placed(to, this.area);
    this.#set(i, { [`${end}_x_m`]: x, [`${end}_y_m`]: y });
  }

  #key(event) {
    const [way, part] = [ARROWS[event.key], document.activeElement?.dataset?.part];
    if (!way || !part || this.fixed || event.ctrlKey || event.metaKey || event.altKey) return;
    const [i, end] = [Number(part.split("-")[0]), part.split("-")[1]];
    const step = event.shiftKey ? this.area.step : KEY_M;
    const passage = this.passages[i];
    this.#move(i, end, { x: passage[`${end}_x_m`] + way[0] * step, y: passage[`${end}_y_m`] + way[1] * step });
    event.preventDefault();
    event.stopPropagation();
    const now = this.passages[i];
    this.hooks.told(`${now[`${end}_x_m`]} m right, ${now[`${end}_y_m`]} m up`);
  }

  #size() {
    const matrix = this.svg.getScreenCTM();
    const scale = matrix && matrix.a ? 1 / matrix.a : 1;
    for (const shape of this.shape.querySelectorAll("[data-px]")) shape.setAttribute("r", shape.dataset.px * scale);
    for (const text of this.shape.querySelectorAll("[data-text]")) {
      text.setAttribute("font-size", 13 * scale);
      text.setAttribute("dy", 4 * scale);
    }
    for (const part of this.shape.querySelectorAll("[data-aside]")) {
      const line = part.parentElement.querySelector("line");
      const [x, y] = [line.x2.baseVal.value - line.x1.baseVal.value, line.y2.baseVal.value - line.y1.baseVal.value];
      const aside = (Number(part.dataset.aside) * scale) / (Math.hypot(x, y) || 1);
      part.setAttribute("transform", `translate(${-y * aside} ${x * aside})`);
    }
  }
}

function number(positive) {
  const input = make("input");
  Object.assign(input, { type: "number", step: "any", inputMode: "decimal" });
  if (positive) input.min = "0";
  return input;
}

function turned(passage) {
  const back = { ...passage, name: passage.name ? `${passage.name}, back` : "" };
  for (const part of ["camera_id", "x_m", "y_m"]) [back[`from_${part}`], back[`to_${part}`]] = [passage[`to_${part}`], passage[`from_${part}`]];
  return back;
}

function arrowHead() {
  const head = draw("path", { d: "M0 0L9 4.5L0 9z", class: "way-arrow" });
  return draw("defs", {}, draw("marker", { id: "way-head", viewBox: "0 0 9 9", refX: 13, refY: 4.5, markerWidth: 6, markerHeight: 6, orient: "auto" }, head));
}
