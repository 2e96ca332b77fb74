"""A storyboard that leaves nothing out: what a model's defaults add has been filled in. Knows nothing of models."""

from __future__ import annotations

from .conventions import step_count
from .fields import Timed
from .storyboard import Sampling, Storyboard


class ResolvedSampling(Sampling):
    """A sampling whose steps, guidance and sampler are given."""

    steps: int
    guidance: Timed
    sampler: str

    @property
    def step_count(self) -> int:
        """Denoising steps that are done; under CompVis's conventions not always `steps`."""
        return step_count(self.sampler, self.steps, self.conventions)


class Resolved(Storyboard):
    """A storyboard whose sampling and size are given: all that plans and drawings need."""

    sampling: ResolvedSampling
    width: int  # pixels
    height: int  # pixels


def resolved(story: Storyboard, *, steps: int, guidance: float, sampler: str, width: int, height: int) -> Resolved:
    """The storyboard with these values where it says nothing; what it says stays. Nothing is checked again."""
    asked = story.sampling
    sampling = ResolvedSampling.model_construct(
        **dict(asked)
        | {
            "steps": asked.steps or steps,
            "guidance": guidance if asked.guidance is None else asked.guidance,
            "sampler": asked.sampler or sampler,
        }
    )
    filled = {"sampling": sampling, "width": story.width or width, "height": story.height or height}
    return Resolved.model_construct(story.model_fields_set | filled.keys(), **dict(story) | filled)
