from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ahjo_tasks.scan.content import Content
from ahjo_tasks.scan.personal_data import CENTURIES, CONTROLS, Hetu, is_hetu

TODAY = date(2026, 1, 1)
SIGNS = {1800: "+", 1900: "-YXWVU", 2000: "ABCDEF"}


def code(born: date, sign: str, number: int) -> str:
    digits = f"{born:%d%m%y}{number:03}"
    return f"{digits[:6]}{sign}{digits[6:]}{CONTROLS[int(digits) % 31]}"


def found(text: str) -> list[str]:
    content = Content("a.sql", text.encode())
    return [hit.match for hit in Hetu().find(content)] if Hetu().prefilter(content) else []


CODES = st.builds(
    lambda born, number, choice: code(born, (signs := SIGNS[born.year // 100 * 100])[choice % len(signs)], number),
    st.dates(date(1800, 1, 1), TODAY),
    st.integers(2, 999),
    st.integers(0, 5),
)


@given(CODES)
def test_every_code_of_the_rule_is_found_in_a_text(text: str) -> None:
    assert is_hetu(text, TODAY)
    assert found(f"('{text}', N'å')") == [text]


@given(CODES, st.integers(0, 10), st.sampled_from("0123456789ABCDEFHJKLMNPRSTUVWXYZ+-"))
def test_no_other_control_character_is_taken(text: str, place: int, other: str) -> None:
    changed = text[:place] + other + text[place + 1 :]
    digits = changed[:6] + changed[7:10]
    right = digits.isdigit() and changed[10] == CONTROLS[int(digits) % 31]
    assert is_hetu(changed, date(2100, 1, 1)) <= right


def test_a_code_of_tomorrow_is_none_yet() -> None:
    assert is_hetu(code(TODAY, "A", 902), TODAY)
    assert not is_hetu(code(TODAY + timedelta(1), "A", 902), TODAY)


def test_the_numbers_000_and_001_are_nobodys() -> None:
    born = date(1994, 5, 1)
    assert [number for number in range(4) if is_hetu(code(born, "-", number))] == [2, 3]


def test_a_leap_day_needs_its_year() -> None:
    assert is_hetu(code(date(2000, 2, 29), "A", 902))
    assert not is_hetu("290299" + "-902" + CONTROLS[int("290299902") % 31])


@pytest.mark.parametrize("before", ["", "'", "(", "_", "-", "hetu=", "\u201c", "\n"])
@pytest.mark.parametrize("behind", ["", "'", ")", "_old", ".", "-x", "\u201d", "\r"])
def test_marks_and_underscores_end_a_token(before: str, behind: str) -> None:
    assert found(f"{before}010594Y9032{behind}") == ["010594Y9032"]


@pytest.mark.parametrize("token", ["x{}", "{}x", "0{}", "{}0", "\u00e4{}", "{}\u00e4"])
def test_letters_and_digits_make_it_a_longer_token(token: str) -> None:
    assert found(token.format("010594Y9032")) == []


@given(st.binary(min_size=16, max_size=400))
def test_hex_blobs_and_guids_hold_no_code(data: bytes) -> None:
    text = data.hex().upper()
    guid = f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:32]}"
    assert found(f"0x{text}\n{text}0123456789AB\n{{{guid}}}\n{guid.lower()}") == []


def test_a_blob_full_of_shapes_is_read_quickly() -> None:
    assert found("010101A" * 200_000) == []


def test_each_sign_has_its_century() -> None:
    assert {sign: year for year, signs in SIGNS.items() for sign in signs} == CENTURIES
