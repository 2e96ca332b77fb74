"""The verbs: a storyboard and a model become images, lazily."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence

import numpy as np

from . import engine, plan
from .errors import AnimateError, PromptWarning
from .models.base import Defaults, Model
from .models.samplers import SAMPLERS, canonical
from .storyboard import Keyframe, Sampling, Storyboard, build
from .timeline import timeline

Image = np.ndarray  # uint8 (H, W, 3), RGB


def resolve(story: Storyboard, defaults: Defaults) -> Storyboard:
    """The storyboard with nothing left out: the model's defaults where it says nothing.

    Raises AnimateError for an unknown sampler.
    """
    said = story.sampling
    if said.sampler is None and defaults.sampler not in SAMPLERS:
        raise AnimateError(f"the model's own sampler, {defaults.sampler}, is not known here; choose one with --sampler: {', '.join(SAMPLERS)}")
    sampling = Sampling(
        steps=said.steps or defaults.steps,
        guidance=defaults.guidance if said.guidance is None else said.guidance,
        sampler=canonical(said.sampler or defaults.sampler),
    )
    return story.model_copy(update={"sampling": sampling, "width": story.width or defaults.width, "height": story.height or defaults.height})


def render(story: Storyboard, model: Model, frames: Sequence[int] | None = None) -> Iterator[Image]:
    """The film's images, read-only uint8 (H, W, 3), one for every frame, drawn as they are asked for.

    frames: only these, such as range(10, 14); their pixels are those of the whole film.
    Raises AnimateError at once, before anything is drawn, if the storyboard does not work out.
    """
    resolved = resolve(story, model.defaults)
    whole = plan.plan(timeline(resolved), resolved)
    if frames is not None and not all(0 <= i < len(whole.order) for i in frames):
        raise AnimateError(f"frames {list(frames)}: allowed are 0 to {len(whole.order) - 1}")
    _warn(resolved.keyframes, resolved, model)
    slots = min(model.numerics.slots, len(whole.cels))
    return _pictures(whole if frames is None else whole.only(frames), model, slots)


def still(prompt: str, model: Model, slots: int = 1, **settings: object) -> Image:
    """One image, uint8 (H, W, 3): the frame that a film shows at a keyframe of this prompt.

    slots: with as many as the film has, it is that frame bit for bit; otherwise (CPU, float32) within one grey level.
    settings: seed, negative, style, sampling, width, height as in a Storyboard. Raises AnimateError.
    """
    story = build({"keyframes": [prompt], "loop": "cycle", **settings})
    return next(stills(story, story.keyframes, model, slots))


def sheet(story: Storyboard, model: Model) -> Iterator[Image]:
    """The keyframes of a film as stills, before a long render."""
    return stills(story, story.keyframes, model)


def stills(story: Storyboard, keys: Sequence[Keyframe], model: Model, slots: int = 1) -> Iterator[Image]:
    """These keyframes as the storyboard's style, size and sampling have them, in batches of `slots`."""
    resolved = resolve(story, model.defaults)
    _warn(keys, resolved, model)
    return _pictures(plan.stills(resolved, [plan.pin(key, resolved) for key in keys]), model, slots)


def _pictures(what: plan.Plan, model: Model, slots: int) -> Iterator[Image]:
    """Decoded in order; a picture shown on and on is decoded once."""
    last: tuple[str, Image] | None = None
    for key, latents in zip(what.order, engine.run(what, engine.drawer(model), {}, slots), strict=True):
        if last is None or last[0] != key:
            last = key, model.decode(latents[None])[0]
            last[1].setflags(write=False)  # it may be shown again
        yield last[1]


def _warn(keys: Sequence[Keyframe], story: Storyboard, model: Model) -> None:
    said = dict.fromkeys(text for key in keys for text in (story.styled(key.prompt), key.negative or story.negative) if text)
    for remark in model.remarks([*said]):
        warnings.warn(remark, PromptWarning, stacklevel=3)
