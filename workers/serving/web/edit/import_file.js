// Import a file of rows: every change is shown before anything is saved.
import { make } from "../messages.js";
import { choose, explain, tell, trouble } from "../page.js";
import { upload } from "../requests.js";

const FORMS = ".csv,.xlsx,.ics,.yaml,.yml,.json";
const WORDS = {
  choose: "Import a file …",
  title: (name) => `Import ${name}?`,
  nothing: "The file changes nothing: all of it is registered already.",
  counts: (added, changed, removed) => [[added, "added"], [changed, "changed"], [removed, "cancelled or removed"]].filter(([count]) => count).map(([count, word]) => `${count} ${word}`).join(", "),
  why: "Why?",
  note: "All of it is taken, or nothing. Takes effect in about 5 s.",
  careful: (text) => `Careful: ${text}`,
  refused: "This file cannot be imported",
  saved: (count) => `${count === 1 ? "1 change" : `${count} changes`} imported; takes effect in about 5 s.`,
};

/**
 * Put a button for files of one kind before an element.
 *
 * @param before where it goes
 * @param kind of the rows, such as `shift`
 * @param done called once a file was imported, with words for it
 */
export function offerImport(before, kind, done) {
  const input = Object.assign(make("input", "unseen"), { type: "file", accept: FORMS, id: "import-file" });
  const label = make("label", "plain file", WORDS.choose);
  label.htmlFor = input.id;
  input.addEventListener("change", async () => {
    const [file] = input.files;
    if (file) await ask(file, kind, done);
    input.value = "";
  });
  before.before(input, label);
}

async function ask(file, kind, done) {
  const body = () => {
    const form = new FormData();
    form.append(kind, file, file.name);
    return form;
  };
  try {
    const { changes, warnings } = await upload("registry/imports?dry_run=true", body());
    if (!changes.length) {
      await choose(WORDS.title(file.name), [make("p", "", WORDS.nothing)], [["", "Close", "primary"]]);
      return;
    }
    const reason = await review(file.name, changes, warnings);
    if (reason === null) return;
    await upload(`registry/imports?reason=${encodeURIComponent(reason)}`, body());
    trouble("");
    tell(WORDS.saved(changes.length));
    await done(WORDS.saved(changes.length));
  } catch (error) {
    if (error.status !== 422 && error.status !== 400) {
      trouble(explain(error));
      return;
    }
    const reasons = error.errors?.length ? error.errors.map(({ id, field, reason }) => [id, field, reason].filter(Boolean).join(": ")) : error.message.split("\n");
    await choose(WORDS.refused, [make("ul", "review", ...reasons.map((text) => make("li", "fault", text)))], [["", "Close", "primary"]]);
  }
}

/** Show every change, and ask why; null when it is not wanted. */
async function review(name, changes, warnings) {
  const count = (...words) => changes.filter(({ change }) => words.includes(change)).length;
  const items = changes.map(({ change, kind, id, details, cause }) => make("li", "", make("strong", "", `${change}: `), `${kind} ${id}${cause ? ` (${cause})` : ""}`, make("p", "note", details.join("; "))));
  const content = [make("p", "", WORDS.counts(count("added"), count("changed"), count("cancelled", "removed"))), make("ul", "review long", ...items)];
  if (warnings.length) content.push(make("ul", "review warnings", ...warnings.map((text) => make("li", "", WORDS.careful(text)))));
  const why = Object.assign(make("input"), { id: "why", type: "text", maxLength: 300, required: true });
  const label = make("label", "", WORDS.why);
  label.htmlFor = why.id;
  content.push(make("div", "field", label, why), make("p", "note", WORDS.note));
  const answer = await choose(WORDS.title(name), content, [["", "Cancel", "plain"], ["save", "Import", "primary"]]);
  return answer === "save" ? why.value.trim() : null;
}
