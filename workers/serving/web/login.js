// Says why somebody is not logged in, and leads to the login and back.
import { say } from "./messages.js";

const WHY = {
  ended: ["Your session has ended", "Log in again to go on. What you had not saved is kept in this window."],
  out: ["You are logged out", "Close this window if others use this computer."],
  away: [
    "The login service is out of reach",
    "You cannot log in now. Who is logged in stays logged in, and the wall displays go on. Try again in a few minutes; if it lasts, call the operators.",
  ],
  failed: ["The login did not work", "It took too long, or was begun in another window. Try again."],
  denied: ["You may not use this board", "Your account has no access role here. Ask an administrator for one, then log in again."],
};

const at = (id) => document.getElementById(id);
const asked = new URLSearchParams(location.search);
const why = asked.get("why");
const target = asked.get("return_to") ?? "";
const safe = /^\/(?![/\\])/.test(target) ? target : "";

if (WHY[why]) {
  say(at("title"), WHY[why][0]);
  say(at("text"), WHY[why][1]);
  document.title = WHY[why][0];
  if (why === "away") say(at("go"), "Try again");
}
at("go").href = safe ? `login?return_to=${encodeURIComponent(safe)}` : "login";
