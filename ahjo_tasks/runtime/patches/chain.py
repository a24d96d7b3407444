"""Patch `Executor.execute`: an action can know the whole chain that it is part of, before the first task runs."""

from __future__ import annotations

from functools import wraps
from typing import TYPE_CHECKING, Any

from invoke.executor import Executor

from ahjo_tasks.runtime.overrides import UNDECLARED
from ahjo_tasks.runtime.patches.expected import ASSIGNED, has_method

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


def install() -> bool:
    """Patch `Executor.execute`. Returns False, and changes nothing, where Invoke has another one."""
    if Executor.execute.__module__ == __name__:
        return True
    if not (
        has_method(Executor, "execute", "tasks")
        and has_method(Executor, "normalize", "tasks")
        and has_method(Executor, "expand_calls", "calls")
    ):
        return False
    Executor.execute = _recorded(Executor.execute)  # type: ignore[method-assign]
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
