"""The site of the documentation: the Markdown pages of this folder, and a reference that is made of the code."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from pygments.lexers.data import JsonLexer
from pygments.lexers.sql import PostgresLexer

ROOT = Path(__file__).parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "docs")]

import reference_tables  # noqa: E402 - found by the line above

from ahjo_tasks.version import __version__  # noqa: E402 - this checkout, whatever else is installed

if TYPE_CHECKING:
    from sphinx.application import Sphinx

project = "ahjo_tasks"
author = "the authors of ahjo_tasks"
release = __version__
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx_design"]
myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 4
exclude_patterns = ["db_objects"]
default_role = "literal"
smartquotes = False  # a flag begins with two dashes

autodoc_typehints = "none"
autodoc_member_order = "bysource"

html_theme = "furo"
html_title = "ahjo_tasks"
html_favicon = "_static/icon.svg"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_copy_source = False
html_show_copyright = False
html_theme_options = {
    "light_css_variables": {"color-brand-primary": "#0b6b63", "color-brand-content": "#0b6b63"},
    "dark_css_variables": {"color-brand-primary": "#5cc8bc", "color-brand-content": "#5cc8bc"},
}
pygments_style = "friendly"
pygments_dark_style = "github-dark"

REPOSITORY_PAGES = {
    "../README.md": "readme.md",
    "../CONTRIBUTING.md": "contributing.md",
    "../CHANGELOG.md": "changelog.md",
}
LINES = r"(?:(?!^```).*\n)+"
SHELLS = re.compile(rf"^```sh\n(?P<bash>{LINES})```\n\n```powershell\n(?P<powershell>{LINES})```\n", re.MULTILINE)
"""A block of commands for bash, and the same for PowerShell behind it."""
TABS = """\
::::{{tab-set}}
:sync-group: shell

:::{{tab-item}} bash
:sync: bash

```sh
{bash}```
:::

:::{{tab-item}} PowerShell
:sync: powershell

```powershell
{powershell}```
:::
::::
"""


def setup(app: Sphinx) -> None:
    """Read each page as the site has it."""
    app.add_lexer("jsonc", JsonLexer)
    app.add_lexer("sql", PostgresLexer)  # knows dollar quotes
    app.connect("source-read", lambda _app, _name, source: source.__setitem__(0, site_text(source[0])))
    app.connect("include-read", lambda _app, _path, _parent, source: source.__setitem__(0, from_the_top(source[0])))


def site_text(text: str) -> str:
    """Put tables of the code in the place of their comments, and a command for two shells into tabs."""
    for link, page in REPOSITORY_PAGES.items():
        text = text.replace(f"]({link}", f"]({page}")
    filled = re.sub(r"(?m)^<!-- code: (\w+) -->$", lambda found: reference_tables.TABLES[found[1]](), text)
    return SHELLS.sub(lambda found: TABS.format(**found.groupdict()), filled)


def from_the_top(text: str) -> str:
    """Turn the links of a page that stands above this folder to the pages of the site."""
    text = text.replace("](docs/", "](")
    for link, page in REPOSITORY_PAGES.items():
        text = text.replace(f"]({link.removeprefix('../')}", f"]({page}")
    return site_text(text)
