// The page that draws zones: choose one, change its outline and facts, save it.
import { draw, make, say } from "../messages.js";
import { settle, settleRemoved } from "./conflict.js";
import { Drafts } from "./drafts.js";
import { Drawing } from "./drawing.js";
import { FactForm } from "./fact_form.js";
import { History } from "./history.js";
import { compare, equal } from "./merge.js";
import { NewZone } from "./new_zone.js";
import { fault } from "./outline.js";
import { at, explain, start, sure, tell, trouble } from "../page.js";
import { Picture } from "./picture.js";
import { all, one, remove, save } from "./registry.js";
import { Scene } from "./scene.js";
import { author, fieldNames, when } from "./words.js";
import { ZONE_FIELDS, ZONE_FORM } from "./zone_form.js";

const LOOK_MS = 8000; // how often it looks whether somebody else changed the zone

const HOW = {
  edit: "Drag a corner. By keyboard: Tab to a corner, arrow keys move it, Shift for small steps, Enter adds one, Delete removes it.",
  draw: "Click corner after corner; end at the first. By keyboard: arrow keys move the cross, Enter sets a corner, Backspace takes it back, F closes, Escape stops.",
  fixed: "You may look at this zone, and not change it.",
};

class ZonesPage {
  constructor(me) {
    this.me = me;
    this.mayEdit = me.rights.has("staffing.edit");
    this.drafts = new Drafts("zones", me.subject);
    this.known = new Map();
    this.chosen = null;
    this.drawing = new Drawing(at("drawing"), {
      changed: (points) => this.#outline(points),
      told: tell,
      mode: (mode) => this.#mode(mode),
    });
    this.form = new FactForm(ZONE_FORM, at("fields"), at("corners"), {
      changed: (field, value) => this.#change({ [field]: value }),
      corner: (index, point) => this.drawing.type(index, point),
      add: (index) => this.drawing.add(index),
      drop: (index) => this.drawing.remove(index),
    });
    this.picture = new Picture(at("picture"), at("frame"), me);
    this.history = new History(at("history"), at("versions"), me, { kind: "zones", fields: ZONE_FIELDS, done: () => this.load(this.chosen) });
    this.#wire();
  }

  #wire() {
    at("draw").addEventListener("click", () => this.drawing.start());
    at("close").addEventListener("click", () => this.drawing.stop());
    at("back").addEventListener("click", () => this.drawing.stop(false));
    at("undo").addEventListener("click", () => this.#step(-1));
    at("redo").addEventListener("click", () => this.#step(1));
    at("save").addEventListener("click", () => this.save());
    at("discard").addEventListener("click", () => this.#discard());
    at("remove").addEventListener("click", () => this.#remove());
    at("facts").addEventListener("submit", (event) => {
      event.preventDefault();
      this.save();
    });
    at("new").hidden = !this.mayEdit;
    at("new").addEventListener("click", () => this.#begin());
    document.addEventListener("keydown", (event) => {
      if (!(event.ctrlKey || event.metaKey) || event.target.closest("dialog")) return;
      const types = event.target.closest("input, select"); // has an undo of its own
      if (event.key.toLowerCase() === "s") this.save();
      else if (event.key.toLowerCase() === "z" && !types) this.#step(event.shiftKey ? 1 : -1);
      else return;
      event.preventDefault();
    });
    setInterval(() => this.#look(), LOOK_MS);
  }

  /** Read everything, and choose a zone. */
  async load(wanted = new URLSearchParams(location.search).get("zone")) {
    try {
      const [zones, cameras, floors] = await Promise.all([all("zones"), all("cameras"), all("floors")]);
      this.known = new Map(zones.map((zone) => [zone.id, zone]));
      this.scene = new Scene(this.known, cameras, floors);
      trouble("");
    } catch (error) {
      trouble(explain(error));
      return;
    }
    const ids = this.#ids();
    this.choose(ids.includes(wanted) ? wanted : ids[0]);
  }

  #ids() {
    const zones = [...new Set([...this.known.keys(), ...this.drafts.ids()])].map((id) => [id, this.#record(id)]);
    zones.sort(([, a], [, b]) => this.scene.place(a).localeCompare(this.scene.place(b)) || a.order - b.order || a.name.localeCompare(b.name));
    return zones.map(([id]) => id);
  }

  #record(id) {
    return this.drafts.get(id)?.record ?? this.known.get(id)?.record;
  }

  get #base() {
    const draft = this.drafts.get(this.chosen);
    return draft ? draft.base : (this.known.get(this.chosen) ?? null);
  }

  /** Show one zone. */
  choose(id) {
    const other = id !== this.chosen;
    this.chosen = id ?? null;
    at("work").hidden = at("facts").hidden = id === undefined;
    at("bar").hidden = id === undefined || !this.mayEdit;
    this.#list();
    if (id === undefined) {
      say(at("chooser-heading"), "No zones yet");
      return;
    }
    if (other) {
      this.steps = { past: [], future: [] };
      history.replaceState(null, "", `?zone=${encodeURIComponent(id)}`);
      this.news = null;
      this.picture.forget();
    }
    const record = this.#record(id);
    const { box, unit, up, ground } = this.scene.frame(record, id);
    this.drawing.frame(box, unit, up, ground);
    at("drawing").parentElement.style.setProperty("--aspect", at("drawing").style.getPropertyValue("--aspect"));
    this.unit = unit;
    this.picture.offer(record.camera_id);
    this.drawing.show(points(record.polygon), record.name || id, !this.mayEdit);
    this.form.show(record, !this.mayEdit);
    this.history.of(this.known.get(id) ?? null);
    this.#show();
  }

  #list() {
    const groups = new Map();
    for (const id of this.#ids()) {
      const record = this.#record(id);
      const place = this.scene.place(record);
      const button = make("button", "zone-choice", make("span", "zone-label", record.name || id));
      button.type = "button";
      if (id === this.chosen) button.setAttribute("aria-current", "true");
      if (this.drafts.get(id)) button.append(make("span", "unsaved", "not saved"));
      button.addEventListener("click", () => this.choose(id));
      groups.set(place, [...(groups.get(place) ?? []), make("li", "", button)]);
    }
    const focus = at("chooser").contains(document.activeElement);
    at("chooser").replaceChildren(
      ...[...groups].map(([place, items]) => make("div", "", make("h3", "note", place), make("ul", "choices", ...items))),
    );
    if (focus) at("chooser").querySelector("[aria-current]")?.focus();
  }

  /** Show what follows from the draft: headings, numbers, what is wrong, what is not saved. */
  #show() {
    const [record, base, id] = [this.#record(this.chosen), this.#base, this.chosen];
    say(at("work-heading"), record.name || id);
    const made = base && `Version ${base.version}, by ${author(base, this.me)}${when(base) ? `, ${when(base)}` : ""}`;
    say(at("provenance"), [this.scene.place(record), made].filter(Boolean).join(" · "));
    this.form.points(points(record.polygon), this.unit, !this.mayEdit);
    const wrong = record.polygon.length ? fault(points(record.polygon)) : "";
    say(at("fault"), wrong);
    at("fault").hidden = !wrong;
    const changed = this.#changed();
    const drawn = record.polygon.length > 0;
    at("save").disabled = !changed.length || Boolean(wrong) || !drawn || this.drawing.drawing;
    at("reason").closest("label").hidden = !changed.length;
    at("discard").disabled = !changed.length;
    at("bar").dataset.changed = String(changed.length > 0);
    let state = this.saved && !changed.length ? this.saved : "No changes";
    if (changed.length) state = base ? `Not saved: ${fieldNames(changed)}` : drawn ? "Not saved: a new zone" : "A new zone: draw its outline";
    say(at("state"), state);
    at("undo").disabled = !this.steps.past.length;
    at("redo").disabled = !this.steps.future.length;
    at("remove").hidden = !this.mayEdit || !base;
    at("news").hidden = !this.news;
    if (this.news) at("news").replaceChildren(...this.news);
  }

  #changed() {
    const base = this.#base;
    const record = this.#record(this.chosen);
    if (!base) return ZONE_FIELDS;
    return ZONE_FIELDS.filter((field) => !equal(record[field], base.record[field]));
  }

  #outline(outline) {
    this.steps.past.push(this.#record(this.chosen).polygon);
    this.steps.future = [];
    this.#change({ polygon: outline.map(({ x, y }) => [x, y]) });
  }

  #step(way) {
    const [from, to] = way < 0 ? [this.steps.past, this.steps.future] : [this.steps.future, this.steps.past];
    if (!from.length || this.drawing.drawing) return;
    to.push(this.#record(this.chosen).polygon);
    const polygon = from.pop();
    this.drawing.set(points(polygon));
    this.#change({ polygon });
    tell(way < 0 ? "Taken back." : "Done again.");
  }

  #change(fields) {
    const had = Boolean(this.drafts.get(this.chosen));
    const base = this.#base;
    const record = { ...this.#record(this.chosen), ...fields };
    const differs = !base || ZONE_FIELDS.some((field) => !equal(record[field], base.record[field]));
    this.drafts.set(this.chosen, differs ? { base, record } : null);
    this.saved = "";
    if (had !== differs || "name" in fields) this.#list();
    this.#show();
  }

  #mode(mode) {
    const drawing = mode === "draw";
    for (const id of ["draw", "undo", "redo"]) at(id).hidden = drawing || !this.mayEdit;
    at("back").hidden = !drawing;
    at("close").hidden = !drawing;
    at("close").disabled = this.drawing.points.length < 3;
    say(at("how"), HOW[this.mayEdit ? mode : "fixed"]);
  }

  async #begin() {
    const record = await new NewZone(this.scene, new Set([...this.known.keys(), ...this.drafts.ids()])).ask();
    if (!record) return;
    this.drafts.set(record.zone_id, { base: null, record });
    this.choose(record.zone_id);
    this.drawing.start();
  }

  #discard() {
    const id = this.chosen;
    this.drafts.set(id, null);
    this.news = null;
    tell("Changes discarded.");
    this.choose(this.known.has(id) ? id : this.#ids()[0]);
  }

  /** Save the zone that is shown. */
  async save() {
    if (at("save").disabled || this.saving) return;
    await this.#save(this.#record(this.chosen), this.#base);
  }

  async #save(record, base) {
    const [id, reason] = [this.chosen, at("reason").value];
    this.saving = true;
    say(at("state"), "Saving …");
    try {
      const answer = await save("zones", id, record, base, reason.trim());
      this.known.set(id, (await one("zones", id)) ?? answer);
      const goesOn = this.drafts.saved(id, record, this.known.get(id));
      this.scene.zones = this.known;
      this.saving = false;
      trouble("");
      if (id !== this.chosen) return this.#list();
      if (at("reason").value === reason) at("reason").value = "";
      this.news = null;
      this.saved = answer.edit_id === null ? "Nothing to save: it says this already." : `Saved as version ${answer.version}. Takes effect ${answer.takes_effect}.`;
      if (!goesOn) return this.choose(id);
      this.#list(); // what is drawn or typed goes on
      this.#show();
    } catch (error) {
      this.saving = false;
      if (id !== this.chosen) return trouble(`${record.name || id}: ${explain(error)}`);
      this.#show();
      if (error.status === 412 || (error.status === 404 && base)) await this.settle();
      else this.#refused(error);
    }
    this.saving = false;
  }

  #refused(error) {
    const rest = this.form.faults(error.errors ?? []);
    const outline = rest.filter(({ field }) => field?.startsWith("polygon"));
    if (outline.length) {
      say(at("fault"), outline.map(({ reason }) => reason).join(" "));
      at("fault").hidden = false;
    }
    const told = error.errors?.length && rest.length === outline.length;
    trouble(told ? "Not saved: see what is marked below." : explain(error));
  }

  /** Both changed it: show how, and let one choose. */
  async settle() {
    const [id, draft] = [this.chosen, this.drafts.get(this.chosen)];
    const theirs = await one("zones", id).catch((error) => trouble(explain(error)));
    if (theirs === undefined || !draft) return;
    const title = draft.record.name || id;
    if (theirs === null) {
      const answer = await settleRemoved(title);
      if (answer === "drop") {
        this.known.delete(id);
        this.#discard();
      } else if (answer === "again") await this.#save(draft.record, null);
      return;
    }
    const base = draft.base ?? { ...theirs, version: 0, record: {} };
    const frame = { viewBox: at("drawing").getAttribute("viewBox"), up: this.drawing.up };
    const answer = await settle({ title, fields: ZONE_FIELDS, base, mine: draft.record, theirs, me: this.me, frame });
    if (answer === null) return;
    this.known.set(id, theirs);
    this.steps = { past: [], future: [] };
    if (answer === "drop" || !compare(ZONE_FIELDS, theirs.record, answer, theirs.record).length) this.#discard();
    else {
      this.drafts.set(id, { base: theirs, record: answer });
      this.choose(id);
      await this.#save(answer, theirs);
    }
  }

  /** Look whether somebody else changed the zone that is shown. */
  async #look() {
    const id = this.chosen;
    if (id === null || document.hidden || this.saving || at("dialog").open || !this.known.has(id)) return;
    const now = await one("zones", id).catch((error) => (error.status === 401 ? explain(error) : undefined));
    if (now === undefined || id !== this.chosen || this.saving || now?.version === this.known.get(id).version) return;
    if (this.drafts.get(id)) {
      const compareNow = make("button", "plain", "Look at both");
      compareNow.type = "button";
      compareNow.addEventListener("click", () => this.settle());
      const what = now ? `${author(now, this.me)} changed this zone at ${when(now)}. ` : "Somebody removed this zone. ";
      this.news = [what, compareNow];
      this.#show();
    } else if (now) {
      this.known.set(id, now);
      this.saved = `Changed by ${author(now, this.me)} at ${when(now)}; this is the new version.`;
      this.choose(id);
    } else this.load(null);
  }

  async #remove() {
    const [id, base] = [this.chosen, this.#base];
    const name = base.record.name || id;
    if (!(await sure(`Remove ${name}?`, "People in it are no longer counted from about 5 s from now on. Its history stays.", "Remove it"))) return;
    try {
      await remove("zones", base);
      this.drafts.set(id, null);
      this.known.delete(id);
      tell(`${name} is removed.`);
      this.choose(this.#ids()[0]);
    } catch (error) {
      if (error.status !== 412) trouble(explain(error));
      else {
        trouble("Not removed: somebody changed it meanwhile. This is the new version.");
        this.known.set(id, (await one("zones", id)) ?? base);
        this.choose(id);
      }
    }
  }
}

function points(polygon) {
  return polygon.map(([x, y]) => ({ x, y }));
}

const me = await start();
if (me) await new ZonesPage(me).load();
