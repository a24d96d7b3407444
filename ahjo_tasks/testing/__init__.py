"""SQL tests: run, kept in the database, and reported."""

from ahjo_tasks.testing.sql_tests import Check, FileResult, run_parallel, run_tests, shown_columns

__all__ = ["Check", "FileResult", "run_parallel", "run_tests", "shown_columns"]
