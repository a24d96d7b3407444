"""Descriptions of database objects, synchronized between JSON files and the database."""
