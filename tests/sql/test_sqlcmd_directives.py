from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ahjo_tasks.database.dialects.mssql import MSSQL
from ahjo_tasks.database.dialects.postgresql import PostgreSQL
from ahjo_tasks.errors import SourceError
from ahjo_tasks.project.files import ProjectFiles
from ahjo_tasks.project.sql_file import decode, read, read_for_sqlcmd
from ahjo_tasks.sql.sqlcmd import BARE, ENDS, REFUSED, Preprocessed, expand, reject

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


def expanded(folder: Path, text: str, variables: Mapping[str, object] | None = None, **others: str) -> Preprocessed:
    """The text of main.sql; `others` are files beside it by their stems."""
    for name, content in {"main": text, **others}.items():
        (folder / f"{name}.sql").write_bytes(content.encode())
    return expand(folder / "main.sql", variables or {}, decode)


def refusal(folder: Path, text: str, variables: Mapping[str, object] | None = None, **others: str) -> SourceError:
    with pytest.raises(SourceError) as caught:
        expanded(folder, text, variables, **others)
    return caught.value


# -- :setvar -----------------------------------------------------------------------------------------------------------

VALUES = {
    ":setvar x bare": "bare",
    ":SetVar x bare  ": "bare",
    "  \t:setvar\tx\tbare": "bare",
    ":setvar x bare -- why": "bare",
    ":setvar x a--b": "a--b",
    ':setvar x "two words"': "two words",
    ':setvar x "a ""quoted"" word"': 'a "quoted" word',
    ':setvar x "two\nlines"': "two\nlines",
    ':setvar x ""': "",
    ":setvar x it's": "it's",
    ":setvar other 1\n:setvar x $(other)2": "12",
}


@pytest.mark.parametrize(("line", "value"), VALUES.items(), ids=list(VALUES))
def test_a_variable_has_its_value_from_its_line_on(tmp_path: Path, line: str, value: str) -> None:
    assert expanded(tmp_path, f"{line}\nSELECT '$(x)'").text.strip() == f"SELECT '{value}'"


def test_a_variable_can_change_and_end(tmp_path: Path) -> None:
    text = ":setvar x 1\nA $(X)\n:setvar x 2\nB $(x)\n:setvar x\n"
    assert expanded(tmp_path, text).text.split() == ["A", "1", "B", "2"]
    error = refusal(tmp_path, text + "C $(x)\n")
    assert (error.line, error.column) == (6, 3)


def test_a_script_says_more_than_the_config(tmp_path: Path) -> None:
    assert expanded(tmp_path, "$(x)\n:setvar x 2\n$(x)", {"x": 1}).text.split() == ["1", "2"]


@pytest.mark.parametrize(
    "line",
    [
        ":setvar",
        ":setvar 7x 1",
        ":setvar x one two",
        ':setvar x "half',
        ':setvar x a"b',
        ':setvar x "a" b',
        ":setvar x=1",
    ],
)
def test_a_setvar_that_makes_no_sense_is_an_error(tmp_path: Path, line: str) -> None:
    error = refusal(tmp_path, f"SELECT 1\n {line}\n")
    assert ":setvar needs a name and at most one value" in error.message
    assert (error.path, error.line, error.column) == (tmp_path / "main.sql", 2, 2)


def test_what_a_variable_brings_in_is_not_read_again(tmp_path: Path) -> None:
    assert expanded(tmp_path, ':setvar x "$(y)\n:r z"\nA $(x)', {"y": "1"}).text.strip() == "A 1\n:r z"


@pytest.mark.parametrize("text", ["-- $(no)\n", "/* $(no) */", "$$(no)"])
def test_some_uses_are_text(tmp_path: Path, text: str) -> None:
    assert expanded(tmp_path, text).text == text.replace("$$", "$")


# -- :r ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "named", ["part.sql", '"part.sql"', "./part.sql", r".\part.sql", "part.sql -- the part", "$(what).sql"]
)
def test_a_file_stands_in_place_of_its_line(tmp_path: Path, named: str) -> None:
    found = expanded(tmp_path, f"A\n:r {named}\nB\n", {"what": "part"}, part="P")
    assert found.text == "A\nP\nB\n"


def test_paths_are_relative_to_the_file_that_includes(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "one.sql").write_text(":r two.sql\n")
    (tmp_path / "deep" / "two.sql").write_text("TWO\n")
    assert expanded(tmp_path, ":r deep/one.sql\nGO").text == "TWO\nGO"


def test_a_variable_reaches_into_and_out_of_an_included_file(tmp_path: Path) -> None:
    found = expanded(tmp_path, ":setvar x 1\n:r part.sql\n$(y)\n", part="$(x)\n:setvar y 2\n")
    assert found.text.split() == ["1", "2"]


def test_byte_order_marks_and_encodings_of_included_files_go(tmp_path: Path) -> None:
    (tmp_path / "part.sql").write_bytes("ä\r\n".encode("utf-16"))
    assert expanded(tmp_path, ":r part.sql\n").text == "ä\r\n"


def test_a_circle_of_includes_is_named(tmp_path: Path) -> None:
    error = refusal(tmp_path, "A\n:r one.sql\n", one=":r two.sql\n", two="\n:r main.sql\n")
    assert "main.sql -> one.sql -> two.sql -> main.sql" in error.message
    assert (error.path, error.line) == (tmp_path / "two.sql", 2)


def test_the_same_file_may_be_included_twice(tmp_path: Path) -> None:
    assert expanded(tmp_path, ":r part.sql\n:r part.sql\n", part="P\n").text == "P\nP\n"


def test_a_file_that_is_missing_is_named(tmp_path: Path) -> None:
    assert ":r nowhere.sql: there is no such file" in refusal(tmp_path, ":r nowhere.sql\n").message
    assert ":r needs the name of a file" in refusal(tmp_path, ":r\n").message


# -- the others --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [*REFUSED, "!!", "ERROR"])
def test_all_other_directives_are_refused_by_name_and_line(tmp_path: Path, name: str) -> None:
    error = refusal(tmp_path, f"SELECT 1\nGO\n:{name} x\n")
    assert refusal(tmp_path, f":{name}(SELECT 1)\n").message == error.message
    assert error.message == f":{name} is not supported here"
    assert (error.line, error.column) == (3, 1)


@pytest.mark.parametrize(
    "line", [":setvariable x", ":on errors exit", ":rest", "::Point(1)", "a: :setvar x y", ": r x", ":connected"]
)
def test_what_only_looks_like_a_directive_is_text(tmp_path: Path, line: str) -> None:
    assert expanded(tmp_path, f"SELECT 1\n{line}\n").text == f"SELECT 1\n{line}\n"


@pytest.mark.parametrize("text", ["'\n:r x\n'", "/*\n:quit\n*/", "[\n:r x\n]", '"\n:setvar x y\n"', "-- \\\n--:r x"])
def test_a_directive_stands_in_code(tmp_path: Path, text: str) -> None:
    assert expanded(tmp_path, text).text == text
    reject(text, tmp_path / "x.sql")


@pytest.mark.parametrize("word", [":exit", ":Quit", "EXIT", "quit", "  exit -- done", "QUIT\t", ":setvar x 1\nexit"])
@pytest.mark.parametrize("rest", ["", "\n", "\n\nGO\n-- end\n", "\r\n/* it\n */"])
def test_a_script_may_end(tmp_path: Path, word: str, rest: str) -> None:
    found = expanded(tmp_path, f"SELECT 1\ngo 2\n-- all\n{word}{rest}").text
    assert found.startswith("SELECT 1\ngo 2\n-- all\n")
    assert not {"exit", "quit"} & {part.strip(":") for part in found.lower().split()}
    assert expanded(tmp_path, "SELECT 1\nGO\n:r part.sql\n", part=f"{word}{rest}").text.startswith("SELECT 1\nGO\n")


@pytest.mark.parametrize("word", [":exit", ":QUIT"])
def test_an_end_leaves_nothing_out(tmp_path: Path, word: str) -> None:
    error = refusal(tmp_path, f"SELECT 1\nGO\nSELECT 2\n{word}\n")
    assert error.message == f"{word} leaves out the statements before it, back to GO"
    for behind in ("SELECT 2\n", ":setvar x 1\nSELECT 2\n", ":r part.sql\n"):
        error = refusal(tmp_path, f"SELECT 1\nGO\n{word}\nGO\n{behind}", part="SELECT 2")
        assert error.message == f"nothing runs after {word}"
    assert (error.path, error.line) == (tmp_path / "part.sql", 1)
    error = refusal(tmp_path, "SELECT 1\nGO\n:r part.sql\n SELECT 2\n", part=word)
    assert (error.message, error.line, error.column) == (f"nothing runs after {word}", 4, 2)
    assert refusal(tmp_path, f"{word}(SELECT 1)\n").message == f"{word} is not supported here"


@pytest.mark.parametrize("word", ["ed", "RESET", "EXIT(SELECT 1)", "quit (1)"])
def test_what_osql_took_without_a_colon_is_refused_by_name(tmp_path: Path, word: str) -> None:
    error = refusal(tmp_path, f"SELECT 1\nGO\n\n{word}\n")
    assert error.message == f"{word.partition('(')[0].strip()} is not supported here"
    assert (error.line, error.column) == (4, 1)


@pytest.mark.parametrize(
    "text",
    [
        "SELECT a,\nexit\nFROM t",
        "SELECT 1\nreset\n",
        "exit_all\n",
        "EXIT 1\n",
        "/*\nGO\nquit\n*/",
        "'\nGO\nquit\n'",
        "quit;",
    ],
)
def test_words_of_sql_are_no_directives(tmp_path: Path, text: str) -> None:
    assert expanded(tmp_path, text).text == text
    reject(text, tmp_path / "x.sql")


@pytest.mark.parametrize("line", [":on error", ":on error stop", ":on error exit now"])
def test_on_error_has_two_forms(tmp_path: Path, line: str) -> None:
    assert ":on error needs exit or ignore" in refusal(tmp_path, line).message


@pytest.mark.parametrize("line", [":setvar x y", ":r other.sql", ":On Error exit", ":quit", "!! dir", ":!! dir"])
def test_where_nobody_asked_for_directives_each_is_refused(tmp_path: Path, line: str) -> None:
    path = tmp_path / "x.sql"
    path.write_text(f"SELECT 1;\n  {line}\n")
    with pytest.raises(SourceError, match="is a directive of sqlcmd") as caught:
        read(path, "script", MSSQL(), label="x.sql")
    assert (caught.value.line, caught.value.column) == (2, 3)
    assert "sqlcmd_directives" in str(caught.value.hint)


def test_a_bare_end_is_refused_there_too(tmp_path: Path) -> None:
    path = tmp_path / "x.sql"
    path.write_text("SELECT 1\nGO\nEXIT\n")
    with pytest.raises(SourceError, match="EXIT is a directive of sqlcmd") as caught:
        read(path, "script", MSSQL(), label="x.sql")
    assert (caught.value.line, caught.value.column) == (3, 1)


def test_other_databases_have_no_directives(tmp_path: Path) -> None:
    path = tmp_path / "x.sql"
    path.write_text("SELECT a[1\n:r ] FROM t;\n")
    assert read(path, "script", PostgreSQL(), label="x.sql").batches


def test_dollars_are_text_where_nobody_asked(tmp_path: Path) -> None:
    path = tmp_path / "x.sql"
    path.write_text("PRINT '$(document) $(ESCAPE_SQUOTE(SRVR))'")
    assert read(path, "script", MSSQL(), label="x.sql").text == path.read_text()


# -- places ------------------------------------------------------------------------------------------------------------


def test_a_place_is_found_through_variables_and_included_files(tmp_path: Path) -> None:
    main = ':setvar x "a long value"\nSELECT $(x), HERE\n:r part.sql\nTHERE\n'
    found = expanded(tmp_path, main, part="P\n  INSIDE")
    for word, name, line, column in (("HERE", "main", 2, 14), ("INSIDE", "part", 2, 3), ("THERE", "main", 4, 1)):
        before = found.text[: found.text.index(word)]
        place = found.position(before.count("\n") + 1, len(before) - before.rfind("\n"))
        assert (place.path, place.line, place.column) == (tmp_path / f"{name}.sql", line, column)
        assert place.text == (tmp_path / f"{name}.sql").read_text()


def test_a_value_of_several_lines_shifts_no_place(tmp_path: Path) -> None:
    found = expanded(tmp_path, ':setvar x "1\n2\n3"\nSELECT $(x)\nHERE\n')
    before = found.text[: found.text.index("HERE")]
    assert found.position(before.count("\n") + 1, 1)[1:3] == (5, 1)


pieces = st.lists(
    st.sampled_from(
        [
            "SELECT 1\n",
            "GO\n",
            ":setvar v one\n",
            ':setvar v "a\nb"\n',
            "x $(v) y\n",
            ":r part.sql\n",
            "-- $(c)\n",
            "'\n:r x\n'\n",
        ]
    ),
    max_size=12,
)


@given(pieces)
def test_every_character_that_is_kept_knows_its_place(
    tmp_path_factory: pytest.TempPathFactory, lines: list[str]
) -> None:
    folder = tmp_path_factory.mktemp("places")
    found = expanded(folder, "".join(lines), {"v": "0"}, part="P $(v)\n")
    for part in found.parts:
        end = min((other.start for other in found.parts if other.start > part.start), default=len(found.text))
        text = found.text[part.start : end]
        if part.verbatim:
            assert part.source.text[part.offset : part.offset + len(text)] == text
        else:
            assert text in {"0", "one", "a\nb", "\n", ""}


def test_an_error_of_the_cut_is_said_of_the_file_that_holds_it(tmp_path: Path) -> None:
    (tmp_path / "part.sql").write_text("P\nGO x\n")
    (tmp_path / "main.sql").write_text(":setvar a b\nA\n:r part.sql\n")
    with pytest.raises(SourceError, match="may follow GO") as caught:
        read_for_sqlcmd(tmp_path / "main.sql", "script", MSSQL(), label="main.sql")
    assert (caught.value.path, caught.value.line) == (tmp_path / "part.sql", 2)


def test_an_open_string_in_an_included_file_is_its_own(tmp_path: Path) -> None:
    error = refusal(tmp_path, ":r part.sql\nA'\n", part="P '\n")
    assert (error.path, error.line, error.column) == (tmp_path / "part.sql", 1, 3)


# -- where they count --------------------------------------------------------------------------------------------------


def test_errors_are_ignored_from_a_line_on(tmp_path: Path) -> None:
    path = tmp_path / "main.sql"
    path.write_text("A\nGO\n:on error ignore\nB\nGO\n:on error exit\nC\n")
    file = read_for_sqlcmd(path, "script", MSSQL(), label="main.sql")
    assert [file.ignores_errors(batch) for batch in file.batches] == [False, True, False]
    assert (file.transactional, file.refused) == (False, ":on error ignore")


@pytest.mark.parametrize(
    ("setting", "obeying"),
    [
        (False, {"database/permissions/p.sql"}),
        (True, {"database/permissions/p.sql", "database/data/d.sql", "database/views/deep/v.sql"}),
        (("views",), {"database/permissions/p.sql", "database/views/deep/v.sql"}),
        (("database/data",), {"database/permissions/p.sql", "database/data/d.sql"}),
    ],
)
def test_a_folder_or_the_config_asks_for_them(
    tmp_path: Path, setting: bool | tuple[str, ...], obeying: set[str]
) -> None:
    project = ProjectFiles(tmp_path, MSSQL(), setting)
    found = set()
    for name in ("database/permissions/p.sql", "database/data/d.sql", "database/views/deep/v.sql"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(":setvar x 1\nPRINT $(x);\n")
        try:
            (file,) = project.read_named([name])
        except SourceError:
            continue
        assert file.text.strip() == "PRINT 1;"
        found.add(name)
    assert found == obeying


def test_a_script_made_for_sqlcmd_may_ask_for_itself(tmp_path: Path) -> None:
    (tmp_path / "x.sql").write_text(":setvar x 1\nPRINT $(x);\n")
    assert ProjectFiles(tmp_path, MSSQL()).read_script("x.sql", directives=True).text.strip() == "PRINT 1;"


def test_thirty_megabytes_a_second_at_least(tmp_path: Path) -> None:
    """A loose bound, for the machine may be busy; what it guards is that the time stays linear."""
    import time

    path = tmp_path / "big.sql"
    path.write_text("INSERT INTO dbo.t (a, b) VALUES (1, 'some text');\n" * 100_000)
    started = time.perf_counter()
    read_for_sqlcmd(path, "script", MSSQL(), label="big.sql")
    assert time.perf_counter() - started < 5


def test_the_place_of_each_of_very_many_batches_is_found_in_time(tmp_path: Path) -> None:
    import time

    many = 20_000
    (tmp_path / "b.sql").write_text("PRINT 1\nGO\n" * many)
    (tmp_path / "a.sql").write_text(":on error ignore\n:on error exit\n:r b.sql\nPRINT 2\n")
    file = read_for_sqlcmd(tmp_path / "a.sql", "script", MSSQL(), label="a.sql")
    started = time.process_time()
    places = [file.position(batch.line, batch.column) for batch in file.batches if not file.ignores_errors(batch)]
    assert time.process_time() - started < 5
    assert [(place.path, place.line, place.column) for place in places[many - 1 :]] == [
        (tmp_path / "b.sql", 2 * many - 1, 1),
        (tmp_path / "a.sql", 4, 1),
    ]


def test_the_names_are_those_of_the_documentation() -> None:
    assert all(re.fullmatch("[a-z]+", name) for name in (*REFUSED, *ENDS))
    assert len({*REFUSED, *ENDS}) == len(REFUSED) + len(ENDS) == 13
    assert set(BARE) <= {*REFUSED, *ENDS}
