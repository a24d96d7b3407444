"""Convert an Ahjo project: its action files become a `tasks.py`."""
