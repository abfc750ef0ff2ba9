// What the page of rules says, beside the names of fields and the rule restated.
import { counted } from "../messages.js";

/** Kinds of rules: what is a breach, and what its figure counts. */
export const KINDS = [
  ["coverage-gap", "Staff missing", "at least so many staff missing"],
  ["over-capacity", "Too many people", "more people than this"],
  ["dwell", "Stays too long", "a stay longer than this"],
  ["off-shift", "Not expected here", "at least so many people who are not expected"],
  ["alone", "Alone without staff", "at least so many people with no staff beside them"],
  ["badge-contradiction", "Badges and people differ", "at least so many badges more than people"],
  ["camera-missing", "Camera silent", "at least so many cameras of a floor that do not report"],
  ["camera-suspect", "Camera in doubt", "at least so many cameras of a floor whose view is in doubt"],
];

/** What the threshold is called, where it is not "At least". */
export const THRESHOLDS = { "over-capacity": "More than", dwell: "Longer than" };

/** The name of a kind; what this page does not know, as it is written. */
export function kindName(kind) {
  return KINDS.find(([known]) => known === kind)?.[1] ?? kind;
}

export const TIERS = [["page", "Act now (page)"], ["warning", "Warning"], ["notice", "Notice"]];

export const STAGES = [
  ["silent", "Silent: decided and shown, nobody is notified"],
  ["pilot", "Pilot: notifies in the units below alone"],
  ["everywhere", "Everywhere: notifies wherever it holds"],
];

export const BOUNDS = [
  ["sure", "for sure: count only what is certain"],
  ["possible", "possibly: count what may be, too; notifies nobody while it is only possible"],
];

export const SUBJECTS = [["zone", "zone"], ["person", "person"]];

/** Duty statuses that a rule may call not expected. */
export const STATUSES = [
  ["off-shift", "off shift"],
  ["not-expected", "working elsewhere"],
  ["visitor", "a visitor"],
  ["early", "early for a shift"],
  ["late", "late after a shift"],
  ["on-break", "on a break"],
  ["on-shift", "on shift here"],
  ["unknown", "not identified"],
];

/** Windows that a button adds: the shifts of a day. */
export const SHIFTS = [["Early", "07:00-15:00"], ["Late", "15:00-23:00"], ["Night", "23:00-07:00"]];

/** Sections of the form. */
export const SECTIONS = {
  breach: ["What is a breach", ""],
  where: ["Where", "A zone that is ticked, and every zone of a floor that is ticked. Nothing ticked: everywhere."],
  lasting: ["How long", "A count that flickers at its limit is one breach, not many."],
  when: ["When", "Windows of the week on the clock of each floor; an end at or before the start is on the next day. No window: always."],
  who: ["Who does what", ""],
  stage: ["How far it is in use", "A new rule lives in three stages: silent first, then in a pilot, then everywhere."],
  further: ["More settings", ""],
};

/** What each field does. */
export const HELP = {
  name: "As it stands on the board.",
  kind: "What the rule looks at.",
  roles: {
    "coverage-gap": "The alert is about the ticked role that lacks most. None ticked: all staff together.",
    "off-shift": "People identified as one of these do not count.",
    alone: "Only these count as staff beside somebody. None ticked: all staff.",
  },
  shift_statuses: "None ticked: off shift, working elsewhere, and visitors.",
  bound: "Counts are intervals where people are hidden or not identified.",
  one_per: "A zone: all people in it are one alert. A person: each has their own.",
  close_at: "A figure at which the breach is over, lower than the one above. Empty: below the one above.",
  open_after_s: "How long it must last before an alert is opened.",
  close_after_s: "How long it must be over before the alert is closed.",
  repeat_after_s: "How long a worse figure must last before people are told again.",
  suppress_s: "How long after it was closed no new alert is opened.",
  tier: "How urgent it is. An alert that several rules share has the most urgent tier.",
  owner: "Who is to act. Destinations of messages are by owner.",
  next_action: "What the owner is to do.",
  escalate_after_s: "How long nobody has acknowledged it. Empty: never.",
  escalate_to: "Who is notified then, once.",
  pilot_unit_ids: "Units in which the pilot notifies.",
  deduplication_key: "Rules with the same word here make one alert of a zone. Empty: an alert of its own.",
  time_zone: "Clock of the schedule, such as Europe/Berlin. Empty: that of each floor.",
  min_confidence: "0 to 1. An alert that rests on a less certain identification notifies nobody.",
};

export const TEXT = {
  none: "No rules yet. Until there is one, no zone has alerts.",
  noneShown: "No rule of this kind.",
  restated: "What it does",
  draft: "as written below, not saved",
  saved: (version, effect) => `Saved as version ${version}. Takes effect ${effect}.`,
  same: "Nothing to save: it says this already.",
  refused: "Not saved: see what is marked below.",
  wrong: (number) => `${counted(number, "field", "fields")} to correct`,
  fresh: "Not saved: a new rule",
  remove: (name) => `Remove the rule ${name}?`,
  removal: "Its open alerts are closed from about 5 s from now on. Its history stays.",
  removed: (name) => `${name} is removed.`,
  exported: (number) => `${counted(number, "rule is", "rules are")} in the file rules.yaml, as registered.`,
};

/** What a rule asked of people, and how they answered. */
export const BURDEN = {
  heading: (days) => `The last ${days} days`,
  waiting: "Loading …",
  none: "No alert of this rule was opened.",
  trouble: (why) => `Cannot be told now: ${why}.`,
  line: ({ alerts, paging }) => `${counted(alerts, "alert", "alerts")} opened; ${paging} of them paged.`,
  tooMuch: ({ paging, accepted }) => `People accept fewer than half: it paged ${paging} times, ${accepted} were accepted. Raise its threshold, let it last longer, or make it silent.`,
  mark: "fewer than half accepted",
  rows: { paging: "Paged", accepted: "Accepted", overridden: "Overridden", escalated: "Escalated", acknowledged_after_s: "Acknowledged after" },
  shifts: { early: "Early", late: "Late", night: "Night" },
  all: "All",
  help: "Accepted: somebody acknowledged, snoozed or resolved it, and nobody called it wrong. Overridden: somebody did. The time is the median. Shifts begin at 07:00, 15:00 and 23:00.",
};

/** What a rule would have done. */
export const TRIAL = {
  heading: "What would it have done?",
  help: "Runs the rule as it is written here, saved or not, over what was recorded, alone and as if it were in use everywhere. Nobody is notified. Records of who somebody is reach back for 7 days.",
  over: "Over",
  ranges: [[8, "the last 8 hours"], [24, "the last 24 hours"], [72, "the last 3 days"], [168, "the last 7 days"]],
  button: "Try it",
  running: "Reading the past; this may take up to two minutes …",
  line: (opened, paged, range) => (opened ? `Over ${range} it would have opened ${counted(opened, "alert", "alerts")}, and paged for ${paged} of them.` : `Over ${range} it would have opened no alert.`),
  nothing: "Nothing was recorded in that time where this rule holds, so it cannot be tried.",
  rows: { opened: "Opened", paged: "Paged", repeated: "Repeated", suppressed: "Kept quiet", median_s: "Lasted" },
  examples: "The first of them",
  notRead: (number) => `${counted(number, "record", "records")} could not be read.`,
  refused({ status, message, errors = [] }) {
    if (errors.length) return "Not tried: correct the fields that are marked first.";
    return status === 0 ? "Not tried: the board is out of reach." : `Not tried: ${message}.`;
  },
};
