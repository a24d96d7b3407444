"""What the executable runs: the `ahjo` command."""

from ahjo_tasks.cli import ahjo

if __name__ == "__main__":
    ahjo()
