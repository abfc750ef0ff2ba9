// How a camera is calibrated: shown, and changed by a command alone.
import { make } from "../messages.js";

/**
 * Show the calibration of a camera.
 *
 * @param box where
 * @param id of the camera
 * @param record as registered
 */
export function showCalibration(box, id, record) {
  const heading = make("h3", "", "Calibration");
  heading.id = "calibration-heading";
  const rows = [
    ["State", stateOf(record)],
    ["Picture", `${record.width} × ${record.height} px`],
    ["Lens", record.lens ? "its distortion is known and taken out" : "taken as free of distortion"],
    ["Mount", record.mount === "moving" ? "moving: it has no fixed place on the plan" : "fixed"],
  ];
  const list = make("dl", "facts-list", ...rows.flatMap(([name, value]) => [make("dt", "", name), make("dd", "", value)]));
  const command = `wardstream camera calibrate ${id} --points points.csv \\\n  --image frame.png --drawing grid.png --save --reason "measured on Monday"`;
  const how = make(
    "details",
    "how-to",
    make("summary", "", "How to calibrate it"),
    make(
      "ol",
      "steps",
      make("li", "", "Save one picture of the camera at its full size."),
      make("li", "", "Measure six points or more of the floor that the picture shows, near and far, and write them down with their pixels."),
      make("li", "", "Run this, and look whether the grid that it draws lies on the floor:", make("pre", "command", command)),
    ),
    make("p", "note", "Step by step: ", make("cite", "", "Add and calibrate a camera"), ", ", make("code", "", "docs/calibration.md"), "."),
  );
  how.open = box.querySelector("details")?.open ?? false;
  box.replaceChildren(heading, list, how);
}

function stateOf({ projection, homography }) {
  if (projection) return "calibrated, in three dimensions: heights count too";
  if (homography) return "calibrated by points of the floor";
  return "not calibrated: its people have no place in metres";
}
