"""Sources of frames: one protocol, implemented by a file, a network stream and a webcam."""
