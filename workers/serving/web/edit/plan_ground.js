// What lies on the plan of a floor behind what is edited: a grid in metres, zones, cameras and what they see.
import { draw } from "../messages.js";
import { addressOf, placementOf, underlay } from "../underlay.js";

const MARGIN_M = 1.5;
const STEP_M = 0.05;
const MOST_LINES = 40;
const TEXT_PX = 12;
const LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";

export class PlanGround {
  /**
   * @param zones cameras as registered
   * @param live cameras now, by id: what each sees of the floor
   * @param drawingOf gives the picture of a floor, as it is edited
   */
  constructor(zones, cameras, live, drawingOf) {
    Object.assign(this, { zones, cameras, live, drawingOf });
  }

  /** The letters of a floor's cameras, as on the board: by name. */
  letters(floor) {
    const here = this.#of(floor).sort((a, b) => nameOf(a).localeCompare(nameOf(b)) || a.id.localeCompare(b.id));
    return new Map(here.map((camera, i) => [camera.id, LETTERS[i] ?? String(i + 1)]));
  }

  #of(floor) {
    return [...this.cameras.values()].filter((camera) => camera.record.floor_id === floor);
  }

  /**
   * The frame of a floor.
   *
   * @param floor its id
   * @param chosen `{id, record}` of the camera that is edited; null for the floor itself
   * @param passages of the floor as they are edited
   * @param widthPx of the drawing: text is never smaller than can be read
   * @returns `{box, ground}` for `Drawing.frame`
   */
  frame(floor, chosen, passages, widthPx) {
    const cameras = this.#of(floor).map(({ id, record }) => (id === chosen?.id ? chosen : { id, record }));
    const zones = [...this.zones.values()].filter(({ record }) => !record.camera_id && record.floor_id === floor);
    const places = new Map(cameras.map(({ id, record }) => [id, this.place(id, record)]).filter(([, place]) => place));
    const near = [
      ...zones.flatMap(({ record }) => record.polygon),
      ...cameras.flatMap(({ record }) => record.sees ?? []),
      ...[...places.values()],
      ...passages.flatMap((one) => [[one.from_x_m, one.from_y_m], [one.to_x_m, one.to_y_m]]),
    ];
    const seen = cameras.flatMap(({ id }) => this.#seen(id).flat());
    const box = boxOf(near.length > 2 ? near : [...near, ...seen]);
    const size = Math.max(Math.max(box.x1 - box.x0, box.y1 - box.y0) / 45, (TEXT_PX * (box.x1 - box.x0)) / Math.max(widthPx, 240));
    const letters = this.letters(floor);
    const ground = [
      clip(box),
      ...pictureOf(floor, this.drawingOf(floor)),
      ...grid(box, size),
      ...cameras.flatMap(({ id }) => this.#seen(id).map((ring) => draw("polygon", { points: list(ring), class: id === chosen?.id ? "reach own" : chosen ? "reach other" : "reach", "clip-path": "url(#sheet-clip)" }))),
      ...cameras.filter(({ id, record }) => id !== chosen?.id && record.sees?.length).map(({ record }) => draw("polygon", { points: list(record.sees), class: "ghost" })),
      ...zones.flatMap(({ id, record }) => zone(id, record, size)),
      ...[...places].map(([id, place]) => eye(place, letters.get(id), id === chosen?.id, size, box)),
    ];
    return { box, ground };
  }

  /** Where a camera hangs, `[x, y]` in metres; null where nothing says so. */
  place(id, record) {
    if (typeof record.x_m === "number" && typeof record.y_m === "number") return [record.x_m, record.y_m];
    if (record.location) return [record.location.x_m, record.location.y_m];
    const position = this.live.get(id)?.footprint?.position;
    return position ? [position.x, position.y] : null;
  }

  #seen(id) {
    return (this.live.get(id)?.footprint?.sees ?? []).map((ring) => ring.map(({ x, y }) => [x, y]));
  }
}

/** The picture of a floor, cut off at the sheet's edge; an empty list for none. */
export function pictureOf(floor, drawing) {
  const placement = drawing ? placementOf(drawing.points) : null;
  if (!placement) return [];
  const image = underlay(addressOf(floor, drawing.sha256, true), { ...drawing, ...placement });
  return [draw("g", { "clip-path": "url(#sheet-clip)" }, image)];
}

function nameOf({ id, record }) {
  return record.name || id;
}

function boxOf(points) {
  const [xs, ys] = [points.map(([x]) => x), points.map(([, y]) => y)];
  const low = (values) => Math.floor(Math.min(...(values.length ? values : [0])) - MARGIN_M);
  const high = (values) => Math.ceil(Math.max(...(values.length ? values : [10])) + MARGIN_M);
  return { x0: low(xs), y0: low(ys), x1: high(xs), y1: high(ys), step: STEP_M };
}

function clip({ x0, x1, y0, y1 }) {
  const shape = draw("rect", { x: x0, y: -y1, width: x1 - x0, height: y1 - y0 });
  return draw("clipPath", { id: "sheet-clip" }, shape);
}

/** Lines at whole metres, numbered; further apart on a large floor. */
function grid({ x0, x1, y0, y1 }, size) {
  const every = [1, 2, 5, 10, 20, 50].find((step) => Math.max(x1 - x0, y1 - y0) / step <= MOST_LINES) ?? 100;
  const named = every * Math.max(1, Math.round((2.5 * size * 2) / every));
  const found = [];
  const all = (from, to) => Array.from({ length: Math.floor(to / every) - Math.ceil(from / every) + 1 }, (_, i) => (Math.ceil(from / every) + i) * every);
  for (const x of all(x0, x1)) found.push(draw("line", { x1: x, x2: x, y1: -y0, y2: -y1, class: x ? "metre" : "metre axis" }));
  for (const y of all(y0, y1)) found.push(draw("line", { x1: x0, x2: x1, y1: -y, y2: -y, class: y ? "metre" : "metre axis" }));
  const label = (x, y, words, anchor) => draw("text", { x, y, "font-size": size * 0.8, class: "metre-name", "text-anchor": anchor }, words);
  for (const x of all(x0, x1)) if (x % named === 0 && x > x0 && x < x1) found.push(label(x, -y0 - size * 0.25, x ? String(x) : "0 m", "middle"));
  for (const y of all(y0, y1)) if (y % named === 0 && y > y0 && y < y1 && y) found.push(label(x0 + size * 0.25, -y + size * 0.3, String(y), "start"));
  return found;
}

function zone(id, record, size) {
  const [x, y] = middle(record.polygon);
  const name = draw("text", { x, y: -y, "font-size": size, class: "ghost-name" }, record.name || id);
  return [draw("polygon", { points: list(record.polygon), class: "ghost zone-ghost" }), name];
}

function eye([px, py], letter, own, size, { x0, x1, y0, y1 }) {
  const [x, y] = [Math.min(Math.max(px, x0 + size), x1 - size), Math.min(Math.max(py, y0 + size), y1 - size)];
  const r = size * (own ? 0.95 : 0.75);
  const name = draw("text", { x: 0, y: r * 0.42, "font-size": r * 1.25, class: "eye-name", "text-anchor": "middle" }, letter);
  return draw("g", { class: own ? "camera-mark own" : "camera-mark", transform: `translate(${x} ${-y})` }, draw("circle", { r, class: "camera-disc" }), name);
}

function middle(polygon) {
  const sum = polygon.reduce(([x, y], [px, py]) => [x + px, y + py], [0, 0]);
  return sum.map((value) => value / (polygon.length || 1));
}

function list(polygon) {
  return polygon.map(([x, y]) => `${x},${-y}`).join(" ");
}
