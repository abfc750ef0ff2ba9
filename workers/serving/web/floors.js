// What the plan of a floor shows, and how metres become pixels.
import { bounds } from "./outlines.js";

const MARGIN = 0.06;
const MOST_GROWTH = 4; // cameras that would make a plan this many times as large stand at its border
const LEAST_M = 2;

/** Floors that have a plan: people on them have places in metres. */
export function plannedFloors(store) {
  const calibrated = new Map();
  const found = new Set();
  for (const zone of store.zones.values()) if (isOnPlan(zone)) found.add(zone.floor_id);
  for (const camera of store.cameras.values()) {
    if (!camera.footprint) continue;
    calibrated.set(camera.floor_id, (calibrated.get(camera.floor_id) ?? 0) + 1);
    if (calibrated.get(camera.floor_id) > 1) found.add(camera.floor_id);
  }
  return found;
}

/** Whether a zone is drawn on a plan. */
export function isOnPlan(zone) {
  return zone.space === "FLOOR_M" && zone.polygon.length > 2;
}

/** Cameras whose own drawing the plan of their floor makes unnecessary: it shows all that they do. */
export function camerasOnPlans(store) {
  const planned = plannedFloors(store);
  const drawn = new Set([...store.zones.values()].filter((zone) => zone.space === "IMAGE_PX").map((zone) => zone.camera_id));
  const found = new Set();
  for (const camera of store.cameras.values()) {
    if (camera.footprint && planned.has(camera.floor_id) && !drawn.has(camera.camera_id)) found.add(camera.camera_id);
  }
  return found;
}

/**
 * The part of a floor that a plan shows, `[xMin, yMin, xMax, yMax]` in metres.
 *
 * All zones; and the cameras, unless one is so far away that the zones would become small.
 */
export function extentOf(zones, cameras) {
  const corners = zones.flatMap((zone) => zone.polygon);
  const places = cameras.map((camera) => camera.footprint?.position).filter(Boolean);
  let box;
  if (!corners.length) {
    box = bounds([...places, ...cameras.flatMap((camera) => camera.footprint?.sees.flat() ?? [])]);
  } else {
    box = bounds(corners);
    const most = MOST_GROWTH * area(box);
    for (const place of places) {
      const wider = bounds([...asCorners(box), place]);
      if (area(wider) <= most) box = wider;
    }
  }
  const [xMin, yMin, xMax, yMax] = box;
  const margin = MARGIN * Math.max(xMax - xMin, yMax - yMin, LEAST_M);
  return [xMin - margin, yMin - margin, xMax + margin, yMax + margin];
}

/** Maps the metres of an extent to the pixels of a drawing of some width; y points up on the floor. */
export class Scale {
  constructor(extent, widthPx) {
    const [xMin, yMin, xMax, yMax] = extent;
    this.extent = extent;
    this.perMetre = widthPx / (xMax - xMin);
    this.width = widthPx;
    this.height = (yMax - yMin) * this.perMetre;
  }

  /** A point of the floor, m, in the drawing. */
  at({ x, y }) {
    return { x: (x - this.extent[0]) * this.perMetre, y: (this.extent[3] - y) * this.perMetre };
  }

  holds({ x, y }) {
    const [xMin, yMin, xMax, yMax] = this.extent;
    return x >= xMin && x <= xMax && y >= yMin && y <= yMax;
  }

  /** The length of the bar that shows the scale: about a fifth of the width, m. */
  bar() {
    const fifth = this.width / this.perMetre / 5;
    return [50, 20, 10, 5, 2, 1].find((metres) => metres <= fifth) ?? 0.5;
  }
}

function asCorners([xMin, yMin, xMax, yMax]) {
  return [
    { x: xMin, y: yMin },
    { x: xMax, y: yMax },
  ];
}

function area([xMin, yMin, xMax, yMax]) {
  return Math.max(xMax - xMin, LEAST_M) * Math.max(yMax - yMin, LEAST_M);
}
