from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ahjo_tasks.descriptions.files import changed_files, read_files, write_files
from ahjo_tasks.descriptions.model import Descriptions
from ahjo_tasks.errors import SourceError

if TYPE_CHECKING:
    from pathlib import Path


def test_files_are_written_as_the_predecessor_wrote_them(tmp_path: Path) -> None:
    descriptions = Descriptions({"table": {"s.b": {}, "s.a": {"Owner": "Финансы", "Description": "ä 😀"}}})
    write_files(changed_files(tmp_path / "docs", descriptions))
    text = (tmp_path / "docs" / "tables.json").read_bytes().decode()
    assert text == (
        '{\n    "s.a": {\n        "Description": "ä 😀",\n        "Owner": "Финансы"\n    },\n    "s.b": {}\n}'
    )
    assert read_files(tmp_path / "docs") == descriptions


def test_a_file_with_the_same_content_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "tables.json").write_bytes(b'\xef\xbb\xbf{"s.b": {},\r\n"s.a": {}}\r\n')
    assert changed_files(tmp_path, Descriptions({"table": {"s.a": {}, "s.b": {}}})) == {}


def test_files_of_the_rarer_kinds_are_written_when_there_is_something_in_them(tmp_path: Path) -> None:
    empty: dict[str, dict[str, str]] = {}
    descriptions = Descriptions({"view": empty, "trigger": empty, "index": {"s.t.i": {}}})
    assert {path.name for path in changed_files(tmp_path, descriptions)} == {"views.json", "indexes.json"}
    (tmp_path / "triggers.json").write_text('{"s.t.gone": {}}', encoding="utf-8")
    assert "triggers.json" in {path.name for path in changed_files(tmp_path, descriptions)}


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ('{\n"s.a": {}\n"s.b": {}}', 3, "this is not JSON"),
        ('{\n"s.a":\n["x"]}', 2, "s.a must be an object"),
        ('{\n"s.a": {\n"Description": null}}', 3, "Description of s.a must be a string"),
        ('{"s.a": {},\n"s.b": {},\n"s.a": {}}', 3, "s.a is given twice"),
        ('{"s.a": {"x": "1",\n"x": "2"}}', 2, "x is given twice"),
        ('{"s.a": {\n"x": "\\u0000"}}', 2, "a character that no database takes"),
        ('{"s.a": {\n"x": "\\ud83d"}}', 2, "a character that no database takes"),
        ("[]", None, "must be an object"),
        ('{\n"": {"x": "1"}}', 2, "a name is empty"),
        ('{\n"s.a": {"": "1"}}', 2, "a name is empty"),
    ],
)
def test_a_broken_file_is_named_with_its_line(tmp_path: Path, text: str, line: int | None, message: str) -> None:
    (tmp_path / "views.json").write_text(text, encoding="utf-8")
    with pytest.raises(SourceError, match=message) as caught:
        read_files(tmp_path)
    assert caught.value.path == tmp_path / "views.json"
    assert caught.value.line == line


def test_a_file_in_another_encoding_is_named(tmp_path: Path) -> None:
    (tmp_path / "views.json").write_bytes('{"s.ä": {}}'.encode("latin-1"))
    with pytest.raises(SourceError, match="not UTF-8"):
        read_files(tmp_path)
