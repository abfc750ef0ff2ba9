"""Settings of the delivery of alerts to people."""

from pathlib import Path

from pydantic import SecretStr

from runtime.process.declare import Section, setting


class DeliverySettings(Section):
    """How messages about alerts reach people."""

    destinations: Path | None = setting(
        None,
        "path",
        "File of destinations, as `wardstream notify check` takes it; nothing is delivered when "
        "not set.",
    )
    answer_s: float = setting(
        10.0,
        "s",
        "A try to deliver ends after this long, from the look-up of the name to the answer.",
        gt=0,
        le=120,
    )
    first_retry_s: float = setting(
        5.0, "s", "Longest pause after the first try that failed; it doubles from there.", gt=0
    )
    retry_max_s: float = setting(
        300.0, "s", "Longest pause between two tries, unless the receiver asks for more.", gt=0
    )
    give_up_s: float = setting(
        3600.0, "s", "A message that was not received for so long is a dead letter.", gt=0
    )
    most_tries: int = setting(
        30, "tries", "A message that was not received in so many tries is a dead letter.", ge=1
    )
    proxy: SecretStr | None = setting(
        None,
        "URL",
        "HTTP proxy, http://HOST:PORT, for the watchdog's webhook and for destinations, unless "
        "they list addresses of their own. Mail never uses it. None is used when not set, "
        "whatever the environment names.",
    )
    board_url: str = setting(
        "",
        "URL",
        "Where messages lead to, as people reach the board; empty for login.public_url, and for no "
        "link without that.",
    )
