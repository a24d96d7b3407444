from __future__ import annotations

import json
import math
import sys
import time
import traceback
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest
from shared import cases, needs_shared

from ahjo_tasks.config import json_text, yaml_text
from ahjo_tasks.config.document import decode, read, read_config
from ahjo_tasks.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

SECRET = "hunter2"


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str, str | bytes], Path]:
    def write(name: str, content: str | bytes) -> Path:
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return write


def as_javascript(value: object) -> object:
    """Numbers as doubles, an overflow as a word: how the cases compare."""
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return "Infinity" if math.isinf(float(value)) else float(value)
    if isinstance(value, list):
        return [as_javascript(item) for item in value]
    if isinstance(value, dict):
        return {key: as_javascript(item) for key, item in value.items()}
    return value


def with_types(value: object) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{with_types(key)}: {with_types(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(with_types, value)) + "]"
    return f"{type(value).__name__}({value!r})"


@pytest.fixture
def deep_recursion() -> Iterator[Callable[[], None]]:
    before = sys.getrecursionlimit()
    yield lambda: sys.setrecursionlimit(10_000)
    sys.setrecursionlimit(before)


@needs_shared
@pytest.mark.parametrize("case", [pytest.param(case, id=case["id"]) for case in cases("config_jsonc")])
def test_json_agrees_with_the_parser_of_the_editors(case: dict[str, Any], deep_recursion: Callable[[], None]) -> None:
    expected = case["expected"]
    value_json = expected.get("value_json_if_hash_comments") or expected.get("value_json")
    if value_json is None:
        with pytest.raises(ConfigError, match=r"^dev\.json:\d+:\d+: "):
            json_text.parse(case["input"], "dev.json")
        return
    value, _ = json_text.parse(case["input"], "dev.json")
    deep_recursion()
    assert as_javascript(value) == as_javascript(json.loads(value_json))


@needs_shared
@pytest.mark.parametrize("case", [pytest.param(case, id=case["id"]) for case in cases("config_yaml")])
def test_yaml_agrees_with_pyyaml(case: dict[str, Any]) -> None:
    expected = case["expected"]["yaml_1.1"]
    text = case["input"].removeprefix("\ufeff")
    if "error" in expected:
        with pytest.raises(ConfigError, match=r"^dev\.yaml:\d+:\d+: "):
            yaml_text.parse(text, "dev.yaml")
        return
    value, node = yaml_text.parse(text, "dev.yaml")
    assert bool(yaml_text.warnings(node, "dev.yaml")) == case["expected"]["differs"]
    if not expected["repr"].startswith("loaded"):
        assert with_types(value) == expected["repr"]


def test_comments_and_trailing_commas_are_accepted(write: Callable[..., Path]) -> None:
    text = """
    /**/ {  // line
        # hash
        "url": "http://a//b#c/*d*/",  /* block
        over lines */
        "list": [1, 2, ],
    }"""
    assert read(write("dev.jsonc", text)).value == {"url": "http://a//b#c/*d*/", "list": [1, 2]}


@pytest.mark.parametrize("suffix", [".json", ".jsonc", ".yaml", ".yml", ".YAML"])
def test_the_extension_decides(write: Callable[..., Path], suffix: str) -> None:
    assert read(write(f"dev{suffix}", '{"a": 1}')).value == {"a": 1}


@pytest.mark.parametrize("name", ["dev.toml", "dev", "dev.json.bak"])
def test_any_other_extension_is_refused_with_the_four_formats(write: Callable[..., Path], name: str) -> None:
    with pytest.raises(ConfigError, match=r"\.json, \.jsonc, \.yaml, \.yml"):
        read(write(name, "{}"))


@pytest.mark.parametrize("name", ["dev.json", "dev.yaml"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_a_byte_order_mark_is_no_part_of_the_text(write: Callable[..., Path], name: str, encoding: str) -> None:
    assert read(write(name, '{"a": "ä"}'.encode(encoding))).value == {"a": "ä"}


def test_undecodable_bytes_are_named_by_their_offset() -> None:
    with pytest.raises(ConfigError, match=r"dev\.json: byte 6 is not UTF-8"):
        decode(b'{"a":"\xe4"}', "dev.json")


def test_a_missing_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no such file"):
        read(tmp_path / "none.json")


@pytest.mark.parametrize(("name", "text"), [("dev.json", "[1]"), ("dev.yaml", ""), ("dev.yaml", "- a")])
def test_a_file_without_keys_is_refused(write: Callable[..., Path], name: str, text: str) -> None:
    with pytest.raises(ConfigError, match="expected an object"):
        read(write(name, text))


@pytest.mark.parametrize(
    ("name", "text", "place"),
    [
        ("dev.json", f'{{\n  "password": "{SECRET}"\n  "a": 1}}', "dev.json:3:3:"),
        ("dev.jsonc", f'// x\n{{"password": {SECRET}}}', "dev.jsonc:2:14:"),
        ("dev.json", f'{{"password": {SECRET}}}', "dev.json:1:14:"),
        ("dev.jsonc", f'{{// x\n"password": "{SECRET}\n"}}', "dev.jsonc:2:21:"),
        ("dev.jsonc", f'{{"a": 1}} // x\n /* {SECRET}', "dev.jsonc:2:2:"),
        ("dev.json", f'{{"password": "NaN {SECRET}", "a": NaN}}', "dev.json:1:34:"),
        ("dev.yaml", f"a: 1\npassword: *{SECRET}", "dev.yaml:2:11:"),
        ("dev.yaml", f"a: 1\npassword: !!python/name:{SECRET} x", "dev.yaml:2:11:"),
        ("dev.yaml", f'password: "\\{SECRET}"', "dev.yaml:1:"),
        ("dev.yaml", f"b: {SECRET}\na: 2026-02-30", "dev.yaml:2:4:"),
    ],
)
def test_a_refusal_names_the_place_and_quotes_nothing(
    write: Callable[..., Path], name: str, text: str, place: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        read(write(name, text))
    assert caught.value.message.startswith(place)
    assert SECRET not in str(caught.value)
    assert SECRET not in "".join(traceback.format_exception(caught.value))


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.json", "[" * 100_000),
        ("a.jsonc", "// x\n" + "[" * 100_000),
        ("a.json", '{"a":' * 100_000),
        ("a.yaml", "[" * 100_000),
        ("a.yaml", "- " * 100_000),
        ("a.yaml", "{a: " * 100_000),
    ],
)
def test_deep_nesting_is_an_error_and_no_crash(write: Callable[..., Path], name: str, text: str) -> None:
    with pytest.raises(ConfigError, match=r"more than 512 (brackets inside each other|levels)"):
        read(write(name, text))


@pytest.mark.parametrize("text", ['{"a": [,]} // x', '{"a":\f1} // x', '{"a": 1}# x // y', "{,} // x"])
def test_what_the_comment_parser_tolerates_is_still_refused(write: Callable[..., Path], text: str) -> None:
    with pytest.raises(ConfigError):
        read(write("dev.jsonc", text))


def test_deep_nesting_with_comments_is_read(write: Callable[..., Path]) -> None:
    text = '// x\n{"a": ' + "[" * 300 + "]" * 300 + "}"
    assert read(write("dev.jsonc", text)).value["a"]


@pytest.mark.parametrize("name", ["dev.json", "dev.yaml"])
def test_lines_are_found_at_any_depth(write: Callable[..., Path], name: str) -> None:
    document = read(write(name, '{"a": ' * 500 + "1" + "}" * 500))
    assert len(document.lines) == 500


def test_lines_are_those_of_the_keys(write: Callable[..., Path]) -> None:
    text = '{ // 1\n"BACKEND": {\r\n  "a": [{"x": 1},\n {"y":\n 2}], /*\n*/ "b": "x,\\"{"\r},\n"LOCAL": ""}'
    lines = read(write("dev.jsonc", text)).lines
    assert lines == {
        ("BACKEND",): 2,
        ("BACKEND", "a"): 3,
        ("BACKEND", "a", 0, "x"): 3,
        ("BACKEND", "a", 1, "y"): 4,
        ("BACKEND", "b"): 6,
        ("LOCAL",): 8,
    }


def test_lines_of_yaml_are_those_of_the_keys(write: Callable[..., Path]) -> None:
    lines = read(write("dev.yaml", "# c\nBACKEND:\n  a:\n  - x: 1\n  b: >\n    text\n  c: {d: 1}\n")).lines
    assert lines[("BACKEND", "a", 0, "x")] == 4
    assert lines[("BACKEND", "c", "d")] == 7


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("dev.json", '{"B": {"a": 1,\n"b": [{"a": 1}],\n"a": 2}}'),
        ("dev.jsonc", '{"B": {"a": 1, // x\n"b": [{"a": 1}],\n"a": 2}}'),
        ("dev.yaml", "B:\n  a: 1\n  a: 2"),
    ],
)
def test_a_key_given_twice_is_a_warning_and_the_last_counts(write: Callable[..., Path], name: str, text: str) -> None:
    document = read(write(name, text))
    assert document.warnings == (f"{name}:3: B.a is given twice; the last one counts",)
    assert document.value["B"]["a"] == 2
    assert document.lines[("B", "a")] == 3


@pytest.mark.parametrize("scalar", ["NO", "on", "22:22", "0123", "08", "1e3", "0o14", "[a, yes]"])
def test_a_scalar_that_yaml_versions_read_differently_is_a_warning(write: Callable[..., Path], scalar: str) -> None:
    warnings = read(write("dev.yaml", f"a: 1\npassword: {scalar}")).warnings
    assert len(warnings) == 1
    assert warnings[0].startswith("dev.yaml:2: password: YAML 1.1 reads this as")
    assert scalar not in warnings[0]


@pytest.mark.parametrize("scalar", ["true", "'NO'", '"0123"', "123", "1.5", "2026-01-31", "0x1F", "a:b"])
def test_a_scalar_that_all_read_alike_is_none(write: Callable[..., Path], scalar: str) -> None:
    assert read(write("dev.yaml", f"a: {scalar}")).warnings == ()


def test_aliases_do_not_multiply_the_work(write: Callable[..., Path]) -> None:
    bomb = "a0: &a0 {x: yes}\n" + "".join(
        f"a{i}: &a{i} {{{', '.join(f'k{j}: *a{i - 1}' for j in range(9))}}}\n" for i in range(1, 12)
    )
    started = time.perf_counter()
    document = read(write("dev.yaml", bomb))
    assert len(document.lines) < 200
    assert time.perf_counter() - started < 1


def test_a_document_does_not_show_its_values(write: Callable[..., Path]) -> None:
    document = read(write("dev.json", f'{{"password": "{SECRET}"}}'))
    assert SECRET not in repr(document)
    assert repr(document) == "<Document dev.json>"


def test_a_plain_file_of_two_kilobytes_is_read_within_five_milliseconds(write: Callable[..., Path]) -> None:
    def seconds(number: int) -> float:
        text = json.dumps({"BACKEND": {f"some_key_{i}": f"some value {number}" for i in range(60)}}, indent=2)
        path = write(f"dev{number}.json", text)
        started = time.perf_counter()
        read(path)
        return time.perf_counter() - started

    assert min(map(seconds, range(5))) < 0.005


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a: &a\n  b: *a\n", "dev.yaml:1: an alias stands for a value that it is in"),
        ("a: &a [*a]\n", "dev.yaml:1: an alias stands for a value that it is in"),
        ("a: &a [1]\nb: &b {c: *a, d: {e: *b}}\n", "dev.yaml:2: an alias stands for a value that it is in"),
    ],
)
def test_an_alias_within_itself_is_refused(write: Callable[..., Path], text: str, said: str) -> None:
    with pytest.raises(ConfigError) as refused:
        read_config(write("dev.yaml", text))
    assert str(refused.value) == said


def test_aliases_of_aliases_are_counted_before_they_are_followed(write: Callable[..., Path]) -> None:
    lines = ["a: &a [x, x, x, x, x, x, x, x, x]"]
    lines += [f"{name}: &{name} [{', '.join([f'*{before}'] * 9)}]" for before, name in pairwise("abcdefghijklm")]
    started = time.perf_counter()
    with pytest.raises(ConfigError, match="aliases make more than 100000 values"):
        read_config(write("dev.yaml", "\n".join(lines)))
    assert time.perf_counter() - started < 1
    assert read_config(write("dev.yaml", "\n".join(lines[:3]))).value["c"][0][0][0] == "x"


@pytest.mark.parametrize(("name", "text"), [("dev.json", '{"a": ["\\ud800"]}'), ("dev.json", '{"\\udfff": 1}')])
def test_half_of_a_surrogate_pair_is_refused(write: Callable[..., Path], name: str, text: str) -> None:
    with pytest.raises(ConfigError, match="half of a surrogate pair"):
        read_config(write(name, text))
    assert read_config(write(name, '{"a": "\\ud83d\\ude00"}')).value == {"a": "😀"}


def test_a_config_is_parsed_once_and_a_file_of_any_size_is_not_kept(tmp_path: Path) -> None:
    file = tmp_path / "dev.json"
    file.write_text("{}", encoding="utf-8")
    assert read_config(file) is read_config(file)
    assert read(file) is not read(file)
