"""No process shows the password of an address that libpq cannot read."""

import traceback

import psycopg
import pytest

from runtime.errors import Stop
from workers.operations.doctor import check_database, examine
from workers.storage.timescale.connection import database_errors

ADDRESSES = (
    "host=db password=Ward 9secret user=x",
    "host=db password='Ward9secret user=x",
    "host=db Ward9secret",
    "postgresql://u@db/w?password=Ward9secret%zz",
)


@pytest.mark.parametrize("address", ADDRESSES)
def test_a_connection_to_an_address_that_cannot_be_read_stops(address: str) -> None:
    with pytest.raises(Stop, match="correct WARDSTREAM_DATABASE_URL") as stopped, database_errors():
        psycopg.connect(address)

    assert "secret" not in "".join(traceback.format_exception(stopped.value))


@pytest.mark.parametrize("address", ADDRESSES)
def test_the_doctor_says_in_one_sentence_that_an_address_cannot_be_read(address: str) -> None:
    finding = examine("timescaledb", lambda: check_database(address))

    assert not finding.good
    assert finding.message.startswith("WARDSTREAM_DATABASE_URL: ")
    assert "secret" not in finding.message
    assert "\n" not in finding.message
