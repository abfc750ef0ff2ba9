// The cells of a table that is edited in place: one input for each kind of value.
import { make } from "../messages.js";
import { dayName } from "./words.js";

/**
 * Make the input of one cell.
 *
 * @param column `{field, label, type, options}`
 * @param value now
 * @param name of the row, for screen readers
 * @param changed called with the new value
 */
export function cell(column, value, name, changed) {
  if (column.type === "days") return dayBoxes(column, value, name, changed);
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

function dayBoxes(column, value, name, changed) {
  const box = make("fieldset", "days", make("legend", "unseen", `${column.label}, ${name}`));
  const boxes = [1, 2, 3, 4, 5, 6, 7].map((day) => {
    const input = Object.assign(make("input"), { type: "checkbox", value: String(day), checked: value.includes(day) });
    input.addEventListener("change", () => changed(boxes.filter((one) => one.checked).map((one) => Number(one.value))));
    box.append(make("label", "day", input, make("span", "", dayName(day))));
    return input;
  });
  return box;
}
