// The page of cameras and floors: where cameras hang, what they see of the floor, and the ways between their views.
import { draw, make, say } from "../messages.js";
import { read } from "../requests.js";
import { AddCamera } from "./add_camera.js";
import { Calibrate } from "./calibrate.js";
import { showCalibration } from "./calibration.js";
import { CAMERA_FIELDS, CAMERA_FORM, FLOOR_FIELDS, FLOOR_FORM, positionFault, readCamera, writeCamera, writeFloor } from "./camera_form.js";
import { settle, settleRemoved } from "./conflict.js";
import { Drafts } from "./drafts.js";
import { Drawing } from "./drawing.js";
import { FactForm } from "./fact_form.js";
import { drawingFault, FloorDrawing } from "./floor_drawing.js";
import { History } from "./history.js";
import { compare, equal } from "./merge.js";
import { fault } from "./outline.js";
import { at, explain, start, tell, trouble } from "../page.js";
import { Masks } from "./masks.js";
import { Passages, passageWords } from "./passages.js";
import { Picture } from "./picture.js";
import { PlanGround } from "./plan_ground.js";
import { all, one, save } from "./registry.js";
import { Review } from "./review.js";
import { ViewState } from "./view_state.js";
import { author, fieldName, fieldNames, valueOf, when } from "./words.js";

const LOOK_MS = 8000; // how often it looks whether somebody else changed what is shown

const HOW = {
  edit: "Drag a corner. By keyboard: Tab to a corner, arrow keys move it, Shift for small steps, Enter adds one, Delete removes it.",
  draw: "Click corner after corner; end at the first. By keyboard: arrow keys move the cross, Enter sets a corner, Backspace takes it back, F closes, Escape stops.",
  none: "No outline: nothing but its picture limits what the camera sees. Draw one where a wall or a partition hides a part of the floor.",
  ways: "Drag the end of an arrow. By keyboard: Tab to an end, arrow keys move it, Shift for small steps.",
  fixed: "You may look at this, and not change it.",
};

const SORTS = {
  cameras: { fields: CAMERA_FIELDS, read: readCamera, write: writeCamera, noun: "camera", about: "About this camera", task: "Floor that the camera can see, between its walls" },
  floors: { fields: FLOOR_FIELDS, read: (record) => record, write: writeFloor, noun: "floor", about: "About this floor", task: "Passages: how people get from one view into another" },
};

class CamerasPage {
  constructor(me) {
    this.me = me;
    this.mayEdit = me.rights.has("registry.edit");
    this.drafts = { cameras: new Drafts("cameras", me.subject), floors: new Drafts("floors", me.subject) };
    this.known = { cameras: new Map(), floors: new Map() };
    this.zones = new Map();
    this.live = new Map();
    this.chosen = null; // {kind, id}
    this.drawing = new Drawing(at("drawing"), { changed: (points) => this.#outline(points), told: tell, mode: (mode) => this.#mode(mode) });
    this.passages = new Passages(at("passages"), at("ways"), { changed: (passages) => this.#ways(passages), told: tell });
    this.under = new FloorDrawing(at("under"), { changed: (drawing) => this.#change({ drawing }), told: tell, refused: (error) => this.#refused(error, "floor") });
    this.view = new ViewState(at("view"), me);
    this.picture = new Picture(at("picture"), at("frame"), me);
    this.pairs = new Calibrate(at("pairs"), at("frame"), { saved: () => this.load(this.chosen) });
    this.masks = new Masks(at("masks"), at("frame"), { saved: () => this.load(this.chosen) });
    this.forms = {};
    this.add = new AddCamera(at("add"), me, {
      floors: () => [...this.known.floors.keys()].map((id) => [id, this.#nameOf("floors", id)]),
      taken: () => [...this.known.cameras.keys(), ...this.known.floors.keys()],
      done: (id) => this.load({ kind: "cameras", id }),
    });
    this.#wire();
  }

  #wire() {
    at("draw").addEventListener("click", () => this.drawing.start());
    at("close").addEventListener("click", () => this.drawing.stop());
    at("back").addEventListener("click", () => this.drawing.stop(false));
    at("clear").addEventListener("click", () => this.#clear());
    at("undo").addEventListener("click", () => this.#step(-1));
    at("redo").addEventListener("click", () => this.#step(1));
    at("save").addEventListener("click", () => this.save());
    at("discard").addEventListener("click", () => this.#discard());
    at("view").addEventListener("confirmed", () => this.#list());
    at("facts").addEventListener("submit", (event) => {
      event.preventDefault();
      this.save();
    });
    document.addEventListener("keydown", (event) => {
      if (!(event.ctrlKey || event.metaKey) || event.target.closest("input, select, dialog")) return;
      if (event.key.toLowerCase() === "s") this.save();
      else if (event.key.toLowerCase() === "z") this.#step(event.shiftKey ? 1 : -1);
      else return;
      event.preventDefault();
    });
    setInterval(() => this.#look(), LOOK_MS);
  }

  /** Read everything, and choose a camera or floor. */
  async load(wanted = fromAddress()) {
    try {
      const [cameras, floors, zones, live] = await Promise.all([all("cameras"), all("floors"), all("zones"), read("cameras?people=false")]);
      this.known = { cameras: this.#map("cameras", cameras), floors: this.#map("floors", floors) };
      this.zones = new Map(zones.map((zone) => [zone.id, zone]));
      this.#lives(live);
      trouble("");
    } catch (error) {
      trouble(explain(error));
      return;
    }
    const found = wanted && this.known[wanted.kind].has(wanted.id) ? wanted : this.#first();
    this.choose(found);
  }

  #map(kind, entries) {
    return new Map(entries.map((entry) => [entry.id, this.#entry(kind, entry)]));
  }

  #entry(kind, entry) {
    return { ...entry, record: SORTS[kind].read(entry.record) };
  }

  #lives({ cameras }) {
    this.live = new Map(cameras.map((camera) => [camera.camera_id, camera]));
    this.ground = new PlanGround(this.zones, this.known.cameras, this.live, (floor) => this.#record("floors", floor)?.drawing);
  }

  /** The first suspect camera, else the first one, else a floor. */
  #first() {
    const cameras = this.#groups().flatMap(({ cameras: ids }) => ids);
    const id = cameras.find((one_) => this.view.suspect(this.live.get(one_))) ?? cameras[0];
    if (id) return { kind: "cameras", id };
    const [floor] = this.known.floors.keys();
    return floor ? { kind: "floors", id: floor } : null;
  }

  #record(kind, id) {
    return this.drafts[kind].get(id)?.record ?? this.known[kind].get(id)?.record;
  }

  get #now() {
    return this.#record(this.chosen.kind, this.chosen.id);
  }

  get #base() {
    const { kind, id } = this.chosen;
    const draft = this.drafts[kind].get(id);
    return draft ? draft.base : (this.known[kind].get(id) ?? null);
  }

  get #floor() {
    return this.chosen.kind === "floors" ? this.chosen.id : this.#now.floor_id;
  }

  #nameOf(kind, id) {
    return this.#record(kind, id)?.name || id;
  }

  /** Floors with their cameras, by name. */
  #groups() {
    const floors = [...new Set([...this.known.floors.keys(), ...[...this.known.cameras.values()].map(({ record }) => record.floor_id)])];
    floors.sort((a, b) => this.#nameOf("floors", a).localeCompare(this.#nameOf("floors", b)));
    return floors.map((floor) => ({ floor, cameras: [...this.ground.letters(floor).keys()], letters: this.ground.letters(floor) }));
  }

  /** Show a camera, or a floor. */
  choose(wanted) {
    const other = wanted?.id !== this.chosen?.id || wanted?.kind !== this.chosen?.kind;
    this.chosen = wanted;
    at("work").hidden = at("facts").hidden = !wanted;
    at("bar").hidden = !wanted || !this.mayEdit;
    if (!wanted) {
      this.#list();
      say(at("chooser-heading"), "No cameras yet");
      return;
    }
    const { kind, id } = wanted;
    if (other) {
      this.steps = { past: [], future: [] };
      this.saved = "";
      this.news = null;
      this.picture.forget();
      history.replaceState(null, "", `?${SORTS[kind].noun}=${encodeURIComponent(id)}`);
    }
    this.#list();
    const camera = kind === "cameras";
    at("work").dataset.kind = kind;
    say(at("facts-heading"), SORTS[kind].about);
    say(at("task"), SORTS[kind].task);
    const planned = !camera || Boolean(this.#now.projection || this.#now.homography || this.#now.sees.length);
    for (const part of ["stage", "key", "how"]) at(part).toggleAttribute("hidden", !planned);
    at("tools").hidden = !camera || !planned;
    if (!planned) say(at("task"), "Not calibrated: this camera has no place on a plan in metres. Zones are drawn in its picture.");
    for (const part of ["drawing", "numbers", "calibration", "masks"]) at(part).toggleAttribute("hidden", !camera);
    for (const part of ["ways", "passages", "under"]) at(part).toggleAttribute("hidden", camera);
    if (!this.forms[kind] || this.formOf !== kind) {
      this.formOf = kind;
      this.forms[kind] = new FactForm(camera ? CAMERA_FORM : FLOOR_FORM, at("fields"), at("corners"), {
        changed: (field, value) => this.#change({ [field]: value }),
        corner: (index, point) => this.drawing.type(index, point),
        add: (index) => this.drawing.add(index),
        drop: (index) => this.drawing.remove(index),
      });
    }
    this.history = this.histories?.[kind] ?? this.#history(kind);
    this.picture.offer(camera ? id : null);
    this.#lay();
    this.form.show(this.#now, !this.mayEdit);
    if (camera) {
      this.drawing.show(points(this.#now.sees), `what ${this.#now.name || id} sees`, !this.mayEdit);
      showCalibration(at("calibration"), id, this.#now);
    }
    at("history").open = false;
    this.history.of(this.known[kind].get(id) ?? null);
    this.#show();
  }

  get form() {
    return this.forms[this.chosen.kind];
  }

  #history(kind) {
    const { fields, read: reads } = SORTS[kind];
    const made = new History(at("history"), at("versions"), this.me, { kind, fields: [...fields, "privacy_masks"], right: "registry.edit", read: reads, done: () => this.load(this.chosen) });
    this.histories = { ...this.histories, [kind]: made };
    return made;
  }

  /** Lay out the plan. */
  #lay() {
    const { kind, id } = this.chosen;
    const passages = kind === "floors" ? this.#now.passages : (this.#record("floors", this.#floor)?.passages ?? []);
    const found = this.ground.frame(this.#floor, kind === "cameras" ? { id, record: this.#now } : null, passages, at("stage").clientWidth || at("work").clientWidth);
    if (kind === "cameras") this.drawing.frame(found.box, "m", true, found.ground);
    else this.passages.frame(found);
    const svg = at(kind === "cameras" ? "drawing" : "ways");
    this.frame = { viewBox: svg.getAttribute("viewBox"), up: true };
    at("stage").style.setProperty("--aspect", svg.style.getPropertyValue("--aspect"));
    this.#key(kind);
  }

  #key(kind) {
    const sign = (shape, words) => make("li", "", draw("svg", { viewBox: "0 0 24 14", "aria-hidden": "true" }, shape), words);
    const area = (name) => draw("rect", { x: 1, y: 1, width: 22, height: 12, class: name });
    const camera = draw("g", { class: "camera-mark", transform: "translate(12 7)" }, draw("circle", { r: 6, class: "camera-disc" }), draw("text", { y: 3, "font-size": 8, class: "eye-name", "text-anchor": "middle" }, "A"));
    const signs = kind === "cameras" ? [["mine fixed", "the outline: what this camera can see"], ["reach own", "what its picture shows of the floor"]] : [["reach", "what cameras see of the floor"]];
    at("key").replaceChildren(...signs.map(([name, words]) => sign(area(name), words)), sign(camera, "a camera, with its letter on the board"), sign(area("ghost zone-ghost"), "a zone"));
  }

  #list() {
    const groups = this.#groups().map(({ floor, cameras, letters }) => {
      const items = cameras.map((id) => this.#item("cameras", id, this.#nameOf("cameras", id), letters.get(id)));
      if (this.known.floors.has(floor)) items.push(this.#item("floors", floor, "Name, passages and drawing of the floor", "↔"));
      return make("div", "", make("h3", "note", `Floor ${this.#nameOf("floors", floor)}`), make("ul", "choices", ...items));
    });
    const focus = at("chooser").contains(document.activeElement);
    at("chooser").replaceChildren(...groups);
    if (focus) at("chooser").querySelector("[aria-current]")?.focus();
  }

  #item(kind, id, words, letter) {
    const button = make("button", "zone-choice", make("span", "letter", letter), make("span", "zone-label", words));
    button.type = "button";
    button.querySelector(".letter").setAttribute("aria-hidden", "true");
    button.dataset.choice = `${kind}/${id}`;
    if (this.chosen?.kind === kind && this.chosen.id === id) button.setAttribute("aria-current", "true");
    if (kind === "cameras" && this.view.suspect(this.live.get(id))) button.append(make("span", "check", "CHECK VIEW"));
    if (this.drafts[kind].get(id)) button.append(make("span", "unsaved", "not saved"));
    button.addEventListener("click", () => this.choose({ kind, id }));
    return make("li", "", button);
  }

  /** Show what follows from the draft: headings, what is wrong, what is not saved. */
  #show() {
    const { kind, id } = this.chosen;
    const [record, base] = [this.#now, this.#base];
    const camera = kind === "cameras";
    say(at("work-heading"), camera ? record.name || id : `Floor ${record.name || id}`);
    const made = base && `Version ${base.version}, by ${author(base, this.me)}${when(base) ? `, ${when(base)}` : ""}`;
    say(at("provenance"), [camera ? `${id} on floor ${this.#nameOf("floors", this.#floor)}` : id, made].filter(Boolean).join(" · "));
    this.view.show(camera ? (this.live.get(id) ?? null) : null);
    if (camera) this.form.points(points(record.sees), "m", !this.mayEdit);
    if (camera && base) this.masks.show(base, !this.mayEdit);
    if (camera && base && base !== this.pairs.camera) this.pairs.show(base, !this.mayEdit);
    if (!camera) at("pairs").hidden = true;
    if (!camera) this.under.show(id, record.drawing ?? null, !this.mayEdit);
    if (!camera) this.passages.show(record.passages, [...this.ground.letters(id).keys()].map((one_) => [one_, this.#nameOf("cameras", one_)]), !this.mayEdit);
    const outline = camera && record.sees.length ? fault(points(record.sees)) : "";
    const wrong = outline || (camera ? positionFault(record) : drawingFault(record.drawing));
    say(at("fault"), wrong);
    at("fault").hidden = !wrong;
    const changed = this.#changed();
    at("save").disabled = !changed.length || Boolean(wrong) || this.drawing.drawing;
    at("discard").disabled = !changed.length;
    at("bar").dataset.changed = String(changed.length > 0);
    say(at("state"), changed.length ? `Not saved: ${fieldNames(changed)}` : this.saved || "No changes");
    at("undo").disabled = !this.steps.past.length;
    at("redo").disabled = !this.steps.future.length;
    at("news").hidden = !this.news;
    if (this.news) at("news").replaceChildren(...this.news);
    this.#mode(this.drawing.drawing ? "draw" : "edit");
  }

  #changed() {
    const base = this.#base;
    const { fields } = SORTS[this.chosen.kind];
    return base ? fields.filter((field) => !equal(this.#now[field], base.record[field])) : fields;
  }

  #outline(outline) {
    this.steps.past.push(this.#now.sees);
    this.steps.future = [];
    this.#change({ sees: outline.map(({ x, y }) => [x, y]) });
  }

  #ways(passages) {
    this.#change({ passages });
  }

  #clear() {
    this.drawing.set([]);
    this.#outline([]);
    tell("No outline.");
    at("draw").focus();
  }

  #step(way) {
    const [from, to] = way < 0 ? [this.steps.past, this.steps.future] : [this.steps.future, this.steps.past];
    if (!from.length || this.drawing.drawing) return;
    to.push(this.#now.sees);
    const sees = from.pop();
    this.drawing.set(points(sees));
    this.#change({ sees });
    tell(way < 0 ? "Taken back." : "Done again.");
  }

  #change(fields) {
    const { kind, id } = this.chosen;
    const had = Boolean(this.drafts[kind].get(id));
    const base = this.#base;
    const record = { ...this.#now, ...fields };
    const differs = !base || SORTS[kind].fields.some((field) => !equal(record[field], base.record[field]));
    this.drafts[kind].set(id, differs ? { base, record } : null);
    this.saved = "";
    if (had !== differs || "name" in fields) this.#list();
    if ("x_m" in fields || "y_m" in fields || "drawing" in fields) this.#lay();
    this.#show();
  }

  #mode(mode) {
    const [drawing, camera] = [mode === "draw", this.chosen?.kind === "cameras"];
    for (const id of ["draw", "clear", "undo", "redo"]) at(id).hidden = drawing || !this.mayEdit;
    const outlined = Boolean(camera && this.#now.sees.length);
    at("clear").disabled = !outlined;
    at("back").hidden = at("close").hidden = !drawing;
    at("close").disabled = this.drawing.points.length < 3;
    say(at("how"), HOW[!this.mayEdit ? "fixed" : !camera ? "ways" : drawing ? "draw" : outlined ? "edit" : "none"]);
  }

  #discard() {
    const { kind, id } = this.chosen;
    this.drafts[kind].set(id, null);
    this.news = null;
    this.steps = { past: [], future: [] };
    tell("Changes discarded.");
    this.choose({ kind, id });
  }

  /** Say what would happen, and save when that is wanted. */
  async save() {
    if (at("save").disabled || this.saving) return;
    await this.#save(this.#now, this.#base);
  }

  async #save(record, base) {
    const { kind, id } = this.chosen;
    const { noun, write } = SORTS[kind];
    this.saving = true;
    try {
      const reason = await this.#review(record, base);
      if (reason === null) return;
      say(at("state"), "Saving …");
      const answer = await save(kind, id, write(record), base, reason);
      this.drafts[kind].set(id, null);
      const now = (await one(kind, id)) ?? answer;
      this.known[kind].set(id, this.#entry(kind, now));
      this.steps = { past: [], future: [] };
      this.news = null;
      this.saved = answer.edit_id === null ? "Nothing to save: it says this already." : `Saved as version ${answer.version}. Takes effect ${answer.takes_effect}.`;
      trouble("");
      tell(this.saved);
      this.choose({ kind, id });
    } catch (error) {
      this.#show();
      if (error.status === 412 || (error.status === 404 && base)) await this.settle();
      else this.#refused(error, noun);
    } finally {
      this.saving = false;
    }
  }

  /** Show what would change, and ask why; null when it is not wanted. */
  async #review(record, base) {
    const { kind, id } = this.chosen;
    const { fields, noun, write } = SORTS[kind];
    const before = base?.record ?? {};
    const found = compare(fields, before, record, before);
    const details = found.map(({ field }) => (field === "passages" ? this.#passagesChanged(before.passages ?? [], record.passages) : `${fieldName(field).toLowerCase()} ${valueOf(field, before[field])} → ${valueOf(field, record[field])}`));
    const consequences = found.some(({ field }) => field === "sees") ? ["everybody whom this camera follows gets a new number, as if they had just come in."] : [];
    const why = make("input");
    Object.assign(why, { id: "why", type: "text", maxLength: 300, required: true });
    const label = make("label", "", "Why?");
    label.htmlFor = why.id;
    const field = make("div", "field", label, why, make("p", "note", "It is kept with your name in the history, for whoever asks later."));
    const name = record.name || id;
    const wanted = await new Review({ noun }).ask([["Changed", name, details.join("; ")]], [write(record)], new Map([[id, name]]), consequences, [field]);
    return wanted ? why.value.trim() : null;
  }

  #passagesChanged(before, now) {
    const nameOf = (id) => this.#nameOf("cameras", id);
    const only = (list, other, word) => list.filter((one_) => !other.some((two) => equal(one_, two))).map((one_) => `${word} passage ${passageWords(one_, nameOf)}`);
    return [...only(before, now, "no longer"), ...only(now, before, "now")].join("; ") || "passages in another order";
  }

  #refused(error, noun) {
    const errors = (error.errors ?? []).map((one_) => (one_.field?.startsWith("location") ? { ...one_, field: "x_m" } : one_));
    const rest = this.passages.faults(this.form.faults(errors));
    const outline = rest.filter(({ field }) => field === "drawing" || field?.startsWith("sees"));
    if (outline.length) {
      say(at("fault"), outline.map(({ field, reason }) => (field === "drawing" ? `Drawing: ${reason}` : reason)).join(" "));
      at("fault").hidden = false;
    }
    const told = errors.length && rest.length === outline.length;
    trouble(told ? `Not saved: see what is marked in this ${noun}.` : explain(error));
  }

  /** Both changed it: show how, and let one choose. */
  async settle() {
    const { kind, id } = this.chosen;
    const draft = this.drafts[kind].get(id);
    const found = await one(kind, id).catch((error) => trouble(explain(error)));
    if (found === undefined || !draft) return;
    const title = draft.record.name || id;
    if (found === null) {
      const answer = await settleRemoved(title);
      if (answer === "drop") {
        this.drafts[kind].set(id, null);
        await this.load(null);
      } else if (answer === "again") await this.#save(draft.record, null);
      return;
    }
    const theirs = this.#entry(kind, found);
    const { fields } = SORTS[kind];
    const base = draft.base ?? { ...theirs, version: 0, record: {} };
    const answer = await settle({ title, fields, base, mine: draft.record, theirs, me: this.me, frame: this.frame });
    if (answer === null) return;
    this.known[kind].set(id, theirs);
    this.steps = { past: [], future: [] };
    if (answer === "drop" || !compare(fields, theirs.record, answer, theirs.record).length) this.#discard();
    else {
      this.drafts[kind].set(id, { base: theirs, record: answer });
      this.choose({ kind, id });
      this.saving = false;
      await this.#save(answer, theirs);
    }
  }

  /** Look whether somebody else changed what is shown, and how the cameras are. */
  async #look() {
    if (this.chosen === null || document.hidden || this.saving || at("dialog").open) return;
    const { kind, id } = this.chosen;
    const lost = (error) => (error.status === 401 ? explain(error) : undefined);
    const [now, live] = await Promise.all([one(kind, id).catch(lost), read("cameras?people=false").catch(lost)]);
    if (id !== this.chosen?.id || kind !== this.chosen.kind || this.saving || at("dialog").open) return;
    if (live?.cameras) {
      this.#lives(live);
      this.view.show(kind === "cameras" ? (this.live.get(id) ?? null) : null);
      this.#list();
    }
    if (now === undefined || !this.known[kind].has(id) || now?.version === this.known[kind].get(id).version) return;
    if (this.drafts[kind].get(id)) {
      const both = make("button", "plain", "Look at both");
      both.type = "button";
      both.addEventListener("click", () => this.settle());
      const what = now ? `${author(now, this.me)} changed this ${SORTS[kind].noun} at ${when(now)}. ` : `Somebody removed this ${SORTS[kind].noun}. `;
      this.news = [what, both];
      this.#show();
    } else if (now) {
      this.known[kind].set(id, this.#entry(kind, now));
      this.saved = `Changed by ${author(now, this.me)} at ${when(now)}; this is the new version.`;
      this.choose({ kind, id });
    } else this.load(null);
  }
}

function points(polygon) {
  return polygon.map(([x, y]) => ({ x, y }));
}

/** What the address names, such as `?camera=left`. */
function fromAddress() {
  const asked = new URLSearchParams(location.search);
  for (const [kind, { noun }] of Object.entries(SORTS)) if (asked.has(noun)) return { kind, id: asked.get(noun) };
  return null;
}

const me = await start();
if (me) await new CamerasPage(me).load();
