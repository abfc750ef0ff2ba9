// What the pages beside the board share: who looks, what they may, and how trouble is told.
import { themeSwitch } from "./choices.js";
import { make, say } from "./messages.js";
import { showLinks } from "./navigation.js";
import { follow, sessionEnded, showWho, whoAsks } from "./session.js";

export const at = (id) => document.getElementById(id);

/**
 * Start a page.
 *
 * @param right that the page needs
 * @returns who asks; null when they may not, or the board is out of reach, and the page says so
 */
export async function start(right = "registry.read") {
  themeSwitch(at("theme"), at("theme-word"));
  const me = await whoAsks();
  if (!me) {
    trouble("The board is out of reach. Reload this page to try again.");
    return null;
  }
  showWho(at("who"), me);
  showLinks(me);
  if (me.kind !== "local") follow(at("session"), me);
  if (me.rights.has(right)) return me;
  trouble("Your access role may not see this page. Ask an administrator for another role.");
  return null;
}

/** Say that something is wrong; empty takes it back. */
export function trouble(text) {
  say(at("banner"), text);
  at("banner").hidden = !text;
}

/** For screen readers. */
export function tell(text) {
  say(at("announce"), text);
}

/** What a refusal means here; the end of a session leaves the page, and its drafts stay. */
export function explain(error) {
  if (error.status === 401) {
    sessionEnded();
    return "Your session has ended.";
  }
  if (error.status === 0) return "Not saved: the board is out of reach. Your changes are kept in this window; try again.";
  if (error.status === 403) return `Not saved: ${error.message}.`;
  if (error.status >= 500) return `Not saved: ${error.message}. Your changes are kept in this window; try again.`;
  return error.message;
}

/**
 * Ask in the page's dialog.
 *
 * @param title of the dialog
 * @param content elements
 * @param choices `[value, words, class]` for each button, the safe one first
 * @returns {Promise<string>} the value of the button; empty when it was dismissed
 */
export function choose(title, content, choices) {
  const dialog = at("dialog");
  const heading = make("h2", "large", title);
  heading.id = "dialog-heading";
  const form = make("form", "dialog-form", heading, ...content);
  form.method = "dialog";
  const buttons = choices.map(([value, words, kind], i) => {
    const button = make("button", kind, words);
    Object.assign(button, { value, type: i === choices.length - 1 ? "submit" : "button" }); // Enter is the last one
    if (button.type === "button") button.addEventListener("click", () => dialog.close(value));
    return button;
  });
  form.append(make("div", "dialog-buttons", ...buttons));
  dialog.setAttribute("aria-labelledby", "dialog-heading");
  dialog.replaceChildren(form);
  dialog.returnValue = "";
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => resolve(dialog.returnValue), { once: true });
  });
}

/** Ask once more before something is removed. */
export async function sure(title, text, words) {
  return (await choose(title, [make("p", "", text)], [["", "Keep it", "plain"], ["yes", words, "primary danger"]])) === "yes";
}
