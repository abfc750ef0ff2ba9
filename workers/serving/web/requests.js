// Requests to the API: who asks, what for, and what went wrong, in words.

const API = new URL("api/v1/", import.meta.url);
let csrf = "";

/** An answer that says no, or none at all (`status` 0). */
export class Refused extends Error {
  constructor(status, problem) {
    super(problem.detail || problem.title || "Something went wrong");
    this.status = status;
    this.problem = problem;
    /** What is wrong with which field: `{field, reason}`. */
    this.errors = problem.errors ?? [];
  }
}

/** The token that shows that a change comes from this page; from `/me`. */
export function setCsrf(token) {
  csrf = token ?? "";
}

/** A random text, also where the page is not a secure context. */
export function random(length = 8) {
  const bytes = crypto.getRandomValues(new Uint8Array(Math.ceil(length / 2)));
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("").slice(0, length);
}

/**
 * Ask the API.
 *
 * @param path below the API's prefix
 * @param options.method GET when left out
 * @param options.body sent as JSON
 * @param options.etag the version that the change was made from
 * @param options.fresh only if there is none yet
 * @param options.purpose why somebody looks at single people
 * @param options.key the same for each attempt at one change
 * @param options.signal ends the request
 * @returns {Promise<Response>} the answer when it is a good one
 * @throws {Refused}
 */
export async function ask(path, options = {}) {
  const { method = "GET", body, etag, fresh, purpose, key, signal } = options;
  const headers = { Accept: "application/json, application/problem+json" };
  if (body !== undefined) headers["Content-Type"] = "application/json";
  if (etag) headers["If-Match"] = etag;
  if (fresh) headers["If-None-Match"] = "*";
  if (purpose) headers["X-Purpose"] = String.fromCharCode(...new TextEncoder().encode(purpose)); // UTF-8, as bytes
  if (key) headers["Idempotency-Key"] = key;
  if (method !== "GET" && csrf) headers["X-CSRF-Token"] = csrf;
  let answer;
  try {
    answer = await fetch(new URL(path, API), {
      ...{ method, headers, signal, cache: "no-store", credentials: "same-origin" },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Refused(0, { title: "The board is out of reach" });
  }
  if (answer.ok) return answer;
  throw new Refused(answer.status, await answer.json().catch(() => ({ title: answer.statusText })));
}

/** Send a file as it is, or a form with files, and read the answer. */
export async function upload(path, file) {
  const headers = { Accept: "application/json, application/problem+json" };
  if (!(file instanceof FormData)) headers["Content-Type"] = file.type || "application/octet-stream";
  if (csrf) headers["X-CSRF-Token"] = csrf;
  let answer;
  try {
    answer = await fetch(new URL(path, API), { method: "POST", headers, body: file, cache: "no-store", credentials: "same-origin" });
  } catch {
    throw new Refused(0, { title: "The board is out of reach" });
  }
  if (answer.ok) return answer.json();
  throw new Refused(answer.status, await answer.json().catch(() => ({ title: answer.statusText })));
}

/** Ask the API, and read the answer. */
export async function read(path, options) {
  return (await ask(path, options)).json();
}
