// Log a display in from another device: a code is shown here, and confirmed there.
import { ask, read } from "./requests.js";
import { say } from "./messages.js";

const AGAIN_MS = 15000;

export class Pairing {
  /**
   * @param url where the address goes
   * @param code where the code goes
   * @param state where it is said how far it is
   */
  constructor(url, code, state) {
    Object.assign(this, { url, code, state });
  }

  /** Ask for a code, and wait until somebody has confirmed it; the page then starts again. */
  async start() {
    try {
      const asked = await read("../../login/wall", { method: "POST" });
      say(this.url, asked.verification_uri);
      say(this.code, asked.user_code);
      say(this.state, "Waiting for the code to be entered …");
      await this.#wait(asked);
    } catch (error) {
      say(this.code, "– – – –");
      const away = error.status === 0 || error.status >= 500;
      say(this.state, `${away ? "The login service is out of reach" : error.message}. Trying again.`);
      setTimeout(() => this.start(), AGAIN_MS);
    }
  }

  async #wait(asked) {
    for (;;) {
      await new Promise((resolve) => setTimeout(resolve, (asked.interval_s ?? 5) * 1000));
      const answer = await ask("../../login/wall", {});
      const { state } = await answer.json();
      if (state === "done") {
        location.reload();
        return;
      }
      if (state !== "waiting") {
        say(this.state, "The code has expired; here is a new one.");
        this.start();
        return;
      }
    }
  }
}
