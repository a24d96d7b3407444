"""Go on with a revision that failed or was killed: its statements that stay are recorded, and passed over then."""

from __future__ import annotations

from contextlib import suppress
from hashlib import sha256
from typing import TYPE_CHECKING, NamedTuple

from ahjo_tasks.console.masker import uncovered
from ahjo_tasks.engine.effect_lookup import DROP_INVALID, hold, invalid_indexes
from ahjo_tasks.errors import DeployError, StatementError
from ahjo_tasks.history.data import Loaded, LoadedFiles
from ahjo_tasks.history.store import HistoryStore
from ahjo_tasks.sql.references.tokens import word_set
from ahjo_tasks.sql.stated_effects import stated_effects
from ahjo_tasks.sql.temporary_tables import temporary_tables
from ahjo_tasks.sql.tokens import tokenize
from ahjo_tasks.utils import pluralize

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from sqlalchemy.engine import Connection as SAConnection

    from ahjo_tasks.config.settings import Settings
    from ahjo_tasks.database.connection import Connection
    from ahjo_tasks.sql.stated_effects import Effect

KIND = "migration"
HEAD = 2000
"""Characters of a statement that are read for its first words."""
SHOWN = 60
"""Characters of a statement that a message shows."""
READS = word_set("SELECT WITH SHOW DESCRIBE DESC EXPLAIN VALUES TABLE PRAGMA")
CHANGES = word_set("INSERT UPDATE DELETE MERGE INTO")
OF_THE_SESSION = word_set(
    "SET RESET USE BEGIN START COMMIT END ROLLBACK ABORT SAVEPOINT RELEASE LOCK UNLOCK DISCARD PREPARE DEALLOCATE"
)
"""First words of statements that count for the session alone, and are repeated each time."""
UNDO = (
    "Put the done part of the revision back as it was: what comes after it may change. Or undo by hand what was done,"
    " and record where the database is: inv alembic -- stamp REVISION."
)


class Statement(NamedTuple):
    """A statement of a revision, with the hashes of its text and of its values, without the secrets in them."""

    text: str
    hash: str
    values: str

    @property
    def shown(self) -> str:
        """The beginning of the text, in one line."""
        text = " ".join(self.text.split())
        return text if len(text) <= SHOWN else f"{text[:SHOWN]}..."


class _UndoneByHandError(Exception):
    """Nothing of what was done is there: the revision begins anew."""


def _hash(text: str, connection: Connection) -> str:
    """Return the hash of a text without the secrets in it."""
    return sha256(uncovered(connection.cover(text)).encode()).hexdigest()[:32]


class RevisionProgress:
    """The statements of the revision that runs, of which an earlier run may have done the first ones.

    A statement is recorded in the transaction that commits it; one that commits by itself, right after it. So it is
    not known of one statement at most whether it was done: what the catalog shows of it is looked up.
    """

    def __init__(self, connection: Connection, settings: Settings) -> None:
        self._connection = connection
        self._store = HistoryStore(connection, settings)
        self._rows: LoadedFiles | None = None
        self._key = ""
        self._busy = False
        self._start({})

    def _start(self, known: dict[str, Loaded]) -> None:
        """Begin with what an earlier run has done."""
        own = sorted((row.statements, row) for label, row in known.items() if label.rpartition(" ")[0] == self._key)
        self._done = [row.content for number, row in own if number]
        self._uncertain = any(row.uncertain for _number, row in own)
        self._written = len(self._done)
        self._marked = self._uncertain
        """True once it is recorded that statements are begun."""
        self._place = 0
        self._settled = False
        self._looked = False
        self._skipped: list[Statement] = []
        self._pending: list[Statement] = []
        self._running: Statement | None = None
        self._temporary: set[str] = set()

    def run(self, key: str, migrate: Callable[[], None]) -> None:
        """Run a revision by `migrate`, and record at its end that nothing of it is left to do."""
        known = self._known()
        self._key = key
        self._start(known)
        try:
            try:
                migrate()
                self._check_end()
            except _UndoneByHandError:
                self._connection.report(f"{key}: nothing is left of what an earlier run did: it starts over")
                self._start({})
                migrate()
        except Exception as error:
            self._note_failure(error)
            raise
        finally:
            self._key = ""
        self._forget(label for label in known if label.split(" ", 1)[0] == key.split(" ", 1)[0])
        self._forget(f"{key} {number}" for number in range(self._written + 1))
        self._pending = []

    def _check_end(self) -> None:
        """Raise DeployError where the revision ends within what an earlier run did."""
        if self._place < len(self._done) and not self._looked:
            raise self._edited("there is none")
        self._settle(None)

    def _edited(self, now: str) -> DeployError:
        message = f"statement {self._place + 1} of {self._key}, which an earlier run did, has changed: now {now}"
        return DeployError(message, hint=UNDO)

    def _known(self) -> dict[str, Loaded]:
        with self._connection.sqlalchemy_connection():  # ends what is read: env.py may work on a connection of its own
            if self._rows is None and self._store.exists():
                self._rows = LoadedFiles(self._store, KIND)
            return self._rows.known() if self._rows is not None else {}

    def _forget(self, labels: Iterator[str]) -> None:
        if self._rows is not None and (named := list(labels)):
            self._rows.forget(named)

    @property
    def records(self) -> bool:
        """True if the next run goes on where this one ends."""
        return self._rows is not None

    # -- statements ----------------------------------------------------------------------------------------------------

    def before(self, sa_connection: SAConnection, text: str, values: object) -> bool:
        """Return whether an earlier run has done the statement that is about to run.

        Raises DeployError where the done part of the revision is another one now, or where a part of it was undone.
        """
        self._running = None
        if not self._key or self._busy or not self._counts(text):
            return False
        hashes = (_hash(each, self._connection) for each in (text, repr(values)))
        statement, self._sa_connection = Statement(text, *hashes), sa_connection
        self._refuse_invalid(statement)
        if self._rows is None:
            return False
        if self._is_done(statement):
            return True
        if self._settle(statement):
            return True
        self._running = statement
        self._executes()
        return False

    def _executes(self) -> None:
        """Record what is done, and that the statement is begun, where it commits by itself."""
        if self._running is not None and self._commits_by_itself(self._running):
            self._write()

    def after(self) -> None:
        """Take note that the statement is done."""
        statement, self._running = self._running, None
        if statement is None:
            return
        self._pending.append(statement)
        if self._commits_by_itself(statement):
            self._write()
            self._commit()

    def before_commit(self) -> None:
        """Record what is about to be committed."""
        if self._key and self._pending:
            self._write()

    def _counts(self, text: str) -> bool:
        """Return whether a statement does something that stays; what counts for the session alone is repeated."""
        words = [token.word for token in tokenize(text[:HEAD], self._connection.dialect.syntax)]
        first = words[0] if words else ""
        if first in READS and not (first == "WITH" and CHANGES & {*words}):
            self._looked = self._looked or first != "WITH"
            return False
        names = {name.upper() for _kind, name in temporary_tables([text], self._connection.dialect.syntax)}
        self._temporary |= names
        target = {token.upper() for token in words[:6]}
        return first not in OF_THE_SESSION and not names and not (target & self._temporary)

    def _is_done(self, statement: Statement) -> bool:
        """Find the statement in what was done: at its place, or further on where the revision looks what is there."""
        rest = [content[:32] for content in self._done[self._place :]]
        if not rest:
            return False
        if statement.hash not in (rest if self._looked else rest[:1]):
            if self._looked:
                return False
            raise self._edited(f"it is {statement.shown}")
        self._place += rest.index(statement.hash) + 1
        if self._done[self._place - 1][32:] != statement.values:
            self._connection.report(f"{self._key}: {statement.shown} was done before, with other values")
        self._skipped.append(statement)
        return True

    def _settle(self, statement: Statement | None) -> bool:
        """Check once, after the done part, that it is still there; return whether the next statement was done, too."""
        if self._settled or self._rows is None:
            return False
        self._settled = True
        if not self._done and not self._uncertain:
            return False
        alone = statement is not None and self._uncertain and self._commits_by_itself(statement)
        effects = stated_effects(statement.text, self._connection.dialect.syntax) if statement and alone else ()
        self._verify(effects)
        count = pluralize(len(self._skipped), "statement")
        self._connection.report(f"{self._key}: continues after {count} of an earlier run")
        if statement is None or not alone:
            return False
        there = self._are_there(effects)
        if there is None:
            self._connection.report(
                f"Warning: {self._key}: the run before was ended here: whether this statement was done is not known."
                f" It runs now: {statement.shown}"
            )
        if there:
            self._connection.report(f"{self._key}: this statement was done, too: {statement.shown}")
            self._pending.append(statement)
            self._write()
            self._commit()
        return bool(there)

    def _verify(self, uncertain: Sequence[Effect]) -> None:
        """Check what was done, but for what the `uncertain` effects of the next statement may have changed.

        Raises DeployError where a part of it is not there, _UndoneByHandError where nothing is.
        """
        last: dict[tuple[str, tuple[str, ...], str], Effect] = {}
        done = (stated_effects(statement.text, self._connection.dialect.syntax) for statement in self._skipped)
        for effects in (*done, uncertain):
            gone = {effect.table for effect in effects if effect.kind == "table"}
            last = {key: effect for key, effect in last.items() if effect.table not in gone}
            last |= {(effect.kind, effect.table, effect.name): effect for effect in effects}
        for effect in uncertain:
            del last[effect.kind, effect.table, effect.name]
        undone = [effect for effect in last.values() if self._are_there((effect,)) is False]
        if undone and len(undone) == len(last):
            raise _UndoneByHandError
        if undone:
            state = "is not there" if undone[0].present else "is there"
            raise DeployError(f"{self._key}: {undone[0].text} {state}, which an earlier run changed", hint=UNDO)

    def _are_there(self, effects: tuple[Effect, ...]) -> bool | None:
        """Return whether the catalog shows the effects; None where it shows some of them, or cannot tell."""
        self._busy = True
        try:
            return hold(self._connection, self._sa_connection, effects)
        finally:
            self._busy = False

    def _refuse_invalid(self, statement: Statement) -> None:
        """Raise DeployError where an earlier CREATE INDEX CONCURRENTLY failed or was killed, and left half an index."""
        for name in invalid_indexes(self._connection, statement.text):
            raise DeployError(
                f"{self._key}: the index {name} is invalid: an earlier run failed or was ended while it made it",
                hint=DROP_INVALID.format(name),
            )

    # -- the record ----------------------------------------------------------------------------------------------------

    def _commits_by_itself(self, statement: Statement) -> bool:
        autocommit = self._sa_connection.get_execution_options().get("isolation_level") == "AUTOCOMMIT"
        return autocommit or self._connection.dialect.commits_implicitly(statement.text)

    def _write(self) -> None:
        """Record the statements that are done, in the transaction that is open, and that the next one is begun."""
        if self._rows is None:
            return
        if not self._marked:
            self._rows.write_between(self._row(0, uncertain=True))
            self._marked = True
        for statement in self._pending:
            self._written += 1
            self._rows.write_between(self._row(self._written, statement.hash + statement.values))
        self._pending = []

    def _row(self, number: int, content: str = "", *, uncertain: bool = False) -> Loaded:
        return Loaded(f"{self._key} {number}", KIND, content, number, whole=0, uncertain=int(uncertain))

    def _commit(self) -> None:
        """Commit the record of a statement that has committed all that was before it."""
        if self._connection.transaction_state == "open":
            self._connection.query("COMMIT")

    def _note_failure(self, error: Exception) -> None:
        """Record that the server refused the next statement, so that it is certain that it was not done."""
        lost = not self._connection.usable or getattr(getattr(error, "server", None), "lost", False)
        if self._rows is None or not self._marked or lost:
            return
        row = self._row(0)
        with suppress(StatementError):  # the first error is the one to report
            if self._connection.transaction_state == "none":
                self._rows.write_between(row)
                self._commit()
            else:
                self._rows.write_aside(row)


def forget_progress(connection: Connection, settings: Settings) -> None:
    """Forget what was done of revisions that have not come to their end, as where one is stamped by hand."""
    store = HistoryStore(connection, settings)
    if store.exists():
        LoadedFiles(store, KIND).forget()
