// Times as the clock of a ward shows them, in the form of an input.

/** "2026-11-30T07:00" in a time zone, of a time in ISO 8601. */
export function local(iso, timeZone) {
  const parts = Object.fromEntries(
    new Intl.DateTimeFormat("en-CA", { timeZone: timeZone || "UTC", year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit", hourCycle: "h23" })
      .formatToParts(new Date(iso))
      .map(({ type, value }) => [type, value]),
  );
  return `${parts.year}-${parts.month}-${parts.day}T${parts.hour}:${parts.minute}`;
}

/** Today in a time zone, as "2026-11-30". */
export function today(timeZone) {
  return local(new Date().toISOString(), timeZone).slice(0, 10);
}

/** The time zones of floors, in brackets. */
export function zonesOfTime(floors) {
  const names = [...new Set(floors.map((floor) => floor.record.time_zone || "UTC"))].sort();
  return names.length ? ` (${names.join(", ")})` : "";
}
