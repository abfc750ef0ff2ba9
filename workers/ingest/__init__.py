"""Real cameras and files to frames.captured.v1."""
