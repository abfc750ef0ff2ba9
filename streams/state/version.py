"""The encoding of what the stream processor remembers."""

STATE_VERSION = 5
"""Rises when a field of the camera or floor state is added or changes meaning: a release refuses
the states of a later one, whose additions it would forget."""

OLDEST_READ = 4
"""Older states are refused: another tracker made them, and this one could not go on from them.
A floor of version 4 has told no link yet, so its links begin at seq 1."""
