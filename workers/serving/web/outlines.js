// Polygons and their labels, in the drawings of cameras and of floors.

/** The corners of a polygon for SVG. */
export function points(polygon) {
  return polygon.map(({ x, y }) => `${x},${y}`).join(" ");
}

/** Where a label fits below the top edge: the middle of the widest stretch at that height. */
export function labelPlace(polygon, depth) {
  const y = Math.min(...polygon.map((point) => point.y)) + depth;
  const [left, right] = widest(polygon, y);
  return [(left + right) / 2, y];
}

/** The longest stretch of a polygon at a height, `[left, right]`. */
export function widest(polygon, y) {
  const crossings = [];
  polygon.forEach((a, i) => {
    const b = polygon[(i + 1) % polygon.length];
    if (a.y <= y !== b.y <= y) crossings.push(a.x + ((y - a.y) * (b.x - a.x)) / (b.y - a.y));
  });
  crossings.sort((a, b) => a - b);
  let best = [polygon[0].x, polygon[0].x];
  for (let i = 0; i + 1 < crossings.length; i += 2) {
    if (crossings[i + 1] - crossings[i] >= best[1] - best[0]) best = [crossings[i], crossings[i + 1]];
  }
  return best;
}

/** The smallest box around points, `[xMin, yMin, xMax, yMax]`. */
export function bounds(all) {
  const xs = all.map(({ x }) => x);
  const ys = all.map(({ y }) => y);
  return [Math.min(...xs), Math.min(...ys), Math.max(...xs), Math.max(...ys)];
}
