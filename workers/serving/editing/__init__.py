"""Edits of the registry through the API: what a request asks, who may ask it, what it answers."""
