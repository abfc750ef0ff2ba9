// Where zones are drawn: the frame of a camera in pixels, or a calibrated floor in metres.
import { draw } from "../messages.js";
import { pictureOf } from "./plan_ground.js";

const MARGIN_M = 2;

export class Scene {
  /**
   * @param zones as registered, by id
   * @param cameras as registered
   * @param floors as registered
   */
  constructor(zones, cameras, floors) {
    this.zones = zones;
    this.cameras = new Map(cameras.map((camera) => [camera.id, camera.record]));
    this.floors = new Map(floors.map((floor) => [floor.id, floor.record]));
  }

  /** The name of the camera or floor that a zone belongs to. */
  place({ camera_id: camera, floor_id: floor }) {
    if (camera) return this.cameras.get(camera)?.name || camera;
    return this.floors.get(floor)?.name || floor || "";
  }

  /** The frame of a zone, with the other zones in it, and masks. */
  frame(record, id) {
    const others = [...this.zones.values()].filter(
      (zone) => zone.id !== id && (record.camera_id ? zone.record.camera_id === record.camera_id : !zone.record.camera_id && zone.record.floor_id === record.floor_id),
    );
    const up = !record.camera_id;
    const camera = this.cameras.get(record.camera_id);
    const box = up ? floorBox([record, ...others.map((zone) => zone.record)]) : { x0: 0, y0: 0, x1: camera?.width || 640, y1: camera?.height || 480, step: 1 };
    const sheet = draw("rect", { x: box.x0, y: -box.y1, width: box.x1 - box.x0, height: box.y1 - box.y0 });
    const under = up ? [draw("clipPath", { id: "sheet-clip" }, sheet), ...pictureOf(record.floor_id, this.floors.get(record.floor_id)?.drawing)] : [];
    const masks = up ? [] : (camera?.privacy_masks ?? []).map((mask) => draw("polygon", { points: list(mask, up), class: "mask" }));
    const size = (box.x1 - box.x0) / 36;
    const ghosts = others.flatMap((zone) => {
      const [x, y] = middle(zone.record.polygon);
      const name = draw("text", { x, y: up ? -y : y, "font-size": size, class: "ghost-name" }, zone.record.name || zone.id);
      return [draw("polygon", { points: list(zone.record.polygon, up), class: "ghost" }), name];
    });
    return { box, up, unit: up ? "m" : "px", ground: [...under, ...masks, ...ghosts] };
  }
}

function floorBox(records) {
  const all = records.flatMap((record) => record.polygon);
  const [xs, ys] = [all.map(([x]) => x), all.map(([, y]) => y)];
  const low = (values) => Math.floor(Math.min(...(values.length ? values : [0])) - MARGIN_M);
  const high = (values) => Math.ceil(Math.max(...(values.length ? values : [10])) + MARGIN_M);
  return { x0: low(xs), y0: low(ys), x1: high(xs), y1: high(ys), step: 0.05 };
}

function middle(polygon) {
  const sum = polygon.reduce(([x, y], [px, py]) => [x + px, y + py], [0, 0]);
  return sum.map((value) => value / (polygon.length || 1));
}

function list(polygon, up) {
  return polygon.map(([x, y]) => `${x},${up ? -y : y}`).join(" ");
}
