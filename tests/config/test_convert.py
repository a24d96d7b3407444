from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from shared import cases, needs_shared

from ahjo_tasks.config import document
from ahjo_tasks.config.convert import convert
from ahjo_tasks.errors import ConfigError

if TYPE_CHECKING:
    from pathlib import Path

JSONC = """// Development, on the laptop
{
    // which server
    "BACKEND": {  // all of it
        "sql_port": 1433,  // the default
        "names": ["a", "no", "1.0"],

        /* two
         * lines */
        "empty": {},
        "nested": {
            "x": 1.50
            // last of nested
        }  // closes nested
        # with a hash
    },
    "LOCAL": "local.jsonc"
}
// the end
"""
YAML = """# Development, on the laptop

# which server
BACKEND: # all of it
  sql_port: 1433  # the default
  names: [a, "no", "1.0"]

  # two
  # lines
  empty: {}
  nested:
    x: 1.50
    # last of nested
  text: |  # a block
    first # no comment
    second
  # before other
  other:
  - a  # beside a
  # before b
  - k: 1
    l: 2
# with a hash
LOCAL: local.yaml
# the end
"""


def converted(folder: Path, text: str, source: str, target: str) -> str:
    file = folder / f"c.{source}"
    file.write_text(text, encoding="utf-8", newline="")
    return convert(file, target).text


def read(folder: Path, text: str, kind: str) -> Any:
    file = folder / f"read.{kind}"
    file.write_text(text, encoding="utf-8", newline="")
    return document.read(file).value


def comments(text: str, mark: str) -> list[str]:
    return [comment.strip() for comment in re.findall(rf"(?:^|\s){mark}(.*)", text)]


def test_jsonc_becomes_yaml_with_every_comment_in_its_place(tmp_path: Path) -> None:
    assert converted(tmp_path, JSONC, "jsonc", "yaml") == (
        "# Development, on the laptop\n"
        "\n"
        "# which server\n"
        "BACKEND:  # all of it\n"
        "  sql_port: 1433  # the default\n"
        '  names: [a, "no", "1.0"]\n'
        "\n"
        "  # two\n"
        "  # lines\n"
        "  empty: {}\n"
        "  nested:\n"
        "    x: 1.50\n"
        "    # last of nested\n"
        "    # closes nested\n"
        "  # with a hash\n"
        "LOCAL: local.jsonc\n"
        "# the end\n"
    )


def test_yaml_becomes_jsonc_with_every_comment_in_its_place(tmp_path: Path) -> None:
    assert converted(tmp_path, YAML, "yaml", "jsonc") == (
        "{\n"
        "    // Development, on the laptop\n"
        "\n"
        "    // which server\n"
        '    "BACKEND": {  // all of it\n'
        '        "sql_port": 1433,  // the default\n'
        '        "names": ["a", "no", "1.0"],\n'
        "\n"
        "        // two\n"
        "        // lines\n"
        '        "empty": {},\n'
        '        "nested": {\n'
        '            "x": 1.50\n'
        "            // last of nested\n"
        "        },\n"
        '        "text": "first # no comment\\nsecond\\n",  // a block\n'
        "        // before other\n"
        '        "other": [\n'
        '            "a",  // beside a\n'
        "            // before b\n"
        "            {\n"
        '                "k": 1,\n'
        '                "l": 2\n'
        "            }\n"
        "        ]\n"
        "    },\n"
        "    // with a hash\n"
        '    "LOCAL": "local.yaml"\n'
        "    // the end\n"
        "}\n"
    )


def test_comments_inside_brackets_of_several_lines_stay(tmp_path: Path) -> None:
    text = "a: [1,  # one\n    # before two\n    2]  # after a\nb: {k: v,  # of k\n    # last of b\n   }\n"
    assert converted(tmp_path, text, "yaml", "jsonc") == (
        "{\n"
        '    "a": [\n'
        "        1,  // one\n"
        "        // before two\n"
        "        2\n"
        "    ],  // after a\n"
        '    "b": {\n'
        '        "k": "v"  // of k\n'
        "        // last of b\n"
        "    }\n"
        "}\n"
    )


def test_there_and_back_again_changes_nothing(tmp_path: Path) -> None:
    first = converted(tmp_path, YAML, "yaml", "jsonc")
    second = converted(tmp_path, first, "jsonc", "yaml")
    assert converted(tmp_path, second, "yaml", "jsonc") == first


def test_json_loses_comments_and_says_how_many(tmp_path: Path) -> None:
    (tmp_path / "c.jsonc").write_text(JSONC, encoding="utf-8")
    text, (warning,) = convert(tmp_path / "c.jsonc", "json")
    lost = len(comments(converted(tmp_path, JSONC, "jsonc", "yaml"), "#"))
    assert warning.startswith(f"JSON has no comments: {lost} of them")
    assert json.loads(text) == read(tmp_path, JSONC, "jsonc")
    assert '"names": ["a", "no", "1.0"]' in text


def test_the_order_of_keys_and_unicode_stay(tmp_path: Path) -> None:
    text = '{"z": "Åäö 💧 漢字", "ä": 1, "a": {"y": 1, "b": 2}}'
    result = converted(tmp_path, text, "json", "yaml")
    assert "Åäö 💧 漢字" in result
    assert result.index("z:") < result.index("ä:") < result.index("a:")
    assert list(read(tmp_path, result, "yaml")) == ["z", "ä", "a"]


WORDS_OF_YAML = "yes No on y null ~ 1 1.5 1e3 1e+3 0x10 0o7 08 1_000 12:30:45 2024-01-01 .inf << = true ? # | *a &a !a"
OTHER_TEXTS = [
    "",
    "- a",
    "a: b",
    "a #b",
    "'",
    '"',
    "%a",
    "@a",
    "`a",
    " a",
    "a ",
    "a\nb",
    "a, b",
    "[a]",
    "{a}",
    "C:\\x",
    "$",
]
UNUSUAL = [
    "\t",
    "\x00",
    "\x7f",
    "\x85",
    "\u2028",
    "\ufeff",
    "\uffff",
    "💧",
    "mssql+pyodbc",
    "./a/b.sql",
    "a_b c-d",
    "1.2.3",
]


@pytest.mark.parametrize("text", [*WORDS_OF_YAML.split(), *OTHER_TEXTS, *UNUSUAL], ids=ascii)
def test_a_text_stays_a_text_for_both_versions_of_yaml(tmp_path: Path, text: str) -> None:
    source = json.dumps({"key": text, text: [text]})
    result = converted(tmp_path, source, "json", "yaml")
    assert read(tmp_path, result, "yaml") == json.loads(source)
    file = tmp_path / "read.yaml"
    assert document.read(file).warnings == ()
    assert json.loads(converted(tmp_path, result, "yaml", "json")) == json.loads(source)


@pytest.mark.parametrize(
    "number", ["0", "-5", "12345678901234567890123", "1.0", "1.50", "-0.0", "1e5", "1E-7", "2.5e+20"]
)
def test_a_number_keeps_its_value_and_type(tmp_path: Path, number: str) -> None:
    result = converted(tmp_path, f'{{"n": {number}}}', "json", "yaml")
    value = read(tmp_path, result, "yaml")["n"]
    assert repr(value) == repr(json.loads(number))
    assert repr(json.loads(converted(tmp_path, result, "yaml", "json"))["n"]) == repr(value)


@pytest.mark.parametrize(
    ("yaml_text", "value"),
    [
        (
            "a: 0x1F\nb: 0o17\nc: 017\nd: 1_000\ne: .5\nf: 1.",
            {"a": 31, "b": "0o17", "c": 15, "d": 1000, "e": 0.5, "f": 1.0},
        ),
        ("a: yes\nb: ~\nc:\nd: off", {"a": True, "b": None, "c": None, "d": False}),
        ("a: 2024-02-29", {"a": "2024-02-29"}),
        ("1: a\ntrue: b", {"1": "a", "true": "b"}),
        ("a: &x {k: 1}\nb: *x\nc:\n  <<: *x\n  k: 2\n  l: 3", {"a": {"k": 1}, "b": {"k": 1}, "c": {"k": 2, "l": 3}}),
        ("a: >\n  folded\n  text\nb: 'q'", {"a": "folded text\n", "b": "q"}),
        ("", {}),
    ],
)
def test_what_yaml_means_is_what_json_gets(tmp_path: Path, yaml_text: str, value: Any) -> None:
    assert json.loads(converted(tmp_path, yaml_text, "yaml", "json")) == value


@pytest.mark.parametrize(
    ("text", "source", "message"),
    [
        ('{"a": 1, "a": 2}', "json", "a is given twice"),
        ("a: 1\na: 2", "yaml", "twice"),
        ("[1]", "json", "expected an object"),
        ("- 1", "yaml", "expected an object"),
        ("a: .nan", "yaml", "no number"),
        ("a: !!binary aGk=", "yaml", "no form"),
        ("a: !!set {x}", "yaml", "no form"),
        ("? [a, b]\n: 1", "yaml", "key"),
        ("a: &x [*x]", "yaml", "too many"),
        ("{", "json", "c.json:1:2"),
        ("a: [", "yaml", "c.yaml"),
        ('{"a": 1e999}', "json", "too large"),
        ('{"a": "\\ud800"}', "json", "half a character"),
        (
            "a: &a [x,x]\nb: &b [" + "*a," * 60 + "]\nc: &c [" + "*b," * 60 + "]\nd: [" + "*c," * 60 + "]",
            "yaml",
            "too many",
        ),
    ],
)
def test_what_cannot_be_converted_is_refused_with_a_reason(
    tmp_path: Path, text: str, source: str, message: str
) -> None:
    with pytest.raises(ConfigError, match=message):
        converted(tmp_path, text, source, "json" if source == "yaml" else "yaml")


@pytest.mark.parametrize(
    ("source", "target"), [("json", "jsonc"), ("yaml", "yml"), ("yml", "yaml"), ("jsonc", "jsonc")]
)
def test_a_file_that_is_in_the_format_already_stays_as_it_is(tmp_path: Path, source: str, target: str) -> None:
    text = JSONC if source.startswith("json") else YAML
    assert converted(tmp_path, text, source, target) == text


@needs_shared
@pytest.mark.parametrize(
    ("name", "kind", "other"), [("config_jsonc", "jsonc", "yaml"), ("config_yaml", "yaml", "jsonc")]
)
def test_every_config_that_can_be_read_is_converted_there_and_back(
    tmp_path: Path, name: str, kind: str, other: str
) -> None:
    compared = 0
    for case in cases(name):
        try:
            result = converted(tmp_path, case["input"], kind, other)
        except (ConfigError, UnicodeEncodeError):
            continue
        back = converted(tmp_path, result, other, kind)
        assert read(tmp_path, back, kind) == read(tmp_path, result, other), case
        compared += 1
    assert compared > 40


TEXTS = st.text(max_size=8) | st.sampled_from(["no", "1", "a: b", "# x", "// y", " "])
SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXTS
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3))
MAPPINGS = st.dictionaries(TEXTS, VALUES, max_size=4)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], deadline=None)
@given(MAPPINGS)
def test_values_survive_there_and_back(tmp_path: Path, value: dict[str, Any]) -> None:
    text = json.dumps(value)
    result = converted(tmp_path, text, "json", "yaml")
    assert repr(yaml.safe_load(result)) == repr(json.loads(text))
    assert repr(json.loads(converted(tmp_path, result, "yaml", "json"))) == repr(json.loads(text))


WORDS = st.text(alphabet="abc xyä#/*{}[]:,\"'", min_size=1, max_size=6).map(str.strip).filter(bool)


def commented(draw: st.DrawFn, value: Any, texts: list[str], indent: str = "") -> str:
    """JSON with comments before and after its values; `texts` receives them."""
    if not isinstance(value, dict | list) or not value:
        return json.dumps(value)
    pairs = value.items() if isinstance(value, dict) else ((None, item) for item in value)
    lines = []
    for key, item in pairs:
        before = draw(st.none() | WORDS)
        texts += [before] if before else []
        head = f"{indent}  // {before}\n" if before else draw(st.sampled_from(["", "\n"]))
        name = "" if key is None else f"{json.dumps(key)}: "
        body = f"{head}{indent}  {name}{commented(draw, item, texts, indent + '  ')},"
        after = draw(st.none() | WORDS)
        texts += [after] if after else []
        lines.append(body + (f" // {after}\n" if after else "\n"))
    opening, closing = "{}" if isinstance(value, dict) else "[]"
    return f"{opening}\n{''.join(lines)}{indent}{closing}"


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], deadline=None)
@given(st.data())
def test_comments_survive_there_and_back(tmp_path: Path, data: st.DataObject) -> None:
    texts: list[str] = []
    value = data.draw(MAPPINGS.filter(bool))
    text = commented(data.draw, value, texts)
    result = converted(tmp_path, text, "jsonc", "yaml")
    back = converted(tmp_path, result, "yaml", "jsonc")
    again = converted(tmp_path, converted(tmp_path, back, "jsonc", "yaml"), "yaml", "jsonc")
    assert again == back
    assert read(tmp_path, back, "jsonc") == value
    for comment in texts:
        assert result.count(f"# {comment}") >= 1
        assert back.count(f"// {comment}") >= 1
