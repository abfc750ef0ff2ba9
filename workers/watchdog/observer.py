"""Observe a running pipeline from outside, through Kafka and the health endpoints only."""

import structlog

from runtime.errors import Retry
from runtime.kafka.cluster import Cluster
from runtime.process.metrics import LAG_RECORDS, LAG_SECONDS
from runtime.process.sections import WatchdogSettings
from streams.domain.alerts.rule import OF_BADGES
from workers.observation.badge_findings import KIND as BADGES
from workers.observation.groups import CONSUMED, PipelineProbe
from workers.observation.losses import LossFollower
from workers.observation.signs import (
    CameraSign,
    Disagreement,
    FloorSign,
    Signs,
    StageProgress,
    StageSign,
)
from workers.observation.views import KINDS
from workers.registry.follower import RegistryFollower
from workers.registry.view import RegistryView
from workers.watchdog.badges import BadgeFollower
from workers.watchdog.changes import ChangeWatch
from workers.watchdog.endpoints import HealthProbes
from workers.watchdog.outcomes import OutcomeFollower
from workers.watchdog.views import ViewFollower

log = structlog.get_logger(__name__)

_ANSWER_S = 5.0


class Observer:
    """Observes the pipeline; depends only on Kafka, and also reports when Kafka is out of reach.

    Args:
        cluster: Where the topics are.
        settings: Addresses of the health endpoints, and the pause between observations.

    Raises:
        Stop: A health endpoint is not a URL.
    """

    def __init__(self, cluster: Cluster, settings: WatchdogSettings) -> None:
        self._clock = clock = cluster.clock
        self._probe = PipelineProbe(cluster, _ANSWER_S)
        self._progress = {stage: StageProgress() for stage in CONSUMED}
        self._registry = RegistryView()
        self._facts = RegistryFollower(cluster, self._registry)
        self._outcomes = OutcomeFollower(cluster)
        self._views = ViewFollower(cluster)
        self._badges = BadgeFollower(cluster, settings)
        self._health = HealthProbes(settings.health, clock, settings.poll_s)
        self._losses = LossFollower(cluster)
        self._changes = ChangeWatch(cluster)
        self._kafka_us = clock.now_us()

    def start(self) -> None:
        """Start observing."""
        self._facts.start()
        self._outcomes.start()
        self._views.start()
        self._badges.start()
        self._losses.start()
        self._changes.start()
        self._health.start()

    def close(self) -> None:
        """Stop observing."""
        self._health.close()
        self._changes.close()
        self._losses.close()
        self._badges.close()
        self._views.close()
        self._outcomes.close()
        self._facts.close()

    def observe(self) -> Signs:
        """Everything that can be seen now."""
        kafka_error, pictures_us = "", None
        stages: dict[str, StageSign] = {}
        try:
            pictures_us = self._probe.pictures_us()
            reach = self._probe.reach()
        except Retry as error:
            kafka_error = str(error)
            log.warning("watchdog.kafka_out_of_reach", error=kafka_error)
        else:
            self._kafka_us = self._clock.now_us()
            for stage, (end, committed) in reach.items():
                sign = self._progress[stage].update(self._kafka_us, end, committed)
                stages[stage] = sign
                LAG_RECORDS.labels(stage).set(sign.lag_records or 0)
                LAG_SECONDS.labels(stage).set(sign.lag_s)
        now_us = self._clock.now_us()
        pictures, skipped = self._outcomes.skipped(now_us)
        health = self._health.signs()
        unseen = self._unseen()  # asked first: what is known by now is in the answers below
        guard = health.get("guard")
        if not self._views.current or (guard is not None and guard.problem):
            unseen |= KINDS  # a guard that is away finds no view to be good again
        return Signs(
            now_us=now_us,
            kafka_us=self._kafka_us,
            kafka_error=kafka_error,
            pictures_us=pictures_us,
            cameras=self._cameras(now_us),
            views=self._views.signs(now_us),
            disagreements=self._disagreements(now_us),
            suspects={
                camera_id: view["since_us"]
                for camera_id, view in self._registry.suspects(now_us).items()
            },
            stages=stages,
            health=health,
            skipped=skipped / pictures if pictures else 0.0,
            pictures=pictures,
            losses=(*self._losses.open(now_us), *self._changes.losses),
            topics=self._changes.topics,
            anchored_us=self._losses.anchored_us,
            crossings=self._badges.crossings(now_us),
            floors=self._floors(now_us),
            rules={
                rule_id: rule
                for rule_id, rule in self._registry.rules(now_us).items()
                if rule["kind"] in OF_BADGES
            },
            unseen=unseen,
        )

    def _disagreements(self, now_us: int) -> dict[str, Disagreement]:
        """Cameras that disagree with others; a verdict on an earlier version counts no longer."""
        cameras = self._registry.cameras(now_us)
        found: dict[str, Disagreement] = {}
        for record in self._views.disagreements(now_us):
            camera_id, other_id = record["camera_id"], record["with_camera_id"] or ""
            camera = cameras.get(camera_id)
            if camera is None or record["camera_version"] < camera["version"]:
                continue
            before = found.get(camera_id, Disagreement(record["since_us"], (), 0.0))
            found[camera_id] = Disagreement(
                min(before.since_us, record["since_us"]),
                (*before.others, other_id),
                max(before.distance_m, record["distance_m"] or 0.0),
            )
        return found

    def _floors(self, now_us: int) -> dict[str, FloorSign]:
        """Registered floors, by id."""
        units = self._registry.unit_index(now_us)
        return {
            floor_id: FloorSign(
                floor_id,
                fact["name"] or floor_id,
                fact["time_zone"],
                units.units_of("floor", floor_id) or frozenset(),
            )
            for floor_id, fact in self._registry.floors(now_us).items()
        }

    def _unseen(self) -> frozenset[str]:
        """Kinds of findings that were not checked yet."""
        known = {
            "loss": self._losses.current and self._changes.current,
            "settings": self._changes.topics_known,
            "anchor": self._losses.current,
            BADGES: self._badges.current and self._registry.synced_us is not None,
        }
        return frozenset(kind for kind, is_known in known.items() if not is_known)

    def _cameras(self, now_us: int) -> dict[str, CameraSign] | None:
        """Registered cameras; None while what they sent has not been read to its end."""
        if not self._outcomes.current or self._registry.synced_us is None:
            return None
        last_us = self._outcomes.last_us()
        return {
            camera_id: CameraSign(name=fact["name"] or camera_id, last_us=last_us.get(camera_id))
            for camera_id, fact in self._registry.cameras(now_us).items()
        }
