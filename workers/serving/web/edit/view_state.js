// Whether the view of a camera can be trusted, and the button by which somebody says that it is right.
import { make, moment } from "../messages.js";
import { choose, explain, tell, trouble } from "../page.js";
import { confirmView } from "./registry.js";

const WHY = {
  MOVED: "It was moved: it no longer shows what it showed when it was calibrated.",
  DISAGREES: "It puts people elsewhere than the other cameras do that see them.",
};

export class ViewState {
  /**
   * @param box where it is shown
   * @param me who asks
   */
  constructor(box, me) {
    this.box = box;
    this.may = me.rights.has("registry.edit");
    this.confirmed = new Map(); // camera to the suspicion that somebody confirmed here
  }

  /** Whether a camera is suspect, as far as this page knows. */
  suspect(camera) {
    return Boolean(camera?.suspect_since_us) && this.confirmed.get(camera.camera_id) !== camera.suspect_since_us;
  }

  /** Show the state of a camera; null for none. */
  show(camera) {
    const key = camera ? `${camera.camera_id} ${camera.suspect_since_us} ${this.suspect(camera)}` : "";
    if (key === this.key) return; // a button keeps its focus
    this.key = key;
    const waits = camera?.suspect_since_us && !this.suspect(camera);
    this.box.hidden = !this.suspect(camera) && !waits;
    this.box.dataset.state = waits ? "confirmed" : "suspect";
    if (this.box.hidden) return;
    if (waits) {
      this.box.replaceChildren(make("p", "", make("strong", "", "Confirmed. "), "Its people are no longer marked from about 5 s from now on."));
      return;
    }
    const since = moment(camera.suspect_since_us / 1e6, Date.now() / 1000);
    const why = WHY[camera.suspect_reason] ?? `The guard found: ${camera.suspect_reason || "something else than before"}.`;
    const rows = [
      make("p", "", make("strong", "", `CHECK VIEW since ${since}. `), why),
      make("p", "note", "Its people are counted as before, but their places may be wrong, and they are marked with a ring of dots on the board."),
      make("p", "", "Look at the camera, and compare its picture with the floor. If it hangs wrongly, put it back and have it calibrated again: that ends this notice too."),
    ];
    if (this.may) {
      const button = make("button", "plain", "The view is right: confirm it …");
      button.type = "button";
      button.id = "confirm";
      button.addEventListener("click", () => this.#confirm(camera));
      rows.push(button);
    } else rows.push(make("p", "note", "Somebody who may edit cameras can confirm that the view is right."));
    this.box.replaceChildren(...rows);
  }

  async #confirm(camera) {
    const why = make("input");
    Object.assign(why, { id: "why", type: "text", required: true, maxLength: 300 });
    const label = make("label", "", "What did you look at?");
    label.htmlFor = why.id;
    const help = make("p", "note", "Such as “put back, the grid fits the floor again”. It is kept with your name. The camera’s view of now counts as right from then on.");
    const asked = choose(`Confirm the view of ${camera.name}`, [make("div", "field", label, why, help)], [["", "Cancel", "plain"], ["yes", "Confirm it", "primary"]]);
    why.focus();
    if ((await asked) !== "yes" || !why.value.trim()) return;
    try {
      await confirmView(camera.camera_id, why.value.trim());
      this.confirmed.set(camera.camera_id, camera.suspect_since_us);
      trouble("");
      tell("Confirmed.");
      this.show(camera);
      this.box.dispatchEvent(new Event("confirmed"));
    } catch (error) {
      trouble(explain(error).replace("Not saved", "Not confirmed"));
    }
  }
}
