"""What made a file: a storyboard, a model, the place it was drawn in, and a digest of every image.

A recipe is data: it is checked when it is read, and nothing in it is ever executed. Models that only it names are not loaded.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import platform
import re
import zlib
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path
from typing import Annotated, Literal, Self, TypeVar

import numpy as np
from pydantic import AliasChoices, FailFast, Field, ValidationError, model_validator

from ..errors import AnimateError, one_line
from ..media import tags
from ..models.placement import EAGER, LARGEST_BATCH
from ..plan.curve import Curve
from ..story.fields import Frozen
from ..story.files import SUFFIXES
from ..story.storyboard import MOST_KEYFRAMES, Storyboard

PLAIN, PACKED = "animate recipe: ", "animate recipe, zlib and base64: "
LONG = 4000  # characters of JSON above which a recipe is compressed
MAKER = "a diffusion model"
LARGEST = 2**27  # bytes of JSON that are unpacked: no bomb
PACKAGES = ("animate", "torch", "diffusers", "transformers", "numpy")  # that draw
DIGEST = re.compile("[0-9a-f]{16}")
OPENCV = ("opencv-python-headless", "opencv-python", "opencv-contrib-python-headless", "opencv-contrib-python")  # any of them is cv2

T = TypeVar("T")

Verb = Literal["film", "still", "sheet"]
# Of what a file says, only so much is taken: it is printed, and it may be anybody's file. FailFast: of a million faults, one is enough.
Word = Annotated[str, Field(max_length=4000)]  # a path may be as long
Words = Annotated[dict[Word, Word], Field(max_length=MOST_KEYFRAMES)]


class Made(Frozen):
    """The model, and where it drew: what a picture depends on besides the storyboard."""

    model: Word
    fingerprint: Word
    device: Word
    dtype: Word
    batch_size: int = Field(ge=1, le=LARGEST_BATCH, validation_alias=AliasChoices("batch_size", "slots"))  # slots: until 0.1.0
    hardware: Word
    kernels: Word = EAGER
    versions: Annotated[Words, Field(max_length=100)]
    extras: Annotated[tuple[Word, ...], Field(max_length=100), FailFast()] = ()  # what was put on the model
    images: Words = Field({})  # that keyframes begin with: name of the file -> digest of its pixels


class Recipe(Frozen):
    """Everything that is needed to draw a file again, and to know that it came out as it was."""

    version: Literal[1]
    made_by: Word
    verb: Verb
    storyboard: Storyboard  # resolved: it leaves nothing to the model's defaults
    made: Made
    digests: Annotated[tuple[str, ...], FailFast()]  # of the images, in order
    labels: Annotated[tuple[str, ...], FailFast()] = ()  # what a contact sheet says below its pictures
    columns: int | None = Field(None, ge=1, le=256)  # of a contact sheet, where that was asked for
    withheld: Annotated[tuple[int, ...], FailFast()] = ()  # images, by their number, that the safety checker flagged: they show a neighbour
    curves: Annotated[tuple[Curve, ...], FailFast()] = ()  # how the segments of an evenly paced film are paced
    frames: Annotated[tuple[int, ...], Field(fail_fast=True)] | None = None  # of the film, where not all of it was drawn
    # Where the batch size became less on the way: a frame's number, in-betweens not counted, and the size from there on.
    batches: Annotated[tuple[tuple[int, int], ...], FailFast()] = ()
    # By workers that differ: a frame's number, and what it and those after it were drawn on; nothing of what was in the store.
    hardware: Annotated[tuple[tuple[int, Word], ...], FailFast()] = ()

    @model_validator(mode="after")
    def _agrees(self) -> Self:
        keys = len(self.storyboard.keyframes)
        pictures = {"film": self.storyboard.written, "sheet": keys, "still": 1}[self.verb] if self.frames is None else len(self.frames)
        if len(self.digests) > pictures or (self.labels and len(self.labels) != keys):
            raise ValueError(f"{len(self.digests)} digests and {len(self.labels)} labels for {pictures} pictures")
        if not all(map(DIGEST.fullmatch, self.digests)):
            raise ValueError("digests that are none")
        segments = keys if keys > 1 else 4  # those of a circle
        if self.curves and (len(self.curves) != segments or not all(curve.valid for curve in self.curves)):
            raise ValueError("curves that are none of this film")
        if any(not 0 <= frame < self.storyboard.count for frame in self.frames or ()):
            raise ValueError("frames that the film does not have")
        if any(first < 0 or not 1 <= size <= LARGEST_BATCH for first, size in self.batches):
            raise ValueError("batches of no size")
        if self.verb == "still" and keys > 1:
            raise ValueError(f"a still of {keys} keyframes")
        return self

    @property
    def every(self) -> int:
        """Of so many pictures, one is a frame; the others are in-betweens."""
        return 1 + self.storyboard.between if self.verb == "film" else 1

    def batch_of(self, picture: int) -> int:
        """The size of the batches that the frame of this picture was drawn in."""
        frame = picture // self.every
        return next((size for first, size in reversed(self.batches) if first <= frame), self.made.batch_size)

    def pack(self) -> str:
        """As one line of text; long ones are compressed."""
        text = self.model_dump_json(exclude_defaults=True)
        if len(text) <= LONG:
            return PLAIN + text
        return PACKED + base64.b64encode(zlib.compress(text.encode(), 9)).decode()


def digest(image: np.ndarray) -> str:
    """Of an image's size and pixels, uint8 (H, W, 3); 16 hexadecimal digits."""
    return hashlib.sha256(repr(image.shape).encode() + np.ascontiguousarray(image).data).hexdigest()[:16]


def begins(only: Sequence[int] | None) -> bool:
    """Whether these frames are those that a film begins with, none left out, so that its sound fits; None: all of them."""
    return only is None or [*only] == [*range(len(only))]


def stretches(values: Sequence[T]) -> tuple[tuple[int, T], ...]:
    """Of a value of every frame, such as its batch size, where it changes: a frame's number and the value from there on; where not, nothing."""
    return tuple((i, value) for i, value in enumerate(values) if i and value != values[i - 1])


def version_of(package: str) -> str:
    """Of an installed package; "not installed" for one that is only imported from where it lies."""
    try:
        return metadata.version(package) or "unknown"
    except metadata.PackageNotFoundError:
        return "not installed"


def versions(flow: bool = False) -> dict[str, str]:
    """Of what draws. flow: OpenCV draws in-betweens, too, under whichever of its names it is installed."""
    found = {"python": platform.python_version(), **{name: version_of(name) for name in PACKAGES}}
    if flow:
        name = next((name for name in OPENCV if version_of(name) != "not installed"), OPENCV[0])
        found[name] = version_of(name)
    return found


def differences(then: Made, now: Made) -> list[str]:
    """What is different in the surroundings since a file was made, a line each."""
    names = ("model", "fingerprint", "extras", "device", "hardware", "dtype", "kernels", "batch_size")
    pairs = [(name, getattr(then, name), getattr(now, name)) for name in names]
    pairs += [(name, then.versions.get(name, "none"), now.versions.get(name, "none")) for name in sorted({*then.versions, *now.versions})]
    pairs += [(name, before, now.images.get(name, "none")) for name, before in then.images.items()]
    return [f"{name}: {before} then, {after} now" for name, before, after in pairs if before != after]


def unpack(text: str) -> Recipe:
    """The recipe that `pack` made text of. Raises ValueError if it is none."""
    if text.startswith(PLAIN):
        data = text.removeprefix(PLAIN).encode()
    elif text.startswith(PACKED):
        try:
            unpacker = zlib.decompressobj()
            data = unpacker.decompress(base64.b64decode(text.removeprefix(PACKED), validate=True), LARGEST)
        except (binascii.Error, zlib.error) as error:
            raise ValueError(f"it is damaged ({error})") from error
        if unpacker.unconsumed_tail or not unpacker.eof:
            raise ValueError("it is damaged or larger than any that animate writes")
    else:
        raise ValueError("its comment is something else")
    return Recipe.model_validate_json(data)


def read(path: Path) -> Recipe:
    """The recipe in a file or folder. Raises AnimateError in one line if there is none."""
    if path.suffix.lower() in SUFFIXES:
        raise AnimateError(f"{path}: a storyboard, and no film yet; draw it with: animate {path}")
    try:
        path.stat()
        text = tags.get(path)
    except OSError as error:
        raise AnimateError(f"{path}: cannot be read ({error.strerror or error}); give a file that animate wrote") from error
    if not text:
        raise AnimateError(f"{path}: no recipe in it; either animate did not make it, or it was encoded again since: look for the original")
    try:
        return unpack(text)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        reason = one_line(f"{place}{': ' * bool(place)}{first['msg'].removeprefix('Value error, ')}")
        raise AnimateError(f"{path}: its recipe cannot be used ({reason}); it was changed, or is of another version") from error
    except ValueError as error:
        raise AnimateError(f"{path}: no recipe in it: {error}; look for the file as animate wrote it") from error
