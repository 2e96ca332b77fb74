"""How errors are worded."""

from __future__ import annotations

import errno

import pytest

from animate.errors import amount, closest, did_you_mean, one_line


@pytest.mark.parametrize(
    ("word", "known", "meant"),
    [
        ("sd51", ["sd35", "sd15", "sd21"], "sd15"),
        ("SED", ["seed", "tree"], "seed"),
        ("dimm", ["ddim", "pndm", "lms"], "ddim"),
        ("rendr", ["render", "store"], "render"),
        ("xyz", ["seed"], None),
        ("steps", ["style", "seed"], None),
        ("leaves", ["planes"], None),
    ],
)
def test_the_name_that_was_probably_meant(word: str, known: list[str], meant: str | None) -> None:
    assert closest(word, known) == meant
    assert did_you_mean(word, known) == (f'; did you mean "{meant}"?' if meant else "")


def test_what_the_system_says_comes_without_its_numbers() -> None:
    assert one_line(FileNotFoundError(errno.ENOENT, "No such file or directory", "x")) == "No such file or directory"
    with pytest.raises(UnicodeDecodeError) as refused:
        b"\xff".decode()
    assert one_line(refused.value) == "it is not in UTF-8; save it as UTF-8"
    assert one_line("two\n lines") == "two lines"


def test_what_python_says_of_its_own_limits_is_not_repeated() -> None:
    with pytest.raises(ValueError, match="set_int_max_str_digits") as refused:
        int("9" * 5000)
    assert one_line(refused.value) == "a number of thousands of digits"
    assert one_line(RecursionError("maximum recursion depth exceeded")) == "lists or mappings inside each other, too deep"


@pytest.mark.parametrize(("count", "words"), [(0, "0 kB"), (1, "1 kB"), (6144, "7 kB"), (10**5, "0.1 MB"), (4.03e7, "40.3 MB"), (2.7e9, "2.7 GB")])
def test_bytes_for_people_are_none_only_where_there_are_none(count: float, words: str) -> None:
    assert amount(count) == words
