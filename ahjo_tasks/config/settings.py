"""Every key of a config, with its type, its default and its description; no other module has defaults."""

from typing import Annotated, Any, Literal

from msgspec import Meta, Struct
from msgspec.structs import asdict

from ahjo_tasks.config.secret import Secret, redact

Variables = Annotated[dict[str, str], Meta(extra_json_schema={"additionalProperties": {"type": ["string", "integer"]}})]
Count = Annotated[int, Meta(ge=0)]
Port = Annotated[int, Meta(ge=0, le=65535)]
Megabytes = Annotated[int, Meta(ge=1)]
ObjectPattern = Annotated[str, Meta(pattern=r"^[^/]+/[^/]*/.", title="kind/schema/name, as in view/*/tmp_*")]


class ActionFile(Struct, frozen=True):
    """A Python file with actions of the project."""

    source_file: Annotated[str, Meta(description="Path of the Python file.")]
    name: Annotated[str, Meta(description="Label shown while the file is loaded.")] = ""


class PermissionFile(Struct, frozen=True):
    """A SQL file that creates permissions, with the variables it takes."""

    source: Annotated[str, Meta(description="Path of the SQL file.")]
    variables: Annotated[Variables, Meta(description="Values of `$(name)` in the file.")] = {}


class Settings(Struct, frozen=True, kw_only=True, rename={"sqlalchemy_url": "sqlalchemy.url"}):
    """The validated values of a config. None leaves the choice to the dialect, or means nothing.

    Paths are as written; relative ones start from the project folder.
    """

    allowed_actions: Annotated[
        Literal["ALL"] | tuple[str, ...],
        Meta(description="Actions that may run here: an array of names, or ALL."),
    ]
    skipped_actions: Annotated[tuple[str, ...], Meta(description="Actions that are skipped here.")] = ()
    environment: Annotated[str | None, Meta(description="Free label of this target, shown in headings.")] = None

    project: Annotated[
        str, Meta(description="Name of the project; it tells several projects in one database apart.", max_length=100)
    ] = ""

    target_server_hostname: Annotated[str | None, Meta(description="Host name or address of the server.")] = None
    sql_port: Annotated[Port | None, Meta(description="Port of the server; without it, or with 0, the usual one.")] = (
        None
    )
    target_database_name: Annotated[str | None, Meta(description="Name of the database; for SQLite, its file.")] = None
    sql_dialect: Annotated[str, Meta(description="The database, or database and driver, as in mssql+pyodbc.")] = "mssql"
    sql_driver: Annotated[str | None, Meta(description="Name of the ODBC driver.")] = None
    sqlalchemy_url: Annotated[
        Secret | None,
        Meta(description="Complete SQLAlchemy URL; it replaces the keys that describe the connection."),
    ] = None
    sqlalchemy: Annotated[
        dict[str, Any], Meta(description="Options of `create_engine`, each written `sqlalchemy.<option>`.")
    ] = {}
    sqla_url_query_map: Annotated[dict[str, Any], Meta(description="Further query items of the connection URL.")] = {}
    odbc_trust_server_certificate: Annotated[
        str | bool | None,
        Meta(description="Deprecated: write TrustServerCertificate in sqla_url_query_map."),
    ] = None
    odbc_encrypt: Annotated[str | bool | None, Meta(description="Deprecated: write Encrypt in sqla_url_query_map.")] = (
        None
    )

    username: Annotated[str | None, Meta(description="Login name; a file or the environment is the better place.")] = (
        None
    )
    password: Annotated[Secret | None, Meta(description="Password; a file or the environment is the better place.")] = (
        None
    )
    username_file: Annotated[str | None, Meta(description="File that holds the login name.")] = None
    password_file: Annotated[str | None, Meta(description="File that holds the password.")] = None
    login_password_file: Annotated[
        str | None, Meta(description="File that holds the password of the login that create-db-login makes.")
    ] = None
    trusted_connection: Annotated[bool, Meta(description="Log in as the user of the operating system.")] = False
    azure_authentication: Annotated[
        Literal["ActiveDirectoryPassword", "ActiveDirectoryInteractive", "ActiveDirectoryIntegrated", "AzureIdentity"]
        | None,
        Meta(description="How to log in with Microsoft Entra."),
    ] = None
    azure_identity_settings: Annotated[dict[str, Any], Meta(description="Settings of AzureIdentity: `token_url`.")] = {}

    connect_resiliently: Annotated[bool, Meta(description="Try again when the server does not answer at first.")] = True
    connect_timeout: Annotated[Count, Meta(description="Seconds that a try to connect may take; 0 for no limit.")] = 15
    connect_retry_count: Annotated[
        Count | None,
        Meta(
            description="How many times to try to connect: without it 20 times,"
            " but once where no server answers at that host and port."
        ),
    ] = None
    connect_retry_interval: Annotated[Count, Meta(description="Seconds between two tries.")] = 10
    lock_timeout: Annotated[
        Count, Meta(description="Seconds to wait for the deploy lock of the database, and for locks on what is in it.")
    ] = 60
    statement_timeout: Annotated[Count, Meta(description="Seconds that a statement may take; 0 for no limit.")] = 0
    stall_timeout: Annotated[
        Count,
        Meta(
            description="Seconds that a statement may run before another connection is made to see whether it still"
            " does; a connection that has stalled ends the run. 0 never looks."
        ),
    ] = 60
    target_database_protected: Annotated[
        bool, Meta(description="Ask for the name of the database before changing it.")
    ] = False
    display_db_info: Annotated[
        bool, Meta(description="Show server and database before an action that changes them.")
    ] = True
    deploy_transaction: Annotated[
        Literal["run", "file"],
        Meta(description="What is one transaction, where DDL can be rolled back: all that an action runs, or a file."),
    ] = "run"
    deploy_retries: Annotated[
        Count,
        Meta(
            description="How often a run is repeated that was rolled back because another session was in the way: a"
            " deadlock, or a lock that was not released in time."
        ),
    ] = 0
    context_connectable_type: Annotated[
        Literal["engine", "connection"],
        Meta(description="What `get_connectable()` gives to the actions of the project."),
    ] = "engine"
    transaction_mode: Annotated[
        Literal["begin_once", "commit_as_you_go"],
        Meta(description="Who commits, when the connectable is a connection."),
    ] = "begin_once"
    scripting_variables: Annotated[
        Variables, Meta(description="Values of `$(name)` in the SQL files of objects and data.")
    ] = {}
    sqlcmd_directives: Annotated[
        bool | tuple[str, ...],
        Meta(description="SQL files in which `:setvar`, `:r`, `:on error` and `$(name)` count: all, or these folders."),
    ] = False

    alembic_version_table: Annotated[str, Meta(description="Table of the Alembic revision.")] = "alembic_version"
    alembic_version_table_schema: Annotated[str | None, Meta(description="Schema of that table.")] = None
    history_schema: Annotated[str | None, Meta(description="Schema of the tables of the history.")] = None
    history_prefix: Annotated[
        Annotated[str, Meta(pattern=r"^[A-Za-z_]\w{0,29}$")],
        Meta(description="Beginning of the names of these tables."),
    ] = "ahjo_"
    history_keep: Annotated[
        Annotated[int, Meta(ge=1)], Meta(description="Runs that the history keeps; older ones are deleted.")
    ] = 1000
    on_drift: Annotated[
        Literal["replace", "stop"],
        Meta(description="What a deploy does with objects that were changed by hand: replace them, or stop."),
    ] = "replace"
    drift_ignore: Annotated[
        tuple[ObjectPattern, ...],
        Meta(description="Objects that are never drift: patterns of kind/schema/name, as in view/*/tmp_*."),
    ] = ()
    git_table: Annotated[str, Meta(description="Table of the deployed git version.")] = "git_version"
    git_table_schema: Annotated[str | None, Meta(description="Schema of that table.")] = None
    url_of_remote_git_repository: Annotated[
        str | None, Meta(description="Repository to record, instead of origin.")
    ] = None
    git_version_info_path: Annotated[
        str | None,
        Meta(description="JSON file with repository, branch and commit, read instead of asking git."),
    ] = None
    upgrade_actions_file: Annotated[str, Meta(description="File that lists the actions of each version.")] = (
        "./upgrade_actions.jsonc"
    )

    database_collation: Annotated[str | None, Meta(description="Collation of a new database.")] = None
    catalog_collation_type_desc: Annotated[str, Meta(description="Catalog collation that Azure SQL should have.")] = (
        "DATABASE_DEFAULT"
    )
    database_compatibility_level: Annotated[int | None, Meta(description="Compatibility level of a new database.")] = (
        None
    )
    database_data_path: Annotated[str | None, Meta(description="Data file of a new database, on the server.")] = None
    database_log_path: Annotated[str | None, Meta(description="Log file of a new database, on the server.")] = None
    database_init_size: Annotated[Megabytes, Meta(description="First size of the data file, in MB.")] = 100
    database_max_size: Annotated[Megabytes, Meta(description="Largest size of the data file, in MB.")] = 100_000
    database_file_growth: Annotated[Megabytes, Meta(description="Growth step of the data file, in MB.")] = 500
    database_edition: Annotated[str | None, Meta(description="Edition of a new Azure SQL database.")] = None
    database_service_objective: Annotated[
        str | None, Meta(description="Service objective of a new Azure SQL database, as in S0.")
    ] = None
    database_elastic_pool: Annotated[
        str | None, Meta(description="Elastic pool of a new Azure SQL database, in place of a service objective.")
    ] = None

    metadata_allowed_schemas: Annotated[
        tuple[str, ...] | None,
        Meta(description="Schemas whose descriptions are kept in files; none given means all, an empty array none."),
    ] = None
    db_permissions: Annotated[tuple[PermissionFile, ...], Meta(description="SQL files that create permissions.")] = (
        PermissionFile("database/create_db_permissions.sql"),
    )
    db_permission_invoke_method: Annotated[
        Literal["sqlalchemy", "sqlcmd"],
        Meta(description="Program that runs the permission files."),
    ] = "sqlalchemy"
    db_permissions_variables: Annotated[
        Variables, Meta(description="Values of `$(name)` in database/permissions.")
    ] = {}

    data_loading: Annotated[
        dict[str, Any],
        Meta(description="How CSV and Parquet files are loaded: mode, key, separator (`;` by default), null_text."),
    ] = {}
    test_variables: Annotated[Variables, Meta(description="Values of `$(name)` in the SQL tests.")] = {}
    save_test_results_to_db: Annotated[bool, Meta(description="Store the results of the SQL tests in a table.")] = False
    test_table_name: Annotated[str, Meta(description="Table of the test results.")] = "ahjo_tests"
    test_table_schema: Annotated[str | None, Meta(description="Schema of that table.")] = None
    create_test_table_if_not_exists: Annotated[bool, Meta(description="Create the table of the test results.")] = True
    test_view_name: Annotated[str, Meta(description="View of the test results.")] = "vwAhjoTests"
    test_view_schema: Annotated[str | None, Meta(description="Schema of that view.")] = None
    exit_on_test_failure: Annotated[bool, Meta(description="Stop the chain of actions at a failed test.")] = False

    enable_database_logging: Annotated[bool, Meta(description="Log into a table of the database.")] = False
    log_table: Annotated[str, Meta(description="Table of the log.")] = "ahjo_log"
    log_table_schema: Annotated[str | None, Meta(description="Schema of that table.")] = None
    log_format: Annotated[Literal["text", "json"], Meta(description="Lines of ahjo.log: text, or an object each.")] = (
        "text"
    )
    windows_event_log: Annotated[bool, Meta(description="Log into the Windows event log.")] = False
    enable_sqlalchemy_logging: Annotated[bool, Meta(description="Log what SQLAlchemy does into sqlalchemy.log.")] = (
        False
    )
    color_console_logging: Annotated[bool, Meta(description="Use colours on a terminal.")] = True

    compare: Annotated[dict[str, Any], Meta(description="One comparison, or several by name.")] = {}
    ahjo_action_files: Annotated[
        tuple[ActionFile, ...], Meta(description="Python files with actions of the project.")
    ] = (ActionFile("ahjo_actions.py", "Ahjo actions"),)

    def __repr__(self) -> str:
        """Show every value, secrets as `***`."""
        values = ", ".join(f"{name}={redact(name, value)!r}" for name, value in asdict(self).items())
        return f"Settings({values})"
