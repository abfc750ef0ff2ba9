// The plan of each floor in metres: zones, people counted once, and what each camera sees of it.
import { alertIcon, alertsOf } from "./alert_badges.js";
import { alertAddress, leadToAlert } from "./alert_link.js";
import { ALERTS, TIERS } from "./alert_words.js";
import { askOfPerson, mayGive, wrongButton } from "./feedback.js";
import { isOnPlan, extentOf, plannedFloors, Scale } from "./floors.js";
import { icon } from "./icons.js";
import { ago, draw, make, say } from "./messages.js";
import { askName } from "./names.js";
import { points } from "./outlines.js";
import { ICON, isInTheWay, mean, placeLabel, sized, zoneText } from "./plan_labels.js";
import { drawMark, markOf, marksOf } from "./roles.js";
import { Underlays } from "./underlay.js";
import { cameraOfPlan, CAUSES, furtherAway, gapInShort, HINTS, LABELS, NAME, peopleOnPlan, personOnPlan, planLabel, troubleOfPlan } from "./words.js";

const BASE_PX = 15; // the lengths below are for text of this size; on a wall all grow with it,
const WIDE_REM = 30; // and with a plan that is wider than this
const MOST_WIDER = 1.6;
const DOT = 6;
const MARK = 8.5; // an identified person's, with a letter in it
const RING_SD = 2; // the ring holds most places where a person may be
const RING_LEAST = 9;
const RING_MOST_M = 3; // who may be anywhere within more is not drawn
const LOST_S = 1.5; // seen longer ago than the slowest camera's frames are apart
const AGAIN_S = 3; // a label that is not where it belongs is placed again after this
const URGENT = ["short", "unclear", "covered"];
const LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";

export class FloorPlans {
  constructor(box, store) {
    this.box = box;
    this.store = store;
    this.plans = new Map();
    this.underlays = new Underlays();
    this.rights = null; // of who looks; null while nobody knows
    this.resized = new ResizeObserver((entries) => {
      for (const { target } of entries) this.plans.get(target.dataset.floor)?.lay();
    });
  }

  /** Draw zones and cameras again, after a snapshot. */
  rebuild() {
    const floors = plannedFloors(this.store);
    for (const [id, plan] of this.plans) {
      if (floors.has(id)) continue;
      this.resized.unobserve(plan.stage);
      plan.figure.remove();
      this.plans.delete(id);
    }
    for (const id of [...floors].sort()) {
      let plan = this.plans.get(id);
      if (!plan) {
        plan = new Plan(id, this.store, () => this.rights, this.underlays);
        this.plans.set(id, plan);
        this.box.append(plan.figure);
        this.resized.observe(plan.stage);
      }
      plan.lay();
    }
    this.box.hidden = !this.plans.size;
    if (this.plans.size) this.#underlay();
  }

  async #underlay() {
    if (await this.underlays.refresh()) for (const plan of this.plans.values()) plan.layUnder();
  }

  /** Move people and show ages. */
  render() {
    for (const plan of this.plans.values()) plan.render();
  }
}

class Plan {
  constructor(id, store, rights, underlays) {
    Object.assign(this, { id, store, rights, underlays });
    this.zones = new Map();
    this.cameras = new Map();
    this.people = new Map();
    this.shown = null; // the person whose cameras are shown
    this.pinned = null; // the one who stays shown
    this.#make();
  }

  #make() {
    this.name = make("strong", "name");
    this.count = make("span", "count");
    this.word = make("strong", "word");
    this.age = make("span", "age");
    const layers = ["under", "sight", "ground", "rule", "lines", "crowd", "labels", "known", "eyes"];
    this.layers = Object.fromEntries(layers.map((name) => [name, draw("g", { class: name })]));
    this.layers.known.classList.add("crowd");
    this.svg = draw("svg", { class: "view", role: "group", tabindex: 0 }, ...Object.values(this.layers));
    this.stage = make("div", "stage", this.svg);
    this.stage.dataset.floor = this.id;
    this.detail = make("p", "detail");
    this.nameButton = make("button", "plain small", NAME.ask);
    this.nameButton.type = "button";
    this.nameButton.hidden = true;
    this.nameButton.addEventListener("click", () => this.#askName());
    this.wrong = wrongButton(() => this.#sayWrong());
    this.heard = make("p", "unseen");
    this.heard.setAttribute("aria-live", "polite");
    this.trouble = make("p", "trouble");
    this.list = make("ul", "eyes-list");
    this.list.setAttribute("aria-label", LABELS.cameras);
    const caption = make("figcaption", "", this.name, this.count, make("span", "fresh", this.word, " ", this.age));
    this.figure = make("figure", "plan", caption, this.trouble, this.stage, this.detail, make("p", "of-person", this.nameButton, this.wrong), this.heard, this.list);
    this.figure.dataset.floor = this.id;
    this.svg.addEventListener("keydown", (event) => this.#key(event));
    this.svg.addEventListener("blur", () => this.show(this.pinned));
  }

  /** Lay the plan out for the width that it has. */
  lay() {
    const rem = parseFloat(getComputedStyle(document.documentElement).fontSize);
    this.grown = (rem / BASE_PX) * Math.min(Math.max(this.stage.clientWidth / rem / WIDE_REM, 1), MOST_WIDER);
    this.svg.style.setProperty("--grown", this.grown.toFixed(3));
    const zones = [...this.store.zones.values()].filter((zone) => zone.floor_id === this.id && isOnPlan(zone));
    const cameras = [...this.store.cameras.values()].filter((camera) => camera.floor_id === this.id);
    this.extent = extentOf(zones, cameras);
    const [xMin, yMin, xMax, yMax] = this.extent;
    this.figure.style.setProperty("--aspect", String((xMax - xMin) / (yMax - yMin)));
    this.scale = new Scale(this.extent, Math.max(this.stage.clientWidth, 160));
    this.svg.setAttribute("viewBox", `0 0 ${this.scale.width} ${this.scale.height}`);
    this.#layZones(zones);
    this.#layCameras(cameras);
    this.#layRule();
    this.layUnder();
    for (const person of this.people.values()) person.mark.remove();
    for (const person of this.people.values()) person.trail.remove();
    this.people.clear();
    this.render();
  }

  /** Lay the picture of the floor under all else. */
  layUnder() {
    this.layers.under.replaceChildren(...this.underlays.on(this.id, this.scale));
  }

  #layZones(zones) {
    this.zones.clear();
    const groups = zones.map((zone) => {
      const polygon = zone.polygon.map((corner) => this.scale.at(corner));
      const sign = draw("g", { class: "sign" });
      const alert = draw("a", { class: "alert-sign" });
      const name = draw("text", { class: "zone-name" });
      const state = draw("text", { class: "zone-state" });
      const urgency = draw("text", { class: "zone-urgency" });
      const leader = draw("path", { class: "leader" });
      const label = draw("g", { class: "label" }, leader, sign, alert, name, state, urgency);
      const outline = draw("polygon", { points: points(polygon), class: "outline" });
      const [ground, group] = [draw("g", { class: "area" }, outline), draw("g", { class: "area" }, label)];
      group.dataset.zone = zone.zone_id;
      this.zones.set(zone.zone_id, { ground, group, polygon, sign, alert, name, state, urgency, leader, label, key: "", box: null, isBest: false, placedAt: 0 });
      return { ground, group };
    });
    this.layers.ground.replaceChildren(...groups.map(({ ground }) => ground));
    this.layers.labels.replaceChildren(...groups.map(({ group }) => group)); // a number under a dot cannot be read
  }

  #layCameras(cameras) {
    this.cameras.clear();
    const marks = [];
    const sights = [];
    const items = [];
    const taken = [];
    cameras.forEach((camera, number) => {
      const letter = number < LETTERS.length ? LETTERS[number] : String(number + 1);
      const row = make("span", "what");
      const letterMark = make("b", "letter", letter);
      const item = make("li", "", letterMark, " ", make("span", "name", camera.name), " ", row);
      item.dataset.camera = camera.camera_id;
      items.push(item);
      const eye = { item, row, sight: [], mark: null, letter };
      for (const ring of camera.footprint?.sees ?? []) {
        const sight = draw("polygon", { points: points(ring.map((corner) => this.scale.at(corner))), class: "seen" });
        sights.push(sight);
        eye.sight.push(sight);
      }
      const place = camera.footprint?.position;
      if (place) {
        eye.mark = this.#cameraMark(camera, letter, taken);
        marks.push(eye.mark);
      }
      this.cameras.set(camera.camera_id, eye);
    });
    this.eyes = taken.map(({ x, y }) => ({ x, y, r: 18 * this.grown }));
    this.layers.sight.replaceChildren(...sights);
    this.layers.eyes.replaceChildren(...marks);
    this.list.replaceChildren(...items);
  }

  #cameraMark(camera, letter, taken) {
    const place = camera.footprint.position;
    const exact = this.scale.at(place);
    const inside = this.scale.holds(place);
    const grown = this.grown;
    const edge = 10 * grown;
    const x = Math.min(Math.max(exact.x, edge), this.scale.width - edge);
    const y = Math.min(Math.max(exact.y, edge), this.scale.height - edge);
    const beside = taken.filter((other) => Math.hypot(other.x - x, other.y - y) < 16 * grown).length;
    taken.push({ x, y });
    const ring = camera.footprint.sees[0]?.map((corner) => this.scale.at(corner)) ?? [];
    const middle = ring.length ? mean(ring) : { x: this.scale.width / 2, y: this.scale.height / 2 };
    const turn = Math.atan2(middle.y - exact.y, middle.x - exact.x);
    const degrees = ((turn * 180) / Math.PI).toFixed(1);
    const body = draw("path", { d: "M-7-5H1V5H-7zM1-2 8-6V6L1 2z", class: "eye", transform: `scale(${grown}) rotate(${degrees})` });
    // Behind the camera, where the plan has a margin; cameras that hang together one below the other.
    const letterX = Math.min(Math.max(x - 16 * grown * Math.cos(turn), 6 * grown), this.scale.width - 6 * grown) - x;
    const letterY = Math.min(Math.max(y - 15 * grown * Math.sin(turn), 8 * grown), this.scale.height - 8 * grown) - y + beside * 14 * grown;
    const text = draw("text", { x: letterX.toFixed(1), y: (letterY + 4.5 * grown).toFixed(1), class: "eye-letter", "text-anchor": "middle" }, letter);
    const mark = draw("g", { class: inside ? "eye-mark" : "eye-mark outside", transform: `translate(${x.toFixed(1)} ${y.toFixed(1)})` }, body, text);
    mark.append(draw("title", {}, `${letter}: ${camera.name}${inside ? "" : furtherAway}`));
    mark.dataset.camera = camera.camera_id;
    return mark;
  }

  #layRule() {
    const metres = this.scale.bar();
    const length = metres * this.scale.perMetre;
    const grown = this.grown;
    const [x, y] = [(this.scale.width - length) / 2, this.scale.height - 9 * grown]; // cameras hang in the corners
    this.ruler = [x - 4, y - 16 * grown, x + length + 4, this.scale.height];
    this.layers.rule.replaceChildren(
      draw("path", { d: `M${x} ${y - 4 * grown}v${4 * grown}h${length}v${-4 * grown}`, class: "bar" }),
      draw("text", { x: x + length / 2, y: y - 5 * grown, class: "bar-text" }, `${metres} m`),
    );
  }

  render() {
    const floor = this.store.floors.get(this.id);
    const fresh = this.store.floorFreshness(this.id);
    const located = (floor?.people ?? []).filter((person) => person.x_m !== null && person.x_m !== undefined);
    for (const person of located) person.lost = !person.observed && floor.asOf - person.last_observed_us / 1e6 > LOST_S;
    const people = located.filter((person) => !person.lost || RING_SD * (person.position_sd_m ?? 0) <= RING_MOST_M);
    const old = fresh.stale && fresh.cause !== "camera_silent"; // others than the silent cameras still count
    this.figure.dataset.stale = String(old);
    say(this.name, this.#floorName());
    say(this.word, old ? CAUSES[fresh.cause] : "");
    say(this.age, fresh.age === null ? "" : ago(fresh.age));
    say(this.count, fresh.age === null ? "" : this.#countText(located));
    this.svg.setAttribute("aria-label", planLabel(this.#floorName(), this.#countText(located)));
    this.#fillZones();
    this.#fillCameras(floor, people);
    this.#movePeople(people);
    this.#placeLabels(people);
    this.#fillDetail();
  }

  #floorName() {
    for (const zone of this.store.zones.values()) if (zone.floor_id === this.id) return zone.floor_name;
    return this.id;
  }

  #countText(people) {
    const seen = people.filter((person) => !person.lost);
    const beyond = seen.filter((person) => !this.scale.holds({ x: person.x_m, y: person.y_m })).length;
    const cameras = [...this.cameras.keys()].filter((id) => this.store.cameras.get(id)?.footprint).length;
    const fused = people.some((person) => person.person_id.startsWith(`${this.id}:`)) && !this.store.cameras.has(this.id);
    return peopleOnPlan({ seen: seen.length, once: cameras > 1 && fused, beyond, lost: people.length - seen.length });
  }

  #fillZones() {
    for (const [id, view] of this.zones) {
      const zone = this.store.zones.get(id);
      if (!zone) continue;
      const fresh = this.store.zoneFreshness(zone);
      for (const part of [view.ground, view.group]) {
        part.dataset.state = zone.coverage.state;
        part.dataset.stale = String(fresh.stale);
      }
      const state = fresh.stale ? "stale" : zone.coverage.state;
      const [alert] = alertsOf(this.store, zone);
      const leads = alert ? alertAddress(alert, this.store.filter) : "";
      const urgency = alert ? `${alert.tier} ${alert.pages} ${leads}` : "";
      const key = `${zone.name}|${zone.people}|${zone.required}|${gapInShort(zone)}|${state}|${fresh.cause}|${urgency}`;
      if (view.key === key) continue;
      view.key = key;
      view.sign.replaceChildren(sized(icon(state), ICON * this.grown));
      say(view.name, `${zone.name}: ${zone.people ?? "–"}`);
      view.alert.replaceChildren(...(alert ? [sized(alertIcon(alert), ICON * this.grown)] : []));
      Object.assign(view.alert.dataset, { tier: alert?.tier ?? "", pages: String(alert?.pages ?? "") });
      leadToAlert(view.alert, leads, alert ? ALERTS.showNamed(TIERS[alert.tier] ?? TIERS.UNKNOWN, zone.name) : "");
      say(view.state, zoneText(zone, fresh));
      say(view.urgency, alert ? (TIERS[alert.tier] ?? TIERS.UNKNOWN) : "");
      view.box = null;
    }
  }

  /** Keep labels off people: each stays where it is until somebody comes there. */
  #placeLabels(people) {
    const dots = people.map((person) => ({ ...this.scale.at({ x: person.x_m, y: person.y_m }), r: (MARK + 2) * this.grown }));
    const zones = [...this.zones.values()];
    const room = { width: this.scale.width, height: this.scale.height, dots: [...dots, ...this.eyes], taken: [this.ruler], zones: zones.map((view) => view.polygon) };
    const urgency = (view) => (URGENT.indexOf(view.group.dataset.state) + URGENT.length + 1) % (URGENT.length + 1);
    const now = performance.now() / 1000;
    for (const view of zones.sort((a, b) => urgency(a) - urgency(b))) {
      const isSettled = view.isBest || now - view.placedAt < AGAIN_S;
      if (!view.box || !isSettled || isInTheWay(view.box, room)) {
        view.box = placeLabel(view, room, this.grown);
        view.placedAt = now;
      }
      if (view.box) room.taken.push(view.box);
    }
  }

  #fillCameras(floor, people) {
    const silent = [];
    const moved = new Set();
    for (const person of people) if (person.calibration_suspect) for (const id of person.camera_ids) moved.add(id);
    for (const [id, eye] of this.cameras) {
      const camera = this.store.cameras.get(id);
      if (!camera) continue;
      const fresh = this.store.cameraFreshness(camera);
      const missing = fresh.stale || (floor?.missing ?? []).includes(id);
      if (missing) silent.push(camera.name);
      const count = people.filter((person) => !person.lost && person.camera_ids.includes(id)).length;
      const suspect = Boolean(camera.suspect_since_us);
      const outside = Boolean(camera.footprint?.position) && !this.scale.holds(camera.footprint.position);
      say(eye.row, cameraOfPlan({ missing, age: fresh.age, count, suspect, calibrated: Boolean(camera.footprint), outside }));
      eye.item.dataset.silent = String(missing || suspect);
      for (const part of [...eye.sight, eye.mark]) if (part) part.dataset.silent = String(missing);
    }
    say(this.trouble, troubleOfPlan(silent, moved.size > 0));
    this.trouble.hidden = !this.trouble.textContent;
  }

  #movePeople(people) {
    const seen = new Set();
    const marks = marksOf(this.store);
    for (const person of people) {
      const id = person.person_id;
      seen.add(id);
      let view = this.people.get(id);
      if (!view) {
        view = this.#makePerson(id);
        this.people.set(id, view);
      }
      view.person = person;
      const { x, y } = this.scale.at({ x: person.x_m, y: person.y_m });
      view.mark.style.transform = `translate(${x.toFixed(1)}px, ${y.toFixed(1)}px)`;
      const sd = person.position_sd_m;
      const ring = sd === null || sd === undefined ? 0 : Math.max(RING_LEAST * this.grown, RING_SD * sd * this.scale.perMetre);
      view.ring.setAttribute("r", ring.toFixed(1));
      const known = Boolean(person.role || person.staff_id);
      this.#fillMark(view, known ? markOf(marks, person.role) : null);
      view.mark.setAttribute("class", `mark ${known ? "staff" : "person"} ${person.lost ? "lost" : "confirmed"}`);
      view.mark.dataset.role = known ? person.role : "";
      view.mark.dataset.suspect = String(Boolean(person.calibration_suspect));
      view.mark.dataset.cameras = person.camera_ids.join(" ");
      view.mark.dataset.shown = String(this.shown === id);
      const trail = this.store.floors.get(this.id)?.trails.get(id) ?? [];
      const path = trail.map(([, px, py]) => this.scale.at({ x: px, y: py }));
      view.trail.setAttribute("points", path.map((at) => `${at.x.toFixed(1)},${at.y.toFixed(1)}`).join(" "));
    }
    for (const [id, view] of this.people) {
      if (seen.has(id)) continue;
      view.mark.remove();
      view.trail.remove();
      this.people.delete(id);
      if (this.pinned === id) this.pinned = null;
      if (this.shown === id) this.show(this.pinned);
    }
  }

  #makePerson(id) {
    const r = DOT * this.grown;
    const ring = draw("circle", { r: 0, class: "ring" });
    const circle = draw("circle", { r, class: "dot-person" });
    const unknown = draw("text", { class: "dot-unknown", "text-anchor": "middle", "font-size": (1.5 * r).toFixed(2), y: (0.54 * r).toFixed(2) }, "?");
    const role = draw("g");
    const reach = draw("circle", { r: 14 * this.grown, class: "reach" });
    const mark = draw("g", { class: "mark" }, ring, reach, circle, unknown, role);
    mark.dataset.person = id;
    mark.addEventListener("pointerenter", () => this.show(id));
    mark.addEventListener("pointerleave", () => this.show(this.pinned));
    mark.addEventListener("click", () => this.#pin(id));
    const trail = draw("polyline", { class: "trail" });
    this.layers.lines.append(trail);
    this.layers.crowd.append(mark);
    return { mark, ring, trail, role, key: "", person: null };
  }

  /** Show somebody's role; nothing where they are not identified. */
  #fillMark(view, mark) {
    const key = mark ? `${mark.letters} ${mark.shape}` : "";
    if (view.key === key) return;
    view.key = key;
    view.role.replaceChildren(...(mark ? [drawMark(mark, MARK * this.grown)] : []));
    (mark ? this.layers.known : this.layers.crowd).append(view.mark); // nobody and nothing covers who is known
  }

  #pin(id) {
    this.pinned = id;
    this.show(id);
    this.#fillDetail(); // who was only pointed at gets the buttons now
  }

  #askName() {
    const person = this.people.get(this.shown)?.person;
    if (person?.staff_id) askName(person.staff_id, person.role);
  }

  /** The first zone of a person that has a figure. */
  #zoneOf(person) {
    return (person?.zone_ids ?? []).map((id) => this.store.zones.get(id)).find(Boolean);
  }

  #sayWrong() {
    const person = this.people.get(this.shown)?.person;
    const zone = this.#zoneOf(person);
    if (zone) askOfPerson(this.store, zone, person);
  }

  /** Show which cameras see a person, or nobody. */
  show(id) {
    if (this.shown === id) return;
    this.shown = id;
    for (const [other, view] of this.people) view.mark.dataset.shown = String(other === id);
    this.#fillDetail();
    say(this.heard, id ? this.detail.textContent : "");
  }

  #fillDetail() {
    const person = this.people.get(this.shown)?.person;
    const ids = new Set(person?.camera_ids ?? []);
    this.figure.dataset.pointing = String(Boolean(person));
    for (const [id, eye] of this.cameras) {
      const sees = String(ids.has(id));
      eye.item.dataset.sees = sees;
      for (const part of [...eye.sight, eye.mark]) if (part) part.dataset.sees = sees;
    }
    say(this.detail, person ? this.#personText(person) : this.people.size ? HINTS.person : "");
    const staffId = this.pinned === this.shown ? person?.staff_id : null;
    this.nameButton.hidden = !staffId || !this.rights()?.has("names.read");
    this.wrong.hidden = this.pinned !== this.shown || !mayGive(this.rights(), this.#zoneOf(person));
  }

  #personText(person) {
    const names = person.camera_ids.map((id) => this.#cameraName(id));
    const zones = person.zone_ids.map((id) => this.store.zones.get(id)?.name ?? id);
    const sd = person.position_sd_m;
    return personOnPlan(person, zones, names, sd === null || sd === undefined ? null : Math.max(0.1, RING_SD * sd));
  }

  #cameraName(id) {
    const letter = this.cameras.get(id)?.letter;
    return `${letter ? `${letter} ` : ""}${this.store.cameras.get(id)?.name ?? id}`;
  }

  #key(event) {
    if (event.target !== this.svg) return; // an alert's own link
    const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    if (event.key === "Escape") this.#pin(null);
    if (event.key === "Enter" && this.shown) this.#pin(this.shown);
    if (!step) return;
    event.preventDefault();
    const ids = [...this.people.keys()].sort((a, b) => this.#left(a) - this.#left(b) || (a < b ? -1 : 1));
    if (!ids.length) return;
    const at = ids.indexOf(this.shown);
    this.show(ids[at < 0 ? (step > 0 ? 0 : ids.length - 1) : (at + step + ids.length) % ids.length]);
  }

  #left(id) {
    return this.people.get(id).person.x_m;
  }
}
