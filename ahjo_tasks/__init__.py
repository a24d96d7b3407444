"""Database deployment as Invoke tasks.

A project's `tasks.py` imports `action`, `multiaction` and `namespace` from here.
"""

from importlib import import_module
from typing import TYPE_CHECKING

from ahjo_tasks.errors import AhjoError
from ahjo_tasks.version import __version__

if TYPE_CHECKING:
    from ahjo_tasks.actions.namespace import namespace
    from ahjo_tasks.runtime.action import Action, action, multiaction
else:

    def __getattr__(name: str) -> object:
        """Load Invoke for those who make actions, and not for a git hook, which is to be quick."""
        if name not in __all__:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        module = "actions.namespace" if name == "namespace" else "runtime.action"
        return getattr(import_module(f"ahjo_tasks.{module}"), name)


__all__ = ["Action", "AhjoError", "__version__", "action", "multiaction", "namespace"]
