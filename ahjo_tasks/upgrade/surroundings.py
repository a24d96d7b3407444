"""The environment of a worker: with it the config means in a worktree what it means in the user's own checkout."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ahjo_tasks.errors import ConfigError

if TYPE_CHECKING:
    from ahjo_tasks.config.loader import LoadedConfig
    from ahjo_tasks.session import Session

FILES = ("username_file", "password_file", "login_password_file")


def surroundings(loaded: LoadedConfig, session: Session) -> dict[str, str]:
    """AHJO_ variables for every relative path that does not belong to a tag, and for the login, found once."""
    settings, directory = loaded.settings, session.directory
    _refuse_local(loaded)
    named = {key: getattr(settings, key) for key in FILES}
    found = {f"AHJO_{key.upper()}": str(directory / Path(path).expanduser()) for key, path in named.items() if path}
    return {**found, **_database(session), **_login(session)}


def _database(session: Session) -> dict[str, str]:
    """The file of SQLite, which is relative to the project's folder."""
    if session.dialect.name != "sqlite":
        return {}
    if session.settings.sqlalchemy_url:
        return {"AHJO_SQLALCHEMY_URL": session.url.render_as_string(hide_password=False)}
    return {"AHJO_TARGET_DATABASE_NAME": session.database}


def _login(session: Session) -> dict[str, str]:
    """User name and password, so that a worker need not ask for them again."""
    if session.settings.sqlalchemy_url:
        return {}
    found = {"AHJO_USERNAME": session.url.username, "AHJO_PASSWORD": str(session.url.password or "")}
    return {name: value for name, value in found.items() if value}


def _refuse_local(loaded: LoadedConfig) -> None:
    """Raise ConfigError for a LOCAL file that is found from the working folder alone: workers have another one."""
    local = loaded.document.get("LOCAL")
    if local and not (loaded.path.parent / local).is_file() and Path(local).is_file():
        raise ConfigError(
            f"LOCAL: {local} is relative to the working folder.",
            hint=f"Write it as a path from the config's folder, {loaded.path.parent}.",
        )
