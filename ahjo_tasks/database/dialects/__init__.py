"""Dialects by name: a module or package for each database, and those of installed packages by entry point."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ahjo_tasks.database.dialects.attributes import canonical
from ahjo_tasks.errors import ConfigError
from ahjo_tasks.utils import load_object

if TYPE_CHECKING:
    from importlib.metadata import EntryPoints

    from ahjo_tasks.config.settings import Settings
    from ahjo_tasks.database.dialects.base import Dialect

DIALECTS: dict[str, str] = {
    "sqlite": "ahjo_tasks.database.dialects.sqlite:SQLite",
    "postgresql": "ahjo_tasks.database.dialects.postgresql:PostgreSQL",
    "mysql": "ahjo_tasks.database.dialects.mysql:MySQL",
    "mariadb": "ahjo_tasks.database.dialects.mysql:MariaDB",
    "mssql": "ahjo_tasks.database.dialects.mssql:MSSQL",
}
ENTRY_POINTS = "ahjo_tasks.dialects"


def dialect_for(settings: Settings) -> Dialect:
    """Load the dialect that the URL or `sql_dialect` of a config names. Raises ConfigError with the known names."""
    url = settings.sqlalchemy_url.reveal() if settings.sqlalchemy_url else None
    return dialect(url.partition(":")[0] if url else settings.sql_dialect)


def dialect(name: str) -> Dialect:
    """Load the dialect that a name like `mssql` or `postgresql+psycopg` means. Raises ConfigError."""
    database = canonical(name).partition("+")[0]
    reference = DIALECTS.get(database) or _registered(database)
    if reference is None:
        raise ConfigError(
            f"There is no dialect {name!r}.", hint=f"sql_dialect is one of: {', '.join(sorted(names()))}."
        )
    result: Dialect = load_object(reference)()
    return result


def is_file_based(name: str) -> bool:
    """Return whether the databases of a dialect are files. Raises ConfigError for an unknown dialect."""
    return dialect(name).file_based


def names() -> list[str]:
    """Every name that `dialect` takes: ours, then those of installed packages."""
    return list(dict.fromkeys((*DIALECTS, *(point.name for point in _entry_points()))))


def _registered(name: str) -> str | None:
    return next((point.value for point in _entry_points() if point.name == name), None)


def _entry_points() -> EntryPoints:
    from importlib.metadata import entry_points  # takes 15 ms to import, which our own dialects do not need

    return entry_points(group=ENTRY_POINTS)


def all_dialects() -> dict[str, Dialect | Exception]:
    """Load every dialect, ours first; an installed package's that does not load stands with its error."""
    dialects: dict[str, Dialect | Exception] = {}
    for name in names():
        try:
            result = dialect(name)
        except Exception as error:  # noqa: BLE001 - somebody else's package
            dialects[name] = error
        else:
            dialects.setdefault(result.name, result)
    return dialects
