// Sentences of the page System. Figures that nothing measures say so, and are never a zero.
import { counted, moment, span } from "./messages.js";

export const UNMEASURED = "not measured";

export const CAMERA = {
  SILENT: ["bad", "Silent"],
  TROUBLE: ["bad", "In doubt"],
  LATE: ["care", "Late"],
  CLOCK: ["care", "Clock not settled"],
  UNKNOWN: ["unknown", "Cannot be told now"],
  GOOD: ["good", "Nothing found"],
};

export const STAGE = {
  STOPPED: ["bad", "Stopped"],
  LATE: ["care", "Late or in trouble"],
  UNKNOWN: ["unknown", "Not measured"],
  GOOD: ["good", "Keeps up"],
};

/** What a process does, by its name. */
export const DOES = {
  ingest: "reads cameras",
  infer: "looks for people",
  guard: "watches the views of cameras",
  clocks: "follows the cameras' clocks",
  stream: "counts",
  relay: "brings edits into effect",
  "sink-redis": "writes the board's numbers",
  "sink-timescale": "writes history",
  serve: "answers this page",
};

/** Records that a process could not process. */
export const DEAD_LETTERS = {
  name: "Not processed in the last hour",
  heads: { stage: "Process", reason: "Why", number: "Records", last: "Last" },
  none: "None",
  unknown: "Not known: the log of dead letters was not read yet",
};

/** A number with its unit. */
export function figure(value, unit, digits = 1) {
  return value === null ? UNMEASURED : `${value.toFixed(digits)} ${unit}`;
}

/** The sentence on top: what is worst. */
export function headline(answer) {
  const stages = answer.stages.filter((one) => one.state === "STOPPED").map((one) => one.stage);
  const late = answer.stages.filter((one) => one.state === "LATE").map((one) => one.stage);
  const of = (state) => answer.cameras.filter((one) => one.state === state).length;
  const parts = [];
  if (stages.length) parts.push(`${stages.join(", ")} stopped`);
  if (late.length) parts.push(`${late.join(", ")} late or in trouble`);
  if (of("SILENT")) parts.push(`${counted(of("SILENT"), "camera", "cameras")} silent`);
  if (of("TROUBLE")) parts.push(`${counted(of("TROUBLE"), "camera", "cameras")} in doubt`);
  if (of("LATE")) parts.push(`${counted(of("LATE"), "camera", "cameras")} late`);
  if (of("CLOCK")) parts.push(`${counted(of("CLOCK"), "clock", "clocks")} not settled`);
  if (answer.alerts.length) parts.push(counted(answer.alerts.length, "alert about the whole pipeline", "alerts about the whole pipeline"));
  const text = parts.join("; ");
  if (text) return text[0].toUpperCase() + text.slice(1);
  const known = answer.redis.reachable && !answer.error;
  return known ? `Nothing found at ${counted(answer.cameras.length, "camera", "cameras")}` : "How cameras and stages do cannot be told now";
}

/** Why a camera has its state. */
export function reasonsOf(camera, now) {
  const reasons = camera.alerts.map((one) => `${one.what}, since ${moment(one.since_us / 1e6, now)}`);
  if (camera.suspect_since_us !== null) reasons.push(`positions in doubt since ${moment(camera.suspect_since_us / 1e6, now)}`);
  if (camera.state === "SILENT" && !camera.alerts.length) reasons.push(camera.last_us === null ? "no frame known" : `no frame since ${moment(camera.last_us / 1e6, now)}`);
  return reasons;
}

/** A camera's clock in words. */
export function clock(one, now) {
  if (!one) return UNMEASURED;
  const age = `judged up to ${span(now - one.observed_until_us / 1e6)} ago`;
  if (one.state !== "SETTLED") return `arrival times used since ${moment(one.since_us / 1e6, now)}; ${age}`;
  const off = `${Math.abs(one.offset_s).toFixed(3)} s ${one.offset_s < 0 ? "behind" : "ahead"}`;
  return `camera's own, ${off}, drift ${one.drift_ppm.toFixed(1)} ppm; ${age}`;
}

/** Troubles of the page itself. */
export function troubleOf(answer, now) {
  const parts = [];
  if (!answer.redis.reachable) {
    const since = answer.redis.since_us === null ? "" : ` since ${moment(answer.redis.since_us / 1e6, now)}`;
    parts.push(`The store of live numbers (Redis) is away${since}: frames and lag of cameras cannot be told.`);
  }
  if (answer.error) parts.push("The log (Kafka) is out of reach: alerts and stages are those that were known last.");
  return parts.join(" ");
}
