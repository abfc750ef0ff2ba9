"""Load structlog without what it would draw with.

`structlog.dev` loads rich, pygments and attrs if it finds them, for traces in colour: a quarter
second of processor in each of six processes that start together, and their traces go to a log.
Its own plain traces are used instead.
"""

import sys
from importlib import import_module

DRAWING = "rich"


def load_structlog() -> None:
    """Import structlog so that it does not find rich; whoever needs rich later gets it."""
    if "structlog" in sys.modules or DRAWING in sys.modules:
        return
    sys.modules[DRAWING] = None  # type: ignore[assignment] # "not installed", to an import
    try:
        import_module("structlog")
    finally:
        del sys.modules[DRAWING]
