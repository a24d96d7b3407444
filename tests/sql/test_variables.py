from __future__ import annotations

from pathlib import Path

import pytest

from ahjo_tasks.errors import SourceError
from ahjo_tasks.sql.lexer import MSSQL, MYSQL, POSTGRESQL, SQLITE
from ahjo_tasks.sql.variables import substitute

VALUES = {"name": "shop", "Size_2": 10, "rate": 0.5, "on": True}


def error(text: str) -> SourceError:
    with pytest.raises(SourceError) as caught:
        substitute(text, VALUES, path=Path("a.sql"))
    return caught.value


def test_without_variables_the_text_is_untouched() -> None:
    text = "select '$(document)', '$(', '$$(name)'"
    assert substitute(text, None) is text


def test_where_there_could_be_variables_and_are_none_a_use_is_an_error() -> None:
    with pytest.raises(SourceError, match="the variable login has no value"):
        substitute("create user $(login)", {})


def test_variables_are_replaced_in_code_strings_and_names() -> None:
    assert substitute("use [$(name)]; print N'$(name)$(name)' \"$(name)\"", VALUES) == (
        "use [shop]; print N'shopshop' \"shop\""
    )


def test_names_are_compared_without_case_and_values_can_be_numbers() -> None:
    assert substitute("$(NAME) $(size_2) $(Rate) $(on)", VALUES) == "shop 10 0.5 True"


def test_what_a_value_brings_in_is_not_read_again() -> None:
    assert substitute("$(a)$(b)", {"a": "$(b) /* ", "b": "'"}) == "$(b) /* '"


@pytest.mark.parametrize("comment", ["-- $(x) $(", "/* $(x) /* $( */ $(x) */", "/* ' $(x) */", "-- don't $(x)"])
def test_comments_are_untouched(comment: str) -> None:
    assert substitute(f"{comment}\n$(name)", VALUES) == f"{comment}\nshop"


@pytest.mark.parametrize("text", ["'-- $(name)'", "[/* $(name)]", "'it''s -- $(name)'", '"--$(name)"', "- - $(name)"])
def test_what_only_looks_like_a_comment_is_none(text: str) -> None:
    assert substitute(text, VALUES) == text.replace("$(name)", "shop")


def test_each_dialect_has_its_own_strings_and_comments() -> None:
    assert substitute("'\\'-- $(name)' # $(x)", VALUES, syntax=MYSQL) == "'\\'-- shop' # $(x)"
    assert substitute("$$it's$$ -- $(x)\n'$(name)'", VALUES, syntax=POSTGRESQL) == "$$it's$$ -- $(x)\n'shop'"
    assert substitute("[a]]-- $(x)", VALUES, syntax=SQLITE) == "[a]]-- $(x)"
    assert substitute("[a]]-- $(name)]", VALUES, syntax=MSSQL) == "[a]]-- shop]"


def test_a_second_dollar_makes_it_text() -> None:
    assert substitute("$$(name) $$$(name) $$(1) $$(", VALUES) == "$(name) $$(name) $$(1) $$("


def test_what_is_never_closed_is_left_to_others() -> None:
    assert substitute("'$(name)", VALUES) == "'shop"
    assert substitute("/* $(name)", VALUES) == "/* $(name)"


@pytest.mark.parametrize("use", ["$()", "$(7v)", "$(x", "$( name)", "$(", "$(name"])
def test_a_malformed_use_is_an_error_at_its_place(use: str) -> None:
    caught = error(f"select 1\r\n  /* $( */ '{use}'")
    assert (caught.path, caught.line, caught.column) == (Path("a.sql"), 2, 13)


def test_an_unknown_name_is_an_error_that_suggests_a_known_one() -> None:
    caught = error("\n-- c\n  $(naem)")
    assert str(caught) == "a.sql:3:3: the variable naem has no value"
    assert caught.hint == "Did you mean $(name)?"


def test_an_unknown_name_unlike_all_others_tells_what_to_do() -> None:
    assert error("$(document)").hint == "Give it a value in the config, or write $$(name) for the text $(name)."
