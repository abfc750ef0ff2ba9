// What is registered: read with its version, changed only where nobody else changed it meanwhile.
import { ask, random, read, Refused } from "../requests.js";

const PAGE = 500;

/** One thing as registered: `{id, version, etag, record, edited_by, edited_at}`. */
function entry(answer, etag = `"v${answer.version}"`) {
  return { ...answer, etag };
}

function path(kind, id) {
  return `registry/${kind}/${encodeURIComponent(id)}`;
}

/** Everything of one kind, in pages. */
export async function all(kind) {
  const found = [];
  let cursor = "";
  do {
    const more = cursor ? `&cursor=${encodeURIComponent(cursor)}` : "";
    const page = await read(`registry/${kind}?limit=${PAGE}${more}`);
    found.push(...page.items.map((item) => entry(item)));
    cursor = page.next ?? "";
  } while (cursor);
  return found;
}

/** One thing as it is now; null when it is not there (any more). */
export async function one(kind, id) {
  try {
    const answer = await ask(path(kind, id));
    return entry(await answer.json(), answer.headers.get("ETag") ?? undefined);
  } catch (error) {
    if (error instanceof Refused && (error.status === 404 || error.status === 410)) return null;
    throw error;
  }
}

/** Its versions, newest first. */
export async function versions(kind, id) {
  return (await read(`${path(kind, id)}/versions`)).items;
}

/**
 * Save a record.
 *
 * @param known what it was changed from; null for a new one
 * @param reason why, for the audit and the history; empty for none
 * @throws {Refused} 412 where somebody else changed it meanwhile, 422 with its `errors`
 */
export async function save(kind, id, record, known, reason = "") {
  const options = { method: "PUT", body: record, etag: known?.etag, fresh: !known };
  const why = reason ? `?reason=${encodeURIComponent(reason)}` : "";
  const answer = await once(path(kind, id) + why, options);
  return entry(await answer.json(), answer.headers.get("ETag") ?? undefined);
}

let open = { change: "", key: "" };

/** Ask for one change; an attempt after a lost answer carries the same key, and changes nothing twice. */
async function once(where, options) {
  const change = JSON.stringify([where, options]);
  if (open.change !== change) open = { change, key: random(24) };
  try {
    const answer = await ask(where, { ...options, key: open.key });
    open = { change: "", key: "" };
    return answer;
  } catch (error) {
    if (error.status >= 400 && error.status < 500) open = { change: "", key: "" };
    throw error;
  }
}

/** Remove what `known` names. */
export async function remove(kind, known) {
  return (await once(path(kind, known.id), { method: "DELETE", etag: known.etag })).json();
}

/** Take the last change back, by a new version. */
export async function undo(kind, known) {
  await once(`${path(kind, known.id)}/undo`, { method: "POST", etag: known.etag });
}

/** Say that the view of a camera is right as it is now; needs a reason. */
export async function confirmView(id, reason) {
  return (await once(`${path("cameras", id)}/confirm?reason=${encodeURIComponent(reason)}`, { method: "POST" })).json();
}

/** What a change would do, without doing it: rows by kind. */
export function preview(rows) {
  return read("registry/imports?dry_run=true", { method: "POST", body: rows });
}
