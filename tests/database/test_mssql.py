from __future__ import annotations

import re
import threading
from types import SimpleNamespace
from typing import Any

import pytest
from fakes import FakeConnection, settings

from ahjo_tasks.database.dialects.base import ServerMessage
from ahjo_tasks.database.dialects.mssql import MSSQL, databases, errors, session
from ahjo_tasks.errors import ServerError, StatementError
from ahjo_tasks.sql.definitions import Definition, Name
from ahjo_tasks.sql.tokens import tokenize

# -- what the drivers say ----------------------------------------------------------------------------------------------

VENDOR = "[Microsoft][ODBC Driver 18 for SQL Server][SQL Server]"


def odbc(state: str, text: str, number: int, function: str = "SQLExecDirectW") -> str:
    return f"[{state}] {VENDOR}{text} ({number}) ({function})"


def pyodbc_error(*said: str) -> Exception:
    return Exception(re.findall(r"\w{5}", said[0])[0], "; ".join(said))


class MssqlPythonError(Exception):
    def __init__(self, driver_error: str, ddbc_error: str) -> None:
        super().__init__(f"Driver Error: {driver_error}; DDBC Error: {ddbc_error}")
        self.driver_error = driver_error
        self.ddbc_error = ddbc_error


def pymssql_error(number: int, text: str) -> Exception:
    library = "DB-Lib error message 20018, severity 14:\nGeneral SQL Server error: Check messages from the SQL Server\n"
    return Exception((number, f"{text}{library}".encode()))


def test_the_first_error_counts_and_its_number_is_the_servers() -> None:
    error = pyodbc_error(odbc("42S22", "Invalid column name 'a'.", 207), odbc("42S22", "Invalid column name 'b'.", 207))
    assert MSSQL().server_error(error, "") == ServerError("Invalid column name 'a'.", "207")


def test_a_message_that_looks_like_the_drivers_own_form_stays_whole() -> None:
    error = pyodbc_error(odbc("42000", "thrown; [x] (3) y", 51000))
    assert MSSQL().server_error(error, "") == ServerError("thrown; [x] (3) y", "51000")


def test_messages_that_come_with_an_error_are_not_lost() -> None:
    error = pyodbc_error(odbc("22012", "Divide by zero.", 8134), f"[01000] {VENDOR}so far so good (0)")
    assert MSSQL().error_messages(error) == [ServerMessage("so far so good")]
    assert MSSQL().server_error(error, "").message == "Divide by zero."


DOOMED = {
    3930: "The current transaction cannot be committed and cannot support operations that write to the log file.",
    3931: "The current transaction cannot be committed and cannot be rolled back to a savepoint.",
    3998: "Uncommittable transaction is detected at the end of the batch. The transaction is rolled back.",
}


@pytest.mark.parametrize(("number", "text"), DOOMED.items())
def test_a_doomed_transaction_has_a_hint_at_what_dooms_it(number: int, text: str) -> None:
    dialect = MSSQL()
    said = [
        pyodbc_error(odbc("42000", text, number)),
        pymssql_error(number, text),
        MssqlPythonError("Syntax error or access violation", f"{VENDOR}{text}"),
    ]
    for error in said:
        assert "SET XACT_ABORT OFF" in (dialect.server_error(error, "").hint or "")
    assert dialect.server_error(pymssql_error(8134, "Divide by zero."), "").hint is None


def test_messages_come_without_the_names_of_the_driver_and_without_chatter() -> None:
    cursor = SimpleNamespace(
        messages=[("[01000] (0)", f"{VENDOR}[a] said"), ("[01000] (5701)", f"{VENDOR}Changed database context to 'x'.")]
    )
    assert MSSQL().messages(cursor) == [ServerMessage("[a] said")]


def test_the_other_drivers_errors_are_read_too() -> None:
    dialect = MSSQL()
    python = MssqlPythonError("Division by zero", "[Microsoft][SQL Server]Divide by zero.")
    assert dialect.server_error(python, "") == ServerError("Divide by zero.")
    assert dialect.server_error(pymssql_error(8134, "Divide by zero."), "") == ServerError("Divide by zero.", "8134")


def test_pymssql_tells_the_line_and_what_is_no_error() -> None:
    dialect, said = MSSQL(), []
    handlers: list[Any] = []
    raw = SimpleNamespace(_conn=SimpleNamespace(set_msghandler=handlers.append))
    dialect.subscribe_messages(raw, said.append)
    (handler,) = handlers
    handler(1, 0, b"S", b"", 3, "grüß".encode())
    handler(1, 16, b"S", b"", 7, b"Divide by zero.")
    handler(1, 16, b"S", b"", 8, b"And then.")
    assert said == [ServerMessage("grüß", 3)]
    found = dialect.server_error(pymssql_error(8134, "Divide by zero."), "\n" * 6)
    assert (found.line, found.severity) == (7, "Level 16, State 1")
    handler(1, 16, b"S", b"p", 2, b"Inside.")
    inside = dialect.server_error(pymssql_error(50000, "Inside."), "")
    assert (inside.line, inside.procedure) == (None, "p, line 2")


def test_the_errors_of_two_connections_of_pymssql_are_kept_apart_by_their_threads() -> None:
    """Tests that run side by side share the dialect."""
    dialect, handlers = MSSQL(), []
    for _ in range(2):
        dialect.subscribe_messages(SimpleNamespace(_conn=SimpleNamespace(set_msghandler=handlers.append)), print)
    lines: list[int | None] = []
    handlers[0](1, 16, b"S", b"", 2, b"Divide by zero.")

    def another() -> None:
        handlers[1](1, 16, b"S", b"", 3, b"Divide by zero.")
        lines.append(dialect.server_error(pymssql_error(8134, "Divide by zero."), "\n" * 6).line)

    thread = threading.Thread(target=another)
    thread.start()
    thread.join()
    lines.append(dialect.server_error(pymssql_error(8134, "Divide by zero."), "\n" * 6).line)
    assert lines == [3, 2]


def pymssql_again(number: int) -> Exception:
    """What pymssql says of the second failure in a process: the server's words are gone."""
    words = b"DB-Lib error message 20018, severity 14:\nGeneral SQL Server error: Check messages from the SQL Server\n"
    return Exception(number, words)


FAILED_LOGIN = odbc("28000", "Login failed for user 'x'.", 18456, "SQLDriverConnect")
NO_DATABASE = odbc("42000", 'Cannot open database "x" requested by the login.', 4060, "SQLDriverConnect")
PROBLEMS = {
    "password": (pyodbc_error(FAILED_LOGIN), "refused the login", "password", False),
    "password, FreeTDS": (
        pyodbc_error(odbc("42000", "Login failed for user 'x'.", 18456)),
        "refused the login",
        "pass",
        False,
    ),
    "password, mssql-python": (
        MssqlPythonError("Invalid authorization specification", "[Microsoft][SQL Server]Login failed for user 'x'."),
        "refused the login",
        "password",
        False,
    ),
    "password, pymssql": (pymssql_error(18456, "Login failed for user 'x'."), "refused the login", "password", False),
    "database": (pyodbc_error(NO_DATABASE, FAILED_LOGIN), "does not exist", "inv init", False),
    "certificate": (
        pyodbc_error(
            odbc(
                "08001",
                "SSL Provider: [error:0A000086:SSL routines::certificate verify failed:self-signed certificate]",
                -1,
            )
        ),
        "certificate is not trusted",
        "TrustServerCertificate",
        False,
    ),
    "encryption": (
        pyodbc_error(odbc("08001", "Encryption not supported on SQL Server.", 20)),
        "no encryption",
        "Encrypt",
        False,
    ),
    "driver": (
        pyodbc_error("[01000] [unixODBC][Driver Manager]Can't open lib 'x' : file not found (0) (SQLDriverConnect)"),
        "ODBC driver was not found",
        "pip install",
        False,
    ),
    "driver, Windows": (
        pyodbc_error("[IM002] [Microsoft][ODBC Driver Manager] Data source name not found (0) (SQLDriverConnect)"),
        "ODBC driver was not found",
        "pip install",
        False,
    ),
    "firewall": (
        pyodbc_error(odbc("42000", "Cannot open server 'x' requested by the login. Client with IP address", 40615)),
        "Cannot open server",
        "firewall",
        False,
    ),
    "firewall, mssql-python": (
        MssqlPythonError(
            "Syntax error or access violation",
            "[Microsoft][SQL Server]Client with IP address '1.2.3.4' is not allowed to access the server.",
        ),
        "not allowed",
        "firewall",
        False,
    ),
    "no ticket": (
        pyodbc_error(
            "[HY000] [Microsoft][ODBC Driver 18 for SQL Server]SSPI Provider: No Kerberos credentials (458752)"
        ),
        "Kerberos ticket",
        "kinit",
        False,
    ),
    "Entra": (
        pyodbc_error(
            "[FA004] [Microsoft][ODBC Driver 18 for SQL Server][SQL Server]Failed to authenticate the user 'x' in"
            " Active Directory (Authentication option is 'ActiveDirectoryPassword').\r\nError code 0xCAA9001F; state 10"
        ),
        "Microsoft Entra refused the login",
        "tenant",
        False,
    ),
    "paused again, pymssql": (pymssql_again(40613), "refused", "connect_retry_count", True),
    "paused": (
        pyodbc_error(odbc("HY000", "Database 'x' on server 'y' is not currently available.", 40613)),
        "not currently",
        "",
        True,
    ),
    "paused, mssql-python": (
        MssqlPythonError(
            "General error", "[Microsoft][SQL Server]Database 'x' on server 'y' is not currently available."
        ),
        "not currently",
        "paused",
        True,
    ),
    "busy": (
        pyodbc_error(odbc("HY000", "The service has encountered an error.", 40197)),
        "encountered",
        "connect_retry_count",
        True,
    ),
    "timeout": (
        pyodbc_error("[HYT00] [Microsoft][ODBC Driver 18 for SQL Server]Login timeout expired (0) (SQLDriverConnect)"),
        "timeout",
        "sql_port",
        True,
    ),
    "gone": (
        MssqlPythonError("Communication link failure", "[Microsoft]TCP Provider: Error code 0x2746"),
        "TCP",
        "sql_port",
        True,
    ),
    "nobody, pymssql": (
        Exception(
            (0, b"DB-Lib error message 20009, severity 9:\nUnable to connect: TDS server is unavailable (x)\nNet-Lib\n")
        ),
        "Unable to connect",
        "sql_port",
        True,
    ),
}


@pytest.mark.parametrize(("error", "said", "hint", "wait"), PROBLEMS.values(), ids=PROBLEMS)
def test_a_failed_connection_is_one_sentence_that_says_what_to_do(
    error: Exception, said: str, hint: str, wait: bool
) -> None:
    problem = MSSQL().classify_connect_error(error)
    assert said in problem.message
    assert hint in str(problem.hint)
    assert problem.wait is wait
    assert "\n" not in problem.message
    assert problem.missing_database is ("does not exist" in said)


def test_an_error_of_no_known_form_is_still_said() -> None:
    assert MSSQL().classify_connect_error(Exception()).message == "Exception"
    assert errors.records(Exception("just so"))[0].text == "just so"


# -- databases ---------------------------------------------------------------------------------------------------------

ON_PREMISES = {"EngineEdition": [(3,)]}
AZURE = {"EngineEdition": [(5,)]}
FILES = {"database_data_path": r"D:\data\shop.mdf", "database_log_path": "/var/log/shop.ldf"}


def created(
    answers: dict[str, Any], refuses: dict[str, ServerError] | None = None, **values: Any
) -> tuple[FakeConnection, list[str]]:
    connection = FakeConnection(answers, refuses)
    warnings = MSSQL().create_database(connection, "sh]op", settings(**values))  # type: ignore[arg-type]
    return connection, warnings


def test_a_database_is_created_with_its_files_sizes_and_collation() -> None:
    connection, warnings = created(
        ON_PREMISES,
        **FILES,
        database_collation="Finnish_Swedish_CI_AS",
        database_compatibility_level=150,
        database_init_size=7,
    )
    made = (
        "CREATE DATABASE [sh]]op] ON PRIMARY"
        r" (NAME = N'shop_dat', FILENAME = N'D:\data\shop.mdf', SIZE = 7MB, MAXSIZE = 100000MB, FILEGROWTH = 500MB)"
        " LOG ON"
        " (NAME = N'shop_log', FILENAME = N'/var/log/shop.ldf', SIZE = 50MB, MAXSIZE = 5000MB, FILEGROWTH = 500MB)"
        " COLLATE Finnish_Swedish_CI_AS"
    )
    assert connection.ran[1:] == [
        made,
        "ALTER DATABASE [sh]]op] SET COMPATIBILITY_LEVEL = 150",
        "ALTER DATABASE [sh]]op] SET RECOVERY SIMPLE",
    ]
    assert warnings == []


def test_without_settings_the_server_decides() -> None:
    connection, _warnings = created(ON_PREMISES, database_data_path="only one of two")
    assert connection.ran[1] == "CREATE DATABASE [sh]]op]"


def test_a_setting_that_is_refused_is_a_warning_that_names_it() -> None:
    connection, warnings = created(
        ON_PREMISES,
        {"COLLATE": ServerError("Invalid collation."), "RECOVERY": ServerError("Not here.")},
        **FILES,
        database_collation="No_Such",
    )
    assert warnings == ["database_collation: Invalid collation.", "recovery model SIMPLE: Not here."]
    assert any("ON PRIMARY" in text and "COLLATE" not in text for text in connection.ran)


def test_a_database_that_cannot_be_created_is_an_error() -> None:
    with pytest.raises(StatementError, match="permission denied"):
        created(ON_PREMISES, {"CREATE DATABASE": ServerError("CREATE DATABASE permission denied")}, **FILES)


def test_azure_has_clauses_of_its_own() -> None:
    connection, warnings = created(
        AZURE,
        **FILES,
        database_edition="Standard",
        database_service_objective="S1",
        database_collation="Latin1_General_CS_AS",
        catalog_collation_type_desc="SQL_Latin1_General_CP1_CI_AS",
    )
    (made,) = connection.ran[1:]
    assert made == (
        "CREATE DATABASE [sh]]op] COLLATE Latin1_General_CS_AS (EDITION = 'Standard', SERVICE_OBJECTIVE = 'S1')"
        " WITH CATALOG_COLLATION = SQL_Latin1_General_CP1_CI_AS"
    )
    assert warnings == ["database_data_path, database_log_path: Azure places the files itself"]


def test_an_elastic_pool_stands_in_place_of_a_service_objective() -> None:
    connection, _warnings = created(AZURE, database_elastic_pool="po]ol", database_service_objective="S1")
    assert "(SERVICE_OBJECTIVE = ELASTIC_POOL(name = [po]]ol]))" in connection.said
    assert "S1" not in connection.said


def test_settings_of_azure_are_named_elsewhere() -> None:
    _connection, warnings = created(ON_PREMISES, database_elastic_pool="pool")
    assert warnings == ["database_elastic_pool: only Azure SQL Database has it"]


def test_a_database_is_dropped_when_its_sessions_are_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.sleep", lambda _seconds: None)
    connection = FakeConnection({"dm_exec_sessions": [(51,), (52,)]}, {"SINGLE_USER": ServerError("not supported")})
    MSSQL().drop_database(connection, "it's", lambda: connection.ran.append("left"))  # type: ignore[arg-type]
    assert connection.ran[0] == "ALTER DATABASE [it's] SET SINGLE_USER WITH ROLLBACK IMMEDIATE"
    assert "DB_ID(N'it''s')" in connection.ran[1]
    assert connection.ran[2:] == ["KILL 51", "KILL 52", "left", "DROP DATABASE [it's]"]


def test_a_database_in_use_is_tried_again_and_left_open_to_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.sleep", lambda _seconds: None)
    monkeypatch.setattr(databases, "MAX_DROP_ATTEMPTS", 3)
    connection = FakeConnection(
        refuses={"DROP": ServerError('Cannot drop database "shop" because it is currently in use.', "3702")}
    )
    with pytest.raises(StatementError, match="in use"):
        MSSQL().drop_database(connection, "shop", lambda: None)  # type: ignore[arg-type]
    assert connection.ran.count("DROP DATABASE [shop]") == 3
    assert connection.ran[-1] == "ALTER DATABASE [shop] SET MULTI_USER"


def information(edition: int, **values: Any) -> tuple[dict[str, str], list[str]]:
    row = ("SRV", "pc", "me", "shop", "Finnish_Swedish_CI_AS", "16.0.1", "Developer", edition)
    connection = FakeConnection({"SERVERNAME": [row], "catalog_collation": [("DATABASE_DEFAULT",)]})
    return MSSQL().server_info(connection, settings(**values))  # type: ignore[arg-type]


def test_information_names_server_database_and_collation() -> None:
    facts, warnings = information(3)
    assert list(facts) == ["server", "host", "login", "database", "collation", "version", "edition"]
    assert warnings == []


def test_a_collation_that_the_config_does_not_want_is_a_warning() -> None:
    assert information(3, database_collation="finnish_swedish_ci_as")[1] == []
    (warning,) = information(3, database_collation="Latin1_General_CS_AS")[1]
    assert "Finnish_Swedish_CI_AS" in warning
    assert "database_collation says Latin1_General_CS_AS" in warning


def test_azure_is_asked_for_its_catalog_collation() -> None:
    facts, warnings = information(5)
    assert facts["catalog collation"] == "DATABASE_DEFAULT"
    assert warnings == []
    (warning,) = information(5, catalog_collation_type_desc="SQL_Latin1_General_CP1_CI_AS")[1]
    assert "catalog_collation_type_desc says SQL_Latin1_General_CP1_CI_AS" in warning


@pytest.mark.parametrize(
    ("error", "used"),
    [
        (ServerError("Cannot DROP VIEW 'dbo.a' because it is being referenced by object 'b'.", "3729"), True),
        (ServerError("cannot drop view a because other objects depend on it", "33557097"), True),
        (
            ServerError("Cannot drop the view 'a', because it does not exist or you do not have permission.", "3701"),
            False,
        ),
    ],
)
def test_a_view_that_others_hold_is_told_by_its_error(error: ServerError, used: bool) -> None:
    assert MSSQL().is_dependency_error(error) is used


@pytest.mark.parametrize(
    ("refused", "warnings"),
    [
        (r"SIZE = -5MB", ["database_init_size: no"]),
        (r"FILENAME", ["database_data_path, database_log_path: no"]),
        (r"COLLATE|FILEGROWTH = 0MB", ["database_file_growth: no", "database_collation: no"]),
    ],
)
def test_each_setting_of_the_files_is_named_by_itself(refused: str, warnings: list[str]) -> None:
    values = {"database_init_size": -5, "database_file_growth": 0, "database_collation": "No_Such"}
    refuses = {refused: ServerError("no")}
    assert sorted(created(ON_PREMISES, refuses, **FILES, **values)[1]) == sorted(warnings)


def test_one_path_without_the_other_is_a_warning() -> None:
    (warning,) = created(ON_PREMISES, database_log_path="only one of two")[1]
    assert warning == "database_log_path: it counts only where both paths are given"


def test_azure_names_the_clause_that_it_refuses() -> None:
    values = {"database_edition": "Standard", "database_service_objective": "S999"}
    connection, warnings = created(AZURE, {"S999": ServerError("not found")}, **values)
    assert warnings == ["database_service_objective: not found"]
    assert "(EDITION = 'Standard') WITH CATALOG_COLLATION = DATABASE_DEFAULT" in connection.ran[-1]


def test_a_connection_that_breaks_is_no_refused_setting() -> None:
    with pytest.raises(StatementError, match="gone"):
        created(ON_PREMISES, {"CREATE": ServerError("gone", lost=True)}, database_collation="A")


# -- names -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("made", "expected"),
    [
        (Definition("view", Name("dbo", "it's]")), "DROP VIEW IF EXISTS [dbo].[it's]]]"),
        (Definition("trigger", Name("dbo", "tr"), Name("dbo", "t")), "DROP TRIGGER IF EXISTS [dbo].[tr]"),
        (Definition("trigger", Name(None, "tr"), Name(None, "DATABASE")), "DROP TRIGGER IF EXISTS [tr] ON DATABASE"),
        (Definition("trigger", Name(None, "tr"), Name(None, "all")), "DROP TRIGGER IF EXISTS [tr] ON ALL SERVER"),
        (Definition("assembly", Name(None, "clr.code")), "DROP ASSEMBLY IF EXISTS [clr.code]"),
        (Definition("procedure", Name(None, "p")), "DROP PROCEDURE IF EXISTS [p]"),
    ],
)
def test_names_are_always_in_brackets(made: Definition, expected: str) -> None:
    assert MSSQL().drop_statement(made) == expected


@pytest.mark.parametrize(
    ("text", "keyword"),
    [
        ("CREATE FUNCTION dbo.f() RETURNS int AS EXTERNAL NAME a.b.c", "FUNCTION"),
        ("CREATE /* CLR */ AGGREGATE [dbo].[F] (@x int) RETURNS int EXTERNAL NAME a.b", "AGGREGATE"),
        ("CREATE AGGREGATE f (@x int) RETURNS int EXTERNAL NAME a", "AGGREGATE"),
        ("CREATE AGGREGATE f.g (@x int) RETURNS int EXTERNAL NAME a -- CREATE AGGREGATE f", "FUNCTION"),
    ],
)
def test_an_aggregate_is_dropped_as_such(text: str, keyword: str) -> None:
    dropped = MSSQL().drop_statement(Definition("function", Name("dbo", "f")), text)
    assert dropped == f"DROP {keyword} IF EXISTS [dbo].[f]"


# -- the session -------------------------------------------------------------------------------------------------------


def kept(*texts: str, answers: dict[str, Any] | None = None, **options: Any) -> FakeConnection:
    connection = FakeConnection(answers, transactional=True)
    vars(connection).update(options)
    with connection.preserve_session(texts):
        connection.ran.append("-- the file")
    return connection


@pytest.mark.parametrize(
    "text",
    [
        "SET ANSI_NULLS ON; SET QUOTED_IDENTIFIER ON",
        "UPDATE t SET nocount = 1",
        "CREATE PROCEDURE p AS SET NOCOUNT ON; SET XACT_ABORT OFF",
        "-- about it\nALTER TRIGGER t ON x AFTER INSERT AS SET NOCOUNT ON",
        "SELECT 1",
    ],
)
def test_what_changes_nothing_costs_nothing(text: str) -> None:
    assert kept(text).ran == ["-- the file"]


@pytest.mark.parametrize(
    ("text", "back"),
    [
        ("SET NOCOUNT ON", "SET NOCOUNT OFF"),
        ("set quoted_identifier off", "SET QUOTED_IDENTIFIER ON"),
        ("SET ANSI_NULLS, ANSI_PADDING OFF", "SET ANSI_NULLS ON; SET ANSI_PADDING ON"),
        ("SET NOEXEC ON", "SET NOEXEC OFF"),
        ("SET TRANSACTION ISOLATION LEVEL SERIALIZABLE", "SET TRANSACTION ISOLATION LEVEL READ COMMITTED"),
        ("SET ROWCOUNT 10", "SET ROWCOUNT 0"),
        ("USE [other]", "USE [shop]"),
        (
            "SET IDENTITY_INSERT dbo.[a b] ON",
            "IF OBJECT_ID(N'dbo.[a b]') IS NOT NULL SET IDENTITY_INSERT dbo.[a b] OFF",
        ),
    ],
)
def test_what_a_file_sets_is_set_back(text: str, back: str) -> None:
    assert kept("SELECT 1", text).ran == ["-- the file", back]


@pytest.mark.parametrize(
    ("text", "back"),
    [
        ("DECLARE c CURSOR FOR SELECT 1", "CURSOR_STATUS('global', N'c') > -3 EXEC(N'DEALLOCATE [c]')"),
        ("DECLARE c INSENSITIVE SCROLL CURSOR FOR SELECT 1", "DEALLOCATE [c]"),
        ("SELECT 1 AS x INTO #t", "DROP TABLE [#t]"),
        ("SET CONTEXT_INFO 0x12", "SET CONTEXT_INFO 0x"),
        ("EXEC sp_getapplock 'my lock', Exclusive, Session", "sp_releaseapplock @Resource = N'my lock'"),
        ("EXEC @r = sys.sp_getapplock @LockOwner = N'Session', @Resource = N'r'", "@Resource = N'r'"),
        (
            "EXEC sp_set_session_context @value = 5, @key = N'k'",
            "SESSION_CONTEXT(N'ahjo saved 0'); EXEC sys.sp_set_session_context N'k', @value",
        ),
    ],
)
def test_what_a_file_leaves_in_its_session_is_taken_back(text: str, back: str) -> None:
    answers = {"APPLOCK_MODE": [("NoLock",)], "CONTEXT_INFO": [(None,)], "tempdb": [(None,)]}
    assert back in kept("SELECT 1", text, answers=answers).ran[-1]


@pytest.mark.parametrize(
    "text",
    [
        "EXEC sp_getapplock 'r', 'Exclusive'",
        "EXEC sp_getapplock @Resource = @r, @LockMode = 'Exclusive', @LockOwner = 'Transaction'",
        "EXEC sp_getapplock @r, 'Exclusive', 'Session'; EXEC sp_releaseapplock @r, 'Session'",
        "DECLARE c CURSOR LOCAL FAST_FORWARD FOR SELECT 1",
        "DECLARE @c CURSOR; SET @c = CURSOR FOR SELECT 1",
        "CREATE PROCEDURE p AS EXEC sp_set_session_context N'k', 1; EXECUTE AS USER = 'x' WITH NO REVERT",
        "SELECT cookie, context_info FROM t -- EXEC sp_setapprole",
        "EXEC sp_setapprole 'r', 'p', @fCreateCookie = true, @cookie = @c OUTPUT; EXEC sp_unsetapprole @c",
    ],
)
def test_what_a_file_leaves_to_nobody_is_not_asked_for(text: str) -> None:
    assert kept(text).ran == ["-- the file"]


@pytest.mark.parametrize(
    "text",
    [
        "EXECUTE AS USER = 'x' WITH NO REVERT",
        "EXEC AS LOGIN = 'x' WITH COOKIE INTO @c",
        "SETUSER 'x' WITH NORESET",
        "EXEC sys.sp_setapprole 'r', 'p'",
        "EXEC sp_getapplock @Resource = @name, @LockMode = 'Exclusive', @LockOwner = 'Session'",
        "EXEC sp_set_session_context N'k', 1, @read_only = 1",
        "EXEC sp_set_session_context N'k', 1, 1",
        "EXEC sp_set_session_context @key, 1",
    ],
)
def test_what_cannot_be_taken_back_is_refused_before_it_runs(text: str) -> None:
    connection = FakeConnection(transactional=True)

    def run() -> None:
        with connection.preserve_session(["SELECT 1", text]):
            connection.ran.append("-- the file")

    with pytest.raises(StatementError) as caught:
        run()
    assert caught.value.hint
    assert connection.ran == []


def test_a_user_is_left_and_what_is_still_another_is_an_error() -> None:
    before = [("sa", "dbo", "shop")]
    connection = kept("EXECUTE AS USER = 'x'", answers={"SUSER_SNAME": before})
    assert connection.ran[2:-1] == ["REVERT", "USE [shop]", "REVERT"]
    connection = FakeConnection({"SUSER_SNAME": before}, transactional=True)

    def run() -> None:
        with connection.preserve_session(["EXECUTE AS LOGIN = 'x'"]):
            connection.answers["SUSER_SNAME"] = [("x", "x", "shop")]

    with pytest.raises(StatementError, match="took on another user"):
        run()


def test_a_session_that_cannot_be_put_back_is_an_error() -> None:
    connection = FakeConnection(refuses={"SET ROWCOUNT 0": ServerError("no")}, transactional=True)

    def run() -> None:
        with connection.preserve_session(["SET ROWCOUNT 5"]):
            """The file."""

    with pytest.raises(StatementError, match="cannot be put back: no"):
        run()


def test_what_differs_from_login_to_login_is_asked_for_first() -> None:
    connection = kept("SET DATEFORMAT dmy; SET LOCK_TIMEOUT 5", answers={"LANGUAGE": [(1, "Suomi", 60000)]})
    assert connection.ran == [
        "SELECT @@DATEFIRST, @@LANGUAGE, @@LOCK_TIMEOUT",
        "-- the file",
        "SET LANGUAGE [Suomi]; SET DATEFIRST 1; SET LOCK_TIMEOUT 60000",
    ]


def test_the_cost_limit_of_queries_is_the_servers_again() -> None:
    connection = kept("SET QUERY_GOVERNOR_COST_LIMIT 10", answers={"query governor cost limit": [(300,)]})
    assert connection.ran[-1] == "SET QUERY_GOVERNOR_COST_LIMIT 300"


def test_identity_insert_that_a_file_switched_off_itself_is_left() -> None:
    assert kept("SET IDENTITY_INSERT t ON", "SET IDENTITY_INSERT t OFF").ran == ["-- the file"]


def test_the_drivers_own_transactions_are_left_on() -> None:
    connection = kept("SET IMPLICIT_TRANSACTIONS ON", in_shared_transaction=True, answers={"TRANCOUNT": [(1,)]})
    assert connection.ran == [session.DEPTH, "-- the file", session.DEPTH]


def test_a_file_that_fails_leaves_the_session_as_it_was_too() -> None:
    connection = FakeConnection(transactional=True)

    def fail() -> None:
        with connection.preserve_session(["SET NOCOUNT ON", "SET IDENTITY_INSERT t ON"]):
            raise StatementError(ServerError("wrong"))

    with pytest.raises(StatementError, match="wrong"):
        fail()
    assert connection.ran == ["SET NOCOUNT OFF"]


def test_setting_back_is_silent() -> None:
    connection = FakeConnection()

    def run(text: str) -> int:
        connection.report(f"did {text}")
        return 0

    connection.execute = run  # type: ignore[method-assign]
    with connection.preserve_session(["USE other"]):
        pass
    assert connection.messages == []


REFUSED = """
CREATE DATABASE x / ALTER DATABASE x SET READ_ONLY / drop  database x / BACKUP DATABASE x TO DISK = 'y'
BACKUP LOG x TO y
RESTORE DATABASE x FROM y / RECONFIGURE WITH OVERRIDE / CREATE FULLTEXT CATALOG c / ALTER FULLTEXT INDEX ON t ENABLE
DROP FULLTEXT CATALOG c / ALTER INDEX i ON t REBUILD WITH (ONLINE = ON, RESUMABLE = ON)
DBCC SHRINKFILE (f, 1) / KILL 51
CREATE TABLE t (i int) WITH (MEMORY_OPTIMIZED = ON) / EXEC sp_addlinkedserver 'x' / ALTER ENDPOINT e STATE = STARTED
"""
ALLOWED = """
ALTER DATABASE SCOPED CONFIGURATION SET MAXDOP = 1 / CREATE DATABASE AUDIT SPECIFICATION x
CREATE TABLE backups (i int)
SELECT reconfigured FROM t / CREATE VIEW restore_points AS SELECT 1
CREATE DATABASE ENCRYPTION KEY WITH ALGORITHM = AES_256
"""


def statements(text: str) -> list[str]:
    return [one.strip() for line in text.strip().splitlines() for one in line.split(" / ")]


@pytest.mark.parametrize("statement", statements(REFUSED))
def test_statements_that_refuse_a_transaction_are_known(statement: str) -> None:
    assert MSSQL().non_transactional_statement(statement)


@pytest.mark.parametrize("statement", statements(ALLOWED))
def test_statements_that_take_a_transaction_keep_it(statement: str) -> None:
    assert not MSSQL().non_transactional_statement(statement)


def test_a_commit_looks_at_what_there_is_to_commit() -> None:
    """One statement text, so that the check costs no call of its own."""
    commit = MSSQL.commit
    assert commit.startswith("IF @@TRANCOUNT = 1 COMMIT TRANSACTION ELSE")
    assert commit.index("ROLLBACK") < commit.index("RAISERROR")
    assert [token.value for token in tokenize(commit, MSSQL.syntax)].count("BEGIN") == 1


def test_modules_are_made_with_what_indexes_and_views_want() -> None:
    ran: list[str] = []
    raw = SimpleNamespace(cursor=lambda: SimpleNamespace(execute=ran.append, close=lambda: None))
    MSSQL().on_connect(raw)
    assert len(ran) == 1
    for wanted in ("XACT_ABORT ON", "NOCOUNT OFF", "QUOTED_IDENTIFIER", "ANSI_NULLS", "NUMERIC_ROUNDABORT OFF"):
        assert wanted in ran[0]


def test_pymssql_switches_autocommit_by_a_call() -> None:
    switched: list[bool] = []
    MSSQL().set_autocommit(SimpleNamespace(autocommit=switched.append), on=False)
    plain = SimpleNamespace(autocommit=False)
    MSSQL().set_autocommit(plain, on=True)
    assert (switched, plain.autocommit) == ([False], True)


@pytest.mark.parametrize(
    ("number", "message", "expected"),
    [
        ("226", "CREATE DATABASE statement not allowed within multi-statement transaction.", True),
        ("574", "CONFIG statement cannot be used inside a user transaction.", True),
        ("6115", "KILL command cannot be used inside user transactions.", True),
        ("12331", "DDL statements inside user transactions are not supported with memory optimized tables.", True),
        ("15002", "The procedure 'sys.sp_serveroption' cannot be executed within a transaction.", True),
        ("15289", "Terminating this procedure. Cannot have an open transaction when this is run.", True),
        ("8920", "Cannot perform a shrinkdatabase operation inside a user transaction.", True),
        (
            "12352",
            "System stored procedures that cause schema changes are not supported inside user transactions.",
            True,
        ),
        ("3902", "The COMMIT TRANSACTION request has no corresponding BEGIN TRANSACTION.", False),
        ("208", "Invalid object name 'dbo.t'.", False),
    ],
)
def test_the_server_tells_what_no_transaction_takes(number: str, message: str, *, expected: bool) -> None:
    assert MSSQL().refuses_transaction(ServerError(message, number)) is expected
    assert MSSQL().refuses_transaction(ServerError(message)) is expected  # mssql-python has no numbers
