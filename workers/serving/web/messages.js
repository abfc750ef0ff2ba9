// Ages, counts and times in words.

/** An age in words; seconds in, such as "2 s ago". */
export function ago(seconds) {
  if (seconds < -1.5) return `${span(-seconds)} ahead`;
  if (seconds < 1.5) return "just now";
  return `${span(seconds)} ago`;
}

/** A duration in words. */
export function span(seconds) {
  const s = Math.max(0, seconds);
  if (s < 100) return `${Math.round(s)} s`;
  if (s < 5400) return `${Math.round(s / 60)} min`;
  if (s < 172800) return `${Math.round(s / 3600)} h`;
  return `${Math.round(s / 86400)} days`;
}

let siteZone; // undefined is that of whoever looks

/** Give times in a time zone from now on; without one, in that of whoever looks. */
export function keepTimeOf(timeZone) {
  siteZone = timeZone || undefined;
}

/** The time of day on the site's clock, and the name of its time zone; seconds in. */
export function clockTime(at, format) {
  const shown = new Intl.DateTimeFormat([], { ...format, hour: "2-digit", minute: "2-digit", hour12: false, timeZone: siteZone });
  return [shown.format(new Date(at * 1000)), shown.resolvedOptions().timeZone];
}

/** A time of day, such as "10:42", with the day when it is not today; seconds in, on the site's clock or in a time zone. */
export function moment(at, now, timeZone = siteZone) {
  const [then, today] = [new Date(at * 1000), new Date(now * 1000)];
  const time = then.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", hour12: false, timeZone });
  const day = (date) => date.toLocaleDateString([], { weekday: "short", day: "numeric", month: "short", timeZone });
  return day(then) === day(today) ? time : `${day(then)} ${time}`;
}

/** A number with its noun. */
export function counted(number, one, many) {
  return `${number} ${number === 1 ? one : many}`;
}

/** "2" or "2 to 4". */
export function interval(low, high) {
  return low === high ? String(low) : `${low} to ${high}`;
}

/** Names in a sentence: "A", "A and B", "A, B and C". */
export function listed(names) {
  if (names.length < 2) return names.join("");
  return `${names.slice(0, -1).join(", ")} and ${names.at(-1)}`;
}

/** Put text into an element, only when it differs, so that screen readers hear changes alone. */
export function say(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** Show the time of day on the site's clock, with its time zone. */
export function showClock(element, store, format) {
  keepTimeOf(store.status?.time_zone);
  const [time, zone] = clockTime(store.now(), format);
  if (!element.firstElementChild) element.replaceChildren(make("span", "time"), " ", make("span", "time-zone"));
  say(element.firstElementChild, time);
  say(element.lastElementChild, zone);
}

/** Make an element with a class and children; strings become text, never markup. */
export function make(tag, className = "", ...children) {
  const element = document.createElement(tag);
  if (className) element.className = className;
  element.append(...children);
  return element;
}

const SVG = "http://www.w3.org/2000/svg";

/** Make an SVG element with attributes. */
export function draw(tag, attributes = {}, ...children) {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}
