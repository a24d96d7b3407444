"""Words that depend on a number."""


def counted(count: int, what: str) -> str:
    """`1 row`, `3 rows`, for a word whose plural is made by an s."""
    return f"{count} {what}{'' if count == 1 else 's'}"
