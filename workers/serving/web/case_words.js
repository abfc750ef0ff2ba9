// What the page Alerts says: all of it in English, and all of it here or in alert_words.js.
import { ALERTS, figureOf, TIERS, todo } from "./alert_words.js";
import { counted, interval, listed, moment, span } from "./messages.js";
import { capital, ofRole, roleName } from "./words.js";

export const STATES = ["open", "acknowledged", "snoozed", "resolved", "closed"];

export const CASES = {
  groups: {
    open: "Nobody has it yet",
    acknowledged: "Somebody has it",
    snoozed: "Snoozed",
    resolved: "Resolved, but not over yet",
    closed: "Over",
  },
  none: "No alert fits what you chose.",
  waiting: "Waiting for the first alerts",
  nothingOpen: "No alert is open.",
  allTaken: "No alert waits: somebody has each, or it is snoozed or resolved.",
  acknowledge: "I have it",
  takeOver: "Take it over",
  snooze: "Snooze…",
  resolve: "Resolve…",
  why: "Why?",
  system: "Which camera?",
  details: "What happened, and what it rests on",
  happened: "What happened",
  rests: "What it rests on",
  cancel: "Cancel",
  trial: "A rule on trial: it calls nobody.",
  unconfirmed: (time) => `May be out of date: last checked at ${time}.`,
  more: (number) => `Only the newest ${number} alerts are shown: choose fewer zones or days.`,
  linkLost: "The alert of this link is not kept, or you may not see it.",
  sending: "Sending …",
  look: "You may look at it. Coordinators of its units act on it.",
};

export const DIALOGS = {
  snoozeTitle: (place) => `Snooze the alert of ${place}`,
  snoozeAsk: "Nobody is notified for",
  snoozeNote: "It is open again after that, or at once when it becomes more urgent. Everybody sees that you snoozed it.",
  snoozeSend: "Snooze",
  resolveTitle: (place) => `Resolve the alert of ${place}`,
  resolveAsk: "Why is it over?",
  resolveNote: "Everybody sees your reason. The alert is open again if it becomes worse.",
  resolveSend: "Resolve",
};

/** How long an alert can be snoozed, minutes, in words. */
export const SNOOZES = [
  [15, "15 minutes"],
  [30, "30 minutes"],
  [60, "1 hour"],
  [120, "2 hours"],
  [240, "4 hours"],
  [480, "8 hours"],
  [720, "12 hours"],
];

export const REASONS = {
  DONE: "Done: somebody dealt with it",
  NOT_TRUE: "Not true: what it says is wrong",
  NOTHING_TO_DO: "True, and there is nothing to do",
  DUPLICATE: "Another alert says the same",
};

const REASON_SHORT = { DONE: "done", NOT_TRUE: "not true", NOTHING_TO_DO: "nothing to do", DUPLICATE: "another alert says the same" };

const CAUSES = {
  BREACH: "the rule was broken for long enough",
  WORSE: "its figure became worse",
  OTHER_ROLE: "another role is short",
  OTHER_DOUBTS: "what makes it doubtful changed",
  OTHER_RULE: "another rule decides it now",
  RULE_EDITED: "its rule was edited",
  CLEARED: "it is in order again",
  OUT_OF_SCHEDULE: "its rule does not hold at this time",
  OUT_OF_SCOPE: "its rule is not about this place any more",
  RULE_REMOVED: "its rule was removed",
};

const OCCASIONS = { OPENED: "that it is open", CHANGED: "that it changed", AGAIN: "that it is open again", ESCALATED: "that nobody had answered", CLOSED: "that it is over" };

const NOT_DELIVERED = {
  OLD: "it was too old by then",
  PILOT_ELSEWHERE: "its rule is on trial in other units",
  NO_DESTINATION: "nobody has said where to reach them",
  REFUSED: "the receiver refused it",
  GIVEN_UP: "the receiver could not be reached",
};

/** Where an alert is: "Bay 2", or "Ward 3, the whole floor". */
export function wholePlace(place, alert) {
  return alert.zone_id ? place : `${place}, the whole floor`;
}

/** What is wrong, for how long: "since 10:42, for 34 min". */
export function lasting(alert, state, now) {
  const since = alert.since_us / 1e6;
  if (state === "closed") return `from ${moment(since, now)} to ${moment(alert.decided_us / 1e6, now)}`;
  return `since ${moment(since, now)}, for ${span(now - since)}`;
}

/** From where on the rule is broken. */
export function limitOf({ kind, role, threshold, zone_id: zone }) {
  switch (kind) {
    case "COVERAGE_GAP":
      return `limit: ${ofRole(threshold, role)} missing`;
    case "OVER_CAPACITY":
      return `limit: above ${counted(threshold, "person", "people")}`;
    case "DWELL":
      return `limit: ${span(threshold)}`;
    case "BADGE_CONTRADICTION":
      return `limit: ${counted(threshold, "badge", "badges")}${zone ? " too many" : ""}`;
    case "CAMERA_MISSING":
    case "CAMERA_SUSPECT":
      return `limit: ${counted(threshold, "camera", "cameras")}`;
    default:
      return `limit: ${counted(threshold, "person", "people")}`;
  }
}

/** The figure with its limit, and how sure who is who is. */
export function measuredOf(alert) {
  const { figure_min: low, figure_max: high, confidence } = alert;
  const parts = [`Measured ${interval(low, high)}, ${limitOf(alert)}`];
  if (confidence < 1) parts.push(`who is who is at least ${Math.floor(confidence * 100)} % sure`);
  return parts.join("; ");
}

/** Who did something: "you", a name, the login, or somebody where the reader is not told. */
export function by({ taken_by: subject, taken_by_name: name }, me) {
  if (subject && subject === me?.subject) return "you";
  return name || subject || "somebody";
}

/** How an alert stands, in a sentence. */
export function standing(view, me, now) {
  const { state, state_by: act, state_until_us: until, alert } = view;
  const who = act ? by(act, me) : "";
  const at = act ? moment(act.taken_at_us / 1e6, now) : "";
  switch (state) {
    case "acknowledged":
      return `${capital(who)} ${who === "you" ? "have" : "has"} it, since ${at}`;
    case "snoozed":
      return `Snoozed by ${who} until ${moment(until / 1e6, now)}`;
    case "resolved":
      return `Resolved by ${who} at ${at}: ${REASON_SHORT[act.reason] ?? "no reason"}. It is not over yet`;
    case "closed":
      return `Over since ${moment(alert.decided_us / 1e6, now)}${act ? `; ${lastOf(act, who)} at ${at}` : "; nobody had acted on it"}`;
    default:
      return again(view, me, now) || "Nobody has it yet";
  }
}

function lastOf(act, who) {
  const done = { ACKNOWLEDGED: "acknowledged by", SNOOZED: "snoozed by", RESOLVED: "resolved by" };
  return `${done[act.action] ?? ""} ${who}`;
}

/** Whether an alert that somebody acted on is open again. */
function again({ actions }, me, now) {
  const act = actions.filter((one) => one.action in DID).at(-1);
  return act ? `Open again, after ${by(act, me)} ${DID[act.action]} it at ${moment(act.taken_at_us / 1e6, now)}` : "";
}

const DID = { ACKNOWLEDGED: "acknowledged", SNOOZED: "snoozed", RESOLVED: "resolved" };

/** What becomes of it if nobody answers; empty where nothing does. */
export function escalation({ state, alert, actions }) {
  const { escalate_after_s: after, escalate_to: to } = alert;
  if (state !== "open" || after === null || !to || !alert.pages) return "";
  if (actions.some((one) => one.action === "ESCALATED")) return `${capital(to)} was asked, since nobody had answered`;
  return `${capital(to)} is asked if nobody answers within ${span(after)}`;
}

/** The sentence on top. */
export function headline(views, placeOf, now) {
  const open = views.filter((one) => one.state === "open");
  if (!views.some((one) => one.state !== "closed")) return CASES.nothingOpen;
  if (!open.length) return CASES.allTaken;
  const [{ alert }] = open;
  const number = open.length === 1 ? "Nobody has this alert yet:" : `Nobody has ${open.length} alerts yet. Most urgent:`;
  return `${number} ${TIERS[alert.tier] ?? TIERS.UNKNOWN}, ${placeOf(open[0])}: ${figureOf(alert)}, since ${moment(alert.since_us / 1e6, now)}.`;
}

/** For screen readers. */
export function opened(view, place) {
  return ALERTS.news(place, [figureOf(view.alert), todo(view.alert)].filter(Boolean).join(". "));
}

/** What happened to an alert, oldest first: `[time in seconds, words]`. */
export function story(view, me) {
  const decided = view.decisions.map((one) => [one.decided_us, decidedWords(one)]);
  const done = view.actions.map((one) => [one.taken_at_us, actionWords(one, me)]);
  return [...decided, ...done].sort((a, b) => a[0] - b[0]).map(([us, words]) => [us / 1e6, words]);
}

function decidedWords({ action, cause, tier, pages }) {
  const why = CAUSES[cause] ?? "for a reason that this page does not know";
  if (action === "CLOSED") return `Over: ${why}`;
  const level = `${TIERS[tier] ?? TIERS.UNKNOWN}${pages ? "" : ", not paged"}`;
  return `${action === "OPENED" ? "Opened" : "Changed"}: ${why} (${level})`;
}

function actionWords(act, me) {
  const who = capital(by(act, me));
  const where = act.destination ? `, through “${act.destination}”` : "";
  switch (act.action) {
    case "ACKNOWLEDGED":
      return `${who} acknowledged it`;
    case "SNOOZED":
      return `${who} snoozed it until ${moment(act.until_us / 1e6, act.taken_at_us / 1e6)}`;
    case "RESOLVED":
      return `${who} resolved it: ${REASON_SHORT[act.reason] ?? act.reason}`;
    case "DELIVERED":
      return `${capital(act.owner || "the operators")} was notified ${OCCASIONS[act.occasion] ?? ""}${where}`;
    case "NOT_DELIVERED":
      return `${capital(act.owner || "the operators")} was not notified: ${NOT_DELIVERED[act.reason] ?? "for a reason that this page does not know"}${where}`;
    case "ESCALATED":
      return `Nobody had answered: ${act.owner} is asked`;
    default:
      return act.action;
  }
}

/** What an alert rests on: `[what, words]`. */
export function groundsOf(view, now, camera) {
  const { alert } = view;
  const rows = [
    ["Rule", `${alert.rule_name || alert.rule_id}, version ${alert.rule_version}${alert.stage === "PILOT" ? ", a pilot" : alert.stage === "SILENT" ? ", silent" : ""}`],
    ["Figure", measuredOf(alert)],
  ];
  if (alert.role) rows.push(["Role", roleName(alert.role)]);
  if (alert.escalate_to) rows.push(["If nobody answers", `${alert.escalate_to}${alert.escalate_after_s === null ? "" : ` after ${span(alert.escalate_after_s)}`}`]);
  if (alert.person_ids.length) rows.push(["People", listed(alert.person_ids)]);
  if (alert.camera_ids.length) rows.push(["Cameras", listed(alert.camera_ids.map(camera))]);
  if (alert.suppressed) rows.push(["Not opened again before", counted(alert.suppressed, "time", "times")]);
  rows.push(["Decided", moment(alert.decided_us / 1e6, now)]);
  for (const { topic, key, as_of_us: at } of alert.evidence) rows.push(["Record", `${topic}, ${key}, of ${new Date(at / 1000).toISOString()}`]);
  return rows;
}

/** That something was done, in words; with what somebody else had done just before. */
export function doneWords({ action, state }, place, others, me, now) {
  const what = { ACKNOWLEDGED: `You have the alert of ${place}`, SNOOZED: `The alert of ${place} is snoozed`, RESOLVED: `The alert of ${place} is resolved` }[action];
  const parts = [`${what}.`];
  if (state === "closed") parts.push("It was over by then; what you did is kept.");
  else if (state === "open") parts.push("It has changed since you saw it, so it is open again: look at it once more.");
  if (others.length) parts.push(`${others.map((one) => `${capital(by(one, me))} had ${DID[one.action]} it at ${moment(one.taken_at_us / 1e6, now)}`).join(". ")}: both are kept, and yours counts.`);
  return parts.join(" ");
}

/** Why nothing was done, as far as is known, and what to do. */
export function whyNotDone({ status, message, errors }) {
  if (status === 0) return "Not known whether it was done: the board is out of reach. Press again: it is done once, however often you press.";
  if (status === 503) return `Not done, as far as is known: ${message}. Press again: it is done once.`;
  if (status === 403) return `Not done: ${message}.`;
  if (status === 429) return "Not done: you have acted on many alerts. Press again in some minutes.";
  if (errors.some((one) => one.field === "alert_id")) return "Not done: this alert is not known any more, or you may not act on it.";
  return `Not done: ${errors.map((one) => one.reason).join("; ") || message}.`;
}

/** What is wrong with the page itself; empty where nothing is. */
export function troubleWords({ failed, lostAt, readAt, redis }, now) {
  const was = readAt === null ? "" : ` What is below was so at ${moment(readAt, now)}.`;
  if (failed) return `${failed.status === 0 ? "The board is out of reach" : capital(failed.message)}${lostAt === null ? "" : ` since ${moment(lostAt, now)}`}. It is asked again.${was}`;
  if (lostAt !== null) return `The connection was lost at ${moment(lostAt, now)}. It is tried again.${was}`;
  if (!redis) return "The store of live numbers is away: alerts are those that the database has, and new ones come late.";
  return "";
}
