"""Checks that Invoke is as the patches expect it."""

from __future__ import annotations

import warnings
from inspect import signature
from typing import TYPE_CHECKING

import invoke

if TYPE_CHECKING:
    from collections.abc import Sequence

MAJOR = "3"
"""The release of Invoke whose private parts the patches know."""

ASSIGNED = ("__doc__", "__name__", "__qualname__")
"""Attributes that a patch takes over from the method that it replaces; `__module__` stays ours: it is installed."""


def supported() -> bool:
    """Return whether this is the release of Invoke that the patches were written for."""
    return str(invoke.__version__).partition(".")[0] == MAJOR


def has_method(owner: type, name: str, *parameters: str) -> bool:
    """Return whether the class has the method, with these parameters after `self`."""
    method = getattr(owner, name, None)
    return callable(method) and tuple(signature(method).parameters)[1:] == parameters


def warn_unsupported(patches: Sequence[str]) -> None:
    """Warn that these patches are missing; Python shows one warning of a kind once in a process."""
    names = ", ".join(name.rpartition(".")[2] for name in patches)
    warnings.warn(
        f"Invoke {invoke.__version__} is not supported: it works without {names} of ahjo_tasks. "
        f"Install invoke>={MAJOR},<{int(MAJOR) + 1}.",
        RuntimeWarning,
        stacklevel=3,
    )
