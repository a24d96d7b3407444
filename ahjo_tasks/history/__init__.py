"""The history of a database: which runs changed it, what each file left in it, and the texts that were deployed."""

TABLES_VERSION = 1
"""Version of the tables; a later release changes older tables, an older release refuses newer ones."""
