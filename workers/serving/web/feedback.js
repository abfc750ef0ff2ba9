// What somebody says is wrong on the board: asked in a dialog, sent with the figure that was shown.
import { make, moment, say } from "./messages.js";
import { ask, random } from "./requests.js";
import { FEEDBACK, keptAt, whyNotKept } from "./words.js";

const OF_ZONE = ["TWO_PEOPLE", "NOBODY_HERE", "GAP_WRONG", "OTHER"];
const OF_PERSON = ["NOT_THIS_ROLE", "TWO_PEOPLE", "NOBODY_HERE", "OTHER"];
const MOST = 500; // characters
const FRAME_S = 86400; // no frame is kept for longer
const AHEAD_S = 60;

/** The button that opens the dialog; hidden until somebody may use it. */
export function wrongButton(open) {
  const button = make("button", "plain small wrong", FEEDBACK.button);
  button.type = "button";
  button.hidden = true;
  button.addEventListener("click", open);
  return button;
}

/** Whether somebody with these rights can say something of a zone: there must be a figure of it. */
export function mayGive(rights, zone) {
  return Boolean(rights?.has("feedback.give") && zone && zone.seq !== null && zone.seq !== undefined && zone.asOf !== null);
}

/** Ask what is wrong with a zone's figure. */
export function askOfZone(store, zone) {
  const there = (store.floors.get(zone.floor_id)?.people ?? []).find((person) => person.zone_ids.includes(zone.zone_id));
  const cameras = zone.camera_id ? [zone.camera_id] : (there?.camera_ids ?? []);
  askWhatIsWrong(FEEDBACK.ofZone(zone.name), OF_ZONE, { ...figureOf(zone), ...frameOf(store, cameras) });
}

/** Ask what is wrong with a person of a zone. */
export function askOfPerson(store, zone, person) {
  const about = { person_id: person.person_id, ...(person.role ? { role: person.role } : {}) };
  askWhatIsWrong(FEEDBACK.ofPerson(person), OF_PERSON, { ...figureOf(zone), ...about, ...frameOf(store, person.camera_ids) });
}

function figureOf(zone) {
  return { zone_id: zone.zone_id, as_of_us: Math.round(zone.asOf * 1e6), seq: zone.seq };
}

/** The newest frame of the first of these cameras that has one, and the model that looked at it. */
function frameOf(store, cameras) {
  for (const id of cameras) {
    const camera = store.cameras.get(id);
    if (!camera || camera.asOf === null) continue;
    const age = store.now() - camera.asOf;
    if (age > FRAME_S || age < -AHEAD_S) continue;
    const model = camera.modelName ? { model_name: camera.modelName, model_version: camera.modelVersion } : {};
    return { camera_id: id, captured_us: Math.round(camera.asOf * 1e6), ...model };
  }
  return {};
}

function askWhatIsWrong(title, kinds, shown) {
  const choices = kinds.map((kind) => {
    const input = make("input");
    Object.assign(input, { type: "radio", name: "feedback-kind", value: kind, required: true });
    return make("label", "choice", input, make("span", "", FEEDBACK.kinds[kind]));
  });
  const group = make("fieldset", "choices", make("legend", "", FEEDBACK.what), ...choices);
  const text = make("textarea");
  Object.assign(text, { id: "feedback-text", maxLength: MOST, rows: 3 });
  const label = make("label", "", FEEDBACK.text);
  label.htmlFor = text.id;
  const note = make("p", "note", FEEDBACK.note);
  note.id = "feedback-note";
  text.setAttribute("aria-describedby", note.id);
  const answer = make("p", "receipt");
  answer.setAttribute("role", "status");
  const close = make("button", "plain", FEEDBACK.close);
  close.type = "button";
  const send = make("button", "primary", FEEDBACK.send);
  const heading = make("h2", "large", title);
  heading.id = "feedback-title";
  const form = make("form", "dialog-form", heading, group, make("div", "field", label, text), note, answer, make("div", "dialog-buttons", close, send));
  const dialog = make("dialog", "dialog", form);
  dialog.setAttribute("aria-labelledby", heading.id);
  close.addEventListener("click", () => dialog.close());
  dialog.addEventListener("close", () => dialog.remove());
  group.addEventListener("change", () => (text.required = chosen(group) === "OTHER"));
  let key = "";
  let sent = "";
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const words = text.value.trim().replace(/\s+/g, " "); // one line: the log takes no control characters
    const body = { ...shown, kind: chosen(group), ...(words ? { text: words } : {}) };
    if (JSON.stringify(body) !== sent) key = random(32);
    sent = JSON.stringify(body);
    send.disabled = true;
    answer.dataset.kept = "";
    say(answer, FEEDBACK.sending);
    try {
      const { given_at_us: at } = await (await ask("feedback", { method: "POST", body, key })).json();
      answer.dataset.kept = "true";
      say(answer, keptAt(moment(at / 1e6, at / 1e6)));
      group.disabled = text.disabled = true;
      send.hidden = true;
      close.focus();
    } catch (error) {
      answer.dataset.kept = "false";
      say(answer, whyNotKept(error));
      send.disabled = false;
    }
  });
  document.body.append(dialog);
  dialog.showModal();
}

function chosen(group) {
  return group.querySelector("input:checked")?.value ?? "";
}
