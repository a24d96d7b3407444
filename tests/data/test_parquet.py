from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from ahjo_tasks.data.parquet import write_parquet
from ahjo_tasks.database.connection import RowStream
from ahjo_tasks.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path

parquet = pytest.importorskip("pyarrow.parquet")


def written(path: Path, *values: Any) -> Any:
    """One column, in a chunk for each value."""
    file = path / "one.parquet"
    assert write_parquet(RowStream(("one",), iter([[(value,)] for value in values])), file) == len(values)
    return parquet.read_table(file)["one"]


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ((None, 1, -(2**63)), "int64"),
        ((True, False, None), "bool"),
        ((1.5, 2), "double"),
        ((Decimal("1.5"), Decimal("10.25"), None), "decimal128(38, 2)"),
        ((date(2024, 2, 29),), "date32[day]"),
        ((datetime(2024, 2, 29, tzinfo=UTC),), "timestamp[us, tz=UTC]"),
        ((b"\x00",), "binary"),
        (("text", None), "string"),
        ((None, None), "string"),
    ],
)
def test_a_column_gets_the_type_of_all_its_values(tmp_path: Path, values: tuple[Any, ...], kind: str) -> None:
    column = written(tmp_path, *values)
    assert str(column.type) == kind
    assert column.to_pylist() == list(values)


@pytest.mark.parametrize(
    ("values", "read"),
    [
        ((1, "a"), ["1", "a"]),
        ((Decimal(1), Decimal("NaN")), ["1", "NaN"]),
        ((Decimal("1e37"), Decimal("1e-37")), [str(10**37), "0." + "0" * 36 + "1"]),
        ((2**63, 1), [Decimal(2**63), Decimal(1)]),
    ],
)
def test_values_that_no_narrow_type_holds_are_kept_whole(tmp_path: Path, values: tuple[Any, ...], read: Any) -> None:
    assert written(tmp_path, *values).to_pylist() == read


def test_a_query_without_rows_is_a_file_with_columns(tmp_path: Path) -> None:
    assert written(tmp_path).to_pylist() == []


def test_columns_of_the_same_name_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="same name"):
        write_parquet(RowStream(("a", "a"), iter([[(1, 2)]])), tmp_path / "a.parquet")


def test_many_rows_are_written_in_groups(tmp_path: Path) -> None:
    chunks = ([(number,) for number in range(first, first + 5000)] for first in range(0, 250_000, 5000))
    write_parquet(RowStream(("n",), chunks), tmp_path / "n.parquet")
    file = parquet.ParquetFile(tmp_path / "n.parquet")
    assert file.metadata.num_row_groups == 3
    assert file.read()["n"].to_pylist() == list(range(250_000))
