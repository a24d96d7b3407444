"""SQL tests: run them, report their results and store them in the database."""
