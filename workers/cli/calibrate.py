"""`wardstream camera calibrate CAMERA`."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from runtime.errors import Retry, Stop
from runtime.process.user import user_name
from schemas.topics import CAMERAS
from streams.domain.camera.pinhole import Pinhole
from workers.cli.desk import open_desk
from workers.cli.errors import exit_codes
from workers.cli.output import Json, print_json, print_lines, print_table
from workers.operations.calibration import points as floor_points
from workers.operations.calibration.calibration import (
    Calibration,
    CalibrationRefused,
    of_pinhole,
)
from workers.operations.calibration.drawing import drawn, read_picture, write_picture
from workers.operations.calibration.poses import Size, read_pose, read_projection
from workers.registry.calibration import followed, pose_fields
from workers.registry.editing.desk import EditingDesk
from workers.registry.editing.wanted import Applied, Conflict, Origin, Put
from workers.registry.forms import form_of
from workers.registry.registered import Key
from workers.registry.rows import CameraRow

_UNITS = {"m": 1.0, "cm": 0.01, "mm": 0.001}


def calibrate(
    camera: Annotated[str, typer.Argument(help="Camera id.")],
    points: Annotated[
        Path | None,
        typer.Option(
            help="CSV with u, v (px), x, y (on the floor), name: at least 4 points of the floor. "
            "With another source they check it."
        ),
    ] = None,
    projection: Annotated[
        Path | None,
        typer.Option(help="JSON with a 3x4 matrix from the floor (x, y, z up, 1) to pixels."),
    ] = None,
    pose: Annotated[
        Path | None,
        typer.Option(help="Pose and lens: JSON (intrinsic, distortion, extrinsic) or Tsai's XML."),
    ] = None,
    size: Annotated[
        str, typer.Option(help="Size of the frames that it is for, such as 1280x720.")
    ] = "",
    unit: Annotated[
        str, typer.Option(help="Unit of the floor in points and matrix: m, cm or mm.")
    ] = "m",
    limit_cm: Annotated[
        float,
        typer.Option("--limit-cm", min=0.1, help="Largest error of a point on the floor, cm."),
    ] = 20.0,
    image: Annotated[Path | None, typer.Option(help="A frame of the camera.")] = None,
    drawing: Annotated[
        Path | None, typer.Option(help="Write the frame with the grid of the floor to this file.")
    ] = None,
    row: Annotated[
        Path | None,
        typer.Option(help="Write the camera's row to this JSON file, for `camera import`."),
    ] = None,
    floor: Annotated[str, typer.Option(help="Floor of that row.")] = "",
    save: Annotated[bool, typer.Option("--save", help="Store it with the camera.")] = False,
    reason: Annotated[str, typer.Option(help="Why, for those who read `edits list`.")] = "",
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="With --save: print what would change only.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Calibrate a camera: say where on the floor each of its pixels is.

    Prints the calibration and its errors, and refuses one that cannot be right. Draw the grid and
    look at it before you store it.
    """
    with exit_codes():
        try:
            _calibrate(
                camera,
                (points, projection, pose),
                size=_size(size),
                unit=unit,
                limit_m=limit_cm / 100.0,
                pictures=(image, drawing),
                row=(row, floor),
                saving=(save or dry_run, reason, dry_run),
                as_json=as_json,
            )
        except CalibrationRefused as error:
            raise Stop(f"camera {camera}: {error}") from error
        except Conflict as error:
            raise Retry(f"{error}: run it again") from error


def _calibrate(
    camera_id: str,
    sources: tuple[Path | None, Path | None, Path | None],
    *,
    size: Size | None,
    unit: str,
    limit_m: float,
    pictures: tuple[Path | None, Path | None],
    row: tuple[Path | None, str],
    saving: tuple[bool, str, bool],
    as_json: bool,
) -> None:
    image, drawing = pictures
    row_file, floor_id = row
    wants_save, reason, dry_run = saving
    if (image is None) != (drawing is None):
        raise CalibrationRefused("--image and --drawing: give both, or neither")
    if unit not in _UNITS:
        raise CalibrationRefused(f"--unit {unit}: it is m, cm or mm")
    picture = None if image is None else read_picture(image)
    if picture is not None and size is None:
        size = (picture.shape[1], picture.shape[0])
    if not wants_save:
        found = _calibration(camera_id, sources, size, unit, limit_m, own=None)
    else:
        with open_desk(audited=not dry_run) as desk:
            known = desk.find(Key(CAMERAS, camera_id))
            if known is None:
                raise CalibrationRefused(
                    "it is not registered; write its row with --row, and import that"
                )
            own = (known["width"], known["height"])
            found = _calibration(camera_id, sources, size, unit, limit_m, own=own)
            note = reason or f"calibrated: {found.source}"
            applied = _save(desk, known, found, note, dry_run=dry_run)
    if picture is not None and drawing is not None:
        write_picture(drawing, drawn(found, picture))
    if row_file is not None:
        _write_row(row_file, camera_id, floor_id, found)
    _show(camera_id, found, limit_m, as_json=as_json)
    if wants_save and not as_json:
        print_lines(f"  {effect}" for effect in applied.effects)
        print_lines(f"  note: {note}" for note in applied.notes)
        done = "not stored: this is a preview" if dry_run else "stored"
        typer.echo(f"camera {camera_id}: {done if applied.effects else 'nothing changed'}")


def _calibration(
    camera_id: str,
    sources: tuple[Path | None, Path | None, Path | None],
    size: Size | None,
    unit: str,
    limit_m: float,
    *,
    own: Size | None,
) -> Calibration:
    """The calibration that the sources give, for frames of the camera's own size.

    Raises:
        CalibrationRefused: It cannot be right.
    """
    points, projection, pose = sources
    size, metres = size or own, _UNITS[unit]
    if projection is not None and pose is not None:
        raise CalibrationRefused("--projection and --pose: give one of them")
    given = [] if points is None else floor_points.read_points(points, metres)
    if projection is not None:
        found = of_pinhole(read_projection(projection, camera_id, size, metres), projection.name)
    elif pose is not None:
        found = of_pinhole(read_pose(pose, size), pose.name)
    elif points is None:
        raise CalibrationRefused("give --points, --projection or --pose")
    elif size is None:
        raise CalibrationRefused("give --size or --image: the size of the picture of the points")
    else:
        found = floor_points.fit(given, *size, limit_m)
        return found if own is None else found.scaled(*own)
    found = found.scaled(*(size or (found.width, found.height)))
    if given:
        found = floor_points.checked(found, given, limit_m)
    return found if own is None else found.scaled(*own)


def _save(
    desk: EditingDesk, known: dict[str, Any], found: Calibration, note: str, *, dry_run: bool
) -> Applied:
    form = form_of(CAMERAS, known)
    form.pop("homography")
    placed = followed(known, found.pinhole)
    row = CameraRow.model_validate({**form, **found.fields(), **placed})
    key = Key(CAMERAS, known["camera_id"])
    return desk.apply(
        [Put(row)],
        Origin(author=user_name(), via="command", note=note[:300]),
        expect={key: known["version"]},
        dry_run=dry_run,
    )


def _write_row(path: Path, camera_id: str, floor_id: str, found: Calibration) -> None:
    row: dict[str, Any] = {"camera_id": camera_id}
    if floor_id:
        row["floor_id"] = floor_id
    row |= {"width": found.width, "height": found.height, **found.fields()}
    if found.pinhole is not None:
        row |= pose_fields(found.pinhole)
    kept = {name: value for name, value in row.items() if value != []}
    try:
        path.write_text(json.dumps([kept], indent=2) + "\n")
    except OSError as error:
        raise CalibrationRefused(f"{path.name}: cannot be written: {error.strerror}") from error


def _show(camera_id: str, found: Calibration, limit_m: float, *, as_json: bool) -> None:
    body = found.body()
    position = None if body is None else [round(metres, 3) + 0.0 for metres in body.position()]
    if as_json:
        print_json(
            [
                {
                    "camera_id": camera_id,
                    "source": found.source,
                    "width": found.width,
                    "height": found.height,
                    **found.fields(),
                    "position_m": position,
                    "field_of_view_deg": None if body is None else _degrees(body),
                    "rms_cm": round(found.rms_m * 100, 2) if found.errors else None,
                    "worst_cm": round(found.worst_m * 100, 2) if found.errors else None,
                    "points": [
                        {
                            "name": error.point.name,
                            "error_cm": round(error.floor_m * 100, 2),
                            "by_the_others_cm": _cm(error.others_m),
                            "used": error.used,
                        }
                        for error in found.errors
                    ],
                }
            ]
        )
        return
    typer.echo(f"camera {camera_id}: {found.source}, for {found.width}x{found.height} px")
    if found.errors:
        print_table(
            ("point", "px", "floor, m", "error, cm", "by the others, cm", ""),
            (
                (
                    error.point.name,
                    f"{error.point.u:g}, {error.point.v:g}",
                    f"{error.point.x:.2f}, {error.point.y:.2f}",
                    f"{error.floor_m * 100:.1f}",
                    "unknown" if error.others_m is None else f"{error.others_m * 100:.1f}",
                    "" if error.used else "left out",
                )
                for error in found.errors
            ),
        )
        typer.echo(
            f"  error: {found.rms_m * 100:.1f} cm (rms), {found.worst_m * 100:.1f} cm at most; the "
            f"limit is {limit_m * 100:g} cm"
        )
    if found.pinhole is not None:
        typer.echo(f"  it sees {found.pinhole.field_of_view_deg():.1f} degrees from left to right")
    used = sum(error.used for error in found.errors)
    if found.pinhole is None and used == floor_points.LEAST:
        typer.echo("  note: four points always fit; a fifth shows whether they are right")
    if position is not None:
        certain = "stands" if found.pinhole is not None else "would stand, with square pixels,"
        typer.echo(
            f"  it {certain} at ({position[0]:.2f}, {position[1]:.2f}), {position[2]:.2f} m above "
            "the floor"
        )
    else:
        typer.echo("  note: the points do not show how high it stands")
    if found.pinhole is not None and found.pinhole.lens is not None:
        typer.echo(f"  its lens moves pixels by up to {found.pinhole.bend_px():.0f} px")


def _cm(metres: float | None) -> float | None:
    return None if metres is None else round(metres * 100, 2)


def _degrees(body: Pinhole) -> float:
    return round(body.field_of_view_deg(), 2)


def _size(text: str) -> Size | None:
    if not text:
        return None
    width, _, height = text.lower().partition("x")
    if not (width.isdigit() and height.isdigit() and int(width) and int(height)):
        raise typer.BadParameter(f"--size {text}: write it as 1280x720")
    return int(width), int(height)
