// The name of a member of staff: for who has the right, with a reason that the audit keeps.
import { make, say } from "./messages.js";
import { read } from "./requests.js";
import { NAME, nameOf, roleName, whyNoName } from "./words.js";

const REASON = { min: 3, max: 200 }; // characters

/** Ask for a reason, show the name, and forget it when the dialog is closed. */
export function askName(staffId, role) {
  const input = make("input");
  Object.assign(input, { id: "name-reason", required: true, minLength: REASON.min, maxLength: REASON.max, autocomplete: "off" });
  const label = make("label", "", NAME.reason);
  label.htmlFor = input.id;
  const answer = make("p", "large");
  answer.setAttribute("role", "status");
  const close = make("button", "plain", NAME.close);
  close.type = "button";
  const show = make("button", "primary", NAME.show);
  const title = make("h2", "large", nameOf(roleName(role), staffId));
  const form = make("form", "dialog-form", title, make("div", "field", label, input), answer, make("div", "dialog-buttons", close, show));
  const dialog = make("dialog", "dialog", form);
  close.addEventListener("click", () => dialog.close());
  dialog.addEventListener("close", () => dialog.remove());
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    show.disabled = true;
    try {
      const { name } = await read(`registry/staff/${encodeURIComponent(staffId)}/name`, { purpose: input.value.trim() });
      say(answer, name);
    } catch (error) {
      say(answer, whyNoName(error));
      show.disabled = false;
    }
  });
  document.body.append(dialog);
  dialog.showModal();
}
