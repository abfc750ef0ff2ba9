// The outline of a zone as a list of corners `{x, y}`. Pure: each function returns a new list.

/** Fewest corners of an outline. */
export const CORNERS = 3;

/** Keep a point inside `{x0, y0, x1, y1}`, on the grid of `step`. */
export function placed({ x, y }, box) {
  const on = (value, low, high) => Number((Math.round(Math.min(Math.max(value, low), high) / box.step) * box.step).toFixed(3));
  return { x: on(x, box.x0, box.x1), y: on(y, box.y0, box.y1) };
}

/** One corner moved. */
export function moved(points, index, dx, dy, box) {
  return points.map((point, i) => (i === index ? placed({ x: point.x + dx, y: point.y + dy }, box) : point));
}

/** One corner put somewhere. */
export function put(points, index, point, box) {
  return points.map((old, i) => (i === index ? placed(point, box) : old));
}

/** All corners moved by the same way, as far as all of them stay inside. */
export function shifted(points, dx, dy, box) {
  const [xs, ys] = [points.map((p) => p.x), points.map((p) => p.y)];
  const inside = (way, low, high, values) => Math.min(Math.max(way, low - Math.min(...values)), high - Math.max(...values));
  const [sx, sy] = [inside(dx, box.x0, box.x1, xs), inside(dy, box.y0, box.y1, ys)];
  return points.map(({ x, y }) => placed({ x: x + sx, y: y + sy }, box));
}

/** A corner added half-way to the next one. */
export function halved(points, index, box) {
  const [a, b] = [points[index], points[(index + 1) % points.length]];
  const middle = placed({ x: (a.x + b.x) / 2, y: (a.y + b.y) / 2 }, box);
  return [...points.slice(0, index + 1), middle, ...points.slice(index + 1)];
}

/** One corner taken away; the last three stay. */
export function without(points, index) {
  return points.length > CORNERS ? points.filter((_, i) => i !== index) : points;
}

/** Whether two outlines are the same. */
export function same(a, b) {
  return a.length === b.length && a.every(({ x, y }, i) => x === b[i].x && y === b[i].y);
}

/** What is wrong with an outline, in words; empty when it is good. */
export function fault(points) {
  if (points.length < CORNERS) return `An outline has ${CORNERS} corners or more; this one has ${points.length}.`;
  const crossing = crossed(points);
  if (crossing) return `The side after corner ${crossing[0] + 1} crosses the side after corner ${crossing[1] + 1}.`;
  return "";
}

/** Two sides that cross, by the index of their first corner; null when none do. */
export function crossed(points) {
  const n = points.length;
  for (let i = 0; i < n; i += 1) {
    for (let j = i + 2; j < n; j += 1) {
      if (i === 0 && j === n - 1) continue; // neighbours
      if (cross(points[i], points[(i + 1) % n], points[j], points[(j + 1) % n])) return [i, j];
    }
  }
  return null;
}

function turn(a, b, c) {
  return Math.sign((b.x - a.x) * (c.y - a.y) - (b.y - a.y) * (c.x - a.x));
}

function cross(a, b, c, d) {
  return turn(a, b, c) !== turn(a, b, d) && turn(c, d, a) !== turn(c, d, b);
}
