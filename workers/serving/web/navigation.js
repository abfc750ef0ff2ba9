// Links between the pages: one table, filled into the `nav.pages` of each page.
import { make } from "./messages.js";

const ROOT = new URL("./", import.meta.url);

// Groups of pages, each in order: path from the board, words, right that the page needs.
const PAGES = [
  [
    ["./", "Board", "board.read"],
    ["alerts.html", "Alerts", "board.read"],
    ["history.html", "History", "board.read"],
    ["report.html", "Report", "board.read"],
    ["wall.html", "Wall display", "board.read"],
  ],
  [
    ["edit/", "Zones", "registry.read"],
    ["edit/shifts.html", "Shifts", "registry.read"],
    ["edit/requirements.html", "Requirements", "registry.read"],
    ["edit/census.html", "Census", "registry.read"],
    ["edit/roles.html", "Roles", "registry.read"],
    ["edit/rules.html", "Rules", "registry.read"],
    ["edit/cameras.html", "Cameras", "registry.read"],
  ],
  [
    ["system.html", "System", "pipeline.read"],
    ["audit.html", "Audit", "audit.read"],
  ],
];

/** Path without the name that a folder is also reached by. */
function plain(path) {
  return path.replace(/index\.html$/, "");
}

/** Show the links to the pages that somebody may use; the page that is open is marked. */
export function showLinks(me) {
  const here = plain(location.pathname);
  const groups = PAGES.map((pages) =>
    pages
      .filter(([, , right]) => me?.rights.has(right))
      .map(([path, words]) => {
        const link = make("a", "", words);
        const url = new URL(path, ROOT);
        link.href = url.href;
        if (plain(url.pathname) === here) link.setAttribute("aria-current", "page");
        return link;
      }),
  ).filter((links) => links.length);
  for (const nav of document.querySelectorAll("nav.pages")) {
    nav.replaceChildren(...groups.map((links) => make("span", "page-group", ...links)));
  }
}
