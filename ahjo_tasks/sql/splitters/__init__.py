"""Scripts split into batches, a module for each database, which only its dialect imports.

A batch goes to the server in one call. The rules are those of each database's own command line tools.
"""

from __future__ import annotations

from ahjo_tasks.sql.splitters.batch import Batch, SourceWarning, Splitter

__all__ = ["Batch", "SourceWarning", "Splitter"]
