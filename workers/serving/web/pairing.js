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

  /**
   * Ask for a code, and wait until somebody has confirmed it; the page then starts again.
   *
   * @param unit that the display is to show; empty for the one of its account
   */
  async start(unit) {
    let said = "";
    try {
      const asked = await read("../../login/wall", { method: "POST", body: { unit } });
      say(this.url, asked.url);
      say(this.code, asked.user_code);
      say(this.state, "Waiting for the code …");
      await this.#wait(asked);
      location.reload();
      return;
    } catch (error) {
      const away = error.status === 0 || error.status >= 500;
      said = away ? "The login service is out of reach." : error.message;
    }
    say(this.code, "– – – –");
    say(this.state, `${said} There will be a new code in a moment.`);
    setTimeout(() => this.start(unit), AGAIN_MS);
  }

  /** Returns once the display is logged in. */
  async #wait({ handle, poll_every_s: first }) {
    let pause = first;
    for (;;) {
      await new Promise((resolve) => setTimeout(resolve, pause * 1000));
      const answer = await ask("../../login/wall/poll", { method: "POST", body: { handle } }).catch((error) => {
        if (error.status !== 0 && error.status < 500) throw error;
        return null; // out of reach for a while: the code lasts some minutes
      });
      if (answer?.status === 200) return;
      pause = (await answer?.json())?.poll_after_s ?? first;
    }
  }
}
