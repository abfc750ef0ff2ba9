// The five-second answer: what a charge nurse must know, and whether to trust it.
import { FILTER } from "./filter_words.js";
import { moment, span } from "./messages.js";
import { ANSWERS, forSoLong, gapTotals, LIVE, noFreshNumbers, shortZones, stopped, TALLY, TRUST } from "./words.js";

/** Zones by what they lack, most first; those that lack as much in the order of the ward. */
export function worstFirst(zones) {
  const worse = (a, b) => b.sure - a.sure || b.most - a.most;
  return [...zones].sort((a, b) => worse(gapTotals(a), gapTotals(b)) || a.order - b.order || a.name.localeCompare(b.name));
}

/**
 * A sentence, its state, and `[state, count, word]` for each state that zones are in.
 *
 * @param brief whether a sentence about several zones leaves out roles and times
 */
export function answerOf(store, connection, brief = false) {
  const all = [...store.zones.values()];
  const fresh = all.filter((zone) => !store.zoneFreshness(zone).stale);
  const of = (state) => fresh.filter((zone) => zone.coverage.state === state);
  const [short, unclear, covered] = ["short", "unclear", "covered"].map(of);
  const old = all.filter((zone) => !fresh.includes(zone));
  const stale = old.length;
  let headline = ANSWERS.covered;
  if (!all.length && store.everyZone.size) headline = FILTER.nothing;
  else if (!all.length) headline = connection.state === "live" ? ANSWERS.noZones : ANSWERS.waiting;
  else if (!fresh.length) headline = ANSWERS.stale;
  else if (stale && !short.length) headline = noFreshNumbers(old, all.length, unclear, covered.length > 0);
  else if (short.length) headline = shortZones(worstFirst(short), store.now(), brief);
  else if (unclear.length) {
    headline = `${ANSWERS.noneForSure}. ${shortZones(worstFirst(unclear), store.now(), brief)}`;
  } else if (!covered.length) headline = ANSWERS.noneNeeded;
  const well = unclear.length || stale ? "unclear" : "covered";
  const tally = [
    ["short", short.length],
    ["unclear", unclear.length],
    ["covered", covered.length],
    ["stale", stale],
  ].filter(([state, count]) => count || (state !== "stale" && all.length)).map(([state, count]) => [state, count, TALLY[state]]);
  return { headline, state: !fresh.length ? "stale" : short.length ? "short" : well, tally };
}

/**
 * Whether to trust what is shown: a banner with its age, and the state of the connection.
 *
 * @param explain says with `(connected, halted)` whether a notice explains a stop
 */
export function trustOf(store, connection, explain) {
  const silent = (since) => span((performance.now() - since) / 1000);
  const shown = [...store.zones.values()].map((zone) => store.zoneFreshness(zone));
  const ages = shown.map((fresh) => fresh.age).filter((age) => age !== null);
  const flowing = !shown.length || shown.some((fresh) => !fresh.stale);
  const halted = !flowing && ages.length > 0;
  const connected = connection.state === "live" && connection.redis;
  // The age stands apart and unheard, or a screen reader would start again every second.
  let [banner, age] = ["", ""];
  const explained = explain(connected, halted);
  if (connection.state === "lost") {
    banner = TRUST.lost;
    age = silent(connection.lostAt);
  } else if (!connection.redis) {
    banner = TRUST.noStore;
    age = silent(connection.redisLostAt);
  } else if (halted) {
    const youngest = Math.min(...ages);
    banner = stopped(moment(store.now() - youngest, store.now()), explained);
    age = span(youngest);
  } else if (!flowing) {
    banner = TRUST.nothingYet;
  }
  const connecting = connection.state === "connecting";
  const state = connecting ? "connecting" : !connected ? "lost" : flowing ? "live" : "idle";
  return { banner, age: age ? forSoLong(age) : "", word: LIVE[state], state };
}
