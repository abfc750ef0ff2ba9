"""Digests in a setting are 64 hex digits each, or the setting is refused."""

import pytest
from pydantic import ValidationError

from runtime.process.digests import digests_of
from runtime.process.sections import InferenceSettings

ONE, OTHER = "a1" * 32, "0f" * 32


def test_a_list_may_have_spaces_and_capitals() -> None:
    assert digests_of(f" {ONE.upper()}, {OTHER},") == {ONE, OTHER}
    assert digests_of("") == frozenset()


@pytest.mark.parametrize("listed", ["abc", f"{ONE} {OTHER}", ONE[:-1] + "g"])
def test_what_is_no_digest_is_refused_by_name(listed: str) -> None:
    with pytest.raises(ValidationError, match="is no SHA-256 in hex"):
        InferenceSettings(trusted_pt_sha256=listed)
