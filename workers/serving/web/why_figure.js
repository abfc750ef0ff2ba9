// A zone's figure as a card: the sentence first, then its roles; what a revision changed says what it was.
import { icon } from "./icons.js";
import { make } from "./messages.js";
import { table } from "./past_parts.js";
import { capital, disagreement, gapOfZone, gapTotals, unknownsOfZone } from "./words.js";
import { besides } from "./site_time.js";
import { asZone, HEADS, measuredAt, missingCameras, roleCells, roleSince, seenPeople, was } from "./why_words.js";

const FRESH = { stale: false };

/**
 * A card.
 *
 * @param title above it
 * @param figure what it shows
 * @param before the figure that it corrects; null for none
 * @param cameras names by id
 * @param answer with the moment and the time zone
 */
export function figureCard(title, figure, before, cameras, { at_us: asked, time_zone: timeZone }) {
  const zone = asZone(figure);
  const sentence = make("div", "gap", make("span", "sentence", gapOfZone(zone)), " ", make("span", "since", capital(sinceFull(zone, asked, timeZone))));
  const told = [unknownsOfZone(zone, FRESH), disagreement(zone.count), missingCameras(figure.cameras_missing.map((id) => cameras.get(id) ?? id))];
  const lines = told.filter(Boolean).map((text) => make("p", "because", text));
  const verdict = make("div", "verdict", make("span", "state", icon(figure.coverage.state)), make("div", "", sentence, ...lines));
  const counts = make("p", "counts", seenPeople(figure, before));
  const roles = figure.roles.filter((role) => role.required > 0 || role.present_min > 0 || role.scheduled > 0);
  const { role, here, scheduled, required, missing, since } = HEADS;
  const heads = { role, here, scheduled, required, missing, since };
  const rows = roles.map((one) => rowOf(one, before?.roles.find((other) => other.role === one.role), Boolean(before), figure, timeZone));
  const card = make("article", "figure-card", make("h3", "", title), verdict, counts, rows.length ? table(title, heads, rows) : "", make("p", "note", measuredAt(figure, asked, timeZone)));
  card.dataset.state = figure.coverage.state;
  return card;
}

function rowOf(role, before, compared, figure, timeZone) {
  const cells = roleCells(role);
  const then = compared && before ? roleCells(before) : {};
  const shown = Object.fromEntries(Object.entries(cells).map(([name, text]) => [name, was(text, then[name])]));
  return { ...shown, since: roleSince(role, figure.as_of_us, timeZone) };
}

/** Since when, to the second: `sinceWhen` of the board gives minutes. */
function sinceFull(zone, asked, timeZone) {
  const { sure, most } = gapTotals(zone);
  const us = sure > 0 ? zone.sure_since_us : most > 0 ? zone.possible_since_us : null;
  return us ? `since ${besides(us, asked, timeZone)}` : "";
}
