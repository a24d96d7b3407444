from __future__ import annotations

import pytest

pytest_plugins = ("pytester",)

CONFTEST = """
from skips import SkipReport

def pytest_configure(config):
    config.pluginmanager.register(SkipReport(strict={strict}, expected={{"needs a tool": "it is rare"}}))
"""
EXPECTED = "import pytest\ndef test_one(): pass\ndef test_two(): pytest.skip('needs a tool: saw')\n"
UNEXPECTED = EXPECTED + "def test_three(): pytest.skip('it is Monday')\n"


@pytest.fixture
def run(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")  # a second each
    pytester.makeconftest(CONFTEST.format(strict=True))
    return pytester


def test_expected_skips_pass_and_are_listed_with_their_reason(run: pytest.Pytester) -> None:
    run.makepyfile(EXPECTED)
    result = run.runpytest()
    assert result.ret == pytest.ExitCode.OK
    result.stdout.fnmatch_lines(["*skipped, by reason*", "*1  needs a tool: saw  (it is rare)"])


def test_an_unexpected_skip_fails_a_strict_session_and_is_named(run: pytest.Pytester) -> None:
    run.makepyfile(UNEXPECTED)
    result = run.runpytest()
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(["*1  it is Monday  (UNEXPECTED)", "FAILED: unexpected skips: it is Monday *"])


def test_an_unexpected_skip_passes_where_nobody_asked_for_strictness(run: pytest.Pytester) -> None:
    run.makeconftest(CONFTEST.format(strict=False))
    run.makepyfile(UNEXPECTED)
    result = run.runpytest()
    assert result.ret == pytest.ExitCode.OK
    result.stdout.fnmatch_lines(["*1  it is Monday  (UNEXPECTED)"])
    result.stdout.no_fnmatch_line("FAILED*")


def test_a_module_that_skips_itself_counts(run: pytest.Pytester) -> None:
    run.makepyfile(test_a=EXPECTED, test_b="import pytest\npytest.importorskip('no_such_module_here')\n")
    result = run.runpytest()
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(["FAILED: unexpected skips: could not import 'no_such_module_here'*"])


def test_a_session_of_nothing_but_unexpected_skips_fails(run: pytest.Pytester) -> None:
    run.makepyfile("import pytest\npytest.skip('all of it', allow_module_level=True)\n")
    assert run.runpytest().ret == pytest.ExitCode.TESTS_FAILED


def test_an_expected_failure_is_not_a_skip(run: pytest.Pytester) -> None:
    run.makepyfile("import pytest\n@pytest.mark.xfail\ndef test_one(): assert False\n")
    result = run.runpytest()
    assert result.ret == pytest.ExitCode.OK
    result.stdout.no_fnmatch_line("*by reason*")


def test_other_failures_keep_their_exit_code(run: pytest.Pytester) -> None:
    run.makepyfile(UNEXPECTED + "def broken(:\n")
    assert run.runpytest().ret == pytest.ExitCode.INTERRUPTED
