"""Creating a database with what the config asks for, or else with as much of it as the server takes."""

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
"""Settings of a new database that have no default: whoever gives one wants it."""


def create(connection: OpenConnection, keys: Sequence[str], statement: Callable[[Collection[str]], str]) -> list[str]:
    """Run the statement with all keys of the config, or else with as many as the server takes.

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
    """Create a database of which the config can choose the collation and nothing else; `clause` has {} for its name."""
    collation = settings.database_collation
    wanted = clause.format(connection.dialect.quote_literal(collation)) if collation else ""
    refused = create(
        connection, ["database_collation"] if collation else [], lambda keys: head + (wanted if keys else "")
    )
    return [*unknown(settings, {"database_collation"}, connection.dialect.title), *refused]


def _with(statement: Callable[[Collection[str]], str], keys: Sequence[str], refused: Sequence[str], key: str) -> str:
    """The statement that failed for this key alone: the others that the server refuses are left out."""
    return statement([other for other in keys if other == key or other not in refused])


def unknown(settings: Settings, known: Collection[str], title: str) -> list[str]:
    """A warning for each setting of a new database that is given and that this database does not have."""
    given = [key for key in OPTIONAL if getattr(settings, key) and key not in known]
    return [f"{key}: {title} has no such setting" for key in given]
