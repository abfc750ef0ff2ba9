"""The installation of an operator's command, after its brokers have accepted the user."""

from runtime.clock import Clock, SystemClock
from runtime.kafka.access import check_access
from workers.cli.configuration import read_settings
from workers.operations.installation import Installation


def open_installation(clock: Clock | None = None) -> Installation:
    """The installation that the settings name.

    Raises:
        Stop: Its brokers do not let this user in.
        typer.Exit: A setting cannot be used.
    """
    installation = Installation.of(read_settings(), clock or SystemClock())
    check_access(installation.cluster)
    return installation
