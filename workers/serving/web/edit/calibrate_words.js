// What the page of cameras says of calibrating one by points.

const cm = (metres) => (metres < 10 ? `${(metres * 100).toFixed(metres < 0.1 ? 1 : 0)} cm` : `${Math.round(metres)} m`);

export const CALIBRATE = {
  heading: "Calibrate by points of the floor",
  about: "Say of six points or more where they are in the picture and on the floor. The grid and each error are shown at once.",
  begin: "Choose points …",
  how: "Show the camera’s picture, then click a point of the floor in it and write where that is, in metres. By keyboard: Add a point, then Tab to it; arrow keys move it, Shift for small steps. Choose points near and far, left and right: corners of tiles, feet of posts.",
  stage: "The camera’s picture, with the points and the grid of the floor",
  add: "Add a point",
  save: "Save this calibration",
  u: "right, px",
  v: "down, px",
  x: "floor: right, m",
  y: "floor: up, m",
  field: (number, words) => `Pair ${number}, ${words}`,
  pin: (number, u, v) => `Point ${number} of the picture, ${u} px right, ${v} px down. Arrow keys move it.`,
  added: (number) => `Point ${number} added. Write where it is on the floor.`,
  drop: (number) => `Remove pair ${number}`,
  missing: "write where it is",
  waiting: "needs more points",
  off: (own, others) => `${cm(own)} off${others === null ? "" : `, ${cm(others)} by the others`}`,
  tooFew: (more) => `${more} more ${more === 1 ? "pair is" : "pairs are"} needed.`,
  oneLine: "Too many of the points lie on one line: add some beside it.",
  horizon: "The horizon would run between the points: one belongs to other pixels.",
  mirrored: "This is mirrored: y is a quarter turn counterclockwise from x, seen from above. Swap x and y, or give one the other sign.",
  far: (number) => `Point ${number} is more than 20 cm off: look at it again, or at the others.`,
  good: (count, worst) => `${count} pairs; the worst is ${cm(worst)} off. The grid must lie on the floor, near and far.${count < 6 ? " Six or more are better." : ""}`,
  line: (count, worst) => `calibrated by ${count} points of the floor, the worst ${cm(worst)} off`,
  why: "Why?",
  consequence: "everybody whom this camera follows gets a new number, as if they had just come in.",
  saved: "The calibration is saved, and takes effect in about 5 s.",
};
