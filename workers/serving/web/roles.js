// A mark for each staff role: a shape and a letter, so that colour alone never tells who is who.
import { draw, make } from "./messages.js";
import { roleName } from "./words.js";

// Outlines of about the same area around the origin, for a circle of radius 1.
const SHAPES = [
  "M-.95-.95H.95V.95H-.95z", // square
  "M0-1.35 1.35 0 0 1.35-1.35 0z", // diamond
  "M-.62-1.08H.62L1.24 0 .62 1.08H-.62L-1.24 0z", // hexagon
  "M0-1.2 1.2-.3.75 1.05H-.75L-1.2-.3z", // pentagon
  "M-.5-1.2H.5L1.2-.5V.5L.5 1.2H-.5L-1.2.5V-.5z", // octagon
  "M-1.15-.95H1.15L.75.95H-.75z", // bowl
];
const UNNAMED = { letters: "", shape: SHAPES[1] }; // identified, and nobody knows as what

/** The marks of all roles that the board knows, in the order of their names. */
export function marksOf(store) {
  const names = new Set();
  for (const zone of store.zones.values()) for (const role of zone.roles) names.add(role.role);
  for (const floor of store.floors.values()) for (const person of floor.people) names.add(person.role);
  names.delete("");
  names.delete(undefined);
  const marks = new Map();
  const taken = new Set();
  [...names].sort().forEach((role, number) => {
    const letters = lettersOf(roleName(role), taken);
    taken.add(letters);
    marks.set(role, { role, letters, shape: SHAPES[number % SHAPES.length] });
  });
  return marks;
}

/** Which mark is which role, for those who look at people. */
export class RoleLegend {
  constructor(item, store) {
    this.item = item;
    this.store = store;
    this.key = "";
  }

  render() {
    const marks = [...marksOf(this.store).values()];
    const key = marks.map(({ role, letters }) => `${role} ${letters}`).join();
    if (key === this.key) return;
    this.key = key;
    this.item.replaceChildren(...marks.map((mark) => make("span", "", pictured(mark), roleName(mark.role))));
    this.item.hidden = !marks.length;
  }
}

/** The mark of one role. */
export function markOf(marks, role) {
  return marks.get(role) ?? UNNAMED;
}

/** One letter, or two where another role has it: those of the words first, then of the first word. */
function lettersOf(name, taken) {
  const first = name.charAt(0).toUpperCase();
  const words = name.split(" ").map((word) => word.charAt(0).toUpperCase());
  const pairs = [...name.slice(1)].map((letter) => first + letter.trim());
  return [first, words.slice(0, 2).join(""), ...pairs].find((one) => one && !taken.has(one)) ?? first;
}

/** Draw a mark around the origin. */
export function drawMark(mark, radius) {
  const size = mark.letters.length > 1 ? 1.15 : 1.5;
  return draw(
    "g",
    { class: "role-mark" },
    draw("path", { d: mark.shape, class: "dot-staff", transform: `scale(${radius})` }),
    draw("text", { class: "role-letter", "text-anchor": "middle", "font-size": (size * radius).toFixed(2), y: (size * radius * 0.36).toFixed(2) }, mark.letters),
  );
}

/** A mark as a small picture in a list. */
export function pictured(mark) {
  return draw("svg", { viewBox: "-13 -13 26 26", class: "role-icon", "aria-hidden": "true" }, drawMark(mark, 9.5));
}
