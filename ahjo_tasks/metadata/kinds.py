"""The kinds of objects that can have a description, and the file that each of them is kept in."""

from __future__ import annotations

FILES = {
    "database": "database.json",
    "schema": "schemas.json",
    "type": "types.json",
    "sequence": "sequences.json",
    "synonym": "synonyms.json",
    "procedure": "procedures.json",
    "function": "functions.json",
    "table": "tables.json",
    "view": "views.json",
    "column": "columns.json",
    "trigger": "triggers.json",
    "index": "indexes.json",
    "constraint": "constraints.json",
    "parameter": "parameters.json",
}
"""In the order of writing."""

USUAL = ("schema", "procedure", "function", "table", "view", "column")
"""The kinds whose files are always written; those of others, once the database has such an object."""

DEFAULTS = "columns_default.json"
DATABASE = "database"
"""The key of the database itself: its name is another one in every environment."""
