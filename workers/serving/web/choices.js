// What somebody chose on this machine: colours, order; kept where storage is switched on.
import { say } from "./messages.js";

const THEMES = ["auto", "light", "dark"];

export function remember(name, value) {
  try {
    localStorage.setItem(`wardstream.${name}`, value);
  } catch {
    // Storage may be switched off; the choice then lasts until the page is closed.
  }
}

export function recall(name) {
  try {
    return localStorage.getItem(`wardstream.${name}`);
  } catch {
    return null;
  }
}

function showTheme(button, word, theme) {
  if (theme === "auto") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
  say(word, { auto: "Auto", light: "Light", dark: "Dark" }[theme]);
  button.setAttribute("aria-label", `Colours: ${theme === "auto" ? "automatic" : theme}. Change`);
}

/** Let a button change the colours. */
export function themeSwitch(button, word) {
  button.addEventListener("click", () => {
    const now = document.documentElement.dataset.theme ?? "auto";
    const next = THEMES[(THEMES.indexOf(now) + 1) % THEMES.length];
    remember("theme", next);
    showTheme(button, word, next);
  });
  showTheme(button, word, document.documentElement.dataset.theme ?? "auto");
}
