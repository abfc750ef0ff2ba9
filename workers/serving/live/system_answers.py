"""Answers of the API about the cameras and the stages of the pipeline."""

from typing import Literal

from pydantic import BaseModel, Field

from workers.serving.live.answers import AlertView, RedisView

CameraState = Literal["SILENT", "TROUBLE", "LATE", "CLOCK", "UNKNOWN", "GOOD"]
StageState = Literal["STOPPED", "LATE", "UNKNOWN", "GOOD"]


class ClockView(BaseModel):
    """What was decided about a camera's clock."""

    state: str = Field(description="SETTLED: its own clock is used. UNSETTLED: that of ingest is.")
    offset_s: float = Field(description="Its clock less that of ingest, s.", examples=[-0.18])
    drift_ppm: float = Field(description="How fast it gains, parts per million.", examples=[12.5])
    jitter_s: float = Field(description="How much it varies, s.", examples=[0.004])
    since_us: int = Field(description="Since when, UTC microseconds.")
    observed_until_us: int = Field(description="Last picture that was judged, UTC microseconds.")


class CameraSystem(BaseModel):
    """A registered camera as part of the pipeline."""

    camera_id: str = Field(description="Camera.", examples=["left"])
    name: str = Field(description="Its name.", examples=["Left half"])
    floor_id: str = Field(description="Its floor.", examples=["ward-3"])
    floor_name: str = Field(description="Name of the floor.", examples=["Ward 3"])
    state: CameraState = Field(
        description="The worst of what is known. SILENT: no frame for too long, or ever. TROUBLE: "
        "its view is in doubt. LATE: its frames come late. CLOCK: its own clock is not used. "
        "UNKNOWN: it cannot be told now."
    )
    last_us: int | None = Field(
        description="Event time of the newest frame, UTC microseconds; null where none is known."
    )
    lag_s: float | None = Field(
        description="From that frame to its numbers on the board, s; null: not measured."
    )
    frames_per_s: float | None = Field(
        description="Frames that reach the board per second, over up to 20 s; null: not measured."
    )
    clock: ClockView | None = Field(description="Its clock; null where nothing was decided.")
    suspect_since_us: int | None = Field(
        description="Since when its positions are in doubt, UTC microseconds; null: they are not."
    )
    alerts: list[AlertView] = Field(description="Raised alerts about it, oldest first.")
    model_name: str = Field(description="Model that saw the newest frame; empty where unknown.")
    model_version: str = Field(description="Version of that model.")


class StageSystem(BaseModel):
    """A stage of the pipeline."""

    stage: str = Field(description="Name of the process.", examples=["stream"])
    state: StageState = Field(
        description="STOPPED: the watchdog says so. LATE: records wait. UNKNOWN: nothing measures "
        "it, or the log is out of reach."
    )
    records_per_s: float | None = Field(
        description="Records that it takes in per second; null: not measured."
    )
    lag_records: int | None = Field(description="Records that wait for it; null: not measured.")
    lag_s: float | None = Field(description="Age of the oldest of them, s; null: not measured.")
    alerts: list[AlertView] = Field(description="Raised alerts about it, oldest first.")


class ModelSystem(BaseModel):
    """A model that finds people."""

    name: str = Field(description="Model.", examples=["yolox-nano"])
    version: str = Field(description="Its version.", examples=["3f9a1c20"])
    cameras: int = Field(description="Cameras whose newest frame it saw.", examples=[4])
    caution: str = Field(description="Why not to trust it; empty when there is no reason.")


class DeadLettersSystem(BaseModel):
    """Records of the last hour that a stage could not process, for one reason."""

    stage: str = Field(description="Process that gave up.", examples=["infer"])
    reason: str = Field(description="Why; see the reference of dead letters.")
    number: int = Field(description="How many in the last hour.", examples=[3])
    last_us: int = Field(description="When the last was appended, UTC microseconds.")


class SystemNow(BaseModel):
    """Cameras, stages and models; the worst first."""

    now_us: int = Field(description="Clock of the server, UTC microseconds.")
    redis: RedisView = Field(description="Whether the store of live values answers.")
    error: str = Field(description="Why the log cannot be read; empty when it can.")
    stages_us: int | None = Field(
        description="When the stages were last measured, UTC microseconds; null: never."
    )
    silent_after_s: float = Field(description="A camera is silent from this age on, s.")
    cameras: list[CameraSystem] = Field(description="Cameras that the caller sees.")
    stages: list[StageSystem] = Field(description="Stages, in the order of their trouble.")
    models: list[ModelSystem] = Field(description="By number of cameras.")
    dead_letters: list[DeadLettersSystem] | None = Field(
        description="Records that could not be processed, the most first; null: not known."
    )
    alerts: list[AlertView] = Field(description="Raised alerts about the pipeline as a whole.")
