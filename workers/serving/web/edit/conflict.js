// Somebody else saved the same thing first: show both changes, let one choose, lose nothing.
import { draw, make } from "../messages.js";
import { compare, merged } from "./merge.js";
import { choose } from "../page.js";
import { author, fieldName, isOutline, valueOf, when } from "./words.js";

/**
 * Let somebody choose between two changes.
 *
 * @param what `{title, fields, base, mine, theirs, me, frame}`: the name of the thing, its fields,
 *   three records with who and when, and `viewBox` and `up` of the frame of an outline
 * @returns the record to save on top of theirs, `"drop"` to let mine go, or null to go on editing
 */
export async function settle({ title, fields, base, mine, theirs, me, frame }) {
  const found = compare(fields, base.record, mine, theirs.record);
  const choices = {};
  const other = author(theirs, me);
  const content = [
    make("p", "", made(base, theirs, me), make("strong", "", "Your changes are not saved yet, and not lost.")),
    ...found.map((one) => (isOutline(one.field) ? outlines(one, { choices, other, frame, check }) : values(one, { choices, other, check, mine, theirs }))),
  ];
  const asked = choose(`${title} was changed while you edited it`, content, [
    ["", "Go on editing", "plain"],
    ["drop", "Drop my changes", "plain"],
    ["save", "Save the result", "primary"],
  ]);
  const save = document.querySelector("#dialog button[value=save]");
  function check() {
    if (save) save.disabled = merged(found, theirs.record, choices) === null;
  }
  check();
  const answer = await asked;
  if (answer === "drop") return "drop";
  return answer === "save" ? merged(found, theirs.record, choices) : null;
}

function made(base, theirs, me) {
  const who = author(theirs, me);
  const start = who === "you" ? "You saved" : `${who[0].toUpperCase()}${who.slice(1)} saved`;
  return `${start} version ${theirs.version} at ${when(theirs)}${who === "you" ? " in another window" : ""}, after you had opened version ${base.version}. `;
}

/** One field that is not an outline. */
function values(one, { choices, other, check, mine, theirs }) {
  const { field, by } = one;
  const was = make("p", "note", `Before: ${valueOf(field, one.base, theirs.record)}`);
  const box = make("fieldset", "difference", make("legend", "", fieldName(field)));
  const [now, own] = [valueOf(field, one.theirs, theirs.record), valueOf(field, one.mine, mine)];
  if (by === "both") box.append(...radios(one, choices, check, `${now}, by ${other}`, `${own}, yours`));
  else if (by === "theirs") box.append(make("p", "kept", `${now}, changed by ${other}: stays`));
  else if (by === "mine") box.append(make("p", "kept", `${own}, changed by you: will be saved`));
  else box.append(make("p", "kept", `${now}: you both chose this`));
  box.append(was);
  return box;
}

function radios({ field }, choices, check, theirs, mine) {
  return [["theirs", theirs], ["mine", mine]].map(([value, words]) => {
    const button = make("input");
    Object.assign(button, { type: "radio", name: `keep-${field}`, value });
    button.addEventListener("change", () => {
      choices[field] = value;
      check();
    });
    return make("label", "choice", button, make("span", "", words));
  });
}

/** The outline: all three drawn over each other, each with its own stroke. */
function outlines(one, { choices, other, frame, check }) {
  const line = (points, kind) =>
    draw("polygon", { points: points.map(([x, y]) => `${x},${frame.up ? -y : y}`).join(" "), class: `versus ${kind}` });
  const shown = [["before", one.base], ["theirs", one.theirs], ["yours", one.mine]].filter(([, points]) => points);
  const svg = draw("svg", { viewBox: frame.viewBox, class: "versus-stage", "aria-hidden": "true" }, ...shown.map(([kind, points]) => line(points, kind)));
  const key = (kind, words) =>
    make("li", "", draw("svg", { viewBox: "0 0 32 12", "aria-hidden": "true" }, draw("path", { d: "M1 6H31", class: `versus ${kind}` })), words);
  const legend = make("ul", "legend", key("before", "before"), key("theirs", `now, by ${other}`), key("yours", "yours"));
  const box = make("fieldset", "difference", make("legend", "", fieldName(one.field)), svg, legend);
  if (one.by === "both") box.append(...radios(one, choices, check, `The outline by ${other}`, "My outline"));
  else if (one.by === "theirs") box.append(make("p", "kept", `The outline by ${other} stays`));
  else if (one.by === "mine") box.append(make("p", "kept", "Your outline will be saved"));
  return box;
}

/** Somebody else removed what is being edited: `"again"` makes it anew, `"drop"` lets it go. */
export async function settleRemoved(title) {
  const text = "It was removed while you edited it. Your changes are not lost: save them as a new one, or let them go.";
  const answer = await choose(`${title} is no longer there`, [make("p", "", text)], [
    ["", "Go on editing", "plain"],
    ["drop", "Drop my changes", "plain"],
    ["again", "Save as a new one", "primary"],
  ]);
  return answer || null;
}
