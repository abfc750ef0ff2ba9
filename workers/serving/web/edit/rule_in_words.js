// A rule restated as it will act, in plain English.
import { counted, listed } from "../messages.js";
import { STATUSES } from "./rule_words.js";
import { days } from "./words.js";

const UNITS = [[86400, "day", "days"], [3600, "h", "h"], [60, "min", "min"], [1, "s", "s"]];

/** A duration exactly: 5400 is "1 h 30 min". */
export function lasting(seconds) {
  let left = seconds;
  const parts = [];
  for (const [size, one, many] of UNITS) {
    const number = Math.floor(left / size);
    left -= number * size;
    if (number) parts.push(counted(number, one, many));
  }
  return parts.join(" ") || "0 s";
}

/** Windows of the week: "Mon–Fri 21:00–06:00". */
export function windows(schedule) {
  return listed(schedule.map((text) => {
    const { weekdays, starts, ends } = readWindow(text);
    return `${days(weekdays)} ${starts}–${ends}`;
  }));
}

const DAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

/** A window as its parts: weekdays 1 to 7 and two times of day. */
export function readWindow(text) {
  const [, named, starts, ends] = /^(?:(.*?)\s+)?(\d{1,2}:\d{2})\s*-\s*(\d{1,2}:\d{2})$/.exec(text.trim()) ?? [null, "", "00:00", "24:00"];
  const weekdays = new Set();
  for (const part of (named || "mon-sun").split(",")) {
    const [first, last = first] = part.trim().split("-").map((day) => DAYS.indexOf(day.trim().slice(0, 3).toLowerCase()) + 1);
    for (let day = first, n = 0; day >= 1 && n < 7; day = (day % 7) + 1, n += 1) {
      weekdays.add(day);
      if (day === last) break;
    }
  }
  return { weekdays: [...weekdays].sort(), starts: starts.padStart(5, "0"), ends: ends.padStart(5, "0") };
}

/** The window that an import takes: "mon-fri 21:00-06:00". */
export function writeWindow({ weekdays, starts, ends }) {
  const list = [...weekdays].sort();
  const run = list.length > 2 && list.at(-1) - list[0] === list.length - 1;
  const named = run ? `${DAYS[list[0] - 1]}-${DAYS[list.at(-1) - 1]}` : list.map((day) => DAYS[day - 1]).join(",");
  return `${named} ${starts}-${ends === "00:00" ? "24:00" : ends}`;
}

const OF_FLOORS = new Set(["camera-missing", "camera-suspect"]);
const VERBS = { page: ["Pages", "page"], warning: ["Warns", "warn"], notice: ["Tells", "tell"] };

/**
 * The rule in sentences.
 *
 * @param rule as the API has it; what is still empty is left open
 * @param names `{zone(id), floor(id), unit(id)}`
 * @returns the sentences, the one that says what it does first
 */
export function restated(rule, names) {
  const [does, would] = VERBS[rule.tier] ?? VERBS.notice;
  const who = the(rule.owner) || "nobody yet";
  const when = `when ${breach(rule, place(rule, names), names)}${during(rule.schedule)}`;
  const told = { silent: `Notifies nobody yet. It would ${would} ${who} ${when}`, pilot: `In ${listed((rule.pilot_unit_ids ?? []).map(names.unit)) || "no unit yet"} alone, ${does.toLowerCase()} ${who} ${when}` };
  const rest = [`again only when ${worse(rule)} for ${lasting(rule.repeat_after_s ?? 60)}`];
  if (rule.escalate_after_s && rule.escalate_to) rest.push(`after ${lasting(rule.escalate_after_s)} without acknowledgement ${the(rule.escalate_to)}`);
  const found = [`${told[rule.stage] ?? `${does} ${who} ${when}`}; ${rest.join("; ")}.`];
  if (rule.next_action) found.push(`To do: ${rule.next_action}.`);
  found.push(`Over once it has been no breach for ${lasting(rule.close_after_s ?? 30)}${quiet(rule)}.`);
  if (rule.bound === "possible") found.push("What is only possible is shown, and notifies nobody.");
  return found;
}

function quiet({ suppress_s: seconds }) {
  return seconds ? `; after that no new alert for ${lasting(seconds)}` : "";
}

function the(who) {
  const name = (who ?? "").trim();
  return /^(the|a|an|our) /i.test(name) || !/^[a-z]/.test(name) ? name : `the ${name}`;
}

function during(schedule) {
  return schedule?.length ? `, ${windows(schedule)}` : "";
}

function place({ kind, zone_ids: zones = [], floor_ids: floors = [] }, names) {
  const ofFloors = OF_FLOORS.has(kind);
  const parts = floors.map((id) => `${ofFloors ? "" : "any zone of "}floor ${names.floor(id)}`);
  if (zones.length > 4) parts.unshift(`any of ${zones.length} zones`);
  else parts.unshift(...zones.map(names.zone));
  if (!parts.length) return ofFloors ? "any floor" : "any zone";
  return parts.length < 2 ? parts.join("") : `${parts.slice(0, -1).join(", ")} or ${parts.at(-1)}`;
}

function worse({ kind }) {
  if (kind === "coverage-gap") return "the gap has grown or another role is short";
  if (OF_FLOORS.has(kind)) return "there have been more cameras than before";
  return "there have been more than before";
}

function either(list) {
  return list.length < 2 ? list.join("") : `${list.slice(0, -1).join(", ")} or ${list.at(-1)}`;
}

function people(number) {
  return number === 1 ? "somebody" : `${number} people or more`;
}

/** A badge in two positions is a breach of its floor: of one that is named, or of any where no zone is. */
function twice({ zone_ids: zones = [], floor_ids: floors = [], threshold }, names) {
  if (zones.length && !floors.length) return "";
  const number = threshold ?? 1;
  const where = floors.length ? either(floors.map((id) => `floor ${names.floor(id)}`)) : "any floor";
  return `, or when ${number === 1 ? "a badge of" : `${number} badges or more of`} ${where} ${number === 1 ? "was" : "were"} read in two positions at once`;
}

function breach(rule, where, names) {
  const number = rule.threshold ?? 1;
  const roles = rule.roles ?? [];
  const lasts = rule.open_after_s ? ` for ${lasting(rule.open_after_s)}` : "";
  const maybe = rule.bound === "possible";
  const have = number === 1 ? "has" : "have";
  switch (rule.kind) {
    case "coverage-gap": {
      const what = number === 1 ? (roles.length ? `a ${either(roles)}` : "staff") : roles.length > 1 ? `${number} or more of ${either(roles)}` : `${number} ${roles[0] ?? "staff"} or more`;
      return `${where} ${maybe ? "may have" : "has"} been short of ${what}${lasts}`;
    }
    case "over-capacity":
      return `more than ${number} people ${maybe ? "may have" : "have"} been in ${where}${lasts}`;
    case "dwell": {
      const more = rule.open_after_s ? `, and ${lasting(rule.open_after_s)} more` : "";
      return `${rule.one_per === "person" ? "a person" : "somebody"} has stayed in ${where} for ${rule.threshold ? lasting(rule.threshold) : "longer than allowed"}${more}`;
    }
    case "off-shift": {
      const wrong = rule.shift_statuses?.length ? rule.shift_statuses : ["off-shift", "not-expected", "visitor"];
      const said = either(wrong.map((one) => STATUSES.find(([status]) => status === one)?.[1] ?? one));
      const but = roles.length ? `, and is no ${either(roles)},` : "";
      return `${people(number)} ${number === 1 ? "who is" : "who are"} ${said}${but} ${maybe ? "may have" : have} been in ${where}${lasts}`;
    }
    case "alone":
      return `${people(number)} ${maybe ? "may have" : have} been in ${where} with no ${either(roles) || "staff"} beside them${lasts}`;
    case "badge-contradiction":
      return `the badges in ${where} ${maybe ? "may have" : "have"} been at least ${number} more than the people seen${lasts}${twice(rule, names)}`;
    case "camera-missing":
      return `${counted(number, "camera", "cameras")} or more of ${where} ${have} not reported${lasts}`;
    case "camera-suspect":
      return `the view of ${counted(number, "camera", "cameras")} or more of ${where} has been in doubt${lasts}`;
    default:
      return `it is a breach in ${where}${lasts}`;
  }
}
