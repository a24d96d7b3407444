"""All that a project's database and folder hold, but for what differs from run to run."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import create_engine, inspect
from sqlalchemy.pool import NullPool

if TYPE_CHECKING:
    from inside import Deployed
    from sqlalchemy.engine.reflection import Inspector

ROUTINES = {
    "postgresql": "SELECT proname, prosrc FROM pg_proc WHERE pronamespace = 'public'::regnamespace",
    "mysql": "SELECT routine_name, routine_definition FROM information_schema.routines WHERE routine_schema = '{}'",
    "mssql": "SELECT o.name, m.definition FROM sys.sql_modules m JOIN sys.objects o ON o.object_id = m.object_id"
    " WHERE o.type <> 'V'",
}
KNOWN = (
    "SELECT file, file_hash, kind, name, definition, rights FROM ahjo_objects"
    " WHERE kind <> 'table' ORDER BY file, kind, name"
)
LOADED = "SELECT file, kind, statements, whole, unfinished, uncertain FROM ahjo_data ORDER BY file, kind"


def content(live: Deployed) -> dict[str, Any]:
    """Describe tables with their rows, views, routines, what the history knows of them, and the project's files."""
    if not _exists(live):
        return {"missing": live.target.name}
    engine = create_engine(live.target.database_url(live.database), poolclass=NullPool)
    inspector = inspect(engine)
    tables = sorted(inspector.get_table_names())
    found: dict[str, Any] = {f"table {name}": _table(inspector, name) for name in tables if name[:5] != "ahjo_"}
    found |= {f"rows {name}": sorted(map(repr, live.rows(f"SELECT * FROM {name}"))) for name in _with_rows(tables)}
    views = sorted(inspector.get_view_names())
    found |= {f"view {name}": _plain(live, inspector.get_view_definition(name)) for name in views}
    routines = ROUTINES.get(live.target.name)
    if routines:
        found |= {f"routine {name}": text for name, text in live.rows(routines.format(live.database))}
    if "ahjo_objects" in tables:
        found |= {"known": live.rows(KNOWN), "loaded": live.rows(LOADED) if "ahjo_data" in tables else []}
    engine.dispose()
    return found | {f"file {path}": text for path, text in _files(live)}


def _exists(live: Deployed) -> bool:
    listed = {
        "postgresql": "SELECT datname FROM pg_database",
        "mysql": "SHOW DATABASES",
        "mssql": "SELECT name FROM sys.databases",
    }.get(live.target.name)
    if listed is None:
        return Path(live.database).exists()
    return (live.database,) in live.target.query(listed)


def _with_rows(tables: list[str]) -> list[str]:
    """The tables that a project fills; the time of a recorded git version is another one in each run."""
    return [name for name in tables if name[:5] != "ahjo_" and "git" not in name]


def _table(inspector: Inspector, name: str) -> tuple[Any, ...]:
    columns = [(each["name"], str(each["type"]), each["nullable"]) for each in inspector.get_columns(name)]
    indexes = sorted((str(each["name"]), tuple(each["column_names"])) for each in inspector.get_indexes(name))
    keys = sorted(tuple(each["constrained_columns"]) for each in inspector.get_foreign_keys(name))
    return (columns, indexes, keys, inspector.get_pk_constraint(name)["constrained_columns"])


def _plain(live: Deployed, text: str | None) -> str:
    return re.sub(r"\s+", " ", (text or "").replace(live.database, "DATABASE"))


def _files(live: Deployed) -> list[tuple[str, str]]:
    """The SQL files and revisions; the first revision of a pull has a name and a time of its own."""
    paths = sorted(path for path in live.directory.rglob("*.*") if path.suffix in {".sql", ".csv", ".py", ".tmp"})
    files = [path for path in paths if "__pycache__" not in path.parts]
    return [
        (_lasting(live, str(path.relative_to(live.directory))), _lasting(live, path.read_text(encoding="utf-8")))
        for path in files
    ]


def _lasting(live: Deployed, text: str) -> str:
    """A text without the names and times of this run."""
    text = re.sub(rf"(?<![a-z]){re.escape(Path(live.database).stem)}(?![a-z])", "DATABASE", text)
    return re.sub(r"[0-9a-f]{12}|\d{4}-\d\d-\d\d[ T][\d:.]+", "", text)
