// Each camera's frame as a drawing: zones, people at their feet, and where they came from.
import { camerasOnPlans } from "./floors.js";
import { ago, draw, make, say } from "./messages.js";
import { labelPlace, points } from "./outlines.js";
import { drawMark, markOf, marksOf } from "./roles.js";
import { tracked, wordOfCamera } from "./words.js";

export class CameraViews {
  /**
   * @param box where the drawings are
   * @param more where those are that a floor plan makes unnecessary
   */
  constructor(box, more, store) {
    this.box = box;
    this.more = more;
    this.store = store;
    this.views = new Map();
    this.legend = document.getElementById("check-view");
    this.alone = document.getElementById("counts-alone");
  }

  /** Draw zones, masks and sizes again, after a snapshot. */
  rebuild() {
    for (const [id, view] of this.views) {
      if (!this.store.cameras.has(id)) {
        view.figure.remove();
        this.views.delete(id);
      }
    }
    const onPlans = camerasOnPlans(this.store);
    for (const camera of this.store.cameras.values()) {
      let view = this.views.get(camera.camera_id);
      if (!view) {
        view = makeView(camera.camera_id);
        this.views.set(camera.camera_id, view);
      }
      (onPlans.has(camera.camera_id) ? this.more : this.box).append(view.figure);
      this.#frame(view, camera);
    }
    this.render();
  }

  /** Move the dots and show ages. */
  render() {
    const cameras = [...this.store.cameras.values()];
    this.legend.hidden = !cameras.some((camera) => camera.suspect_since_us);
    this.alone.hidden = !cameras.some((camera) => camera.not_fused);
    for (const camera of this.store.cameras.values()) {
      const view = this.views.get(camera.camera_id);
      if (!view) continue;
      if (view.width !== camera.width || view.height !== camera.height) this.#frame(view, camera);
      this.#dots(view, camera);
      this.#labels(view);
      const fresh = this.store.cameraFreshness(camera);
      const people = (camera.tracks ?? []).filter((track) => track.state === "CONFIRMED").length;
      view.figure.dataset.stale = String(fresh.stale);
      say(view.name, camera.name);
      say(view.word, wordOfCamera(camera, fresh));
      view.word.title = camera.not_fused ?? "";
      say(view.age, fresh.age === null ? "" : ago(fresh.age));
      say(view.count, fresh.age === null ? "" : tracked(people));
    }
  }

  #frame(view, camera) {
    const width = camera.width || 640;
    const height = camera.height || 480;
    Object.assign(view, { width: camera.width, height: camera.height, unit: Math.max(width, height) / 100 });
    view.svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
    view.figure.dataset.shape = width < height ? "tall" : "wide";
    view.figure.style.setProperty("--aspect", String(width / height));
    const masks = camera.privacy_masks.map((mask) => draw("polygon", { points: points(mask), class: "mask" }));
    view.labels.clear();
    const zones = [...this.store.zones.values()].filter(
      (zone) => zone.camera_id === camera.camera_id && zone.space === "IMAGE_PX" && zone.polygon.length > 2,
    );
    const outlines = zones.map((zone) => {
      const size = Math.max(view.unit * 3.4, width / 18);
      const [x, y] = labelPlace(zone.polygon, size * 1.35);
      const title = draw("text", { x, y: Math.min(Math.max(y, size), height - size * 0.4), "font-size": size, class: "zone-name" });
      const outline = draw("polygon", { points: points(zone.polygon), class: "outline" });
      const group = draw("g", { class: "area" }, outline, title);
      view.labels.set(zone.zone_id, { group, title, x, size });
      return group;
    });
    view.ground.replaceChildren(...masks, ...outlines);
    view.people.style.setProperty("--unit", String(view.unit));
  }

  #labels(view) {
    for (const [id, label] of view.labels) {
      const zone = this.store.zones.get(id);
      if (!zone) continue;
      label.group.dataset.state = zone.coverage.state;
      label.group.dataset.stale = String(this.store.zoneFreshness(zone).stale);
      const text = `${zone.name}: ${zone.people ?? "–"}`;
      if (label.title.textContent === text) continue;
      say(label.title, text);
      fit(label, view.width || 640);
    }
  }

  #dots(view, camera) {
    const staff = this.store.floors.get(camera.floor_id)?.staff ?? new Map();
    const seen = new Set();
    const marks = marksOf(this.store);
    for (const track of camera.tracks ?? []) {
      const id = track.track_id;
      seen.add(id);
      let dot = view.dots.get(id);
      if (!dot) {
        dot = makeDot(view.unit);
        view.dots.set(id, dot);
        view.trails.append(dot.trail);
        view.people.append(dot.mark);
      }
      const x = (track.x_min + track.x_max) / 2;
      dot.mark.style.transform = `translate(${x}px, ${track.y_max}px)`;
      const role = staff.get(`${camera.camera_id}:${id}`);
      const known = role !== undefined;
      fillMark(dot, known ? markOf(marks, role) : null);
      dot.mark.setAttribute("class", `mark ${known ? "staff" : "person"} ${track.state.toLowerCase()}`);
      const trail = camera.trails.get(id) ?? [];
      dot.trail.setAttribute("points", trail.map(([, px, py]) => `${px.toFixed(1)},${py.toFixed(1)}`).join(" "));
    }
    for (const [id, dot] of view.dots) {
      if (!seen.has(id)) {
        dot.mark.remove();
        dot.trail.remove();
        view.dots.delete(id);
      }
    }
  }
}

/** Keep a label inside its drawing: smaller when it is too long, and away from the edges. */
function fit(label, width) {
  const margin = label.size * 0.3;
  label.title.setAttribute("font-size", String(label.size));
  const length = label.title.getComputedTextLength();
  const share = Math.min(1, (width - 2 * margin) / length);
  if (share < 1) label.title.setAttribute("font-size", String(label.size * share));
  const half = (length * share) / 2;
  label.title.setAttribute("x", String(Math.min(Math.max(label.x, margin + half), width - margin - half)));
}

function makeDot(unit) {
  const r = unit * 1.7;
  const circle = draw("circle", { r, class: "dot-person" });
  const role = draw("g");
  return { mark: draw("g", { class: "mark" }, circle, role), trail: draw("polyline", { class: "trail" }), role, radius: r * 1.5 };
}

/** Show somebody's role; nothing where they are not identified. */
function fillMark(dot, mark) {
  const key = mark ? `${mark.letters} ${mark.shape}` : "";
  if (dot.key === key) return;
  dot.key = key;
  dot.role.replaceChildren(...(mark ? [drawMark(mark, dot.radius)] : []));
}

function makeView(id) {
  const name = make("h3", "name");
  const count = make("span", "count");
  const word = make("strong", "word");
  const age = make("span", "age");
  const ground = draw("g");
  const trails = draw("g");
  const people = draw("g");
  const svg = draw("svg", { class: "view", "aria-hidden": "true" }, ground, trails, people);
  const caption = make("figcaption", "", name, count, make("span", "fresh", word, " ", age));
  const figure = make("figure", "camera", caption, make("div", "stage", svg));
  figure.dataset.camera = id;
  return { figure, name, count, word, age, svg, ground, trails, people, dots: new Map(), labels: new Map() };
}
