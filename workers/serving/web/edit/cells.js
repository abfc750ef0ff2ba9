// The cells of a table that is edited in place: one input for each kind of value.
import { make } from "../messages.js";
import { dayName } from "./words.js";

/**
 * Make the input of one cell.
 *
 * @param column `{field, label, type, options}`; a `word` is only shown
 * @param value now
 * @param name of the row, for screen readers
 * @param changed called with the new value
 * @param record of the row, for options that depend on it
 */
export function cell(column, value, name, changed, record = {}) {
  if (column.type === "word") return make("span", "word", value);
  if (column.type === "days") return boxes(column, [1, 2, 3, 4, 5, 6, 7].map((day) => [day, dayName(day)]), value, name, changed);
  if (column.type === "set") return boxes(column, [...new Set([...column.options(record), ...value])].sort().map((one) => [one, one]), value, name, changed);
  const input = column.type === "select" ? select(column, value) : make("input");
  if (column.type === "count") Object.assign(input, { type: "number", min: "0", max: "1000", step: "1", inputMode: "numeric" });
  else if (column.type !== "select") input.type = column.type;
  if (column.type === "text") input.maxLength = 200;
  input.value = value ?? "";
  input.name = column.field;
  input.setAttribute("aria-label", `${column.label}, ${name}`);
  input.addEventListener("input", () => changed(column.type === "count" ? (input.value === "" ? null : Number(input.value)) : input.value || null));
  return input;
}

function select({ options }, value) {
  const list = options();
  const input = make("select");
  const all = list.some(([known]) => known === (value ?? "")) ? list : [[value ?? "", value || "Choose …"], ...list];
  input.append(...all.map(([known, words]) => Object.assign(make("option", "", words), { value: known })));
  return input;
}

function boxes(column, list, value, name, changed) {
  const box = make("fieldset", "days", make("legend", "unseen", `${column.label}, ${name}`));
  const inputs = list.map(([one, words]) => {
    const input = Object.assign(make("input"), { type: "checkbox", value: String(one), checked: value.includes(one) });
    input.addEventListener("change", () => changed(list.filter((_, i) => inputs[i].checked).map(([each]) => each)));
    box.append(make("label", "day", input, make("span", "", words)));
    return input;
  });
  if (!list.length) box.append(make("span", "note", "no other role"));
  return box;
}
