"""The file that lists projects: where they lie, what to run in each, and which needs which."""

from __future__ import annotations

from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ahjo_tasks.config.document import read
from ahjo_tasks.errors import ConfigError
from ahjo_tasks.projects.connection import connection_environment
from ahjo_tasks.projects.order import circle, ordered
from ahjo_tasks.workers.calls import Call, read_calls

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from ahjo_tasks.config.document import Document

TOP_KEYS = ("projects_path", "connection_info", "projects", "$schema")
ENTRY_KEYS = ("config", "actions", "depends")


@dataclass(frozen=True)
class Project:
    """One project of the file. `depends` are those that must be built before it, `place` is where its actions stand."""

    name: str
    directory: Path
    config: Path
    calls: tuple[Call, ...]
    depends: tuple[str, ...] = ()
    place: str = ""


@dataclass(frozen=True)
class Listing:
    """All projects, each behind those that it depends on, else in the order of the file.

    `environ` are the AHJO_ variables of `connection_info`.
    """

    projects: tuple[Project, ...]
    environ: Mapping[str, str] = field(default_factory=dict, repr=False)
    remarks: tuple[str, ...] = ()


def read_listing(path: Path) -> Listing:
    """Read a JSON, JSONC or YAML file. Raises ConfigError, which lists every mistake."""
    return _Reader(read(path), path.absolute().parent).listing()


class _Reader:
    """Reads one document and gathers what is wrong with it."""

    def __init__(self, document: Document, folder: Path) -> None:
        self.document = document
        self.folder = folder
        self.problems = list(document.warnings)

    def listing(self) -> Listing:
        given = self.document.value
        self._unknown(given, TOP_KEYS, ())
        root = self._root(given.get("projects_path", "."))
        entries = self._mapping(given.get("projects"), ("projects",))
        found = [self._project(str(name), entry, root) for name, entry in entries.items()]
        environ, remarks, problems = connection_environment(
            self._mapping(given.get("connection_info") or {}, ("connection_info",)), self.folder
        )
        self.problems += [f"{self._place('connection_info')}: {problem}" for problem in problems]
        self._check_needs(found)
        if self.problems or not found:
            nothing = () if self.problems else ("projects: expected at least one project",)
            raise ConfigError(f"{self.document.name} lists no projects that can be built", (*self.problems, *nothing))
        names = ordered({project.name: project.depends for project in found})
        by_name = {project.name: project for project in found}
        return Listing(tuple(by_name[name] for name in names), environ, tuple(remarks))

    def _project(self, name: str, given: object, root: Path) -> Project:
        path = ("projects", name)
        entry = self._mapping(given, path)
        self._unknown(entry, ENTRY_KEYS, path)
        calls, mistakes = read_calls(entry.get("actions"))
        self._add(mistakes, (*path, "actions"))
        directory = root / name
        config = self._text(entry.get("config"), (*path, "config"))
        if not directory.is_dir():
            self._add([f"there is no folder {directory}"], path)
        elif config and not (directory / config).is_file():
            self._add([f"there is no file {directory / config}"], (*path, "config"))
        depends = self._names(entry.get("depends"), (*path, "depends"))
        return Project(name, directory, directory / config, calls, depends, self._place(*path, "actions"))

    def _check_needs(self, projects: list[Project]) -> None:
        known = {project.name: project.depends for project in projects}
        for project in projects:
            strange = [f"there is no project {name!r}" for name in project.depends if name not in known]
            self._add(strange, ("projects", project.name, "depends"))
        if not self.problems and (names := circle(known)):
            self._add([f"projects depend on each other in a circle: {' -> '.join(names)}"], ("projects",))

    def _root(self, given: object) -> Path:
        return self.folder / Path(self._text(given, ("projects_path",))).expanduser()

    def _text(self, value: object, path: tuple[str, ...]) -> str:
        if isinstance(value, str) and value:
            return value
        self._add(["expected a path"], path)
        return ""

    def _names(self, value: object, path: tuple[str, ...]) -> tuple[str, ...]:
        names = [value] if isinstance(value, str) else value or []
        if isinstance(names, list) and all(isinstance(name, str) for name in names):
            return tuple(names)
        self._add(["expected a list of names"], path)
        return ()

    def _mapping(self, value: object, path: tuple[str, ...]) -> dict[str, Any]:
        if isinstance(value, dict):
            return value
        self._add(["expected a mapping"], path)
        return {}

    def _unknown(self, given: Mapping[str, Any], known: tuple[str, ...], path: tuple[str, ...]) -> None:
        for key in given:
            if key not in known:
                near = get_close_matches(str(key), known, n=1)
                self._add([f"not a known key{f'; did you mean {near[0]}?' if near else ''}"], (*path, str(key)))

    def _add(self, problems: Iterable[str], path: tuple[str, ...]) -> None:
        self.problems += [f"{self._place(*path)}: {problem}" for problem in problems]

    def _place(self, *path: str) -> str:
        """Name, line and key: the line of the nearest key that is there."""
        lines = (self.document.lines.get(path[:length]) for length in range(len(path), 0, -1))
        line = next((f":{line}" for line in lines if line), "")
        return f"{self.document.name}{line}: {'.'.join(path)}"
