"""What one comparison says."""

from dataclasses import replace

from workers.guard.measures import Measures
from workers.guard.verdicts import LIMITS, verdict_on

AS_IT_SHOULD_BE = Measures(bright=200.0, found=1.0, veiled=0.0, sharp=1.0, shift=0.0, likeness=1.0)


def test_a_displacement_at_the_limit_does_not_change_the_verdict_often() -> None:
    between = replace(AS_IT_SHOULD_BE, shift=(LIMITS.back + LIMITS.shift) / 2)

    assert verdict_on(between, "OK") == "OK"
    assert verdict_on(between, "MOVED") == "MOVED"


def test_somebody_close_to_a_blurred_lens_does_not_hide_that_it_is_blurred() -> None:
    assert verdict_on(replace(AS_IT_SHOULD_BE, sharp=0.75, likeness=0.65)) == "OUT_OF_FOCUS"


def test_a_cloth_before_most_of_the_view_is_no_blurred_lens() -> None:
    behind = replace(AS_IT_SHOULD_BE, found=0.3, veiled=0.5, sharp=0.8, likeness=0.6)

    assert verdict_on(behind) == "COVERED"


def test_a_sharp_view_of_which_nothing_is_found_is_another_one() -> None:
    turned = replace(AS_IT_SHOULD_BE, found=0.0, veiled=0.45, likeness=0.1)

    assert verdict_on(turned) == "MOVED"
    assert verdict_on(replace(turned, sharp=0.6)) == "COVERED"
