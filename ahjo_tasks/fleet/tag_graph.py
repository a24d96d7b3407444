"""The tags of a repository and their order."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


class TagGraph:
    """Commits with their parents, oldest first, and tags with their commits; a commit may have several tags."""

    def __init__(self, parents: Mapping[str, tuple[str, ...]], tags: Mapping[str, str]) -> None:
        self.parents = parents
        self.tags = {tag: commit for tag, commit in tags.items() if commit in parents}
        self._names: dict[str, list[str]] = {}
        for tag, commit in self.tags.items():
            self._names.setdefault(commit, []).append(tag)
        self.previous = cache(self._previous)
        self.older = cache(self._older)
        self.after = cache(self._after)

    def names(self, commit: str) -> list[str]:
        """Return the tags of a commit."""
        return self._names.get(commit, [])

    def newest(self, commits: Iterable[str]) -> set[str]:
        """Return those that no other of them contains."""
        all_of_them = set(commits)
        return all_of_them - frozenset().union(*map(self.older, all_of_them))

    def _older(self, commit: str) -> frozenset[str]:
        """Return every commit that this one contains."""
        older: set[str] = set()
        stack = [*self.parents[commit]]
        while stack:
            parent = stack.pop()
            if parent not in older and parent in self.parents:
                older.add(parent)
                stack += self.parents[parent]
        return frozenset(older)

    def _after(self, commit: str) -> frozenset[str]:
        """Return every commit that contains this one, and more."""
        after: set[str] = set()
        for later, parents in self.parents.items():
            if commit in parents or not after.isdisjoint(parents):
                after.add(later)
        return frozenset(after)

    def _previous(self, commit: str) -> frozenset[str]:
        """Return the nearest tagged commits below this one."""
        tagged: set[str] = set()
        stack, seen = list(self.parents[commit]), set()
        while stack:
            parent = stack.pop()
            if parent in seen or parent not in self.parents:
                continue
            seen.add(parent)
            if self.names(parent):
                tagged.add(parent)
            else:
                stack += self.parents[parent]
        return frozenset(self.newest(tagged))


def read_tag_graph(commits: str, refs: str) -> TagGraph:
    """Parse `git rev-list --parents --reverse`, and lines of tag, object, and commit of an annotated tag."""
    parents = {first: tuple(rest) for first, *rest in (line.split() for line in commits.splitlines())}
    tags = {tag: (peeled or [commit])[0] for tag, commit, *peeled in (line.split() for line in refs.splitlines())}
    return TagGraph(parents, tags)
