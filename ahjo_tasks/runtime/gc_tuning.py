"""Python's collector of cyclic rubbish, kept out of the way of a command.

SQLAlchemy, Alembic and a project of thousands of files are hundreds of thousands of objects, nearly all of which live
until the process ends. Looking through them again and again while they are made, and once more at the very end, took a
quarter of the processor time of a small deployment.
"""

from __future__ import annotations

import atexit
import gc

RARE = 100_000
"""New objects before the collector looks through the newest; by default 700, in newer Pythons 2,000."""


def tune_gc() -> None:
    """Have rubbish collected rarely from now on, and not at the end, where all memory goes back anyway.

    This is for the whole process, which is the command's own: between the actions of a chain there must be no great
    collection either. Rubbish that is not cyclic, nearly all of it, goes at once as ever.
    """
    often, *others = gc.get_threshold()
    gc.set_threshold(max(often, RARE) if often else 0, *others)
    atexit.unregister(gc.freeze)
    atexit.register(gc.freeze)
