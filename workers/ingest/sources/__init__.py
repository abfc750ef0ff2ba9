"""Where frames come from: one protocol, and a file, a network stream and a webcam behind it."""
