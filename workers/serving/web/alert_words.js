// What the pages say of alerts of zones: all of it in English, and all of it here.
import { counted, interval, listed, moment, span } from "./messages.js";
import { capital, ofRole } from "./words.js";

/** How urgent an alert is. */
export const TIERS = { PAGE: "Act now", WARNING: "Warning", NOTICE: "Notice", UNKNOWN: "Alert" };

export const ALERTS = {
  region: "Alerts",
  trial: "on trial",
  show: "Show",
  showNamed: (tier, place) => `Show the alert of ${place}: ${tier}`,
  asOf: (time) => `as decided at ${time}`,
  more: (number) => `${counted(number, "more alert", "more alerts")}`,
  news: (place, line) => `New alert, ${place}: ${line}`,
};

const DOUBTS = {
  SILENT_RULE: "its rule is on trial",
  NOT_SURE: "it is not sure",
  STALE: "cameras do not see the zone",
  LOW_CONFIDENCE: "it is not sure enough who is there",
  COUNTS_DISAGREE: "the ways of counting people disagree",
  CALIBRATION_SUSPECT: "a camera there may have been moved",
};

/** Why nobody is paged; empty where somebody may be. */
export function heldBack({ pages, held_back_by: doubts }) {
  if (pages) return "";
  const why = doubts.map((doubt) => DOUBTS[doubt] ?? "of a doubt that this page does not know");
  return `Not paged${why.length ? ` because ${listed(why)}` : ""}`;
}

/** What is wrong, with its figure: "1 to 2 nurses missing". */
export function figureOf(alert) {
  const { kind, role, figure_min: low, figure_max: high, threshold } = alert;
  const people = high === 1 ? `${interval(low, high)} person` : `${interval(low, high)} people`;
  const cameras = high === 1 ? `${interval(low, high)} camera` : `${interval(low, high)} cameras`;
  switch (kind) {
    case "COVERAGE_GAP":
      if (low <= 0) return `possibly ${ofRole(high, role)} missing`;
      return `${ofRole(low, role)} missing for sure${high > low ? `, possibly ${high - low} more` : ""}`;
    case "OVER_CAPACITY":
      return `${people} here, ${threshold} at most allowed`;
    case "DWELL":
      return `${people} here for ${span(threshold)} or longer`;
    case "OFF_SHIFT":
      return `${people} not expected here now`;
    case "ALONE":
      return `${people} here without staff`;
    case "BADGE_CONTRADICTION":
      if (!alert.zone_id) return `${counted(high, "badge", "badges")} read in two places at once`;
      return `Badges and people differ by ${interval(low, high)}`;
    case "CAMERA_MISSING":
      return `${cameras} silent`;
    case "CAMERA_SUSPECT":
      return `${cameras} may have been moved`;
    default:
      return alert.rule_name || alert.rule_id;
  }
}

/** Who should do what: "Charge nurse: move a float to the zone". */
export function todo({ owner, next_action: action }) {
  if (!action) return capital(owner);
  return owner ? `${capital(owner)}: ${action}` : action;
}

export function sinceOf(alert, now) {
  return `since ${moment(alert.since_us / 1e6, now)}`;
}

/** The alert that matters most, in one sentence. */
export function alertLine(alert, place, now) {
  return [`${place}: ${figureOf(alert)}, ${sinceOf(alert, now)}`, todo(alert), heldBack(alert)].filter(Boolean).join(". ");
}
