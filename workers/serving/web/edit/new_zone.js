// A new zone: its name, and the camera or floor in which it will be drawn.
import { make } from "../messages.js";
import { choose } from "../page.js";
import { idFrom } from "./words.js";

export class NewZone {
  /**
   * @param scene cameras and floors
   * @param taken ids of zones
   */
  constructor(scene, taken) {
    this.scene = scene;
    this.taken = taken;
  }

  /** Ask for the name and place; null when it was dismissed. */
  async ask() {
    const name = make("input");
    Object.assign(name, { id: "new-name", type: "text", required: true, maxLength: 200 });
    const place = make("select");
    place.id = "new-place";
    const option = (value, words) => Object.assign(make("option", "", words), { value });
    const calibrated = [...this.scene.cameras.values()].filter((camera) => camera.homography).map((camera) => camera.floor_id);
    place.append(
      ...[...this.scene.cameras].map(([id, camera]) => option(`camera ${id}`, `Camera ${camera.name || id}`)),
      ...[...new Set(calibrated)].map((id) => option(`floor ${id}`, `Floor ${this.scene.floors.get(id)?.name || id}, in metres`)),
    );
    const field = (words, input) => {
      const label = make("label", "", words);
      label.htmlFor = input.id;
      return make("div", "field", label, input);
    };
    const asked = choose("New zone", [field("Name", name), field("Seen by", place)], [["", "Cancel", "plain"], ["draw", "Draw its outline", "primary"]]);
    name.focus();
    if ((await asked) !== "draw" || !name.value.trim()) return null;
    const [kind, id] = [place.value.slice(0, place.value.indexOf(" ")), place.value.slice(place.value.indexOf(" ") + 1)];
    return {
      ...{ zone_id: idFrom(name.value, this.taken), name: name.value.trim(), polygon: [], order: this.taken.size + 1 },
      ...{ camera_id: kind === "camera" ? id : null, floor_id: kind === "floor" ? id : null },
      ...{ enter_after_ms: 500, leave_after_ms: 1500, dwell_limit_s: null },
    };
  }
}
