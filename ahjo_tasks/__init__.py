"""Database deployment as Invoke tasks.

A project's `tasks.py` imports `action`, `multiaction` and `namespace` from here, and `ActionContext` for annotations.
"""

from importlib import import_module
from typing import TYPE_CHECKING

from ahjo_tasks.errors import AhjoError
from ahjo_tasks.version import __version__

if TYPE_CHECKING:
    from ahjo_tasks.actions.namespace import namespace
    from ahjo_tasks.runtime.action import Action, action, multiaction
    from ahjo_tasks.runtime.context import ActionContext
else:

    def __getattr__(name: str) -> object:
        """Import Invoke when an action is used, and not for a git hook, which does without it."""
        if name not in MODULES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return getattr(import_module(f"ahjo_tasks.{MODULES[name]}"), name)

    MODULES = {
        "Action": "runtime.action",
        "ActionContext": "runtime.context",
        "action": "runtime.action",
        "multiaction": "runtime.action",
        "namespace": "actions.namespace",
    }


__all__ = ["Action", "ActionContext", "AhjoError", "__version__", "action", "multiaction", "namespace"]
