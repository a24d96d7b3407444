from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from ahjo_tasks.data.values import to_text


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("as it is", "as it is"),
        (True, "1"),
        (False, "0"),
        (10**20, "100000000000000000000"),
        (0.1, "0.1"),
        (Decimal("1E+3"), "1000"),
        (Decimal("0.00"), "0.00"),
        (Decimal("1E-10"), "0.0000000001"),
        (date(2024, 2, 29), "2024-02-29"),
        (datetime(2024, 2, 29, 13, 5), "2024-02-29 13:05:00"),  # noqa: DTZ001 - most databases know no zone
        (datetime(2024, 2, 29, 13, 5, 0, 120, tzinfo=UTC), "2024-02-29 13:05:00.000120+00:00"),
        (time(1, 2, 3), "01:02:03"),
        (timedelta(hours=838, seconds=59), "838:00:59"),
        (-timedelta(minutes=90, microseconds=5), "-01:30:00.000005"),
        (b"\x00\xff", "0x00ff"),
        (memoryview(b"\x01"), "0x01"),
        (UUID(int=1), "00000000-0000-0000-0000-000000000001"),
        ([1, None, "ä"], '[1, null, "ä"]'),
        ({"at": date(2024, 1, 1)}, '{"at": "2024-01-01"}'),
    ],
)
def test_a_value_is_written_as_every_database_reads_it(value: Any, written: str) -> None:
    assert to_text(value) == written
