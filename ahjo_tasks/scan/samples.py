"""The two files that `--init` writes."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

RULES = r"""# What ahjo-scan looks for. `filepath` is a path or a glob, or a list of them, relative to this project;
# without it, a rule is for every file.

- name: hetu                        # Finnish personal identity codes
  filepath:
    - database/
    - alembic/versions/

- name: email
  filepath: database/

# The rules below are about changes that do not belong where they are looked for. `schemas`, `objects`, `tables` and
# `object_types` narrow them down: each entry is a name or a regular expression for one, in any case.

- name: sql_object_modification     # CREATE, ALTER and DROP
  filepath: database/data/
  object_types: [PROCEDURE, FUNCTION, VIEW, TRIGGER, TABLE, TYPE, ASSEMBLY]

# - name: sql_insert
#   filepath: database/
#   schemas: [report]
#   tables: [dim_.*]

# - name: alembic_table_modification
#   filepath: alembic/versions/
#   schemas: [report]

# A rule of your own has any other name, and a regular expression of Python.

# - name: select_star
#   filepath: "database/**/*.sql"
#   pattern: (?i)\bselect\s+\*
"""
IGNORED = """# What ahjo-scan shall not report again: single matches or all of a rule, in a file, a folder or a glob.
# `ahjo-scan --add-results-to-ignore` writes its findings behind what is here.

# - file_path: database/data/persons.sql
#   matches:
#     - 010594-9032
# - file_path: database/data/addresses.sql
#   rules:
#     - email
"""


def write_samples(rules: Path, ignored: Path) -> tuple[Path, ...]:
    """Write each of the files that does not exist; the ones that were written."""
    wanted = ((rules, RULES), (ignored, IGNORED))
    written = [(path, text) for path, text in wanted if not path.exists()]
    for path, text in written:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="\n")
    return tuple(path for path, _ in written)
