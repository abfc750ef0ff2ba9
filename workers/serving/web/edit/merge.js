// Two changes of one record, made from the same version: what each changed, and what both did.

/** Whether two values mean the same. */
export function equal(a, b) {
  return JSON.stringify(a ?? null) === JSON.stringify(b ?? null);
}

/**
 * Compare field by field.
 *
 * @param fields names of the fields
 * @param base the record that both started from
 * @param mine what this page wants
 * @param theirs what is in force now
 * @returns one `{field, base, mine, theirs, by}` for each field that somebody changed; `by` is
 *   `mine`, `theirs`, `both` (differently) or `agreed` (both alike)
 */
export function compare(fields, base, mine, theirs) {
  const found = [];
  for (const field of fields) {
    const [b, m, t] = [base[field], mine[field], theirs[field]];
    const [iDid, theyDid] = [!equal(b, m), !equal(b, t)];
    if (!iDid && !theyDid) continue;
    const by = iDid && theyDid ? (equal(m, t) ? "agreed" : "both") : iDid ? "mine" : "theirs";
    found.push({ field, base: b, mine: m, theirs: t, by });
  }
  return found;
}

/**
 * The record that holds both changes.
 *
 * @param differences from `compare`
 * @param theirs what is in force now
 * @param choices `mine` or `theirs` for each field that both changed
 * @returns null while a choice is open
 */
export function merged(differences, theirs, choices) {
  const result = { ...theirs };
  for (const { field, mine, by } of differences) {
    if (by === "both" && !choices[field]) return null;
    if (by === "mine" || (by === "both" && choices[field] === "mine")) result[field] = mine;
  }
  return result;
}
