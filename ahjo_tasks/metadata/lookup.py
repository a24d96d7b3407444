"""Finding the objects that the keys of a file mean."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ahjo_tasks.metadata.model import DbObject, Properties


class Lookup:
    """Finds objects by the keys of a file: as they are, by alias, or in another case.

    In another case only where the database `folds` names and one object fits.

    `exact` has every object under the key that files use for it: in brackets where a dot in a name makes one key of two
    objects. `ambiguous` are such keys, with what to write instead.
    """

    def __init__(self, objects: list[DbObject], *, folds: bool = True) -> None:
        spellings = Counter(spelling for one in objects for spelling in {one.key, one.bracketed})
        self.exact = {one.key if spellings[one.key] == 1 else one.bracketed: one for one in objects}
        self.ambiguous: dict[str, list[str]] = {}
        for key, one in self.exact.items():
            if key != one.key:
                self.ambiguous.setdefault(one.key, []).append(key)
        alike = Counter(one.key.lower() for one in objects if folds)
        self._folded = {one.key.lower(): one for one in objects if alike[one.key.lower()] == 1}
        self._aliases = {alias: one for one in objects for alias in (one.alias, one.bracketed) if alias}

    def __iter__(self) -> Iterator[DbObject]:
        return iter(self.exact.values())

    def find(self, key: str) -> DbObject | None:
        """The object of a key."""
        return self.exact.get(key) or self._aliases.get(key) or self._folded.get(key.lower())

    def pairs(self, keys: Mapping[str, Properties]) -> tuple[dict[str, DbObject], list[str]]:
        """The object of every key, and the keys without one; each object goes to one key, the exact one if it can."""
        found, lost = {key: self.exact[key] for key in keys if key in self.exact}, []
        taken = {one.parts for one in found.values()}
        for key in keys:
            if key in found:
                continue
            one = self.find(key)
            if one is None or one.parts in taken:
                lost.append(key)
            else:
                found[key] = one
                taken.add(one.parts)
        return found, lost
