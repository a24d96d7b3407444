"""Alembic revisions for projects under test."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from projects import RunningProject

REVISION = """\
import sqlalchemy as sa
from alembic import op

revision = {name!r}
down_revision = {below!r}


def upgrade():
    {up}


def downgrade():
    {down}
"""
ENVIRONMENT = "from ahjo_tasks.alembic_env import run\n\nrun()\n"


def revision(project: RunningProject, name: str, below: str | None, up: str = "pass", down: str = "pass") -> Path:
    """Write a revision whose code begins in line 9, and what else Alembic needs."""
    project.write("alembic.ini", "[alembic]\nscript_location = alembic\npath_separator = os\n")
    project.write("alembic/env.py", ENVIRONMENT)
    return project.write(f"alembic/versions/{name}.py", REVISION.format(name=name, below=below, up=up, down=down))
