"""Descriptions of database objects, kept in JSON files and in the database, and carried both ways."""
