"""Ingest: reads cameras and video files, and writes frames.captured.v1."""
