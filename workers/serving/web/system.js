// The page System: which camera, which stage, since when; asked again every two seconds.
import { ago, counted, listed, make, moment, say } from "./messages.js";
import { at, start, tell, trouble } from "./page.js";
import { table } from "./past_parts.js";
import { read } from "./requests.js";
import { sessionEnded } from "./session.js";
import { CAMERA, clock, DOES, figure, headline, DEAD_LETTERS, reasonsOf, STAGE, troubleOf, UNMEASURED } from "./system_words.js";

const EVERY_MS = 2000;
const FIRST = 100; // cameras that are drawn before somebody asks for all

class SystemPage {
  constructor() {
    const asked = new URLSearchParams(location.search);
    this.floor = asked.get("floor") ?? "";
    this.answer = null;
    at("show").value = asked.get("show") === "bad" ? "bad" : "";
    at("floor").addEventListener("change", () => {
      this.floor = at("floor").value;
      this.#keep();
    });
    at("show").addEventListener("change", () => this.#keep());
    at("more").addEventListener("click", () => {
      this.all = true;
      this.#draw();
    });
    this.#ask();
  }

  #keep() {
    const asked = new URLSearchParams({ ...(this.floor && { floor: this.floor }), ...(at("show").value && { show: at("show").value }) });
    history.replaceState(null, "", asked.size ? `?${asked}` : location.pathname);
    if (this.answer) this.#draw();
  }

  async #ask() {
    if (!document.hidden) {
      try {
        this.answer = await read("system");
        document.querySelector("main").dataset.old = "false";
        trouble(troubleOf(this.answer, this.answer.now_us / 1e6));
        this.#draw();
      } catch (error) {
        if (error.status === 401) {
          sessionEnded();
          return;
        }
        document.querySelector("main").dataset.old = "true";
        const since = this.answer ? ` What is below was so at ${moment(this.answer.now_us / 1e6, Date.now() / 1000)}.` : "";
        trouble(`${error.status === 0 ? "The board is out of reach" : error.message}. It is asked again.${since}`);
      }
    }
    setTimeout(() => this.#ask(), EVERY_MS);
  }

  #draw() {
    const { answer } = this;
    const now = answer.now_us / 1e6;
    const words = headline(answer);
    if (at("headline").textContent !== words) tell(words);
    say(at("headline"), words);
    say(at("measured"), `Cameras as of ${moment(now, now)}. Stages measured ${answer.stages_us === null ? "never" : ago(now - answer.stages_us / 1e6)}.`);
    at("alerts").replaceChildren(...answer.alerts.map((one) => make("li", "", `${one.what}, since ${moment(one.since_us / 1e6, now)}`)));
    at("alerts").hidden = !answer.alerts.length;
    this.#stages(answer.stages, now);
    this.#deadLetters(answer.dead_letters, now);
    this.#floors(answer.cameras);
    this.#cameras(answer.cameras, now);
    const models = answer.models.map((one) => ({
      model: `${one.name} ${one.version}`,
      cameras: `${one.cameras} of ${answer.cameras.length}`,
      caution: one.caution || "none",
    }));
    at("models").replaceChildren(models.length ? table("Models", { model: "Model", cameras: "Cameras", caution: "Caution" }, models) : make("p", "note", answer.redis.reachable ? "No frame yet." : UNMEASURED));
  }

  #stages(stages, now) {
    const silent = stages.filter((one) => one.state === "UNKNOWN" && one.lag_s === null);
    say(at("unmeasured"), silent.length ? `Not measured: ${listed(silent.map((one) => `${one.stage} (${DOES[one.stage] ?? "a process"})`))}.` : "");
    const rows = stages.filter((one) => !silent.includes(one)).map((one) => ({
      stage: make("span", "", one.stage, make("span", "reason", DOES[one.stage] ?? "")),
      state: sign(STAGE[one.state], one.alerts.map((alert) => `${alert.what}, since ${moment(alert.since_us / 1e6, now)}`)),
      rate: figure(one.records_per_s, "records/s"),
      records: one.lag_records === null ? UNMEASURED : counted(one.lag_records, "record", "records"),
      lag: figure(one.lag_s, "s"),
    }));
    at("stages").replaceChildren(!rows.length ? "" : table("Stages", { stage: "Process", state: "State", rate: "Takes in", records: "Waiting", lag: "Oldest of them" }, rows));
  }

  #deadLetters(counted, now) {
    const rows = (counted ?? []).map((one) => ({
      stage: make("span", "", one.stage, make("span", "reason", DOES[one.stage] ?? "")),
      reason: one.reason.replaceAll("_", " "),
      number: String(one.number),
      last: moment(one.last_us / 1e6, now),
    }));
    const none = counted === null ? `${DEAD_LETTERS.unknown}.` : `${DEAD_LETTERS.none}.`;
    at("dead-letters").replaceChildren(rows.length ? table(DEAD_LETTERS.name, DEAD_LETTERS.heads, rows) : make("p", "note", none));
  }

  #floors(cameras) {
    const floors = new Map(cameras.map((one) => [one.floor_id, one.floor_name]));
    const key = JSON.stringify([...floors]);
    if (this.floorsKey === key) return;
    this.floorsKey = key;
    const choices = [...floors].sort((a, b) => a[1].localeCompare(b[1])).map(([id, name]) => new Option(name, id));
    at("floor").replaceChildren(new Option("All floors", ""), ...choices);
    if (!floors.has(this.floor)) this.floor = "";
    at("floor").value = this.floor;
  }

  #cameras(cameras, now) {
    const bad = at("show").value === "bad";
    const chosen = cameras.filter((one) => (!this.floor || one.floor_id === this.floor) && (!bad || one.state !== "GOOD"));
    const shown = this.all ? chosen : chosen.slice(0, FIRST);
    at("more").hidden = shown.length === chosen.length;
    say(at("count"), `${counted(chosen.length, "camera", "cameras")}, the worst first${shown.length < chosen.length ? `; ${shown.length} are shown` : ""}`);
    const rows = shown.map((one) => ({
      camera: make("span", "", one.name, make("span", "reason", one.floor_name)),
      state: sign(CAMERA[one.state], reasonsOf(one, now)),
      seen: one.last_us === null ? "never, as far as is known" : ago(now - one.last_us / 1e6),
      rate: figure(one.frames_per_s, "frames/s"),
      lag: figure(one.lag_s, "s"),
      clock: clock(one.clock, now),
      model: one.model_name ? `${one.model_name} ${one.model_version}` : UNMEASURED,
    }));
    at("cameras").replaceChildren(table("Cameras", { camera: "Camera", state: "State", seen: "Last seen", rate: "Frames", lag: "Lag", clock: "Clock", model: "Model" }, rows));
  }
}

function sign([kind, words], reasons) {
  const word = make("span", "sign", words);
  word.dataset.sign = kind;
  return make("span", "", word, ...reasons.map((one) => make("span", "reason", one)));
}

const me = await start("pipeline.read");
if (me) new SystemPage();
