"""Go on with files of objects whose statements commit alone, after a run that failed or was killed."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

from ahjo_tasks.engine.data import ScriptStep
from ahjo_tasks.engine.plan import DATA_KINDS, Plan
from ahjo_tasks.engine.recreate_dependents import RECREATED
from ahjo_tasks.engine.sql_file import FileStep
from ahjo_tasks.sql.tokens import tokenize

if TYPE_CHECKING:
    from ahjo_tasks.engine.data import DataProgress
    from ahjo_tasks.engine.plan import Step
    from ahjo_tasks.project.sql_file import SqlFile

REPEATED = frozenset({"CREATE", "DROP", "GRANT", "REVOKE", "COMMENT", "SET", "USE"})
"""First words of statements of which a file may consist that can run again from its beginning."""
MADE_ONCE = frozenset({"TABLE", "INDEX", "UNIQUE", "FULLTEXT", "SPATIAL", "DATABASE", "SCHEMA", "USER", "ROLE"})
"""Words after CREATE of what cannot be created again."""


def may_stop(step: Step) -> bool:
    """Return whether a step may be ended with a part of it done, so that it cannot run again from its beginning."""
    if not isinstance(step, FileStep) or step.kind in DATA_KINDS or step.file.kind == "permission":
        return False
    return ScriptStep(step.file).commits_alone and not _runs_again(step.file)


def going_on(plan: Plan, progress: DataProgress) -> Plan:
    """Return the plan in which such steps go on where an earlier run has stopped.

    Notes name those that it has done, warnings what is uncertain.
    """
    steps: list[Step] = []
    notes, warnings = [*plan.notes], [*plan.warnings]
    for step in plan.steps:
        if not isinstance(step, FileStep) or not may_stop(step):
            steps.append(step)
        elif reason := progress.reason_to_skip(step.file):
            notes.append(f"{step.label}: {reason}")
        else:
            steps.append(progress.step(step))
            rest = progress.rest(step.file)
            notes += filter(None, [rest.note])
            warnings += filter(None, [rest.warning])
    return Plan(tuple(steps), tuple(notes), tuple(warnings))


def _runs_again(file: SqlFile) -> bool:
    """Test whether a file replaces, or drops first, all that it creates."""
    heads = [_head(text, file) for text in file.texts]
    kinds = {definition.kind for definition in file.definitions}
    repeated = all(head[0] in REPEATED and head[1] not in MADE_ONCE for head in heads)
    replaced = all(head[1] == "OR" for head in heads if head[0] == "CREATE")
    return repeated and bool(kinds) and kinds <= RECREATED and (replaced or bool(file.names.dropped))


def _head(text: str, file: SqlFile) -> tuple[str, str]:
    """Return the first two words of a statement."""
    first, second, *_more = *(token.word for token in islice(tokenize(text, file.dialect.syntax), 2)), "", ""
    return first, second
