// The page of rules of alerts: choose one, say what is a breach and who does what, save it.
import { make, say } from "../messages.js";
import { at, choose, explain, start, sure, tell, trouble } from "../page.js";
import { settle, settleRemoved } from "./conflict.js";
import { Drafts } from "./drafts.js";
import { History } from "./history.js";
import { compare, equal } from "./merge.js";
import { all, one, preview, remove, save } from "./registry.js";
import { Review } from "./review.js";
import { Burden } from "./rule_burden.js";
import { RULE_FIELDS, USUAL } from "./rule_fields.js";
import { RuleForm } from "./rule_form.js";
import { restated } from "./rule_in_words.js";
import { BURDEN, kindName, KINDS, STAGES, TEXT } from "./rule_words.js";
import { Trial } from "./rule_trial.js";
import { saveYaml, toYaml } from "./rule_yaml.js";
import { author, fieldName, fieldNames, idFrom, valueOf, when } from "./words.js";

const LOOK_MS = 8000; // how often it looks whether somebody else changed the rule
const CHECK_MS = 600; // from the last change until the import's checks are asked

class RulesPage {
  constructor(me) {
    this.me = me;
    this.mayEdit = me.rights.has("staffing.edit");
    this.drafts = new Drafts("rules", me.subject);
    this.known = new Map();
    this.chosen = null;
    this.burden = new Burden(at("burden"));
    this.trial = new Trial(at("trial"), () => ({ record: this.#record(this.chosen), names: this.places.names }));
    at("trial").hidden = !this.mayEdit;
    this.form = new RuleForm(at("form"), (fields) => this.#change(fields));
    this.history = new History(at("history"), at("versions"), me, { kind: "rules", fields: RULE_FIELDS, done: () => this.load(this.chosen) });
    at("filter").append(new Option("All rules", ""), ...STAGES.map(([stage, words]) => new Option(`Stage: ${words.split(":")[0].toLowerCase()}`, `stage ${stage}`)), ...KINDS.map(([kind, words]) => new Option(words, `kind ${kind}`)));
    at("filter").addEventListener("change", () => this.#list());
    at("new").addEventListener("click", () => this.#begin());
    at("export").addEventListener("click", () => this.#export());
    at("save").addEventListener("click", () => this.save());
    at("discard").addEventListener("click", () => this.#discard());
    at("remove").addEventListener("click", () => this.#remove());
    at("form").addEventListener("submit", (event) => {
      event.preventDefault();
      this.save();
    });
    setInterval(() => this.#look(), LOOK_MS);
  }

  /** Read everything, and choose a rule. */
  async load(wanted = new URLSearchParams(location.search).get("rule")) {
    try {
      const [rules, zones, floors, units, roles, staff, needs] = await Promise.all(["rules", "zones", "floors", "units", "roles", "staff", "requirements"].map(all));
      this.known = new Map(rules.map((rule) => [rule.id, rule]));
      this.places = placesOf({ zones, floors, units }, [...roles.filter(({ record }) => record.is_staff), ...staff, ...needs, ...rules]);
      trouble("");
    } catch (error) {
      trouble(explain(error));
      return;
    }
    at("new").hidden = !this.mayEdit; // its form needs what was read
    const ids = this.#ids();
    this.choose(ids.includes(wanted) ? wanted : ids[0]);
    await this.burden.load();
    this.#list();
    this.#showBurden();
  }

  #showBurden() {
    this.burden.show(this.known.has(this.chosen) ? this.chosen : null);
  }

  /** Ids in the order of the list: by stage, then by name. */
  #ids() {
    const order = STAGES.map(([stage]) => stage).reverse();
    const rules = [...new Set([...this.known.keys(), ...this.drafts.ids()])].map((id) => [id, this.#record(id)]);
    rules.sort(([a, x], [b, y]) => order.indexOf(x.stage) - order.indexOf(y.stage) || (x.name || a).localeCompare(y.name || b));
    return rules.map(([id]) => id);
  }

  #shown() {
    const [field, value] = at("filter").value.split(" ");
    return this.#ids().filter((id) => !field || this.#record(id)[field] === value);
  }

  #record(id) {
    return this.drafts.get(id)?.record ?? this.known.get(id)?.record;
  }

  get #base() {
    const draft = this.drafts.get(this.chosen);
    return draft ? draft.base : (this.known.get(this.chosen) ?? null);
  }

  /** Show one rule. */
  choose(id) {
    if (id !== this.chosen) {
      Object.assign(this, { news: null, saved: "", asked: new Set() });
      this.trial.forget();
    }
    this.chosen = id ?? null;
    at("work").hidden = at("facts").hidden = id === undefined;
    at("bar").hidden = id === undefined || !this.mayEdit;
    this.#list();
    if (id === undefined) return;
    history.replaceState(null, "", `?rule=${encodeURIComponent(id)}`);
    this.errors = [];
    this.form.show(this.#record(id), this.places, !this.mayEdit);
    this.history.of(this.known.get(id) ?? null);
    this.#showBurden();
    this.#show();
    if (this.drafts.get(id)) this.#checkSoon();
  }

  #list() {
    const groups = new Map();
    for (const id of this.#shown()) {
      const record = this.#record(id);
      const button = make("button", "zone-choice", make("span", "zone-label", record.name || id));
      button.type = "button";
      if (id === this.chosen) button.setAttribute("aria-current", "true");
      if (this.drafts.get(id)) button.append(make("span", "unsaved", "not saved"));
      button.append(make("span", "rule-kind", kindName(record.kind)));
      if (this.burden.asksTooMuch(id)) button.append(make("span", "asks-too-much", BURDEN.mark));
      button.addEventListener("click", () => this.choose(id));
      groups.set(record.stage, [...(groups.get(record.stage) ?? []), make("li", "", button)]);
    }
    const focus = at("chooser").contains(document.activeElement);
    const title = (stage) => STAGES.find(([known]) => known === stage)?.[1].split(":")[0] ?? stage;
    at("chooser").replaceChildren(...[...groups].map(([stage, items]) => make("div", "", make("h3", "note", title(stage)), make("ul", "choices", ...items))));
    if (focus) at("chooser").querySelector("[aria-current]")?.focus();
    at("none").hidden = groups.size > 0;
    say(at("none"), this.#ids().length ? TEXT.noneShown : TEXT.none);
    at("export").disabled = !this.#shown().some((id) => this.known.has(id));
  }

  /** Show what follows from the draft: the rule in words, what is not saved, what is wrong. */
  #show() {
    const [record, base, id] = [this.#record(this.chosen), this.#base, this.chosen];
    say(at("work-heading"), record.name || id);
    const made = base && `Version ${base.version}, by ${author(base, this.me)}${when(base) ? `, ${when(base)}` : ""}`;
    say(at("provenance"), [id, made].filter(Boolean).join(" · "));
    at("restated").replaceChildren(...restated(record, this.places.names).map((words) => make("p", "", words)));
    const changed = this.#changed();
    say(at("restated-heading"), changed.length ? `${TEXT.restated}, ${TEXT.draft}` : TEXT.restated);
    at("save").disabled = at("discard").disabled = !changed.length;
    at("bar").dataset.changed = String(changed.length > 0);
    const seen = this.errors.filter(({ field }) => this.asked.has(field) || this.asked.has("*"));
    this.form.faults(seen);
    const state = !changed.length ? this.saved || "No changes" : base ? `Not saved: ${fieldNames(changed)}` : TEXT.fresh;
    say(at("state"), seen.length ? `${state}. ${TEXT.wrong(seen.length)}` : state);
    at("remove").hidden = !this.mayEdit || !base;
    at("news").hidden = !this.news;
    if (this.news) at("news").replaceChildren(...this.news);
  }

  #changed() {
    const [base, record] = [this.#base, this.#record(this.chosen)];
    return base ? RULE_FIELDS.filter((field) => !equal(record[field], base.record[field])) : RULE_FIELDS;
  }

  #change(fields) {
    const [had, base] = [Boolean(this.drafts.get(this.chosen)), this.#base];
    const record = { ...this.#record(this.chosen), ...fields };
    const differs = !base || RULE_FIELDS.some((field) => !equal(record[field], base.record[field]));
    this.drafts.set(this.chosen, differs ? { base, record } : null);
    for (const field of Object.keys(fields)) this.asked.add(field);
    this.trial.forget();
    this.saved = "";
    if (this.refused) trouble("");
    this.refused = false;
    if (had !== differs || ["name", "kind", "stage"].some((field) => field in fields)) this.#list();
    this.#show();
    this.#checkSoon();
  }

  /** Ask the import's checks a moment after the last change. */
  #checkSoon() {
    clearTimeout(this.checking);
    if (this.mayEdit) this.checking = setTimeout(() => this.#check().catch(() => {}), CHECK_MS);
  }

  /** What the import would say of the draft, at its fields; true when it would take it. */
  async #check() {
    const [id, draft] = [this.chosen, this.drafts.get(this.chosen)];
    let errors = [];
    try {
      if (draft) await preview({ rule: [draft.record] });
    } catch (error) {
      if (error.status !== 422) throw error;
      errors = error.errors;
    }
    if (id === this.chosen && draft === this.drafts.get(id)) {
      this.errors = errors;
      this.#show();
    }
    return !errors.length;
  }

  async #begin() {
    const input = make("input");
    Object.assign(input, { id: "new-name", type: "text", maxLength: 120, required: true });
    const label = make("label", "", "Name, as it will stand on the board");
    label.htmlFor = input.id;
    const answer = await choose("A new rule", [make("div", "field", label, input)], [["", "Cancel", "plain"], ["yes", "Write it", "primary"]]);
    const name = input.value.trim();
    if (answer !== "yes" || !name) return;
    const id = idFrom(name, new Set([...this.known.keys(), ...this.drafts.ids()]));
    this.drafts.set(id, { base: null, record: { rule_id: id, ...USUAL, name } });
    at("filter").value = "";
    this.choose(id);
    document.getElementById("field-kind")?.focus();
  }

  #export() {
    const ids = this.#shown().filter((id) => this.known.has(id));
    saveYaml("rules.yaml", toYaml(ids.map((id) => this.known.get(id).record)));
    tell(TEXT.exported(ids.length));
  }

  #discard() {
    const id = this.chosen;
    this.drafts.set(id, null);
    this.news = null;
    tell("Changes discarded.");
    this.choose(this.known.has(id) ? id : this.#ids()[0]);
  }

  /** Look the rule that is shown over, and save it. */
  async save() {
    if (at("save").disabled || this.saving) return;
    this.saving = true;
    clearTimeout(this.checking);
    try {
      if (await this.#check()) {
        const [record, base] = [this.#record(this.chosen), this.#base];
        const reason = await this.#review(record, base);
        if (reason !== null) await this.#save(record, base, reason);
      } else this.#refused(this.errors);
    } catch (error) {
      trouble(explain(error));
    }
    this.saving = false;
  }

  /** Say what a save would do; the reason that is given, null to go on editing. */
  async #review(record, base) {
    const input = make("input");
    Object.assign(input, { id: "reason", type: "text", maxLength: 300 });
    const label = make("label", "", "Reason, for whoever reads the history (may be empty)");
    label.htmlFor = input.id;
    const details = base && compare(RULE_FIELDS, base.record, record, base.record).map(({ field }) => `${fieldName(field).toLowerCase()} ${valueOf(field, base.record[field])} → ${valueOf(field, record[field])}`).join(", ");
    const line = [base ? "Changed" : "New", record.name || record.rule_id, details || restated(record, this.places.names)[0]];
    const wanted = await new Review({ noun: "rule" }).ask([line], [record], new Map(), [], [make("div", "field", label, input)]);
    return wanted ? input.value.trim() : null;
  }

  async #save(record, base, reason) {
    const id = this.chosen;
    say(at("state"), "Saving …");
    try {
      const answer = await save("rules", id, record, base, reason);
      this.known.set(id, (await one("rules", id)) ?? answer);
      const goesOn = this.drafts.saved(id, record, this.known.get(id));
      trouble("");
      if (id !== this.chosen) return this.#list();
      this.news = null;
      if (goesOn) this.#list(); // its form is being typed in
      else this.choose(id);
      this.saved = answer.edit_id === null ? TEXT.same : TEXT.saved(answer.version, answer.takes_effect);
      this.#show();
    } catch (error) {
      if (id !== this.chosen) throw error;
      if (error.status === 412 || (error.status === 404 && base)) await this.#settle(reason);
      else if (error.errors?.length) this.#refused(error.errors);
      else throw error;
    }
  }

  #refused(errors) {
    this.errors = errors;
    this.refused = true;
    this.asked.add("*");
    this.#show();
    const rest = this.form.faults(errors, true);
    trouble([TEXT.refused, ...rest.map(({ field, reason }) => `${field ? `${fieldName(field)}: ` : ""}${reason}.`)].join(" "));
  }

  /** Both changed it: show how, and let one choose. */
  async #settle(reason) {
    const [id, draft] = [this.chosen, this.drafts.get(this.chosen)];
    const theirs = await one("rules", id);
    if (!draft) return;
    const title = draft.record.name || id;
    if (theirs === null) {
      const answer = await settleRemoved(title);
      if (answer === "drop") {
        this.known.delete(id);
        this.#discard();
      } else if (answer === "again") await this.#save(draft.record, null, reason);
      return;
    }
    const base = draft.base ?? { ...theirs, version: 0, record: {} };
    const answer = await settle({ title, fields: RULE_FIELDS, base, mine: draft.record, theirs, me: this.me });
    if (answer === null) return;
    this.known.set(id, theirs);
    if (answer === "drop" || !compare(RULE_FIELDS, theirs.record, answer, theirs.record).length) this.#discard();
    else {
      this.drafts.set(id, { base: theirs, record: answer });
      this.choose(id);
      await this.#save(answer, theirs, reason);
    }
  }

  /** Look whether somebody else changed the rule that is shown. */
  async #look() {
    const id = this.chosen;
    if (id === null || document.hidden || this.saving || at("dialog").open || !this.known.has(id)) return;
    const now = await one("rules", id).catch((error) => (error.status === 401 ? explain(error) : undefined));
    if (now === undefined || id !== this.chosen || this.saving || now?.version === this.known.get(id).version) return;
    if (this.drafts.get(id)) {
      const both = make("button", "plain", "Look at both");
      both.type = "button";
      both.addEventListener("click", () => this.#settle("").catch((error) => trouble(explain(error))));
      this.news = [now ? `${author(now, this.me)} changed this rule at ${when(now)}. ` : "Somebody removed this rule. ", both];
      this.#show();
    } else if (now) {
      this.known.set(id, now);
      this.choose(id);
      this.saved = `Changed by ${author(now, this.me)} at ${when(now)}; this is the new version.`;
      this.#show();
    } else this.load(null);
  }

  async #remove() {
    const [id, base] = [this.chosen, this.#base];
    const name = base.record.name || id;
    if (!(await sure(TEXT.remove(name), TEXT.removal, "Remove it"))) return;
    try {
      await remove("rules", base);
      this.drafts.set(id, null);
      this.known.delete(id);
      tell(TEXT.removed(name));
      this.choose(this.#ids()[0]);
    } catch (error) {
      if (error.status !== 412) trouble(explain(error));
      else {
        trouble("Not removed: somebody changed it meanwhile. This is the new version.");
        this.known.set(id, (await one("rules", id)) ?? base);
        this.choose(id);
      }
    }
  }
}

/** What a form may offer: zones with their floor, floors, units and staff roles, each by name. */
function placesOf({ zones, floors, units }, withRoles) {
  const nameOf = (list) => new Map(list.map(({ id, record }) => [id, record.name || id]));
  const [zone, floor, unit] = [zones, floors, units].map(nameOf);
  const several = floors.length > 1;
  const offered = (list, words) => list.map(({ id, record }) => [id, words(id, record)]).sort(([, a], [, b]) => a.localeCompare(b));
  const roles = new Set(withRoles.flatMap(({ record }) => record.roles ?? (record.role ? [record.role] : [])));
  return {
    zones: offered(zones, (id, record) => (several && record.floor_id ? `${zone.get(id)} (${floor.get(record.floor_id) ?? record.floor_id})` : zone.get(id))),
    floors: offered(floors, (id) => floor.get(id)),
    units: offered(units, (id) => unit.get(id)),
    roles: [...roles].sort().map((role) => [role, role]),
    unitPlaces: new Map(units.map(({ id, record }) => [id, { zone_ids: record.zone_ids ?? [], floor_ids: record.floor_ids ?? [] }])),
    names: { zone: (id) => zone.get(id) ?? id, floor: (id) => floor.get(id) ?? id, unit: (id) => unit.get(id) ?? id },
  };
}

const me = await start();
if (me) await new RulesPage(me).load();
