"""Asking before a database is changed: once for each database in a run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ahjo_tasks.errors import NotPermittedError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ahjo_tasks.config.settings import Settings
    from ahjo_tasks.runtime.project import Project


def permitted(settings: Settings) -> list[str] | None:
    """The permitted actions in the config's order, or None when all are."""
    allowed = settings.allowed_actions
    names = [allowed] if isinstance(allowed, str) else list(allowed)
    if any(name.upper() == "ALL" for name in names):
        return None
    return [name.replace("_", "-") for name in names]


def check_permission(project: Project, name: str) -> None:
    """Raise NotPermittedError unless `allowed_actions` names the action; without a config there is nothing to guard."""
    if not project.has_config:
        return
    names = permitted(project.settings)
    if names is None or name in names:
        return
    raise NotPermittedError(
        f"The action {name!r} is not allowed here.",
        hint=f"allowed_actions in {project.config_name} permits: {', '.join(names) or 'nothing'}.",
    )


def skips(project: Project, name: str) -> bool:
    """Whether `skipped_actions` names the action."""
    if not project.has_config:
        return False
    return name in {skipped.replace("_", "-") for skipped in project.settings.skipped_actions or ()}


DESTROYS = "It deletes the database and all its data, and creates it anew."
YES = frozenset({"1", "true", "yes", "on"})
UNATTENDED = "Without a terminal, pass --non-interactive or set AHJO_NON_INTERACTIVE=1."
PROTECTED = "The database is protected: pass --confirm-database NAME or set AHJO_CONFIRM_DATABASE to its name."


class Confirmation:
    """What the user has agreed to. A question that was answered for a database is not asked again in the run."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self.environ = environ
        self._given: set[tuple[str, bool]] = set()

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
        if (database, destroys) in self._given:
            return
        if project.settings.target_database_protected:
            self._require_name(project, action, confirm_database, destroys=destroys)
        elif not (non_interactive or self._unattended):
            self._require_yes(project, action, destroys=destroys)
        self._given |= {(database, destroys), (database, False)}

    @property
    def _unattended(self) -> bool:
        return self.environ.get("AHJO_NON_INTERACTIVE", "").lower() in YES

    def _require_yes(self, project: Project, action: str, *, destroys: bool) -> None:
        if not project.console.interactive:
            raise NotPermittedError(f"{action} changes {project.target} and nobody confirmed it.", hint=UNATTENDED)
        project.console.warning(f"{action} changes {project.target}.")
        if destroys:
            project.console.warning(DESTROYS)
        if not project.console.confirm("Are you sure?"):
            raise NotPermittedError(f"{action} was declined; nothing was changed.")

    def _require_name(self, project: Project, action: str, given: str | None, *, destroys: bool) -> None:
        name = given or self.environ.get("AHJO_CONFIRM_DATABASE")
        if not name and project.console.interactive and not self._unattended:
            project.console.warning(f"{action} changes {project.target}, which is protected.")
            if destroys:
                project.console.warning(DESTROYS)
            name = project.console.ask("Type the name of the database to go on: ")
        if not name:
            raise NotPermittedError(f"{action} was not confirmed.", hint=PROTECTED)
        if name != project.database_name:
            raise NotPermittedError(
                f"{action}: the name given is not the name of the target database; nothing was changed.",
                hint="It is compared letter by letter with the database that the config points to.",
            )
