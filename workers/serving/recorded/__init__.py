"""What was recorded of single people: where somebody was, and the latest picture of a camera."""
