"""Asking before a database is changed: once for each database in a run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ahjo_tasks.errors import NotPermittedError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ahjo_tasks.running.context import ActionContext

DESTROYS = "It deletes the database and all its data, and creates it anew."
YES = frozenset({"1", "true", "yes", "on"})
UNATTENDED = "Without a terminal, pass --non-interactive or set AHJO_NON_INTERACTIVE=1."
PROTECTED = "The database is protected: pass --confirm-database NAME or set AHJO_CONFIRM_DATABASE to its name."


class Consent:
    """What the user has agreed to. A question that was answered for a database is not asked again in the run."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self.environ = environ
        self._given: set[tuple[str, bool]] = set()

    def obtain(
        self,
        ctx: ActionContext,
        action: str,
        *,
        destroys: bool,
        non_interactive: bool | None,
        confirm_database: str | None,
    ) -> None:
        """Raise NotPermittedError unless the user agrees, by flag, environment or answer."""
        database = f"{ctx.workspace.target} {ctx.session.database}"
        if (database, destroys) in self._given:
            return
        if ctx.settings.target_database_protected:
            self._obtain_name(ctx, action, confirm_database, destroys=destroys)
        elif not (non_interactive or self._unattended):
            self._obtain_yes(ctx, action, destroys=destroys)
        self._given |= {(database, destroys), (database, False)}

    @property
    def _unattended(self) -> bool:
        return self.environ.get("AHJO_NON_INTERACTIVE", "").lower() in YES

    def _obtain_yes(self, ctx: ActionContext, action: str, *, destroys: bool) -> None:
        if not ctx.console.interactive:
            raise NotPermittedError(
                f"{action} changes {ctx.workspace.target} and nobody confirmed it.", hint=UNATTENDED
            )
        ctx.console.warn(f"{action} changes {ctx.workspace.target}.")
        if destroys:
            ctx.console.warn(DESTROYS)
        if not ctx.console.confirm("Are you sure?"):
            raise NotPermittedError(f"{action} was declined; nothing was changed.")

    def _obtain_name(self, ctx: ActionContext, action: str, given: str | None, *, destroys: bool) -> None:
        name = given or self.environ.get("AHJO_CONFIRM_DATABASE")
        if not name and ctx.console.interactive and not self._unattended:
            ctx.console.warn(f"{action} changes {ctx.workspace.target}, which is protected.")
            if destroys:
                ctx.console.warn(DESTROYS)
            name = ctx.console.ask("Type the name of the database to go on: ")
        if not name:
            raise NotPermittedError(f"{action} was not confirmed.", hint=PROTECTED)
        if name != ctx.workspace.database:
            raise NotPermittedError(
                f"{action}: the name given is not the name of the target database; nothing was changed.",
                hint="It is compared letter by letter with the database that the config points to.",
            )
