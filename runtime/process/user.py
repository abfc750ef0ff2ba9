"""The name of the user of this process, for records of who did something."""

import getpass
import os


def user_name() -> str:
    """The user's name, or the number of the user where it has no name.

    A container that runs under a number of its own has no passwd entry for it.
    """
    try:
        return getpass.getuser().strip() or str(os.getuid())
    except (KeyError, OSError, ImportError):
        return str(os.getuid())
