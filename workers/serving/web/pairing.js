// Log a display in from another device: a code is shown here, and confirmed there.
import { read } from "./requests.js";
import { say } from "./messages.js";

const AGAIN_MS = 15000;
const LOGIN = "../../login/wall"; // beside the API

export class Pairing {
  /**
   * @param url where the address goes
   * @param code where the code goes
   * @param state where it is said how far it is
   */
  constructor(url, code, state) {
    Object.assign(this, { url, code, state });
  }

  /**
   * Ask for a code, and wait until somebody has confirmed it; the page then starts again.
   *
   * @param unit that the display is to show; empty for the one of its account
   */
  async start(unit) {
    let said = "";
    try {
      const asked = await read(`${LOGIN}?unit=${encodeURIComponent(unit)}`, { method: "POST" });
      say(this.url, asked.verification_uri);
      say(this.code, asked.user_code);
      say(this.state, "Waiting for the code …");
      if (await this.#wait(asked.interval_s)) {
        location.reload();
        return;
      }
      said = "The code was not entered in time.";
    } catch (error) {
      const away = error.status === 0 || error.status >= 500;
      said = away ? "The login service is out of reach." : error.message;
    }
    say(this.code, "– – – –");
    say(this.state, `${said} There will be a new code in a moment.`);
    setTimeout(() => this.start(unit), AGAIN_MS);
  }

  /** Wait until the display is logged in; false when its code is good no more. */
  async #wait(pause) {
    for (;;) {
      await new Promise((resolve) => setTimeout(resolve, pause * 1000));
      const answer = await read(LOGIN).catch((error) => {
        if (error.status !== 0 && error.status < 500) throw error;
        return { state: "waiting" }; // out of reach for a while: the code lasts some minutes
      });
      if (answer.state !== "waiting") return answer.state === "done";
    }
  }
}
