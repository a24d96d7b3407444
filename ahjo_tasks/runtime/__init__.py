"""One command line, from Invoke to the project, config and session that its actions work in."""
