"""The config of a project: read, merge, validate and show it."""
