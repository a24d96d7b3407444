"""The history of a database: which runs changed it, what each file left in it, and the texts that were deployed."""

PREFIX = "ahjo_"
"""Beginning of the names of the tables."""
TABLES_VERSION = 1
"""Version of the tables; a later release changes older tables, an older release refuses newer ones."""
