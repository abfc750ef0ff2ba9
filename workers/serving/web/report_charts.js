// The drawings of the weekly report: heat map, curves and the map of movements. Plain table and SVG.
import { extentOf, isOnPlan, Scale } from "./floors.js";
import { draw, make } from "./messages.js";
import { points } from "./outlines.js";
import { cellsOf, HOURS } from "./report_figures.js";
import { cellText, cellTitle, curveCaption, isThin, REPORT } from "./report_words.js";

const CURVE_HEIGHT = 120;
const MOST_ARROWS = 14;

/** Hours by weekdays: each cell says its share as a figure; the shade only helps. */
export function heatMap(name, zones, week, knownTo) {
  const cells = cellsOf(zones, week, knownTo);
  const heads = week.days.map((day) => {
    const at = new Date(`${day}T12:00:00Z`);
    const weekday = at.toLocaleDateString([], { weekday: "short", timeZone: "UTC" });
    const date = at.toLocaleDateString([], { day: "numeric", month: "short", timeZone: "UTC" });
    return Object.assign(make("th", "", weekday, make("span", "heat-date", date)), { scope: "col" });
  });
  const rows = HOURS.map((hour) => {
    const head = Object.assign(make("th", "", String(hour).padStart(2, "0")), { scope: "row" });
    return make("tr", "", head, ...week.days.map((_, number) => heatCell(cells.get(`${number + 1}-${hour}`), week)));
  });
  const corner = Object.assign(make("th", "", REPORT.hour), { scope: "col" });
  const table = make("table", "heat", make("thead", "", make("tr", "", corner, ...heads)), make("tbody", "", ...rows));
  table.setAttribute("aria-label", name);
  return table;
}

function heatCell(cell, week) {
  const element = make("td", "", cellText(cell));
  if (cell.twice) element.append(make("sup", "", REPORT.legend.twice[0]));
  element.dataset.kind = isThin(cell) ? "thin" : cell.kind === "none" ? "unseen" : cell.kind;
  if (cell.kind === "seen") {
    element.dataset.level = String([0, 0.1, 0.25, 0.5].filter((least) => cell.low > least).length);
    element.dataset.possible = String(cell.high > cell.low);
  }
  element.title = cellTitle(cell, week);
  element.setAttribute("aria-label", element.title);
  return element;
}

/** What the signs of a heat map mean. */
export function heatLegend(kinds) {
  const items = Object.entries(REPORT.legend)
    .filter(([kind]) => kinds.has(kind))
    .map(([kind, [sign, words]]) => {
      const mark = make("span", "heat-sign", sign);
      mark.dataset.kind = kind;
      if (kind === "seen") mark.dataset.level = "3";
      return make("li", "", mark, ` ${words}`);
    });
  return make("ul", "heat-legend", ...items);
}

/** Kinds of cells that a heat map shows. */
export function kindsOf(zones, week, knownTo) {
  const cells = [...cellsOf(zones, week, knownTo).values()];
  const kinds = new Set(cells.map((cell) => (isThin(cell) ? "thin" : cell.kind === "none" ? "unseen" : cell.kind)));
  if (cells.some((cell) => cell.twice)) kinds.add("twice");
  return kinds;
}

/** People of a zone over a week: the average as a line, the fewest and most as a band. */
export function curveOf(curve, answer, week, width) {
  const [left, right, top, bottom] = [30, 6, 10, 22];
  const most = Math.max(1, ...curve.people_max.filter((one) => one !== null));
  const x = (us) => left + ((us - week.from) / (week.to - week.from)) * (width - left - right);
  const y = (people) => CURVE_HEIGHT - bottom - (people / most) * (CURVE_HEIGHT - top - bottom);
  const at = (number) => answer.from_us + number * answer.step_min * 6e7;
  const parts = [];
  for (const level of [0, most]) {
    parts.push(draw("line", { class: "grid", x1: left, x2: width - right, y1: y(level), y2: y(level) }), draw("text", { class: "tick", x: left - 5, y: y(level) + 4, "text-anchor": "end" }, String(level)));
  }
  week.days.forEach((day, number) => {
    const start = x(week.starts[number]);
    const name = new Date(`${day}T12:00:00Z`).toLocaleDateString([], { weekday: "short", timeZone: "UTC" });
    parts.push(draw("line", { class: "grid", x1: start, x2: start, y1: top, y2: CURVE_HEIGHT - bottom }), draw("text", { class: "tick", x: start + 4, y: CURVE_HEIGHT - 6 }, name));
  });
  for (const run of runsOf(curve.people_avg)) {
    // Each value holds for its whole step, so the edge is drawn at both of its ends.
    const edge = (name) => run.flatMap((number) => [`${x(at(number)).toFixed(1)},${y(curve[name][number]).toFixed(1)}`, `${x(Math.min(at(number + 1), answer.to_us)).toFixed(1)},${y(curve[name][number]).toFixed(1)}`]);
    parts.push(draw("polygon", { class: "band", points: [...edge("people_min"), ...edge("people_max").reverse()].join(" ") }));
    parts.push(draw("polyline", { class: "average", points: edge("people_avg").join(" ") }));
  }
  const words = curveCaption(curve);
  const picture = draw("svg", { class: "curve", viewBox: `0 0 ${width} ${CURVE_HEIGHT}`, role: "img", "aria-label": words }, ...parts);
  return make("figure", "curve-of", make("figcaption", "", words), picture);
}

/** Numbers of steps that follow each other and have a value. */
function runsOf(values) {
  const runs = [];
  values.forEach((value, number) => {
    if (value === null) return;
    if (runs.at(-1)?.at(-1) === number - 1) runs.at(-1).push(number);
    else runs.push([number]);
  });
  return runs;
}

/**
 * The plan of a floor with arrows from zone to zone, as thick as people were many.
 *
 * @param zones of the floor, with outlines
 * @param movement as the API gives it
 * @returns null where the floor has no plan
 */
export function flowMap(name, zones, movement, width) {
  const drawn = zones.filter(isOnPlan);
  if (!drawn.length) return null;
  const scale = new Scale(extentOf(drawn, []), width);
  const spots = new Map();
  const areas = drawn.map((zone) => {
    const outline = zone.polygon.map((corner) => scale.at(corner));
    spots.set(zone.zone_id, middle(outline));
    return draw("polygon", { class: "flow-zone", points: points(outline) });
  });
  const between = movement.flows.filter(({ from_zone_id: from, to_zone_id: to }) => spots.has(from) && spots.has(to)).slice(0, MOST_ARROWS);
  const most = Math.max(1, ...between.map(({ moves }) => moves));
  const arrows = between.map(({ from_zone_id: from, to_zone_id: to, moves }) => arrow(spots.get(from), spots.get(to), moves, moves / most, width < 500 ? 3 : 6));
  const labels = drawn.map((zone) => zoneLabel(zone, zone.polygon.map((corner) => scale.at(corner)), movement.flows));
  const counts = arrows.map(({ label }) => label);
  return draw("svg", { class: "flow-map", viewBox: `0 0 ${scale.width} ${scale.height.toFixed(1)}`, role: "img", "aria-label": name }, ...areas, ...arrows.flatMap(({ parts }) => parts), ...labels, ...counts);
}

function zoneLabel(zone, outline, flows) {
  const top = outline.reduce((best, point) => (point.y < best.y - 1 || (point.y < best.y + 1 && point.x < best.x) ? point : best));
  const [x, y] = [top.x + 7, top.y + 17];
  const sum = (isOne) => flows.filter(isOne).reduce((total, { moves }) => total + moves, 0);
  const came = sum((one) => one.from_zone_id === null && one.to_zone_id === zone.zone_id);
  const left = sum((one) => one.to_zone_id === null && one.from_zone_id === zone.zone_id);
  const text = (className, dy, words) => draw("text", { class: className, x: x.toFixed(1), y: (y + dy).toFixed(1) }, words);
  return draw("g", {}, text("flow-name", 0, zone.name), text("flow-sums", 15, `${came} came, ${left} left`));
}

/** An arrow that bends to the left of its way, so that there and back are two. */
function arrow(from, to, moves, share, most) {
  const [dx, dy] = [to.x - from.x, to.y - from.y];
  const far = Math.hypot(dx, dy) || 1;
  const [ux, uy] = [dx / far, dy / far];
  const bend = Math.min(46, 14 + far * 0.22);
  const shift = (point, along, aside) => ({ x: point.x + ux * along + uy * aside, y: point.y + uy * along - ux * aside });
  const free = Math.min(12, far / 5);
  const thick = 1.5 + most * share;
  const head = 7 + thick;
  const start = shift(from, free, 6);
  const end = shift(to, -free, 6);
  const control = shift({ x: (from.x + to.x) / 2, y: (from.y + to.y) / 2 }, 0, 6 + bend);
  const [hx, hy] = [end.x - control.x, end.y - control.y];
  const long = Math.hypot(hx, hy) || 1;
  const [vx, vy] = [hx / long, hy / long];
  const neck = { x: end.x - vx * head, y: end.y - vy * head };
  const tip = [end, { x: neck.x - vy * head * 0.6, y: neck.y + vx * head * 0.6 }, { x: neck.x + vy * head * 0.6, y: neck.y - vx * head * 0.6 }];
  const centre = { x: (start.x + 2 * control.x + end.x) / 4, y: (start.y + 2 * control.y + end.y) / 4 };
  const path = draw("path", { class: "flow", "stroke-width": thick.toFixed(1), d: `M${at(start)}Q${at(control)} ${at(neck)}` });
  const label = draw("text", { class: "flow-count", x: centre.x.toFixed(1), y: (centre.y + 4).toFixed(1), "text-anchor": "middle" }, String(moves));
  return { parts: [path, draw("polygon", { class: "flow-tip", points: points(tip) })], label };
}

function at({ x, y }) {
  return `${x.toFixed(1)} ${y.toFixed(1)}`;
}

/** The centre of an outline's area. */
function middle(outline) {
  let [area, x, y] = [0, 0, 0];
  outline.forEach((a, number) => {
    const b = outline[(number + 1) % outline.length];
    const cross = a.x * b.y - b.x * a.y;
    area += cross;
    x += (a.x + b.x) * cross;
    y += (a.y + b.y) * cross;
  });
  if (!area) return outline[0];
  return { x: x / (3 * area), y: y / (3 * area) };
}
