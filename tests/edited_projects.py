"""Projects that are edited at random, as people do: objects change, move, go, and come under other names and kinds."""

from __future__ import annotations

import shutil
from collections import defaultdict
from copy import deepcopy
from dataclasses import dataclass, replace
from random import Random
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

TABLES = ("t0", "t1")
COLUMNS = "abcd"
LEAST_OBJECTS = 4
FOLDERS = {"view": "views", "materialized": "views", "function": "functions", "trigger": "triggers"}


@dataclass(frozen=True)
class Made:
    """An object: what it reads, the seed of its text, and the file and the schema that it is in."""

    kind: str
    source: str
    function: str
    seed: int
    file: str
    schema: str

    @property
    def columns(self) -> list[str]:
        return Random(self.seed).sample(COLUMNS, 2)

    @property
    def parameters(self) -> int:
        return self.seed % 3


class Language(NamedTuple):
    """How a database writes its objects; `kinds` are those that it has, `schemas` those that they may be in."""

    kinds: tuple[str, ...]
    texts: dict[str, str]
    schemas: tuple[str, ...] = ("",)
    parameter: str = "p{} int"


VIEW = "DROP VIEW IF EXISTS {name};\nCREATE VIEW {name} AS {query};\n"
LANGUAGES = {
    "sqlite": Language(
        ("view", "view", "trigger"),
        {
            "view": VIEW,
            "trigger": "DROP TRIGGER IF EXISTS {name};\n"
            "CREATE TRIGGER {name} AFTER INSERT ON {table} BEGIN SELECT {number}; END;\n",
        },
    ),
    "mysql": Language(
        ("view", "view", "function", "trigger"),
        {
            "view": "CREATE OR REPLACE VIEW {name} AS {query};\n",
            "function": "DROP FUNCTION IF EXISTS {name};\n"
            "CREATE FUNCTION {name}({parameters}) RETURNS int READS SQL DATA"
            " RETURN (SELECT count(*) + {number} FROM {source});\n",
            "trigger": "DROP TRIGGER IF EXISTS {name};\n"
            "CREATE TRIGGER {name} BEFORE INSERT ON {table} FOR EACH ROW SET @number = {number};\n",
        },
    ),
    "postgresql": Language(
        ("view", "view", "materialized", "function", "trigger"),
        {
            "view": "CREATE OR REPLACE VIEW {name} AS {query};\n",
            "materialized": "DROP MATERIALIZED VIEW IF EXISTS {name};\nCREATE MATERIALIZED VIEW {name} AS {query};\n",
            "function": "CREATE OR REPLACE FUNCTION {name}({parameters}) RETURNS int LANGUAGE sql"
            " BEGIN ATOMIC SELECT count(*)::int + {number} FROM {source}; END;\n",
            "trigger": "CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS"
            " $$ BEGIN PERFORM {number}; RETURN NEW; END $$;\n"
            "CREATE OR REPLACE TRIGGER {bare} BEFORE INSERT ON {table} FOR EACH ROW EXECUTE FUNCTION {name}();\n",
        },
        ("public.", "public.", "other."),
    ),
    "mssql": Language(
        ("view", "view", "function", "trigger"),
        {
            "view": "CREATE OR ALTER VIEW {name} AS {query};\nGO\n",
            "function": "CREATE OR ALTER FUNCTION {name}({parameters}) RETURNS int AS BEGIN"
            " RETURN (SELECT count(*) + {number} FROM {source}) END;\nGO\n",
            "trigger": "DROP TRIGGER IF EXISTS {name};\nGO\n"
            "CREATE TRIGGER {name} ON {table} AFTER INSERT AS SELECT {number} AS number;\nGO\n",
        },
        ("dbo.",),
        "@p{} int",
    ),
}


class EditedProject:
    """The objects of a project in a folder, which `edit` changes and `undo` takes back."""

    def __init__(self, folder: Path, database: str, seed: int) -> None:
        self.folder = folder
        self.language = LANGUAGES[database]
        self.random = Random(seed)
        self.objects: dict[str, Made] = {}
        self.before: dict[str, Made] = {}
        self.names = 0

    def edit(self) -> str:
        """Change something, write the files, and say what it was."""
        self.before = deepcopy(self.objects)
        edits = [self.add, self.change, self.change, self.drop, self.move, self.merge, self.rename, self.switch]
        change: Callable[[], str] = self.random.choice(edits) if len(self.objects) >= LEAST_OBJECTS else self.add
        said = change()
        self.write()
        return said

    def undo(self) -> None:
        self.objects = self.before
        self.write()

    def write(self) -> None:
        shutil.rmtree(self.folder / "database", ignore_errors=True)
        files: defaultdict[str, list[str]] = defaultdict(list)
        for name, made in self.objects.items():
            files[f"{FOLDERS[made.kind]}/{made.file}.sql"].append(self.text(name, made))
        for path, texts in files.items():
            file = self.folder / "database" / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text("\n".join(texts), encoding="utf-8")

    # -- edits ---------------------------------------------------------------------------------------------------------

    def add(self) -> str:
        name = self.new_name()
        self.objects[name] = self.make(name, self.random.choice(self.language.kinds), name)
        return f"add {self.objects[name].kind} {name}"

    def change(self) -> str:
        name, made = self.one()
        self.objects[name] = self.make(name, made.kind, made.file)
        return f"change {made.kind} {name}"

    def drop(self) -> str:
        gone = self.users(self.one()[0])
        self.objects = {name: made for name, made in self.objects.items() if name not in gone}
        return f"drop {sorted(gone)}"

    def move(self) -> str:
        name, made = self.one()
        self.objects[name] = replace(self.make(name, made.kind, self.new_name()), schema=made.schema)
        return f"change {name} and move it to {self.objects[name].file}"

    def merge(self) -> str:
        name, made = self.one()
        alike = [other for other, object_ in self.objects.items() if object_.kind == made.kind]
        file = self.objects[self.random.choice(alike)].file
        self.objects[name] = replace(made, file=file)
        return f"move {name} to {file}"

    def rename(self) -> str:
        name, made = self.one()
        new = self.new_name()
        renamed = {name: new}
        self.objects[name] = replace(made, file=new if made.file == name else made.file)
        self.objects = {
            renamed.get(other, other): replace(
                object_,
                source=renamed.get(object_.source, object_.source),
                function=renamed.get(object_.function, object_.function),
            )
            for other, object_ in self.objects.items()
        }
        return f"rename {name} to {new}"

    def switch(self) -> str:
        """Make a view a materialized one, or the other way round, or move an object to another schema."""
        name, made = self.one()
        other = {"view": "materialized", "materialized": "view"}.get(made.kind, "")
        if other in self.language.kinds and self.random.random() < 0.5:
            self.objects[name] = replace(made, kind=other)
            return f"make {name} a {other}"
        self.objects[name] = replace(made, schema=self.random.choice(self.language.schemas))
        return f"move {name} to {self.objects[name].schema}"

    # -- objects -------------------------------------------------------------------------------------------------------

    def one(self) -> tuple[str, Made]:
        return self.random.choice([*self.objects.items()])

    def new_name(self) -> str:
        self.names += 1
        return f"o{self.names}"

    def make(self, name: str, kind: str, file: str) -> Made:
        """An object that needs none of those that need it."""
        others = {other: made for other, made in self.objects.items() if other not in self.users(name)}
        views = [other for other, made in others.items() if made.kind in {"view", "materialized"}]
        functions = [other for other, made in others.items() if made.kind == "function"]
        source = self.random.choice([*TABLES, *views])
        function = self.random.choice([*functions, ""]) if kind != "function" else ""
        known = self.objects.get(name)
        schema = known.schema if known else self.random.choice(self.language.schemas)
        return Made(kind, source, function, self.random.randrange(1000), file, schema)

    def users(self, name: str) -> set[str]:
        """The object and all that needs it, directly or not."""
        found = {name}
        while more := {n for n, made in self.objects.items() if {made.source, made.function} & found} - found:
            found |= more
        return found

    def full(self, name: str) -> str:
        return (self.objects[name].schema if name in self.objects else self.language.schemas[0]) + name

    def text(self, name: str, made: Made) -> str:
        parameters = ", ".join(self.language.parameter.format(number) for number in range(made.parameters))
        return self.language.texts[made.kind].format(
            name=self.full(name),
            bare=name,
            query=self.query(made),
            source=self.full(made.source),
            table=self.full(TABLES[made.seed % len(TABLES)]),
            parameters=parameters,
            number=made.seed,
        )

    def query(self, made: Made) -> str:
        there = self.objects[made.source].columns if made.source in self.objects else list(COLUMNS)
        values = [f"q.{column}" if column in there else str(made.seed) for column in made.columns]
        if made.function:
            arguments = ", ".join("1" * self.objects[made.function].parameters)
            values[0] = f"{self.full(made.function)}({arguments})"
        listed = ", ".join(f"{value} AS {column}" for value, column in zip(values, made.columns, strict=True))
        return f"SELECT {listed} FROM {self.full(made.source)} AS q"
