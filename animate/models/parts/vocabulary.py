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
        """Words that the model was never shown, each once, in the order of the prompts; with the word that was probably meant: 'sed ("seed"?)'."""
        known = self.words | self.idle | self.unseen
        return [self._with_hint(word) for word in _words(prompts) if word not in known]

    def passed_over(self, prompts: Iterable[str]) -> list[str]:
        """Things that the model was trained to ignore, each once, in the order of the prompts."""
        return [word for word in _words(prompts) if word in self.unseen]

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
