from __future__ import annotations

import copy
import pickle
import traceback
from typing import TYPE_CHECKING

import pytest
from cli_runner import inv, sqlite
from projects import ROOT, make_project

from ahjo_tasks import action, multiaction
from ahjo_tasks.runtime.project import Backend

if TYPE_CHECKING:
    from pathlib import Path

    from ahjo_tasks.runtime.context import ActionContext

PACKAGE = str(ROOT / "ahjo_tasks")
BACKEND = Backend({"my_key": 1, "sqlalchemy.url": "sqlite://", "items": "of mine"})


def test_the_backend_is_a_mapping() -> None:
    assert BACKEND["sqlalchemy.url"] == "sqlite://"
    assert list(BACKEND) == ["my_key", "sqlalchemy.url", "items"]
    assert (len(BACKEND), "my_key" in BACKEND, "other" in BACKEND) == (3, True, False)
    assert (BACKEND.get("my_key"), BACKEND.get("other", 5)) == (1, 5)
    assert dict(BACKEND)["items"] == "of mine"


def test_keys_of_the_backend_are_attributes() -> None:
    assert BACKEND.my_key == 1
    assert not hasattr(BACKEND, "other")
    with pytest.raises(AttributeError, match=r"BACKEND has no key 'my_kye'; did you mean my_key\?"):
        _ = BACKEND.my_kye


def test_the_backend_is_copied_and_shows_no_values() -> None:
    assert dict(copy.deepcopy(BACKEND)) == dict(pickle.loads(pickle.dumps(BACKEND))) == dict(BACKEND)
    assert repr(BACKEND) == "<BACKEND: my_key, sqlalchemy.url, items>"


def test_few_frames_lie_between_invoke_and_the_body_of_an_action(tmp_path: Path) -> None:
    stack: list[str] = []

    @action
    def look(_ctx: ActionContext) -> None:
        """Keep the stack."""
        stack[:] = [frame.filename for frame in traceback.extract_stack()]

    project = make_project(tmp_path, sqlite())
    done = inv(project, "look", "--config", "dev.json", ns=(look, multiaction("both", "look", "look")))
    assert done.code == 0, done.text
    executor = max(number for number, name in enumerate(stack) if name.endswith("executor.py"))
    assert sum(name.startswith(PACKAGE) for name in stack[executor:]) == 1
