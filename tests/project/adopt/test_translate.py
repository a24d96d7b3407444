from __future__ import annotations

import ast
import inspect
import re
import textwrap
from typing import TYPE_CHECKING

import pytest

from ahjo_tasks.console import Console
from ahjo_tasks.database.database import Database
from ahjo_tasks.errors import SourceError
from ahjo_tasks.project.adopt import TASKS, adopt, combined
from ahjo_tasks.project.adopt.calls import ADVICE, CONTEXT_CALLS, CONTEXT_VALUES, RULES
from ahjo_tasks.project.adopt.translate import MARK, Translation
from ahjo_tasks.runtime.project import Project

if TYPE_CHECKING:
    from pathlib import Path

HEAD = """
import ahjo.database_utilities as du
import ahjo.operations as op
from ahjo.action import action, create_multiaction
"""


def translated(text: str, head: str = HEAD) -> str:
    created = combined([("ahjo_actions.py", head + textwrap.dedent(text), None)])
    ast.parse(created)
    return created


def body(text: str) -> str:
    """The translated statements of an action whose body this is."""
    indented = textwrap.indent(textwrap.dedent(text).strip(), "    ")
    created = translated(f"@action()\ndef step(context):\n{indented}\n")
    return textwrap.dedent(created.partition("def step(context):\n")[2].partition("\n\n\nns = ")[0])


@pytest.mark.parametrize(
    ("argument", "expected"),
    [
        ("@action()", "@action\n"),
        ("@action", "@action\n"),
        ('@action("my-step")', "@action\n"),
        ('@action(name="other")', '@action(name="other")\n'),
        ('@action("my-step", True, ["deploy"])', "@action(affects_database=True)\n"),
        ('@action(affects_database=False, dependencies=["init"], connection_required=False)', "@action\n"),
    ],
)
def test_the_decorator_keeps_name_and_effect(argument: str, expected: str) -> None:
    created = translated(f"{argument}\ndef my_step(context):\n    pass\n")
    assert f"{expected}def my_step(context):" in created
    assert created.endswith("ns = namespace(my_step)\n")
    assert MARK not in created


def test_a_multiaction_gets_a_name_and_its_steps() -> None:
    created = translated('create_multiaction("all-of-it", ["deploy", "data"], description="Do it.")\n')
    assert 'all_of_it = multiaction("all-of-it", "deploy", "data", doc="Do it.")' in created
    assert created.endswith("ns = namespace(all_of_it)\n")


def test_a_multiaction_may_have_a_name_already() -> None:
    created = translated('STEPS = ["deploy", "data"]\nbuild = create_multiaction("build", STEPS)\n')
    assert 'build = multiaction("build", *STEPS)' in created
    assert created.endswith("ns = namespace(build)\n")


@pytest.mark.parametrize(
    ("argument", "expected"),
    [
        (
            'op.deploy_sqlfiles(context.get_engine(), "./database/x/", "Deploying x")',
            'library.deploy_files(context, "./database/x/")',
        ),
        (
            'op.deploy_sqlfiles(context.get_connectable(), p, "x", scripting_variables=context.configuration["a"])',
            'library.deploy_files(context, p, variables=context.backend["a"])',
        ),
        (
            'rows = du.execute_query(context.engine, query="SELECT 1", include_headers=True)',
            'rows = library.query(context, "SELECT 1", headers=True)',
        ),
        (
            'engine = context.get_engine()\ndu.execute_query(engine, "SELECT :a", {"a": 1})',
            'engine = context.database.engine\nlibrary.query(context, "SELECT :a", {"a": 1})',
        ),
        (
            'op.drop_sqlfile_objects(context.engine, "VIEW", "database/x", "m")',
            'library.drop_objects(context, "database/x", "VIEW")',
        ),
        ("op.upgrade_db_to_latest_alembic_version(context.config_filename)", "library.migrate(context)"),
        ("op.downgrade_db_to_alembic_base(context.config_filename)", "library.migrate(context, down=True)"),
        (
            'op.update_git_version(context.engine, "dbo", "git_version")',
            "library.stamp_git_version(context)",
        ),
        (
            'name = context.get_conn_info()["database"]',
            'name = library.connection_info(context)["database"]',
        ),
        (
            'query = context.get_conn_info()["sqla_url_query_map"]',
            'query = library.connection_info(context)["sqla_url_query_map"]',
        ),
        ('x = context.configuration.get("x", 5)', 'x = context.backend.get("x", 5)'),
        ("name = du.get_dialect_name(context.engine)", "name = context.project.dialect.name"),
        ("path = context.config_filename", "path = str(context.project.config_path)"),
        ("print(f\"to {context.configuration['x']}\")", "print(f\"to {context.backend['x']}\")"),
    ],
)
def test_calls_become_ours(argument: str, expected: str) -> None:
    result = body(argument)
    requested = ast.dump(ast.parse(expected)).replace("parameters", "")
    assert ast.dump(ast.parse(result)) == requested or result.strip() == expected.replace(', {"a"', ', parameters={"a"')
    assert MARK not in result


@pytest.mark.parametrize(
    ("argument", "message"),
    [
        ("other = make()\ndu.execute_query(other, 'DELETE FROM a')", "is it the config's database?"),
        (
            "connection = context.get_connection()",
            "with context.database.connection.sqlalchemy_transaction() as connection",
        ),
        ("op.create_db(context.engine, 'x')", "the action init creates the database"),
        ("url = du.create_sqlalchemy_url(context.get_conn_info())", "context.database.url"),
        ("result = op.deploy_sqlfiles(context.engine, 'x', 'y')", "returns something else now"),
        ("op.deploy_sqlfiles(*everything)", "its arguments are not understood"),
        ('token = context.get_conn_info()["token"]', "connection_info has no 'token'"),
        ('token = context.get_conn_info().get("token")', "connection_info has no 'token'"),
        (
            'info = context.get_conn_info()\nprint(info["token"], info["odbc_encrypt"])',
            "has no 'odbc_encrypt', 'token'",
        ),
        ("op.never_heard_of(1)", "never_heard_of: it does not exist here"),
        ("print(f'{op.thing}')", "f-string"),
    ],
)
def test_what_is_not_translated_is_marked_once(argument: str, message: str) -> None:
    result = body(argument)
    (mark,) = [line for line in result.splitlines() if line.startswith(MARK)]
    assert message in mark


def test_a_connection_of_elsewhere_is_never_taken_for_ours() -> None:
    created = translated("def clean(engine):\n    du.execute_query(engine, 'DELETE FROM a')\n")
    assert "du.execute_query(engine, 'DELETE FROM a')" in created
    assert f"    {MARK} execute_query: give the function the action's context" in created


def test_custom_arguments_become_flags() -> None:
    created = translated(
        """
        @action()
        def step(context):
            if context.get_cli_arg("loud"):
                print(context.get_cli_arg("batch-size"), context.get_cli_arg("files"))
        """
    )
    assert '@action(iterable=["files"])' in created
    assert "def step(context, loud=False, batch_size=None, files=None):" in created
    assert "if loud:\n        print(batch_size, (files or None))" in created


def test_words_for_the_user_go_to_the_console() -> None:
    created = translated(
        """
        from logging import getLogger
        logger = getLogger("ahjo")

        @action()
        def step(context):
            logger.info("begin")
            logger.warning("%s left", 5)
        """
    )
    assert 'context.console.print("begin")' in created
    assert 'context.console.warning("%s left" % (5,))' in created


NESTED_OPERATIONS = """
with op.OperationManager("a"):
    with op.OperationManager("b"):
        op.deploy_sqlfiles(
            context.engine, p, m)
"""


@pytest.mark.parametrize(
    ("argument", "expected"),
    [
        (
            'with op.OperationManager("Loading"):  # why\n    # first\n    if True:\n        x = """a\n    b"""\nx = 1',
            'context.console.print("Loading")  # why\n# first\nif True:\n    x = """a\n    b"""\nx = 1',
        ),
        ('with op.OperationManager(message="Loading"): x = 1', 'context.console.print("Loading")\nx = 1'),
        (
            NESTED_OPERATIONS.strip(),
            'context.console.print("a")\ncontext.console.print("b")\nlibrary.deploy_files(context, p)',
        ),
    ],
)
def test_an_operation_becomes_a_line_that_is_printed(argument: str, expected: str) -> None:
    assert body(argument).rstrip().splitlines() == expected.splitlines()


def test_an_operation_that_is_not_understood_is_marked() -> None:
    assert "use context.console.print(message)." in body('with op.OperationManager("a"), open("b") as file:\n    pass')


def test_comments_layout_and_the_parameters_name_stay() -> None:
    created = translated('# why\n@action()  # when\ndef a(äctx):\n    # ä\n    x = äctx.configuration["ö"]  # end\n')
    assert '# why\n@action  # when\ndef a(äctx):\n    # ä\n    x = äctx.backend["ö"]  # end\n' in created


def test_imports_inside_of_functions_and_annotations() -> None:
    created = translated(
        """
        from ahjo.context import Context

        def helper(context: Context) -> None:
            from ahjo.operations import deploy_sqlfiles
            deploy_sqlfiles(context.engine, "database/x", "x")
        """,
        head="",
    )
    assert "from ahjo_tasks import ActionContext, library, namespace" in created
    assert "def helper(context: ActionContext) -> None:\n    pass\n    library.deploy_files" in created


def test_several_files_become_one_and_clashes_are_marked() -> None:
    first = HEAD + "def help():\n    pass\n\n@action()\ndef a(context):\n    pass\n"
    second = HEAD + "def help():\n    pass\n\n@action()\ndef b(context):\n    pass\n"
    created = combined([("one.py", first, None), ("two.py", second, None)])
    assert created.endswith("ns = namespace(a, b)\n")
    assert f"# From two.py:\n\n{MARK} help is in one.py too" in created


def test_a_file_that_is_no_python_is_named() -> None:
    with pytest.raises(SourceError, match="is not valid Python"):
        Translation("def (")


def test_a_flag_whose_truth_alone_counts_is_a_switch_by_whatever_name() -> None:
    created = translated(
        """
        @action()
        def step(context):
            noisy = context.get_cli_arg("loud")
            size = context.get_cli_arg("size")
            if noisy and not size:
                print(size)
        """
    )
    assert "def step(context, loud=False, size=None):" in created


def test_an_action_that_is_made_by_hand_gets_a_name_for_the_namespace() -> None:
    created = translated("def _plain(context):\n    pass\n\naction('by-hand', True)(_plain)\naction()(_plain)\n")
    assert "by_hand = action(name='by-hand', affects_database=True)(_plain)" in created
    assert "ns = namespace(by_hand, _plain_action)" in created
    assert MARK not in created


def test_a_context_by_another_name_is_marked() -> None:
    created = translated("class A:\n    def run(self):\n        return self.c.get_conn_info()\n")
    assert f"        {MARK} self.c.get_conn_info: is it the action's context?" in created
    assert MARK not in translated("class A:\n    def run(self):\n        return self.pool.get_connection()\n")


def test_an_import_that_goes_leaves_no_gap() -> None:
    created = translated("from ahjo.context import Context\nVALUE = 1\n")
    assert "namespace\nVALUE = 1" in created


def test_every_replacement_is_a_member_of_the_context() -> None:
    targets = [rule.target for rule in RULES.values()]
    texts = " ".join([*targets, *ADVICE.values(), *CONTEXT_CALLS.values(), *CONTEXT_VALUES.values()])
    owners: dict[str, type] = {"console": Console, "database": Database, "project": Project}
    members = set(re.findall(r"\{c\}\.(\w+)\.(\w+)", texts))
    assert {owner for owner, _ in members} == set(owners)
    missing = [
        f"{owner}.{member}"
        for owner, member in sorted(members)
        if not hasattr(owners[owner], member) and f"self.{member} =" not in inspect.getsource(owners[owner])
    ]
    assert missing == []


def test_an_action_of_a_class_is_named_with_it_and_one_of_a_function_is_marked() -> None:
    created = translated(
        """
        class Steps:
            @staticmethod
            @action("c")
            def c(context): pass

        def factory():
            @action()
            def made(context): pass
        """
    )
    assert created.rstrip().endswith("ns = namespace(Steps.c)")
    assert f"{MARK} give ns made, which only factory knows." in created


def test_a_form_feed_ends_no_line() -> None:
    step = 'def step(context):\n    x = "a\f\u2028b"\n    return context.get_engine()\n'
    created = translated(f'\f\n@action("a")\n{step}')
    assert 'x = "a\f\u2028b"\n    return context.database.engine\n' in created


@pytest.mark.parametrize(
    ("head", "encoding"),
    [("", "utf-8"), ("", "utf-8-sig"), ("#!/usr/bin/python\n# -*- coding: cp1252 -*-\n", "cp1252")],
)
def test_a_file_is_read_as_python_reads_it_and_written_in_utf_8(head: str, encoding: str, tmp_path: Path) -> None:
    text = f'{head}from ahjo.action import action\n@action()\ndef hinnat(context):\n    """Päivitä."""\n'
    (tmp_path / "ahjo_actions.py").write_bytes(text.encode(encoding))
    created = adopt(tmp_path, None).files[TASKS]
    assert "Päivitä." in created
    assert "cp1252" not in created


def test_a_file_in_another_encoding_is_named(tmp_path: Path) -> None:
    (tmp_path / "ahjo_actions.py").write_bytes("# Päivitä\n".encode("cp1252"))
    with pytest.raises(SourceError, match="not UTF-8"):
        adopt(tmp_path, None)
