"""`python -m ahjo_tasks` is the `ahjo` command."""

from ahjo_tasks.cli import ahjo

ahjo()
