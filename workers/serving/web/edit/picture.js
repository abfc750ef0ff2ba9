// The camera's picture behind a drawing: only for who may see it, only with a reason, never kept.
import { make } from "../messages.js";
import { ask } from "../requests.js";
import { choose, explain, trouble } from "../page.js";

export class Picture {
  /**
   * @param button that shows it
   * @param canvas where it is shown
   * @param me who asks
   */
  constructor(button, canvas, me) {
    this.button = button;
    this.canvas = canvas;
    this.may = me.rights.has("frames.read");
    button.addEventListener("click", () => this.#show());
  }

  /** Offer the picture of a camera; null for none. */
  offer(camera) {
    this.camera = camera;
    this.button.hidden = !this.may || !camera;
  }

  /** Take the picture away. */
  forget() {
    this.canvas.hidden = true;
    this.canvas.width = this.canvas.height = 1;
    this.canvas.dispatchEvent(new Event("forgotten"));
  }

  async #show() {
    const why = make("input");
    Object.assign(why, { id: "purpose", type: "text", required: true, minLength: 3, maxLength: 200 });
    const label = make("label", "", "Why do you need the picture?");
    label.htmlFor = why.id;
    const note = make("p", "note", "The audit keeps this with your name. Regions under privacy masks stay blank.");
    const asked = choose("Show the camera’s picture", [make("div", "field", label, why), note], [["", "Cancel", "plain"], ["show", "Show it", "primary"]]);
    why.focus();
    if ((await asked) !== "show") return;
    try {
      const answer = await ask(`cameras/${encodeURIComponent(this.camera)}/frame`, { purpose: why.value.trim() });
      const picture = await createImageBitmap(await answer.blob());
      Object.assign(this.canvas, { width: picture.width, height: picture.height, hidden: false });
      this.canvas.getContext("2d").drawImage(picture, 0, 0);
      this.canvas.dispatchEvent(new Event("shown"));
      trouble("");
    } catch (error) {
      trouble(error.status === undefined ? "The picture cannot be read." : explain(error).replace("Not saved", "No picture"));
    }
  }
}
