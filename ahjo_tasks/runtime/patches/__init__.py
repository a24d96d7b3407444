"""Monkeypatches of Invoke 3, for what it has no public way to change; `install()` installs them all.

`calls`: `ctx.config.BACKEND` holds the project's settings before each task, and an action knows the chain that it is
part of.
`config_files`: `--config` reads JSON with comments, and a file that is wrong is one message with exit code 2.
`parser_errors`: a call that the parser does not understand is explained, with exit code 2.
`positionals`: a positional argument with a default may be left out.
`program`: the flags that answer questions may stand anywhere, and the garbage collector is tuned in the process of an
Invoke program.
`signals`: Ctrl-C and SIGTERM are never silent, from the loading of tasks.py on.
"""


def install() -> None:
    """Install the patches, once in a process. Where Invoke is not as expected, it is left alone, with a warning."""
    from ahjo_tasks.runtime.patches import calls, config_files, parser_errors, positionals, program, signals
    from ahjo_tasks.runtime.patches.expected import supported, warn_unsupported

    patches = (signals, calls, config_files, parser_errors, positionals, program)
    missed = [patch.__name__ for patch in patches if not (supported() and patch.install())]
    if missed:
        warn_unsupported(missed)
