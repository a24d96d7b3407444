"""An action: an Invoke task that checks permission, asks first, and turns failures into exit codes."""

from __future__ import annotations

import copy
import textwrap
from inspect import cleandoc, signature
from typing import TYPE_CHECKING, Any, overload

from invoke.tasks import Task

from ahjo_tasks.database.interrupts import on_interrupt
from ahjo_tasks.errors import UsageError
from ahjo_tasks.runtime import flags
from ahjo_tasks.runtime.confirmation import check_permission
from ahjo_tasks.runtime.context import ActionContext
from ahjo_tasks.runtime.error_boundary import ErrorBoundary
from ahjo_tasks.runtime.gc_tuning import tune_gc

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from invoke.context import Context
    from invoke.parser.argument import Argument

    from ahjo_tasks.runtime.namespace_info import NamespaceInfo

HELP_WIDTH = 76
CONSENT = ("non_interactive", "confirm_database")


class Action(Task):  # type: ignore[type-arg]
    """One named piece of work on a database project.

    `affects_database` asks for confirmation before it runs, `destroys_database` says so in the question,
    `dialects` marks an action that not every database has, `sql_files` are the parameters that name SQL files of the
    project. One that is not `guarded` runs whatever the config allows,
    and also with a config that cannot be used yet.
    """

    def __init__(  # noqa: PLR0913 - one parameter for each trait
        self,
        body: Callable[..., Any],
        *,
        affects_database: bool = False,
        destroys_database: bool = False,
        dialects: Sequence[str] = (),
        sql_files: Sequence[str] = (),
        guarded: bool = True,
        **options: Any,
    ) -> None:
        super().__init__(body, **options)
        self.affects_database = affects_database
        self.destroys_database = destroys_database
        self.sql_files = tuple(sql_files)
        self.guarded = guarded
        self.namespace_info: NamespaceInfo | None = None
        if self.__doc__:
            self.__doc__ = _help_text(self.__doc__, dialects)

    def __eq__(self, other: object) -> bool:
        """Whether it is the same action of the same project; Invoke drops equal ones from a chain."""
        return super().__eq__(other) and isinstance(other, Action) and self.namespace_info is other.namespace_info

    __hash__ = Task.__hash__

    @property
    def name(self) -> str:
        """The name on the command line, with dashes."""
        return str(super().name).replace("_", "-")

    def bound(self, namespace_info: NamespaceInfo) -> Action:
        """The same action as a member of one project's namespace."""
        twin = copy.copy(self)
        twin.namespace_info = namespace_info
        return twin

    def arg_opts(self, name: str, default: Any, taken_names: set[str]) -> dict[str, Any]:
        """What Invoke makes of a parameter, its short flag none of Invoke's own."""
        found: dict[str, Any] = super().arg_opts(name, default, taken_names | flags.CORE_SHORTS)
        return found

    def get_arguments(self, ignore_unknown_help: bool | None = None) -> list[Argument]:
        """The body's own parameters and, for an action that changes a database, those of the confirmation."""
        kept, self.help = self.help, dict(self.help)  # Invoke uses each text up
        own: list[Argument] = super().get_arguments(ignore_unknown_help)
        self.help = kept
        names = {argument.name for argument in own}
        added = flags.confirmation() if self.affects_database else []
        return own + [argument for argument in added if argument.name not in names]

    def __call__(self, ctx: Context, *args: Any, **kwargs: Any) -> Any:
        """Run the action; a failure of the outermost one leaves as Invoke's `Exit`."""
        context = ActionContext.of(ctx, self.namespace_info)
        if context.inside_action:
            return self._run(context, *args, **kwargs)
        tune_gc()
        run = context.invocation
        with ErrorBoundary(context, self.name), on_interrupt(run.interrupt, run.mark_interrupted):
            _refuse_swallowed(kwargs)
            return self._run(context, *args, **kwargs)

    def _run(self, ctx: ActionContext, *args: Any, **kwargs: Any) -> Any:
        if self.guarded:
            self._prepare(ctx, kwargs)
            if ctx.skips(self.name):
                ctx.console.skipped(self.name)
                return None
        with ctx.performing(self.name, with_config=self.guarded):
            return self._perform(ctx, *args, **kwargs)

    def _prepare(self, ctx: ActionContext, values: Mapping[str, Any]) -> None:
        """Find out before anything runs whether all of it may run."""
        family = [(member, ctx.within(member.namespace_info)) for member in self.family(ctx)]
        for member, where in family:
            check_permission(where.project, member.name)
        for place in {where.project: where for member, where in family if member.affects_database}.values():
            place.announce(self.name)
            destroys = any(member.destroys_database and where.project is place.project for member, where in family)
            if not ctx.dry_run:
                answers = {flag: values.get(flag) for flag in CONSENT}
                ctx.confirmation.require(place.project, self.name, destroys=destroys, **answers)

    def _perform(self, ctx: ActionContext, *args: Any, **kwargs: Any) -> Any:
        own = signature(self.body).parameters
        used = {name: value for name, value in kwargs.items() if name in own or name not in CONSENT}
        return super().__call__(ctx, *args, **used)

    def family(self, ctx: ActionContext) -> Iterator[Action]:
        """The actions that a call would run, this one first; none when the config skips it."""
        if not ctx.within(self.namespace_info).skips(self.name):
            yield self


class MultiAction(Action):
    """An action that runs others by name, each looked up in its own namespace at the moment it runs."""

    def __init__(self, name: str, steps: Sequence[str], **options: Any) -> None:
        super().__init__(_no_body, name=name, **options)
        self.steps = tuple(steps)
        self._entered = False

    def get_arguments(self, ignore_unknown_help: bool | None = None) -> list[Argument]:
        """The flags of all steps; each step gets those that it knows."""
        if self._entered:
            return []
        self._entered = True
        try:
            groups = [step.get_arguments(ignore_unknown_help) for step in self._known_steps()]
        finally:
            self._entered = False
        return flags.merged([super().get_arguments(ignore_unknown_help), *groups])

    def family(self, ctx: ActionContext) -> Iterator[Action]:
        """This action and, in order, what its steps would run."""
        if ctx.within(self.namespace_info).skips(self.name):
            return
        if self._entered:
            raise UsageError(f"The multi-action {self.name!r} has itself as a step.")
        self._entered = True
        try:
            yield self
            for name in self.steps:
                step = self._step(name)
                if isinstance(step, Action):
                    yield from step.family(ctx)
        finally:
            self._entered = False

    def lacks(self, values: Mapping[str, Any]) -> Iterator[str]:
        """The flags without which one of the steps cannot run."""
        for step in map(self._step, self.steps):
            if isinstance(step, MultiAction):
                yield from step.lacks(values)
            else:
                yield from (f"{flag}, for {step.name}" for flag in flags.missing(step.get_arguments(), values))

    def _prepare(self, ctx: ActionContext, values: Mapping[str, Any]) -> None:
        found = list(self.family(ctx))
        lacking = ", ".join(self.lacks(values)) if found else ""
        if lacking:
            raise UsageError(f"{self.name} needs {lacking}.")
        super()._prepare(ctx, values)

    def _perform(self, ctx: ActionContext, *_args: Any, **kwargs: Any) -> list[Any]:
        results = []
        for number, name in enumerate(self.steps, 1):
            step = self._step(name)
            if not isinstance(step, Action):
                ctx.console.step_heading(name)
            try:
                results.append(step(ctx, **flags.given(step.get_arguments(), kwargs)))
            except BaseException:
                ctx.console.left_out(self.steps[number:])
                raise
        return results

    def _known_steps(self) -> Iterator[Task]:  # type: ignore[type-arg]
        """The steps that there are: a missing one is an error of the run, not of `inv --list`."""
        for name in self.steps:
            if self.namespace_info and (step := self.namespace_info.get(name)):
                yield step

    def _step(self, name: str) -> Task:  # type: ignore[type-arg]
        if self.namespace_info is None:
            raise UsageError(f"The multi-action {self.name!r} is not in a namespace().")
        return self.namespace_info.find(name, wanted_by=self.name)


def _help_text(doc: str, dialects: Sequence[str]) -> str:
    """The docstring as `--help` shows it: plain paragraphs filled to a terminal's width, the databases marked."""
    first, *rest = cleandoc(doc).split("\n\n")
    marked = f"{first} [{', '.join(dialects)}]" if dialects else first
    return "\n\n".join([marked, *map(_filled, rest)])


def _filled(paragraph: str) -> str:
    plain = all(line[:1].isalnum() or line[:1] in "`'\"(" for line in paragraph.splitlines())
    if not plain:
        return paragraph
    return textwrap.fill(paragraph, HELP_WIDTH, break_long_words=False, break_on_hyphens=False)


def _no_body(ctx: Context) -> None:
    """Stand in for the body that Invoke asks of every task."""


def _refuse_swallowed(values: Mapping[str, Any]) -> None:
    """Raise UsageError when a flag like --dry was taken for the value of another, and would not be heeded."""
    found = flags.swallowed(values)
    if found:
        flag, value = found
        raise UsageError(
            f"{flag} got {value} as its value.", hint=f"Give {flag} a value of its own, or put {value} in front."
        )


@overload
def action(body: Callable[..., Any]) -> Action: ...
@overload
def action(**options: Any) -> Callable[[Callable[..., Any]], Action]: ...
def action(body: Callable[..., Any] | None = None, **options: Any) -> Action | Callable[[Callable[..., Any]], Action]:
    """Make a function an action: `@action`, or `@action(affects_database=True)`; Invoke's task options work too."""
    if body is None:
        return lambda function: Action(function, **options)
    return Action(body, **options)


def multiaction(name: str, *steps: str, doc: str | None = None, **options: Any) -> MultiAction:
    """Make an action that runs other actions by name, in order, stopping at the first failure."""
    if not steps:
        raise UsageError(f"The multi-action {name!r} has no steps.")
    made = MultiAction(name, steps, **options)
    made.__doc__ = doc or f"Run {', '.join(steps)}."
    return made
