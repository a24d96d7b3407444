"""Create a new project from the packaged template, completely or not at all."""

from __future__ import annotations

import json
import re
import shlex
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple
from uuid import uuid4

from ahjo_tasks.database.dialects import dialect as dialect_named
from ahjo_tasks.database.dialects import names
from ahjo_tasks.errors import AhjoError, ConfigError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ahjo_tasks.database.dialects.attributes import ProjectTemplate
    from ahjo_tasks.database.dialects.base import Dialect

PACKAGE = Path(__file__).resolve().parents[1]
SCHEMA = ".ahjo/config.schema.json"
COMMON, EMPTY = "common", "empty"
SAMPLES = ("database/", "alembic/versions/")
"""Folders of the template that an empty project has nothing in."""
DOT = "dot_"
LOGIN = (
    "What is not known of the login is asked for at the first run and kept in files that only you can read."
    " AHJO_USERNAME and AHJO_PASSWORD go first."
)
FORMATS = ("jsonc", "json", "yaml")


class Setting(NamedTuple):
    """One key of the config, with the comment above it."""

    key: str
    value: Any
    comment: str = ""


@dataclass(frozen=True)
class ServerAddress:
    """The address of the development database; None stands for the default of the database."""

    host: str | None = None
    port: int | None = None
    database: str | None = None
    username: str | None = None


def project_folder(name: str, parent: Path) -> Path:
    """Return the folder for a project of this name. Raises UsageError, or AhjoError when it exists already."""
    if not parent.is_dir():
        raise UsageError(
            f"The folder {parent} does not exist.", hint="--project-dir is where the project's folder is put."
        )
    folder = parent / normalized(name)
    if folder.exists() or folder.is_symlink():
        raise AhjoError(f"{folder} exists already; nothing was changed.", hint="Choose another name or folder.")
    return folder


def normalized(name: str) -> str:
    """Return the name in lower case, blanks as underscores, with ASCII letters, digits and underscores alone."""
    normal = re.sub(r"[^a-z0-9_]", "", name.strip().replace(" ", "_").lower())
    if not normal.strip("_"):
        raise UsageError(
            f"{name!r} is not a valid project name.", hint="A name has letters (a to z), digits and underscores."
        )
    return normal


def template_folder() -> Path:
    """Return the folder of templates: in the installed package, or next to the package in a checkout."""
    for folder in (PACKAGE, PACKAGE.parent):
        if (folder / "project_template" / COMMON).is_dir():
            return folder / "project_template"
    raise AhjoError("The project template is missing.", hint="Install the package again.")


def databases() -> tuple[str, ...]:
    """List the names of the dialects that have a project template."""
    return tuple(name for name in names() if dialect_named(name).project_template)


def database_of(name: str) -> str:
    """Return the name of the database that a word like postgres, MariaDB or mssql+pyodbc means; empty for another."""
    try:
        dialect = dialect_named(name)
    except ConfigError:
        return ""
    return dialect.name if dialect.project_template else ""


def questions(name: str, dialect: str) -> dict[str, tuple[str, str]]:
    """Return what to ask about the database of a project, with the default answers, by the fields of ServerAddress.

    Raises ConfigError or UsageError for a dialect without a template.
    """
    database = dialect_named(dialect)
    template = _template_of(database)
    if database.file_based:
        return {"database": ("File of the database", f"{name}.db")}
    return {
        "host": ("Server", "localhost"),
        "port": ("Port", str(template.port)),
        "database": ("Name of the database", name),
        "username": ("Login name (empty: asked for at the first run)", ""),
    }


def _template_of(dialect: Dialect) -> ProjectTemplate:
    if dialect.project_template is None:
        raise UsageError(
            f"There is no template for {dialect.title}.", hint=f"There is one for: {', '.join(databases())}."
        )
    return dialect.project_template


# -- files -----------------------------------------------------------------------------------------------------------


def draft(name: str, dialect: str, suffix: str, address: ServerAddress, *, empty: bool = False) -> dict[str, str]:
    """Return the files of a project, as texts by their paths in it; an empty one is without sample objects.

    Raises UsageError; nothing is written.
    """
    database = dialect_named(dialect)
    template = _template_of(database)
    if suffix not in RENDERERS:
        raise UsageError(f"There is no config format {suffix!r}.", hint=f"It is one of: {', '.join(FORMATS)}.")
    config = f"dev.{suffix}"
    values = {
        "{{name}}": name,
        "{{title}}": database.title,
        "{{config}}": config,
        "{{format}}": suffix,
        "{{install}}": shlex.quote(template.requirement),
    }
    return {
        **{path: _filled(text, values) for path, text in _files(template.folder, empty=empty)},
        config: RENDERERS[suffix](_settings(name, database, address)),
        SCHEMA: (PACKAGE / "config" / "schema.json").read_text(encoding="utf-8"),
    }


def _files(folder: str, *, empty: bool) -> Iterator[tuple[str, str]]:
    """Yield the files of the template of a database, by their paths in the project."""
    if empty:
        yield from ((path, text) for path, text in _templates(COMMON) if not path.startswith(SAMPLES))
        yield from _templates(EMPTY)
    else:
        yield from _templates(COMMON, folder)


def _templates(*folders: str) -> Iterator[tuple[str, str]]:
    for folder in (template_folder() / name for name in folders):
        for path in sorted(folder.rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts:
                yield _with_dot(path.relative_to(folder)).as_posix(), path.read_text(encoding="utf-8")


def _with_dot(relative: Path) -> Path:
    """Return the path with its leading dot; templates have none so that no tool takes them for its own."""
    name = relative.name
    return relative.with_name("." + name.removeprefix(DOT)) if name.startswith(DOT) else relative


def _filled(text: str, values: Mapping[str, str]) -> str:
    for placeholder, value in values.items():
        text = text.replace(placeholder, value)
    return text


def write(target: Path, files: Mapping[str, str]) -> None:
    """Write next to the target and rename at the end, so that a failure leaves nothing. Raises AhjoError."""
    unfinished = target.with_name(f".{target.name}-{uuid4().hex}")
    try:
        for relative, text in files.items():
            path = unfinished / relative
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8", newline="\n")
        unfinished.rename(target)
    except OSError as error:
        raise AhjoError(f"{target} cannot be created: {error.strerror or error}") from error
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)


# -- the config ------------------------------------------------------------------------------------------------------


def _settings(name: str, dialect: Dialect, address: ServerAddress) -> list[Setting]:
    """Return the BACKEND of the development config."""
    return [
        Setting("project", name, "The name of the project, the same in all its configs: it keeps several apart."),
        Setting("environment", "development", "A label for headings."),
        Setting("allowed_actions", "ALL", 'Actions that may run here: "ALL", or a list of names.'),
        *_connection(name, dialect, address),
        Setting("exit_on_test_failure", True, "A failed SQL test ends the run with exit code 1."),
    ]


def _connection(name: str, dialect: Dialect, address: ServerAddress) -> Iterator[Setting]:
    template = _template_of(dialect)
    yield Setting("sql_dialect", dialect.name)
    if dialect.file_based:
        _refuse_server(dialect, address)
        yield Setting("target_database_name", address.database or f"{name}.db", "The file, from the project's folder.")
        return
    yield Setting("target_server_hostname", address.host or "localhost")
    yield Setting("sql_port", template.port if address.port is None else address.port)
    yield Setting("target_database_name", address.database or name)
    if template.query:
        yield Setting("sqla_url_query_map", dict(template.query), template.note)
    login = (
        Setting("username", address.username)
        if address.username
        else Setting("username_file", _private(name, "username"))
    )
    yield login._replace(comment=LOGIN)
    yield Setting("password_file", _private(name, "password"))


def _private(name: str, what: str) -> str:
    return f"~/.ahjo/{name}_{what}"


def _refuse_server(dialect: Dialect, address: ServerAddress) -> None:
    for flag in ("host", "port", "username"):
        if getattr(address, flag) is not None:
            raise UsageError(
                f"{dialect.title} is a file: --{flag} has no meaning.", hint="Give the file as --database."
            )


def _json(settings: list[Setting]) -> str:
    document = {"$schema": SCHEMA, "BACKEND": {setting.key: setting.value for setting in settings}}
    return json.dumps(document, indent=4, ensure_ascii=False) + "\n"


def _jsonc(settings: list[Setting]) -> str:
    lines = []
    for position, setting in enumerate(settings, 1):
        lines += [f"        // {setting.comment}"] if setting.comment else []
        comma = "," if position < len(settings) else ""
        lines.append(f"        {json.dumps(setting.key)}: {json.dumps(setting.value, ensure_ascii=False)}{comma}")
    return "\n".join(["{", f'    "$schema": "{SCHEMA}",', '    "BACKEND": {', *lines, "    }", "}", ""])


def _yaml(settings: list[Setting]) -> str:
    """Write YAML; values are spelled as in JSON, which is YAML, too."""
    lines = [f"# yaml-language-server: $schema={SCHEMA}", "BACKEND:"]
    for setting in settings:
        lines += [f"  # {setting.comment}"] if setting.comment else []
        lines.append(f"  {setting.key}: {json.dumps(setting.value, ensure_ascii=False)}")
    return "\n".join([*lines, ""])


RENDERERS = {"jsonc": _jsonc, "json": _json, "yaml": _yaml}
