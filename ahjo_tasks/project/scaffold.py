"""A new project from the packaged template, whole or not at all."""

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
from ahjo_tasks.errors import AhjoError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ahjo_tasks.database.dialects.attributes import ProjectTemplate
    from ahjo_tasks.database.dialects.base import Dialect

PACKAGE = Path(__file__).resolve().parents[1]
SCHEMA = ".ahjo/config.schema.json"
COMMON = "common"
DOT = "dot_"
LOGIN = (
    "What is not known of the login is asked for at the first run and kept in files that only you can read."
    " AHJO_USERNAME and AHJO_PASSWORD go first."
)
FORMATS = ("jsonc", "json", "yaml")


class Entry(NamedTuple):
    """One key of the config, with the remark that stands above it."""

    key: str
    value: Any
    remark: str = ""


@dataclass(frozen=True)
class ServerAddress:
    """Where the development database is. None is what is usual for the database."""

    host: str | None = None
    port: int | None = None
    database: str | None = None
    username: str | None = None


def create(  # noqa: PLR0913 - what a newcomer is asked
    name: str,
    parent: Path,
    dialect: str,
    format: str,  # noqa: A002 - the flag's name
    *,
    host: str | None = None,
    port: int | None = None,
    database: str | None = None,
    username: str | None = None,
) -> list[Path]:
    """Create the project `parent/normalised(name)` and return its files, sorted.

    Raises UsageError for an answer that makes no sense and AhjoError when the folder exists or cannot be written;
    either way nothing is left behind.
    """
    target = place(name, parent)
    files = draft(target.name, dialect, format, ServerAddress(host, port, database, username))
    write(target, files)
    return sorted(target / file for file in files)


def place(name: str, parent: Path) -> Path:
    """The folder that a project of this name gets. Raises UsageError, or AhjoError when it is there already."""
    if not parent.is_dir():
        raise UsageError(
            f"The folder {parent} does not exist.", hint="--project-dir is where the project's folder is put."
        )
    target = parent / normalised(name)
    if target.exists() or target.is_symlink():
        raise AhjoError(f"{target} exists already; nothing was changed.", hint="Choose another name or folder.")
    return target


def normalised(name: str) -> str:
    """The name in lower case, blanks as underscores, ASCII letters, digits and underscores alone."""
    found = re.sub(r"[^a-z0-9_]", "", name.strip().replace(" ", "_").lower())
    if not found.strip("_"):
        raise UsageError(
            f"{name!r} is no name for a project.", hint="A name has letters (a to z), digits and underscores."
        )
    return found


def template_folder() -> Path:
    """The folder of templates: in the installed package, or beside the package in a checkout."""
    for folder in (PACKAGE, PACKAGE.parent):
        if (folder / "project_template" / COMMON).is_dir():
            return folder / "project_template"
    raise AhjoError("The project template is missing.", hint="Install the package again.")


def databases() -> tuple[str, ...]:
    """The names of the dialects that bring a project template, each once."""
    dialects = (dialect_named(name) for name in names())
    return tuple(dict.fromkeys(dialect.name for dialect in dialects if dialect.project_template))


def _template_of(dialect: Dialect) -> ProjectTemplate:
    if dialect.project_template is None:
        raise UsageError(
            f"There is no template for {dialect.title}.", hint=f"There is one for: {', '.join(databases())}."
        )
    return dialect.project_template


# -- files -----------------------------------------------------------------------------------------------------------


def draft(name: str, dialect: str, suffix: str, connection: ServerAddress) -> dict[str, str]:
    """The files of a project: the path of each in it, and its text. Raises UsageError; nothing is written."""
    database = dialect_named(dialect)
    template = _template_of(database)
    if suffix not in RENDERERS:
        raise UsageError(f"There is no config format {suffix!r}.", hint=f"It is one of: {', '.join(FORMATS)}.")
    config = f"dev.{suffix}"
    words = {
        "{{name}}": name,
        "{{title}}": database.title,
        "{{config}}": config,
        "{{format}}": suffix,
        "{{install}}": shlex.quote(template.requirement),
    }
    return {
        **{path: _filled(text, words) for path, text in _templates(COMMON, template.folder)},
        config: RENDERERS[suffix](_entries(name, database, connection)),
        SCHEMA: (PACKAGE / "config" / "schema.json").read_text(encoding="utf-8"),
    }


def _templates(*folders: str) -> Iterator[tuple[str, str]]:
    for folder in (template_folder() / name for name in folders):
        for path in sorted(folder.rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts:
                yield _shown(path.relative_to(folder)).as_posix(), path.read_text(encoding="utf-8")


def _shown(relative: Path) -> Path:
    """The path with its leading dot, which a template does without so that no tool takes it for its own."""
    name = relative.name
    return relative.with_name("." + name.removeprefix(DOT)) if name.startswith(DOT) else relative


def _filled(text: str, words: Mapping[str, str]) -> str:
    for word, value in words.items():
        text = text.replace(word, value)
    return text


def write(target: Path, files: Mapping[str, str]) -> None:
    """Write beside the target and rename at the end, so that a failure leaves nothing half-done. Raises AhjoError."""
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


def _entries(name: str, dialect: Dialect, connection: ServerAddress) -> list[Entry]:
    """The BACKEND of the development config."""
    return [
        Entry("environment", "development", "A label for headings."),
        Entry("allowed_actions", "ALL", 'Actions that may run here: "ALL", or a list of names.'),
        *_connection(name, dialect, connection),
        Entry("exit_on_test_failure", True, "A failed SQL test ends the run with exit code 1."),
    ]


def _connection(name: str, dialect: Dialect, given: ServerAddress) -> Iterator[Entry]:
    template = _template_of(dialect)
    yield Entry("sql_dialect", dialect.name)
    if dialect.file_based:
        _refuse_server(dialect, given)
        yield Entry("target_database_name", given.database or f"{name}.db", "The file, from the project's folder.")
        return
    yield Entry("target_server_hostname", given.host or "localhost")
    yield Entry("sql_port", template.port if given.port is None else given.port)
    yield Entry("target_database_name", given.database or name)
    if template.query:
        yield Entry("sqla_url_query_map", dict(template.query), template.note)
    name_of_login = (
        Entry("username", given.username) if given.username else Entry("username_file", _private(name, "username"))
    )
    yield name_of_login._replace(remark=LOGIN)
    yield Entry("password_file", _private(name, "password"))


def _private(name: str, what: str) -> str:
    return f"~/.ahjo/{name}_{what}"


def _refuse_server(dialect: Dialect, given: ServerAddress) -> None:
    for flag in ("host", "port", "username"):
        if getattr(given, flag) is not None:
            raise UsageError(
                f"{dialect.title} is a file: --{flag} has no meaning.", hint="Give the file as --database."
            )


def _json(entries: list[Entry]) -> str:
    document = {"$schema": SCHEMA, "BACKEND": {entry.key: entry.value for entry in entries}}
    return json.dumps(document, indent=4, ensure_ascii=False) + "\n"


def _jsonc(entries: list[Entry]) -> str:
    lines = []
    for number, entry in enumerate(entries, 1):
        lines += [f"        // {entry.remark}"] if entry.remark else []
        comma = "," if number < len(entries) else ""
        lines.append(f"        {json.dumps(entry.key)}: {json.dumps(entry.value, ensure_ascii=False)}{comma}")
    return "\n".join(["{", f'    "$schema": "{SCHEMA}",', '    "BACKEND": {', *lines, "    }", "}", ""])


def _yaml(entries: list[Entry]) -> str:
    """JSON's spelling of a value is YAML, too."""
    lines = [f"# yaml-language-server: $schema={SCHEMA}", "BACKEND:"]
    for entry in entries:
        lines += [f"  # {entry.remark}"] if entry.remark else []
        lines.append(f"  {entry.key}: {json.dumps(entry.value, ensure_ascii=False)}")
    return "\n".join([*lines, ""])


RENDERERS = {"jsonc": _jsonc, "json": _json, "yaml": _yaml}
