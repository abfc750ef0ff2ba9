// What a figure rests on: people, facts, cameras, records and, for those allowed, the picture.
import { make, say } from "./messages.js";
import { askName } from "./names.js";
import { choose, trouble } from "./page.js";
import { button, note, section, table } from "./past_parts.js";
import { ask } from "./requests.js";
import { calibrationOf, cameraThen, clockOf, HEADS, hoursOf, linkState, personWhere, personWho, requirementOf, shiftWhat, shiftWho, versionOf, viewOf, WHY, whyLeftOut } from "./why_words.js";
import { besides } from "./site_time.js";
import { capital } from "./words.js";

const FRAMES = "frames.captured.v1";

/** Who was counted, or why that is not shown; `form` asks for a reason where that would show them. */
export function peopleOf(figure, cameras, rights, left, form) {
  const hidden = left.find(({ what }) => what === "people");
  if (!figure) return null;
  if (figure.persons === null) return section(WHY.people, hidden && form ? form : note(hidden ? whyLeftOut(hidden) : ""));
  if (!figure.persons.length) return section(WHY.people, note(WHY.nobody));
  const { person, who, where, cameras: seenBy, name } = HEADS;
  const named = rights.has("names.read");
  const rows = figure.persons.map((one) => ({
    person: one.person_id,
    who: personWho(one),
    where: personWhere(one),
    cameras: one.camera_ids.map((id) => cameras.get(id) ?? id).join(", "),
    name: named && one.staff_id ? button(WHY.askName, () => askName(one.staff_id, one.role)) : "",
  }));
  return section(WHY.people, table(WHY.people, { person, who, where, cameras: seenBy, ...(named ? { name } : {}) }, rows));
}

/** What was required and scheduled, with the versions that held. */
export function factsOf(answer) {
  const { requirements, shifts, at_us: at, time_zone: timeZone, zone } = answer;
  const { what, hours, version, staff } = HEADS;
  const needed = requirements.map((one) => ({ what: requirementOf(one), hours: hoursOf(one), version: versionOf(one, at, timeZone) }));
  const planned = shifts.map((one) => ({
    staff: shiftWho(one),
    what: shiftWhat(one),
    hours: `${besides(one.starts_us, at, timeZone)} to ${besides(one.ends_us, at, timeZone)}`,
    version: versionOf(one, at, timeZone),
  }));
  const staffHidden = answer.left_out.find((one) => one.what === "staff");
  return [
    section(WHY.required, needed.length ? table(WHY.required, { what, hours, version }, needed) : note(WHY.requiredNone), note(`${zone.name}: ${versionOf(zone, at, timeZone)}`)),
    section(WHY.scheduled, planned.length ? table(WHY.scheduled, { staff, what, hours, version }, planned) : note(WHY.scheduledNone), planned.length && staffHidden ? note(whyLeftOut(staffHidden)) : null),
  ];
}

/** The cameras of the floor as they were. */
export function camerasOf(answer) {
  const { camera, calibration, view, clock, models, version, then } = HEADS;
  const rows = answer.cameras.map((one) => ({
    camera: one.name,
    then: cameraThen(one),
    calibration: calibrationOf(one),
    view: viewOf(one),
    clock: clockOf(one),
    models: one.models.join(", ") || "not known",
    version: versionOf(one, answer.at_us, answer.time_zone),
  }));
  const hidden = answer.left_out.find((one) => one.what === "cameras");
  const shown = rows.length ? table(WHY.cameras, { camera, then, calibration, view, clock, models, version }, rows) : note(WHY.camerasNone);
  return section(WHY.cameras, shown, hidden ? note(whyLeftOut(hidden)) : null);
}

/** The records, and which of them are gone; a picture for those allowed. */
export function recordsOf(answer, cameras, rights) {
  const { record, store, where_there, name } = HEADS;
  const place = make("div", "pictures");
  const rows = answer.links.map((link) => {
    const isPicture = link.store === FRAMES && link.state === "there" && link.offset !== null;
    return {
      record: capital(link.what),
      store: `${link.store}, ${link.key}`,
      where_there: linkState(link, answer.at_us, answer.time_zone),
      name: isPicture && rights.has("frames.read") ? button(WHY.picture, () => showPicture(link, cameras, place, answer)) : "",
    };
  });
  const offered = rows.some((row) => row.name);
  const shown = table(WHY.records, { record, store, where_there, ...(offered ? { name: "" } : {}) }, rows);
  return section(WHY.records, note(WHY.recordsNote), shown, place);
}

/** Ask for a reason, then show the picture of one record. */
async function showPicture(link, cameras, place, { at_us: at, time_zone: timeZone }) {
  const why = make("input");
  Object.assign(why, { id: "picture-reason", type: "text", required: true, minLength: 3, maxLength: 200, autocomplete: "off" });
  const label = make("label", "", WHY.pictureWhy);
  label.htmlFor = why.id;
  const asked = choose(WHY.pictureTitle, [make("div", "field", label, why), note(WHY.pictureNote)], [["", WHY.cancel, "plain"], ["show", WHY.pictureShow, "primary"]]);
  why.focus();
  if ((await asked) !== "show") return;
  try {
    const answer = await ask(`cameras/${encodeURIComponent(link.key)}/frame?offset=${link.offset}`, { purpose: why.value.trim() });
    const picture = await createImageBitmap(await answer.blob());
    const canvas = Object.assign(make("canvas"), { width: picture.width, height: picture.height });
    canvas.getContext("2d").drawImage(picture, 0, 0);
    const words = `${cameras.get(link.key) ?? link.key}, ${besides(link.at_us, at, timeZone)}`;
    canvas.setAttribute("role", "img");
    canvas.setAttribute("aria-label", words);
    const away = button(WHY.pictureAway, () => place.replaceChildren());
    place.replaceChildren(make("figure", "picture", canvas, make("figcaption", "", `${words} `, away)));
    trouble("");
    away.focus();
  } catch (error) {
    trouble(error.status === 404 ? WHY.pictureGone : error.status === undefined ? WHY.pictureBroken : error.message);
  }
}

/** Ask why somebody needs to see people of the past; `show` gets the reason. */
export function reasonForm(show, words = { label: WHY.reason, note: WHY.reasonNote, send: WHY.showPeople }) {
  const input = make("input");
  Object.assign(input, { id: "people-reason", type: "text", required: true, minLength: 3, maxLength: 200, autocomplete: "off" });
  const label = make("label", "", words.label);
  label.htmlFor = input.id;
  const send = make("button", "primary", words.send);
  const form = make("form", "reason", make("div", "field", label, input), send, note(words.note));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    show(input.value.trim());
  });
  return form;
}

export function sayLine(element, text) {
  say(element, text);
  element.hidden = !text;
}
