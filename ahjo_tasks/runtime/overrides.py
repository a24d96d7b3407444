"""Flags of an action that replaces another one, and options that an action reads without declaring them."""

from __future__ import annotations

import inspect
import sys
from types import CodeType, FunctionType, ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

OPTION_READERS = frozenset({"get_cli_arg", "cli_args"})
"""Members of the context that give the options of the command line."""


def takes_all(body: Callable[..., Any]) -> bool:
    """Return whether a function has a parameter like `**flags`."""
    return any(each.kind is each.VAR_KEYWORD for each in inspect.signature(body).parameters.values())


def reads_options(body: Callable[..., Any]) -> bool:
    """Return whether a function takes options that it does not declare: as `**options`, or from its context."""
    return takes_all(body) or any(name in OPTION_READERS for name, _ in _names(body, set()))


def calls(body: Callable[..., Any], replaced: Callable[..., Any]) -> bool:
    """Return whether a function names the action with the body `replaced`, by itself or as a member of a module."""
    names = list(_names(body, set()))
    modules = [value for name, given in names if isinstance(value := given or sys.modules.get(name), ModuleType)]
    values = [value for _, value in names] + [getattr(module, name, None) for module in modules for name, _ in names]
    return any(getattr(value, "body", None) is replaced for value in values)


def _names(function: Callable[..., Any], seen: set[object]) -> Iterator[tuple[str, object]]:
    """Yield the names that a function and the functions of its module that it calls use, with their values."""
    function = inspect.unwrap(function)
    if not isinstance(function, FunctionType) or function in seen:
        return
    seen.add(function)
    inner = inspect.getclosurevars(function).nonlocals
    for name in _names_of_code(function.__code__):
        value = inner.get(name, function.__globals__.get(name))
        yield name, value
        if isinstance(value, FunctionType) and value.__module__ == function.__module__:
            yield from _names(value, seen)


def _names_of_code(code: CodeType) -> Iterator[str]:
    yield from (*code.co_names, *code.co_freevars)
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _names_of_code(constant)
