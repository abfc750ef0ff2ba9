"""Write the pages of `docs/reference` that follow from code: `make docs`.

python -m docs.generate            # write them
python -m docs.generate --check    # name those that are out of date, and end with 1
"""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final

from docs.generate import (
    alerts,
    api,
    benchmarks,
    chain,
    cli,
    data_protection,
    database_roles,
    dead_letters,
    kafka_acls,
    metrics,
    redis_users,
    rights,
    settings,
    topics,
)

FOLDER: Final = Path(__file__).parents[1] / "reference"

PAGES: Final[dict[str, Callable[[], str]]] = {
    "alerts.md": alerts.page,
    "api.md": api.page,
    "benchmarks.md": benchmarks.page,
    "cli.md": cli.page,
    "data-protection.md": data_protection.page,
    "database-roles.md": database_roles.page,
    "dead-letters.md": dead_letters.page,
    "evidence-by-age.md": chain.page,
    "kafka-acls.md": kafka_acls.page,
    "metrics.md": metrics.page,
    "redis-users.md": redis_users.page,
    "rights.md": rights.page,
    "settings.md": settings.page,
    "topics.md": topics.page,
}
"""What each generated page holds, by its name in `docs/reference`."""

NOTE: Final = "<!-- Written by `make docs`; edit the source that the first paragraph names. -->\n\n"


def stale() -> list[str]:
    """Names of the pages that differ from what the code says."""
    return [
        name
        for name, page in PAGES.items()
        if not (FOLDER / name).exists() or (FOLDER / name).read_text() != NOTE + page()
    ]


def main() -> int:
    """Write the pages, or check them."""
    names = stale()
    if "--check" in sys.argv[1:]:
        print("\n".join(f"docs/reference/{name}: run `make docs`" for name in names))
        return 1 if names else 0
    for name in names:
        (FOLDER / name).write_text(NOTE + PAGES[name]())
        print(f"docs/reference/{name}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
