// One shape per state, so that colour alone never carries a state.
import { draw } from "./messages.js";

const SHAPES = {
  // A filled warning triangle.
  short: [
    ["path", { d: "M12 2.5 22.5 21h-21z", class: "fill" }],
    ["path", { d: "M12 9v6M12 17.2v1.6", class: "mark" }],
  ],
  // An open diamond with a question mark.
  unclear: [
    ["path", { d: "M12 1.5 22.5 12 12 22.5 1.5 12z", class: "line" }],
    ["path", { d: "M9.3 9.6c.2-3.4 5.4-3.2 5.4-.1 0 2-2.7 2.2-2.7 4.3M12 16.2v1.5", class: "line" }],
  ],
  // A ring with a tick.
  covered: [
    ["circle", { cx: 12, cy: 12, r: 9.5, class: "line" }],
    ["path", { d: "m7.5 12.4 3.2 3.2 5.9-6.6", class: "line" }],
  ],
  // A plain dash.
  none_required: [["path", { d: "M6 12h12", class: "line" }]],
  // A dotted ring.
  no_data: [["circle", { cx: 12, cy: 12, r: 9.5, class: "line dotted" }]],
  // A clock.
  stale: [
    ["circle", { cx: 12, cy: 12, r: 9.5, class: "line" }],
    ["path", { d: "M12 6.5V12l3.8 2.4", class: "line" }],
  ],
};

/** The icon of a state. */
export function icon(state) {
  const shapes = (SHAPES[state] ?? SHAPES.no_data).map(([tag, attributes]) => draw(tag, attributes));
  return draw("svg", { viewBox: "0 0 24 24", class: "icon", "aria-hidden": "true" }, ...shapes);
}
