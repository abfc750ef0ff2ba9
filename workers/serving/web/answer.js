// The five-second answer: what a charge nurse must know, and whether to trust it.
import { listed, moment, span } from "./messages.js";

/** What to say when nothing fresh is short, but not everything is fresh: nobody knows of the rest. */
function partly(store, all, unclear, covered) {
  const silent = all.filter((zone) => store.zoneFreshness(zone).stale).map((zone) => zone.name);
  const rest = silent.length > 3 ? `${silent.length} of ${all.length} zones` : listed(silent);
  let known = covered.length ? "the others are covered" : "no other zone needs staff now";
  if (unclear.length) known = `cannot tell for ${listed(unclear.map((zone) => zone.name))}`;
  return `No fresh numbers for ${rest}; ${known}`;
}

/** A sentence, its state, and `[state, count, word]` for each state that zones are in. */
export function answerOf(store, connection) {
  const all = [...store.zones.values()];
  const fresh = all.filter((zone) => !store.zoneFreshness(zone).stale);
  const of = (state) => fresh.filter((zone) => zone.coverage.state === state);
  const [short, unclear, covered] = ["short", "unclear", "covered"].map(of);
  const stale = all.length - fresh.length;
  let headline = "All zones that need staff are covered";
  if (!all.length) headline = connection.state === "live" ? "No zones yet" : "Waiting for the first numbers";
  else if (!fresh.length) headline = "No fresh numbers";
  else if (stale && !short.length) headline = partly(store, all, unclear, covered);
  else if (short.length) headline = listed(short.map((zone) => `${zone.name} is ${zone.coverage.sentence}`));
  else if (unclear.length) {
    headline = `No zone is certainly short; cannot tell for ${listed(unclear.map((zone) => zone.name))}`;
  } else if (!covered.length) headline = "No zone needs staff now";
  const well = unclear.length || stale ? "unclear" : "covered";
  const tally = [
    ["short", short.length, "short"],
    ["unclear", unclear.length, "cannot tell"],
    ["covered", covered.length, "covered"],
    ["stale", stale, "stale"],
  ].filter(([state, count]) => count || (state !== "stale" && all.length));
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
    banner = "Connection to the board lost. Numbers are not being updated; trying again.";
    age = silent(connection.lostAt);
  } else if (!connection.redis) {
    banner = "The store of live numbers is out of reach. Numbers are not being updated; trying again.";
    age = silent(connection.redisLostAt);
  } else if (halted) {
    const youngest = Math.min(...ages);
    const why = explained ? "" : ": cameras or the pipeline behind the board have stopped";
    banner = `No fresh numbers since ${moment(store.now() - youngest, store.now())}${why}.`;
    age = span(youngest);
  } else if (!flowing) {
    banner = "Nothing was measured yet.";
  }
  const connecting = connection.state === "connecting";
  const word = connecting ? "Connecting" : !connected ? "Not live" : flowing ? "Live" : "Connected, nothing new";
  const state = connecting ? "connecting" : !connected ? "lost" : flowing ? "live" : "idle";
  return { banner, age: age ? `For ${age}.` : "", word, state };
}
