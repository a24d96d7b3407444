"""The attributes of a dialect: every small difference between databases, with its default."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ahjo_tasks.database.drivers import Driver
    from ahjo_tasks.sql.lexer import Syntax
    from ahjo_tasks.sql.splitters import Splitter

NEVER = r"(?!)"
"""A regular expression that matches nothing."""


ALIASES = {"postgres": "postgresql", "pgsql": "postgresql", "sqlite3": "sqlite", "sqlserver": "mssql"}
"""Names of databases as people and other tools write them, with those of SQLAlchemy."""


def canonical(name: str) -> str:
    """Return a `dialect+driver` in lower case, with SQLAlchemy's name of the database."""
    database, plus, driver = name.lower().partition("+")
    return ALIASES.get(database, database) + plus + driver


MISFIT = "this script was made for another state of the database"
CHECKED = (
    "CREATE TEMPORARY TABLE ahjo_guard (fits INTEGER NOT NULL, CONSTRAINT this_script_does_not_fit CHECK (fits = 1));\n"
    "INSERT INTO ahjo_guard SELECT CASE WHEN {condition} THEN 1 ELSE 0 END;\nDROP TABLE ahjo_guard"
)
"""A guard of a script for a server that raises errors only in routines."""


class ScriptClient(NamedTuple):
    """The client that runs a script: its call, how a script begins and ends, and what ends a statement.

    `guard` fails unless its condition is true, `database` is the function that names the database, `login` the one
    that names the user, and `now` the time in UTC. `catalog` sets what the texts of the catalog depend on, and
    `schema_sql` asks for the schema of names without one. `digest` makes text of a hash of the dialect's, and
    `combined` one hash of those of several rows. `misread` is an expression for where in code the client sees a
    variable or a command of its own, unless `apart` comes there. `reset` puts the session back as `first` left it.
    """

    call: str
    first: str
    guard: str = CHECKED
    database: str = ""
    begin: str = ""
    commit: str = ""
    end: str = ";"
    login: str = ""
    now: str = "CURRENT_TIMESTAMP"
    catalog: str = ""
    schema_sql: str = ""
    digest: str = "{}"
    combined: str = "''"
    misread: str = NEVER
    apart: str = " "
    reset: str = ""


@dataclass(frozen=True)
class ProjectTemplate:
    """The files and the config that `init-project` creates for a database.

    `folder` is one of `project_template`, or an absolute path; `requirement` is what pip installs. `port` is the usual
    one, None for a database that is a file; `query` becomes `sqla_url_query_map` with `note` as its comment.
    """

    folder: str
    requirement: str
    port: int | None = None
    query: Mapping[str, str] = field(default_factory=dict)
    note: str = ""


class CatalogQuery(NamedTuple):
    """A query of kind, schema, name, definition and rights of some objects, up to the end of its WHERE clause.

    `name` is the expression that the names of the objects are compared with.
    """

    sql: str
    name: str

    def may_have(self, kind: str) -> bool:
        """Return whether objects of a kind may be among its rows, as far as its first column names their kinds."""
        column = self.sql.partition(" AS kind")[0]
        return "'" not in column or f"'{kind}'" in column


class DialectAttributes:
    """All attributes; those without a default must be set. Regular expressions are text, compiled when first used."""

    # -- the dialect -----------------------------------------------------------------------------------------------
    name: ClassVar[str]
    """Name in `sql_dialect` before the `+`, and of the entry point."""
    title: ClassVar[str]
    """Name of the database in messages."""
    project_template: ClassVar[ProjectTemplate | None] = None
    """Files and config that `init-project` creates; None leaves the database out of its choices."""

    # -- naming ----------------------------------------------------------------------------------------------------
    syntax: ClassVar[Syntax]
    """Lexical rules: how strings, quoted names and comments are written."""
    default_schema: ClassVar[str | None] = None
    """Schema of an object whose name has none; None where the database has no schemas."""
    current_schema_sql: ClassVar[str] = "SELECT NULL"
    """Query of the schema, or the database, that a name without one belongs to."""
    no_operation: ClassVar[str] = "SELECT 1 WHERE 1 = 0"
    """Statement that does nothing."""
    transaction_counters_sql: ClassVar[str] = ""
    """Query of how often the session has begun, committed and rolled back, where calls may do so unseen."""
    call: ClassVar[str] = NEVER
    """Finds, at the beginning of a statement, a call of code on the server that may end a transaction."""
    """Schema of an object whose name has none; None where the database has no schemas."""
    bookkeeping_schema: ClassVar[str | None] = None
    """Schema of our own tables and Alembic's, unless the config names one; None for the login's default."""
    unsupported_kinds: ClassVar[frozenset[str]] = frozenset({"assembly", "clr-procedure"})
    """Kinds of project files that the database cannot have; a file of such a kind is an error."""
    own_kinds: ClassVar[frozenset[str]] = frozenset()
    """Kinds of project files that most databases do not have, and this one does."""
    overloaded_kinds: ClassVar[frozenset[str]] = frozenset()
    """Kinds of objects of which several may have one name, with other parameters."""
    late_binding: ClassVar[frozenset[str]] = frozenset({"procedure"})
    """Kinds of objects that can be created before what their bodies use."""

    # -- connecting ------------------------------------------------------------------------------------------------
    default_driver: ClassVar[str]
    """SQLAlchemy's `dialect+driver` where the config names no driver."""
    drivers: ClassVar[tuple[Driver, ...]] = ()
    """Drivers that are known to load, the usual one first."""
    tools: ClassVar[tuple[str, ...]] = ()
    """Command line programs of the database, by their names on PATH."""
    driver_arguments: ClassVar[Mapping[str, str]] = {}
    """The usual driver's arguments for host, port, username, password and database; empty where SQLAlchemy is needed.

    A config of these keys alone is connected without SQLAlchemy, which takes longer to load than a look takes."""
    connect_limit: ClassVar[Mapping[str, str]] = {}
    """Argument of each driver for the seconds that connecting may take."""
    connect_defaults: ClassVar[Mapping[str, Any]] = {}
    """`connect_args` of `create_engine`, below those of the config."""
    needs_login: ClassVar[bool] = True
    """True if user name and password are asked for."""
    locks_projects: ClassVar[bool] = False
    """True if the deploy lock is one for each project in a database, and not one for the database."""
    sees_locks_sql: ClassVar[str] = ""
    """Query that is false on a replica, where nobody's locks are seen; empty where a replica has another identity."""
    file_based: ClassVar[bool] = False
    """True if the database is a file, whose path `target_database_name` is: it has no server and no port."""
    single_writer: ClassVar[bool] = False
    """True if a second connection cannot write while a transaction is open on the first one."""

    # -- running ---------------------------------------------------------------------------------------------------
    streams_rows: ClassVar[bool] = False
    """True if its drivers ask the server behind the execution: for rows, or when a cursor is closed."""

    @property
    def can_undo_block(self) -> bool:
        """True if the database can undo a block of a transaction that fails, with the objects that it created."""
        return self.savepoint_survives_error and self.transactional_ddl

    @property
    def splitter(self) -> Splitter:
        """Splits scripts into batches, each of which is one call."""
        raise NotImplementedError

    @property
    def statement_splitter(self) -> Splitter | None:
        """Splits files that cannot run in a transaction, where a call of several statements would be one."""
        return None

    time_separator: ClassVar[str] = " "
    """Character between date and time in a literal."""
    batch_is_statement: ClassVar[bool] = False
    """True if a batch has one statement, so that the position of a batch is the position of its error."""
    allows_nul: ClassVar[bool] = False
    """True if the driver sends text beyond a NUL character."""
    begin: ClassVar[str] = "BEGIN"
    commit: ClassVar[str] = "COMMIT"
    rollback: ClassVar[str] = "ROLLBACK"
    savepoint: ClassVar[str] = "SAVEPOINT ahjo_apart"
    rollback_to_savepoint: ClassVar[str] = "ROLLBACK TO SAVEPOINT ahjo_apart"
    release_savepoint: ClassVar[str] = "RELEASE SAVEPOINT ahjo_apart"
    """Statement that forgets the savepoint and keeps what was done since; empty where there is none."""
    savepoint_survives_error: ClassVar[bool] = True
    """True if a transaction can go on from its savepoint after an error."""
    incomplete_rollback: ClassVar[str | None] = None
    """The beginning of the server's message that a rollback left something."""
    drop_temporary: ClassVar[str] = "DROP {} IF EXISTS pg_temp.{}"
    """Statement that drops a temporary table or view, and nothing else of that name; {} is its kind, then its name."""
    transactional_ddl: ClassVar[bool] = True
    """True if CREATE, ALTER and DROP can be rolled back."""
    implicit_transaction_per_call: ClassVar[bool] = False
    """True if the server makes a transaction of each call, so that a file of one batch needs none of ours."""
    error_may_roll_back: ClassVar[bool] = False
    """True if some errors end the transaction, so that one that is gone after an error was not committed."""
    blocked_by_others: ClassVar[frozenset[str]] = frozenset()
    """Numbers of errors that another session causes, as a deadlock does: the same may succeed when it is run again."""
    implicit_commit_statement: ClassVar[str] = NEVER
    """Regular expression of the start of a statement that commits the transaction it is in."""
    render_as_batch: ClassVar[bool] = False
    """True if autogenerated migrations rebuild tables that ALTER TABLE cannot change (Alembic's `render_as_batch`)."""

    done_already: ClassVar[frozenset[str]] = frozenset()
    """Errors of DDL that was done before, where each statement of a migration is committed."""
    missing_objects: ClassVar[Mapping[str, str]] = {}
    """Regular expressions of messages by error number; a group is the name of an object that does not exist.

    The one of an empty number is for all other errors.
    """

    # -- administration --------------------------------------------------------------------------------------------
    maintenance_database: ClassVar[str | None] = None
    """Database to connect to in order to create and drop others."""
    system_databases: ClassVar[frozenset[str]] = frozenset()
    """Databases that `init` never drops."""
    supports_use_database: ClassVar[bool] = False
    """True if USE takes a connection to another database."""
    server_info_sql: ClassVar[str] = ""
    """Query of one row: server, host, login, database, collation, version and edition, NULL for what there is not."""
    session_sql: ClassVar[str] = ""
    """Query of the number of the session on the server; empty where there is no server."""
    script_client: ClassVar[ScriptClient]
    """The client that runs a plan as a script."""
    identity_sql: ClassVar[str] = ""
    """Query of one row: what the server says of itself and does not change, name of the database, major release."""
    content_sql: ClassVar[str] = ""
    """Query of kind and name of every object in the database that a user made; those of extensions are left out."""
    catalog_queries: ClassVar[tuple[CatalogQuery, ...]] = ()
    """Queries of what users made in the database besides tables; columns kind, schema_name, name, table_name,
    definition, rights.

    Shipped objects and those of extensions are left out."""
    comments_sql: ClassVar[str] = ""
    """Query of kind, schema, name, table and text of the comments on such objects and on their columns."""
    tables_sql: ClassVar[str] = ""
    """Query of schema, table, a line of text and a comment for each column, constraint and index of the tables whose
    names are {names}, in an order that is always the same; empty where SQLAlchemy reads them."""
    catalog_digest: ClassVar[str] = ""
    """Expression of the hash of a column, {}; empty where the texts themselves are read."""
    catalog_version_sql: ClassVar[str] = ""
    """Query of one value that is another one after any change of an object; a change may also seem to be one.

    Where it can look at some schemas alone, {schemas} is replaced by what their names are: IN (...), or IS NOT NULL."""
    hashes_make_version: ClassVar[bool] = False
    """True if `catalog_version` makes of the hashes of all objects what `catalog_version_sql` returns."""
    catalog_mark_sql: ClassVar[str] = ""
    """Query of a value that marks this moment for `changed_names_sql`; empty where that cannot be asked."""
    changed_names_sql: ClassVar[str] = ""
    """Query of the names of the objects that have changed since {mark}; empty for what other objects may follow."""
    names_changes_of_others: ClassVar[bool] = False
    """True if those are what other sessions have changed, or dropped, and what the own one did is not among them."""
    names_per_query: ClassVar[int] = 500
    """Names that one query of the catalog asks for; of more, all objects are read, or several queries ask."""
    catalog_bounds_sql: ClassVar[str] = ""
    """Query of the names and schemas of objects that divide all into portions, for reading one locks what it uses.

    Empty where one query may read all objects."""
    used_schemas_sql: ClassVar[str] = ""
    """Query of the schemas of what the objects in {schemas} use; empty where there is one version for the database."""
    table_exists_sql: ClassVar[str] = ""
    """Query that returns a row if there is a table; {schema} and {name} are literals."""
    invalid_index_sql: ClassVar[str] = ""
    """The query of the index of a {table} by its {name} that is there and cannot be used; both are literals."""
    table_triggers_sql: ClassVar[str] = ""
    """Query of the names, tables and texts of triggers, where a migration rebuilds a table by dropping it."""
    foreign_keys_sql: ClassVar[str] = ""
    """Query of all foreign keys: schema and name of the child, schema and name of the parent."""

    # -- classes of other packages, as `module:class`, loaded when they are needed ---------------------------------
    writer: ClassVar[str] = "ahjo_tasks.data.writers:Writer"
    """`Writer` that loads data files."""
    descriptions: ClassVar[str | None] = None
    """`DescriptionStore`; None where objects cannot have descriptions."""
    script_reader: ClassVar[str] = ""
    """`ScriptReader` that `pull` reads the objects with; empty where there is none."""
    refresh_step: ClassVar[str | None] = None
    """Step that refreshes modules after changes of tables; None where none need it."""
    login_step: ClassVar[str | None] = None
    """Step of `create-db-login`; None where logins are not created."""
    supports_sqlcmd: ClassVar[bool] = False
    """True if Microsoft's sqlcmd can run the permission files, and scripts may have its directives."""
