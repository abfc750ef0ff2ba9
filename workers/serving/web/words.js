// What the board and the wall say of staff and of people: all of it in English, and all of it here.
import { ago, counted, interval, listed, moment, span as duration } from "./messages.js";

/** Why a number is old, in capitals. */
export const CAUSES = {
  old: "STALE",
  camera_silent: "STALE: camera silent",
  clock_ahead: "CLOCK WRONG",
  no_data: "NO DATA",
};

/** Names of numbers and of parts of a page. */
export const LABELS = {
  title: "Ward occupancy",
  people: "People now",
  here: "Here",
  scheduled: "Scheduled",
  required: "Required",
  person: "person",
  persons: "people",
  cameras: "Cameras of this floor",
};

/** Heads of the table of zones. */
export const TABLE = {
  caption: "Zones and their roles",
  zone: "Zone",
  gap: "Gap",
  since: "Since",
  here: "Here",
  scheduled: "Scheduled",
  required: "Required",
  longest: "Longest stay",
  age: "Measured",
};

/** The answer on top, where it names no zone that is short. */
export const ANSWERS = {
  covered: "All zones that need staff are covered",
  noneForSure: "No zone is short for sure",
  noneNeeded: "No zone needs staff now",
  noZones: "No zones yet",
  waiting: "Waiting for the first numbers",
  stale: "No fresh numbers",
};

/** How many zones are in which state. */
export const TALLY = { short: "short", unclear: "cannot tell", covered: "covered", stale: "stale" };

/** Why nothing on the page may be trusted. */
export const TRUST = {
  lost: "Connection to the board lost. Numbers are not being updated; trying again.",
  noStore: "The store of live numbers is out of reach. Numbers are not being updated; trying again.",
  nothingYet: "Nothing was measured yet.",
};

/** The state of the connection. */
export const LIVE = { connecting: "Connecting", lost: "Not live", live: "Live", idle: "Connected, nothing new", closed: "Not shown" };

/** What the page itself sees to be silent. */
export const SILENT = { board: "No new data on the board", camera: "No new data from camera", counting: "Counting has stopped" };

/** The question for somebody's name. */
export const NAME = { ask: "Show the name…", reason: "Why do you need the name? The audit keeps your reason.", show: "Show the name", close: "Close" };

/** What somebody says is wrong. */
export const FEEDBACK = {
  button: "Wrong?",
  ofZone: (name) => `What is wrong in ${name}?`,
  ofPerson: (person) => `What is wrong with ${personNumber(person).toLowerCase()}?`,
  named: (name) => `Wrong? Say what is wrong in ${name}`,
  what: "What you see instead",
  kinds: {
    NOT_THIS_ROLE: "Not this role",
    TWO_PEOPLE: "Two people, not one",
    NOBODY_HERE: "Nobody is here",
    GAP_WRONG: "The gap is wrong",
    OTHER: "Something else",
  },
  text: "In your words; needed for something else",
  note: "Better without names. It goes to those who maintain cameras and models, and changes no figure.",
  send: "Send",
  sending: "Sending",
  close: "Close",
};

export const HINTS = { person: "Point at a person, tap one, or use the arrow keys, to see who that may be and which cameras see them." };
export const furtherAway = ", further away than this plan shows";

const STALE_BECAUSE = {
  old: "Do not act on these numbers: they are old.",
  camera_silent: "Do not act on these numbers: a camera that sees this zone sends nothing.",
  clock_ahead: "Do not act on these numbers: the clock of a camera is ahead of this board's.",
  no_data: "Nothing was measured here yet.",
};

const EVIDENCE = { BADGE: "badge", DETECTOR_CLASS: "what the detector sees", UNIFORM: "uniform" };

const DUTY = {
  VISITOR: "no staff",
  ON_SHIFT: "on shift here",
  ON_BREAK: "on a break",
  NOT_EXPECTED: "on shift, but not planned in this zone",
  EARLY: "early: the shift begins soon",
  LATE: "late: the shift is over",
  OFF_SHIFT: "off shift",
};

const COUNTED = { HEADS: "seen", FLOW: "by entries less exits", BADGES: "by badge" };
const TRUST_LESS = {
  HEADS: "somebody may be hidden",
  FLOW: "somebody may have crossed unseen",
  BADGES: "badges may lie there without their people",
};

const HAPPENED = { ENTERED: "entered", LEFT: "left", DWELL_EXCEEDED: "long stay", WITHDRAWN: "counted twice, taken back" };

const MOST_NAMED = 3; // zones in the sentence on top; the list has the others

/** The name of a role, such as "care assistant"; any staff where it has none. */
export function roleName(role) {
  return role ? role.replaceAll(/[-_]+/g, " ") : "staff";
}

/** People of a role, such as "2 care assistants". */
export function ofRole(number, role) {
  const name = roleName(role);
  if (name === "staff" || number === 1) return `${number} ${name}`;
  if (/[^aeiou]y$/.test(name)) return `${number} ${name.slice(0, -1)}ies`;
  return `${number} ${name}${/(s|x|ch|sh)$/.test(name) ? "es" : "s"}`;
}

/** A sentence begins with a capital. */
export function capital(text) {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/**
 * The gap of one role as an interval in words: what is missing for sure, and what may be besides.
 *
 * @param role `{required, gap_min, gap_max}`
 */
export function gapOfRole({ required: needed, gap_min: sure, gap_max: most }) {
  if (!needed) return "none required";
  if (most <= 0) return "enough";
  if (sure <= 0) return `possibly ${most} missing`;
  return `${sure} missing for sure${more(sure, most)}`;
}

/** The gap of a zone in words, without its roles where several are short: each has a line of its own. */
export function gapOfZone(zone) {
  const { sure, most, roles } = gapTotals(zone);
  const short = roles.filter((role) => role.gap_max > 0);
  const who = short.length === 1 ? short[0].role : "";
  if (sure > 0) return `${ofRole(sure, who)} missing for sure${more(sure, most)}`;
  if (most > 0) return `Possibly ${ofRole(most, who)} missing`;
  return { covered: "Covered", none_required: "None required" }[zone.coverage.state] ?? "No data";
}

/**
 * The gap of a zone in words, by role.
 *
 * Roles together can lack more than each of them for sure: one person fills one place.
 */
export function gapByRole(zone) {
  const { sure, most, roles } = gapTotals(zone);
  const surely = roles.filter((role) => role.gap_min > 0);
  const maybe = roles.filter((role) => role.gap_max > 0);
  if (surely.length && sure === sum(surely, "gap_min")) return `${all(surely, "gap_min")} missing for sure${more(sure, most)}`;
  if (sure > 0) return `${ofRole(sure, "")} missing for sure${maybe.length ? ` (${either(maybe)})` : ""}${more(sure, most)}`;
  return maybe.length ? `possibly ${all(maybe, "gap_max")} missing` : gapOfZone(zone);
}

/** The gap of a zone in a few letters, for a drawing. */
export function gapInShort(zone) {
  const { sure, most } = gapTotals(zone);
  if (sure > 0) return `${span(sure, most)} missing`;
  return most > 0 ? `${span(0, most)} missing` : `${required(zone)} required`;
}

/** Least and most staff that a zone lacks; a role that is short makes the zone short. */
export function gapTotals(zone) {
  const roles = zone.roles.filter((role) => role.required > 0);
  const least = (name) => Math.max(zone.gap?.[name] ?? 0, ...roles.map((role) => role[`gap_${name}`]));
  const sure = least("min");
  return { sure, most: Math.max(sure, least("max")), roles };
}

/** Since when a zone or a role is short, or may be; empty where the record does not say. */
export function sinceWhen(zone, now) {
  const { sure, most } = zone.roles ? gapTotals(zone) : { sure: zone.gap_min, most: zone.gap_max };
  const us = sure > 0 ? zone.sure_since_us : most > 0 ? zone.possible_since_us : null;
  return us ? `since ${moment(us / 1e6, now)}` : "";
}

/** Who is here, how many of them nobody knows, and what that means for the gap. */
export function unknownsOfZone(zone, fresh) {
  if (zone.people === null) return STALE_BECAUSE.no_data;
  if (fresh.stale) return STALE_BECAUSE[fresh.cause];
  const unknown = Math.max(0, zone.people - zone.identified);
  const who = people(zone.people, unknown);
  if (zone.is_watched === false) return `${who}. No camera that reports sees all of this zone: more people may be here`;
  if (!zone.required) return who;
  const { sure, most, roles } = gapTotals(zone);
  if (sure > 0) return unknown ? `${who}: short even if they are staff` : who;
  if (!most) return who;
  const needed = roles.filter((role) => role.gap_max > 0);
  const one = sum(needed, "gap_max") === 1;
  if (unknown === 1 && one) return `${who}: enough if it is the ${roleName(needed[0].role)}`;
  return `${who}: enough if ${needed.length ? all(needed, "gap_max") : ofRole(most, "")} ${one ? "is" : "are"} among them`;
}

function people(number, unknown) {
  if (!number) return "Nobody is here";
  const here = counted(number, "person", "people");
  if (!unknown) return `${here} here, all identified`;
  if (unknown === number) return number === 1 ? "1 person here, not identified" : `${here} here, none identified`;
  return `${here} here, ${unknown} of them not identified`;
}

/** Who fills places of a role without having it; empty where nobody does. */
export function standingIn(role) {
  const others = (role.standing_in ?? []).filter((one) => one.people > 0);
  if (!others.length) return "";
  const one = others.length === 1 && others[0].people === 1;
  return `${listed(others.map((other) => ofRole(other.people, other.role)))} ${one ? "stands" : "stand"} in`;
}

/** Which counts exclude each other, by how much, and which to trust less; empty where they agree. */
export function disagreement(count) {
  if (!count?.disagreement) return "";
  const most = (one) => one.high ?? Infinity;
  const excludes = (one, other) => one.low > most(other) || other.low > most(one);
  const told = count.sources.filter((one) => count.sources.some((other) => excludes(one, other)));
  const ways = told.map((one) => `${span(one.low, one.high)} ${COUNTED[one.source] ?? "by another count"}`);
  const apart = told.filter((one) => one.is_apart).map((one) => TRUST_LESS[one.source]).filter(Boolean);
  return `Counts differ by ${count.disagreement}: ${ways.join(", ")}${apart.length ? `; ${listed(apart)}` : ""}`;
}

/** An interval that may be open: "3", "2 to 4", "2 or more". */
export function span(low, high) {
  return high === null || high === undefined ? `${low} or more` : interval(low, high);
}

/** What is required: an interval where it depends on who people are. */
export function required(item) {
  if (item.required === null || item.required === undefined) return "–";
  return interval(item.least_required ?? item.required, item.required);
}

/**
 * The sentence on top, where something is short or may be.
 *
 * @param zones those that are, the worst first
 * @param now seconds
 * @param brief whether to leave out roles and times where they are several
 */
export function shortZones(zones, now, brief) {
  const named = zones.slice(0, MOST_NAMED).map((zone) => {
    if (brief && zones.length > 1) return `${zone.name}: ${gapInShort(zone)}`;
    const when = sinceWhen(zone, now);
    return `${zone.name}: ${gapByRole(zone)}${when ? `, ${when}` : ""}`;
  });
  const rest = zones.length - named.length;
  return [...named, ...(rest > 0 ? [`${counted(rest, "more zone is", "more zones are")} short`] : [])].join("; ");
}

/** What to say when nothing fresh is short, but not everything is fresh: nobody knows of the rest. */
export function noFreshNumbers(stale, zones, unclear, covered) {
  const rest = stale.length > MOST_NAMED ? `${stale.length} of ${zones} zones` : listed(stale.map((zone) => zone.name));
  let known = covered ? "the others are covered" : "no other zone needs staff now";
  if (unclear.length) known = `cannot tell for ${listed(unclear.map((zone) => zone.name))}`;
  return `${ANSWERS.stale} for ${rest}; ${known}`;
}

/** That all numbers are old, where nothing else explains it. */
export function stopped(time, explained) {
  return `${ANSWERS.stale} since ${time}${explained ? "" : ": cameras or the pipeline behind the board have stopped"}.`;
}

export function forSoLong(age) {
  return `For ${age}.`;
}

export function silentSince(what, at, now) {
  return `${what} since ${moment(at, now)}`;
}

export function lagging(lag) {
  return `${lag.what}: ${counted(lag.records, "record", "records")} to go, the oldest ${duration(lag.seconds)} old`;
}

/** The last time somebody entered or left. */
export function lastChange(change, now) {
  return change ? `${HAPPENED[change.kind] ?? "changed"} ${ago(now - change.at_us / 1e6)}` : "";
}

export function mostLately(people) {
  return `Up to ${counted(people, "person", "people")} in the last 30 minutes`;
}

export function staffRequired(zone) {
  return `${required(zone)} staff required`;
}

export function zonesInTurn(first, last, zones) {
  return `Zones ${first} to ${last} of ${zones}; the others follow`;
}

/** What a camera's own drawing must say of it. */
export function wordOfCamera(camera, fresh) {
  if (fresh.cause === "no_data") return CAUSES.no_data;
  if (fresh.stale) return CAUSES.old;
  return camera.suspect_since_us ? "CHECK VIEW" : camera.not_fused ? "COUNTS ALONE" : "";
}

export function tracked(people) {
  return `${counted(people, "person", "people")} tracked`;
}

export function planLabel(floor, who) {
  return `Plan of ${floor}: ${who}. Arrow keys go from person to person.`;
}

/** How many people a plan has, and of whom it cannot show all. */
export function peopleOnPlan({ seen, once, beyond, lost }) {
  const parts = [`${counted(seen, "person", "people")}${once ? ", each counted once" : ""}`];
  if (beyond) parts.push(`${beyond} beyond this plan`);
  if (lost) parts.push(`${lost} out of sight`);
  return parts.join(" · ");
}

/** What a camera contributes to a plan. */
export function cameraOfPlan({ missing, age, count, suspect, calibrated, outside }) {
  const away = age === null ? CAUSES.no_data : `SILENT, last picture ${ago(age)}`;
  const parts = [missing ? away : `sees ${counted(count, "person", "people")}`];
  if (suspect) parts.push("CHECK VIEW");
  if (!calibrated) parts.push("not on this plan: it is not calibrated");
  if (outside) parts.push("stands outside this plan");
  return parts.join(", ");
}

/** Why a plan may be wrong; empty where nothing says so. */
export function troubleOfPlan(silent, moved) {
  const lines = [];
  if (silent.length) lines.push(`No pictures from ${listed(silent)}: people there may be missing.`);
  if (moved) lines.push("A camera may have been moved: places with a dotted ring may be wrong.");
  return lines.join(" ");
}

/** All that is known of one person. */
export function personOnPlan(person, zones, cameras, within) {
  const parts = [
    personNumber(person),
    ...whoIs(person),
    zones.length ? `in ${listed(zones)}` : "in no zone",
    `${person.lost ? "out of sight, last seen" : "seen"} by ${listed(cameras)}`,
  ];
  if (within !== null) parts.push(`place known to ${within.toFixed(1)} m`);
  return parts.join(" · ");
}

function personNumber({ person_id: id }) {
  return `Person ${id.slice(id.lastIndexOf(":") + 1)}`;
}

/** That feedback was kept. */
export function keptAt(time) {
  return `Kept at ${time}. Thank you. The figures stay as they are.`;
}

/** That feedback was not kept, and what to do. */
export function whyNotKept({ status, message, errors }) {
  if (status === 403) return "Not kept: you may not say this here";
  if (status === 429) return "Not kept: you have said a lot. Send it again in some minutes";
  if (status === 0 || status === 503) return `Not kept, as far as is known: ${message}. Send it again`;
  return `Not kept: ${errors.map(({ reason }) => reason).join("; ") || message}`;
}

export function cautionOf(caution) {
  return caution ? `Caution: ${caution}` : "";
}

export function detectorsOf(detectors) {
  const each = detectors.map(({ name, version, camera_ids: ids }) => `${name} ${version} (${counted(ids.length, "camera", "cameras")})`);
  return `Detector: ${listed(each) || "not known yet"}`;
}

export function lastFrame(age) {
  return `Last frame: ${ago(age)}`;
}

/** Whether names and zones are up to date; empty where they are. */
export function namesOf({ synced_us: synced, error }) {
  if (error) return "Names and zones may be out of date: the registry is out of reach";
  return synced ? "" : "Names and zones are not read yet";
}

export function notShown(audit) {
  return `Your access role does not show the board.${audit ? " The audit is open to you: see the link above." : ""}`;
}

export function nameOf(role, staffId) {
  return `Name of ${role}, pseudonym ${staffId}`;
}

/** Why a name is not shown. */
export function whyNoName({ status, message }) {
  if (status === 404) return "No name is kept for this pseudonym";
  if (status === 403) return "You may not see this name";
  return message;
}

/** Who somebody is, as far as evidence goes, and what the shifts say of them. */
export function whoIs(person) {
  if (!person.role && !person.staff_id) return ["not identified", candidates(person.candidates)].filter(Boolean);
  const sure = person.role_confidence ? `, ${percent(person.role_confidence)} sure` : "";
  const evidence = (person.role_evidence ?? []).map((kind) => EVIDENCE[kind]).filter(Boolean);
  const by = evidence.length ? ` by ${listed(evidence)}` : "";
  return [
    `${person.role ? roleName(person.role) : "identified staff"}${by}${sure}`,
    person.staff_id ? `pseudonym ${person.staff_id}` : candidates(person.candidates),
    DUTY[person.duty_status] ?? "",
  ].filter(Boolean);
}

function candidates(found = []) {
  const listing = found.slice(0, 3).map((one) => `${one.staff_id} ${percent(one.confidence)}`);
  return listing.length ? `may be ${listing.join(", ")}` : "";
}

function percent(share) {
  return `${Math.floor(share * 100)} %`;
}

function either(roles) {
  const names = roles.map((role) => roleName(role.role));
  return names.length < 2 ? names.join("") : `${names.slice(0, -1).join(", ")} or ${names.at(-1)}`;
}

function more(sure, most) {
  return most > sure ? `, possibly ${most - sure} more` : "";
}

function sum(roles, name) {
  return roles.reduce((total, role) => total + role[name], 0);
}

function all(roles, name) {
  return listed(roles.map((role) => ofRole(role[name], role.role)));
}
