"""How errors are worded."""

from __future__ import annotations

import errno

import pytest

from animate.errors import closest, did_you_mean, one_line


@pytest.mark.parametrize(
    ("word", "known", "meant"),
    [
        ("sd51", ["sd35", "sd15", "sd21"], "sd15"),
        ("SED", ["seed", "tree"], "seed"),
        ("dimm", ["ddim", "pndm", "lms"], "ddim"),
        ("rendr", ["render", "store"], "render"),
        ("xyz", ["seed"], None),
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
