"""The encoding of what the stream processor remembers."""

STATE_VERSION = 4
"""Rises when a field of the camera or floor state changes meaning."""

OLDEST_READ = 4
"""Older states are refused: another tracker made them, and this one could not go on from them."""
