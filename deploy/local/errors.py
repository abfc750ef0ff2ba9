"""What can go wrong between a bare machine and running services.

A message is for a person who has not read the code: what happened, then one sentence
that says what to do.
"""


class LaunchError(Exception):
    """Services or processes could not be installed, started or kept running."""


class InstallError(LaunchError):
    """Something that the services need is missing and could not be fetched."""
