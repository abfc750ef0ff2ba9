"""The page of alerts; texts and tiers are the watchdog's own, and a test compares the keys."""

from typing import Final, NamedTuple

from docs.generate.markdown import code, table
from workers.observation.findings import STAGES
from workers.observation.log_changes import LOST
from workers.observation.views import VIEWS

INTRODUCTION = """\
# Alerts

Every alert that the watchdog raises. An alert is raised once and cleared once; it goes to
standard error, the webhook, the watchdog's `/healthz`, `alerts.raised.v1` and the board. How to
run the watchdog: [runbook](../runbooks/watch.md).

A `PAGE` needs somebody now, a `WARNING` today; a `NOTICE` is for information. A setting in the
table is described in [settings](settings.md).
"""


class Row(NamedTuple):
    """What the page says of one alert.

    Attributes:
        tier: How urgent.
        raised: When it is raised.
        check: What to look at.
    """

    tier: str
    raised: str
    check: str


ALERTS: Final[dict[str, Row]] = {
    "silence/log": Row(
        "PAGE",
        "Kafka does not answer, or does not answer for a topic that is missing.",
        "`settings/log`, which names such a topic; else Kafka.",
    ),
    "silence/line": Row(
        "PAGE",
        "No camera sends anything, not even heartbeats.",
        "Ingest.",
    ),
    "silence/stage/NAME": Row(
        "by stage",
        "The stage's input grows and it commits nothing, its health is bad or gives no answer, "
        "or it has paused.",
        "The log of the stage; `next_action` names the cause.",
    ),
    "silence/camera/ID": Row(
        "WARNING",
        "A registered camera gives no picture.",
        "The camera's power and network, and its ingest process.",
    ),
    **{
        f"{texts.kind}/camera/ID": Row(
            texts.tier,
            f"The guard's verdict on the camera's view is `{verdict}`.",
            "[Verdicts on cameras](../runbooks/camera-verdicts.md).",
        )
        for verdict, texts in VIEWS.items()
    },
    "disagrees/camera/ID": Row(
        "WARNING",
        "In the median, the camera puts people who walk `guard.disagree_m` or more away from where "
        "another camera of the floor puts them.",
        "[Verdicts on cameras](../runbooks/camera-verdicts.md).",
    ),
    "suspect/camera/ID": Row(
        "NOTICE",
        "The camera's view was another one, or it disagreed with others, and nobody has confirmed "
        "it since.",
        "[Verdicts on cameras](../runbooks/camera-verdicts.md).",
    ),
    "lag/stage/NAME": Row(
        "WARNING",
        "The stage's oldest waiting record is older than `watchdog.lag_s`.",
        "[Too much load](../runbooks/overload.md).",
    ),
    "loss/stage/NAME": Row(
        "WARNING",
        "The input of inference or a sink lost records before they were read, or is shorter than "
        "the offset already read. (A stream processor ends instead.)",
        "[The log changed](../runbooks/log-changed.md).",
    ),
    "settings/log": Row(
        "WARNING",
        "A topic is missing, or has other partitions or settings than the topic table.",
        "[The log changed](../runbooks/log-changed.md).",
    ),
    "silence/deadman": Row(
        "WARNING",
        "No watchdog has given a sign for 30 s. Only the board shows it: no watchdog is left to "
        "send it.",
        "The machines and logs of the watchdogs: [runbook](../runbooks/watch.md).",
    ),
    "badges/floors/NAME": Row(
        "by rule",
        "A badge was read on two floors within less than `watchdog.between_floors_s`, and a rule "
        "of the kind `badge-contradiction` asks for it. `NAME` is both floors.",
        "What the rule names as next action; "
        "[badges on two floors](../badge-readers.md#a-badge-on-two-floors).",
    ),
    "audit/stage/NAME": Row(
        "WARNING",
        "The process has not been able to write the audit for `watchdog.after_s`: it refuses to "
        "show people, and zone figures go on.",
        "Kafka, and the rights of the process on `audit.v1`: [audit](../audit.md).",
    ),
    "anchor/audit": Row(
        "WARNING",
        "The newest anchor of the audit is older than `watchdog.anchored_within_s`.",
        "The log of `wardstream audit anchor --daily`, then `wardstream audit verify`: an altered "
        "audit is never anchored.",
    ),
    "overload/stage/infer": Row(
        "NOTICE",
        "More than `watchdog.skipped_ratio` of the last minute's pictures were skipped.",
        "[Too much load](../runbooks/overload.md).",
    ),
}
"""By alert id; `NAME` is a stage, `ID` a camera."""


def page() -> str:
    """The whole page."""
    rows = ((code(key), *row) for key, row in ALERTS.items())
    stages = [
        (code(name), texts.tier, texts.silent, texts.late, LOST.get(name, ""))
        for name, texts in STAGES.items()
    ]
    return "\n".join(
        [
            INTRODUCTION,
            table(("alert", "tier", "raised when", "look at"), rows),
            "## Texts by stage\n",
            "What the board and the webhook say of a stage.\n",
            table(("stage", "tier of silence", "silent", "late", "lost records"), stages),
        ]
    )
