"""How much one visitor may ask for. Knows no page."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

from ..errors import AnimateError, did_you_mean
from ..story.storyboard import Storyboard


@dataclass(frozen=True)
class Limits:
    """The most of each."""

    frames: int = 2400  # of a film, in-betweens counted
    side: int = 2048  # pixels
    steps: int = 150  # denoising steps per frame
    keyframes: int = 100
    seeds: int = 16  # pictures of one prompt
    upload: int = 64  # MB of a file
    pixels: int = 50  # millions, of an uploaded picture
    queue: int = 20  # jobs that wait; who comes then is told to try again later
    kept: int = 200  # films and pictures of one visitor: the oldest go

    @classmethod
    def of(cls, asked: tuple[str, ...]) -> Limits:
        """ "frames=240", "side=512": the others stay as they are. Raises AnimateError."""
        names, limits = [field.name for field in fields(cls)], cls()
        for text in asked:
            name, equals, number = text.partition("=")
            if name not in names or not equals:
                raise AnimateError(f'--limit "{text[:60]}"; allowed: {", ".join(f"{name}=N" for name in names)}{did_you_mean(name, names)}')
            if not (number.isascii() and number.isdigit() and 1 <= int(number[:10]) <= 10**9):
                raise AnimateError(f'--limit {name}="{number[:20]}"; allowed: a whole number from 1')
            limits = replace(limits, **{name: int(number)})
        return limits

    def check(self, story: Storyboard) -> None:
        """Raises AnimateError for a film that is too much for this studio."""
        asked = {
            "frames": story.written,
            "side": max(story.width or 0, story.height or 0),
            "steps": story.sampling.steps or 0,
            "keyframes": len(story.keyframes),
        }
        words = {"frames": "pictures, in-betweens counted", "side": "pixels", "steps": "steps", "keyframes": "keyframes"}
        for name, number in asked.items():
            if number > getattr(self, name):
                raise AnimateError(f"{number} {words[name]}; this studio allows up to {getattr(self, name)} (--limit {name}={getattr(self, name)})")
