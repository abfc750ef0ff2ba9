"""The settings of each stage: typed, with unit, default and effect."""

from ipaddress import ip_network
from pathlib import Path
from typing import Literal

from pydantic import SecretStr, field_validator

from runtime.process.declare import Section, setting
from runtime.process.digests import digests_of


class IngestSettings(Section):
    """Cameras to frames.captured.v1."""

    fps: float = setting(10.0, "frames/s", "Frames taken per second of the source.", gt=0, le=60)
    mode: Literal["record", "live"] = setting(
        "live",
        "name",
        "record never skips a frame; live drops frames that a slow pipeline cannot take.",
    )
    max_width: int = setting(1280, "px", "Wider frames are shrunk to this width.", gt=0)
    jpeg_quality: int = setting(
        85, "1-100", "Higher keeps more detail and more bytes.", ge=1, le=100
    )
    inline_limit_bytes: int = setting(
        512 * 1024,
        "bytes",
        "Larger JPEGs go to the object store and the record carries a claim check.",
        ge=0,
        le=4_000_000,
    )
    object_store_url: str = setting(
        "file://.wardstream/objects",
        "URL",
        "Where claim-checked frames are stored: file:// or s3://.",
    )
    object_keep_s: float = setting(
        86_400.0,
        "s",
        "Stored frames are deleted this long after they were written; 0 deletes none, where the "
        "bucket itself does. Frames on the log must find theirs, so no less than 8 hours.",
        ge=0,
    )
    address_cache: Path = setting(
        Path(".wardstream/addresses"),
        "path",
        "Stream addresses from the registry are kept here, sealed as there, so that ingest starts "
        "and goes on while the database is away.",
    )
    address_check_s: float = setting(
        2.0,
        "s",
        "The registry is asked this often whether stream addresses were added, changed or removed.",
        gt=0,
    )
    heartbeat_s: float = setting(1.0, "s", "A silent camera sends its time this often.", gt=0)
    future_limit_s: float = setting(
        5.0,
        "s",
        "Frames of an event time this far ahead of the wall clock are not sent, and a camera "
        "whose own clock is this far ahead is reported.",
        gt=0,
    )
    reconnect_initial_s: float = setting(
        0.5, "s", "First pause before a lost stream is reopened.", gt=0
    )
    reconnect_max_s: float = setting(
        30.0, "s", "Longest pause before a lost stream is reopened.", gt=0
    )

    @field_validator("object_keep_s")
    @classmethod
    def _outlasts_the_log(cls, keep_s: float) -> float:
        if 0 < keep_s < 8 * 3600:
            raise ValueError("give 0, or at least 28800: frames on the log must find their objects")
        return keep_s


class InferenceSettings(Section):
    """frames.captured.v1 to detections.made.v1."""

    backend: Literal["auto", "yolo", "openvino", "onnx", "hog"] = setting(
        "auto", "name", "Detector backend; auto takes the fastest that can run here."
    )
    weights: str | None = setting(
        None, "path or name", "Model weights; found by name when not a path."
    )
    models_folder: Path = setting(Path("models/weights"), "path", "Folder searched for weights.")
    trusted_pt_sha256: str = setting(
        "",
        "hex digests",
        "SHA-256 of each .pt file that may be loaded, with commas between: such a file can run any "
        "program.",
    )
    score_threshold: float = setting(
        0.1,
        "0-1",
        "Boxes below it are dropped, on the scale of yolox_nano. Thresholds of the tracker "
        "that are lower act as this one.",
        ge=0,
        le=1,
    )
    nms_iou: float = setting(
        0.65, "0-1", "Overlap above which the weaker of two boxes is dropped.", ge=0, le=1
    )
    threads: int = setting(1, "threads", "CPU threads of the network.", ge=1)
    batch_size: int = setting(8, "frames", "Frames inferred together at most.", ge=1)
    batch_wait_ms: float = setting(
        20.0, "ms", "A batch waits at most this long for more frames.", ge=0
    )
    mode: Literal["record", "live"] = setting(
        "live",
        "name",
        "record infers every frame; live infers the newest frame of a camera and marks the "
        "older ones skipped.",
    )

    @field_validator("trusted_pt_sha256")
    @classmethod
    def _holds_digests(cls, listed: str) -> str:
        digests_of(listed)
        return listed


class GuardSettings(Section):
    """frames.captured.v1 to camera-health.measured.v1."""

    compare_every_s: float = setting(
        0.5, "s", "A camera is compared with its background this often.", ge=0.1, le=5
    )
    learn_s: float = setting(
        10.0, "s", "The background of a camera is learnt from pictures of this long.", ge=1
    )
    after_s: float = setting(
        3.0, "s", "A verdict must hold for this long; people pass by meanwhile.", ge=0
    )
    frozen_after_s: float = setting(
        10.0, "s", "A camera whose pictures are the same for this long is frozen.", gt=0
    )
    repeat_s: float = setting(60.0, "s", "A verdict that lasts is written this often.", gt=0)
    disagree_m: float = setting(
        0.5,
        "m",
        "Cameras that put the same walking people this far apart disagree: smaller finds smaller "
        "errors of calibration, and takes feet that are not seen for one; 0 compares none.",
        ge=0,
    )
    disagree_window_s: float = setting(
        600.0, "s", "Walks of this long are compared; longer finds out later.", gt=0
    )


class ClocksSettings(Section):
    """detections.made.v1 to camera-clock.v1."""

    window_s: float = setting(
        600.0, "s", "A camera's clock is followed by the least delays of this long.", ge=60
    )
    settle_s: float = setting(
        30.0,
        "s",
        "A clock that has run without a jump for this long is used. Before, pictures are dated by "
        "their arrival.",
        ge=15,
    )
    drift_after_s: float = setting(
        120.0, "s", "Drift is estimated from at least this long, and none is assumed before.", ge=30
    )
    jump_s: float = setting(
        0.25, "s", "A clock whose delay differs by more than this has jumped.", gt=0
    )
    jump_after_s: float = setting(
        3.0, "s", "A jump must hold for this long; a network that stalls recovers meanwhile.", gt=0
    )
    tolerance_s: float = setting(
        0.02,
        "s",
        "A correction is written again when it differs by more than this; a lower value writes "
        "more versions, which are kept for ever.",
        gt=0,
    )
    rise_after_s: float = setting(
        60.0,
        "s",
        "When every delay of this long is above the tolerance, the way became longer, and what was "
        "before is forgotten.",
        ge=15,
    )
    again_after_s: float = setting(
        60.0, "s", "A correction is written again after this long at the earliest.", ge=0
    )
    ahead_s: float = setting(
        10.0,
        "s",
        "A decision holds for events from this long after it was made, so that every process has "
        "read it by then; stream.allowed_lateness_s and 5 s at least.",
        ge=5,
        le=60,
    )
    synchronised_within_s: float = setting(
        0.0,
        "s",
        "A clock whose pictures take no longer than this at least is taken for right, and that "
        "delay for real; set it where all cameras follow the time server of this machine. 0 takes "
        "none for right: a constant delay cannot be told from an offset, and is not corrected.",
        ge=0,
        le=5,
    )


class StreamSettings(Section):
    """detections.made.v1 to tracks, presence, occupancy and coverage."""

    batch_max: int = setting(1000, "records", "Records folded in one go at most.", ge=1, le=2000)
    batch_wait_s: float = setting(
        0.03, "s", "The broker collects records for a batch at most this long.", gt=0, le=1
    )
    checkpoint_s: float = setting(1.0, "s", "State is checkpointed this often.", gt=0)
    stall_s: float = setting(
        20.0, "s", "Restart after this long without progress while records wait.", gt=0
    )
    session_timeout_s: float = setting(
        8.0, "s", "A dead worker's partitions move after this.", gt=0
    )
    allowed_lateness_s: float = setting(
        2.0, "s", "A tick closes without the cameras whose input is later than this.", gt=0
    )
    fuse_cameras: bool = setting(
        True,
        "true or false",
        "A floor with two or more calibrated cameras counts each person once, however many of "
        "them see the person. When false, each camera counts its own people.",
    )
    take_badge_reads: bool = setting(
        True,
        "true or false",
        "Reads of badges say who people may be. When false, everybody is unidentified.",
    )
    census_max_age_h: float = setting(
        26.0,
        "h",
        "A census is believed alone for this long. One that is older is said to be, and what a "
        "ratio to it requires is an interval that holds what the people who are present would "
        "require, too. A little more than the time between two counts; a day of 25 h included.",
        gt=0,
        le=24 * 366,
    )


class PrivacySettings(Section):
    """How much the stream processor publishes about single people."""

    mode: Literal["pseudonyms", "role-only"] = setting(
        "pseudonyms",
        "name",
        "pseudonyms: a person has an id while cameras follow them, and may have a staff id. "
        "role-only: roles and counts; ids end with each stay in a zone, and places, links and "
        "staff ids stay empty.",
    )


class CheckpointArchiveSettings(Section):
    """Checkpoints in object storage, from which `wardstream rebuild` starts."""

    every_s: float = setting(
        3600.0, "s", "Each partition's checkpoint is archived this often; 0 archives none.", ge=0
    )
    keep_s: float = setting(
        30 * 86_400.0,
        "s",
        "Older archived checkpoints are deleted, except the newest of each partition. At most as "
        "long as detections are kept: a checkpoint is of no use without them.",
        gt=0,
    )
    url: str = setting(
        "", "URL", "Where they are stored: file:// or s3://; empty for ingest.object_store_url."
    )


class CheckpointSettings(Section):
    """Checkpoints of the stream processor."""

    archive: CheckpointArchiveSettings = CheckpointArchiveSettings()


class SinkSettings(Section):
    """Derived topics to TimescaleDB and Redis."""

    batch_rows: int = setting(2000, "rows", "Rows in one database transaction at most.", ge=1)
    batch_wait_s: float = setting(0.25, "s", "A batch waits at most this long for more rows.", gt=0)
    position_interval_s: float = setting(
        1.0, "s", "Positions are kept once per this interval.", gt=0
    )
    live_expiry_s: float = setting(
        3600.0, "s", "A live value disappears when it is not renewed for this long.", gt=0
    )
    live_person_expiry_s: float = setting(
        5.0, "s", "A live person disappears when unseen for this long.", gt=0
    )
    changes_length: int = setting(10_000, "entries", "Length of the stream of live changes.", gt=0)
    session_timeout_s: float = setting(
        6.0, "s", "A dead sink's partitions move to another, or to its successor, after this.", gt=0
    )
    retry_max_s: float = setting(
        5.0, "s", "Longest pause before a store that is out of reach is tried again.", gt=0
    )
    retention_every_s: float = setting(
        3600.0, "s", "Rows older than their table's retention are dropped this often.", gt=0
    )


class DeadLetterSettings(Section):
    """How many dead letters are too many: then the process stops, since the fault is elsewhere."""

    max_ratio: float = setting(
        0.5,
        "0-1",
        "Inference, stream and sinks stop when more of the window than this is dead letters, and "
        "leave the rest in its topic; 1 never stops.",
        gt=0,
        le=1,
    )
    window_records: int = setting(
        400, "records", "The last records of a process over which the ratio is taken.", ge=2
    )


class WatchdogSettings(Section):
    """The process that watches the pipeline from outside."""

    after_s: float = setting(
        20.0, "s", "A camera, a stage or the pipeline that is silent for longer is reported.", gt=0
    )
    poll_s: float = setting(1.0, "s", "Pause between two observations of the pipeline.", gt=0)
    lag_s: float = setting(
        30.0, "s", "A stage whose oldest waiting record is older than this is reported.", gt=0
    )
    skipped_ratio: float = setting(
        0.5, "0-1", "More skipped pictures in the last minute than this are reported.", gt=0, le=1
    )
    takeover_s: float = setting(
        10.0,
        "s",
        "A watchdog that stands by takes over from a leader that is silent for so long; the same "
        "for all of one pipeline.",
        gt=0,
    )
    health: dict[str, str] = setting(
        {}, "URL by name", "Health endpoints to ask: of ingest, infer, stream, the sinks, serve."
    )
    webhook_url: SecretStr | None = setting(
        None, "URL", "Each alert is sent here as JSON by POST; nowhere when not set."
    )
    webhook_allow: str = setting(
        "",
        "addresses",
        "Addresses and networks that are not public and that the webhook's name may stand for, "
        "parted by commas; an address that stands in the URL itself needs no entry here.",
    )
    owner: str = setting("operators", "text", "Named in every alert as the one to mend it.")
    between_floors_s: float = setting(
        10.0,
        "s",
        "The shortest time between two floors, by stairs or lift: a badge that is read on two "
        "floors within less opens an alert under rules of the kind badge-contradiction. Lower "
        "where clocks of readers differ by seconds; 0 compares no floors.",
        ge=0,
        le=600,
    )
    readers_between_floors: list[str] = setting(
        [],
        "reader ids",
        "Readers in lifts and stairwells, which read people of several floors: what they read is "
        "not compared with other floors.",
    )
    anchored_within_s: float = setting(
        0.0,
        "s",
        "An audit whose newest anchor is older than this is reported; 93600 fits daily anchors, 0 "
        "expects none.",
        ge=0,
    )


class AuditSettings(Section):
    """Copies of the audit's heads where nobody can delete them."""

    anchors_url: str = setting(
        "", "URL", "Where `wardstream audit` keeps anchors: s3:// or file://; empty for nowhere."
    )
    anchor_every_s: float = setting(
        86_400.0, "s", "`wardstream audit anchor --daily` anchors this often.", gt=0
    )


class ExperimentSettings(Section):
    """Results of experiments: the log of the past folded again under other settings."""

    keep_days: float = setting(
        14.0,
        "days",
        "An experiment is dropped so long after it was run, by `wardstream db expire` and before "
        "each `wardstream experiment run`.",
        gt=0,
        le=3660,
    )
    quota_gb: float = setting(
        20.0,
        "GB",
        "Files of all experiments together; a run that finds them above this stops before its next "
        "partition, and goes on once another experiment was dropped.",
        gt=0,
    )


class ServingSettings(Section):
    """REST and the live board."""

    host: str = setting("127.0.0.1", "address", "Where the board listens.")
    port: int = setting(8080, "port", "Port of the board; 0 takes a free one.", ge=0, le=65535)
    stale_after_s: float = setting(5.0, "s", "A value older than this is shown as stale.", gt=0)
    max_clients: int = setting(
        200, "streams", "More event streams than this at once are refused with 503.", ge=1
    )
    max_streams_per_subject: int = setting(
        20,
        "streams",
        "More event streams than this of one login's subject are refused with 429.",
        ge=1,
    )
    max_reads: int = setting(
        1000, "reads", "More reads of badges than this in a request are refused with 413.", ge=1
    )
    max_reads_per_s: float = setting(
        200.0,
        "reads/s",
        "More reads of badges than this from one login's subject, on average, are refused with "
        "429; as many as one request may hold are taken at once.",
        gt=0,
    )
    max_feedback_per_h: float = setting(
        60.0,
        "feedback/h",
        "More feedback than this from one login's subject, on average, is refused with 429; ten "
        "are taken at once.",
        gt=0,
    )
    max_alert_actions_per_h: float = setting(
        600.0,
        "actions/h",
        "More actions on alerts than this from one login's subject, on average, are refused with "
        "429; 30 are taken at once.",
        gt=0,
    )
    preview_networks: str = setting(
        "10.0.0.0/8,172.16.0.0/12,192.168.0.0/16,fc00::/7",
        "networks",
        "Private networks that a camera preview may reach, beside public addresses.",
    )
    drawing_quota_mib: float = setting(
        64.0,
        "MiB",
        "Pictures of plans that one person may upload within a day, as they are kept; more is "
        "refused.",
        gt=0,
    )
    board_title: str = setting("Ward occupancy", "text", "Heading of the board.")
    tls: Literal["off", "files", "self-signed"] = setting(
        "off",
        "name",
        "Encrypt with the certificate in `tls_certificate` and `tls_key`; self-signed makes both "
        "where they are missing.",
    )
    tls_certificate: Path = setting(
        Path(".wardstream/tls/board.pem"), "path", "Certificate of the board (PEM)."
    )
    tls_key: Path = setting(
        Path(".wardstream/tls/board.key"), "path", "Private key of that certificate (PEM)."
    )

    @field_validator("preview_networks")
    @classmethod
    def _are_networks(cls, given: str) -> str:
        for one in filter(None, given.split(",")):
            ip_network(one.strip())
        return given
