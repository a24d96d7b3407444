"""Modules of SQL Server: batches that create a view, procedure, function or trigger, and run what is in it later."""

from __future__ import annotations

import re

MODULE = re.compile(
    r"\s*(?:CREATE|ALTER)\s+(?:OR\s+ALTER\s+)?(?:VIEW|PROC|PROCEDURE|FUNCTION|TRIGGER)\b", re.IGNORECASE
)
COMMENTS = re.compile(r"\s*(?:--[^\n]*\n|/\*.*?\*/)\s*", re.DOTALL)


def is_module(text: str) -> bool:
    """Whether the batch creates a module: what stands in it is set when the module runs."""
    return MODULE.match(text, _leading_comments(text)) is not None


def _leading_comments(text: str) -> int:
    """Where the comments end that the text begins with."""
    start = 0
    while comment := COMMENTS.match(text, start):
        start = comment.end()
    return start
