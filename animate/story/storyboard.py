"""What to show: prompts and images placed in time, and how they are denoised, checked. Knows nothing of files, models or tensors.

A storyboard is frozen; a changed one is a copy.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Set, Sized
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import Field, ValidationError, field_validator, model_validator

from ..errors import counted
from .conventions import DIFFUSERS, Conventions
from .fields import Frozen, Moment, Name, Share, Text, Timed, readable, within
from .mistakes import Disagreement, Location, Misplaced, mistake
from .moments import frame_at

DEFAULT_FRAMES = 24
DEFAULT_FPS = 12.0
LARGEST_SEED = 2**64 - 1  # what a torch generator takes
LARGEST_SIDE = 8192  # pixels
LONGEST_FILM = 1_000_000  # frames: a day at 12 fps
MOST_KEYFRAMES = 100_000  # a second's work to check
FASTEST = 1000  # frames per second
SLOWEST = 0.01  # frames per second; formats count a frame's time in 16 bits of hundredths of a second
MOST_BETWEEN = 64
GUIDANCE = (0.0, 100.0)  # of classifier-free guidance, the scale
FEEDBACK = (0.001, 1.0)  # share of the denoising; the least is a step of a thousand
ZOOM = (0.25, 4.0)  # a frame; more is no camera
PAN = (-float(LARGEST_SIDE), float(LARGEST_SIDE))  # pixels a frame
ROTATE = (-360.0, 360.0)  # degrees a frame
CAMERA = ("zoom", "pan", "rotate")

Loop = Literal["none", "cycle", "bounce"]


class Sampling(Frozen):
    """How a picture is denoised. What is left out is the model's own."""

    steps: int | None = Field(None, ge=1, le=999, description="denoising steps per frame")
    guidance: Annotated[Timed, within(*GUIDANCE)] | None = Field(
        None, description="classifier-free guidance scale, 0 to 100; up to 1: none; may change with time"
    )
    sampler: Name | None = Field(None, description="name of a sampler, such as ddim or dpm++2m")
    eta: float = Field(0.0, ge=0, le=1, description="for ddim: how much noise every step adds, 0 (none) to 1")
    conventions: Conventions = Field(
        DIFFUSERS,
        description="compvis: steps, guidance below 1, images to redraw and prompts as CompVis's scripts of 2022 had them; diffusers: as today",
    )
    sharing: Share = Field(0.0, ge=0, le=1, description="how many of their first steps frames have in common, 0 (none) to 1")
    fast: bool = Field(False, description="pictures lend each other what changes little between them: less than half the work, nearly the same film")
    draft: bool = Field(False, description="for a look: a third of the model's steps, and fast where that is possible")
    branching: Literal["tree", "trunk"] = Field("tree", description="tree: shared with neighbours; trunk: shared by all, with the film's middle")


class Keyframe(Frozen):
    """A prompt and its seed, or an image, placed in time."""

    prompt: Text = Field("", description="what the picture shows")
    at: Moment | None = Field(None, description='frame index (12), seconds ("2.5s") or share of the film ("50%"); left out: evenly spread')
    seed: int | None = Field(None, ge=0, le=LARGEST_SEED, description="of the noise; left out: the storyboard's")
    hold: int = Field(0, ge=0, description="how many frames more show this keyframe")
    ease: Name | None = Field(None, description="easing of the segment that begins here; left out: the storyboard's")
    guidance: float | None = Field(None, ge=0, le=100, description="classifier-free guidance scale; left out: the storyboard's")
    negative: Text | None = Field(None, description="what the picture should not show; left out: the storyboard's")
    image: Name | None = Field(None, description="file of the picture that this keyframe shows; relative to the storyboard's folder")
    strength: Share = Field(0.0, ge=0, le=1, description="share of the denoising that redraws the image; 0: the image itself")

    @model_validator(mode="before")
    @classmethod
    def _bare_prompt(cls, data: Any) -> Any:
        """A text is the prompt of a keyframe that has nothing else."""
        return {"prompt": data} if isinstance(data, str) else data

    @field_validator("prompt")
    @classmethod
    def _on_one_line(cls, prompt: str) -> str:
        return " ".join(prompt.split())

    @field_validator("at", mode="before")
    @classmethod
    def _is_moment(cls, at: Any) -> Any:
        if isinstance(at, str):
            frame_at(readable(at), frames=2, fps=1.0)
        elif at is not None and not (isinstance(at, int) and at >= 0):
            given = at if isinstance(at, int | float) else "this"  # a file's nested lists may be as long as a film when they are printed
            raise ValueError(f'{given} is no place in time; allowed: a frame from 0 (12), seconds ("2.5s") or a share ("50%")')
        return at

    @model_validator(mode="after")
    def _shows_something(self) -> Self:
        if not self.prompt and self.image is None:
            raise ValueError("an empty prompt; write what the picture shows")
        if self.strength and self.image is None:
            raise ValueError(f"strength {self.strength:g} without an image to redraw; give one, or leave strength out")
        if self.strength and not self.prompt:
            raise ValueError(f"strength {self.strength:g} without a prompt to redraw {self.image} by; give one")
        return self

    @property
    def label(self) -> str:
        """The prompt, or the image's name without its ending."""
        return self.prompt or Path(self.image or "").stem


class Storyboard(Frozen):
    """All that is asked of a film. `replace` makes a changed copy."""

    keyframes: tuple[Keyframe, ...] = Field(min_length=1, description="in order of time")
    frames: int | None = Field(None, le=LONGEST_FILM, description="of the film, holds included; in-betweens come on top")
    duration: float | None = Field(None, gt=0, le=LONGEST_FILM, description="seconds")
    fps: float | None = Field(None, ge=SLOWEST, le=FASTEST, description="frames per second")
    width: int | None = Field(None, description="pixels, a multiple of 8")
    height: int | None = Field(None, description="pixels, a multiple of 8")
    loop: Loop = Field("none", description="cycle: on from the last keyframe to the first; bounce: to the last, then the same pictures backwards")
    seed: int = Field(0, ge=0, le=LARGEST_SEED, description="of the noise of keyframes that have none of their own")
    negative: Text = Field("", description="what the pictures should not show")
    style: Text = Field("", description='put after every prompt, or around it where it holds "{}"')
    ease: Name = Field("linear", description="easing of the segments whose keyframe names none")
    pace: Literal["even", "linear"] = Field("even", description="even: pictures that look equally far apart; linear: equal steps of the blend")
    sampling: Sampling = Field(Sampling(), description="how pictures are denoised")
    feedback: Annotated[Timed, within(*FEEDBACK)] | None = Field(
        None, description="share of the denoising that redraws the previous picture, 0.001 to 1; left out: none"
    )
    zoom: Annotated[Timed, within(*ZOOM)] = Field(1.0, description="of the camera, a factor per frame, with feedback; above 1: nearer")
    pan: tuple[Annotated[Timed, within(*PAN)], Annotated[Timed, within(*PAN)]] = Field(
        (0.0, 0.0), description="of the camera, pixels to the right and down per frame, with feedback"
    )
    rotate: Annotated[Timed, within(*ROTATE)] = Field(0.0, description="of the camera, degrees clockwise per frame, with feedback")
    between: int = Field(0, ge=0, le=MOST_BETWEEN, description="in-betweens: how many pictures are put between each two frames, at a higher rate")
    between_by: Literal["latent", "flow"] = Field("latent", description="latent: blends of latents; flow: along the motion of the pictures")
    sound: Name | None = Field(None, description="file of the track under the film; relative to the storyboard's folder")
    sound_fit: Literal["film", "shortest", "longest"] = Field("film", description="which length the file has where sound and film differ")

    @classmethod
    def of(cls, *prompts: str, **settings: Any) -> Storyboard:
        """A storyboard of these prompts, evenly spread: `Storyboard.of("a seed", "a tree", frames=48, loop="cycle")`."""
        return build({"keyframes": prompts, **settings})

    def replace(self, **changes: Any) -> Storyboard:
        """A copy with these fields changed, checked as a new one is. Raises AnimateError."""
        return build({**{name: getattr(self, name) for name in self.model_fields_set}, **changes})

    def reseeded(self, by: int) -> Storyboard:
        """The same film with other noise: all seeds are raised by `by` times as many as it uses, so that no two of these films share one.

        Raises AnimateError.
        """
        seeds = [self.seed if key.seed is None else key.seed for key in self.keyframes]
        circle = len(seeds) == 1 and self.loop == "cycle"  # of two noises
        more = by * (1 + max(seeds) - min(seeds) + circle)
        keys = [{**dict(key), "seed": key.seed + more} if key.seed is not None else key for key in self.keyframes]
        return self.replace(seed=self.seed + more, keyframes=keys)

    @field_validator("keyframes", mode="before")
    @classmethod
    def _in_order(cls, keys: Any) -> Any:
        if isinstance(keys, Set):
            raise ValueError("a set, which has no order; allowed: a list")
        if isinstance(keys, Sized) and len(keys) > MOST_KEYFRAMES:  # before each of them is looked at
            raise ValueError(f"{len(keys)} of them; allowed: {MOST_KEYFRAMES} at most")
        return keys

    @field_validator("width", "height")
    @classmethod
    def _side(cls, side: int | None) -> int | None:
        if side is not None and (side % 8 or not 8 <= side <= LARGEST_SIDE):
            near = min(max(8, round(side / 8) * 8), LARGEST_SIDE)
            raise ValueError(f"{side} pixels; allowed: multiples of 8 from 8 to {LARGEST_SIDE}; the nearest is {near}")
        return side

    @model_validator(mode="after")
    def _has_a_length(self) -> Self:
        if self.frames is not None and self.duration is not None and self.fps is not None and round(self.duration * self.fps) != self.frames:
            raise Disagreement(
                f"{self.frames} frames at {self.fps:g} fps are not {self.duration:g} s; give two of frames, duration and fps", "frames"
            )
        if self.loop != "cycle" and len(self.keyframes) == 1:
            raise Disagreement("one prompt does not make a film; give a second one, or let it loop (--loop cycle), or draw a still", "keyframes")
        if self.count < 2:
            raise Disagreement(f'{counted(self.count, "frame")}; a film has at least 2; for one picture use "animate still"', *self._length)
        if self.count > LONGEST_FILM:
            raise Disagreement(f"{self.count} frames; allowed: up to {LONGEST_FILM}", *self._length)
        if not SLOWEST <= self.rate <= FASTEST:
            raise Disagreement(f"{self.count} frames in {self.duration:g} s are {self.rate:.4g} fps; allowed: {SLOWEST} to {FASTEST}", *self._length)
        return self

    @model_validator(mode="after")
    def _fields_agree(self) -> Self:
        if self.feedback is None and (moved := [name for name in CAMERA if name in self.model_fields_set]):
            raise Disagreement(
                f"{moved[0]} without feedback: the camera moves the picture before; say feedback, such as 0.4, or leave {moved[0]} out", moved[0]
            )
        if self.feedback is not None and self.sampling.sharing:
            raise Disagreement("sharing and feedback both say where a picture begins; leave one of them out", "sampling", "sharing")
        if self.sampling.draft and self.sampling.steps is not None:
            raise Disagreement(
                f"draft and steps {self.sampling.steps}: a draft takes a third of the model's steps; leave one of them out", "sampling", "draft"
            )
        if self.sampling.fast and (self.sampling.sharing or self.feedback is not None):
            other = "sharing, which shares work in another way" if self.sampling.sharing else "feedback, where every picture waits for another"
            raise Disagreement(f"fast and {other}; leave one of them out", "sampling", "fast")
        if self.sampling.sharing and not isinstance(self.sampling.guidance, float | None):
            raise Disagreement(
                "guidance that changes with time and sharing; pictures that have their beginnings in common are guided alike: leave one out",
                "sampling",
                "sharing",
            )
        if self.written_fps > FASTEST or self.written > LONGEST_FILM:
            raise Disagreement(
                f"{self.between} in-betweens make {self.written} pictures at {self.written_fps:g} fps; allowed: up to {FASTEST} fps", "between"
            )
        if self.loop == "bounce" and self.count % 2:
            raise Disagreement(f"{self.count} frames cannot bounce: there and back take an even number; try {self.count + 1}", *self._length)
        return self

    @property
    def _length(self) -> tuple[str, ...]:
        """The field that says how long the film is; none where its length is the usual one."""
        return ("frames",) if self.frames is not None else ("duration",) if self.duration is not None else ()

    @property
    def count(self) -> int:
        """Frames of the finished film."""
        if self.frames is not None:
            return self.frames
        return DEFAULT_FRAMES if self.duration is None else round(self.duration * self.rate)

    @property
    def rate(self) -> float:
        """Frames per second."""
        if self.fps is not None:
            return self.fps
        return DEFAULT_FPS if self.duration is None or self.frames is None else self.frames / self.duration

    @property
    def written(self) -> int:
        """Pictures in the file: the frames and their in-betweens. A film that loops has in-betweens after its last frame, too."""
        return self.count + self.between * (self.count - (self.loop == "none"))

    @property
    def written_fps(self) -> float:
        """Pictures per second: the film lasts as long as without in-betweens."""
        return self.rate * (1 + self.between)

    def styled(self, prompt: str) -> str:
        """The prompt with the style after it, or around it."""
        if not self.style:
            return prompt
        return self.style.replace("{}", prompt) if "{}" in self.style else f"{prompt}, {self.style}"


# --- from plain data ------------------------------------------------------------------------------------------------------


def build(data: Mapping[str, Any], source: str = "", position: Callable[[Location], str] = lambda location: "") -> Storyboard:
    """A storyboard from plain data; a keyframe may be a bare string.

    source: the file that the data is from, for messages. position: the ":line:column" of a value in it. Raises Misplaced, one line.
    """
    try:
        return Storyboard.model_validate(data)
    except ValidationError as error:
        line, location = mistake(error, data, Storyboard)
        raise Misplaced(f"{source}{position(location)}: {line}" if source else line, *location) from error
