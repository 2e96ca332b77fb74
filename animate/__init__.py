"""Films by interpolating a diffusion model: prompts placed in time become an MP4 or a GIF.

story = animate.Storyboard.of("a seed", "a sprout", "a tree", frames=48, loop="cycle")
model = animate.load_model("sprout")
animate.write_video("growth.gif", animate.render(story, model))
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .cluster.cluster import Cluster
    from .draw.store import Store
    from .errors import AnimateError, AnimateWarning
    from .film.render import render, render_together
    from .film.stills import sheet, still
    from .media.writers import write_video
    from .models import load_model
    from .report import Report
    from .story.files import read
    from .story.storyboard import Keyframe, Sampling, Storyboard

__all__ = [
    "AnimateError",
    "AnimateWarning",
    "Cluster",
    "Keyframe",
    "Report",
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

_FILES = {
    "cluster.cluster": ("Cluster",),
    "draw.store": ("Store",),
    "errors": ("AnimateError", "AnimateWarning"),
    "film.render": ("render", "render_together"),
    "film.stills": ("sheet", "still"),
    "media.writers": ("write_video",),
    "models": ("load_model",),
    "report": ("Report",),
    "story.files": ("read",),
    "story.storyboard": ("Keyframe", "Sampling", "Storyboard"),
}


def __dir__() -> list[str]:
    """What a notebook offers after "animate.": also what was not fetched yet."""
    return sorted({*globals(), *__all__})


def __getattr__(name: str) -> Any:
    """Names are fetched on first use: torch takes seconds to import, and `animate --help` needs none of it."""
    for file, names in _FILES.items():
        if name in names:
            return getattr(import_module(f"{__name__}.{file}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
