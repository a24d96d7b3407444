"""The console scripts, which take their arguments as Ahjo's do."""

from __future__ import annotations

import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from ahjo_tasks.errors import INTERRUPTED, TERMINATED, AhjoError, TerminatedError, raise_terminated
from ahjo_tasks.fleet import WORKER_FLAG
from ahjo_tasks.version import __version__

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Sequence

    from alembic.config import Config

USAGE = """Usage: ahjo ACTION [CONFIG] [options]

  ahjo list                            every action, one line each
  ahjo deploy dev.jsonc -ni            one action with one config
  ahjo deploy-files dev.jsonc --files database/views/dbo.a.sql database/views/dbo.b.sql
  ahjo --help deploy                   an action's own options

Options of every call:

  -d, --project-dir DIR                the project's folder; by default found from the config
  -ni, --non-interactive               do not ask for confirmation
  -v, --version                        show the version
  --dry                                show what would be done, and do nothing

Completion in bash: eval "$(ahjo --print-completion-script bash)"; also for zsh and fish.

The config may also come from the environment variable AHJO_CONFIG_PATH."""


def ahjo(arguments: Sequence[str] | None = None) -> None:
    """Run `ahjo ACTION [CONFIG] [options]`, options before or after the config."""
    given = _arguments(arguments)
    if not given or given in (["-h"], ["--help"]):
        print(USAGE)  # noqa: T201 - there is no project and so no console yet
        return
    if given[0] in {"-v", "--version"}:
        print(f"ahjo {__version__}")  # noqa: T201 - likewise
        return
    if given[0] == WORKER_FLAG:
        from ahjo_tasks.fleet.worker import serve

        serve(attached=len(given) > 1)
        return
    if given[0] in {"--complete", "--print-completion-script"}:
        _complete(given)
        return
    try:
        _run(given)
    except KeyboardInterrupt as stop:
        _stopped(stop)
    except SystemExit as end:
        if isinstance(end.__context__, KeyboardInterrupt):  # Invoke makes this of it, between its own steps
            _stopped(end.__context__)
        raise


def _complete(given: list[str]) -> None:
    """Print the script of a shell, or what the last word behind `--` can become, which that script asks for."""
    from ahjo_tasks.cli.arguments import complete
    from ahjo_tasks.runtime.completion import script

    try:
        lines = [script("".join(given[1:]))] if given[0] != "--complete" else complete(given[2:], Path.cwd())
    except AhjoError as error:
        _fail(error)
    for line in lines:  # an empty line would be a candidate
        print(line)  # noqa: T201 - for the shell


def _stopped(stop: KeyboardInterrupt) -> NoReturn:
    """Say that the program was stopped while it started: an action says itself what it left."""
    word, code = ("Terminated", TERMINATED) if isinstance(stop, TerminatedError) else ("Interrupted", INTERRUPTED)
    print(f"{word} before anything ran.", file=sys.stderr)  # noqa: T201 - there is no console yet
    sys.exit(code)


def init_project(arguments: Sequence[str] | None = None) -> None:
    """Run `ahjo-init-project [-d DIR] [options]`."""
    ahjo(["init-project", *_arguments(arguments)])


def upgrade(arguments: Sequence[str] | None = None) -> None:
    """Run `ahjo-upgrade [CONFIG] [-v TAG] [-ni] [-d DIR]`; `-p` is accepted and, as in Ahjo, ignored."""
    ahjo(["upgrade", *(word for word in _arguments(arguments) if word not in {"-p", "--plot"})])


def multi_project_build(arguments: Sequence[str] | None = None) -> None:
    """Run `ahjo-multi-project-build CONFIG [-c] [-ni] [-j N] [options]`."""
    shorts = {"-c": "--confirm", "-j": "--jobs"}
    ahjo(["multi-project-build", *(shorts.get(word, word) for word in _arguments(arguments))])


def scan(arguments: Sequence[str] | None = None) -> None:
    """Run `ahjo-scan [-r FILE] [-ig FILE] [-st] [-q] [-in] [-ai] [-d DIR] [options]`."""
    _standalone("ahjo-scan", arguments)


def install_git_hook(arguments: Sequence[str] | None = None) -> None:
    """Run `ahjo-install-git-hook [-r FILE] [-ig FILE] [options]`."""
    _standalone("ahjo-install-git-hook", arguments)


def config(arguments: Sequence[str] | None = None) -> None:
    """Run `ahjo-config -co FORMAT -c FILE -o FILE`, which prints nothing on success."""
    from argparse import ArgumentParser

    from ahjo_tasks.config.convert import FORMATS

    parser = ArgumentParser(prog="ahjo-config", description="Convert a config file, comments and all.")
    parser.add_argument("-v", "--version", action="version", version=__version__)
    parser.add_argument("-co", "--convert-to", choices=FORMATS, required=True, help="the new format")
    parser.add_argument("-c", "--config", type=Path, required=True, metavar="FILE", help="the config file")
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="FILE", help="the new file; it is replaced")
    given = parser.parse_args(arguments)
    try:
        _convert(given.config, given.convert_to, given.output)
    except AhjoError as error:
        _fail(error)


def alembic_api() -> None:
    """Run `alembic-api ARGUMENTS`: Alembic's own command line, in the project's folder."""
    from alembic.config import CommandLine

    class Line(CommandLine):
        def run_cmd(self, config: Config, options: Namespace) -> None:
            config.attributes["explains_errors"] = True
            super().run_cmd(config, options)

    print(f"alembic-api {__version__}")  # noqa: T201 - a title, as the predecessor's
    try:
        Line(prog="alembic-api").main()
    except AhjoError as error:
        _fail(error)


def _convert(source: Path, kind: str, target: Path) -> None:
    from ahjo_tasks.config.convert import check_format, convert
    from ahjo_tasks.utils import atomic_write

    check_format(kind, target)
    converted = convert(source, kind)
    with atomic_write(target, overwrite=True) as part:
        part.write_text(converted.text, encoding="utf-8", newline="")
    if converted.warnings:
        from ahjo_tasks.console import Console

        console = Console()
        for warning in converted.warnings:
            console.warning(warning)


def _arguments(given: Sequence[str] | None) -> list[str]:
    """Return the arguments of a console script; those of `sys.argv` mean that the process is ours, to tune it."""
    if given is not None:
        return list(given)
    from ahjo_tasks.utils import tune_gc

    tune_gc()
    signal.signal(signal.SIGTERM, raise_terminated)
    return sys.argv[1:]


def _standalone(program: str, arguments: Sequence[str] | None) -> None:
    from ahjo_tasks.cli.standalone import run

    sys.exit(run(program, _arguments(arguments)))


def _run(given: list[str]) -> None:
    from ahjo_tasks.cli.arguments import run

    try:
        run(given, Path.cwd())
    except AhjoError as error:
        _fail(error)


def _fail(error: AhjoError) -> None:
    from ahjo_tasks.console import Console

    Console().error(error)
    sys.exit(error.exit_code)
