"""What an upgrade will do, found out before anything is touched."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ahjo_tasks.deploy.stamp import read_stamp
from ahjo_tasks.errors import AhjoError, ConfigError
from ahjo_tasks.upgrade.listing import Listing, listing_of, read_listing
from ahjo_tasks.upgrade.route import find_route

if TYPE_CHECKING:
    from pathlib import Path

    from ahjo_tasks.running.workspace import Workspace
    from ahjo_tasks.upgrade.history import History
    from ahjo_tasks.upgrade.repository import Repository
    from ahjo_tasks.workers.calls import Call

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


def plan_versions(workspace: Workspace, repository: Repository, target: str | None) -> UpgradePlan:
    """Read the upgrade file, the tags and the database's version. Raises AhjoError where they do not go together."""
    _refuse_changes(repository)
    history = repository.history()
    listing = _listing(workspace, repository, target)
    current = stamped(workspace)
    try:
        route = find_route(history, listing, current, target)
    except AhjoError as error:
        if repository.is_shallow:
            error.hint = "The clone is shallow and lacks history: git fetch --unshallow --tags"
        raise
    versions = tuple(Version(tag, *listing[tag]) for tag in route)
    return UpgradePlan(current, versions, tuple(_remarks(listing, history)))


def stamped(workspace: Workspace) -> str:
    """The version in the git table. Raises AhjoError when there is none."""
    session = workspace.session
    try:
        found = read_stamp(workspace.settings, session.door)
    finally:
        session.close(keep=True)
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


def _listing(workspace: Workspace, repository: Repository, target: str | None) -> Listing:
    """The file of the checkout; where it does not list the wanted version, that version's own."""
    path = workspace.directory / workspace.settings.upgrade_actions_file
    listing = read_listing(path) if path.is_file() else None
    if target and target not in (listing or {}):
        listing = _listing_at(repository, target, path) or listing
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


def _remarks(listing: Listing, history: History) -> list[str]:
    unknown = ", ".join(tag for tag in listing if tag not in history.tags)
    return [f"Listed, but no tags here: {unknown}"] if unknown else []
