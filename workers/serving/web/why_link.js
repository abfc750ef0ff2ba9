// The way from a figure of the board to the page that says what it rests on.
import { make } from "./messages.js";
import { address } from "./session.js";
import { isoOf } from "./site_time.js";
import { WHY } from "./why_words.js";

/** A link that leads nowhere yet. */
export function whyLink() {
  return make("a", "plain small why", WHY.link);
}

/** Let a link lead to the figure that is shown now; it is hidden where there is none. */
export function leadTo(link, zone) {
  const known = zone.seq !== null && zone.seq !== undefined && zone.asOf !== null;
  link.hidden = !known;
  if (!known || link.dataset.seq === String(zone.seq)) return;
  link.dataset.seq = String(zone.seq);
  link.href = whyAddress(zone.zone_id, Math.round(zone.asOf * 1e6), zone.seq);
  link.setAttribute("aria-label", WHY.linkNamed(zone.name));
}

/** The address of the page for a zone's figure of a moment. */
export function whyAddress(zoneId, asOfUs, seq) {
  const asked = new URLSearchParams({ zone: zoneId, at: isoOf(asOfUs), ...(seq === undefined ? {} : { seq }) });
  return address(`why.html?${asked}`);
}
