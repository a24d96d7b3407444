"""Database deployment as Invoke tasks.

A project's `tasks.py` imports `action`, `multiaction` and `namespace` from here.
"""

from ahjo_tasks.action import Action, action, multiaction
from ahjo_tasks.errors import AhjoError
from ahjo_tasks.namespace import namespace
from ahjo_tasks.version import __version__

__all__ = ["Action", "AhjoError", "__version__", "action", "multiaction", "namespace"]
