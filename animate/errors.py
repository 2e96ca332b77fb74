"""The exception meant for people, and how its lines are worded. Knows nothing of what went wrong.

An error says, in one line, what was given, what is allowed and what to do next.
"""

from __future__ import annotations

import difflib
import math
from collections.abc import Iterable, Mapping


class AnimateError(ValueError):
    """Something asked for cannot be done. The command prints it as one line and exits with 2."""


class AnimateWarning(UserWarning):
    """Something that a person should know, and that does not stop the film."""


LIKE = 0.7  # share of two spellings that has to agree (difflib's ratio): "step" and "steps" are 0.89, "leaves" and "planes" 0.67


def closest(word: str, known: Iterable[str], like: float = LIKE) -> str | None:
    """The known name that is spelled most like a word; None where none is close.

    Swapped letters are the likeliest mistake: sd51 is sd15 and not sd35.
    """
    spellings = {spelling.lower(): spelling for spelling in known}
    close = difflib.get_close_matches(word.lower(), sorted(spellings), 5, like)
    close.sort(key=lambda spelling: sorted(spelling) != sorted(word.lower()))  # stable: otherwise the best stays first
    return spellings[close[0]] if close else None


def did_you_mean(word: str, known: Iterable[str], names: Mapping[str, str] | None = None) -> str:
    """The end of a message about a name that is not known: '; did you mean "tree"?', or nothing where none is close.

    known: all spellings that are understood. names: what is suggested for a spelling, where that is not the spelling itself.
    """
    spelling = closest(word, known)
    return f'; did you mean "{names[spelling] if names else spelling}"?' if spelling else ""


def one_line(error: object, longest: int = 300) -> str:
    """What a library or the system says of a failure, in one line of so many characters at most, without the numbers of its errors."""
    if isinstance(error, UnicodeDecodeError):
        return "it is not in UTF-8; save it as UTF-8"
    if isinstance(error, ValueError) and "set_int_max_str_digits" in str(error):  # Python's limit, which it advises to raise
        return "a number of thousands of digits"
    if isinstance(error, RecursionError):
        return "lists or mappings inside each other, too deep"
    words = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return " ".join(words.split())[:longest]


def counted(count: int, thing: str) -> str:
    """So many things: "1 frame", "2 frames"."""
    return f"{count} {thing}{'s' * (count != 1)}"


def amount(count: float) -> str:
    """Bytes for people, in decimal units as disks and the hub have them: "2.7 GB", "40.3 MB", "5 kB"; nothing is "0 kB"."""
    if count < 1e5:
        return f"{math.ceil(count / 1e3)} kB"
    return f"{count / 1e9:.1f} GB" if count >= 1e9 else f"{count / 1e6:.1f} MB"
