"""What an upgrade will do, found out before anything is touched."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from ahjo_tasks.engine.stamp import read_stamp
from ahjo_tasks.errors import AhjoError, ConfigError, UsageError
from ahjo_tasks.fleet.upgrade_file import Listing, listing_of, read_listing

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

    from ahjo_tasks.config.loader import LoadedConfig
    from ahjo_tasks.database.database import Database
    from ahjo_tasks.fleet.protocol import Call
    from ahjo_tasks.fleet.repository import Repository
    from ahjo_tasks.fleet.tag_graph import TagGraph

CHOOSE = "Choose one with --version TAG."
LIST_IT = "List it in the upgrade file: an upgrade passes over no version."


def find_route(tags: TagGraph, listed: Collection[str], current: str, target: str | None = None) -> list[str]:
    """The tags after `current` up to `target`, or up to the newest one listed; none when there is nothing to do.

    Raises AhjoError when the database's version is no tag, UsageError or ConfigError when there is no single way.
    """
    if current not in tags.tags:
        raise AhjoError(
            f"The database holds version {current!r}, which is no tag of this repository.",
            hint="Fetch the tags, or check out the tag that it really has and run: inv update-git-version",
        )
    return _Route(tags, listed, current).up_to(target)


class _Route:
    def __init__(self, tags: TagGraph, listed: Collection[str], current: str) -> None:
        self.tags = tags
        self.current = current
        self.start = tags.tags[current]
        self.after = tags.after(self.start)
        self.listed = self._by_commit(listed)

    def up_to(self, target: str | None) -> list[str]:
        if target is not None and self._commit_of(target) == self.start:
            return []
        head = self.tags.tags[target] if target else self._only_head(self.after.intersection(self.listed))
        return self._walk(head) if head else []

    def _by_commit(self, listed: Collection[str]) -> dict[str, str]:
        """The listed tag of each commit."""
        found: dict[str, str] = {}
        for tag in (tag for tag in listed if tag in self.tags.tags):
            other = found.setdefault(self.tags.tags[tag], tag)
            if other != tag:
                raise ConfigError(f"{other} and {tag} are tags of one commit.", hint="List one of them.")
        return found

    def _commit_of(self, target: str) -> str:
        commit = self.tags.tags.get(target)
        if commit is None:
            raise UsageError(f"There is no tag {target!r} in this repository.", hint="git fetch --tags")
        if commit != self.start and commit not in self.after:
            raise UsageError(f"{target} does not come after {self.current}, which the database holds.")
        if commit != self.start and self.listed.get(commit) != target:
            raise ConfigError(f"The upgrade file does not list {target}.", hint=LIST_IT)
        return commit

    def _only_head(self, pending: frozenset[str]) -> str | None:
        heads = sorted(self.listed[commit] for commit in self.tags.newest(pending))
        if len(heads) > 1:
            raise ConfigError(f"The upgrade file lists {len(heads)} newest versions: {', '.join(heads)}.", hint=CHOOSE)
        newer = [tag for tag, commit in self.tags.tags.items() if commit in self.after]
        if not heads and newer:
            raise ConfigError(
                f"The upgrade file lists no version after {self.current}, but there are tags: {', '.join(newer)}.",
                hint="List the actions of the next version in it.",
            )
        return self.tags.tags[heads[0]] if heads else None

    def _walk(self, head: str) -> list[str]:
        """From the head back to the start, tag by tag. Raises ConfigError for a fork, or naming all that is missing."""
        route, missing = [self.listed[head]], list[str]()
        place = self._before(head)
        while place != self.start:
            if place in self.listed:
                route.append(self.listed[place])
            else:
                missing.append("/".join(self.tags.names(place)))
            place = self._before(place)
        if missing:
            raise ConfigError(
                f"Between {self.current} and {route[0]} the upgrade file leaves out {', '.join(reversed(missing))}.",
                hint=LIST_IT,
            )
        return route[::-1]

    def _before(self, commit: str) -> str:
        """The one tagged commit before; where branches were merged, the one that is listed."""
        within = self.tags.previous(commit) & (self.after | {self.start})
        known = [one for one in within if one == self.start or one in self.listed] or sorted(within)
        if len(known) > 1:
            names = sorted("/".join(self.tags.names(one)) for one in known)
            raise ConfigError(
                f"Several ways lead to {'/'.join(self.tags.names(commit))}: by {', '.join(names)}.",
                hint="List the versions of one way.",
            )
        return known[0]


UNSTAMPED = "Check out the tag that it has, and run: inv update-git-version"
LISTED = 5


@dataclass(frozen=True)
class Version:
    """One tag and what brings a database to it from the tag before; `place` is where that is listed."""

    tag: str
    calls: tuple[Call, ...]
    place: str


@dataclass(frozen=True)
class UpgradePlan:
    """The versions after the database's own, in the order of git. `remarks` are sentences for the user."""

    current: str
    versions: tuple[Version, ...]
    remarks: tuple[str, ...] = ()


class UpgradeSubject(NamedTuple):
    """What is upgraded: the project's folder, its config, and the database that the config points to."""

    directory: Path
    config: LoadedConfig
    database: Database


def plan_versions(subject: UpgradeSubject, repository: Repository, version: str | None) -> UpgradePlan:
    """Read the upgrade file, the tags and the database's version. Raises AhjoError where they do not go together."""
    _refuse_changes(repository)
    tags = repository.tag_graph()
    listing = _listing(subject, repository, version)
    current = stamped(subject)
    try:
        route = find_route(tags, listing, current, version)
    except AhjoError as error:
        if repository.is_shallow:
            error.hint = "The clone is shallow and lacks history: git fetch --unshallow --tags"
        raise
    versions = tuple(Version(tag, *listing[tag]) for tag in route)
    return UpgradePlan(current, versions, tuple(_remarks(listing, tags)))


def stamped(subject: UpgradeSubject) -> str:
    """The version in the git table. Raises AhjoError when there is none."""
    database = subject.database
    try:
        found = read_stamp(subject.config.settings, database.connection)
    finally:
        database.close(keep=True)
    if found is None:
        raise AhjoError("The database does not say which version it holds: no git version is stamped.", hint=UNSTAMPED)
    return found.commit


def _refuse_changes(repository: Repository) -> None:
    changes = repository.changes()
    if changes:
        more = f" and {len(changes) - LISTED} more" if len(changes) > LISTED else ""
        raise AhjoError(
            f"There are changes that are not committed: {', '.join(changes[:LISTED])}{more}.",
            hint="Commit or stash them: an upgrade runs what is tagged.",
        )


def _listing(subject: UpgradeSubject, repository: Repository, version: str | None) -> Listing:
    """The file of the checkout; where it does not list the wanted version, that version's own."""
    path = subject.directory / subject.config.settings.upgrade_actions_file
    listing = read_listing(path) if path.is_file() else None
    if version and version not in (listing or {}):
        listing = _listing_at(repository, version, path) or listing
    if listing is None:
        raise ConfigError(f"upgrade_actions_file: {path} does not exist.", hint="It lists the actions of each version.")
    return listing


def _listing_at(repository: Repository, tag: str, path: Path) -> Listing | None:
    try:
        inside = path.resolve().relative_to(repository.top)
    except ValueError:
        return None
    data = repository.read(tag, inside)
    return None if data is None else listing_of(data, path.name)


def _remarks(listing: Listing, tags: TagGraph) -> list[str]:
    unknown = ", ".join(tag for tag in listing if tag not in tags.tags)
    return [f"Listed, but no tags here: {unknown}"] if unknown else []
