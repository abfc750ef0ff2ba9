"""Every folder of objects and files: what of people it holds, for how long, and why.

A name with an angle bracket is below the URL of a setting or of a command.
"""

from typing import Final

from runtime.process.settings import Settings
from runtime.storage.objects import EXPERIMENTS_AREA, FRAMES_AREA
from workers.access.rights import Right
from workers.retention.entry import DAY_S, Entry

_SETTINGS: Final = Settings.model_fields
_INGEST: Final = _SETTINGS["ingest"].default
_ARCHIVE: Final = _SETTINGS["checkpoints"].default.archive

FILE_ENTRIES: Final = (
    Entry(
        name=f"<ingest.object_store_url>/{FRAMES_AREA}/",
        store="files",
        holds="large pictures of cameras, with privacy masks blackened",
        of_people="pictures of people",
        keep_s=round(_INGEST.object_keep_s),
        until="after it was written (`ingest.object_keep_s`), and up to 1 hour more",
        because="as long as frames on the log name them, and time to find out what was wrong",
        deleted_by="ingest",
        read_by=("ingest", "inference", "guard", "serving"),
        seen_by=(Right.FRAMES,),
    ),
    Entry(
        name=f"<ingest.object_store_url>/{EXPERIMENTS_AREA}/",
        store="files",
        holds="what experiments gave, and the same rows in schemas `x_<id>` of the database",
        of_people="pseudonymous movements and stays",
        keep_s=round(_SETTINGS["experiments"].default.keep_days * DAY_S),
        until="after it was run (`experiments.keep_days`), or `wardstream experiment drop`",
        because="two weeks are enough to compare arms, and it can be run again",
        deleted_by="`wardstream db expire` and `wardstream experiment run`",
    ),
    Entry(
        name="<checkpoints.archive.url>/checkpoints/",
        store="files",
        holds="what the fold remembered, every hour",
        of_people="pseudonymous movements of some minutes, pseudonyms of badges and staff",
        keep_s=round(_ARCHIVE.keep_s),
        until="(`checkpoints.archive.keep_s`); the newest of each partition until another comes",
        because="the past can be folded again for as long as detections are kept",
        deleted_by="the stream processor",
        read_by=("stream",),
    ),
    Entry(
        name="<audit.anchors_url>/anchors/",
        store="files",
        holds="digests of the newest entries of the audit",
        until="for ever",
        because="an audit that was rewritten is found out by them; nobody may delete one",
        deleted_by="nobody",
        read_by=("anchor",),
    ),
    Entry(
        name="<backup URI>",
        store="files",
        holds="topics, tables and the registry, at the time of the backup",
        of_people="all that these hold; names of staff sealed",
        keep_s=round(_SETTINGS["backup"].default.keep_days * DAY_S),
        until=(
            "after it was made (`backup.keep_days`), at the next backup in that folder; the newest "
            "whole one until another comes"
        ),
        because="it is for when all else is lost, and what is wrong is found out within a month",
        deleted_by="`wardstream backup take` and `wardstream backup expire`",
    ),
    Entry(
        name="<vault.erasures>",
        store="files",
        holds="pseudonyms of people and badges that were erased, and when",
        of_people="pseudonyms that stand for nobody any more",
        until="for as long as a backup of before may be restored",
        because="no restored backup brings back who was erased",
        deleted_by="the operator",
        read_by=("serving",),
    ),
    Entry(
        name="<ingest.address_cache>",
        store="files",
        holds="addresses of cameras' streams, sealed",
        until="until ingest next reads the addresses",
        because="ingest starts while the database is away",
        deleted_by="ingest",
        read_by=("ingest",),
    ),
    Entry(
        name="<standard error>",
        store="files",
        holds="log lines: what each process did, with ids of cameras and floors",
        of_people="ids of people and logins now and then; no name, no address, no password",
        until="until whoever collects them deletes them: 30 days are enough",
        because="faults are found by them",
        deleted_by="the operator",
    ),
)
"""One entry for each folder."""
