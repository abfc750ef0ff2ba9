// The labels of zones on a plan: what they say, and where they fit.
import { roomFor } from "./outlines.js";
import { CAUSES, gapInShort } from "./words.js";

export const ICON = 17; // px of a sign, for text of the base size
const TEXT = 13;
const TEXT_LEAST = 9.5;

/** What a zone's label says below its name and its people. */
export function zoneText(zone, fresh) {
  if (fresh.stale) return fresh.cause === "no_data" ? "" : CAUSES[fresh.cause];
  if (!zone.required) return "";
  return gapInShort(zone);
}

/** Put a zone's label into it: as high as it fits, and smaller where it fits nowhere. */
export function placeLabel(view, { width, height }, grown) {
  const sign = ICON * grown;
  let size = TEXT * grown;
  let named, half, room;
  for (; ; size -= grown) {
    view.name.setAttribute("font-size", String(size));
    view.state.setAttribute("font-size", String(size));
    named = view.name.getComputedTextLength() + sign + 4;
    half = Math.max(named, view.state.getComputedTextLength()) / 2;
    room = roomFor(view.polygon, 2 * half + 8, size * (view.state.textContent ? 2.7 : 1.5));
    if (room.fits || size <= TEXT_LEAST * grown) break;
  }
  const x = Math.min(Math.max(room.x, half + 4), width - half - 4);
  const y = Math.min(Math.max(room.y + size * 1.3, size * 1.3), height - size * 1.6);
  view.sign.setAttribute("transform", `translate(${x - named / 2} ${y - sign + 3 * grown})`);
  view.name.setAttribute("x", String(x - named / 2 + sign + 4));
  view.name.setAttribute("y", String(y));
  view.state.setAttribute("x", String(x));
  view.state.setAttribute("y", String(y + size * 1.25));
}

export function sized(svg, px) {
  svg.setAttribute("width", String(px));
  svg.setAttribute("height", String(px));
  return svg;
}

export function mean(ring) {
  const sum = ring.reduce((a, b) => ({ x: a.x + b.x, y: a.y + b.y }));
  return { x: sum.x / ring.length, y: sum.y / ring.length };
}
