"""Read how the statements of a file create its objects: whether they run, and change something, where these exist."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from ahjo_tasks.sql.references import read_references
from ahjo_tasks.sql.tokens import tokenize

if TYPE_CHECKING:
    from ahjo_tasks.database.dialects.base import Dialect
    from ahjo_tasks.sql.definitions import Definition

ONLY_IF_MISSING = re.compile(
    r"CREATE(?: (?!(?:VIEW|FUNCTION|PROCEDURE|TRIGGER|EVENT|PACKAGE) )\S+)* \w+(?: BODY)? IF NOT EXISTS "
)
"""The head of such a statement, its words parted by blanks. In a body IF NOT EXISTS comes after another kind."""
REPLACES = re.compile(r"CREATE OR (?:REPLACE|ALTER) |ALTER (?!.* (?:OWNER TO|OWNED BY|SET SCHEMA|RENAME) )")
"""The head of a statement that makes of an object that exists what the file says, and not only moves it."""
GUARDS = frozenset({"IF", "EXCEPTION", "TRY"})
"""Words by which a script, and no CREATE, does something only where an object is missing."""
HEAD = 24
"""Tokens of a statement among which the name of its object is."""


class Creation(NamedTuple):
    """A statement from its first word on, and what it does where its object exists; it fails if it does none of these.

    A `guarded` one is within a script that has conditions, which may ask for the object.
    """

    text: str
    only_if_missing: bool = False
    replaces: bool = False
    guarded: bool = False

    @property
    def runs_again(self) -> bool:
        """True if the statement runs where the object exists."""
        return self.only_if_missing or self.replaces or self.guarded


def creations(text: str, dialect: Dialect) -> dict[Definition, Creation]:
    """Return the last statement that creates each object of a text; one that the text alters later is replaced."""
    splitter, syntax = dialect.statement_splitter or dialect.splitter, dialect.syntax
    found: dict[Definition, Creation] = {}
    for batch in splitter.split(text):
        tokens = list(tokenize(batch.text, syntax))
        if not tokens:
            continue
        head = " ".join(token.word or "." for token in tokens[:HEAD])
        names = read_references([batch.text], syntax)
        creation = Creation(
            batch.text[tokens[0].offset :].rstrip(),
            bool(ONLY_IF_MISSING.match(head)),
            bool(REPLACES.match(head)),
            not head.startswith(("CREATE ", "ALTER ")) and any(token.word in GUARDS for token in tokens),
        )
        found |= dict.fromkeys(names.definitions, creation)
        if creation.replaces and not names.definitions:
            altered = {(reference.role, reference.parts[-1]) for reference in names.references}
            for made in found:
                if (made.kind, made.name.name) in altered:
                    found[made] = found[made]._replace(only_if_missing=False, replaces=True, guarded=False)
    return found
