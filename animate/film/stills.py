"""Single pictures: the frames that a film shows at its keyframes."""

from __future__ import annotations

from collections.abc import Sequence

from ..draw.runner import Runner, Stretches
from ..draw.store import Store
from ..media import images as files
from ..models.base import Model
from ..pixels import Image
from ..plan import plan
from ..plan.exact import endpoint
from ..report import Report
from ..story.storyboard import Keyframe, Storyboard, build
from .batches import check_room
from .film import KeyframeImages, Request, resolve, warn_beforehand
from .pacing import Paced
from .pictures import Pictures


def still(prompt: str, model: Model, batch_size: int = 1, image: str | None = None, strength: float = 0.75, **settings: object) -> Image:
    """One image, uint8 (H, W, 3): the frame that a film shows at a keyframe of this prompt.

    image, strength: redraw the picture in this file, and how much of it (0..1).
    batch_size: with that of the film, it is that frame bit for bit; otherwise (CPU, float32) within one grey level.
    settings: seed, negative, style, sampling, width, height as in a Storyboard. Raises AnimateError.
    """
    if image is not None:
        width, height = files.size(image)
        settings = {"width": width, "height": height, **settings}
    key = {"prompt": prompt} if image is None else {"prompt": prompt, "image": image, "strength": strength}
    story = build({"keyframes": [key], "loop": "cycle", **settings})
    with stills(story, story.keyframes, model, batch_size) as images:
        return next(images)


def sheet(story: Storyboard, model: Model, store: Store | None = None) -> Pictures:
    """The keyframes of a film as stills, before a long render."""
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
    report = report or model.report
    filled = resolve(story, model.defaults)
    check_room(model, filled)
    warn_beforehand(keys, filled, model, report)
    request = Request("sheet", filled, KeyframeImages.of(filled, report))
    shown = plan.stills(filled, [endpoint(key, filled, request.images.digests) for key in keys])
    runner = Runner(model, request.images.pixels, batch_size, store, report, stretches)
    return Pictures(request, lambda: Paced(shown), lambda: runner.latents(shown, request.name), runner)
