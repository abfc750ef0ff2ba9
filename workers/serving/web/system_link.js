// The way from a zone without fresh numbers to its cameras on the page System.
import { make } from "./messages.js";
import { address } from "./session.js";

/** A link that leads nowhere yet. */
export function systemLink() {
  return Object.assign(make("a", "plain small why", "Which camera?"), { hidden: true });
}

/** Let a link lead to the cameras of a zone's floor, the worst first. */
export function leadToSystem(link, zone, shown) {
  link.hidden = !shown;
  const asked = new URLSearchParams({ floor: zone.floor_id });
  const href = address(`system.html?${asked}`);
  if (link.href === href) return;
  link.href = href;
  link.setAttribute("aria-label", `Which camera of ${zone.name} is silent?`);
}
