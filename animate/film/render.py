"""The verbs: a storyboard and a model become images, lazily."""

from __future__ import annotations

import itertools
import warnings
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial

import numpy as np
import torch
from torch import Tensor

from ..draw.runner import Interleaved, Runner
from ..draw.store import Store
from ..errors import AnimateError, AnimateWarning
from ..measure import distance
from ..media import flow as between
from ..media import photo
from ..models.base import Defaults, Model
from ..models.parts.samplers import chosen
from ..plan import plan
from ..plan.cel import MIX_UNIT, Cel, Plan
from ..plan.curve import Curve
from ..story.storyboard import Keyframe, Storyboard, build
from ..story.timeline import Frame, timeline
from . import pacing, recipe
from .recipe import Made, Recipe, Verb

Image = np.ndarray  # uint8 (H, W, 3), RGB
Curves = tuple[Curve, ...]
Planned = Callable[[pacing.See], tuple[Plan, Curves]]  # what is shown and how it is paced; may look at pictures first
BESIDE = (1 / 64, -1 / 64, 1 / 32, -1 / 32)  # of a segment: where a flagged picture is drawn instead


def resolve(story: Storyboard, defaults: Defaults) -> Storyboard:
    """The storyboard with nothing left out: the model's defaults where it says nothing.

    Raises AnimateError for an unknown sampler, or an eta that it does not have.
    """
    said = story.sampling
    more = {"steps": said.steps or defaults.steps, "sampler": chosen(said.sampler, defaults.sampler)}
    sampling = said.model_copy(update={**more, "guidance": defaults.guidance if said.guidance is None else said.guidance})
    if said.eta and sampling.sampler != "ddim":
        raise AnimateError(f"eta {said.eta:g} with {sampling.sampler}; only the sampler ddim has it: use --sampler ddim, or leave --eta out")
    return story.model_copy(update={"sampling": sampling, "width": story.width or defaults.width, "height": story.height or defaults.height})


def render(
    story: Storyboard,
    model: Model,
    frames: Sequence[int] | None = None,
    store: Store | None = None,
    curves: Curves = (),
    batch_size: int | None = None,
) -> Pictures:
    """The film's images, read-only uint8 (H, W, 3), one for every frame, drawn as they are asked for.

    frames: only these, such as range(10, 14); their pixels are those of the whole film.
    store: where finished cels are kept and found again.
    curves: how its segments are paced, as a recipe has it; none: as the storyboard says, which may have to be measured first.
    batch_size: cels in a batch, as a recipe has it; left out: as many as the model is loaded for, where there is room and so much to draw at a time.
    Raises AnimateError at once, before anything is drawn, if the storyboard does not work out.
    """
    resolved = resolve(story, model.defaults)
    images, times = Images.of(resolved), timeline(resolved)
    linear = plan.plan(times, resolved, images.digests)
    if frames is not None and resolved.between:
        raise AnimateError("some frames of a film with in-betweens; leave one of them out: in-betweens stand between neighbours")
    if frames is not None and not all(0 <= i < len(times) for i in frames):
        raise AnimateError(f"frames {list(frames)}: allowed are 0 to {len(times) - 1}")
    if not model.supports_partial_denoising and any(cel.start.step or cel.stop for cel in linear.cels.values()):
        told = f"{model.name} draws every picture from noise to its end: images, sharing and feedback"
        raise AnimateError(f"{told} are for Stable Diffusion 1, 2 and XL; leave them out, or use one of those")
    if resolved.sampling.sharing and not plan.levels(resolved):
        told = f"sharing {resolved.sampling.sharing:g} of {resolved.sampling.steps} steps is none: every frame begins with noise"
        told += "; raise --sharing or --steps"
        warnings.warn(told, AnimateWarning, stacklevel=2)
    _warn(resolved.keyframes, resolved, model)
    ready = 1 if resolved.feedback is not None else len(linear.cels)  # a chain has one picture to draw at a time
    batch_size = fitting(batch_size or min(model.numerics.batch_size, _doubled(ready)), model, resolved)
    shown = range(len(times)) if frames is None or resolved.feedback is not None else frames  # a fed-back picture has all before it

    def planned(see: pacing.See) -> tuple[Plan, Curves]:
        paced = curves or (
            _paced(resolved, times, [times[i] for i in shown], images, see, model.supports_partial_denoising) if resolved.pace == "even" else ()
        )
        whole = plan.plan(times, resolved, images.digests, paced) if paced else linear
        return whole if frames is None else whole.only(frames), paced

    return Pictures("film", resolved, planned, images, Runner(model, images.pixels, batch_size, store), frames)


def render_together(stories: Sequence[Storyboard], model: Model, store: Store | None = None) -> list[Pictures]:
    """Films that are drawn in common batches, such as one film by several seeds; each has the images of `render` with as many batch_size.

    Chains of feedback, which have one picture to draw at a time, advance side by side. Whichever film is asked first, the others
    come along, and what nobody has asked for yet waits in memory: 64 KB a frame at 512 x 512 pixels. Raises as `render` does.
    """
    if not stories:
        return []
    chains = all(story.feedback is not None for story in stories)
    wanted = min(model.numerics.batch_size, _doubled(len(stories))) if chains else model.numerics.batch_size
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        films = [render(story, model, store=store, batch_size=fitting(wanted, model, resolve(story, model.defaults))) for story in stories]
    for text, kind in dict.fromkeys((str(one.message), one.category) for one in told):  # once, and not for every film
        warnings.warn(text, kind, stacklevel=2)
    pixels = {digest: image for film in films for digest, image in film.inputs.pixels.items()}
    batch_size = min(film.runner.numerics.batch_size for film in films)
    beside = Interleaved(Runner(model, pixels, batch_size, store), [film.planned for film in films], f"{films[0].name}, {len(films)} films")
    for number, film in enumerate(films):
        film.runner, film.latents = beside.runner, partial(beside.latents, number)
    return films


def _paced(story: Storyboard, times: Sequence[Frame], shown: Sequence[Frame], images: Images, see: pacing.See, late: bool) -> Curves:
    """Of the segments that these frames of the film lie in. late: jumps can be bridged."""
    endpoints, asked = plan.ends(story, images.digests), {frame.a for frame in shown}
    within = Counter(a for a, mix in {(frame.a, frame.mix) for frame in times} if 0 < mix < 1 and a in asked)
    found = pacing.curves(story, endpoints, within, see, distance.metric())
    for a, curve in enumerate(found):
        for low, high in ((curve.knots[jump][0], curve.knots[jump + 1][0]) for jump in curve.jumps):
            named = " to ".join(f'"{endpoint.prompt}"' for endpoint in (endpoints[a], endpoints[(a + 1) % len(endpoints)]))
            told = f"{named} jumps at mix {(low + high) / 2 / MIX_UNIT:.3f}: no picture lies between"
            warnings.warn(f"{told}; it is bridged by drawing over a blend" if late else told, AnimateWarning, stacklevel=4)
    return found if late else tuple(replace(curve, jumps=()) for curve in found)


def _doubled(ready: int) -> int:
    """The power of two that holds so many: two threads do not compute all places of a batch of six alike, and bits would depend on the place."""
    return 1 << (ready - 1).bit_length()


def fitting(batch_size: int, model: Model, story: Storyboard) -> int:
    """As many batch_size, or half, or a quarter ... as the device should have room for. Half: so that a film that goes on finds its cels."""
    if story.width is None or story.height is None:
        raise TypeError("the storyboard is not resolved: its size is left out")
    free, room, most = model.free_bytes(), model.bytes_per_sample(story.width, story.height), batch_size
    while free is not None and batch_size > 1 and batch_size * room > free:
        batch_size //= 2
    if free is not None and batch_size < most:
        told = f"{free / 2**30:.1f} GiB free, and a picture takes about {room / 2**30:.1f}"
        warnings.warn(f"{told}: drawing {batch_size} in a batch instead of {most}", AnimateWarning, stacklevel=3)
    return batch_size


def still(prompt: str, model: Model, batch_size: int = 1, image: str | None = None, strength: float = 0.75, **settings: object) -> Image:
    """One image, uint8 (H, W, 3): the frame that a film shows at a keyframe of this prompt.

    image, strength: redraw the picture in this file, and how much of it (0..1).

    batch_size: with as many as the film has, it is that frame bit for bit; otherwise (CPU, float32) within one grey level.
    settings: seed, negative, style, sampling, width, height as in a Storyboard. Raises AnimateError.
    """
    if image is not None:
        width, height = photo.size(image)
        settings = {"width": width, "height": height, **settings}
    key = {"prompt": prompt} if image is None else {"prompt": prompt, "image": image, "strength": strength}
    story = build({"keyframes": [key], "loop": "cycle", **settings})
    return next(stills(story, story.keyframes, model, batch_size))


def sheet(story: Storyboard, model: Model, store: Store | None = None) -> Pictures:
    """The keyframes of a film as stills, before a long render."""
    return stills(story, story.keyframes, model, store=store)


def stills(story: Storyboard, keys: Sequence[Keyframe], model: Model, batch_size: int = 1, store: Store | None = None) -> Pictures:
    """These keyframes as the storyboard's style, size and sampling have them, in batches of `batch_size`."""
    resolved = resolve(story, model.defaults)
    _warn(keys, resolved, model)
    images = Images.of(resolved)
    endpoints = [plan.endpoint(key, resolved, images.digests) for key in keys]
    return Pictures("sheet", resolved, lambda _: (plan.stills(resolved, endpoints), ()), images, Runner(model, images.pixels, batch_size, store))


@dataclass(frozen=True)
class Images:
    """The images that keyframes name, as large as the film."""

    digests: Mapping[str, str]  # by the name of the file
    pixels: Mapping[str, Image]  # by digest

    @classmethod
    def of(cls, story: Storyboard) -> Images:
        """Raises AnimateError for a file that is no picture."""
        if story.width is None or story.height is None:
            raise TypeError("the storyboard is not resolved: its size is left out")
        found = {name: photo.read(name, story.width, story.height) for key in story.keyframes if (name := key.image)}
        digests = {name: recipe.digest(pixels) for name, pixels in found.items()}
        return cls(digests, {digests[name]: pixels for name, pixels in found.items()})


class Pictures(Iterator[Image]):
    """The images of a plan, drawn as they are asked for, and the recipe of those that were."""

    def __init__(self, verb: Verb, story: Storyboard, planned: Planned, images: Images, runner: Runner, frames: Sequence[int] | None = None):
        self._verb, self._story, self.inputs, self._planned, self._frames = verb, story, images, planned, frames
        self._model, self.runner = runner.model, runner
        self.latents: Callable[[Plan], Iterator[Tensor]] = lambda what: runner.latents(what, _title(what))
        self._images = self._filled()
        self._between = story.between if verb == "film" else 0
        self.probes = 0  # pictures that were looked at to pace the film
        self.digests: list[str] = []
        self._beside, self._withheld = 0, list[int]()  # pictures that the safety checker had drawn elsewhere, or not shown

    def __next__(self) -> Image:
        image = next(self._images)
        image.setflags(write=False)  # it may be shown again
        self.digests.append(recipe.digest(image))
        return image

    @property
    def _closed(self) -> bool:
        return self._story.loop != "none"

    @cached_property
    def _paced(self) -> tuple[Plan, Curves]:
        return self._planned(self._seen)

    @property
    def name(self) -> str:
        return " to ".join(dict.fromkeys(key.label for key in (self._story.keyframes[0], self._story.keyframes[-1])))

    def planned(self) -> Plan:
        """Its cels, once probes have told its pace."""
        return self._paced[0]

    @property
    def curves(self) -> Curves:
        """How the segments are paced; none: linear. Asked for before the first image, it looks at probes."""
        return self._paced[1]

    def _filled(self) -> Iterator[Image]:
        """With in-betweens that follow the motion, if they are asked for: those are made of pictures."""
        drawn, count = self._drawn(), self._between
        yield from between.flowing(drawn, count, self._closed) if count and self._story.between_by == "flow" else drawn

    def _shown(self, what: Plan) -> Iterator[tuple[str | None, Tensor]]:
        """Keys and latents in order; in-betweens that are blends of latents have no key."""
        latents, count = self.latents(what), self._between
        if not count or self._story.between_by == "flow":
            return zip(what.order, latents, strict=True)
        keys = ([key, *[None] * count] for key in what.order)
        return zip(itertools.chain.from_iterable(keys), between.blends(latents, count, self._closed), strict=False)

    def _drawn(self) -> Iterator[Image]:
        """Decoded in order; a picture shown on and on is decoded once. One that may not be shown gives way to the last, or the next, that may."""
        what, _ = self._paced
        shown, last, late, every = None, None, 0, 1 + self._between * (self._story.between_by == "flow")
        for number, (key, latents) in enumerate(self._shown(what)):
            if key is None or key != shown:
                shown, image = key, self._allowed(None if key is None else what.cels[key], latents)
            if image is None:
                self._withheld.append(number * every)
                image = self._blank() if self._verb == "sheet" and len(what.order) > 1 else None
            if image is not None:
                last = image
            elif last is None:
                late += 1
                continue
            while late:
                late -= 1
                yield last
            yield last
        if self._withheld and last is None:
            raise AnimateError("the safety checker flags every picture; use another prompt or seed, or --no-safety, which shows what it flags")
        if self._beside or self._withheld:
            told = f"the safety checker flagged {self._beside + len(self._withheld)} of {len(what.order)} pictures"
            told += f": {self._beside} are drawn a little beside, {len(self._withheld)} show a neighbour; --no-safety shows them"
            warnings.warn(told, AnimateWarning, stacklevel=2)

    def _seen(self, probes: Plan) -> np.ndarray:
        """Pictures that are looked at before the film is drawn, (B, H, W, 3)."""
        self.probes += len(probes.order)
        return self._model.decode(torch.stack([*self.runner.latents(probes, "")]))

    def _allowed(self, cel: Cel | None, latents: Tensor) -> Image | None:
        """The picture, or one from very near it if the safety checker flags it; None if it flags those, too. In-betweens are no cels."""
        for number, made in enumerate(itertools.chain([latents], self._near(cel) if cel else ())):
            image: Image = self._model.decode(made[None])[0]
            if not self._model.flagged(image[None])[0]:
                self._beside += bool(number)
                return image
        return None

    def _near(self, cel: Cel) -> Iterator[Tensor]:
        """Drawn at mixes on both sides of a cel's own; none for a still, which has no sides, nor for what is fed back."""
        a, b = cel.blend.a, cel.blend.b
        for mix in (cel.blend.mix + step for step in BESIDE if a != b and not cel.start.move and 0 < cel.blend.mix + step < 1):
            near = Plan.showing([plan.line(plan.between(a, b, round(mix * MIX_UNIT)), self._story)])
            yield from self.runner.alone(near)

    def _blank(self) -> Image:
        return np.full((self._story.height or 0, self._story.width or 0, 3), 250, np.uint8)

    @property
    def recipe(self) -> Recipe:
        """Of the images drawn so far."""
        n, model, story = self.runner.numerics, self._model, self._story
        more = ["opencv-python-headless"] if self._between and story.between_by == "flow" else []
        made = Made(
            model=model.name, fingerprint=model.fingerprint, device=n.device, dtype=n.dtype, batch_size=n.batch_size, hardware=n.hardware,
            versions=recipe.versions(*more), images=dict(self.inputs.digests), extras=model.extras,
        )  # fmt: skip
        timed = story.replace(frames=story.count, fps=story.rate, duration=None)
        frames = None if self._frames is None else tuple(self._frames)
        return Recipe(
            version=1,
            made_by=recipe.MAKER,
            verb=self._verb,
            storyboard=timed,
            made=made,
            digests=tuple(self.digests),
            frames=frames,
            withheld=tuple(self._withheld),
            curves=self.__dict__.get("_paced", ((), ()))[1],  # not looked for if nothing was drawn
        )

    def note(self, count: int) -> str:
        """The recipe of the first `count` images as text, for `write_video`."""
        return self.recipe.model_copy(update={"digests": tuple(self.digests[:count])}).pack()

    def note_of_last(self) -> str:
        """The recipe of the last still alone."""
        whole, last = self.recipe, len(self.digests) - 1
        story = whole.storyboard.model_copy(update={"keyframes": (self._story.keyframes[last],), "frames": 2, "loop": "cycle"})
        return whole.model_copy(update={"verb": "still", "storyboard": story, "digests": self.digests[last:]}).pack()

    def note_of_sheet(self, labels: Sequence[str], columns: int | None = None) -> str:
        """The recipe of a contact sheet with these labels, and so many pictures in a row."""
        return self.recipe.model_copy(update={"labels": tuple(labels), "columns": columns}).pack()


def _title(what: Plan) -> str:
    """From what to what, for a list of films."""
    endpoints = what.cels[what.order[0]].blend.a, what.cels[what.order[-1]].blend.b
    return " to ".join(dict.fromkeys(endpoint.prompt or f"image {endpoint.image}" for endpoint in endpoints))


def _warn(keys: Sequence[Keyframe], story: Storyboard, model: Model) -> None:
    said = dict.fromkeys(text for key in keys for text in (story.styled(key.prompt) if key.prompt else "", key.negative or story.negative) if text)
    for remark in model.prompt_warnings([*said]):
        warnings.warn(remark, AnimateWarning, stacklevel=3)
