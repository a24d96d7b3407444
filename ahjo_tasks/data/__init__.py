"""Rows in files and tables: read, load, export and compare."""
