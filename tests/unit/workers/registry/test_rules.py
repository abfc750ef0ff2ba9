"""Rules of alerts as they are written: what is refused names rule and field."""

from typing import Any

import pytest

from workers.registry.files import ImportRefused, read_content
from workers.registry.rule_rows import RuleRow
from workers.registry.windows import text_of, windows

RULE = {"rule_id": "r", "kind": "coverage-gap", "owner": "charge nurse", "next_action": "go"}


def written(**fields: Any) -> bytes:
    rows = [f"{name}: {value}" for name, value in {**RULE, **fields}.items() if value is not None]
    return ("- " + "\n  ".join(rows) + "\n").encode()


def read(**fields: Any) -> dict[str, Any]:
    return read_content("rules.yaml", written(**fields), RuleRow).rows[0].fields()


def test_a_new_rule_is_silent_until_somebody_lets_it_page() -> None:
    rule = read()

    assert (rule["stage"], rule["tier"], rule["bound"]) == ("SILENT", "NOTICE", "SURE")
    assert (rule["open_after_s"], rule["close_after_s"], rule["repeat_after_s"]) == (60, 30, 60)
    assert rule["time_zone"] == ""


def test_a_schedule_is_written_as_windows_of_the_week() -> None:
    rule = read(schedule='["mon-fri 07:00-19:00", "sat,sun 21:00-6:00", "00:00-24:00"]')

    assert rule["schedule"] == [
        {"weekdays": [1, 2, 3, 4, 5], "from_minute": 420, "to_minute": 1140},
        {"weekdays": [6, 7], "from_minute": 1260, "to_minute": 360},
        {"weekdays": [1, 2, 3, 4, 5, 6, 7], "from_minute": 0, "to_minute": 1440},
    ]
    assert windows([text_of(window) for window in rule["schedule"]]) == rule["schedule"]
    assert windows("; ".join(text_of(window) for window in rule["schedule"])) == rule["schedule"]


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"kind": "gap"}, "kind: 'gap' is not a kind of rule; write one of coverage-gap, over-"),
        ({"kind": None}, "kind: is missing"),
        ({"owner": None}, "owner: is missing"),
        ({"next_action": None}, "next_action: is missing"),
        ({"tier": "loud"}, "tier: 'loud' is not a tier; write one of notice, warning, page"),
        ({"kind": "dwell"}, "threshold: is missing"),
        ({"kind": "over-capacity"}, "threshold: is missing"),
        ({"threshold": "0"}, "threshold: is 0: nothing would be below it"),
        ({"close_at": "1"}, "close_at: is 1, not 0 to less than what is a breach"),
        ({"open_after_s": "-5"}, "open_after_s: is -5, not 0 to 2678400"),
        ({"one_per": "person"}, "one_per: is PERSON, which means nothing for COVERAGE_GAP"),
        ({"stage": "pilot"}, "pilot_unit_ids: a pilot names its units"),
        ({"escalate_after_s": "60"}, "escalate_to: goes with escalate_after_s"),
        ({"min_confidence": "2"}, "min_confidence: is 2.0, not 0 to 1"),
        ({"schedule": '["daily"]'}, "schedule: 'daily' is no window: write mon-fri 07:00-19:00"),
        ({"schedule": '["mon 25:00-26:00"]'}, "schedule: '25:00' is no time"),
        ({"schedule": '["day 07:00-08:00"]'}, "schedule: 'day' is not a weekday"),
        ({"shift_statuses": "[tired]"}, "shift_statuses: 'tired' is not a duty status"),
        ({"treshold": "2"}, "treshold: "),
    ],
)
def test_what_is_wrong_names_rule_and_field(fields: dict[str, Any], message: str) -> None:
    with pytest.raises(ImportRefused) as refused:
        read(**fields)

    assert f"rules.yaml line 1 (entry 1): {message}" in str(refused.value)
    assert {fault.kind for fault in refused.value.faults} == {"rule"}
