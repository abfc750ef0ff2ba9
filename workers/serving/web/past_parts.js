// Parts that the pages about the past share: sections, tables that fold on a phone, lists.
import { make } from "./messages.js";

/** A section with a heading; parts that are empty are left out. */
export function section(title, ...parts) {
  return make("section", "part", make("h2", "large", title), ...parts.filter(Boolean));
}

/** A small text beside something; null for none. */
export function note(text) {
  return text ? make("p", "note", text) : null;
}

/**
 * A table.
 *
 * @param name what it shows, for a screen reader
 * @param heads by name of the column; the first column heads its row
 * @param rows `{column: text or element}`; one that a row lacks is empty
 */
export function table(name, heads, rows) {
  const columns = Object.entries(heads);
  const head = make("tr", "", ...columns.map(([, words]) => Object.assign(make("th", "", words), { scope: "col" })));
  const body = rows.map((row) =>
    make(
      "tr",
      "",
      ...columns.map(([column, words], number) => {
        const cell = make(number ? "td" : "th", "", row[column] ?? "");
        if (!number) cell.scope = "row";
        cell.dataset.column = column;
        cell.dataset.label = words;
        return cell;
      }),
    ),
  );
  const whole = make("table", "facts", make("thead", "", head), make("tbody", "", ...body));
  whole.setAttribute("aria-label", name);
  return whole;
}

/** A button that does something. */
export function button(words, act, kind = "plain small") {
  const one = make("button", kind, words);
  one.type = "button";
  one.addEventListener("click", act);
  return one;
}
