"""Settings of the notifier."""

from runtime.process.declare import Section, setting


class NotifierSettings(Section):
    """Who is told of alerts, and when."""

    group_s: float = setting(
        5.0,
        "s",
        "What one owner is to be told waits this long for more, on any floor: one message.",
        ge=0,
        le=300,
    )
    oldest_s: float = setting(
        900.0,
        "s",
        "What was decided longer ago than this when the notifier reads it is sent to nobody, and "
        "recorded as such.",
        gt=0,
    )
