"""Replacements for Ahjo's functions: a call that does the same, or advice about what to do instead."""

from __future__ import annotations

import ast
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

CONNECTION = ("connectable", "engine", "connection", "conn")


class Rule(NamedTuple):
    """A function of Ahjo and the call that replaces it.

    `parameters` are Ahjo's, in order; `target` is the new call with `{c}` for the context and `{name}` for an argument;
    `keywords` are passed on where they are there, new name = Ahjo's name; `ignored` have no meaning any more.
    """

    parameters: str
    target: str
    keywords: Mapping[str, str] = MappingProxyType({})
    ignored: str = ""
    value: bool = True
    """True if it returns the same as Ahjo's function."""


RULES = {
    "deploy_sqlfiles": Rule(
        "connectable data_src message display_output scripting_variables enable_transaction transaction_scope"
        " commit_transaction sort_files",
        "library.deploy_files({c}, {data_src})",
        {"variables": "scripting_variables"},
        "message enable_transaction transaction_scope commit_transaction sort_files",
        value=False,
    ),
    "deploy_mssql_sqlfiles": Rule(
        "connectable data_src message", "library.deploy_files({c}, {data_src})", ignored="message", value=False
    ),
    "drop_sqlfile_objects": Rule(
        "connectable object_type data_src message",
        "library.drop_objects({c}, {data_src}, {object_type})",
        ignored="message",
        value=False,
    ),
    "update_git_version": Rule(
        "connectable git_table_schema git_table repository git_version_info_path",
        "library.stamp_git_version({c})",
        ignored="git_table_schema git_table repository git_version_info_path",
    ),
    "upgrade_db_to_latest_alembic_version": Rule(
        "config_filename connection", "library.migrate({c})", ignored="config_filename"
    ),
    "downgrade_db_to_alembic_base": Rule(
        "config_filename connection", "library.migrate({c}, down=True)", ignored="config_filename"
    ),
    "alembic_command": Rule(
        "config_filename command_name connection",
        'library.run_action({c}, "alembic", command={command_name})',
        ignored="config_filename",
    ),
    "print_git_version": Rule(
        "connectable git_table_schema git_table",
        'library.run_action({c}, "version")',
        ignored="git_table_schema git_table",
    ),
    "print_alembic_version": Rule(
        "connectable alembic_version_table", 'library.run_action({c}, "version")', ignored="alembic_version_table"
    ),
    "update_file_object_properties": Rule(
        "connectable schema_list", 'library.run_action({c}, "update-file-obj-prop")', ignored="schema_list"
    ),
    "update_db_object_properties": Rule(
        "connectable schema_list", 'library.run_action({c}, "update-db-obj-prop")', ignored="schema_list"
    ),
    "create_db_permissions": Rule(
        "connection db_permissions", 'library.run_action({c}, "create-db-permissions")', ignored="db_permissions"
    ),
    "bulk_insert_into_database": Rule(
        "engine reflected_table records chunk_size connection",
        "library.insert_rows({c}, {reflected_table}, {records})",
        {"chunk": "chunk_size"},
    ),
    "deploy_sql_from_file": Rule(
        "file connectable display_output scripting_variables file_transaction commit_transaction",
        "library.run_file({c}, {file})",
        {"variables": "scripting_variables"},
        "file_transaction commit_transaction",
        value=False,
    ),
    "execute_from_file": Rule(
        "connectable file_path scripting_variables include_headers file_transaction commit_transaction",
        "library.run_file({c}, {file_path})",
        {"variables": "scripting_variables"},
        "file_transaction commit_transaction",
        value=False,
    ),
    "execute_query": Rule(
        "connectable query variables isolation_level include_headers",
        "library.query({c}, {query})",
        {"parameters": "variables", "headers": "include_headers"},
        "isolation_level",
    ),
    "execute_try_catch": Rule("engine query", "{c}.database.connection.try_execute({query})", value=False),
    "get_dialect_name": Rule("connectable", "{c}.project.dialect.name"),
    "execute_action": Rule(
        "action_name config_filename engine skip_confirmation context",
        "library.run_action({c}, {action_name})",
        ignored="config_filename engine skip_confirmation context",
    ),
    "are_you_sure": Rule("message use_logger", "{c}.console.confirm({message})", ignored="use_logger"),
    "display_message": Rule("message use_logger", "{c}.console.print({message})", ignored="use_logger"),
}

ADVICE = {
    "create_sqlalchemy_engine": "the engine of the config's database is {c}.database.engine.",
    "create_sqlalchemy_url": "the URL of the config's database is {c}.database.url.",
    "create_conn_info": "library.connection_info({c}) has what is known of the connection.",
    "get_schema_names": "use sqlalchemy.inspect({c}.database.engine).get_schema_names().",
    "invoke_sqlcmd": "list the file in db_permissions with db_permission_invoke_method: sqlcmd, or {c}.run() it.",
    "execute_pyodbc_queries": "use library.query({c}, sql, parameters) for each.",
    "execute_files_in_transaction": "use library.deploy_files({c}, files).",
    "drop_files_in_transaction": "use library.drop_objects({c}, paths, kind).",
    "create_db": "the action init creates the database.",
    "create_db_login": "the action create-db-login does it.",
    "create_db_structure": "the action structure does it.",
    "create_dependency_graph": "files are sorted by their SQL; nothing is to be done.",
    "get_connection": "use: with {c}.database.connection.sqlalchemy_transaction() as connection.",
    "get_master_engine": "use: with {c}.database.server_connection() as connection.",
    "get_enable_transaction": "the config's context_connectable_type says it.",
    "set_enable_transaction": "set context_connectable_type in the config.",
    "set_connectable": "set context_connectable_type in the config.",
    "commit_and_close_transaction": "the transaction is committed when the action ends.",
    "get_command_line_args": "give the function a parameter for each flag.",
    "command_line_args": "give the function a parameter for each flag.",
    "get_credentials": "the login is in library.connection_info({c}).",
    "registered_actions": "ns.task_names has the actions.",
    "verify_input": "set target_database_protected in the config; the name is asked for then.",
    "OperationManager": "use {c}.console.print(message).",
    "format_to_table": "use {c}.console.table(headers, rows).",
}

CONNECTION_KEYS = frozenset(
    {
        *("dialect", "host", "port", "server", "database", "driver", "username", "password"),
        *("url", "azure_auth", "sqla_url_query_map", "sqlalchemy_url"),
    }
)
"""Keys of `library.connection_info`."""
CONNECTION_KEYS_GONE = frozenset({"token", "odbc_trust_server_certificate", "odbc_encrypt", "sqla_engine_params"})
"""Keys that Ahjo's had, and ours has not."""
CONTEXT_CALLS = {
    "get_engine": "{c}.database.engine",
    "get_connectable": "{c}.database.engine",
    "get_conn_info": "library.connection_info({c})",
}
CONTEXT_VALUES = {
    "engine": "{c}.database.engine",
    "configuration": "{c}.backend",
    "config_filename": "str({c}.project.config_path)",
    "conn_info": "library.connection_info({c})",
}
CONTEXT_FLAGS = ("get_cli_arg", "get_command_line_arg")
CONTEXT_GONE = (
    *("get_connection", "get_master_engine", "get_logger_engine", "get_enable_transaction", "set_enable_transaction"),
    *("set_connectable", "commit_and_close_transaction", "get_command_line_args", "command_line_args", "master_engine"),
    *("logger_engine", "connection", "transaction", "enable_transaction", "connectivity_type"),
)
CONTEXT_ALONE = frozenset({*CONTEXT_CALLS, *CONTEXT_FLAGS, *CONTEXT_GONE}) - {
    *("get_engine", "get_connection", "connection", "transaction", "enable_transaction"),
}
"""Attributes that hardly anything but a context has."""
LOGGED = {"info": "print", "warning": "warning", "warn": "warning", "error": "warning"}


def bound(call: ast.Call, parameters: str) -> dict[str, ast.expr] | None:
    """Return the arguments by their names; None when a star hides which is which."""
    names = parameters.split()
    if any(isinstance(value, ast.Starred) for value in call.args) or len(call.args) > len(names):
        return None
    arguments = dict(zip(names, call.args, strict=False))
    for keyword in call.keywords:
        if keyword.arg is None:
            return None
        name = keyword.arg
        arguments["connectable" if name == "engine" and "connectable" in names else name] = keyword.value
    return arguments


def advice(name: str, context: str) -> str:
    """Return what to do in place of something that does not exist any more."""
    return ADVICE.get(name, "it does not exist here; docs/library.md has what does.").format(c=context)
