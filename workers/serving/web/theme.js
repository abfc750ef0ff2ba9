// Runs before the page is drawn, so that a dark ward never sees a white flash.
(function () {
  "use strict";
  try {
    const chosen = localStorage.getItem("wardstream.theme");
    if (chosen === "light" || chosen === "dark") document.documentElement.dataset.theme = chosen;
  } catch {
    // Storage may be switched off; the page then follows the system.
  }
})();
