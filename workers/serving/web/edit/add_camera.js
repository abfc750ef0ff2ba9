// Add a camera: look through it before it is registered, for those who may.
import { make, say } from "../messages.js";
import { at, choose, explain, tell, trouble } from "../page.js";
import { ask, read } from "../requests.js";
import { ADD } from "./camera_words.js";
import { save } from "./registry.js";
import { idFrom } from "./words.js";

export class AddCamera {
  /**
   * @param button that begins
   * @param me who asks
   * @param hooks `floors()` gives `[id, name]` of each floor, `taken()` the ids of cameras, `done(id)`
   */
  constructor(button, me, hooks) {
    Object.assign(this, { me, hooks });
    button.hidden = !me.rights.has("registry.edit");
    button.addEventListener("click", () => this.#ask());
  }

  async #ask(before = {}, wrong = []) {
    const fields = this.#fields(before);
    const asked = choose(ADD.title, this.#content(fields, wrong), [["", "Cancel", "plain"], ["add", ADD.add, "primary"]]);
    fields.name.focus();
    if ((await asked) !== "add") return;
    const given = Object.fromEntries(Object.entries(fields).map(([name, input]) => [name, input.value.trim()]));
    await this.#add(given);
  }

  #fields(before) {
    const input = (name, type, more = {}) => Object.assign(make("input"), { id: `add-${name}`, type, value: before[name] ?? "", autocomplete: "off", ...more });
    const floor = make("select");
    floor.id = "add-floor";
    for (const [id, name] of [["", ADD.ownFloor], ...this.hooks.floors()]) floor.append(Object.assign(make("option", "", name), { value: id }));
    floor.value = before.floor ?? "";
    return {
      name: input("name", "text", { required: true, maxLength: 200 }),
      floor,
      ...(this.me.rights.has("addresses.edit") ? { address: input("address", "text", { maxLength: 2048, spellcheck: false }) } : {}),
      ...(this.#sees ? { purpose: input("purpose", "text", { maxLength: 200 }) } : {}),
      width: input("width", "number", { required: true, min: "1", max: "16384", step: "1" }),
      height: input("height", "number", { required: true, min: "1", max: "16384", step: "1" }),
      why: input("why", "text", { required: true, maxLength: 300 }),
    };
  }

  get #sees() {
    return this.me.rights.has("frames.read") && this.me.rights.has("addresses.edit");
  }

  #content(fields, wrong) {
    const field = (name) => {
      const label = make("label", "", ADD[name]);
      label.htmlFor = fields[name].id;
      const help = make("span", "note", ADD[`${name}Help`] ?? "");
      const fault = make("span", "fault", wrong.filter(({ field: at_ }) => at_ === name).map(({ reason }) => reason).join(" "));
      fault.hidden = !fault.textContent;
      help.id = `${fields[name].id}-help`;
      fields[name].setAttribute("aria-describedby", help.id);
      return make("div", "field", label, fields[name], help, fault);
    };
    const parts = Object.keys(fields).map((name) => (name === "purpose" ? this.#look(fields, field(name)) : field(name)));
    const rest = wrong.filter(({ field: at_ }) => !(at_ in fields)).map(({ reason }) => make("p", "fault", reason));
    return [...rest, ...parts];
  }

  /** Show one picture of the stream; it is kept nowhere. */
  #look(fields, purpose) {
    const canvas = make("canvas", "shot");
    canvas.hidden = true;
    canvas.setAttribute("role", "img");
    canvas.setAttribute("aria-label", ADD.shown);
    const state = make("p", "note");
    state.setAttribute("role", "status");
    const button = make("button", "plain", ADD.look);
    button.type = "button";
    button.addEventListener("click", async () => {
      if (fields.purpose.value.trim().length < 3) return say(state, ADD.noPurpose);
      say(state, ADD.looking);
      button.disabled = true;
      try {
        const answer = await ask("registry/camera-preview", { method: "POST", body: { address: fields.address.value.trim() }, purpose: fields.purpose.value.trim() });
        const picture = await createImageBitmap(await answer.blob());
        Object.assign(canvas, { width: picture.width, height: picture.height, hidden: false });
        canvas.getContext("2d").drawImage(picture, 0, 0);
        [fields.width.value, fields.height.value] = [answer.headers.get("X-Width"), answer.headers.get("X-Height")];
        say(state, ADD.seen(fields.width.value, fields.height.value));
      } catch (error) {
        canvas.hidden = true;
        const [fault] = error.errors ?? [];
        say(state, fault ? ADD.noPicture(fault.reason) : explain(error).replace("Not saved", "No picture"));
      }
      button.disabled = false;
    });
    return make("div", "look", purpose, make("div", "tools", button), state, canvas);
  }

  async #add(given) {
    const id = idFrom(given.name, new Set(this.hooks.taken()));
    const { name, floor, width, height, why, address } = given;
    try {
      const zone = floor ? {} : { time_zone: (await read("status")).time_zone || Intl.DateTimeFormat().resolvedOptions().timeZone };
      await save("cameras", id, { name, width: Number(width), height: Number(height), ...(floor ? { floor_id: floor } : {}), ...zone }, null, why);
    } catch (error) {
      if (!error.errors?.length) trouble(explain(error));
      await this.#ask(given, error.errors?.length ? error.errors : [{ reason: explain(error) }]);
      return;
    }
    trouble("");
    if (address) await this.#keep(id, address, why);
    tell(ADD.added(name));
    await this.hooks.done(id);
    say(at("state"), ADD.added(name));
  }

  async #keep(id, address, why) {
    try {
      await ask(`registry/cameras/${encodeURIComponent(id)}/address?reason=${encodeURIComponent(why)}`, { method: "PUT", body: { address }, fresh: true });
    } catch (error) {
      trouble(ADD.noAddress(explain(error)));
    }
  }
}
