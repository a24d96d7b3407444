"""Create a database with the settings of the config, or with as many of them as the server takes."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING

from ahjo_tasks.errors import StatementError

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from ahjo_tasks.config.settings import Settings
    from ahjo_tasks.database.dialects.base import OpenConnection

OPTIONAL = (
    "database_collation",
    "database_compatibility_level",
    "database_data_path",
    "database_log_path",
    "database_edition",
    "database_service_objective",
    "database_elastic_pool",
)
"""Keys of the config for a new database that have no default."""


def create(connection: OpenConnection, keys: Sequence[str], statement: Callable[[Collection[str]], str]) -> list[str]:
    """Run the statement with all keys of the config, or with as many of them as the server takes.

    Returns a warning for each key that was left out. Raises StatementError when the server refuses the bare statement.
    """
    errors: dict[str, StatementError] = {}
    for left_out in range(len(keys) + 1):
        for refused in combinations(keys, left_out):
            text = statement([key for key in keys if key not in refused])
            if text in errors:
                continue
            try:
                connection.execute(text)
            except StatementError as error:
                if error.server.lost:
                    raise
                errors[text] = error
                continue
            return [f"{key}: {errors[_with(statement, keys, refused, key)].message}" for key in refused]
    raise next(iter(errors.values()))


def create_collated(connection: OpenConnection, settings: Settings, head: str, clause: str) -> list[str]:
    """Create a database of which only the collation can be set; `clause` has {} for its name."""
    collation = settings.database_collation
    collate = clause.format(connection.dialect.quote_literal(collation)) if collation else ""
    refused = create(
        connection, ["database_collation"] if collation else [], lambda keys: head + (collate if keys else "")
    )
    return [*unsupported_settings(settings, {"database_collation"}, connection.product), *refused]


def _with(statement: Callable[[Collection[str]], str], keys: Sequence[str], refused: Sequence[str], key: str) -> str:
    """Return the statement that failed because of this key alone, without the other refused ones."""
    return statement([other for other in keys if other == key or other not in refused])


def unsupported_settings(settings: Settings, supported: Collection[str], title: str) -> list[str]:
    """Return a warning for each key for a new database that is set and that this database does not have."""
    keys = [key for key in OPTIONAL if getattr(settings, key) and key not in supported]
    return [f"{key}: {title} has no such setting" for key in keys]
