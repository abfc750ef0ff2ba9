// The way from an alert on the board to its row on the page Alerts.
import { address } from "./session.js";

/** The address of an alert on the page Alerts, among the zones that are shown here. */
export function alertAddress({ alert_id: alert, opened_us: opened }, filter) {
  const asked = new URLSearchParams(filter.search(""));
  asked.set("alert", alert);
  asked.set("opened", String(opened));
  return address(`alerts.html?${asked}`);
}

/** Let a link of a drawing lead to an alert; without an address it is none. */
export function leadToAlert(link, leads, name) {
  for (const [attribute, value] of [
    ["href", leads],
    ["aria-label", name],
  ]) {
    if (value) link.setAttribute(attribute, value);
    else link.removeAttribute(attribute);
  }
}
