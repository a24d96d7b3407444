"""Flags of an action that replaces another one, and options that an action reads without declaring them."""

from __future__ import annotations

import inspect
import re
import sys
from types import CodeType, FunctionType, ModuleType
from typing import TYPE_CHECKING, Any

from ahjo_tasks.runtime import flags
from ahjo_tasks.utils import closest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from invoke.collection import Collection
    from invoke.parser.argument import Argument
    from invoke.tasks import Task

OPTION_READERS = frozenset({"get_cli_arg", "cli_args"})
"""Members of the context that give the options of the command line."""
UNDECLARED = "undeclared"
"""Attribute of Invoke's `ParseResult` with the options that the tasks of the chain do not declare."""
ALIKE = 0.8
"""Similarity to a known option from which on an unknown one is taken for a mistake."""
NEGATIVE = re.compile(r"-\d+(\.\d+)?")


class UndeclaredOptions:
    """The words of an `inv` command line, without the options of which Invoke's parser knows nothing.

    `words` are what is left for the parser, `options` those of each task of the chain: lists of values, True without
    any. Values end at the next flag, and at the name of a task.
    """

    def __init__(self, words: Sequence[str], tasks: Collection, core: Mapping[str, Argument]) -> None:
        self.words: list[str] = []
        self.options: list[dict[str, Any]] = []
        self._tasks = tasks
        self._names = {name for pair in tasks.task_names.items() for name in (pair[0], *pair[1])}
        self._core = self._known = dict(core)
        self._task: Task[Any] | None = None
        rest = list(words)
        while rest:
            self._take(rest)

    def _take(self, rest: list[str]) -> None:
        word = rest.pop(0)
        if word == "--":
            self.words += [word, *rest]
            rest.clear()
        elif word.startswith("-"):
            self._take_flag(word, rest)
        else:
            self.words.append(word)
            if word in self._names:
                self._task = self._tasks[word]
                self._known = self._core | flags.by_name(self._task)
                self.options.append({})

    def _take_flag(self, word: str, rest: list[str]) -> None:
        flag, equals, value = word.partition("=")
        argument = self._known.get(flag)
        if argument and not equals and takes_any_number(self._task, argument):
            self._take_any_number(word, str(argument.name), rest)
        elif argument is None and takes_undeclared(self._task, flag, self._known):
            self.options[-1][parameter(flag)] = [value] if equals else take_values(rest, self._is_task) or True
        elif equals or argument is None or not argument.takes_value or not rest:
            self.words.append(word)
        else:
            self.words += [word, rest.pop(0)]

    def _take_any_number(self, word: str, name: str, rest: list[str]) -> None:
        values = [rest.pop(0)] if rest and is_value(rest[0]) else []  # one may be called like a task, as for Invoke
        values += take_values(rest, self._is_task) if values else []
        if len(values) == 1:
            self.words += [word, *values]
        else:
            self.options[-1][name] = values or True

    def _is_task(self, word: str) -> bool:
        return word in self._names


def parameter(flag: str) -> str:
    """Return the name under which an option reaches an action."""
    return flag.lstrip("-").replace("-", "_")


def is_value(word: str) -> bool:
    """Return whether a word is no flag."""
    return not word.startswith("-") or word == "-" or NEGATIVE.fullmatch(word) is not None


def take_values(rest: list[str], ends: Callable[[str], bool]) -> list[str]:
    """Take the words up to the next flag, or to one that `ends` them."""
    values = []
    while rest and is_value(rest[0]) and not ends(rest[0]):
        values.append(rest.pop(0))
    return values


def takes_any_number(task: object, argument: Argument) -> bool:
    """Return whether several values are a list, and none is True: for a text without a default of the project's own."""
    own = not getattr(task, "body", take_values).__module__.startswith("ahjo_tasks.")
    return own and hasattr(task, "reads_options") and _is_plain_text(argument)


def _is_plain_text(argument: Argument) -> bool:
    return argument.kind is str and argument.default is None and not argument.positional and not argument.optional


def takes_undeclared(task: object, flag: str, known: Iterable[str]) -> bool:
    """Return whether an unknown option is for the task; one like a known option is a mistake."""
    reads = flag.startswith("--") and getattr(task, "reads_options", False)
    return bool(reads) and not closest(flag, known, cutoff=ALIKE)


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
