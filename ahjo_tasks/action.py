"""An action: an Invoke task that checks permission, asks first, and turns failures into exit codes."""

from __future__ import annotations

import copy
from inspect import signature
from typing import TYPE_CHECKING, Any, overload

from invoke.parser.argument import Argument
from invoke.tasks import Task

from ahjo_tasks.boundary import Boundary
from ahjo_tasks.context import ActionContext
from ahjo_tasks.errors import UsageError
from ahjo_tasks.permission import check_permission

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from invoke.context import Context

    from ahjo_tasks.home import Home


class Action(Task):  # type: ignore[type-arg]
    """One named piece of work on a database project.

    `affects_database` asks for confirmation before it runs, `destroys_database` says so in the question,
    `dialects` marks an action that not every database has.
    """

    def __init__(
        self,
        body: Callable[..., Any],
        *,
        affects_database: bool = False,
        destroys_database: bool = False,
        dialects: Sequence[str] = (),
        **options: Any,
    ) -> None:
        super().__init__(body, **options)
        self.affects_database = affects_database
        self.destroys_database = destroys_database
        self.home: Home | None = None
        if dialects and self.__doc__:
            first, _, rest = self.__doc__.partition("\n")
            self.__doc__ = f"{first} [{', '.join(dialects)}]\n{rest}".rstrip()

    @property
    def name(self) -> str:
        """The name on the command line, with dashes."""
        return str(super().name).replace("_", "-")

    def bound(self, home: Home) -> Action:
        """The same action as a member of one project's namespace."""
        twin = copy.copy(self)
        twin.help = dict(self.help)
        twin.home = home
        return twin

    def get_arguments(self, ignore_unknown_help: bool | None = None) -> list[Argument]:
        """The body's own parameters and, for an action that changes a database, those of the confirmation."""
        own: list[Argument] = super().get_arguments(ignore_unknown_help)
        return own + confirmation_arguments() if self.affects_database else own

    def __call__(self, ctx: Context, *args: Any, **kwargs: Any) -> Any:
        """Run the action; a failure of the outermost one leaves as Invoke's `Exit`."""
        own = signature(self.body).parameters
        consent = {flag: kwargs.pop(flag, None) for flag in ("non_interactive", "confirm_database") if flag not in own}
        context = ActionContext.of(ctx, self.home)
        if context.inside_action:
            return self._perform(context, *args, **kwargs)
        with Boundary(context, self.name):
            self._prepare(context, consent)
            return self._perform(context, *args, **kwargs)

    def _prepare(self, ctx: ActionContext, consent: dict[str, Any]) -> None:
        """Find out before anything runs whether all of it may run."""
        family = list(self.family(ctx))
        for member in family:
            check_permission(ctx, member.name)
        if not any(member.affects_database for member in family):
            return
        ctx.announce(self.name)
        if not ctx.dry:
            destroys = any(member.destroys_database for member in family)
            ctx.consent.obtain(ctx, self.name, destroys=destroys, **consent)

    def _perform(self, ctx: ActionContext, *args: Any, **kwargs: Any) -> Any:
        check_permission(ctx, self.name)
        if ctx.skips(self.name):
            ctx.console.note(f"{self.name}: skipped, as skipped_actions says")
            return None
        with ctx.performing(self.name):
            return super().__call__(ctx, *args, **kwargs)

    def family(self, ctx: ActionContext) -> Iterator[Action]:
        """The actions that a call would run, this one first; none when the config skips it."""
        if not ctx.skips(self.name):
            yield self


class MultiAction(Action):
    """An action that runs others by name, each looked up in its own namespace at the moment it runs."""

    def __init__(self, name: str, steps: Sequence[str], **options: Any) -> None:
        super().__init__(_no_body, name=name, **options)
        self.steps = tuple(steps)

    def get_arguments(self, ignore_unknown_help: bool | None = None) -> list[Argument]:
        """The flags of all steps; each step gets those that it knows."""
        found = {argument.name: argument for argument in super().get_arguments(ignore_unknown_help)}
        for step in self.steps if self.home else ():
            for argument in self._step(step).get_arguments(ignore_unknown_help):
                found.setdefault(argument.name, argument)
        return list(found.values())

    def family(self, ctx: ActionContext) -> Iterator[Action]:
        """This action and, in order, what its steps would run."""
        if ctx.skips(self.name):
            return
        yield self
        for step in map(self._step, self.steps):
            if isinstance(step, Action):
                yield from step.family(ctx)

    def _perform(self, ctx: ActionContext, *_args: Any, **kwargs: Any) -> list[Any] | None:
        if ctx.skips(self.name):
            super()._perform(ctx)
            return None
        with ctx.performing(self.name):
            return [_call(self._step(step), ctx, kwargs) for step in self.steps]

    def _step(self, name: str) -> Task:  # type: ignore[type-arg]
        if self.home is None:
            raise UsageError(f"The multi-action {self.name!r} is not in a namespace().")
        return self.home.find(name, wanted_by=self.name)


def _no_body(ctx: Context) -> None:
    """Stand in for the body that Invoke asks of every task."""


def _call(step: Task, ctx: ActionContext, flags: dict[str, Any]) -> Any:  # type: ignore[type-arg]
    known = {argument.attr_name or argument.name for argument in step.get_arguments()}
    return step(ctx, **{name: value for name, value in flags.items() if name in known})


def confirmation_arguments() -> list[Argument]:
    """The two flags that answer the confirmation question beforehand."""
    return [
        Argument(
            names=("non-interactive",),
            attr_name="non_interactive",
            kind=bool,
            default=False,
            help="Do not ask for confirmation.",
        ),
        Argument(
            names=("confirm-database",),
            attr_name="confirm_database",
            help="Name of the protected database, in place of typing it.",
        ),
    ]


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
