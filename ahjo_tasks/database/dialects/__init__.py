"""The databases: a file or a folder each, found by the name before the `+` of `sql_dialect`, or by an entry point."""

from __future__ import annotations

from importlib import import_module
from importlib.metadata import entry_points
from typing import TYPE_CHECKING

from ahjo_tasks.errors import ConfigError

if TYPE_CHECKING:
    from ahjo_tasks.config.settings import Settings
    from ahjo_tasks.database.dialects.base import Dialect

DIALECTS: dict[str, str] = {
    "mssql": "ahjo_tasks.database.dialects.mssql:MSSQL",
    "postgresql": "ahjo_tasks.database.dialects.postgresql:PostgreSQL",
    "mysql": "ahjo_tasks.database.dialects.mysql:MySQL",
    "mariadb": "ahjo_tasks.database.dialects.mysql:MySQL",
    "sqlite": "ahjo_tasks.database.dialects.sqlite:SQLite",
}
ENTRY_POINTS = "ahjo_tasks.dialects"


def dialect_for(settings: Settings) -> Dialect:
    """The dialect that a config names. Raises ConfigError with the names there are."""
    url = settings.sqlalchemy_url.reveal() if settings.sqlalchemy_url else None
    name = (url.partition(":")[0] if url else settings.sql_dialect).lower()
    return dialect(name)


def dialect(name: str) -> Dialect:
    """The dialect of a name like `mssql` or `postgresql+psycopg`."""
    database = name.partition("+")[0]
    place = DIALECTS.get(database) or _registered(database)
    if place is None:
        others = entry_points(group=ENTRY_POINTS).names
        known = ", ".join(sorted({*DIALECTS, *others}))
        raise ConfigError(f"There is no dialect {name!r}.", hint=f"sql_dialect is one of: {known}.")
    module, _, attribute = place.partition(":")
    made: Dialect = getattr(import_module(module), attribute)()
    return made


def _registered(name: str) -> str | None:
    found = entry_points(group=ENTRY_POINTS, name=name)
    return next((point.value for point in found), None)
