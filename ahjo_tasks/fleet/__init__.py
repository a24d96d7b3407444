"""Runs over many databases, many projects, or many versions of one project."""

WORKER_FLAG = "--worker"
"""Makes the `ahjo` command a worker."""
