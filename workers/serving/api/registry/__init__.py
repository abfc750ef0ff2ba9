"""The registry's part of the API: read, edit and undo what is registered."""
