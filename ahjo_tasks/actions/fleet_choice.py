"""The targets of one command over a fleet: read, checked against the config that they share, and consented to."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ahjo_tasks.actions import fleet_formats
from ahjo_tasks.api.fleet_worker import Fleet
from ahjo_tasks.config.loader import load
from ahjo_tasks.database.dialects import is_file_based
from ahjo_tasks.errors import UsageError
from ahjo_tasks.fleet.targets import refuse_one_database, select, server_of
from ahjo_tasks.runtime.confirmation import (
    Change,
    NotConfirmedError,
    is_unattended,
    require_permission,
    require_yes,
)
from ahjo_tasks.utils import join_names, pluralize

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ahjo_tasks.config.loader import LoadedConfig
    from ahjo_tasks.fleet.targets import Target
    from ahjo_tasks.runtime.action import Action
    from ahjo_tasks.runtime.context import ActionContext

PROTECTED = "Pass --confirm-database with the name, or a pattern of the names as 'shop_*'."


@dataclass(frozen=True)
class FleetFlags:
    """Flags that commands of a fleet have in common."""

    targets: str = ""
    where: Sequence[str] = ()
    where_not: Sequence[str] = ()
    part: str = ""
    jobs: int = 0
    per_server: int = 0
    timeout: float = 0.0
    retries: int = 2
    scheduler: str = ""
    tls_ca: str = ""
    tls_cert: str = ""
    tls_key: str = ""
    format: str = fleet_formats.TABLE
    output: str = ""
    logs: str = "fleet-logs"
    canary: Sequence[str] = ()
    waves: str = ""
    max_failures: str = "100%"
    after_wave: str = ""
    pause: float = 0.0
    resume: bool = False
    failed_only: bool = False

    def check(self) -> None:
        """Raise UsageError for a value that makes no sense."""
        if not self.targets:
            raise UsageError("--targets is missing.", hint="Name the list of targets: --targets targets.yaml.")
        if self.format not in fleet_formats.FORMATS:
            hint = f"It is one of: {', '.join(fleet_formats.FORMATS)}."
            raise UsageError(f"There is no format {self.format!r}.", hint=hint)
        for name in ("jobs", "per_server", "timeout", "retries", "pause"):
            if getattr(self, name) < 0:
                raise UsageError(f"--{name.replace('_', '-')} is a number from 0.")
        if not self.scheduler and (self.tls_ca or self.tls_cert or self.tls_key):
            raise UsageError("--tls-ca, --tls-cert and --tls-key are those of a --scheduler.")


class Choice:
    """The targets that a command is given, and the project that they share."""

    def __init__(self, ctx: ActionContext, action: Action[..., Any], flags: FleetFlags) -> None:
        self._ctx = ctx
        self._action = action
        self._flags = flags

    @cached_property
    def base(self) -> LoadedConfig:
        """The config that the targets share, which may lack what each of them gives."""
        project = self._ctx.project
        loaded = load(
            project.config_path,
            environ=project.environ,
            is_file_based=is_file_based,
            connects=False,
            folder=project.directory,
        )
        for warning in loaded.warnings:
            self._ctx.console.warning(warning, once=True)
        return loaded

    @cached_property
    def fleet(self) -> Fleet:
        """The project and the targets, as a worker has them."""
        folder = self._ctx.project.directory
        return Fleet(folder, _from(folder, self.base.path), _from(folder, self._flags.targets))

    @property
    def only_plans(self) -> bool:
        """True if a dry run shows the plans of a deploy in place of it."""
        return self._ctx.dry_run and self._action.name == "deploy"

    @cached_property
    def targets(self) -> list[Target]:
        """The selected targets. Raises AhjoError for what is wrong in any of them, before anything runs."""
        name, reads = ("plan", True) if self.only_plans else (self._action.name, self._action.reads)
        require_permission(self.base.settings, self.base.path.name, name, reads=reads)
        self._warn_of_own_action()
        targets = self.fleet.read(known=self.base.backend)
        refuse_one_database(targets, self.base.backend)
        return select(targets, self._flags.where, self._flags.where_not, self._flags.part)

    def _warn_of_own_action(self) -> None:
        info, name = self._ctx.namespace_info, self._action.name
        own = info.get(name) if info is not None else None
        if own is not None and not own.body.__module__.startswith("ahjo_tasks."):
            self._ctx.console.warning(f"tasks.py replaces {name}; {self._action.label} runs the standard one.")

    def server(self, target: Target) -> str:
        """Return the host of a target's server."""
        return server_of(target, self.base.backend)

    def require_consent(self, targets: Sequence[Target], *, prunes: bool) -> None:
        """Ask once for all targets. Raises NotPermittedError where nobody agrees."""
        protected = [target.name for target in targets if self._is_protected(target)]
        if protected and not self.confirmed:
            text = f"{pluralize(len(protected), 'protected database')}: {join_names(protected)}."
            raise NotConfirmedError(f"{self._action.label} was not confirmed.", (text,), hint=PROTECTED)
        unattended = self._ctx.given.non_interactive or is_unattended(self._ctx.invocation.environ)
        if unattended or protected:
            return
        servers = {self.server(target) for target in targets} - {""}
        where = f" on {pluralize(len(servers), 'server')}" if servers else ""
        change = f"{pluralize(len(targets), 'database')}{where}"
        warnings = ["--prune drops the objects whose files were removed."] * prunes
        require_yes(self._ctx.console, Change(self._action.label, change, "", warnings))

    @property
    def confirmed(self) -> str:
        """The name or pattern of names of the protected databases that may be changed."""
        return self._ctx.given.confirm_database or self._ctx.invocation.environ.get("AHJO_CONFIRM_DATABASE", "")

    def _is_protected(self, target: Target) -> bool:
        return bool(target.config.get("target_database_protected", self.base.settings.target_database_protected))


def _from(folder: Path, given: str | Path) -> str:
    """Return a file's path from the project's folder, which a worker may have elsewhere; a function as it is."""
    path = Path(given).expanduser().absolute()
    if not path.is_file():
        return str(given)
    return path.relative_to(folder).as_posix() if path.is_relative_to(folder) else str(path)
