// The privacy masks of a camera: drawn on its picture's frame, with how much of it they hide.
import { draw, make, say } from "../messages.js";
import { choose, explain, tell, trouble } from "../page.js";
import { ask, random } from "../requests.js";
import { MASKS } from "./camera_words.js";
import { Drawing } from "./drawing.js";
import { equal } from "./merge.js";
import { CORNERS, fault } from "./outline.js";

const SHARE_PX = 400; // the hidden share is counted on a raster of this width

/** How much of a frame polygons hide together, 0 to 1. */
export function hiddenShare(masks, width, height) {
  const canvas = make("canvas");
  const scale = SHARE_PX / width;
  Object.assign(canvas, { width: SHARE_PX, height: Math.max(1, Math.round(height * scale)) });
  const context = canvas.getContext("2d", { willReadFrequently: true });
  for (const mask of masks) {
    context.beginPath();
    for (const [x, y] of mask) context.lineTo(x * scale, y * scale);
    context.fill();
  }
  const { data } = context.getImageData(0, 0, canvas.width, canvas.height);
  let hidden = 0;
  for (let i = 3; i < data.length; i += 4) hidden += data[i];
  return hidden / 255 / (canvas.width * canvas.height);
}

export class Masks {
  /**
   * @param box where they are shown
   * @param canvas of the camera's picture, which lies behind them
   * @param hooks `saved()` after they were saved
   */
  constructor(box, canvas, hooks) {
    Object.assign(this, { box, canvas, hooks, chosen: 0 });
    this.svg = draw("svg", { class: "drawing", role: "application", "aria-labelledby": "masks-heading" });
    this.drawing = new Drawing(this.svg, { changed: (points) => this.#changed(points), told: tell, mode: (mode) => this.#mode(mode) });
  }

  /** Show the masks of a camera, as registered; what is drawn and not saved stays while it is the same version. */
  show(camera, fixed) {
    const same = this.camera?.id === camera.id && this.camera.version === camera.version && this.fixed === fixed;
    if (same) return;
    Object.assign(this, { camera, fixed, masks: camera.record.privacy_masks ?? [], chosen: 0 });
    this.#build();
  }

  get #size() {
    return [this.camera.record.width, this.camera.record.height];
  }

  #build() {
    const heading = make("h3", "", MASKS.heading);
    heading.id = "masks-heading";
    this.list = make("div", "tools");
    this.list.setAttribute("role", "group");
    this.list.setAttribute("aria-label", MASKS.choose);
    this.share = make("p", "state");
    this.share.setAttribute("role", "status");
    this.wrong = make("p", "fault");
    const stage = make("div", "board-stage", this.canvas, this.svg);
    const [width, height] = this.#size;
    stage.style.setProperty("--aspect", String(width / height));
    this.acts = make("div", "tools");
    this.box.replaceChildren(heading, make("p", "note", MASKS.about), this.share, this.list, stage, this.wrong, this.acts);
    this.#lay();
  }

  #lay() {
    const [width, height] = this.#size;
    const others = this.masks.filter((_, i) => i !== this.chosen).map((mask) => draw("polygon", { points: mask.map(([x, y]) => `${x},${y}`).join(" "), class: "mask" }));
    this.drawing.frame({ x0: 0, y0: 0, x1: width, y1: height, step: 1 }, "px", false, others);
    const own = this.masks[this.chosen] ?? [];
    this.drawing.show(own.map(([x, y]) => ({ x, y })), MASKS.name(this.chosen + 1), this.fixed);
    this.#fill();
  }

  #fill() {
    const changed = !equal(this.masks, this.camera.record.privacy_masks ?? []);
    const shown = this.masks.length ? MASKS.share(hiddenShare(this.masks, ...this.#size)) : MASKS.none;
    say(this.share, shown + (changed ? MASKS.unsaved : ""));
    const reasons = this.masks.map((mask, i) => [i, fault(mask.map(([x, y]) => ({ x, y })))]).filter(([, why]) => why);
    this.#fault(reasons.map(([i, why]) => `${MASKS.name(i + 1)}: ${why}`).join(" "));
    this.list.replaceChildren(
      ...this.masks.map((_, i) => {
        const one = button(MASKS.name(i + 1), () => this.#choose(i));
        one.setAttribute("aria-pressed", String(i === this.chosen));
        return one;
      }),
    );
    if (this.fixed) return;
    const drawing = this.drawing.drawing;
    const more = button(MASKS.draw, () => this.#begin());
    const drop = button(MASKS.remove, () => this.#drop());
    const send = button(MASKS.save, () => this.#save());
    more.disabled = drawing;
    drop.disabled = drawing || !this.masks.length;
    send.disabled = drawing || !changed || reasons.length > 0;
    const focus = [...this.acts.children].indexOf(document.activeElement);
    this.acts.replaceChildren(more, drop, send);
    if (focus >= 0) this.acts.children[focus]?.focus();
  }

  #fault(text) {
    say(this.wrong, text);
    this.wrong.hidden = !text;
  }

  #choose(i) {
    this.chosen = i;
    this.#lay();
    this.list.children[i]?.focus();
  }

  #begin() {
    this.chosen = this.masks.length;
    this.#lay();
    this.drawing.start();
  }

  #mode(mode) {
    if (!this.acts) return;
    const over = mode !== "draw" && this.chosen >= this.masks.length && !this.drawing.points.length;
    if (over && this.masks.length) {
      this.chosen = this.masks.length - 1; // nothing was drawn
      queueMicrotask(() => this.#lay());
    } else this.#fill();
  }

  #changed(points) {
    if (points.length < CORNERS) return;
    const mask = points.map(({ x, y }) => [x, y]);
    this.masks = this.chosen < this.masks.length ? this.masks.map((one, i) => (i === this.chosen ? mask : one)) : [...this.masks, mask];
    this.#fill();
  }

  #drop() {
    this.masks = this.masks.filter((_, i) => i !== this.chosen);
    this.chosen = Math.max(0, this.chosen - 1);
    this.#lay();
  }

  /** Show what would change, and ask why; null when it is not wanted. */
  async #why({ record, id }, { changes, warnings }) {
    const why = Object.assign(make("input"), { id: "why", type: "text", maxLength: 300, required: true });
    const label = make("label", "", MASKS.why);
    label.htmlFor = why.id;
    const effects = changes.map(({ kind, id: of, details }) => make("li", "", make("strong", "", of === id ? record.name || id : `${kind} ${of}`), make("p", "note", details.join("; "))));
    const careful = [MASKS.consequence, ...warnings].map((text) => make("li", "", MASKS.careful(text)));
    const content = [make("ul", "review", ...effects), make("ul", "review warnings", ...careful), make("div", "field", label, why)];
    const answer = await choose(MASKS.title, content, [["", "Go on editing", "plain"], ["save", "Save", "primary"]]);
    return answer === "save" ? why.value.trim() : null;
  }

  async #save() {
    const { camera, masks } = this;
    const path = `registry/cameras/${encodeURIComponent(camera.id)}/masks`;
    const body = { privacy_masks: masks };
    try {
      const seen = await (await ask(`${path}?dry_run=true`, { method: "PUT", body, etag: camera.etag })).json();
      const reason = await this.#why(camera, seen);
      if (reason === null) return;
      await ask(`${path}?reason=${encodeURIComponent(reason)}`, { method: "PUT", body, etag: camera.etag, key: random(24) });
      trouble("");
      tell(MASKS.saved);
      await this.hooks.saved();
    } catch (error) {
      const reasons = (error.errors ?? []).map(({ reason }) => reason).join(" ");
      if (reasons) this.#fault(reasons);
      trouble(reasons ? "Not saved: see what is wrong with the masks." : explain(error));
    }
  }
}

function button(words, act) {
  const one = make("button", "plain", words);
  one.type = "button";
  one.addEventListener("click", act);
  return one;
}
