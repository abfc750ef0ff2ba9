// Changes that are not saved yet; they outlive a reload and a new login, in this tab alone.

import { equal } from "./merge.js";

const PREFIX = "wardstream.draft.";

export class Drafts {
  /**
   * @param kind of thing, such as `zones`
   * @param subject whose drafts these are: nobody saves those of somebody else
   */
  constructor(kind, subject) {
    this.start = `${PREFIX}${kind}/${encodeURIComponent(subject)}/`;
    this.known = new Map();
    try {
      for (const name of Object.keys(sessionStorage)) {
        if (name.startsWith(this.start)) this.known.set(name.slice(this.start.length), JSON.parse(sessionStorage.getItem(name)));
      }
    } catch {
      // Storage may be switched off; drafts then last until the page is closed.
    }
  }

  /** Ids of everything that is not saved. */
  ids() {
    return [...this.known.keys()];
  }

  /** `{base, record}`: what it was changed from, null for a new one, and what it is to be. */
  get(id) {
    return this.known.get(id);
  }

  /**
   * Something was saved: what was changed while that went on stays a draft, of the saved version.
   *
   * @param sent the record that was sent
   * @param stored the thing as it is registered now
   * @returns whether something stays
   */
  saved(id, sent, stored) {
    const now = this.get(id)?.record ?? sent;
    const later = Object.entries(now).filter(([field, value]) => !equal(value, sent[field]));
    this.set(id, later.length ? { base: stored, record: { ...stored.record, ...Object.fromEntries(later) } } : null);
    return later.length > 0;
  }

  /** Keep a draft; null forgets it. */
  set(id, draft) {
    if (draft === null) this.known.delete(id);
    else this.known.set(id, draft);
    try {
      if (draft === null) sessionStorage.removeItem(this.start + id);
      else sessionStorage.setItem(this.start + id, JSON.stringify(draft));
    } catch {
      // As above.
    }
  }
}
