"""One cel on its own: what it shows, denoised from noise, from an image or from a blend of two images. Knows nothing of frames."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from ..errors import AnimateError
from ..story.conventions import COMPVIS, DIFFUSERS, redrawn
from ..story.resolved import Resolved
from ..story.storyboard import LARGEST_SEED, Keyframe
from ..story.timeline import guidance_over_time
from .cel import MIX_UNIT, Blend, Cel, Endpoint, Lineage, Start
from .curve import Point

MIDDLE = 0.6  # share of the denoising that is done half-way between two ends of which one is an image
RARELY = 2  # steps of a fast film from one at which guidance is computed to the next
# Up to so much of (guidance - 1) / steps ** 2: what is extrapolated then is 40 dB and more from what would have been computed. Twice as much
# gives 34 dB, four times 25, and far above it pictures fall apart (sprout; DPM++ and DDIM in 12 and 25 steps, guidance 2 to 7.5).
STRAIGHT = 0.0072
NO_IMAGES: Mapping[str, str] = {}


class Position(NamedTuple):
    """A frame's place between two endpoints."""

    a: Endpoint
    b: Endpoint
    point: Point


def endpoints(story: Resolved, images: Mapping[str, str] = NO_IMAGES) -> list[Endpoint]:
    """What a timeline's frames count: an endpoint for each keyframe, or four around a circle of noise. Raises AnimateError.

    images: the digest of every image that the keyframes name.
    """
    if len(story.keyframes) == 1 and story.keyframes[0].image is None:
        return _circle(story)
    if len(story.keyframes) == 1:
        raise AnimateError(f"{story.keyframes[0].image} alone does not move; give a second keyframe, or use animate still")
    return [endpoint(key, story, images) for key in story.keyframes]


def endpoint(key: Keyframe, story: Resolved, images: Mapping[str, str] = NO_IMAGES) -> Endpoint:
    """A keyframe with the storyboard's style, seed, negative and guidance filled in."""
    return Endpoint(
        prompt=story.styled(key.prompt) if key.prompt else "",
        negative=story.negative if key.negative is None else key.negative,
        seed=story.seed if key.seed is None else key.seed,
        guidance=_guidance(story) if key.guidance is None else key.guidance,
        image="" if key.image is None else images[key.image],
        strength=key.strength,
    )


def _guidance(story: Resolved) -> float:
    """The film's guidance, or that of its first frame where it changes with time."""
    given = story.sampling.guidance
    if isinstance(given, float | int):
        return float(given)
    return guidance_over_time(story, given)[0]


def _circle(story: Resolved) -> list[Endpoint]:
    """Four noises a quarter of a turn apart: two seeds and their opposites; independent noises are at right angles."""
    first = endpoint(story.keyframes[0], story)
    second = Endpoint(first.prompt, first.negative, (first.seed + 1) % (LARGEST_SEED + 1), first.guidance)
    return [first, second, *(Endpoint(end.prompt, end.negative, end.seed, end.guidance, opposite=True) for end in (first, second))]


def blended(a: Endpoint, b: Endpoint, parts: int) -> Blend:
    """So many parts of MIX_UNIT from a to b. The ends are written one way only, so that a joint is the same cel from both sides."""
    if parts == 0 or a == b:
        return Blend(a, a, 0)
    if parts == MIX_UNIT:
        return Blend(b, b, 0)
    return Blend(a, b, parts)


def cel(blend: Blend, story: Resolved, start: Start = Start()) -> Cel:  # noqa: B008 (frozen)
    """A cel that shows this blend, in the film's size and sampling."""
    sampling = story.sampling
    drawn = Cel(blend, sampling.steps, sampling.sampler, story.width, story.height, sampling.eta, start, conventions=sampling.conventions)
    straight = (blend.guidance - 1) / drawn.step_count**2 <= STRAIGHT
    return replace(drawn, guided_every=RARELY) if sampling.fast and drawn.guided and straight and not start.step else drawn


def at_point(a: Endpoint, b: Endpoint, point: Point, story: Resolved) -> Lineage:
    """The cel at a point of a segment. Where no picture lies between two, theirs are blended and drawn over, as those of images are."""
    if point.low == point.high:
        return showing(blended(a, b, point.low), story)
    parents = [showing(blended(a, b, parts), story) for parts in (point.low, point.high)]
    return _drawn_over(blended(a, b, point.parts), parents, point.share, story)


def showing(blend: Blend, story: Resolved) -> Lineage:
    """The cel that shows this blend, after those that it begins with.

    Where an end is an image, a cel begins with the clean latents of both ends, blended: no noise is known that would lead to an
    image. The share of the denoising that is done after it rises from the ends to the middle.
    """
    if not blend.a.image and not blend.b.image:
        return (cel(blend, story),)
    if blend.a != blend.b:
        return _drawn_over(blend, [showing(Blend(end, end, 0), story) for end in (blend.a, blend.b)], blend.mix, story)
    strength, count = blend.a.strength, story.sampling.step_count
    image = _image(blend.a, story)
    if not strength:
        return (image,)
    if not (done := steps_of(strength, story)):
        raise AnimateError(f"strength {strength:g} of {story.sampling.steps} steps is none; raise --strength or --steps")
    return (image, cel(blend, story, Start(count - done, (image.key,))))


def _image(end: Endpoint, story: Resolved) -> Cel:
    """The latents of an endpoint's image: the mean of what the VAE makes of it, or where it is redrawn as CompVis did, a sample by its seed."""
    sampled = story.sampling.conventions == COMPVIS and bool(end.strength)
    plain = Endpoint("", "", end.seed if sampled else 0, 0.0, image=end.image)
    drawn = cel(Blend(plain, plain, 0), story)
    drawn = drawn if sampled else replace(drawn, conventions=DIFFUSERS)
    return replace(drawn, start=Start(drawn.step_count))


def _drawn_over(blend: Blend, parents: Sequence[Lineage], share: float, story: Resolved) -> Lineage:
    """A cel that begins with the clean latents of two others, `share` of the way between them, noised the more the further it is from both."""
    first, second = parents
    done = steps_of(MIDDLE * math.sin(math.pi * share), story)
    start = Start(story.sampling.step_count - done, (first[-1].key, second[-1].key), round(share * MIX_UNIT))
    return (*first, *second, cel(blend, story, start))


def steps_of(strength: float, story: Resolved) -> int:
    """How many steps that share of the denoising is, rounded down as CompVis's img2img does."""
    return redrawn(strength, story.sampling.steps, story.sampling.conventions)
