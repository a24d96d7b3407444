"""Building several projects in one run, each in a process of its own."""
