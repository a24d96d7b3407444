"""Completion in bash, zsh and fish: actions, flags and configs; for all else the shell offers files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from ahjo_tasks.config.document import configs_in
from ahjo_tasks.errors import UsageError
from ahjo_tasks.runtime import flags

if TYPE_CHECKING:
    from collections.abc import Collection as Words
    from collections.abc import Mapping, Sequence

    from invoke.collection import Collection
    from invoke.program import Program

BASH = r"""_complete_ahjo() {
    local IFS=$'\n'
    local found="$(ahjo --complete -- "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)"
    COMPREPLY=( $(compgen -W "$found" -- "${COMP_WORDS[COMP_CWORD]}") )
}
complete -o default -F _complete_ahjo ahjo"""
ZSH = r"""(( $+functions[compdef] )) || { autoload -Uz compinit && compinit; }
_complete_ahjo() {
    local -a found
    found=(${(f)"$(ahjo --complete -- "${(@)words[2,CURRENT]}" 2>/dev/null)"})
    compadd -a found || _files
}
compdef _complete_ahjo ahjo"""
FISH = r"""function __complete_ahjo
    set --local before (commandline --tokenize --cut-at-cursor)[2..-1]
    set --local current (commandline --current-token)
    set --local found (ahjo --complete -- $before $current 2>/dev/null)
    if test (count $found) -gt 0
        printf '%s\n' $found
    else
        __fish_complete_path $current
    end
end
complete --command ahjo --no-files --arguments '(__complete_ahjo)'"""
SCRIPTS = {"bash": BASH, "zsh": ZSH, "fish": FISH}


def script(shell: str) -> str:
    """Return the script that makes a shell complete `ahjo`. Raises UsageError for another shell."""
    if shell not in SCRIPTS:
        raise UsageError(
            f"There is no completion for the shell {shell!r}.", hint=f"It is one of: {', '.join(SCRIPTS)}."
        )
    return SCRIPTS[shell]


class CommandLine(NamedTuple):
    """A command line to complete: its actions, and the flags of every call, each with whether it takes a value."""

    collection: Collection
    common_flags: Mapping[str, bool]
    folder: Path
    actions: Words[str]

    def flags_after(self, words: Sequence[str]) -> dict[str, bool]:
        """Return the flags that may follow the words: those of the last action, and those of every call."""
        name = next((word for word in reversed(words) if word in self.actions), "")
        known = name in self.collection.task_names
        own = (
            {flag: argument.takes_value for flag, argument in flags.by_name(self.collection[name]).items()}
            if known
            else {}
        )
        return {**self.common_flags, **own}

    def values_of(self, flag: str) -> list[str]:
        """Return the values to offer for a flag: configs, actions, or none, for which a shell offers files."""
        if flag == "--config":
            return [path.name for path in configs_in(self.folder)]
        return sorted(self.actions) if flag in {"--help", "-h"} else []

    def flag_names(self, words: Sequence[str]) -> list[str]:
        """Return the long flags that may follow the words."""
        return sorted(flag for flag in self.flags_after(words) if flag.startswith("--"))


def complete_ahjo(line: CommandLine, words: Sequence[str]) -> list[str]:
    """Return what the last word of an `ahjo` call, which may be empty, can become."""
    *before, current = words or [""]
    last = before[-1] if before else ""
    if line.flags_after(before).get(last) or last == "--help":
        return line.values_of(last)
    if current.startswith("-"):
        return line.flag_names(before)
    if not any(word in line.actions for word in before):
        return sorted(line.actions)
    configs = line.values_of("--config")
    return [] if any(config in before for config in configs) else configs


def complete_invoke(program: Program, call: Sequence[str]) -> list[str]:
    """Return what the last word of an `inv` call can become; `call` begins with the name of the program.

    Invoke's scripts do not tell whether a blank follows that word: a flag with a value is taken for complete.
    """
    core = program.initial_context.flags
    line = CommandLine(
        program.collection,
        {flag: argument.takes_value for flag, argument in core.items()},
        Path(program.collection.loaded_from or Path.cwd()),
        tuple(program.collection.task_names),
    )
    words = call[1:]
    *before, current = words or [""]
    takes_value = line.flags_after(words)
    last = before[-1] if before else ""
    if takes_value.get(current) or current in {"--help", "-h"}:
        return line.values_of(current)
    if current.startswith("-"):
        return line.flag_names(before)
    if (takes_value.get(last) or last == "--help") and not (line.folder / current).is_file():
        return line.values_of(last)
    return sorted(line.actions)
