"""Plan an upgrade: read the upgrade file, and find the versions between the database's and the requested one."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, NamedTuple

from ahjo_tasks.config.document import read
from ahjo_tasks.errors import AhjoError, ConfigError, UsageError
from ahjo_tasks.fleet.calls import Call, read_calls
from ahjo_tasks.utils import join_names

if TYPE_CHECKING:
    from collections.abc import Collection

    from ahjo_tasks.config.document import Document
    from ahjo_tasks.config.loader import LoadedConfig
    from ahjo_tasks.database.database import Database
    from ahjo_tasks.fleet.repository import Repository, TagGraph


ACTIONS = "ahjo_actions.py"
IMPORT = re.compile(rb"^\s*(from|import)\s+ahjo[\s.]", re.MULTILINE)


def refuse_predecessor(directory: Path) -> None:
    """Raise AhjoError for a folder that is missing, or whose actions only Ahjo can import."""
    if not directory.is_dir():
        raise AhjoError(f"the version has no folder {directory.name}")
    actions = directory / ACTIONS
    if (directory / "tasks.py").is_file() or not actions.is_file():
        return
    if IMPORT.search(actions.read_bytes()):
        raise AhjoError(
            f"there is no tasks.py, only Ahjo's {ACTIONS}",
            hint="Upgrade the database with Ahjo to the first version that has a tasks.py, then go on from there",
        )


@dataclass(frozen=True)
class Version:
    """A tag and the actions that bring a database to it; `location` is where they are: `upgrade_actions.jsonc:3`."""

    tag: str
    calls: tuple[Call, ...]
    location: str


UpgradeFile = dict[str, Version]
"""By tag, in the order of the file, which means nothing."""


def read_upgrade_file(path: Path) -> UpgradeFile:
    """Read a JSON, JSONC or YAML file. Raises ConfigError, which lists every mistake with its line."""
    return _checked(read(path))


def parse_upgrade_file(data: bytes, name: str) -> UpgradeFile:
    """Read the content of a file that is not on disk; the suffix of its name says the format."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / name
        path.write_bytes(data)
        return read_upgrade_file(path)


def _checked(document: Document) -> UpgradeFile:
    versions: UpgradeFile = {}
    problems = list(document.warnings)
    for tag, entries in document.value.items():
        if tag == "$schema":
            continue
        location = f"{document.name}:{document.lines.get((tag,), '?')}"
        calls, mistakes = read_calls(entries) if isinstance(tag, str) else ((), ["write the tag in quotes"])
        problems += [f"{location}: {tag}: {mistake}" for mistake in mistakes]
        versions[str(tag)] = Version(str(tag), calls, location)
    if problems:
        raise ConfigError(f"Invalid upgrade file {document.name}", tuple(problems))
    return versions


CHOOSE = "Choose one with --version TAG."
LIST_IT = "List it in the upgrade file: an upgrade skips no version."


def find_path(graph: TagGraph, listed: Collection[str], current: str, target: str | None = None) -> list[str]:
    """Return the tags after `current` up to `target`, or up to the newest one listed; none when it is up to date.

    Raises AhjoError when `current` is no tag, UsageError or ConfigError when there is no single path.
    """
    if current not in graph.tags:
        raise AhjoError(
            f"The database holds version {current!r}, which is not a tag of this repository.",
            hint="Fetch the tags, or check out the tag that it really has and run: inv update-git-version",
        )
    return _PathFinder(graph, listed, current).up_to(target)


class _PathFinder:
    def __init__(self, graph: TagGraph, listed: Collection[str], current: str) -> None:
        self.graph = graph
        self.current = current
        self.start = graph.tags[current]
        self.after = graph.after(self.start)
        self.listed = self._by_commit(listed)

    def up_to(self, target: str | None) -> list[str]:
        if target is not None and self._commit_of(target) == self.start:
            return []
        head = self.graph.tags[target] if target else self._only_head(self.after.intersection(self.listed))
        return self._walk(head) if head else []

    def _by_commit(self, listed: Collection[str]) -> dict[str, str]:
        """Return the listed tag of each commit."""
        tag_of: dict[str, str] = {}
        for tag in (tag for tag in listed if tag in self.graph.tags):
            other = tag_of.setdefault(self.graph.tags[tag], tag)
            if other != tag:
                raise ConfigError(f"{other} and {tag} are tags of one commit.", hint="List one of them.")
        return tag_of

    def _commit_of(self, target: str) -> str:
        commit = self.graph.tags.get(target)
        if commit is None:
            raise UsageError(f"There is no tag {target!r} in this repository.", hint="git fetch --tags")
        if commit != self.start and commit not in self.after:
            raise UsageError(f"{target} does not come after {self.current}, which the database holds.")
        if commit != self.start and self.listed.get(commit) != target:
            raise ConfigError(f"The upgrade file does not list {target}.", hint=LIST_IT)
        return commit

    def _only_head(self, pending: frozenset[str]) -> str | None:
        heads = sorted(self.listed[commit] for commit in self.graph.newest(pending))
        if len(heads) > 1:
            raise ConfigError(f"The upgrade file lists {len(heads)} newest versions: {', '.join(heads)}.", hint=CHOOSE)
        newer = [tag for tag, commit in self.graph.tags.items() if commit in self.after]
        if not heads and newer:
            raise ConfigError(
                f"The upgrade file lists no version after {self.current}, but there are tags: {', '.join(newer)}.",
                hint="List the actions of the next version in it.",
            )
        return self.graph.tags[heads[0]] if heads else None

    def _walk(self, head: str) -> list[str]:
        """Walk from the head back to the start, tag by tag. Raises ConfigError for a fork, or naming all missing."""
        path, missing = [self.listed[head]], list[str]()
        commit = self._before(head)
        while commit != self.start:
            if commit in self.listed:
                path.append(self.listed[commit])
            else:
                missing.append("/".join(self.graph.names(commit)))
            commit = self._before(commit)
        if missing:
            raise ConfigError(
                f"Between {self.current} and {path[0]} the upgrade file leaves out {', '.join(reversed(missing))}.",
                hint=LIST_IT,
            )
        return path[::-1]

    def _before(self, commit: str) -> str:
        """Return the one tagged commit before; where branches were merged, the one that is listed."""
        within = self.graph.previous(commit) & (self.after | {self.start})
        known = [before for before in within if before == self.start or before in self.listed] or sorted(within)
        if len(known) > 1:
            names = sorted("/".join(self.graph.names(before)) for before in known)
            raise ConfigError(
                f"Several paths lead to {'/'.join(self.graph.names(commit))}: by {', '.join(names)}.",
                hint="List the versions of one path.",
            )
        return known[0]


NO_VERSION = "Check out the tag that it has, and run: inv update-git-version"
SHOWN = 5
"""Changed files that a message names."""


@dataclass(frozen=True)
class UpgradePlan:
    """The versions after the database's own, in the order of git. `warnings` are sentences for the user."""

    current: str
    versions: tuple[Version, ...]
    warnings: tuple[str, ...] = ()


class UpgradeTarget(NamedTuple):
    """The project's folder, its config, and the database that the config points to."""

    directory: Path
    config: LoadedConfig
    database: Database


def plan_versions(target: UpgradeTarget, repository: Repository, version: str | None) -> UpgradePlan:
    """Read the upgrade file, the tags and the database's version. Raises AhjoError where they do not go together."""
    _refuse_changes(repository)
    graph = repository.tag_graph()
    listed = _upgrade_file(target, repository, version)
    current = current_version(target)
    try:
        path = find_path(graph, listed, current, version)
    except AhjoError as error:
        if repository.is_shallow:
            error.hint = "The clone is shallow and lacks history: git fetch --unshallow --tags"
        raise
    unknown = ", ".join(tag for tag in listed if tag not in graph.tags)
    warnings = (f"Listed, but no tags here: {unknown}",) if unknown else ()
    return UpgradePlan(current, tuple(listed[tag] for tag in path), warnings)


def current_version(target: UpgradeTarget) -> str:
    """Return the version in the git table. Raises AhjoError when there is none."""
    from ahjo_tasks.engine.stamp import read_stamp

    database = target.database
    try:
        stamp = read_stamp(target.config.settings, database.connection)
    finally:
        database.close(keep=True)
    if stamp is None:
        raise AhjoError("No git version is recorded in the database.", hint=NO_VERSION)
    return stamp.commit


def _refuse_changes(repository: Repository) -> None:
    changes = repository.changes()
    if changes:
        raise AhjoError(
            f"There are uncommitted changes: {join_names(changes, SHOWN)}.",
            hint="Commit or stash them: an upgrade runs what is tagged.",
        )


def _upgrade_file(target: UpgradeTarget, repository: Repository, version: str | None) -> UpgradeFile:
    """Read the file of the checkout; where it does not list the requested version, that version's own."""
    path = target.directory / target.config.settings.upgrade_actions_file
    listed = read_upgrade_file(path) if path.is_file() else None
    if version and version not in (listed or {}):
        listed = _upgrade_file_at(repository, version, path) or listed
    if listed is None:
        raise ConfigError(f"upgrade_actions_file: {path} does not exist.", hint="It lists the actions of each version.")
    return listed


def _upgrade_file_at(repository: Repository, tag: str, path: Path) -> UpgradeFile | None:
    try:
        relative = path.resolve().relative_to(repository.top)
    except ValueError:
        return None
    data = repository.read(tag, relative)
    return None if data is None else parse_upgrade_file(data, path.name)
