// What a save would do, before it does it: the import's own checks look at it without changing anything.
import { make } from "../messages.js";
import { choose, explain, trouble } from "../page.js";
import { preview } from "./registry.js";
import { fieldName } from "./words.js";

export class Review {
  /** @param sort what is edited, as for `EditTable` */
  constructor({ noun }) {
    this.noun = noun;
  }

  /**
   * Show what would happen; true when it is wanted.
   *
   * @param lines `[what, name, details]` for each row
   * @param rows rows that are new or changed, in the API's form
   * @param names of the rows by id
   * @param consequences what else happens, in sentences
   * @param more elements that are asked for
   */
  async ask(lines, rows, names, consequences = [], more = []) {
    this.nameOf = (id) => (names.has(id) ? `${names.get(id)}: ` : "");
    let checked = { changes: [], warnings: [] };
    try {
      if (rows.length) checked = await preview({ [this.noun]: rows });
    } catch (error) {
      if (error.status !== 422) {
        trouble(explain(error));
        return false;
      }
      await choose("This cannot be saved", [this.#faults(error)], [["", "Go on editing", "primary"]]);
      return false;
    }
    const items = lines.map(([what, name, details]) => make("li", "", make("strong", "", `${what}: `), name, make("p", "note", details)));
    const content = [make("ul", "review", ...items)];
    const also = (checked.changes ?? []).filter(({ cause }) => cause);
    if (also.length) {
      content.push(make("p", "", "This also changes:"));
      content.push(make("ul", "review", ...also.map((effect) => make("li", "", `${effect.kind} ${effect.id} (${effect.cause}): ${effect.details.join("; ")}`))));
    }
    const warnings = [...consequences, ...(checked.warnings ?? [])];
    if (warnings.length) content.push(make("ul", "review warnings", ...warnings.map((text) => make("li", "", `Careful: ${text}`))));
    content.push(...more, make("p", "note", "Takes effect in about 5 s."));
    return (await choose("Save these changes?", content, [["", "Go on editing", "plain"], ["save", "Save", "primary"]])) === "save";
  }

  #faults(error) {
    const reasons = error.errors?.length ? error.errors.map(({ id, field, reason }) => `${this.nameOf(id)}${field ? fieldName(field) : "This row"}: ${reason}`) : error.message.split("\n");
    return make("ul", "review", ...reasons.map((reason) => make("li", "fault", reason)));
  }
}
