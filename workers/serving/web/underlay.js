// The picture that lies under the plan of a floor, turned, scaled and moved as its points say.
import { draw } from "./messages.js";
import { read } from "./requests.js";

const API = new URL("api/v1/", import.meta.url);
export const PLACING = 2; // so many points place a picture; those after them check it
const LEAST_PX = 20;
const LEAST_M = 0.2;

/** Where a picture of a floor is; `registry` for one that may not be saved yet. */
export function addressOf(floor, sha256, registry = false) {
  return new URL(`${registry ? "registry/" : ""}floors/${encodeURIComponent(floor)}/drawings/${sha256}`, API).href;
}

/**
 * The picture on a plan.
 *
 * @param address of the picture
 * @param drawing `{width_px, height_px, a, b, x0, y0}`: x = a u + b v + x0, y = b u - a v + y0
 * @param scale pixels for each metre of the plan
 * @param left @param top the place of the plan's upper left corner, m
 */
export function underlay(address, { width_px: width, height_px: height, a, b, x0, y0 }, scale = 1, left = 0, top = 0) {
  const turn = [a, -b, b, a].map((value) => value * scale);
  const image = draw("image", { width, height, transform: `matrix(${turn.join(" ")} ${(x0 - left) * scale} ${(top - y0) * scale})`, class: "underlay", preserveAspectRatio: "none" });
  image.setAttribute("href", address);
  image.setAttribute("aria-hidden", "true");
  return image;
}

/** How the first two points place a picture, `{a, b, x0, y0}`; null where they do not. */
export function placementOf(points) {
  const [one, two] = points;
  if (!two || [one, two].some((point) => [point.x_m, point.y_m].some((value) => typeof value !== "number"))) return null;
  const [du, dv, dx, dy] = [two.u - one.u, one.v - two.v, two.x_m - one.x_m, two.y_m - one.y_m];
  if (Math.hypot(du, dv) < LEAST_PX || Math.hypot(dx, dy) < LEAST_M) return null;
  const square = du * du + dv * dv;
  const [a, b] = [(dx * du + dy * dv) / square, (dy * du - dx * dv) / square];
  return { a, b, x0: one.x_m - a * one.u - b * one.v, y0: one.y_m - b * one.u + a * one.v };
}

/** How far a point is from where the placement puts it, m; null where its place is not given. */
export function offBy(placement, { u, v, x_m: x, y_m: y }) {
  if (!placement || typeof x !== "number" || typeof y !== "number") return null;
  const { a, b, x0, y0 } = placement;
  return Math.hypot(a * u + b * v + x0 - x, b * u - a * v + y0 - y);
}

/** The pictures of all floors, read again whenever what is registered changes. */
export class Underlays {
  constructor() {
    this.known = new Map();
  }

  /** Read what lies where; true when that changed. A board that cannot tell keeps what it knows. */
  async refresh() {
    let floors;
    try {
      ({ floors } = await read("floors"));
    } catch {
      return false;
    }
    const before = JSON.stringify([...this.known]);
    this.known = new Map(floors.filter(({ drawing }) => drawing).map(({ floor_id: id, drawing }) => [id, drawing]));
    return JSON.stringify([...this.known]) !== before;
  }

  /** The picture on a plan of a floor, as one element; an empty list for none. */
  on(floor, { perMetre, extent }) {
    const drawing = this.known.get(floor);
    return drawing ? [underlay(addressOf(floor, drawing.sha256), drawing, perMetre, extent[0], extent[3])] : [];
  }
}
