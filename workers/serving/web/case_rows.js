// One alert as a row of the page Alerts: made once, and then only changed where it differs.
import { alertIcon } from "./alert_badges.js";
import { figureOf, heldBack, TIERS, todo } from "./alert_words.js";
import { CASES, escalation, groundsOf, lasting, measuredOf, standing, story, wholePlace } from "./case_words.js";
import { make, moment, say } from "./messages.js";
import { button } from "./past_parts.js";
import { address } from "./session.js";
import { whyAddress } from "./why_link.js";

const VERBS = ["acknowledge", "snooze", "resolve"];

export class CaseRow {
  /** @param act called with a verb, the alert and the row when somebody presses a button */
  constructor(act) {
    this.heading = make("h3", "case-place");
    this.heading.tabIndex = -1;
    this.tier = make("strong", "tier");
    this.place = make("span", "place");
    this.floor = make("span", "floor");
    this.heading.append(this.tier, " ", this.place, " ", this.floor);
    this.icon = make("span", "case-icon");
    this.figure = make("p", "case-figure");
    this.since = make("p", "case-since");
    this.todo = make("p", "todo");
    this.standing = make("p", "standing");
    this.notes = make("p", "case-notes");
    this.buttons = Object.fromEntries(VERBS.map((verb) => [verb, button("", () => act(verb, this.view, this), "plain")]));
    say(this.buttons.snooze, CASES.snooze);
    say(this.buttons.resolve, CASES.resolve);
    this.why = make("a", "plain", CASES.why);
    this.system = make("a", "plain", CASES.system);
    this.answer = make("p", "receipt");
    this.answer.setAttribute("role", "alert");
    this.look = make("p", "note", CASES.look);
    this.happened = make("ol", "story");
    this.grounds = make("dl", "grounds");
    this.details = make(
      "details",
      "case-details",
      make("summary", "", CASES.details),
      make("div", "case-parts", make("section", "", make("h4", "", CASES.happened), this.happened), make("section", "", make("h4", "", CASES.rests), this.grounds)),
    );
    this.item = make(
      "li",
      "case",
      make("div", "case-head", this.icon, make("div", "", this.heading, this.figure, this.since)),
      make("div", "case-how", this.todo, this.standing, this.notes),
      make("div", "case-acts", ...VERBS.map((verb) => this.buttons[verb]), this.why, this.system, this.look),
      this.answer,
      this.details,
    );
  }

  /**
   * @param view the alert
   * @param place `{name, floor}` of where it is
   * @param old when it was decided last, seconds, where nobody confirms it now; else null
   * @param page `{me, now, camera}`: who looks, the time in seconds, and what names a camera
   */
  fill(view, place, old, { me, now, camera }) {
    this.view = view;
    const { alert, state } = view;
    const { dataset } = this.item;
    const sign = `${alert.tier} ${alert.pages}`;
    if (this.sign !== sign) this.icon.replaceChildren(alertIcon(alert));
    this.sign = sign;
    Object.assign(dataset, { state, tier: alert.tier, pages: String(alert.pages), rule: alert.rule_id, zone: alert.zone_id, old: String(old !== null) });
    const whole = wholePlace(place.name, alert);
    say(this.tier, TIERS[alert.tier] ?? TIERS.UNKNOWN);
    say(this.place, whole);
    say(this.floor, alert.zone_id && place.floor !== place.name ? place.floor : "");
    say(this.figure, figureOf(alert));
    say(this.since, lasting(alert, state, now));
    say(this.todo, todo(alert));
    say(this.standing, standing(view, me, now));
    const trial = alert.stage !== "EVERYWHERE" && place.isOnTrial ? CASES.trial : "";
    const held = state === "closed" ? "" : heldBack(alert);
    const unconfirmed = old === null ? "" : CASES.unconfirmed(moment(old, now));
    say(this.notes, [unconfirmed, `${measuredOf(alert)}.`, trial || (held && `${held}.`), escalation(view) && `${escalation(view)}.`].filter(Boolean).join(" "));
    this.#buttons(view, whole, me);
    this.#links(view, place, me);
    const key = JSON.stringify([view.decisions, view.actions, alert, Math.floor(now / 60)]);
    if (this.key === key) return;
    this.key = key;
    this.happened.replaceChildren(...story(view, me).map(([at, words]) => make("li", "", make("time", "", moment(at, now)), " ", words)));
    this.grounds.replaceChildren(...groundsOf(view, now, camera).flatMap(([what, words]) => [make("dt", "", what), make("dd", "", words)]));
  }

  #buttons({ state, state_by: act, may_act: may }, place, me) {
    const { acknowledge, snooze, resolve } = this.buttons;
    const isOver = state === "closed";
    const isMine = state === "acknowledged" && act?.taken_by === me.subject;
    say(acknowledge, state === "acknowledged" ? CASES.takeOver : CASES.acknowledge);
    acknowledge.className = state === "open" ? "primary" : "plain";
    acknowledge.hidden = !may || isOver || isMine;
    snooze.hidden = !may || isOver || state === "snoozed" || state === "resolved";
    resolve.hidden = !may || isOver || state === "resolved";
    for (const one of Object.values(this.buttons)) one.setAttribute("aria-label", `${one.textContent} ${place}`);
    this.look.hidden = may || isOver || me.rights.has("alerts.act") === false;
  }

  #links({ alert, floor_id: floor }, place, me) {
    this.why.hidden = !alert.zone_id;
    if (alert.zone_id) {
      this.why.href = whyAddress(alert.zone_id, alert.decided_us);
      this.why.setAttribute("aria-label", `Why did ${place.name} show this?`);
    }
    this.system.hidden = !alert.camera_ids.length || !me.rights.has("pipeline.read");
    this.system.href = address(`system.html?${new URLSearchParams({ floor })}`);
  }

  /** While something is sent nobody presses twice. */
  busy(isBusy) {
    for (const one of Object.values(this.buttons)) one.disabled = isBusy;
  }
}
