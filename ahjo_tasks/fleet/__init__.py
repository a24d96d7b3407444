"""Runs over many projects or many versions of one project, with a worker process for each."""

WORKER_FLAG = "--worker"
"""Makes the `ahjo` command a worker; the path of the request follows."""
