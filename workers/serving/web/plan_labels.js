// The labels of zones on a plan: what they say, and where they fit.
import { bounds, widest } from "./outlines.js";
import { CAUSES, gapInShort } from "./words.js";

export const ICON = 17; // px of a sign, for text of the base size
const TEXT = 13;
const TEXT_LEAST = 9.5;
const MOST_FAR = 90; // px between a zone and a label beside it

/** What a zone's label says below its name and its people. */
export function zoneText(zone, fresh) {
  if (fresh.stale) return fresh.cause === "no_data" ? "" : CAUSES[fresh.cause];
  if (!zone.required) return "";
  return gapInShort(zone);
}

/**
 * Put a zone's label where it covers nobody and no other label: into the zone, smaller where it must be, or beside the
 * zone with a line to it; without what is missing where that fits nowhere, and not at all where its name does not fit.
 * The list of zones has all of it.
 *
 * @param room `{width, height, dots, taken, zones}`: circles `{x, y, r}`, boxes and polygons that are in the way
 * @returns the box of the label, `[left, top, right, bottom]`; null where it is not shown
 */
export function placeLabel(view, room, grown) {
  view.label.style.display = "";
  view.isBest = true;
  for (const brief of view.state.textContent || view.urgency.textContent ? [false, true] : [false]) {
    for (const line of [view.state, view.urgency]) line.style.display = brief ? "none" : "";
    for (let size = TEXT * grown; size >= TEXT_LEAST * grown; size -= grown) {
      const measured = measure(view, size, grown, brief);
      const box = inside(view.polygon, measured, room);
      if (box) return put(view, measured, box, null);
      view.isBest = false;
    }
    const measured = measure(view, TEXT_LEAST * grown, grown, brief);
    const found = beside(view.polygon, measured, room, grown);
    if (found) return put(view, measured, found.box, found.line);
  }
  view.label.style.display = "none";
  return null;
}

/** Whether a label's box covers a circle or another box, or is outside of the drawing. */
export function isInTheWay([left, top, right, bottom], { width, height, dots, taken }) {
  if (left < 2 || top < 1 || right > width - 2 || bottom > height - 1) return true;
  if (taken.some((other) => left < other[2] && other[0] < right && top < other[3] && other[1] < bottom)) return true;
  return dots.some(({ x, y, r }) => Math.hypot(x - clamp(x, left, right), y - clamp(y, top, bottom)) < r);
}

function measure(view, size, grown, brief) {
  view.name.setAttribute("font-size", String(size));
  view.state.setAttribute("font-size", String(size));
  view.urgency.setAttribute("font-size", String(size));
  const sign = ICON * grown;
  const signs = view.alert.childElementCount ? 2 * sign + 2 : sign; // of the state, and of an alert
  const named = view.name.getComputedTextLength() + signs + 4;
  const lines = brief ? [] : [view.state, view.urgency].filter((line) => line.textContent);
  const below = Math.max(0, ...lines.map((line) => line.getComputedTextLength()));
  const rise = Math.max(size, sign - 3 * grown);
  return { size, sign, signs, grown, named, rise, width: Math.max(named, below) + 6, height: rise + (0.35 + 1.2 * lines.length) * size + 2 };
}

/** The highest place in a polygon, as near to its middle as possible. */
function inside(polygon, { width, height }, room) {
  const [, top, , bottom] = bounds(polygon);
  for (let y = top + 1; y + height < bottom; y += 3) {
    const [upper, lower] = [widest(polygon, y), widest(polygon, y + height)];
    const [left, right] = [Math.max(upper[0], lower[0]), Math.min(upper[1], lower[1])];
    const spare = (right - left - width) / 2;
    for (let away = 0; away <= spare; away += 4) {
      for (const side of away ? [-1, 1] : [1]) {
        const x = (left + right - width) / 2 + side * away;
        const box = [x, y, x + width, y + height];
        if (!isInTheWay(box, room)) return box;
      }
    }
  }
  return null;
}

/** The place nearest to a polygon that is in no zone, and the line from there to the polygon. */
function beside(polygon, { width, height }, room, grown) {
  let best = null;
  const step = 6 * grown;
  for (let y = 2; y + height < room.height; y += step) {
    for (let x = 3; x + width < room.width; x += step) {
      const box = [x, y, x + width, y + height];
      const end = nearest(polygon, { x: x + width / 2, y: y + height / 2 });
      const start = { x: clamp(end.x, box[0], box[2]), y: clamp(end.y, box[1], box[3]) };
      const far = Math.hypot(end.x - start.x, end.y - start.y);
      if (far > MOST_FAR * grown || (best && best.far <= far)) continue;
      if (isInTheWay(box, room) || room.zones.some((zone) => meets(zone, box))) continue;
      const line = [start, end];
      if (room.dots.some(({ x: dotX, y: dotY, r }) => toLine({ x: dotX, y: dotY }, start, end) < r)) continue;
      best = { box, line, far };
    }
  }
  return best;
}

function put(view, { size, sign, signs, grown, named, rise }, box, line) {
  const x = (box[0] + box[2]) / 2;
  const y = box[1] + rise + 1;
  view.sign.setAttribute("transform", `translate(${x - named / 2} ${y - sign + 3 * grown})`);
  view.alert.setAttribute("transform", `translate(${x - named / 2 + sign + 2} ${y - sign + 3 * grown})`);
  view.name.setAttribute("x", String(x - named / 2 + signs + 4));
  view.name.setAttribute("y", String(y));
  view.state.setAttribute("x", String(x));
  view.state.setAttribute("y", String(y + size * 1.25));
  view.urgency.setAttribute("x", String(x));
  view.urgency.setAttribute("y", String(y + size * (view.state.textContent ? 2.45 : 1.25)));
  view.leader.setAttribute("d", line ? `M${line[0].x.toFixed(1)} ${line[0].y.toFixed(1)}L${line[1].x.toFixed(1)} ${line[1].y.toFixed(1)}` : "");
  return box;
}

function clamp(value, least, most) {
  return Math.min(Math.max(value, least), most);
}

/** The point of a polygon's edges that is nearest to a point. */
function nearest(polygon, point) {
  let best = polygon[0];
  let far = Infinity;
  polygon.forEach((a, i) => {
    const on = nearestOnLine(point, a, polygon[(i + 1) % polygon.length]);
    const away = Math.hypot(on.x - point.x, on.y - point.y);
    if (away < far) [best, far] = [on, away];
  });
  return best;
}

function nearestOnLine(point, a, b) {
  const [dx, dy] = [b.x - a.x, b.y - a.y];
  const share = clamp(((point.x - a.x) * dx + (point.y - a.y) * dy) / (dx * dx + dy * dy || 1), 0, 1);
  return { x: a.x + share * dx, y: a.y + share * dy };
}

function toLine(point, a, b) {
  const on = nearestOnLine(point, a, b);
  return Math.hypot(on.x - point.x, on.y - point.y);
}

/** Whether a polygon and a box have a part in common, or nearly. */
function meets(polygon, [left, top, right, bottom]) {
  for (let y = top; y <= bottom; y += Math.max(1, (bottom - top) / 4)) {
    const [from, to] = widest(polygon, y);
    if (to > from && from < right && left < to) return true;
  }
  return polygon.some(({ x, y }) => x > left && x < right && y > top && y < bottom);
}

export function sized(svg, px) {
  svg.setAttribute("width", String(px));
  svg.setAttribute("height", String(px));
  return svg;
}

export function mean(ring) {
  const sum = ring.reduce((a, b) => ({ x: a.x + b.x, y: a.y + b.y }));
  return { x: sum.x / ring.length, y: sum.y / ring.length };
}
