"""Take a request that comes twice in once: what was answered is kept beside no edit of its own.

If the board falls between the append and the keeping of the answer, its records come twice, so each
must say itself that it is the same.
"""

from collections.abc import Callable
from typing import Final

from runtime.clock import Clock
from runtime.errors import Retry
from workers.registry.editing.database import Database
from workers.serving.editing.repeats import Answer, Repeat, Repeated

_ALONE: Final = "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))"
"""Two requests with one key follow one another."""


def once(
    database: Database | None, repeat: Repeat, clock: Clock, take: Callable[[], Answer]
) -> Answer:
    """Take a request in, or answer it as before.

    Args:
        database: Keeps answers under their keys; None where there is none.
        repeat: The request.
        clock: Gives the time.
        take: Takes it in.

    Raises:
        Refusal: Another request was sent with this key, or `take` refuses it.
        Retry: The database is out of reach, or there is none.
    """
    if database is None:
        raise Retry("this board has no database, so it keeps no idempotency keys")
    try:
        with database.transaction() as transaction:
            transaction.execute(_ALONE, [f"{repeat.subject} {repeat.key}"])
            repeat.find(transaction, clock.now_us())
            answer = take()
            repeat.keep(transaction, answer, clock.now_us())
            return answer
    except Repeated as repeated:
        return repeated.answer
