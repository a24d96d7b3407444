"""The file that lists projects: their folders, the actions to run in each, and their dependencies."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ahjo_tasks.config.document import read
from ahjo_tasks.errors import ConfigError
from ahjo_tasks.fleet.calls import Call, read_calls
from ahjo_tasks.topology import find_cycle, topological_order
from ahjo_tasks.utils import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from ahjo_tasks.config.document import Document


FILES = ("username_file", "password_file")
KEYS = (
    *FILES,
    "target_server_hostname",
    "sql_port",
    "sql_dialect",
    "sql_driver",
    "sqla_url_query_map",
    "odbc_trust_server_certificate",
    "odbc_encrypt",
    "username",
    "password",
    "trusted_connection",
    "azure_authentication",
    "azure_identity_settings",
    "connect_resiliently",
    "connect_retry_count",
    "connect_retry_interval",
)
DATABASE = "target_database_name"
URL = "sqlalchemy.url"
OPTION = "sqlalchemy."


def connection_environment(values: Mapping[str, Any], folder: Path) -> tuple[dict[str, str], list[str], list[str]]:
    """Return the AHJO_ variables that stand for the keys, warnings, and problems. Files are relative to `folder`."""
    environ: dict[str, str] = {}
    warnings, problems = [], []
    for key, value in values.items():
        if key == DATABASE:
            warnings.append(f"connection_info: {DATABASE} is ignored: each project has a database of its own.")
        elif key == URL:
            problems.append(f"{URL} names one database, but each project has its own; give host, port and dialect")
        elif key not in KEYS and not key.startswith(OPTION):
            problems.append(f"{key}: not a key of a connection{did_you_mean(key, KEYS, inline=True)}")
        elif value is not None:
            environ[f"AHJO_{key.replace('.', '_').upper()}"] = _text(key, value, folder)
    return environ, warnings, problems


def _text(key: str, value: object, folder: Path) -> str:
    if key in FILES and isinstance(value, str):
        return str(folder / Path(value).expanduser())
    return value if isinstance(value, str) else json.dumps(value, default=str)


TOP_KEYS = ("projects_path", "connection_info", "projects", "$schema")
ENTRY_KEYS = ("config", "actions", "depends")


@dataclass(frozen=True)
class ListedProject:
    """One project of the file. `depends` are those to build before it, `location` is where its actions are listed."""

    name: str
    directory: Path
    config: Path
    calls: tuple[Call, ...]
    depends: tuple[str, ...] = ()
    location: str = ""


@dataclass(frozen=True)
class ProjectList:
    """All projects, each after those that it depends on, else in the order of the file.

    `environ` are the AHJO_ variables of `connection_info`.
    """

    projects: tuple[ListedProject, ...]
    environ: Mapping[str, str] = field(default_factory=dict, repr=False)
    warnings: tuple[str, ...] = ()


def in_order(projects: Sequence[ListedProject]) -> list[ListedProject]:
    """Sort projects so that each follows those it depends on, else as they are. Raises graphlib.CycleError."""
    by_name = {project.name: project for project in projects}
    positions = {name: position for position, name in enumerate(by_name)}
    needs = {project.name: project.depends for project in projects}
    return [by_name[name] for name in topological_order(needs, positions.__getitem__)]


def read_project_list(path: Path) -> ProjectList:
    """Read a JSON, JSONC or YAML file. Raises ConfigError, which lists every mistake."""
    return _Reader(read(path), path.absolute().parent).project_list()


class _Reader:
    """Reads one document and collects its mistakes."""

    def __init__(self, document: Document, folder: Path) -> None:
        self.document = document
        self.folder = folder
        self.problems = list(document.warnings)

    def project_list(self) -> ProjectList:
        values = self.document.value
        self._check_keys(values, TOP_KEYS, ())
        root = self._root(values.get("projects_path", "."))
        entries = self._mapping(values.get("projects"), ("projects",))
        projects = [self._project(str(name), entry, root) for name, entry in entries.items()]
        environ, warnings, problems = connection_environment(
            self._mapping(values.get("connection_info") or {}, ("connection_info",)), self.folder
        )
        self.problems += [f"{self._location('connection_info')}: {problem}" for problem in problems]
        self._check_dependencies(projects)
        if self.problems or not projects:
            nothing = () if self.problems else ("projects: expected at least one project",)
            raise ConfigError(f"{self.document.name} lists no projects that can be built", (*self.problems, *nothing))
        return ProjectList(tuple(in_order(projects)), environ, tuple(warnings))

    def _project(self, name: str, value: object, root: Path) -> ListedProject:
        path = ("projects", name)
        entry = self._mapping(value, path)
        self._check_keys(entry, ENTRY_KEYS, path)
        calls, mistakes = read_calls(entry.get("actions"))
        self._add(mistakes, (*path, "actions"))
        directory = root / name
        config = self._text(entry.get("config"), (*path, "config"))
        if not directory.is_dir():
            self._add([f"there is no folder {directory}"], path)
        elif config and not (directory / config).is_file():
            self._add([f"there is no file {directory / config}"], (*path, "config"))
        depends = self._names(entry.get("depends"), (*path, "depends"))
        return ListedProject(name, directory, directory / config, calls, depends, self._location(*path, "actions"))

    def _check_dependencies(self, projects: list[ListedProject]) -> None:
        known = {project.name: project.depends for project in projects}
        for project in projects:
            unknown = [f"there is no project {name!r}" for name in project.depends if name not in known]
            self._add(unknown, ("projects", project.name, "depends"))
        if not self.problems and (names := find_cycle(known)):
            self._add([f"circular dependency: {' -> '.join(names)}"], ("projects",))

    def _root(self, value: object) -> Path:
        return self.folder / Path(self._text(value, ("projects_path",))).expanduser()

    def _text(self, value: object, path: tuple[str, ...]) -> str:
        if isinstance(value, str) and value:
            return value
        self._add(["expected a path"], path)
        return ""

    def _names(self, value: object, path: tuple[str, ...]) -> tuple[str, ...]:
        names = [value] if isinstance(value, str) else value or []
        if isinstance(names, list) and all(isinstance(name, str) for name in names):
            return tuple(names)
        self._add(["expected an array of names"], path)
        return ()

    def _mapping(self, value: object, path: tuple[str, ...]) -> dict[str, Any]:
        if isinstance(value, dict):
            return value
        self._add(["expected an object"], path)
        return {}

    def _check_keys(self, values: Mapping[str, Any], known: tuple[str, ...], path: tuple[str, ...]) -> None:
        for key in values:
            if key not in known:
                self._add([f"not a known key{did_you_mean(str(key), known, inline=True)}"], (*path, str(key)))

    def _add(self, problems: Iterable[str], path: tuple[str, ...]) -> None:
        self.problems += [f"{self._location(*path)}: {problem}" for problem in problems]

    def _location(self, *path: str) -> str:
        """Return file name, line and key; the line is that of the nearest key that exists."""
        lines = (self.document.lines.get(path[:length]) for length in range(len(path), 0, -1))
        line = next((f":{line}" for line in lines if line), "")
        return f"{self.document.name}{line}: {'.'.join(path)}"
