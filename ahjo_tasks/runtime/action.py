"""An action: an Invoke task that checks permission, asks first, and turns failures into exit codes."""

from __future__ import annotations

import copy
from contextlib import contextmanager, nullcontext, suppress
from functools import partial
from inspect import cleandoc, signature
from pathlib import Path
from typing import TYPE_CHECKING, Any, Concatenate, Generic, ParamSpec, TypeVar, overload

from invoke.tasks import Task

from ahjo_tasks.errors import AhjoError, UsageError
from ahjo_tasks.runtime import flags, overrides
from ahjo_tasks.runtime.confirmation import Effect, Preview, check_permission, warn_of_unknown_actions
from ahjo_tasks.runtime.context import ActionContext
from ahjo_tasks.runtime.error_boundary import ErrorBoundary, refusing_calls
from ahjo_tasks.runtime.patches import install

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterator, Mapping, Sequence
    from inspect import Signature

    from invoke.context import Context
    from invoke.parser.argument import Argument

    from ahjo_tasks.database.dialects.base import Dialect
    from ahjo_tasks.runtime.chain import Link
    from ahjo_tasks.runtime.namespace_info import NamespaceInfo
    from ahjo_tasks.runtime.project import Project

install()  # here, because a tasks.py may import an action and call no namespace()

P = ParamSpec("P")
R = TypeVar("R")

HELP_WIDTH = 76
CONFIRMATION_FLAGS = ("non_interactive", "confirm_database")


class Action(Task[Any], Generic[P, R]):
    """An Invoke task that works on a database project; calling it runs it as the command line does.

    `affects_database` asks for confirmation before it runs. `destroys` says what it destroys, as a text that is read
    after its name ("drops the archive"), or as a function of the context and the flags that returns such a text, or
    an empty one; consent to other actions is none to it. Where it is None, that of the standard action of the same
    name counts.
    `preview` shows what a call would do, before a question on a terminal, and returns warnings for that, or that there
    is nothing to do, so that nobody is asked.
    `prepare` is called with the context and the flags before anything is shown, and may refuse them; `own_flags` are
    those that a multi-action does not take from its step.
    `dialects` names the databases that have it, `kind` is the kind of files that it runs: a database without that does
    not have it. `sql_files` are the parameters that name SQL files of the project. One that `reads` changes nothing,
    and is permitted unless the config refuses it by name. An action that is not `guarded` runs whatever the config
    allows, and also with an invalid config.
    """

    def __init__(  # noqa: PLR0913 - one parameter for each trait
        self,
        body: Callable[Concatenate[Any, P], R],
        *,
        affects_database: bool = False,
        destroys: str | Callable[[ActionContext, Mapping[str, Any]], str] | None = None,
        preview: Callable[[ActionContext, Mapping[str, Any]], Preview] | None = None,
        dialects: Sequence[str] = (),
        kind: str = "",
        sql_files: Sequence[str] = (),
        reads: bool = False,
        guarded: bool = True,
        prepare: Callable[[ActionContext, Mapping[str, Any]], None] | None = None,
        own_flags: Sequence[str] = (),
        **options: Any,
    ) -> None:
        super().__init__(body, **options)
        self.prepare = prepare
        self.own_flags = tuple(own_flags)
        self.affects_database = affects_database
        self.destroys = destroys
        self.preview = preview
        self.sql_files = tuple(sql_files)
        self.dialects = tuple(dialects)
        self.kind = kind
        self.reads = reads
        self.guarded = guarded
        self.namespace_info: NamespaceInfo | None = None
        self.replaced: Action[..., Any] | None = None
        self._takers: set[NamespaceInfo] = set()
        if self.__doc__:
            self.__doc__ = _help_text(self.__doc__, dialects)

    def __eq__(self, other: object) -> bool:
        """Return whether it is the same action of the same project; Invoke drops equal ones from a chain."""
        return super().__eq__(other) and isinstance(other, Action) and self.namespace_info is other.namespace_info

    __hash__ = Task.__hash__

    uses_project = True
    """True if `--config` names the config of its project."""

    @property
    def name(self) -> str:
        """The name in its namespace, with dashes."""
        return str(super().name).replace("_", "-")

    @property
    def label(self) -> str:
        """The name from its project's namespace on, as in `fleet.deploy`."""
        return self.name

    def exists_on(self, dialect: Dialect) -> bool:
        """Test whether a database has it."""
        named = not self.dialects or dialect.name in self.dialects
        return named and self.kind not in dialect.unsupported_kinds

    def bind(self, namespace_info: NamespaceInfo, replaced: object = None) -> Action[P, R]:
        """Return a copy that is a member of one project's namespace, in place of the task that had its name before."""
        self._takers.add(namespace_info)
        bound = copy.copy(self)
        bound.namespace_info = namespace_info
        if isinstance(replaced, Action) and replaced.body is not self.body:
            bound.replaced = replaced
        return bound

    def argspec(self, body: Callable[..., Any]) -> Signature:
        """Return the body's parameters that are flags: all but the context and `**flags`."""
        declared = super().argspec(body)
        named = [each for each in declared.parameters.values() if each.kind is not each.VAR_KEYWORD]
        return declared.replace(parameters=named)

    def arg_opts(self, name: str, default: Any, taken_names: set[str]) -> dict[str, Any]:
        """Return Invoke's options of a parameter; its short flag is none of Invoke's own."""
        options: dict[str, Any] = super().arg_opts(name, default, taken_names | flags.CORE_SHORTS)
        return options

    def get_arguments(self, ignore_unknown_help: bool | None = None) -> list[Argument]:
        """Return the body's parameters and, for an action that changes a database, the flags that confirm it.

        An action that replaces another one and calls it has the flags of that one, too.
        """
        twin = copy.copy(self)  # Invoke removes each text of `help` that it has used
        twin.help = dict(self.help)
        arguments: list[Argument] = Task.get_arguments(twin, ignore_unknown_help)
        names = {argument.name for argument in arguments}
        confirming = flags.confirmation() if self.affects_database else ()
        arguments += [argument for argument in confirming if argument.name not in names]
        return arguments + flags.missing_from(arguments, self._replaced_arguments())

    def __call__(self, ctx: Context, *args: P.args, **kwargs: P.kwargs) -> R | None:
        """Run the action, and return what its body returns; None where the config skips it.

        A failure of the outermost action is reported, and raised as Invoke's `Exit` with the exit code.
        """
        with refusing_calls() if not isinstance(ctx, ActionContext) else nullcontext():
            context = self._context(ctx)
            if not context.inside_action:
                context.start(self)
        with nullcontext() if context.inside_action else self._outermost(context, kwargs), context.answering(kwargs):
            if self.guarded and not self._check(context, self._by_name(args) | kwargs):
                return None
            with context.running(self.name, with_config=self.guarded):
                values = self._body_arguments(context, args, kwargs)
                return self._run(context, *args, **values)  # type: ignore[no-any-return]

    _run: Callable[..., Any] = Task.__call__

    def _by_name(self, args: Sequence[Any]) -> dict[str, Any]:
        return dict(zip([*signature(self.body).parameters][1:], args, strict=False))

    def _context(self, ctx: Context) -> ActionContext:
        return ActionContext.from_invoke(ctx, self.namespace_info or self._home)

    @property
    def _home(self) -> NamespaceInfo | None:
        """The namespace of an action that is called by its import: the only one that took it, out of its own folder."""
        file = self.body.__globals__.get("__file__")
        if len(self._takers) != 1 or not file:
            return None
        (taker,) = self._takers
        return taker if Path(file).resolve().is_relative_to(taker.directory.resolve()) else None

    @contextmanager
    def _outermost(self, ctx: ActionContext, values: Mapping[str, Any]) -> Iterator[None]:
        """Surround the first action of a call: failures become exit codes, Ctrl-C ends running statements."""
        from ahjo_tasks.database.interrupts import on_interrupt

        invocation = ctx.invocation
        with (
            ErrorBoundary(ctx, ctx.label(self.label)),
            on_interrupt(invocation.interrupt, invocation.mark_interrupted, ctx.console.interrupting),
        ):
            _refuse_swallowed(values)
            yield

    def _check(self, ctx: ActionContext, values: Mapping[str, Any]) -> bool:
        """Raise unless all that a call would run is permitted and confirmed. Returns False when the config skips it."""
        actions = [(action, ctx.for_namespace(action.namespace_info)) for action in self.planned_actions(ctx)]
        self.check_flags(ctx, values)
        for action, context in actions:
            check_permission(context.project, action.name, reads=action.reads)
            if context.namespace_info is not None:
                warn_of_unknown_actions(context.project, context.namespace_info.names)
        changed = {context.project: context for action, context in actions if action.changes_database(context, values)}
        for target in changed.values():
            target.print_heading(ctx.label(self.name))
            if not ctx.dry_run:
                later = [] if ctx.inside_action else _later_effects(ctx, target.project)
                ctx.confirmation.require(target.project, [*self._effects(ctx, actions, target.project, values), *later])
        if not (ctx.dry_run or ctx.inside_action):
            for project in _later_projects(ctx, besides=changed):
                if effects := _later_effects(ctx, project):
                    ctx.confirmation.require(project, effects)
        if ctx.skips(self.name):
            ctx.console.skipped(self.name)
            return False
        return True

    def _effects(
        self,
        ctx: ActionContext,
        actions: Sequence[tuple[Action[..., Any], ActionContext]],
        project: Project,
        values: Mapping[str, Any],
    ) -> Iterator[Effect]:
        """Yield what the actions of a call of this one would do to the project's database.

        The first of them can show it beforehand; what the others would find is not known yet.
        """
        call = ctx.for_namespace(self.namespace_info).label(self.name)
        first = next((action for action, _ in actions if not isinstance(action, MultiAction)), None)
        for action, context in actions:
            if context.project is project and action.changes_database(context, values):
                name = context.label(action.title(context, values))
                effect = Effect(name, call, ctx.given, partial(action.destruction, context, values))
                yield (
                    effect._replace(preview=partial(action.show_before, context, values)) if action is first else effect
                )

    def check_flags(self, ctx: ActionContext, values: Mapping[str, Any]) -> None:
        """Raise UsageError for values that make no sense, before anything is shown."""
        if self.prepare is not None:
            self.prepare(ctx, values)
        elif self.replaced is not None:
            self.replaced.check_flags(ctx, values)

    def shared_flags(self) -> list[Argument]:
        """Return the flags that a multi-action with this step has, too."""
        own = {*self.own_flags, *(self.replaced.own_flags if self.replaced is not None else ())}
        return [argument for argument in self.get_arguments() if argument.name not in own]

    def title(self, _ctx: ActionContext, _values: Mapping[str, Any]) -> str:
        """Return the name by which a question names a call of the action, and an answer is kept."""
        return self.name

    def changes_database(self, _ctx: ActionContext, _values: Mapping[str, Any]) -> bool:
        """Return whether a call with these values would change the database."""
        return self.affects_database

    def destruction(self, ctx: ActionContext, values: Mapping[str, Any]) -> str:
        """Return what a call destroys, to be read after its name; empty for nothing."""
        if self.destroys is None:
            return self.replaced.destruction(ctx, values) if self.replaced is not None else ""
        return self.destroys(ctx, values) if callable(self.destroys) else self.destroys

    def show_before(self, ctx: ActionContext, values: Mapping[str, Any]) -> Preview:
        """Show what a call would do; nothing where another action has opened the database.

        An action that replaces another one may do more than that.
        """
        if self.preview is not None:
            return Preview() if ctx.database.is_connected else self.preview(ctx, values)
        replaced = self.replaced.show_before(ctx, values) if self.replaced is not None else Preview()
        return replaced._replace(nothing_to_do=False)

    def _body_arguments(self, ctx: ActionContext, args: Sequence[Any], values: Mapping[str, Any]) -> dict[str, Any]:
        """Return the values that the body takes; those for the action that it replaces wait for its call."""
        parameters = signature(self.body).parameters
        positional = self._by_name(args)
        waiting = {name: value for name, value in ctx.passed_on.get(self.body, {}).items() if name not in positional}
        values = {**waiting, **values}
        if self.replaced is None and len(ctx.stack) == 1:
            taken = parameters if not overrides.takes_all(self.body) else ctx.cli_args
            values |= {name: value for name, value in ctx.cli_args.items() if name in taken}
        if self.replaced is not None:
            inherited = self._replaced_arguments()
            own = {name: value for name, value in values.items() if name in parameters or name in CONFIRMATION_FLAGS}
            given = flags.given(inherited, {name: value for name, value in values.items() if name not in own})
            ctx.passed_on[self.replaced.body] = {} if overrides.takes_all(self.body) else given
            values = own | given if overrides.takes_all(self.body) else own
        return {name: value for name, value in values.items() if name in parameters or name not in CONFIRMATION_FLAGS}

    @property
    def reads_options(self) -> bool:
        """True if the body takes options that it does not declare, as `**options` or by `ctx.get_cli_arg`."""
        return overrides.reads_options(self.body) and not (self.replaced and overrides.takes_all(self.body))

    def _replaced_arguments(self) -> list[Argument]:
        """Return the flags of the action that this one replaces, if it calls that."""
        if self.replaced is None:
            return []
        passes_on = overrides.takes_all(self.body) or overrides.calls(self.body, self.replaced.body)
        return self.replaced.get_arguments() if passes_on else []

    def planned_actions(
        self, ctx: ActionContext, within: Sequence[Action[..., Any]] = ()
    ) -> Iterator[Action[..., Any]]:
        """Yield the actions that a call would run, this one first; none when the config skips it.

        `within` are the multi-actions that this one is a step of.
        """
        if not ctx.for_namespace(self.namespace_info).skips(self.name):
            yield self


class MultiAction(Action[..., list[Any]]):
    """An action that runs others by name, each looked up in its own namespace at the moment it runs."""

    def __init__(self, name: str, steps: Sequence[str], **options: Any) -> None:
        super().__init__(_no_body, name=name, **options)
        self.steps = tuple(steps)

    def get_arguments(self, ignore_unknown_help: bool | None = None) -> list[Argument]:
        """Return the flags of all steps; each step gets those that it has."""
        return flags.merged(self._flag_groups(ignore_unknown_help, ()))

    @property
    def reads_options(self) -> bool:
        """True if one of the steps takes options that it does not declare."""
        steps = (step for step in self._existing_steps() if isinstance(step, Action))
        return any(step.reads_options for step in steps if not isinstance(step, MultiAction))

    def _flag_groups(self, ignore_unknown_help: bool | None, within: Sequence[Task[Any]]) -> Iterator[list[Argument]]:
        """Yield the flags of this action and of each step; one that it is a step of, `within`, is left out."""
        yield super().get_arguments(ignore_unknown_help)
        for step in self._existing_steps():
            if not isinstance(step, MultiAction):
                yield _shared_flags(step)
            elif not any(step is outer for outer in (self, *within)):
                yield flags.merged(step._flag_groups(ignore_unknown_help, (*within, self)))  # noqa: SLF001 - of its class

    def planned_actions(
        self, ctx: ActionContext, within: Sequence[Action[..., Any]] = ()
    ) -> Iterator[Action[..., Any]]:
        """Yield this action and, in order, those that its steps would run; `within` are those that it is a step of."""
        if ctx.for_namespace(self.namespace_info).skips(self.name):
            return
        if any(self is outer for outer in within):
            raise UsageError(f"The multi-action {self.name!r} has itself as a step.")
        yield self
        for name in self.steps:
            step = self._step(name)
            if isinstance(step, Action):
                yield from step.planned_actions(ctx, (*within, self))

    def missing_flags(self, values: Mapping[str, Any]) -> Iterator[str]:
        """Yield the flags without which one of the steps cannot run."""
        for step in map(self._step, self.steps):
            if isinstance(step, MultiAction):
                yield from step.missing_flags(values)
            else:
                yield from (f"{flag}, for {step.name}" for flag in flags.missing(step.get_arguments(), values))

    def _check(self, ctx: ActionContext, values: Mapping[str, Any]) -> bool:
        actions = list(self.planned_actions(ctx))
        missing = ", ".join(self.missing_flags(values)) if actions else ""
        if missing:
            raise UsageError(f"{self.name} needs {missing}.")
        return super()._check(ctx, values)

    def _run(self, ctx: ActionContext, *_args: Any, **kwargs: Any) -> list[Any]:
        results = []
        for number, name in enumerate(self.steps, 1):
            step = self._step(name)
            if not isinstance(step, Action):
                ctx.console.step_heading(name)
            try:
                results.append(step(ctx, **flags.given(_shared_flags(step), kwargs)))
            except BaseException:
                ctx.console.not_run(self.steps[number:])
                raise
            ctx.invocation.counts.finished_steps += 1
        return results

    def _existing_steps(self) -> Iterator[Task[Any]]:
        """Yield the steps that exist: a missing one is an error of the run, not of `inv --list`."""
        for name in self.steps:
            if self.namespace_info and (step := self.namespace_info.get(name)):
                yield step

    def _step(self, name: str) -> Task[Any]:
        if self.namespace_info is None:
            raise UsageError(f"The multi-action {self.name!r} is not in a namespace().")
        return self.namespace_info.find(name, required_by=self.name)


def _shared_flags(step: Task[Any]) -> list[Argument]:
    return step.shared_flags() if isinstance(step, Action) else step.get_arguments()


def _later_actions(ctx: ActionContext) -> Iterator[tuple[Link, Action[..., Any]]]:
    """Yield the later tasks of the chain that may change a database."""
    for link in ctx.chain.remaining:
        if isinstance(link.task, Action) and link.task.guarded and link.task.uses_project:
            yield link, link.task


def _later_projects(ctx: ActionContext, *, besides: Container[Project]) -> list[Project]:
    """List the other projects of the later tasks: whether their databases may be changed is known before any is."""
    projects: list[Project] = []
    for _, task in _later_actions(ctx):
        with suppress(AhjoError):
            actions = task.planned_actions(ctx)
            projects += [ctx.for_namespace(action.namespace_info).project for action in actions]
    return [project for project in dict.fromkeys(projects) if project not in besides and project is not ctx.project]


def _later_effects(ctx: ActionContext, project: Project) -> list[Effect]:
    """List what the later tasks of the chain would do to the project's database, so that one question covers all.

    A task that could not run says so when its turn comes.
    """
    effects: list[Effect] = []
    for link, task in _later_actions(ctx):
        with suppress(AhjoError):
            actions = [(action, ctx.for_namespace(action.namespace_info)) for action in task.planned_actions(ctx)]
            found = task._effects(ctx, actions, project, link.values)  # noqa: SLF001 - of its class
            effects += [effect._replace(given=link.given, preview=Preview) for effect in found]
    return effects


def _help_text(doc: str, dialects: Sequence[str]) -> str:
    """Return the docstring for `--help`: paragraphs filled to a terminal's width, the databases after the first."""
    first, *rest = cleandoc(doc).split("\n\n")
    marked = f"{first} [{', '.join(dialects)}]" if dialects else first
    return "\n\n".join([marked, *map(_filled, rest)])


def _filled(paragraph: str) -> str:
    """Return a paragraph of long lines filled to the width; a list or a block of code as it is."""
    lines = paragraph.splitlines()
    plain = all(line[:1].isalnum() or line[:1] in "`'\"(" for line in lines)
    if not plain or max(map(len, lines)) <= HELP_WIDTH:  # filling takes time that `inv --list` would spend
        return paragraph
    import textwrap

    return textwrap.fill(paragraph, HELP_WIDTH, break_long_words=False, break_on_hyphens=False)


def _no_body(ctx: Context) -> list[Any]:
    """Stand in for the body that Invoke wants of every task."""
    raise NotImplementedError


def _refuse_swallowed(values: Mapping[str, Any]) -> None:
    """Raise UsageError when a flag like --dry was taken for the value of another one, and would be ignored."""
    swallowed = flags.swallowed(values)
    if swallowed:
        flag, value = swallowed
        raise UsageError(
            f"{flag} got {value} as its value.", hint=f"Give {flag} a value of its own, or put {value} in front."
        )


@overload
def action(body: Callable[Concatenate[Any, P], R]) -> Action[P, R]: ...
@overload
def action(**options: Any) -> Callable[[Callable[Concatenate[Any, P], R]], Action[P, R]]: ...
def action(body: Callable[..., Any] | None = None, **options: Any) -> Any:
    """Make a function an action: `@action`, or `@action(affects_database=True)`.

    `options` are those of `Action` and of Invoke's `@task`.
    """
    if body is None:
        return lambda function: Action(function, **options)
    return Action(body, **options)


def multiaction(name: str, *steps: str, doc: str | None = None, **options: Any) -> MultiAction:
    """Make an action that runs other actions by name, in order, stopping at the first failure.

    `doc` is what `inv --list` and `--help` show; `options` are those of `action`. Raises UsageError without any step.
    """
    if not steps:
        raise UsageError(f"The multi-action {name!r} has no steps.")
    multi = MultiAction(name, steps, **options)
    multi.__doc__ = doc or f"Run {', '.join(steps)}."
    return multi
