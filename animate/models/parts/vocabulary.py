"""The words that a small model was trained on: the file `vocabulary.json` in its folder, where it has one.

{"size": 128, "kinds": {"subjects": ["seed", ...], "colours": [...], ...}, "words": ["seed", ...], "idle": ["beautiful", ...],
 "unseen": ["dog", ...]}
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from ...errors import AnimateError, closest

FILE = "vocabulary.json"
SMALL = frozenset({"a", "an", "the", "of", "in", "on", "at", "by", "with", "and", "s"})  # words that show nothing by themselves
LIKE = 0.8  # as in errors.closest; most words of a prompt are spelled as they are meant, and merely not known


@dataclass(frozen=True)
class Vocabulary:
    """What a model that was trained on few words knows; `vocabulary.json` of its folder."""

    size: int  # pixels of a side
    kinds: dict[str, list[str]]  # what can be chosen by kind: subjects, colours, places ...
    words: frozenset[str]  # every word that means something to the model
    idle: frozenset[str]  # words that it was trained to ignore, and that say how a picture looks, or little
    unseen: frozenset[str] = frozenset()  # words that it was trained to ignore, and that name a thing: whoever says one misses it

    def unknown(self, prompts: Iterable[str]) -> list[str]:
        """Words that mean nothing to the model, each once, in the order of the prompts; with the word that was probably meant: 'sed ("seed"?)'."""
        known = self.words | self.idle
        return [word if word in self.unseen else self._with_hint(word) for word in _words(prompts) if word not in known]

    def missed(self, prompts: Iterable[str]) -> str:
        """Which words of prompts the model does not know, and what becomes of these prompts, for people; nothing where it knows all words."""
        without = [prompt for prompt in dict.fromkeys(prompts) if self.unknown([prompt])]
        empty = [f'"{prompt.strip()}"' for prompt in without if not (self.words - SMALL).intersection(_words([prompt]))]
        rest = ", and draws the rest" * (len(empty) < len(without))
        nothing = f"; nothing of {', '.join(empty)} will show" if empty else ""
        return f"does not know {', '.join(self.unknown(without))}{rest}{nothing}" if without else ""

    def _with_hint(self, word: str) -> str:
        close = closest(word, self.words, LIKE) if len(word) > 2 else None
        return f'{word} ("{close}"?)' if close else word


def _words(prompts: Iterable[str]) -> list[str]:
    return [*dict.fromkeys(word for prompt in prompts for word in re.findall(r"[^\W_]+", prompt.lower()))]


def read(folder: Path) -> Vocabulary | None:
    """The vocabulary of the model in a folder; None for one that learned its words elsewhere. Raises AnimateError."""
    path = folder / FILE
    if not path.is_file():
        return None
    try:
        return TypeAdapter(Vocabulary).validate_json(path.read_bytes())
    except (OSError, ValidationError) as error:
        first = str(error).splitlines()[0]
        raise AnimateError(f"{path} cannot be read ({first}); take the model from where it came from again, or remove this file") from error
