"""Write a realm for a board: `python -m deploy.keycloak https://board.ward.example/`."""

import argparse
import json
import sys
from collections.abc import Sequence

from deploy.keycloak.realm import Realm


def main(arguments: Sequence[str] | None = None) -> int:
    """Print a realm without users and secrets, to import at a Keycloak; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m deploy.keycloak", description=__doc__)
    parser.add_argument("board_url", help="where browsers reach the board")
    url = parser.parse_args(arguments).board_url.rstrip("/") + "/"
    realm = Realm(board_url=url, users=[], board_secret=None, machine_secret=None)
    print(json.dumps(realm.representation(), indent=2))
    return 0


if __name__ == "__main__":
    sys.exit(main())
