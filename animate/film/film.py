"""A storyboard worked out for one model: all that can be known of a film before anything is drawn, as a value that is built once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from ..errors import AnimateError
from ..media import images as files
from ..models.base import Defaults, Model
from ..models.parts.samplers import check_eta, chosen
from ..pixels import Image
from ..plan.cel import Plan
from ..plan.curve import Curve
from ..plan.plan import plan
from ..plan.tree import levels
from ..report import Report
from ..story.conventions import COMPVIS
from ..story.resolved import Resolved, resolved
from ..story.storyboard import Keyframe, Storyboard
from ..story.timeline import Frame, timeline
from .recipe import Verb, digest

DRAFT, LEAST = 3, 4  # of a draft: the model's steps by three, four at least. Half the size would show another picture: noise has a size
NEAR = 1.2  # times the width, or the height, that a model knows alone, or a part of it: a tree of sprout's at 160 x 128 is flat already
FAR = 2.3  # times the pixels that a model was trained on, or a part of them: up to 768 x 768 for one of 512 x 512


def resolve(story: Storyboard, defaults: Defaults) -> Resolved:
    """The storyboard with nothing left out: the model's defaults where it says nothing.

    Raises AnimateError for an unknown sampler, or an eta that it does not have.
    """
    asked = story.sampling
    sampler = chosen(asked.sampler, defaults.sampler)
    check_eta(sampler, asked.eta)
    d, fast = defaults, asked.fast
    if asked.draft:
        fast = d.lends and not asked.sharing and story.feedback is None
    changes = {"sampler": sampler, "fast": fast, "draft": False}
    steps = min(d.steps, max(LEAST, d.steps // DRAFT)) if asked.draft else d.steps
    story = story.model_copy(update={"sampling": asked.model_copy(update=changes)})
    return resolved(story, steps=steps, guidance=d.guidance, sampler=sampler, width=d.width, height=d.height)


def shaped(story: Storyboard, defaults: Defaults) -> Storyboard:
    """That of pictures which redraw an image: in its shape where a side is left out, at about as many pixels as the model was trained on.

    Raises AnimateError if the image cannot be read.
    """
    image = story.keyframes[0].image
    if image is None or (story.width and story.height):
        return story
    width, height = files.scaled(image, defaults.width * defaults.height, story.width, story.height)
    return story.replace(width=width, height=height)


class _Unheard(Report):
    """What is said of an image was said when its file was read for the first time."""

    def log(self, line: str) -> None: ...

    def warn(self, line: str) -> None: ...


class ImageFiles(Mapping[str, Image]):
    """Images by digest, uint8 (height, width, 3). They are read when they are asked for and not kept: a film encodes each of them once."""

    def __init__(self, places: Mapping[str, tuple[str, int, int]]):
        """places: the name of each file, and the width and height that it is read as, by digest."""
        self.places = places

    def __getitem__(self, wanted: str) -> Image:
        """Raises AnimateError if the file is no longer what it was."""
        name, width, height = self.places[wanted]
        image = files.read(name, width, height, _Unheard())
        if digest(image) != wanted:
            raise AnimateError(f"{name} is another picture now than when the film began; start again, and leave it as it is while it is drawn")
        return image

    def __iter__(self) -> Iterator[str]:
        return iter(self.places)

    def __len__(self) -> int:
        return len(self.places)


@dataclass(frozen=True)
class KeyframeImages:
    """The images that keyframes name, as large as the film."""

    digests: Mapping[str, str]  # by the name of the file
    pixels: ImageFiles

    @classmethod
    def of(cls, story: Resolved, report: Report) -> KeyframeImages:
        """Raises AnimateError for a file that is no image."""
        names = dict.fromkeys(name for key in story.keyframes if (name := key.image))
        digests = {name: digest(files.read(name, story.width, story.height, report)) for name in names}
        return cls(digests, ImageFiles({known: (name, story.width, story.height) for name, known in digests.items()}))


@dataclass(frozen=True)
class Request:
    """What is to be drawn, with nothing left out."""

    verb: Verb
    story: Resolved
    images: KeyframeImages

    @property
    def name(self) -> str:
        """From what to what, for people."""
        return " to ".join(dict.fromkeys(key.label for key in (self.story.keyframes[0], self.story.keyframes[-1])))


@dataclass(frozen=True)
class Film(Request):
    """A film that works out: its keyframes fit on its frames, its images are there, its model can do what it asks for."""

    frames: tuple[Frame, ...]  # of the whole film
    only: tuple[int, ...] | None = None  # numbers of the frames that are drawn; none: all

    @classmethod
    def of(cls, story: Storyboard, model: Model, only: Sequence[int] | None, report: Report) -> Film:
        """Raises AnimateError at once, before anything is drawn, if the storyboard does not work out."""
        filled = resolve(story, model.defaults)
        film = cls("film", filled, KeyframeImages.of(filled, report), timeline(filled), None if only is None else tuple(only))
        film._check(model)
        if filled.sampling.sharing and not levels(filled):
            none = f"sharing {filled.sampling.sharing:g} of {filled.sampling.steps} steps is none: every frame begins with noise"
            report.warn(f"{none}; raise --sharing or --steps")
        warn_beforehand(filled.keyframes, filled, model, report)
        return film

    def _check(self, model: Model) -> None:
        linear, count = self.linear, len(self.frames)
        if self.only is not None and self.story.between:
            raise AnimateError("some frames of a film with in-betweens; leave one of them out: in-betweens stand between neighbours")
        if others := [i for i in self.only or () if not 0 <= i < count]:
            raise AnimateError(f"frame {others[0]}: allowed are 0 to {count - 1}")
        if not model.supports_partial_denoising and any(cel.start.step or cel.stop for cel in linear.cels.values()):
            raise only_from_noise(model)
        check_fast(self.story, model)

    @cached_property
    def linear(self) -> Plan:
        """The plan of the whole film in equal steps of the blend. Raises AnimateError."""
        return plan(self.frames, self.story, self.images.digests)

    def plan(self, curves: Sequence[Curve]) -> Plan:
        """The plan of what is drawn, paced by these curves; none: in equal steps of the blend."""
        whole = plan(self.frames, self.story, self.images.digests, curves) if curves else self.linear
        return whole if self.only is None else whole.only(self.only)

    @property
    def chain(self) -> bool:
        """Whether every picture begins with the one before, so that there is one to draw at a time."""
        return self.story.feedback is not None

    @property
    def scales(self) -> set[float]:
        """The guidance scales of its cels."""
        return {cel.blend.guidance for cel in self.linear.cels.values()}

    @property
    def paced_frames(self) -> Sequence[Frame]:
        """The frames whose pace matters for what is drawn: a fed-back picture has all before it."""
        return self.frames if self.only is None or self.chain else [self.frames[i] for i in self.only]


def check_fast(story: Resolved, model: Model) -> None:
    """Raises AnimateError if pictures are to lend each other deep features, and the model is not made for that."""
    if story.sampling.fast and not model.defaults.lends:
        raise AnimateError(f"{model.name} cannot be drawn fast: its pictures share no features, as those of Stable Diffusion 1, 2 and XL do")


def only_from_noise(model: Model) -> AnimateError:
    """What is said of a picture that would begin with another one, where the model cannot do that."""
    whole = f"{model.name} draws every picture from noise to its end: images, sharing and feedback"
    return AnimateError(f"{whole} are for Stable Diffusion 1, 2 and XL; leave them out, or use one of those")


def warn_beforehand(keys: Sequence[Keyframe], story: Resolved, model: Model, report: Report) -> None:
    """What will not look as it is meant: a size that the model was not trained for, words that its text encoder does not know."""
    if line := _size_warning(story, model):
        report.warn(line)
    texts = dict.fromkeys(text for key in keys for text in (story.styled(key.prompt) if key.prompt else "", key.negative or story.negative) if text)
    for line in model.text.warnings([*texts], plain=story.sampling.conventions == COMPVIS):
        report.warn(line)


def _size_warning(story: Resolved, model: Model) -> str | None:
    """A line for a picture that is far from those that the model was trained on; None for others."""
    own, asked = model.defaults, f"{story.width} x {story.height} pixels"
    share = story.width * story.height / (own.width * own.height)
    ratios, far = ((story.width / own.width, story.height / own.height), NEAR) if own.one_size else ((share,), FAR)
    if all(1 / far <= ratio <= far for ratio in ratios):
        return None
    outcome = "pictures fall apart, or show a thing twice" if share > 1 else "pictures lose their shapes"
    trained = f"{model.name} was trained on {own.width} x {own.height}"
    # An image that is redrawn as the scripts of 2022 did brings its own size.
    of_image = story.sampling.conventions == COMPVIS and any(key.image for key in story.keyframes)
    advice = f"say --width {own.width} --height {own.height}" if of_image else "leave out --width and --height"
    return f"{asked}, and {trained}: {outcome}; {advice}, or take another model"
