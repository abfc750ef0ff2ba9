// Says why somebody is not logged in, and leads to the login and back.
import { say } from "./messages.js";

const WHY = {
  ended: ["Your session has ended", "Log in again to go on. What you had not saved is kept in this window."],
  out: ["You are logged out", "Close this window if others use this computer."],
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
}
at("go").href = safe ? `login?return_to=${encodeURIComponent(safe)}` : "login";
