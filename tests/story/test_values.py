"""A value over time: numbers, places, expressions, and what is refused."""

from __future__ import annotations

import builtins
import math
import os
import time
from pathlib import Path

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from animate import AnimateError
from animate.story.expression import DEEPEST, FUNCTIONS, LONGEST, NAMES
from animate.story.values import OverTime, Track


def zoom(value: OverTime, frames: int = 24, fps: float = 12.0, closed: bool = False) -> tuple[float, ...]:
    return Track("zoom", frames, fps, -100, 100, closed).values(value)


def refusal(value: OverTime, frames: int = 24, closed: bool = False) -> str:
    with pytest.raises(AnimateError) as refused:
        zoom(value, frames, closed=closed)
    assert "\n" not in str(refused.value)
    assert str(refused.value).startswith("zoom")
    return str(refused.value)


def test_a_number_is_the_value_of_every_frame() -> None:
    assert zoom(1.02, 3) == zoom("1.02", 3) == zoom({7: 1.02}, 8)[:3] == (1.02,) * 3
    assert all(type(value) is float for value in zoom(1, 3))


def test_between_two_places_the_value_moves_on_a_straight_line_and_stays_outside_of_them() -> None:
    assert zoom({2: 1, 6: 3}, 9) == (1, 1, 1, 1.5, 2, 2.5, 3, 3, 3)


def test_places_are_frames_seconds_and_shares_in_any_order() -> None:
    assert zoom({"100%": 0, "0.5s": 6, "50%": 12, 0: 0}, 25) == zoom({0: 0, 6: 6, 12: 12, 24: 0}, 25)


def test_frames_written_as_text_are_frames() -> None:
    assert zoom({"0": 0, " 23 ": 23}) == tuple(range(24))


def test_the_last_place_of_a_cycle_leads_on_to_the_first() -> None:
    assert zoom({2: 0, 6: 4}, 8, closed=True) == (2, 1, 0, 1, 2, 3, 4, 3)


def test_the_end_of_a_cycle_is_its_beginning() -> None:
    there = zoom({0: 1, 24: 1.05, 48: 1}, 48, closed=True)
    assert there == zoom({0: 1, 24: 1.05}, 48, closed=True) == zoom({24: 1.05, "4s": 1}, 48, closed=True)
    assert there[1:] == pytest.approx(there[:0:-1])
    assert "1.05 at 48, where the cycle is at frame 0 again with 1;" in refusal({0: 1, 48: 1.05}, 48, closed=True)


def test_names_count_time() -> None:
    assert zoom("t", 3, fps=2) == (0, 0.5, 1)
    assert zoom("f + n", 3) == (3, 4, 5)
    assert zoom("x", 5) == (0, 0.25, 0.5, 0.75, 1)
    assert zoom("x", 4, closed=True) == (0, 0.25, 0.5, 0.75)
    assert zoom("1 + 0.02*sin(2*pi*t/3)") == pytest.approx([1 + 0.02 * math.sin(2 * math.pi * f / 36) for f in range(24)])


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("2 + 3 * -4 / 8", 0.5),
        ("7 // 2 + 7 % 4 + 2 ** 3", 14),
        ("abs(-1) + min(2, 3) + max(2, 3, 4)", 7),
        ("floor(1.5) + ceil(1.5) + round(2.5) + round(-0.5)", 6),
        ("clip(5, 0, 1) + clip(-5, 0, 1) + clip(0.5, 0, 1)", 1.5),
        ("sqrt(9) + exp(0) + log(1) + log(8, 2)", 7),
        ("cos(0) + sin(0) + tan(0)", 1),
        ("3 if f < 1 else 4", 3),
        ("3 if 0 < f <= 2 and not f == 1 or f != 0 else 4", 4),
        ("4 if 0 < f <= 2 else 3", 3),
        ("(1 < 2 < 3) + (1 < 3 < 2) + (3 < 1 < 1/f)", 1),
        ("2 or 1/f", 2),
        ("0 and 1/f", 0),
        ("0 or 3 and 5", 5),
        ("1 if f == 0 else 1/f", 1),
        ("  1\n + 1 ", 2),
    ],
)
def test_expressions_are_arithmetic(text: str, value: float) -> None:
    assert zoom(text, 2)[0] == pytest.approx(value)


numbers_and_names = st.sampled_from(["t", "f", "n", "x", "pi", "0", "1", "0.5", "3"])
expressions = st.recursive(
    numbers_and_names,
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["+", "-", "*", "/", "//", "%", "<", "<=", ">", "==", "!=", "and", "or"]), inner).map(" ".join),
        st.tuples(st.sampled_from(["-", "+", "not ", "abs", "sin", "floor"]), inner).map(lambda parts: "({}({}))".format(*parts)),
        st.tuples(inner, inner).map(lambda parts: "max({}, {})".format(*parts)),
        st.tuples(inner, inner, inner).map(lambda parts: "({}) if ({}) else ({})".format(*parts)),
        st.tuples(inner, inner, inner).map(lambda parts: "({}) < ({}) <= ({})".format(*parts)),
    ),
    max_leaves=8,
)


@example("(0.5) < (t) <= (t) / 0")
@given(expressions)
def test_expressions_mean_what_they_mean_in_python(text: str) -> None:
    names = {"t": 1.0, "f": 2.0, "n": 3.0, "x": 1.0, "pi": math.pi}
    try:
        value: float | None = float(eval(text, {"__builtins__": {}}, {**FUNCTIONS, **names}))
    except ZeroDivisionError:
        value = None
    assume(len(text) <= LONGEST)
    track = Track("zoom", 3, 2.0, -math.inf, math.inf)
    if value is None:
        with pytest.raises(AnimateError, match="at frame 2: "):
            track.values({2: text})
    else:
        assert track.values({2: text}) == (value,) * 3


def test_an_expression_may_be_as_deep_as_it_is_long() -> None:
    assert zoom("f+" * (DEEPEST - 1) + "f", 1) == (0,)
    assert zoom("-" * (DEEPEST - 2) + "1", 1) == (1,)
    assert ": too deep;" in refusal("-" * DEEPEST + "1")


def test_an_expression_at_a_place_counts_there() -> None:
    assert zoom({0: "x", 10: "x + f"}, 11) == pytest.approx([1.1 * f for f in range(11)])


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ({25: 1}, "25 is past the end of 24 frames;"),
        ({"2.1s": 1}, "2.1s is past the end of 24 frames;"),
        ({"101%": 1}, '"101%" is past the end'),
        ({-1: 1}, "-1 is before the first frame"),
        ({12: 1, "1s": 2}, "12 and 1s are both on frame 12; move one"),
        ({0: 1, "0": 2}, "0 and 0 are both on frame 0"),
        ({}, "a mapping of no places; give one such as {0: 1, 24: 1.05}"),
        ({"half\nway": 1}, '"half way" is no place in time; allowed: a frame'),
        ({3: -1000}, "zoom at frame 3 is -1000; allowed: -100 to 100"),
        ({3: "f - 200"}, "zoom at frame 3 is -197;"),
        (-200, "zoom at frame 0 is -200; allowed: -100 to 100"),
        (10**400, "too large"),
        (math.nan, "is nan;"),
        ("50 * f", "zoom at frame 3 is 150;"),
        ("1e999", "is inf;"),
        ("1e999 - 1e999", "is nan;"),
        ("1 / f", 'zoom "1 / f" at frame 0: '),
        ("log(f)", "at frame 0: "),
        ("(-8) ** (1/3)", "at frame 0: "),
        ("exp(f * 1000)", "at frame 1: math range error"),
        ("floor(1e999)", "at frame 0: cannot convert float infinity"),
        ("clip(f)", "_clip() missing 2 required"),
        ("1 +", 'zoom "1 +": cannot be read as a formula; allowed: numbers, + - * /'),
        ("", "cannot be read as a formula"),
        ("1; 2", "cannot be read as a formula"),
        ("f = 2", "cannot be read as a formula"),
        ("sn(t)", '"sn" is not known; did you mean "sin"?'),
        ("sin + 1", "sin is a function; write sin(t);"),
        ("t(2)", "t is a number, no function; multiply with *;"),
        ("zzz", '"zzz" is not known; allowed: numbers'),
        ("2 ^ 3", "^ is no power, which is written **;"),
        ("True", "True is no arithmetic"),
        ("1 if f < 99 else open", '"open" is not known'),
        ("0 and open(1)", '"open" is not known'),
        ("2 << 1", "2 << 1 is no arithmetic"),
        ("~1", "~1 is no arithmetic"),
        ("1 in 2", "1 in 2 is no arithmetic"),
        ("max(1, key=abs)", "key=abs is no arithmetic"),
        ("1j", "1j is no arithmetic"),
        ("a\x00b", "cannot be read as a formula"),
        ("1" * 600, "600 letters are too many, 500 at most"),
    ],
)
def test_what_cannot_be_is_refused_in_one_line(value: OverTime, words: str) -> None:
    assert words in refusal(value)


def test_places_past_the_end_of_a_cycle_are_refused() -> None:
    assert "49 is past the end of 48 frames;" in refusal({0: 1, 49: 1}, 48, closed=True)


def test_a_refusal_says_every_word_that_is_allowed() -> None:
    message = refusal("nothing()")
    assert all(f"{word}," in f"{message}," for word in (*NAMES, *FUNCTIONS))


HOSTILE = (
    "__import__('os').system('touch harm')",
    "().__class__",
    "().__class__.__bases__[0].__subclasses__()",
    "sin.__self__",
    "(1).__class__",
    "9**9**9",
    "9.9**9**9**9",
    "'a'*10**9",
    "[1]*10**9",
    "(1,)*10**9",
    "1 << 10**9",
    "round(5, -999999999)",
    "open('harm', 'w')",
    "open",
    "eval('1')",
    "exec('1')",
    "print(1)",
    'f"{t}"',
    "f'{t:>999999999}'",
    "lambda: 1",
    "(lambda: 1)()",
    "[t for t in (1,)]",
    "sum(1 for _ in range(10**9))",
    "{1: 2}[1]",
    "(y := 3)",
    "max(*[1, 2])",
    "max(1, key=abs)",
    "max(**{})",
    "import os",
    "sin(1)(2)",
    "1 in 2",
    "1 is 1",
    "await t",
    "(yield)",
    "...",
    "None",
    "(" * 499,
    "(" * 240 + "1" + ")" * 240,
    "-" * 499 + "1",
    "sin(" * 120 + "1" + ")" * 120 + ")",
    "not " * 120 + "open",
    "1" + "0" * 10**6,
    "t.real",
    "\ud800",
)


@pytest.mark.parametrize("text", HOSTILE)
def test_nothing_but_arithmetic_is_ever_done(text: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(os, "system", lambda command: pytest.fail("a command was run"))
    monkeypatch.setattr(builtins, "eval", lambda *args: pytest.fail("eval was called"))
    began = time.process_time()
    refusal(text)
    refusal({0: text})
    assert time.process_time() - began < 1
    assert not [*tmp_path.iterdir()]


signs = ("1", "0.5", "1e308", "+", "-", "*", "/", "//", "%", "**", "(", ")", ",", "<", "if", "else", "and", "not", "'")
words = st.sampled_from([*NAMES, *FUNCTIONS, *signs])
texts = st.one_of(st.text(max_size=30), st.lists(words, max_size=12).map(" ".join), st.text("tfnx+-*/%().,019e ", max_size=20))
keys = st.one_of(st.integers(-2, 30), st.integers(0, 110).map("{}%".format), st.floats(0, 4).map("{:.2f}s".format), st.text(max_size=5))
numbers = st.one_of(st.floats(-0.2, 1.2), st.floats(), st.integers())


@given(st.one_of(numbers, texts, st.dictionaries(keys, st.one_of(numbers, texts), max_size=6)), st.integers(2, 30), st.booleans())
@example({0: 0.1 + 0.2, 7: 0.3}, 9, False)
def test_anything_gives_a_value_in_range_for_every_frame_or_is_refused_in_one_line(value: OverTime, frames: int, closed: bool) -> None:
    try:
        values = Track("zoom", frames, 12.0, 0.0, 1.0, closed).values(value)
    except AnimateError as error:
        refused = str(error)
    else:
        refused = "zoom"
        assert len(values) == frames
        assert all(type(value) is float and 0 <= value <= 1 for value in values)
    assert refused.startswith("zoom")
    assert len(refused.splitlines()) == 1


@given(st.dictionaries(st.integers(0, 39), st.floats(-100, 100), min_size=1), st.booleans())
def test_every_place_has_its_value_and_between_them_steps_are_even(places: dict[int | str, float | str], closed: bool) -> None:
    values = zoom(places, 40, closed=closed)
    assert all(values[int(key)] == value for key, value in places.items())
    for frame in {*range(1, 39)} - {int(key) for key in places}:
        assert values[frame - 1] + values[frame + 1] == pytest.approx(2 * values[frame], abs=1e-6)
    if closed and not places.keys() & {0, 39}:
        assert values[38] + values[0] == pytest.approx(2 * values[39], abs=1e-6)


@pytest.mark.parametrize("end", [24, "2s", "24"])
def test_the_end_of_the_film_is_a_place(end: int | str) -> None:
    """Where its last frame ends: a value may lead there, though no frame shows it."""
    assert zoom({0: 0.0, end: 24.0}) == pytest.approx(range(24))
