"""The encoding of what the stream processor remembers."""

STATE_VERSION = 2
"""Rises when a field of the camera or floor state changes meaning."""
