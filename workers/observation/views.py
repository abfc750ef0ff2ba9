"""Findings about what cameras show: the guard's verdicts, in words for ward staff."""

from collections.abc import Sequence
from typing import Final, NamedTuple

from schemas.records.cameras import CameraVerdict
from workers.observation.finding import Finding, Tier
from workers.observation.signs import Signs

RUNBOOK: Final = "docs/runbooks/camera-verdicts.md"


class ViewTexts(NamedTuple):
    """How a verdict is reported.

    Attributes:
        kind: Kind of the alert.
        tier: Urgency.
        what: Text for ward staff, with the camera's name in place of `{name}`.
        next_action: What an operator does about it, with the camera's id in place of `{id}`.
    """

    kind: str
    tier: Tier
    what: str
    next_action: str


VIEWS: Final[dict[CameraVerdict, ViewTexts]] = {
    "MOVED": ViewTexts(
        "moved",
        "WARNING",
        "Camera {name} shows another view than before: its figures may be wrong",
        "put camera {id} back as it was, or set its zones and calibration up for the new view",
    ),
    "COVERED": ViewTexts(
        "covered",
        "WARNING",
        "Something covers camera {name}",
        "look what hangs or stands before camera {id}",
    ),
    "FROZEN": ViewTexts(
        "frozen",
        "WARNING",
        "Camera {name} repeats one picture: nobody sees what happens there",
        "start camera {id} again, or whatever sends its stream",
    ),
    "OUT_OF_FOCUS": ViewTexts(
        "blurred",
        "NOTICE",
        "The picture of camera {name} is blurred: people may be missed",
        "clean and focus the lens of camera {id}",
    ),
    "DARK": ViewTexts(
        "dark",
        "NOTICE",
        "The picture of camera {name} is black: nobody can be seen in it",
        "turn a light on before camera {id}, or its infrared lamp",
    ),
}
"""The verdicts that are reported."""

KINDS: Final = frozenset({*(texts.kind for texts in VIEWS.values()), "disagrees"})
"""Kinds of these alerts."""


def views(signs: Signs) -> list[Finding]:
    """Cameras in force whose view is not as it should be, or was not confirmed since."""
    found = []
    moved = {camera_id for camera_id, sign in signs.views.items() if sign.verdict == "MOVED"}
    for camera_id, one in sorted(signs.disagreements.items()):
        camera = (signs.cameras or {}).get(camera_id)
        if camera is None or camera_id in moved:  # which explains it
            continue
        known = signs.cameras or {}
        names = [known[other].name for other in one.others if other in known]
        found.append(
            Finding(
                key=f"disagrees/camera/{camera_id}",
                tier="WARNING",
                what=f"Camera {camera.name} puts people elsewhere than {_listed(names)}",
                since_us=one.since_us,
                value=one.distance_m,
                threshold=0.0,
                unit="m",
                next_action=f"check the calibration of camera {camera_id}, then of "
                f"{', '.join(one.others)}: {RUNBOOK}",
            )
        )
    for camera_id, since_us in sorted(signs.suspects.items()):
        camera = (signs.cameras or {}).get(camera_id)
        if camera is None or camera_id in moved or camera_id in signs.disagreements:
            continue  # the other finding says more
        found.append(
            Finding(
                key=f"suspect/camera/{camera_id}",
                tier="NOTICE",
                what=f"Where camera {camera.name} places people needs to be confirmed",
                since_us=since_us,
                value=round((signs.now_us - since_us) / 1e6, 1),
                threshold=0.0,
                unit="s",
                next_action="look at its view, then calibrate it again or "
                f"`wardstream camera confirm {camera_id} --reason …`: {RUNBOOK}",
            )
        )
    for camera_id, sign in sorted(signs.views.items()):
        camera = (signs.cameras or {}).get(camera_id)
        texts = VIEWS.get(sign.verdict)
        if camera is None or texts is None:
            continue
        found.append(
            Finding(
                key=f"{texts.kind}/camera/{camera_id}",
                tier=texts.tier,
                what=texts.what.format(name=camera.name),
                since_us=sign.since_us,
                value=round((signs.now_us - sign.since_us) / 1e6, 1),
                threshold=0.0,
                unit="s",
                next_action=f"{texts.next_action.format(id=camera_id)}: {RUNBOOK}",
            )
        )
    return found


def _listed(names: Sequence[str]) -> str:
    """Names of cameras as a text: `Door`, `Door and Bed 2`."""
    *first, last = names or ["another one"]
    return f"{', '.join(first)} and {last}" if first else last
