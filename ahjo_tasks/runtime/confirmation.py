"""Permission by the config, and confirmation by the user before a database is changed."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ahjo_tasks.errors import NotPermittedError
from ahjo_tasks.runtime.chain import Given
from ahjo_tasks.utils import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    from ahjo_tasks.config.settings import Settings
    from ahjo_tasks.console import Console
    from ahjo_tasks.console.reporter import Reporter
    from ahjo_tasks.runtime.project import Project

YES = frozenset({"1", "true", "yes", "on"})
UNATTENDED = "Without a terminal, pass --non-interactive or set AHJO_NON_INTERACTIVE=1."
PROTECTED = "The database is protected: pass --confirm-database NAME or set AHJO_CONFIRM_DATABASE to its name."
CALLER = "The database is protected: give its name as confirm_database."
BEHIND = "Without a terminal, write --non-interactive after {} itself, or set AHJO_NON_INTERACTIVE=1."
PROTECTED_BEHIND = "It is protected: write --confirm-database NAME after {} itself, or set AHJO_CONFIRM_DATABASE."
FOREIGN = "If it may be dropped, pass --confirm-database NAME, or set AHJO_CONFIRM_DATABASE to its name."


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
    if project.has_config:
        require_permission(project.settings, project.config_name, name, reads=reads)


def require_permission(settings: Settings, config: str, name: str, *, reads: bool) -> None:
    """Raise NotPermittedError unless the settings of a config permit the action."""
    permission = Permission.of(settings)
    if permission.permits(name, reads=reads):
        return
    names = "ALL" if permission.allowed is None else ", ".join(permission.allowed) or "nothing"
    hint = f"allowed_actions in {config} permits: {names}"
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


def foreign_warning(content: str) -> str:
    """Say what is in a database that no run of `init` made."""
    return f"No run of init made this database, and it is not empty: {content}."


class NotConfirmedError(NotPermittedError):
    """A change that nobody confirmed; `details` say what it would destroy."""

    def __init__(self, message: str, details: tuple[str, ...] = (), *, hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.details = details


class Change(NamedTuple):
    """Subject of a question: an action, its database, and what it changes."""

    action: str
    target: str
    database: str
    """The database's name, as it is typed for a protected one."""
    warnings: Sequence[str] = ()
    """Facts that the user has to know before answering."""
    hint: str = ""
    """Advice for an answer without a terminal, where it is not the usual one."""

    @property
    def sentence(self) -> str:
        """Sentence about who changes what, without the full stop."""
        return f"{self.action} {'change' if ', ' in self.action else 'changes'} {self.target}"


def require_yes(console: Console, change: Change) -> None:
    """Ask for a yes. Raises NotPermittedError when the answer is another one, or nobody can be asked."""
    if not console.interactive:
        raise NotConfirmedError(
            f"{change.sentence}: this was not confirmed.", tuple(change.warnings), hint=change.hint or UNATTENDED
        )
    console.warning(f"{change.sentence}.")
    for warning in change.warnings:
        console.warning(warning)
    if not console.confirm("Are you sure?"):
        raise NotPermittedError(f"{change.action} was declined; nothing was changed.")


def require_name(console: Console | Reporter, change: Change, name: str | None, *, ask: bool) -> None:
    """Require the name of a database: `name`, or what the user types. Raises NotPermittedError without it."""
    if not name and ask and console.interactive:
        console.warning(f"{change.sentence}.")
        for warning in change.warnings:
            console.warning(warning)
        name = console.ask("Type the name of the database to go on: ")
    if not name:
        raise NotConfirmedError(
            f"{change.sentence}: this was not confirmed.", tuple(change.warnings), hint=change.hint or PROTECTED
        )
    if name != change.database:
        raise NotPermittedError(
            f"{change.action}: the name given is not the name of the target database; nothing was changed.",
            hint="It is compared case-sensitively with the database that the config points to.",
        )


def require_caller(project: Project, action: str, name: str) -> None:
    """Require of a program the name of a database that the config protects. Raises NotPermittedError without it."""
    if name or project.settings.target_database_protected:
        change = Change(action, project.target, project.database_name, (), CALLER)
        require_name(project.reporter, change, name, ask=False)


class Preview(NamedTuple):
    """Preview of a call, as the user has seen it before the question."""

    warnings: Sequence[str] = ()
    """Facts that the user has to know before answering."""
    nothing_to_do: bool = False
    """True if the call would change nothing, so that there is nothing to ask."""


class Effect(NamedTuple):
    """Effect of one action on a database: it changes it, or destroys something in it."""

    action: str
    call: str
    """The action on the command line that it is, or is a step of."""
    given: Given
    """Answers of the flags after that call."""
    destroys: Callable[[], str]
    """Losses, to be read after its name; empty for an action that only adds or changes."""
    preview: Callable[[], Preview] = Preview
    """Shows what the action would do, before the question. It holds nothing afterwards."""


class Confirmation:
    """Confirmations of the user in this run: changes by database, destroying actions by action and database.

    `anywhere` is what all flags of the chain answer. It counts for actions that only add or change; an action that
    destroys something is answered by the flags behind itself, by the environment, or by a question that names it.
    """

    def __init__(self, environ: Mapping[str, str], anywhere: Given | None = None) -> None:
        self.environ = environ
        self.anywhere = anywhere or Given()
        self._changed: set[str] = set()
        self._destroyed: set[tuple[str, str]] = set()
        self._named: set[str] = set()

    def require(self, project: Project, effects: Sequence[Effect]) -> None:
        """Raise NotPermittedError unless the user agrees to all effects, by flag, environment, or answer to a question.

        There is one question, which lists what is destroyed; none where a preview says that there is nothing to do.
        """
        database = _key(project)
        unanswered: list[tuple[Effect, str]] = []
        for effect in effects:
            if (database, effect.action) in self._destroyed:
                continue
            if self._is_answered(project, effect.given):
                self._confirm(database, effect)
                continue
            phrase = effect.destroys()
            if phrase or not (database in self._changed or self._is_answered(project, self.anywhere, strict=False)):
                unanswered.append((effect, phrase))
        if unanswered and not self._ask(project, unanswered):
            return
        self._changed.add(database)
        for effect, phrase in unanswered:
            if phrase:
                self._confirm(database, effect)

    def ask_again(self, project: Project, action: str, warnings: Sequence[str]) -> None:
        """Ask once more, where what an action would do has changed since the answer. Raises NotPermittedError."""
        first = "This differs from the plan that you agreed to."
        require_yes(project.console, Change(action, project.target, project.database_name, [first, *warnings]))

    def require_foreign(self, project: Project, action: str, content: str, given: Given) -> None:
        """Require the name of a database that no run made before it is dropped; `content` says what is in it.

        Raises NotPermittedError.
        """
        name = given.confirm_database or self.environ.get("AHJO_CONFIRM_DATABASE")
        if not name and _key(project) in self._named:
            return
        change = Change(action, project.target, project.database_name, [foreign_warning(content)], FOREIGN)
        unattended = given.non_interactive or is_unattended(self.environ)
        require_name(project.console, change, name, ask=not unattended)

    def is_named(self, project: Project, given: Given) -> bool:
        """Return whether somebody has given the name of the database in this run."""
        name = given.confirm_database or self.environ.get("AHJO_CONFIRM_DATABASE")
        return name == project.database_name or _key(project) in self._named

    def _confirm(self, database: str, effect: Effect) -> None:
        self._changed.add(database)
        self._destroyed.add((database, effect.action))

    def _is_answered(self, project: Project, given: Given, *, strict: bool = True) -> bool:
        """Test whether flags or environment answer the question. Raises NotPermittedError for another database's name.

        Without `strict` such a name answers nothing: it may be that of another project of the chain.
        """
        protected = project.settings.target_database_protected
        name = given.confirm_database or self.environ.get("AHJO_CONFIRM_DATABASE")
        if name == project.database_name:
            return True
        if name and strict and (protected or given.confirm_database):
            require_name(
                project.console, Change("confirm-database", project.target, project.database_name), name, ask=False
            )
        return not protected and (given.non_interactive or is_unattended(self.environ))

    def _ask(self, project: Project, unanswered: Sequence[tuple[Effect, str]]) -> bool:
        """Ask for consent to the effects. Returns False where nobody was asked: there is nothing to do."""
        previews = [effect.preview() for effect, _ in unanswered] if project.console.interactive else []
        if previews and all(preview.nothing_to_do for preview in previews):
            return False
        calls = ", ".join(dict.fromkeys(effect.call for effect, _ in unanswered))
        destroying = {effect.action: phrase for effect, phrase in unanswered if phrase}
        warnings = [f"{action} {phrase}." for action, phrase in destroying.items()]
        warnings += [warning for preview in previews for warning in preview.warnings]
        callers = ", ".join(dict.fromkeys(effect.call for effect, phrase in unanswered if phrase))
        protected = project.settings.target_database_protected
        hint = (PROTECTED_BEHIND if protected else BEHIND).format(callers) if callers else ""
        target = f"{project.target}, which is protected" if protected else project.target
        change = Change(calls, target, project.database_name, warnings, hint)
        if protected:
            require_name(project.console, change, None, ask=not is_unattended(self.environ))
            self._named.add(_key(project))
        else:
            require_yes(project.console, change)
        return True


def _key(project: Project) -> str:
    return f"{project.target} {project.database.name}"
