// Times of the past: microseconds on the site's clock, to the second, with the day and the name of the time zone.

/** A moment in ISO 8601 with every microsecond, UTC: a figure is found again by it. */
export function isoOf(us) {
  const whole = Math.floor(us / 1e6);
  return `${new Date(whole * 1000).toISOString().slice(0, -5)}.${String(us - whole * 1e6).padStart(6, "0")}Z`;
}

/** "2026-11-30T07:00:05" in a time zone, as an input takes it. */
export function localOf(us, timeZone) {
  const format = { timeZone: timeZone || "UTC", year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" };
  const parts = Object.fromEntries(new Intl.DateTimeFormat("en-CA", format).formatToParts(new Date(us / 1000)).map(({ type, value }) => [type, value]));
  return `${parts.year}-${parts.month}-${parts.day}T${parts.hour}:${parts.minute}:${parts.second}`;
}

/** A day, such as "Tue, 1 Dec 2026". */
export function dayOf(us, timeZone) {
  return new Date(us / 1000).toLocaleDateString([], { weekday: "short", day: "numeric", month: "short", year: "numeric", timeZone });
}

/** A time of day to the second. */
export function secondOf(us, timeZone) {
  return new Date(us / 1000).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", second: "2-digit", hour12: false, timeZone });
}

/** A time of day to the second, with the day when it is not that of another moment. */
export function besides(us, otherUs, timeZone) {
  const day = dayOf(us, timeZone);
  return day === dayOf(otherUs, timeZone) ? secondOf(us, timeZone) : `${day}, ${secondOf(us, timeZone)}`;
}

/** Day, time and time zone, for a heading. */
export function inFull(us, timeZone) {
  return `${dayOf(us, timeZone)}, ${secondOf(us, timeZone)} (${timeZone})`;
}

/** The moment of a local date and time, microseconds; null where the clocks skipped it. */
export function usOf(local, timeZone) {
  const wanted = Date.parse(`${local}Z`);
  let at = wanted;
  for (let turn = 0; turn < 3; turn++) at += wanted - Date.parse(`${localOf(at * 1000, timeZone)}Z`);
  return localOf(at * 1000, timeZone) === local ? at * 1000 : null;
}

const QUARTER_MS = 900000;

/** The first moment at which a clock shows a local date and time or a later one, microseconds: the first of two, and where the clocks skipped it, when they went on. */
export function firstAt(local, timeZone) {
  const wanted = Date.parse(`${local}Z`);
  const about = wanted + wanted - Date.parse(`${localOf(wanted * 1000, timeZone)}Z`);
  let at = about - 16 * QUARTER_MS;
  while (localOf(at * 1000, timeZone) < local) at += QUARTER_MS;
  return at * 1000;
}

/** Start and end of a day of a time zone, microseconds: 23, 24 or 25 hours apart. */
export function dayBounds(day, timeZone) {
  const next = new Date(Date.parse(`${day}T00:00:00Z`) + 86400000).toISOString().slice(0, 10);
  return [day, next].map((date) => firstAt(`${date}T00:00:00`, timeZone));
}
