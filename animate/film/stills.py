"""Single pictures: the frames that a film shows at its keyframes."""

from __future__ import annotations

from collections.abc import Sequence

from ..draw.runner import Runner, Stretches
from ..draw.store import Store
from ..errors import AnimateError, did_you_mean
from ..models.base import Model
from ..pixels import Image
from ..plan import plan
from ..plan.exact import endpoint
from ..report import Report
from ..story.conventions import STRENGTH
from ..story.storyboard import Keyframe, Storyboard, build
from . import given
from .batches import check_room
from .film import KeyframeImages, Request, check_fast, only_from_noise, resolve, shaped, warn_beforehand
from .pacing import Paced
from .pictures import Pictures

OF_STILLS = ("seed", "negative", "style", "sampling", "width", "height")  # of a storyboard's settings


def still(prompt: str, model: Model, batch_size: int = 1, image: str | None = None, strength: float | None = None, **settings: object) -> Image:
    """One image, uint8 (H, W, 3): the frame that a film shows at a keyframe of this prompt.

    image, strength: redraw the picture in this file, and how much of it (0..1; left out: 0.75). Where width or height is left out, it has
    the shape of that picture, at about as many pixels as the model was trained on.
    batch_size: with that of the film, it is that frame bit for bit; otherwise (CPU, float32) within one grey level.
    settings: those of OF_STILLS, as in a Storyboard. Raises AnimateError.
    """
    if others := [name for name in settings if name not in OF_STILLS]:
        raise AnimateError(f"{others[0]} of a still; allowed: {', '.join(OF_STILLS)}{did_you_mean(others[0], OF_STILLS)}")
    if image is None and strength is not None:
        raise AnimateError(f"strength {strength!r} without an image; give image=, the picture that is redrawn, or leave strength out")
    key = {"prompt": prompt} if image is None else {"prompt": prompt, "image": image, "strength": STRENGTH if strength is None else strength}
    story = build({"keyframes": [key], "loop": "cycle", **settings})
    given.check_model(model)
    story = shaped(story, model.defaults)
    with stills(story, story.keyframes, model, batch_size) as images:
        return next(images)


def sheet(story: Storyboard, model: Model, store: Store | None = None) -> Pictures:
    """The keyframes of a film as stills, before a long render."""
    given.check(story, model, store=store)
    return stills(story, story.keyframes, model, store=store)


def stills(
    story: Storyboard,
    keys: Sequence[Keyframe],
    model: Model,
    batch_size: int = 1,
    store: Store | None = None,
    report: Report | None = None,
    stretches: Stretches = (),
) -> Pictures:
    """These keyframes as the storyboard's style, size and sampling have them, in batches of `batch_size`.

    stretches: where that became less on the way, as a recipe has it.
    Raises AnimateError at once, before anything is drawn, for what cannot be.
    """
    given.check(story, model, store=store, report=report, batch_size=batch_size)
    report = report or model.report
    if not model.supports_partial_denoising and any(key.image for key in keys):
        raise only_from_noise(model)
    filled = resolve(story, model.defaults)
    check_fast(filled, model)
    check_room(model, filled)
    warn_beforehand(keys, filled, model, report)
    request = Request("sheet", filled, KeyframeImages.of(filled, report))
    shown = plan.stills(filled, [endpoint(key, filled, request.images.digests) for key in keys])
    runner = Runner(model, request.images.pixels, batch_size, store, report, stretches)
    return Pictures(request, lambda: Paced(shown), lambda: runner.latents(shown, request.name), runner)
