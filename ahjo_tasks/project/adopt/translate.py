"""Translate an action file of Ahjo into the text of a `tasks.py`; comments and layout stay."""

from __future__ import annotations

import ast
import keyword
import re
from typing import TYPE_CHECKING

from ahjo_tasks.project.adopt.calls import (
    CONNECTION,
    CONNECTION_KEYS,
    CONNECTION_KEYS_GONE,
    CONTEXT_ALONE,
    CONTEXT_CALLS,
    CONTEXT_FLAGS,
    CONTEXT_GONE,
    CONTEXT_VALUES,
    LOGGED,
    RULES,
    Rule,
    advice,
    bound,
)
from ahjo_tasks.project.adopt.python_file import (
    ACTION,
    CONTEXT,
    MULTIACTION,
    Edit,
    Function,
    Names,
    PythonText,
    imports_ahjo,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

MARK = "# adopt:"
IMPORTS = "\0imports\0"
RESERVED = frozenset({"files", "object_type"})
GIVEN_ANYWAY = {"action", "config_filename", "non_interactive"}
ACTION_PARAMETERS = "name affects_database dependencies connection_required"


class Translation:
    """The translation of one file: its `text`, and the names in it that hold `actions`."""

    def __init__(self, text: str, path: Path | None = None) -> None:
        self.source = PythonText(text, path)
        self.names = Names(self.source)
        self.actions: list[str] = []
        self.needs: set[str] = set()
        self._marks: dict[int, list[str]] = {}
        self._flags: dict[Function, dict[str, str]] = {}
        self._imported = False
        self._covered: set[ast.AST] = set()
        """Nodes that a mark is about already."""
        self.text = self._translated()

    def _translated(self) -> str:
        edits = list(self._edits(self.source.tree))
        edits += [edit for function, flags in self._flags.items() for edit in self._parameters(function, flags)]
        edits += self._comments()
        text = self.source.changed(0, len(self.source.text), edits)
        return text.replace(IMPORTS, self._import_lines()) if self._imported else self._with_imports(text)

    def _edits(self, node: ast.AST) -> Iterator[Edit]:
        """Yield the edits of a node: one for all of it, or those of its children."""
        if node in self._covered:
            return
        new = self._replaced(node)
        if new is not None:
            assert isinstance(node, ast.expr | ast.stmt)  # noqa: S101 - nothing else is replaced
            end = self.source.end(node)
            yield Edit(self.source.start(node), end + (not new and self.source.text[end : end + 1] == "\n"), new)
        elif isinstance(node, ast.JoinedStr):
            yield from self._in_f_string(node)
        elif isinstance(node, ast.With) and (message := self._operation_message(node)):
            yield from self._printed_operation(node, message)
        else:
            for child in ast.iter_child_nodes(node):
                yield from self._edits(child)

    def _new(self, node: ast.expr | ast.stmt) -> str:
        """Return the translated text of a node."""
        return self.source.changed(self.source.start(node), self.source.end(node), self._edits(node))

    def _replaced(self, node: ast.AST) -> str | None:
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef() if self.names.is_action(node):
                self._add_action(node)
            case ast.Import() | ast.ImportFrom() if imports_ahjo(node):
                return self._import(node)
            case ast.Expr(value=ast.Call() as call) if self.names.path(call.func) == MULTIACTION:
                return self._named_multiaction(node, call)
            case ast.Expr(value=ast.Call(func=ast.Call() as decorator) as call) if self._is_action(decorator):
                return self._undecorated_action(node, decorator, call)
            case ast.Call():
                return self._call(node)
            case ast.Name() | ast.Attribute():
                return self._name(node)
        return None

    def _is_action(self, decorator: ast.Call) -> bool:
        return self.names.path(decorator.func) == ACTION

    # -- calls -------------------------------------------------------------------------------------------------------

    def _call(self, call: ast.Call) -> str | None:
        path = self.names.path(call.func)
        if path == MULTIACTION:
            return self._multiaction(call)
        if path == ACTION:
            return self._decorator(call)
        if path is not None:
            return self._ahjo_call(call, path.rsplit(".", maxsplit=1)[-1])
        if isinstance(call.func, ast.Attribute) and isinstance(call.func.value, ast.Name):
            return self._method(call, call.func.value.id, call.func.attr)
        return None

    def _ahjo_call(self, call: ast.Call, name: str) -> str | None:
        """Translate a call of one of Ahjo's functions; None leaves it, with a mark."""
        context, rule = self.names.context(call), RULES.get(name)
        arguments = bound(call, rule.parameters) if rule else None
        if context is None and (rule or name != "Context"):
            self._mark(call, f"{name}: give the function the action's context, and use it: {advice(name, 'context')}")
        elif rule is None or context is None:
            self._mark(call, f"{name}: {advice(name, context or 'context')}")
        elif arguments is None or not _fits(rule, arguments):
            self._mark(call, f"{name}: its arguments are not understood; docs/library.md has {rule.target}.")
        elif any(key in CONNECTION and not self._is_own_database(value) for key, value in arguments.items()):
            self._mark(
                call, f"{name}: is it the config's database? Then: {rule.target.format_map(_Placeholders(context))}"
            )
        else:
            return self._replacement(call, rule, context, arguments)
        return None

    def _is_own_database(self, value: ast.expr) -> bool:
        return self.names.is_connectable(value) or (isinstance(value, ast.Constant) and value.value is None)

    def _replacement(self, call: ast.Call, rule: Rule, context: str, arguments: Mapping[str, ast.expr]) -> str:
        if not rule.value and not isinstance(self.source.parent(call), ast.Expr):
            self._mark(call, "the call returns something else now; docs/library.md says what.")
        dropped = sorted(set(arguments) - _known(rule))
        if dropped:
            self._mark(call, f"what {', '.join(dropped)} asked for is no longer done.")
        used = {*re.findall(r"{(\w+)}", rule.target), *rule.keywords.values()}
        values = {name: self._new(value) for name, value in arguments.items() if name in used}
        text = rule.target.format(c=context, **values)
        more = [f"{new}={values[old]}" for new, old in rule.keywords.items() if old in values]
        if "library." in text:
            self.needs.add("library")
        return f"{text[:-1]}, {', '.join(more)})" if more else text

    def _method(self, call: ast.Call, owner: str, method: str) -> str | None:
        context = self.names.context(call)
        if context and owner in self.names.loggers and method in LOGGED and call.args:
            return f"{context}.console.{LOGGED[method]}({self._message(call)})"
        if context is None or owner != context:
            return None
        if method in CONTEXT_FLAGS:
            return self._flag(call, method)
        if method in CONTEXT_CALLS and not call.args:
            missing = ", ".join(map(repr, self._missing_keys(call))) if method == "get_conn_info" else ""
            if missing:
                self._mark(call, f"connection_info has no {missing}; docs/library.md has what it has.")
            return self._expression(CONTEXT_CALLS[method], context)
        return None

    def _missing_keys(self, call: ast.Call) -> list[str]:
        """Return the keys that are taken of the result and that ours has not; of one that is kept, by any text."""
        key = self._key_taken(call)
        if key is not None:
            return [] if key in CONNECTION_KEYS else [key]
        texts = {node.value for node in ast.walk(self.source.tree) if isinstance(node, ast.Constant)}
        return sorted(CONNECTION_KEYS_GONE & texts)

    def _key_taken(self, call: ast.Call) -> str | None:
        """Return the key that is taken of the result at once, as in `call()["key"]` or `call().get("key")`."""
        match self.source.parent(call):
            case ast.Subscript(slice=ast.Constant(value=str(key))):
                return key
            case ast.Attribute(attr="get") as attribute:
                getter = self.source.parent(attribute)
                if isinstance(getter, ast.Call) and getter.args and isinstance(getter.args[0], ast.Constant):
                    return str(getter.args[0].value)
        return None

    def _operation_message(self, node: ast.With) -> ast.expr | None:
        """Return the message of `with OperationManager("message"):`, where its context is known."""
        if len(node.items) > 1 or node.items[0].optional_vars or self.names.context(node) is None:
            return None
        match node.items[0].context_expr:
            case (
                ast.Call(args=[message], keywords=[])
                | ast.Call(args=[], keywords=[ast.keyword("message", message)]) as call
            ):
                path = self.names.path(call.func) or ""
                after = self.source.text[self.source.end(call) : self.source.start(node.body[0])]
                return message if path.endswith(".OperationManager") and after.lstrip().startswith(":") else None
        return None

    def _printed_operation(self, node: ast.With, message: ast.expr) -> Iterator[Edit]:
        """Yield the edits that print the message and put the block of the `with` after it."""
        end, body = self.source.end(node.items[0].context_expr), node.body[0]
        text = f"{self.names.context(node)}.console.print({self._new(message)})"
        yield Edit(self.source.start(node), end, text)
        edits = [edit for statement in node.body for edit in self._edits(statement)]
        yield from edits
        if body.lineno == node.lineno:
            yield Edit(end, self.source.start(body), f"\n{self.source.indentation(node.lineno)}")
            return
        colon = self.source.text.index(":", end)
        yield Edit(colon, colon + 1, "")
        for dedent in self.source.dedents(node, body):
            if not any(edit.start <= dedent.start < edit.end for edit in edits):
                yield dedent

    def _message(self, call: ast.Call) -> str:
        first, *rest = (self._new(value) for value in call.args)
        if rest:
            return f"{first} % ({', '.join(rest)}{',' if len(rest) == 1 else ''})"
        return first if isinstance(call.args[0], ast.Constant | ast.JoinedStr) else f"str({first})"

    def _expression(self, target: str, context: str) -> str:
        if target.startswith("library."):
            self.needs.add("library")
        return target.format(c=context)

    # -- flags -------------------------------------------------------------------------------------------------------

    def _flag(self, call: ast.Call, method: str) -> str | None:
        """`context.get_cli_arg("name")` becomes a parameter of the action, and so a flag."""
        function = next(iter(self.names.functions(call)), None)
        key = call.args[0] if len(call.args) == 1 else None
        if function is None or not self.names.is_action(function) or method == "get_command_line_arg":
            self._mark(call, f"{method}: give the action a parameter of that name and hand it on.")
            return None
        if not (isinstance(key, ast.Constant) and isinstance(key.value, str)) or key.value in GIVEN_ANYWAY:
            self._mark(call, f"{method}: give the action a parameter for it.")
            return None
        name = re.sub(r"\W", "_", key.value)
        flags = self._flags.setdefault(function, {})
        only_tested = self._only_tested(call, function) and name not in RESERVED and flags.get(name, "False") == "False"
        flags[name] = "False" if only_tested else "None"
        return f"({name} or None)" if name == "files" else name  # Invoke gives an empty list for a missing flag

    def _only_tested(self, call: ast.Call, function: Function) -> bool:
        """Tell whether only the truth of the result is used, directly or through the variable it is assigned to."""
        match self.source.parent(call):
            case ast.Assign(targets=[ast.Name(id=name)]):
                uses = [node for node in ast.walk(function) if isinstance(node, ast.Name) and node.id == name]
                read = [node for node in uses if isinstance(node.ctx, ast.Load)]
                return bool(read) and len(uses) == len(read) + 1 and all(map(self._is_test, read))
        return self._is_test(call)

    def _is_test(self, node: ast.AST) -> bool:
        """Tell whether only the truth of the node is used."""
        parent = self.source.parent(node)
        while isinstance(parent, ast.BoolOp) or (isinstance(parent, ast.UnaryOp) and isinstance(parent.op, ast.Not)):
            node, parent = parent, self.source.parent(parent)
        return isinstance(parent, ast.If | ast.IfExp | ast.While) and parent.test is node

    def _parameters(self, function: Function, flags: Mapping[str, str]) -> Iterator[Edit]:
        arguments = [*function.args.posonlyargs, *function.args.args]
        taken = {argument.arg for argument in [*arguments, *function.args.kwonlyargs]}
        place = self._after(arguments[-1], function.args.defaults)
        added = "".join(f", {name}={default}" for name, default in flags.items() if name not in taken)
        yield Edit(place, place, added)

    def _after(self, argument: ast.arg, defaults: list[ast.expr]) -> int:
        end = self.source.end(argument)  # type: ignore[arg-type]
        return max([end, *(self.source.end(default) for default in defaults)])

    # -- actions -----------------------------------------------------------------------------------------------------

    def _add_action(self, function: Function) -> None:
        """Note the name of an action for the namespace; one that only a function knows has none there."""
        path, parent = [function.name], self.source.parent(function)
        while parent is not None and parent is not self.source.tree:
            if isinstance(parent, Function):
                self._mark(function, f"give ns {function.name}, which only {parent.name} knows.")
                return
            if isinstance(parent, ast.ClassDef):
                path.insert(0, parent.name)
            parent = self.source.parent(parent)
        self.actions.append(".".join(path))

    def _undecorated_action(self, statement: ast.Expr, decorator: ast.Call, call: ast.Call) -> str | None:
        """`action("name")(function)` as a statement: the action gets a name of its own for the namespace."""
        name = (bound(decorator, ACTION_PARAMETERS) or {}).get("name", call.args[0] if call.args else None)
        new = self._decorator(decorator)
        if new is None or self.source.parent(statement) is not self.source.tree:
            return None
        shown = name.value if isinstance(name, ast.Constant) else ast.unparse(name) if name else "action"
        own = self._free(re.sub(r"\W", "_", str(shown)))
        self.actions.append(own)
        return f"{own} = {new}({', '.join(map(self._new, call.args))})"

    def _decorator(self, call: ast.Call) -> str | None:
        arguments = bound(call, ACTION_PARAMETERS)
        parent = self.source.parent(call)
        function = parent if isinstance(parent, Function) else None
        self.needs.add("action")
        if arguments is None or not (function or isinstance(parent, ast.Call)):
            self._mark(call, "@action takes name and affects_database.")
            return None
        if set(arguments) - set(ACTION_PARAMETERS.split()):
            self._mark(call, f"@action: {', '.join(arguments)} are not all known here.")
        name, affects = arguments.get("name"), arguments.get("affects_database")
        words = []
        usual = function.name.replace("_", "-") if function else None
        if name is not None and not _is_constant(name, usual) and not _is_constant(name, None):
            words.append(f"name={self._new(name)}")
        if affects is not None and not _is_constant(affects, False):
            words.append(f"affects_database={self._new(affects)}")
        if function and self._takes_files(function):
            words.append('iterable=["files"]')
        return f"action({', '.join(words)})" if words else "action"

    def _takes_files(self, function: Function) -> bool:
        return any(
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr in CONTEXT_FLAGS
            and node.args
            and _is_constant(node.args[0], "files")
            for node in ast.walk(function)
        )

    def _named_multiaction(self, statement: ast.Expr, call: ast.Call) -> str | None:
        text = self._multiaction(call)
        arguments = bound(call, "name") if text is None else bound(call, "name subactions description")
        name = (arguments or {}).get("name")
        if text is None or self.source.parent(statement) is not self.source.tree:
            self._mark(call, "give ns a multiaction() of these steps.")
            return text
        shown = str(name.value) if isinstance(name, ast.Constant) else f"multi_{len(self.actions)}"
        own = self._free(re.sub(r"\W", "_", shown))
        self.actions.append(own)
        return f"{own} = {text}"

    def _free(self, name: str) -> str:
        used = {node.id for node in ast.walk(self.source.tree) if isinstance(node, ast.Name)}
        used |= {node.name for node in self.source.tree.body if isinstance(node, Function | ast.ClassDef)}
        return f"{name}_action" if name in used or keyword.iskeyword(name) or name[:1].isdigit() else name

    def _multiaction(self, call: ast.Call) -> str | None:
        arguments = bound(call, "name subactions description")
        self.needs.add("multiaction")
        if arguments is None or not {"name", "subactions"} <= set(arguments):
            self._mark(call, 'write multiaction("name", "step", "step", doc="What it does.").')
            return None
        steps = arguments["subactions"]
        listed = [self._new(step) for step in steps.elts] if isinstance(steps, ast.List | ast.Tuple) else None
        words = [self._new(arguments["name"]), *(listed if listed is not None else [f"*{self._new(steps)}"])]
        if "description" in arguments:
            words.append(f"doc={self._new(arguments['description'])}")
        target = self.source.parent(call)
        if isinstance(target, ast.Assign) and isinstance(target.targets[0], ast.Name):
            self.actions.append(target.targets[0].id)
        return f"multiaction({', '.join(words)})"

    # -- names -------------------------------------------------------------------------------------------------------

    def _name(self, node: ast.Name | ast.Attribute) -> str | None:
        path = self.names.path(node)
        if path == ACTION:
            self.needs.add("action")
            return "action"
        if path == CONTEXT:
            self.needs.add("ActionContext")
            return "ActionContext"
        if path is not None:
            name = path.rsplit(".", maxsplit=1)[-1]
            self._mark(node, f"{name}: {advice(name, self.names.context(node) or 'context')}")
            self._covered.update(ast.iter_child_nodes(node))
            return None
        return self._attribute(node) if isinstance(node, ast.Attribute) else None

    def _attribute(self, node: ast.Attribute) -> str | None:
        context = self.names.context(node)
        if context is None or not isinstance(node.value, ast.Name) or node.value.id != context:
            if node.attr in CONTEXT_ALONE:
                self._mark(
                    node, f"{ast.unparse(node)}: is it the action's context? Then give it by that name: context."
                )
            return None
        if node.attr in CONTEXT_VALUES:
            return self._expression(CONTEXT_VALUES[node.attr], context)
        if node.attr in CONTEXT_GONE:
            self._mark(node, f"{context}.{node.attr}: {advice(node.attr, context)}")
        return None

    def _in_f_string(self, node: ast.JoinedStr) -> Iterator[Edit]:
        """Rewrite an f-string whose parts change: before Python 3.12 the parser gives wrong positions for them."""
        inner = [value for value in ast.walk(node) if isinstance(value, ast.FormattedValue)]
        changed = False
        for value in inner:
            new = self._translated_apart(value)
            if new is not None:
                value.value, changed = ast.parse(new, mode="eval").body, True
        if changed:
            yield Edit(self.source.start(node), self.source.end(node), ast.unparse(node))

    def _translated_apart(self, value: ast.FormattedValue) -> str | None:
        """Translate an expression as if it was the body of a function."""
        context = self.names.context(value)
        ahjo_names = [node for node in ast.walk(value.value) if self.names.path(node)]
        if context is None or ahjo_names:
            if ahjo_names:
                self._mark(value, "move the expression out of the f-string.")
            return None
        lone = Translation(f"def alone({context}: object) -> None:\n    {ast.unparse(value.value)}\n")
        self.needs |= lone.needs & {"library"}
        new = lone.text.rstrip().rpartition("\n")[2].strip()
        return new if new != ast.unparse(value.value) and MARK not in lone.text else None

    # -- imports and marks -------------------------------------------------------------------------------------------

    def _import(self, node: ast.Import | ast.ImportFrom) -> str:
        others = [alias for alias in node.names if isinstance(node, ast.Import) and not alias.name.startswith("ahjo")]
        if any(alias.name == "*" for alias in node.names):
            self._mark(node, "what was imported with a star is not translated.")
        kept = f"import {', '.join(ast.unparse(alias) for alias in others)}" if others else ""
        if self.source.parent(node) is not self.source.tree:
            return kept or "pass"
        if self._imported:
            return kept
        self._imported = True
        return "\n".join(filter(None, [IMPORTS, kept]))

    def _import_lines(self) -> str:
        names = sorted(({"ActionContext", "action", "library", "multiaction"} & self.needs) | {"namespace"})
        return f"from ahjo_tasks import {', '.join(names)}"

    def _with_imports(self, text: str) -> str:
        return text if not (self.needs or self.actions) else f"{self._import_lines()}\n\n{text}"

    def _mark(self, node: ast.AST, what: str) -> None:
        """Put a comment above the statement that says what to do by hand."""
        if isinstance(node, ast.Call):
            self._covered.add(node.func)
        at: ast.AST | None = node
        while at is not None and not isinstance(at, ast.stmt):
            at = self.source.parent(at)
        line = at.lineno if at is not None else 1
        if isinstance(at, Function) and at.decorator_list:
            line = at.decorator_list[0].lineno
        sentences = self._marks.setdefault(line, [])
        if what not in sentences:
            sentences.append(what)

    def _comments(self) -> Iterator[Edit]:
        for line, sentences in self._marks.items():
            start, indentation = self.source.line_start(line), self.source.indentation(line)
            yield Edit(start, start, "".join(f"{indentation}{MARK} {what}\n" for what in sentences))


class _Placeholders(dict[str, str]):
    """The values for a target that is shown: the context, and the names of arguments as they are."""

    def __init__(self, context: str) -> None:
        super().__init__(c=context)

    def __missing__(self, key: str) -> str:
        return key


def _known(rule: Rule) -> set[str]:
    return {*re.findall(r"{(\w+)}", rule.target), *rule.keywords.values(), *rule.ignored.split(), *CONNECTION}


def _fits(rule: Rule, arguments: Mapping[str, ast.expr]) -> bool:
    return set(re.findall(r"{(\w+)}", rule.target)) - {"c"} <= set(arguments)


def _is_constant(node: ast.expr, value: object) -> bool:
    return isinstance(node, ast.Constant) and type(node.value) is type(value) and node.value == value
