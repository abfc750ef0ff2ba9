// Which alerts of zones the board shows where, and each as a badge: tier by shape and word, never by colour alone.
import { ALERTS, alertLine, figureOf, heldBack, sinceOf, TIERS, todo } from "./alert_words.js";
import { alertAddress } from "./alert_link.js";
import { draw, make, moment, say } from "./messages.js";

const URGENCY = { PAGE: 3, WARNING: 2, NOTICE: 1 };
const OLD_S = 150; // records come once a minute while an alert is open

const BELL = "M12 2.2a1.6 1.6 0 0 1 1.6 1.7v.7A6.4 6.4 0 0 1 18.4 11v4.2l1.9 2.9v1H3.7v-1l1.9-2.9V11a6.4 6.4 0 0 1 4.8-6.4v-.7A1.6 1.6 0 0 1 12 2.2z";
const SHAPES = {
  // A filled bell with an exclamation mark.
  PAGE: [
    ["path", { d: BELL, class: "fill" }],
    ["path", { d: "M12 8v5M12 15.4v1.2", class: "mark" }],
    ["path", { d: "M9.6 20.6a2.5 2.5 0 0 0 4.8 0", class: "line" }],
  ],
  // The outline of a bell.
  WARNING: [
    ["path", { d: BELL, class: "line" }],
    ["path", { d: "M9.6 20.6a2.5 2.5 0 0 0 4.8 0", class: "line" }],
  ],
  // A ring with an i.
  NOTICE: [
    ["circle", { cx: 12, cy: 12, r: 9.5, class: "line" }],
    ["path", { d: "M12 11v6M12 7v1.2", class: "line" }],
  ],
};

/** The sign of a tier; crossed out where nobody is paged. */
export function alertIcon(alert) {
  const shapes = (SHAPES[alert.tier] ?? SHAPES.NOTICE).map(([tag, attributes]) => draw(tag, attributes));
  if (!alert.pages) shapes.push(draw("path", { d: "M2.5 2.5l19 19", class: "line" }));
  return draw("svg", { viewBox: "0 0 24 24", class: "icon", "aria-hidden": "true" }, ...shapes);
}

/** Whether a rule is only tried where its alert is: the board shows no such alert. */
export function isOnTrial(alert, zone) {
  if (alert.stage !== "PILOT") return alert.stage === "SILENT";
  return !(zone?.units ?? []).some(({ unit_id: id }) => alert.pilot_unit_ids.includes(id));
}

/** What matters most first: what pages somebody, by tier, then what lasts longest. */
export function gravestFirst(alerts) {
  return [...alerts].sort((a, b) => Number(b.pages) - Number(a.pages) || (URGENCY[b.tier] ?? 0) - (URGENCY[a.tier] ?? 0) || a.since_us - b.since_us);
}

/** Open alerts of zones that are shown, and of floors that have one, the gravest first. */
export function openAlerts(store) {
  const floors = new Set([...store.zones.values()].map((zone) => zone.floor_id));
  const found = [];
  for (const [floorId, { open }] of store.alerts) {
    for (const alert of open) {
      const zone = store.zones.get(alert.zone_id);
      if (alert.zone_id ? zone && !isOnTrial(alert, zone) : floors.has(floorId) && !isOnTrial(alert, null)) {
        found.push({ ...alert, floor_id: floorId });
      }
    }
  }
  return gravestFirst(found);
}

/** Open alerts of one zone, the gravest first. */
export function alertsOf(store, zone) {
  const open = store.alerts.get(zone.floor_id)?.open ?? [];
  return gravestFirst(open.filter((alert) => alert.zone_id === zone.zone_id && !isOnTrial(alert, zone)));
}

/** Where an alert is, for people. */
export function placeOf(store, alert) {
  if (alert.zone_id) return store.zones.get(alert.zone_id)?.name ?? alert.zone_id;
  for (const zone of store.zones.values()) if (zone.floor_id === alert.floor_id) return zone.floor_name;
  return alert.floor_id;
}

/** When the alerts of a floor were decided, where that is long ago; else empty. */
function decidedLongAgo(store, floorId, now) {
  const at = store.alerts.get(floorId)?.asOf ?? now;
  return now - at > OLD_S ? ALERTS.asOf(moment(at, now)) : "";
}

/**
 * Keep a list of badges up to date.
 *
 * @param list element
 * @param alerts to show, each with the floor in `floor_id`
 * @param named whether to name the place of each
 */
export function fillBadges(list, store, alerts, named) {
  const now = store.now();
  const lines = alerts.map((alert) => {
    const what = named ? `${placeOf(store, alert)}: ${figureOf(alert)}` : figureOf(alert);
    const rest = [what, sinceOf(alert, now), heldBack(alert), decidedLongAgo(store, alert.floor_id, now)];
    return { alert, rest: rest.filter(Boolean).join(" · "), place: placeOf(store, alert), address: alertAddress(alert, store.filter) };
  });
  const key = JSON.stringify(lines.map(({ alert, rest, address }) => [alert.tier, alert.pages, todo(alert), rest, address]));
  if (list.dataset.key === key) return;
  list.dataset.key = key;
  list.replaceChildren(...lines.map(makeBadge));
  list.hidden = !lines.length;
}

function makeBadge({ alert, rest, place, address }) {
  const head = make("p", "alert-head", make("strong", "tier", TIERS[alert.tier] ?? TIERS.UNKNOWN), " ", make("span", "todo", todo(alert)));
  const link = make("a", "plain small alert-link", ALERTS.show);
  link.href = address;
  link.setAttribute("aria-label", ALERTS.showNamed(TIERS[alert.tier] ?? TIERS.UNKNOWN, place));
  const item = make("li", "alert", alertIcon(alert), make("div", "alert-text", head, make("p", "alert-why", rest)), link);
  item.dataset.tier = alert.tier;
  item.dataset.pages = String(alert.pages);
  item.dataset.rule = alert.rule_id;
  return item;
}

/** The sentence that names the alert that matters most, and how many more there are. */
export class GravestAlert {
  constructor(line, store) {
    this.line = line;
    this.store = store;
    this.sign = make("span", "sign");
    this.text = make("span", "act-text");
    this.rest = make("span", "act-rest");
    line.replaceChildren(this.sign, make("span", "", this.text, " ", this.rest));
  }

  render() {
    const alerts = openAlerts(this.store);
    const [gravest] = alerts;
    this.line.hidden = !gravest;
    if (!gravest) return;
    this.line.dataset.tier = gravest.tier;
    this.line.dataset.pages = String(gravest.pages);
    const key = `${gravest.tier} ${gravest.pages}`;
    if (this.key !== key) this.sign.replaceChildren(alertIcon(gravest));
    this.key = key;
    const tier = TIERS[gravest.tier] ?? TIERS.UNKNOWN;
    say(this.text, `${tier}. ${alertLine(gravest, placeOf(this.store, gravest), this.store.now())}.`);
    say(this.rest, alerts.length > 1 ? `${ALERTS.more(alerts.length - 1)}.` : "");
  }
}

/** Alerts that were opened since the last call, in a sentence each, for screen readers. */
export class AlertNews {
  constructor(store) {
    this.store = store;
    this.known = null;
  }

  next() {
    if (!this.store.zones.size) return []; // nothing was read yet
    const alerts = openAlerts(this.store);
    const before = this.known;
    this.known = new Set(alerts.map((alert) => `${alert.alert_id} ${alert.opened_us}`));
    if (!before) return [];
    const opened = alerts.filter((alert) => alert.pages && !before.has(`${alert.alert_id} ${alert.opened_us}`));
    return opened.map((alert) => ALERTS.news(placeOf(this.store, alert), [figureOf(alert), todo(alert)].join(". ")));
  }
}
