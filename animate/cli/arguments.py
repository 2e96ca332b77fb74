"""Arguments in the place of prompts that are none: forgotten quotes, files and folders, with what was probably meant."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import PIL.Image

from ..errors import AnimateError, closest
from ..media.formats import FORMATS, films
from ..places import path_of
from ..story.files import SUFFIXES

SMALL_WORDS = {"a", "an", "the", "to", "of", "in", "on", "at", "by", "with", "and", "into", "from", "through"}
SOUNDS = (".wav", ".mp3", ".m4a", ".flac", ".ogg", ".opus", ".aac")
WEIGHTS = (".safetensors", ".ckpt", ".pt", ".bin")


def check(prompts: Sequence[str]) -> None:
    """Raises AnimateError for arguments that are no prompts, with what was probably meant."""
    for prompt in filter(None, prompts):  # an empty one is told as that by the storyboard
        _check_file(prompt, alone=len(prompts) == 1)
    if len(prompts) > 2 and _sentence(prompts):
        raise AnimateError(f"{len(prompts)} prompts of one word each; put the words of a prompt in quotes: animate {_quoted(' '.join(prompts))}")
    if len(prompts) == 1 and "|" in prompts[0]:
        parts = [part.strip() for part in prompts[0].split("|") if part.strip()]
        raise AnimateError(f'"{prompts[0]}" is one prompt; give several, each in quotes: animate {" ".join(map(_in_quotes, parts))}')


def check_one(prompt: str) -> None:
    """Raises AnimateError for a file in the place of the prompt of a picture."""
    if not _is_there(path_of(prompt)):
        return
    if path_of(prompt).suffix.lower() in SUFFIXES:
        raise AnimateError(f"{prompt}: a storyboard, and no prompt; its keyframes on one sheet: animate sheet {prompt}")
    _check_file(prompt, alone=True)


def _sentence(words: Sequence[str]) -> bool:
    """Whether these are the words of a sentence, and not prompts of one word each."""
    small = [word.lower() in SMALL_WORDS and len(following) > 2 for word, following in pairwise(words)]
    return all(len(word.split()) == 1 for word in words) and any(small)


def _quoted(sentence: str) -> str:
    """The prompts that a sentence is about: "a seed to a tree" is "a seed" "a tree"."""
    parts = sentence.split(" to ")
    return " ".join(map(_in_quotes, parts)) if len(parts) > 1 and all(parts) else '"..." "..."'


def _in_quotes(prompt: str) -> str:
    return f'"{prompt}"'


def _check_file(prompt: str, alone: bool) -> None:
    """alone: a single word that names a folder is none of several prompts."""
    path = path_of(prompt)
    suffix = path.suffix.lower()
    if suffix in SUFFIXES or len(prompt) > 255 or "\n" in prompt:
        return
    try:
        there, folder = path.is_file(), path.is_dir()
    except (OSError, ValueError):  # no name that a file can have
        return
    if folder and (alone or "/" in prompt):
        frames = f"its frames are an input of other commands: {_of_films(prompt)}"
        into = f"frames are written into one with -o {prompt.rstrip('/')}/"
        raise AnimateError(f"{prompt}: a folder, and no prompt; {frames if (path / 'recipe.json').is_file() else into}")
    if use := _use(path, suffix, there):
        raise AnimateError(f"{prompt}: {use if there else f'no such file, and no prompt; {use}'}")
    if alone and suffix and " " not in path.name:
        _check_storyboard(prompt, path, there)


def _check_storyboard(prompt: str, path: Path, there: bool) -> None:
    """Raises AnimateError for a file that is nothing of ours, and for a misspelt suffix of what would be."""
    kinds = f"a storyboard ends in {', '.join(SUFFIXES)}"
    if there:
        raise AnimateError(f"{prompt}: a file, and no prompt; {kinds}; prompts, one a line, are read with -f {path}")
    if meant := closest(path.suffix, SUFFIXES):
        raise AnimateError(f'{prompt}: no such file, and no prompt; {kinds}; did you mean "{path.with_suffix(meant)}"?')


def _use(path: Path, suffix: str, there: bool) -> str:
    """What a file of this kind is for; "" for what may be a prompt."""
    if not there and (" " in path.name or not path.stem):
        return ""
    if suffix in SOUNDS:
        return f"a sound is put under a film with --sound {path}"
    if suffix in WEIGHTS:
        return f"a model is named with --model {path}, a LoRA with --lora {path}"
    if suffix == ".txt":
        return f"prompts, one a line, are read with -f {path}"
    if suffix in FORMATS and FORMATS[suffix].picture and not (there and suffix in films() and _moves(path)):
        return f'a picture is a keyframe in a storyboard (image: {path}), or redrawn by animate still "..." --init-img {path}'
    if suffix in films():
        return f"a film is an input of other commands: {_of_films(str(path))}" if there else f"a film is written with -o {path}"
    return f"a film is an input of other commands: {_of_films(str(path))}" if suffix and suffix in FORMATS else ""


def _is_there(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):  # no name that a file can have
        return False


def _moves(path: Path) -> bool:
    """Whether a picture's file holds several: PNG, WebP and AVIF do both."""
    try:
        with PIL.Image.open(path) as image:
            return getattr(image, "n_frames", 1) > 1
    except (OSError, ValueError, SyntaxError):
        return False


def _of_films(path: str) -> str:
    return f"animate again, show, verify or score {path}"
