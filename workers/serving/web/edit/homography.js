// From pixels of a picture to metres of the floor, by pairs of points. Pure.

/** Fewest points that say it. */
export const LEAST = 4;

/**
 * The homography of pairs of points, as nine numbers row by row; null where they do not say it.
 *
 * @param pairs `{u, v, x_m, y_m}` of each point
 */
export function fitted(pairs) {
  if (pairs.length < LEAST) return null;
  const [from, to] = [normal(pairs.map(({ u, v }) => [u, v])), normal(pairs.map(({ x_m: x, y_m: y }) => [x, y]))];
  if (!from || !to) return null;
  const rows = [];
  from.points.forEach(([u, v], i) => {
    const [x, y] = to.points[i];
    rows.push([u, v, 1, 0, 0, 0, -x * u, -x * v, x], [0, 0, 0, u, v, 1, -y * u, -y * v, y]);
  });
  const found = leastSquares(rows);
  if (!found) return null;
  const matrix = times(times(to.back, [...found, 1]), from.there);
  const scale = matrix[8];
  if (!Number.isFinite(scale) || Math.abs(scale) < 1e-12) return null;
  const nine = matrix.map((value) => value / scale);
  return nine.every(Number.isFinite) && Math.abs(determinant(nine)) > 1e-15 ? nine : null;
}

/** Where a point leads, `[x, y]`; null at and behind the horizon. */
export function mapped([a, b, c, d, e, f, g, h, i], x, y, side = 0) {
  const depth = g * x + h * y + i;
  if (Math.abs(depth) < 1e-9 || (side && Math.sign(depth) !== side)) return null;
  return [(a * x + b * y + c) / depth, (d * x + e * y + f) / depth];
}

/** On which side of the horizon a point is, 1 or -1. */
export function sideOf([, , , , , , g, h, i], x, y) {
  return Math.sign(g * x + h * y + i);
}

/** The way back. */
export function inverse([a, b, c, d, e, f, g, h, i]) {
  const det = determinant([a, b, c, d, e, f, g, h, i]);
  return [e * i - f * h, c * h - b * i, b * f - c * e, f * g - d * i, a * i - c * g, c * d - a * f, d * h - e * g, b * g - a * h, a * e - b * d].map((value) => value / det);
}

/** How far a homography puts a point from where it is, m; null where it puts it nowhere. */
export function offBy(matrix, { u, v, x_m: x, y_m: y }) {
  const at = matrix && mapped(matrix, u, v);
  return at ? Math.hypot(at[0] - x, at[1] - y) : null;
}

/** How far each point is from where the others put it, m; null where they do not say. */
export function offByOthers(pairs) {
  return pairs.map((pair, i) => offBy(fitted(pairs.filter((_, other) => other !== i)), pair));
}

function determinant([a, b, c, d, e, f, g, h, i]) {
  return a * (e * i - f * h) - b * (d * i - f * g) + c * (d * h - e * g);
}

function times(p, q) {
  return [0, 1, 2].flatMap((row) => [0, 1, 2].map((column) => p[3 * row] * q[column] + p[3 * row + 1] * q[3 + column] + p[3 * row + 2] * q[6 + column]));
}

/** Points moved to their middle and scaled, with the matrices there and back; null where all are one. */
function normal(points) {
  const [mx, my] = [0, 1].map((axis) => points.reduce((sum, point) => sum + point[axis], 0) / points.length);
  const spread = points.reduce((sum, [x, y]) => sum + Math.hypot(x - mx, y - my), 0) / points.length;
  if (!(spread > 1e-9)) return null;
  const s = Math.SQRT2 / spread;
  return {
    points: points.map(([x, y]) => [s * (x - mx), s * (y - my)]),
    there: [s, 0, -s * mx, 0, s, -s * my, 0, 0, 1],
    back: [1 / s, 0, mx, 0, 1 / s, my, 0, 0, 1],
  };
}

/** The solution of rows `[coefficients…, value]` with the least squares; null where there is none alone. */
function leastSquares(rows) {
  const n = rows[0].length - 1;
  const system = Array.from({ length: n }, (_, r) => Array.from({ length: n + 1 }, (__, c) => rows.reduce((sum, row) => sum + row[r] * row[c], 0)));
  for (let column = 0; column < n; column += 1) {
    let best = column;
    for (let row = column + 1; row < n; row += 1) if (Math.abs(system[row][column]) > Math.abs(system[best][column])) best = row;
    if (Math.abs(system[best][column]) < 1e-10) return null;
    [system[column], system[best]] = [system[best], system[column]];
    for (let row = 0; row < n; row += 1) {
      if (row === column) continue;
      const factor = system[row][column] / system[column][column];
      for (let c = column; c <= n; c += 1) system[row][c] -= factor * system[column][c];
    }
  }
  return system.map((row, i) => row[n] / row[i]);
}
