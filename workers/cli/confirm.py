"""`wardstream camera confirm CAMERA --reason TEXT`."""

from contextlib import ExitStack
from typing import Annotated

import typer

from runtime.errors import Stop
from runtime.facts.log import FactLog
from runtime.process.logging import configure_logging
from runtime.process.user import user_name
from schemas.topics import CAMERAS
from workers.audit.writer import AuditLog
from workers.cli.configuration import read_settings
from workers.cli.connections import open_cluster
from workers.cli.errors import exit_codes
from workers.registry.camera_views import confirm as confirm_view
from workers.registry.camera_views import confirming


def confirm(
    camera: Annotated[str, typer.Argument(help="Camera id.")],
    reason: Annotated[str, typer.Option(help="Why the view and its calibration are right.")],
) -> None:
    """Say that a camera's view and calibration are right as they are now.

    Its people are no longer suspect, and the guard learns the view again. Look at the view first.
    """
    with exit_codes(), ExitStack() as stack:
        configure_logging(read_settings(), "command")
        cluster = open_cluster()
        facts = FactLog(cluster, [CAMERAS])
        stack.callback(facts.close)
        versions = [fact.record for fact in facts.sync() if fact.record["camera_id"] == camera]
        newest = max(versions, key=lambda record: int(record["version"]), default=None)
        if newest is None or newest["removed"]:
            raise Stop(f"there is no camera {camera!r}")
        if not reason.strip():
            raise Stop("--reason is empty: say what you looked at")
        user = user_name()
        audit = stack.enter_context(AuditLog(cluster, "command"))
        audit.record_now(confirming(camera), actor=user, why=reason.strip())
        version = newest["version"]
        written = confirm_view(cluster, camera, camera_version=version, by=user, reason=reason)
    typer.echo(f"camera {camera} confirmed by {user}: decision {written['version']}")
