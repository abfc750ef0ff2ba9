// Earlier versions of one thing, and taking the last change back.
import { make, say } from "../messages.js";
import { compare } from "./merge.js";
import { explain, sure, trouble } from "../page.js";
import { undo, versions } from "./registry.js";
import { author, fieldName, valueOf, when } from "./words.js";

export class History {
  /**
   * @param box the `details` that shows it
   * @param list where the versions go
   * @param me who asks
   * @param sort `kind` of thing, such as `zones`; `fields` to compare; `done`, called after the last
   *   change was taken back; the `right` to do so; `read` makes the page's form of a record
   */
  constructor(box, list, me, { kind, fields, done, right = "staffing.edit", read = (record) => record }) {
    Object.assign(this, { box, list, me, kind, fields, done, right, read });
    box.addEventListener("toggle", () => this.#read());
  }

  /** Show the history of a thing; null for none. */
  of(known) {
    this.known = known;
    this.box.hidden = !known;
    this.#read();
  }

  async #read() {
    const { known } = this;
    if (!this.box.open || !known) return;
    try {
      const found = await versions(this.kind, known.id);
      if (this.known !== known) return;
      this.list.replaceChildren(...found.map((version, i) => this.#item(version, found[i + 1], i === 0 && found.length > 1)));
    } catch (error) {
      say(this.list, explain(error));
    }
  }

  #item(version, before, newest) {
    const who = `Version ${version.version}, ${when(version)}, by ${author(version, this.me)}`;
    let what = version.removed ? "removed" : "registered";
    if (before && !version.removed && !before.removed) {
      const found = compare(this.fields, ...[before, version, before].map(({ record }) => this.read(record)));
      what = found.map(({ field, base, mine }) => `${fieldName(field)}: ${valueOf(field, base)} → ${valueOf(field, mine)}`).join("; ") || "nothing changed";
    }
    if (version.reason) what += ` (${version.reason})`;
    const item = make("li", "", make("p", "", who), make("p", "note", what));
    if (newest && this.me.rights.has(this.right)) {
      const back = make("button", "plain small", "Take this change back");
      back.type = "button";
      back.addEventListener("click", () => this.#undo());
      item.append(back);
    }
    return item;
  }

  async #undo() {
    const { known } = this;
    if (!(await sure("Take the last change back?", `What version ${known.version - 1} said holds again, as a new version.`, "Take it back"))) return;
    try {
      await undo(this.kind, known);
      trouble("");
      await this.done();
    } catch (error) {
      trouble(error.status === 412 ? "Not taken back: somebody changed it meanwhile. Reload this page." : explain(error));
    }
  }
}
