"""Experiments: the log of the past folded again under other settings, beside the live line."""
