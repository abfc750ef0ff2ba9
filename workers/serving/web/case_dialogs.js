// What somebody says with an act on an alert: for how long it is snoozed, or why it is over.
import { DIALOGS, REASONS, SNOOZES } from "./case_words.js";
import { make } from "./messages.js";
import { choose } from "./page.js";

/** Ask for how long; minutes, or null where somebody thinks better of it. */
export async function askHowLong(place) {
  const found = await pick(DIALOGS.snoozeTitle(place), DIALOGS.snoozeAsk, SNOOZES, DIALOGS.snoozeNote, DIALOGS.snoozeSend, true);
  return found === null ? null : Number(found);
}

/** Ask why an alert is over; a reason, or null. */
export async function askWhy(place) {
  return pick(DIALOGS.resolveTitle(place), DIALOGS.resolveAsk, Object.entries(REASONS), DIALOGS.resolveNote, DIALOGS.resolveSend);
}

/** @param isChosen whether the first is chosen already: a reason is to be given, not left as it was */
async function pick(title, question, choices, text, send, isChosen = false) {
  const inputs = choices.map(([value], number) => {
    const input = make("input");
    return Object.assign(input, { type: "radio", name: "case-choice", value, required: true, checked: isChosen && number === 0 });
  });
  const labels = choices.map(([, words], number) => make("label", "choice", inputs[number], make("span", "", words)));
  const content = [make("fieldset", "choices", make("legend", "", question), ...labels), make("p", "note", text)];
  const sent = await choose(title, content, [
    ["", "Cancel", "plain"],
    ["send", send, "primary"],
  ]);
  return sent === "send" ? inputs.find((one) => one.checked).value : null;
}
