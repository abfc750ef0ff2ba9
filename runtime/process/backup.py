"""Settings of backups."""

from typing import Final

from runtime.process.declare import Section, setting

KEEP_DAYS: Final = 35.0


class BackupSettings(Section):
    """Backups, which `wardstream backup` takes and deletes."""

    keep_days: float = setting(
        KEEP_DAYS,
        "days",
        "`wardstream backup take` deletes older backups of the same run in the same folder, once "
        "the new one is whole; `wardstream backup expire` does so at once. The newest whole one "
        "stays.",
        gt=0,
    )
