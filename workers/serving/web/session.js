// Who looks at this page, what they may do, and the end of their session.
import { ask, read, Refused, setCsrf } from "./requests.js";
import { listed, make, moment } from "./messages.js";

const ROOT = new URL("./", import.meta.url);
const NOTICE_S = 600; // the end of a session is announced this long before
const CHECK_MS = 20000;
const AGAIN_MS = 5000;

/** An address of this board, also from a page in a folder. */
export function address(path) {
  return new URL(path, ROOT).href;
}

function here() {
  return location.pathname + location.search;
}

/** Go to the login, and come back to this page after it. */
export function goToLogin() {
  location.replace(address(`login?return_to=${encodeURIComponent(here())}`));
}

/** The session is over: say so, and offer the login; drafts stay in this tab. */
export function sessionEnded() {
  location.replace(address(`login.html?why=ended&return_to=${encodeURIComponent(here())}`));
}

/** Who asks; nobody goes to the login. Null while the board cannot tell. */
export async function whoAsks() {
  try {
    const me = await read("me");
    setCsrf(me.csrf_token);
    return { ...me, rights: new Set(me.rights) };
  } catch (error) {
    if (error instanceof Refused && error.status === 401) {
      goToLogin();
      return new Promise(() => {}); // the page is about to be left
    }
    return null;
  }
}

/**
 * Find out who asks, as often as it takes.
 *
 * @param known called with the answer of `whoAsks`, and again when null becomes somebody
 */
export async function identify(known) {
  const me = await whoAsks();
  known(me);
  if (!me) setTimeout(() => identify(known), AGAIN_MS);
}

/** The access roles with their units, such as "coordinator in East ward". */
export function rolesOf(me) {
  const names = me.unit_names ?? {};
  return listed(
    Object.entries(me.roles ?? {}).map(([role, units]) => {
      const where = units.includes("*") ? "all units" : listed(units.map((unit) => names[unit] ?? unit));
      return `${role} in ${where}`;
    }),
  );
}

/**
 * Show who is logged in, and keep watch over the session.
 *
 * @param place where
 * @param me from `whoAsks`
 */
export function showWho(place, me) {
  if (!me) {
    place.replaceChildren();
    return;
  }
  if (me.kind === "local") {
    const why = make("span", "identity-role", "No login on this machine");
    place.replaceChildren(make("span", "identity-name", me.name), why);
    return;
  }
  const out = make("button", "plain", "Log out");
  out.type = "button";
  out.addEventListener("click", () => logOut());
  place.replaceChildren(
    make("span", "identity-text", make("span", "identity-name", me.name || "Logged in"), make("span", "identity-role", rolesOf(me))),
    out,
  );
}

/** End the session here and at the provider; drafts of this window are forgotten. */
export async function logOut() {
  try {
    sessionStorage.clear();
  } catch {
    // Storage may be switched off.
  }
  try {
    const answer = await ask("../../logout", { method: "POST" });
    const { next } = await answer.json();
    location.replace(next === "/" ? address("login.html?why=out") : next);
  } catch (error) {
    if (error instanceof Refused && error.status === 401) location.replace(address("login.html?why=out"));
    else throw error;
  }
}

/**
 * Follow the session: announce its end, say when the provider is away, and leave when it is over.
 *
 * @param notice where the end is announced
 * @param me from `whoAsks`
 */
export function follow(notice, me) {
  let now = me;
  const announce = () => {
    const ends = now.expires_at ? Date.parse(now.expires_at) / 1000 : Infinity;
    const near = ends - Date.now() / 1000 < NOTICE_S;
    notice.hidden = !near && !now.provider_away;
    if (notice.hidden) return;
    const end = Number.isFinite(ends) ? `Your session ends at ${moment(ends, Date.now() / 1000)}` : "Your session goes on";
    if (now.provider_away) {
      notice.replaceChildren(`The login service is out of reach: nobody can log in. ${end}.`);
      return;
    }
    const again = make("a", "", "Log in again");
    again.href = address(`login?return_to=${encodeURIComponent(here())}`);
    notice.replaceChildren(`${end}. `, again, ".");
  };
  announce();
  setInterval(async () => {
    try {
      now = await read("me");
      setCsrf(now.csrf_token);
      announce();
    } catch (error) {
      if (error instanceof Refused && error.status === 401) sessionEnded();
    }
  }, CHECK_MS);
}
