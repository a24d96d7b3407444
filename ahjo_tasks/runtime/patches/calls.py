"""Patch how Invoke calls tasks: each has its project's settings in `ctx.config.BACKEND`, and knows the whole chain.

`Executor.execute` records the chain before the first task runs.
`Executor.normalize` knows the names of the tasks, and so their namespaces; `Executor.expand_calls` adds the tasks of
`pre` and `post`, which work in the namespace of the task that asks for them; `Call.make_context` makes the context.
`Call.__eq__` keeps calls of a task that two projects share from being dropped as repeated.
"""

from __future__ import annotations

from functools import wraps
from typing import TYPE_CHECKING, Any

from invoke.executor import Executor
from invoke.tasks import Call, Task

from ahjo_tasks.runtime.namespace_info import NamespaceInfo, namespace_info_at
from ahjo_tasks.runtime.overrides import UNDECLARED
from ahjo_tasks.runtime.patches.expected import ASSIGNED, has_method
from ahjo_tasks.runtime.patches.signals import started

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from invoke.config import Config
    from invoke.context import Context
    from invoke.parser.parser import ParseResult


def install() -> bool:
    """Patch `Executor` and `Call`. Returns False, and changes nothing, where Invoke has other ones."""
    if Call.make_context.__module__ == __name__:
        return True
    if not (
        has_method(Call, "make_context", "config", "core_parse_result")
        and has_method(Executor, "execute", "tasks")
        and has_method(Executor, "normalize", "tasks")
        and has_method(Executor, "expand_calls", "calls")
    ):
        return False
    Executor.execute = _recorded(Executor.execute)  # type: ignore[method-assign]
    Executor.normalize = _normalize(Executor.normalize)  # type: ignore[method-assign]
    Executor.expand_calls = _expand_calls(Executor.expand_calls)  # type: ignore[method-assign]
    Call.__eq__ = _equal(Call.__eq__)  # type: ignore[method-assign]
    Call.make_context = _make_context(Call.make_context)  # type: ignore[method-assign]
    return True


def _recorded(original: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(original, assigned=ASSIGNED)
    def execute(executor: Executor, *tasks: Any) -> Any:
        from ahjo_tasks.runtime.chain import Chain, Given

        core = executor.core[0].args if executor.core else {}
        answers = {
            argument.attr_name: argument.value
            for argument in core.values()
            if argument.attr_name in {"non_interactive", "confirm_database"}
        }
        undeclared: Sequence[dict[str, Any]] = getattr(executor.core, UNDECLARED, ())
        calls = [
            (call, undeclared[index] if index < len(undeclared) else {})
            for index, named in enumerate(executor.normalize(tasks))
            for call in executor.expand_calls([named])
        ]
        Chain.record(executor.config, calls, Given.of(answers), executor.collection)
        return original(executor, *tasks)

    return execute


def _normalize(original: Callable[..., list[Call]]) -> Callable[..., list[Call]]:
    @wraps(original, assigned=ASSIGNED)
    def normalize(executor: Executor, tasks: Sequence[Any]) -> list[Call]:
        calls = original(executor, tasks)
        root: list[NamespaceInfo] = []  # made once, because actions of different ones are different actions
        for call in calls:
            _place(call, namespace_info_at(executor.collection, call.called_as or "", root))
        return calls

    return normalize


def _expand_calls(original: Callable[..., list[Call]]) -> Callable[..., list[Call]]:
    @wraps(original, assigned=ASSIGNED)
    def expand_calls(executor: Executor, calls: Sequence[Call | Task[Any]]) -> list[Call]:
        expanded = []
        for call in calls:
            placed = vars(call).get("namespace_info")
            for item in original(executor, [call]):
                if placed is not None and vars(item).get("namespace_info") is None:
                    expanded.append(_placed_copy(item, placed))
                else:
                    expanded.append(item)
        return expanded

    return expand_calls


def _make_context(original: Callable[..., Context]) -> Callable[..., Context]:
    @wraps(original, assigned=ASSIGNED)
    def make_context(call: Call, config: Config, core_parse_result: ParseResult) -> Context:
        from ahjo_tasks.runtime.context import enter

        context = original(call, config, core_parse_result)
        enter(context, vars(call).get("namespace_info"))
        started()
        return context

    return make_context


def _equal(original: Callable[[Call, object], bool]) -> Callable[[Call, object], bool]:
    @wraps(original, assigned=ASSIGNED)
    def equal(call: Call, other: object) -> bool:
        """Return whether it is the same call in the same namespace; Invoke drops equal ones from a chain."""
        same = vars(call).get("namespace_info") is vars(other).get("namespace_info")
        return same and original(call, other)

    return equal


def _place(call: Call, namespace_info: NamespaceInfo) -> None:
    """Have the call work in a namespace; an action that is in none is bound to it."""
    own = getattr(call.task, "namespace_info", None)
    call.namespace_info = own or namespace_info  # type: ignore[attr-defined]
    bind = getattr(call.task, "bind", None)
    if own is None and bind is not None:
        call.task = bind(namespace_info)


def _placed_copy(call: Call, namespace_info: NamespaceInfo) -> Call:
    """Return a copy that works in a namespace: a `call(task)` may be in the lists of several tasks."""
    copied = Call(call.task, called_as=call.called_as, args=call.args, kwargs=call.kwargs)
    _place(copied, namespace_info)
    return copied
