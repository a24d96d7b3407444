"""Permission by the config, and confirmation by the user before a database is changed."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ahjo_tasks.errors import NotPermittedError
from ahjo_tasks.utils import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from ahjo_tasks.config.settings import Settings
    from ahjo_tasks.console import Console
    from ahjo_tasks.runtime.project import Project

YES = frozenset({"1", "true", "yes", "on"})
UNATTENDED = "Without a terminal, pass --non-interactive or set AHJO_NON_INTERACTIVE=1."
PROTECTED = "The database is protected: pass --confirm-database NAME or set AHJO_CONFIRM_DATABASE to its name."
DESTROYS = "It deletes the database and all its data, and creates it again."


REFUSED = "!"
"""A name in `allowed_actions` that begins with it is refused, also a reading action and beside ALL."""


class Permission(NamedTuple):
    """The names in `allowed_actions`; `allowed` is None where all are, `refused` are those with an exclamation mark."""

    allowed: list[str] | None
    refused: frozenset[str]

    @classmethod
    def of(cls, settings: Settings) -> Permission:
        """Read the permission from the config, in its order."""
        given = settings.allowed_actions
        names = [name.replace("_", "-") for name in ([given] if isinstance(given, str) else given)]
        allowed = [name for name in names if not name.startswith(REFUSED)]
        everything = any(name.upper() == "ALL" for name in allowed)
        return cls(
            None if everything else allowed,
            frozenset(name.removeprefix(REFUSED) for name in names if name.startswith(REFUSED)),
        )

    def permits(self, name: str, *, reads: bool) -> bool:
        """Return whether an action may run; one that only reads may, unless it is refused by its name."""
        return name not in self.refused and (reads or self.allowed is None or name in self.allowed)


def check_permission(project: Project, name: str, *, reads: bool = False) -> None:
    """Raise NotPermittedError unless `allowed_actions` permits it; without a config every action is permitted."""
    if not project.has_config:
        return
    permission = Permission.of(project.settings)
    if permission.permits(name, reads=reads):
        return
    names = "ALL" if permission.allowed is None else ", ".join(permission.allowed) or "nothing"
    hint = f"allowed_actions in {project.config_name} permits: {names}"
    if permission.refused:
        hint += f"; it refuses: {', '.join(sorted(permission.refused))}"
    raise NotPermittedError(f"The action {name!r} is not allowed here.", hint=f"{hint}.")


def warn_of_unknown_actions(project: Project, known: Collection[str]) -> None:
    """Warn once in a run of names in `allowed_actions` and `skipped_actions` that no action has."""
    if not project.has_config or not known:
        return
    permission = Permission.of(project.settings)
    skipped = [name.replace("_", "-") for name in project.settings.skipped_actions]
    listed = {"allowed_actions": [*(permission.allowed or ()), *sorted(permission.refused)], "skipped_actions": skipped}
    for key, names in listed.items():
        for name in names:
            if name not in known and name.upper() != "ALL":
                place = project.loaded.origins[key]
                suggestion = did_you_mean(name, known, inline=True)
                project.console.warning(f"{place}: {key}: there is no action {name!r}{suggestion}", once=True)


def is_skipped(project: Project, name: str) -> bool:
    """Return whether `skipped_actions` names the action."""
    if not project.has_config:
        return False
    return name in {skipped.replace("_", "-") for skipped in project.settings.skipped_actions or ()}


def is_unattended(environ: Mapping[str, str]) -> bool:
    """Return whether AHJO_NON_INTERACTIVE answers every question."""
    return environ.get("AHJO_NON_INTERACTIVE", "").lower() in YES


class Change(NamedTuple):
    """What a question is about: who changes which database."""

    action: str
    target: str
    database: str
    """The database's name, as it is typed for a protected one."""
    warnings: Sequence[str] = ()
    """What the user has to know before answering."""


def require_yes(console: Console, change: Change) -> None:
    """Ask for a yes. Raises NotPermittedError when the answer is another one, or nobody can be asked."""
    if not console.interactive:
        raise NotPermittedError(f"{change.action} changes {change.target} and was not confirmed.", hint=UNATTENDED)
    console.warning(f"{change.action} changes {change.target}.")
    for warning in change.warnings:
        console.warning(warning)
    if not console.confirm("Are you sure?"):
        raise NotPermittedError(f"{change.action} was declined; nothing was changed.")


def require_name(console: Console, change: Change, name: str | None, *, ask: bool) -> None:
    """Require the name of a protected database: `name`, or what the user types. Raises NotPermittedError without it."""
    if not name and ask and console.interactive:
        console.warning(f"{change.action} changes {change.target}, which is protected.")
        for warning in change.warnings:
            console.warning(warning)
        name = console.ask("Type the name of the database to go on: ")
    if not name:
        raise NotPermittedError(f"{change.action}: {change.target} was not confirmed.", hint=PROTECTED)
    if name != change.database:
        raise NotPermittedError(
            f"{change.action}: the name given is not the name of the target database; nothing was changed.",
            hint="It is compared letter by letter with the database that the config points to.",
        )


class Confirmation:
    """What the user has confirmed. A question that was answered for a database is not asked again in the run."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self.environ = environ
        self._confirmed: set[tuple[str, bool]] = set()

    def require(
        self,
        project: Project,
        action: str,
        *,
        destroys: bool,
        non_interactive: bool | None,
        confirm_database: str | None,
    ) -> None:
        """Raise NotPermittedError unless the user agrees, by flag, environment or answer."""
        database = f"{project.target} {project.database.name}"
        if (database, destroys) in self._confirmed:
            return
        unattended = is_unattended(self.environ)
        change = Change(action, project.target, project.database_name, [DESTROYS] if destroys else [])
        if project.settings.target_database_protected:
            name = confirm_database or self.environ.get("AHJO_CONFIRM_DATABASE")
            require_name(project.console, change, name, ask=not unattended)
        elif not (non_interactive or unattended):
            require_yes(project.console, change)
        self._confirmed |= {(database, destroys), (database, False)}
