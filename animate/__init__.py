"""Films by interpolating a diffusion model: prompts placed in time become an MP4 or a GIF.

story = animate.Storyboard.of("a seed", "a sprout", "a tree", frames=48, loop="cycle")
model = animate.load_model("sprout")
animate.write_video("growth.gif", animate.render(story, model), fps=story.rate)
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .draw.store import Store
    from .errors import AnimateError, AnimateWarning
    from .film.render import render, render_together, sheet, still
    from .media.writers import write_video
    from .models import load_model
    from .story.storyboard import Keyframe, Sampling, Storyboard, read

__all__ = [
    "AnimateError",
    "AnimateWarning",
    "Keyframe",
    "Sampling",
    "Store",
    "Storyboard",
    "load_model",
    "read",
    "render",
    "render_together",
    "sheet",
    "still",
    "write_video",
]

_ROOMS = {
    "errors": ("AnimateError", "AnimateWarning"),
    "film.render": ("render", "render_together", "sheet", "still"),
    "models": ("load_model",),
    "draw.store": ("Store",),
    "story.storyboard": ("Keyframe", "Sampling", "Storyboard", "read"),
    "media.writers": ("write_video",),
}


def __getattr__(name: str) -> Any:
    """Names are fetched on first use: torch takes seconds to import, and `animate --help` needs none of it."""
    for room, names in _ROOMS.items():
        if name in names:
            return getattr(import_module(f"{__name__}.{room}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
