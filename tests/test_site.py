"""The site of the docs: it is built without a warning, and its reference has what the code has, and nothing else."""

from __future__ import annotations

import importlib.util
import re
import shutil
import subprocess
import sys
import threading
from functools import partial
from html import unescape
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest
from msgspec.structs import fields
from projects import ROOT

from ahjo_tasks import namespace
from ahjo_tasks.config.schema import VARIABLES
from ahjo_tasks.config.settings import Settings
from ahjo_tasks.project.plot.formats import as_html
from ahjo_tasks.project.plot.graph import Graph, Node

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NAMESPACE = namespace(directory=ROOT)
TASKS = {name: NAMESPACE[name] for name in NAMESPACE.task_names}
KEYS = {field.encode_name for field in fields(Settings)}
CODE = re.compile(r"\bAHJO_[A-Z_]*[A-Z]\b")
SOURCES = [*(ROOT / "ahjo_tasks").rglob("*.py"), *(ROOT / "docs").glob("*.md"), ROOT / "README.md"]
OF_AHJO = {"AHJO_PATH"}
OF_TESTS = re.compile("AHJO_(TEST|STRICT)_")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the site as `make docs` does: a warning, such as a link that leads nowhere, is a failure."""
    folder = tmp_path_factory.mktemp("site")
    (words,) = re.findall(r"python\" -m (sphinx .*)", (ROOT / "Makefile").read_text("utf-8"))
    command = words.replace("build/doctrees", str(folder / "trees")).replace("build/docs", str(folder / "html"))
    done = subprocess.run(
        [sys.executable, "-m", *command.split()], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    return folder / "html"


def codes(site: Path, page: str) -> set[str]:
    """The texts in code of a page."""
    text = (site / f"{page}.html").read_text("utf-8")
    found = re.findall(r"<code[^>]*>(.*?)</code>", text, re.DOTALL)
    return {unescape(re.sub("<[^>]+>", "", each)) for each in found}


def test_the_reference_has_every_action_and_flag_and_no_other(site: Path) -> None:
    spelled = {f"--{each}" if len(each) > 1 else f"-{each}" for task in TASKS.values() for each in names_of(task)}
    listed = codes(site, "reference-actions")
    assert set(TASKS) | spelled <= listed
    assert {code for code in listed if code.startswith("-")} - {code for code in listed if code.startswith("-- ")} <= (
        spelled | {"--config FILE", "--dry", "--debug"}
    )


def names_of(task: object) -> list[str]:
    return [
        f"no-{argument.names[0]}" if argument.kind is bool and argument.default is True else name
        for argument in task.get_arguments()  # type: ignore[attr-defined]
        for name in argument.names
    ]


def test_the_reference_has_every_key_variable_and_exit_code(site: Path) -> None:
    assert codes(site, "configuration") >= {
        key.replace("sqlalchemy_url", "sqlalchemy.url") for key in KEYS - {"sqlalchemy"}
    }
    text = (site / "reference.html").read_text("utf-8")
    assert set(VARIABLES) <= codes(site, "reference")
    assert set(re.findall(r"<td><p>(\d+)</p></td>", text)) == {"0", "1", "2", "3", "4", "5", "130"}


def test_the_tables_in_the_pages_are_as_the_code_has_them() -> None:
    spec = importlib.util.spec_from_file_location("reference_tables", ROOT / "docs" / "reference_tables.py")
    assert spec is not None
    assert spec.loader is not None
    tables = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tables)
    texts = {path.name: path.read_text("utf-8") for path in (ROOT / "docs").glob("*.md")}
    stale = [name for name, text in texts.items() if tables.renewed(text) != text]
    assert stale == [], "run: python docs/reference_tables.py"


def test_a_variable_is_named_only_if_there_is_one() -> None:
    of_keys = {f"AHJO_{key.replace('.', '_').upper()}" for key in KEYS}
    there = of_keys | {f"{name}_FILE" for name in of_keys} | VARIABLES.keys() | OF_AHJO
    named = {name: path for path in SOURCES for name in CODE.findall(path.read_text("utf-8"))}
    assert {name: path for name, path in named.items() if name not in there and not OF_TESTS.match(name)} == {}


def test_every_page_can_be_reached_from_the_contents(site: Path) -> None:
    contents = (site / "index.html").read_text("utf-8")
    pages = {path.stem for path in (ROOT / "docs").glob("*.md")} - {"index"}
    assert {page for page in pages if f'href="{page}.html"' not in contents} == set()


BROWSER, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
WITH_BROWSER = pytest.mark.skipif(not (BROWSER and DRIVER), reason="Chromium is not installed")
OPTIONS = ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--window-size=1400,1000")
PATIENCE = 60


class Quiet(SimpleHTTPRequestHandler):
    """A handler that logs nothing."""

    def log_message(self, *_words: object) -> None:
        pass


@pytest.fixture(scope="module")
def address(site: Path) -> Iterator[str]:
    """The address of the site, and of the page of dependencies beside it."""
    shop = Graph((Node("dbo.item", "table", "item.sql"), Node("dbo.stock", "view", "stock.sql")), {0: set(), 1: {0}})
    (site / "shop.html").write_text(as_html(shop, "Shop"), encoding="utf-8")
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(site))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture
def browser() -> Iterator[Any]:
    """Chromium, which is to write no error into its console."""
    from selenium.webdriver import Chrome, ChromeOptions
    from selenium.webdriver.chrome.service import Service

    options = ChromeOptions()
    options.binary_location = str(BROWSER)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    for option in OPTIONS:
        options.add_argument(option)
    driver = Chrome(options=options, service=Service(DRIVER))
    driver.implicitly_wait(PATIENCE)
    yield driver
    errors = [line for line in driver.get_log("browser") if line["level"] == "SEVERE"]
    driver.quit()
    assert errors == []


@WITH_BROWSER
@pytest.mark.parametrize(("words", "page"), [("rehearse", "reference-actions.html"), ("DeployError", "python.html")])
def test_a_search_finds_an_action_and_a_class(address: str, browser: Any, words: str, page: str) -> None:
    browser.get(f"{address}/index.html")
    field = browser.find_element("name", "q")
    field.send_keys(words)
    field.submit()
    assert browser.find_element("css selector", f"#search-results a[href*='{page}']").is_displayed()


@WITH_BROWSER
def test_a_reader_chooses_light_or_dark_and_a_shell(address: str, browser: Any) -> None:
    browser.get(f"{address}/tutorial-sqlite.html")
    colours = set()
    for theme in ("light", "dark"):
        browser.execute_script(f"document.body.dataset.theme = '{theme}'")
        colours.add(browser.execute_script("return getComputedStyle(document.body).backgroundColor"))
    assert len(colours) == 2
    browser.find_element("xpath", "//label[text()[contains(., 'PowerShell')]]").click()
    assert "$env:AHJO_CONFIG_PATH" in browser.find_element("css selector", ".highlight-powershell").text


@WITH_BROWSER
def test_the_page_of_dependencies_finds_an_object(address: str, browser: Any) -> None:
    browser.get(f"{address}/shop.html")
    browser.find_element("css selector", "input[type=search]").send_keys("stock\n")
    assert browser.find_element("css selector", "aside h2").text == "dbo.stock"
