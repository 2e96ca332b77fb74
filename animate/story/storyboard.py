"""What to show: prompts placed in time, read from arguments or files and checked.

Knows nothing of models, frames' contents or tensors. A storyboard is frozen.
"""

from __future__ import annotations

import difflib
import json
import math
import os
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self

import yaml
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StrictStr, ValidationError, field_validator, model_validator

from ..errors import AnimateError

DEFAULT_FRAMES = 24
DEFAULT_FPS = 12.0
SUFFIXES = (".yaml", ".yml", ".toml", ".json")
LARGEST_SEED = 2**63 - 1  # what a torch generator takes
LARGEST_SIDE = 8192  # pixels
LONGEST_FILM = 1_000_000  # frames: a day at 12 fps
FASTEST = 1000  # frames per second
MOST_BETWEEN = 64
CAMERA = ("zoom", "pan", "rotate")
SLOWEST = 0.01  # frames per second; formats count a frame's time in 16 bits of hundredths of a second

Loop = Literal["none", "cycle", "bounce"]


def _readable(text: str) -> str:
    if any("\ud800" <= letter <= "\udfff" for letter in text):
        raise ValueError(f"{text!a} is no text; write it in UTF-8")
    return text


Text = Annotated[StrictStr, AfterValidator(_readable)]
At = int | StrictStr


def _timed(said: Any) -> Any:
    """Numbers that are written as text are numbers: a key of JSON or TOML, an option of the command line."""
    if isinstance(said, Mapping):
        return {int(at) if isinstance(at, str) and re.fullmatch(r"\d{1,9}", at) else at: _timed(value) for at, value in said.items()}
    try:
        return float(said) if isinstance(said, str) else said
    except ValueError:
        return said


Timed = Annotated[float | Text | dict[At, float | Text], BeforeValidator(_timed)]  # a number, an expression of time, or either at places in time


class Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    @model_validator(mode="before")
    @classmethod
    def _no_truth_values(cls, data: Any) -> Any:
        """Nothing here is true or false, and Python would take them for 1 and 0."""
        for name, value in data.items() if isinstance(data, Mapping) else ():
            if isinstance(value, bool):
                raise ValueError(f'"{name}" is {str(value).lower()}; allowed: a number, or a word in quotes')
        return data


class Sampling(Frozen):
    """How a picture is denoised. What is left out is the model's own."""

    steps: int | None = Field(None, ge=1, le=999, description="denoising steps per frame")
    guidance: Timed | None = Field(None, description="classifier-free guidance scale, 0 to 100; up to 1: none; may change with time")
    sampler: str | None = Field(None, description="name of a sampler, such as ddim or dpm++2m")
    eta: float = Field(0.0, ge=0, le=1, description="of the sampler ddim: how much noise every step adds; 0: none")
    sharing: float = Field(0.0, ge=0, le=1, description="how deep frames have their beginnings in common; 0: not at all")
    branching: Literal["tree", "trunk"] = Field("tree", description="tree: with their neighbours; trunk: all with the film's middle")


class Keyframe(Frozen):
    """A prompt and its seed, or an image, placed in time."""

    prompt: Text = ""
    at: At | None = Field(None, description='frame index (12), seconds ("2.5s") or share of the film ("50%"); left out: evenly spread')
    seed: int | None = Field(None, ge=0, le=LARGEST_SEED, description="of the noise; left out: the storyboard's")
    hold: int = Field(0, ge=0, description="frames that show this keyframe once more")
    ease: str | None = Field(None, description="of the segment that begins here; left out: the storyboard's")
    guidance: float | None = Field(None, ge=0, le=100)
    negative: Text | None = Field(None, description="what the picture should not show")
    image: Text | None = Field(None, description="file of the picture that this keyframe shows; relative to the storyboard's folder")
    strength: float = Field(0.0, ge=0, le=1, description="share of the denoising that redraws the image; 0: the image itself")

    @field_validator("prompt")
    @classmethod
    def _one_line(cls, prompt: str) -> str:
        return " ".join(prompt.split())

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
        """A name for people."""
        return self.prompt or Path(self.image or "").stem

    @field_validator("at", mode="before")
    @classmethod
    def _readable(cls, at: Any) -> Any:
        if isinstance(at, str):
            place(at, frames=2, fps=1.0)
        elif at is not None and not (isinstance(at, int) and at >= 0):
            raise ValueError(f'{at} is no place in time; allowed: a frame from 0 (12), seconds ("2.5s") or a share ("50%")')
        return at


class Storyboard(Frozen):
    """All that is asked of a film. `replace` makes a changed copy."""

    keyframes: tuple[Keyframe, ...] = Field(min_length=1)
    frames: int | None = Field(None, le=LONGEST_FILM, description="of the finished film, holds included")
    duration: float | None = Field(None, gt=0, le=LONGEST_FILM, description="seconds")
    fps: float | None = Field(None, ge=SLOWEST, le=FASTEST, description="frames per second")
    width: int | None = Field(None, description="pixels, a multiple of 8")
    height: int | None = Field(None, description="pixels, a multiple of 8")
    loop: Loop = Field("none", description="cycle: back to the first keyframe; bounce: there and back")
    seed: int = Field(0, ge=0, le=LARGEST_SEED)
    negative: Text = ""
    style: Text = Field("", description='said after every prompt, or around it where it holds "{}"')
    ease: str = "linear"
    pace: Literal["even", "linear"] = Field("even", description="even: pictures that look equally far apart; linear: equal steps of the blend")
    sampling: Sampling = Sampling()
    feedback: Timed | None = Field(None, description="share of the denoising that redraws the picture before, above 0 to 1; left out: none")
    zoom: Timed = Field(1.0, description="of the camera, a frame, with feedback; above 1: nearer")
    pan: tuple[Timed, Timed] = Field((0.0, 0.0), description="of the camera, pixels to the right and down a frame, with feedback")
    rotate: Timed = Field(0.0, description="of the camera, degrees clockwise a frame, with feedback")
    between: int = Field(0, ge=0, le=MOST_BETWEEN, description="in-betweens: pictures more between each two frames, at so many times the rate")
    between_by: Literal["latent", "flow"] = Field("latent", description="latent: blends of what is drawn; flow: along the motion of the pictures")
    sound: Text | None = Field(None, description="file of the track under the film; relative to the storyboard's folder")
    sound_fit: Literal["film", "shortest", "longest"] = Field("film", description="what gives way where sound and film are not equally long")

    @classmethod
    def of(cls, *prompts: str, **settings: Any) -> Storyboard:
        """A storyboard of these prompts, evenly spread: `Storyboard.of("a seed", "a tree", frames=48, loop="cycle")`."""
        return build({"keyframes": prompts, **settings})

    def replace(self, **changes: Any) -> Storyboard:
        """A copy with these fields changed, checked as a new one is. Raises AnimateError."""
        return build({**{name: getattr(self, name) for name in self.model_fields_set}, **changes})

    def reseeded(self, by: int) -> Storyboard:
        """The same film by other noise, the `by`-th after this one: all seeds higher by as many as it uses, so that none has one of another's. Raises
        AnimateError."""
        used = [self.seed if key.seed is None else key.seed for key in self.keyframes]
        circle = len(used) == 1 and self.loop == "cycle"  # of two noises
        more = by * (1 + max(used) - min(used) + circle)
        keys = [{**dict(key), "seed": key.seed + more} if key.seed is not None else key for key in self.keyframes]
        return self.replace(seed=self.seed + more, keyframes=keys)

    @field_validator("width", "height")
    @classmethod
    def _side(cls, side: int | None) -> int | None:
        if side is not None and (side % 8 or not 8 <= side <= LARGEST_SIDE):
            near = min(max(8, round(side / 8) * 8), LARGEST_SIDE)
            raise ValueError(f"{side} pixels; allowed: multiples of 8 from 8 to {LARGEST_SIDE}; the nearest is {near}")
        return side

    @model_validator(mode="after")
    def _agrees(self) -> Self:
        if self.frames is not None and self.duration is not None and self.fps is not None and round(self.duration * self.fps) != self.frames:
            raise ValueError(f"{self.frames} frames at {self.fps:g} fps are not {self.duration:g} s; give two of frames, duration and fps")
        if self.loop != "cycle" and len(self.keyframes) == 1:
            raise ValueError('one prompt does not make a film; give a second one, or --loop cycle, or use "animate still"')
        if self.count < 2:
            raise ValueError(f'{self.count} frames; a film has at least 2; for one picture use "animate still"')
        if self.count > LONGEST_FILM:
            raise ValueError(f"{self.count} frames; allowed: up to {LONGEST_FILM}")
        if not SLOWEST <= self.rate <= FASTEST:
            raise ValueError(f"{self.count} frames in {self.duration:g} s are {self.rate:.4g} fps; allowed: {SLOWEST} to {FASTEST}")
        if self.feedback is None and (moved := [name for name in CAMERA if name in self.model_fields_set]):
            raise ValueError(f"{moved[0]} without feedback: the camera moves the picture before; say feedback, such as 0.4, or leave {moved[0]} out")
        if self.feedback is not None and self.sampling.sharing:
            raise ValueError("sharing and feedback both say where a picture begins; leave one of them out")
        if self.sampling.sharing and not isinstance(self.sampling.guidance, float | None):
            raise ValueError(
                "guidance that changes with time and sharing; pictures that have their beginnings in common are guided alike: leave one out"
            )
        if self.written_fps > FASTEST or self.written > LONGEST_FILM:
            raise ValueError(f"{self.between} in-betweens make {self.written} pictures at {self.written_fps:g} fps; allowed: up to {FASTEST} fps")
        if self.loop == "bounce" and self.count % 2:
            raise ValueError(f"{self.count} frames cannot bounce: there and back take an even number; try {self.count + 1}")
        return self

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
        """Pictures in the file: the frames, and what is put between them. A film that comes round has them after its last frame, too."""
        return self.count + self.between * (self.count - (self.loop == "none"))

    @property
    def written_fps(self) -> float:
        """Pictures per second: the film lasts as long as without in-betweens."""
        return self.rate * (1 + self.between)

    def styled(self, prompt: str) -> str:
        if not self.style:
            return prompt
        return self.style.replace("{}", prompt) if "{}" in self.style else f"{prompt}, {self.style}"


def place(at: At, frames: int, fps: float) -> int:
    """The frame index that `at` means in a film of `frames` frames; halves are rounded up.

    `50%` is half-way from the first frame to the last. Raises ValueError if `at` cannot be read.
    """
    if isinstance(at, int):
        return at
    said = re.fullmatch(r"\s*(\d{1,9}(?:\.\d*)?|\.\d+)\s*(s|%)\s*", at)
    if not said:
        raise ValueError(f'"{at}" is no place in time; allowed: a frame (12), seconds ("2.5s") or a share ("50%")')
    number, unit = float(said[1]), said[2]
    if unit == "%" and number > 100:
        raise ValueError(f'"{at}" is past the end; allowed: "0%" to "100%"')
    return math.floor((number * fps if unit == "s" else number / 100 * (frames - 1)) + 0.5)


# --- files ----------------------------------------------------------------------------------------------------------------


class _Loader(yaml.SafeLoader):
    """YAML 1.2's plain scalars: `no` and `12:30` are words, `1e-3` is a number, a repeated key is an error."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[str] = set()
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise yaml.MarkedYAMLError(problem="a key that is no word", problem_mark=key.start_mark)
            if key.value in seen:
                raise yaml.MarkedYAMLError(problem=f'"{key.value}" is given twice', problem_mark=key.start_mark)
            seen.add(key.value)
        return super().construct_mapping(node, deep)


_Loader.yaml_implicit_resolvers = {}
for _tag, _pattern, _first in (
    ("bool", r"true|True|TRUE|false|False|FALSE", "tTfF"),
    ("null", r"~|null|Null|NULL|", "~nN"),
    ("int", r"[-+]?\d+", "-+0123456789"),
    ("float", r"[-+]?(\.\d+|\d+(\.\d*)?)([eE][-+]?\d+)?", "-+.0123456789"),
):
    _Loader.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(rf"(?:{_pattern})\Z"), [*_first, ""])


def _float(loader: yaml.SafeLoader, node: yaml.ScalarNode) -> float:
    return float(node.value)


def _int(loader: yaml.SafeLoader, node: yaml.ScalarNode) -> int:
    return int(node.value)


_Loader.add_constructor("tag:yaml.org,2002:float", _float)
_Loader.add_constructor("tag:yaml.org,2002:int", _int)


def read(path: str | os.PathLike[str], **overrides: Any) -> Storyboard:
    """The storyboard in a .yaml, .toml or .json file; `overrides` replace what it says.

    Raises AnimateError with file, line and column where the format has them.
    """
    path = Path(path)
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise AnimateError(f"{path}: cannot be read ({error}); give a storyboard in {', '.join(SUFFIXES)}") from error
    try:
        data, root = _parsed(text, path.suffix.lower())
    except yaml.MarkedYAMLError as error:
        raise AnimateError(f"{path}{_mark(error.problem_mark)}: {error.problem or error}; mend the file") from error
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise AnimateError(f"{path}: {' '.join(str(error).split())}; mend the file") from error
    if not isinstance(data, Mapping):
        raise AnimateError(f'{path}: holds no storyboard; it begins with a line like "keyframes:"')
    return build(overridden(_placed(data, path.parent), overrides), str(path), root)


def _placed(data: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """Its images and its sound looked for beside the storyboard."""

    def near(part: Any, name: str) -> Any:
        return {**part, name: str(folder / part[name])} if isinstance(part, Mapping) and isinstance(part.get(name), str) else part

    found, keys = dict(near(data, "sound")), data.get("keyframes")
    return {**found, "keyframes": [near(key, "image") for key in keys]} if isinstance(keys, list) else found


def overridden(data: Mapping[str, Any], overrides: Mapping[str, Any]) -> dict[str, Any]:
    """What a storyboard says, with some of it said anew."""
    values, inner = {**data, **overrides}, data.get("sampling")
    if isinstance(inner, Mapping) and "sampling" in overrides:
        values["sampling"] = {**inner, **overrides["sampling"]}
    own = [name for name in ("duration", "frames", "fps") if name not in overrides]
    if 0 < len(own) < 3 and all(name in values for name in ("duration", "frames", "fps")):
        del values[own[0]]  # two give the third: one of the file's gives way
    return values


class _Dumper(yaml.SafeDumper):
    """Plain where our loader reads a word as a word, quoted otherwise."""


def _str(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    plain = re.fullmatch(r"[^\W\d_][\w ,.%-]*", text) and text.lower() not in ("true", "false", "null")
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=None if plain and text == text.strip() else '"')


_Dumper.add_representer(str, _str)


def written(story: Storyboard) -> str:
    """The storyboard as YAML that `read` understands."""
    data = story.model_dump(exclude_defaults=True)
    data["keyframes"] = [next(iter(key.values())) if [*key] == ["prompt"] else key for key in data.pop("keyframes")]
    return str(yaml.dump(data, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=120))


def _parsed(text: str, suffix: str) -> tuple[Any, yaml.Node | None]:
    """What a file says, and the tree of where it says it. Raises what the parsers raise."""
    if suffix == ".toml":
        return tomllib.loads(text), None
    if suffix == ".json":
        data = json.loads(text)  # its own words for its own mistakes
        try:
            return data, _Loader(text.replace("\t", " ")).get_single_node()  # and YAML, which is nearly the same, for places
        except yaml.YAMLError:
            return data, None
    loader = _Loader(text)
    root = loader.get_single_node()
    return (loader.construct_document(root) if root else None), root


def build(data: Mapping[str, Any], source: str = "", root: yaml.Node | None = None) -> Storyboard:
    """A storyboard from plain data; a keyframe may be a bare string. Raises AnimateError, one line."""
    values = dict(data)
    if isinstance(values.get("keyframes"), list | tuple):
        values["keyframes"] = [{"prompt": k} if isinstance(k, str) else k for k in values["keyframes"]]
    try:
        return Storyboard(**values)
    except ValidationError as error:
        raise AnimateError(" ".join(_one_line(error, source, root).split())) from error  # a name may hold a line break
    except TypeError as error:  # a key that is no string
        raise AnimateError(f"{source}: every key must be a word; {error}") from error


_PLAINLY = {
    "missing": "is missing",
    "model_type": "allowed: a mapping such as {steps: 12}",
    "tuple_type": "allowed: a list",
}


def _one_line(error: ValidationError, source: str, root: yaml.Node | None) -> str:
    # A word that is not known is often why another is missing.
    first = min(error.errors(), key=lambda e: e["type"] != "extra_forbidden")
    loc = tuple(part for part in first["loc"] if part not in ("int", "str", "constrained-str"))
    where = source + _mark(_node_mark(root, loc)) if source else ""
    name = ".".join(str(part) for part in loc)
    if first["type"] == "extra_forbidden":
        return _join(where, f'"{name}" is not known{_did_you_mean(loc)}')
    said = _PLAINLY.get(first["type"], first["msg"].removeprefix("Value error, "))
    if first["type"] == "model_type" and loc[0] == "keyframes":
        said = "allowed: a prompt, or a mapping such as {prompt: a seed, at: 12}"
    given = first["input"]
    shown = f" (given: {given!r})" if isinstance(given, str | int | float | bool) and first["type"] != "value_error" else ""
    more = f"; {len(error.errors()) - 1} more" if len(error.errors()) > 1 and first["type"] not in ("int_type", "string_type") else ""
    return _join(where, _join(name, said + shown) + more)


def _join(where: str, what: str) -> str:
    return f"{where}: {what}" if where else what


def _did_you_mean(loc: tuple[int | str, ...]) -> str:
    kind: type[BaseModel] = Keyframe if loc[0] == "keyframes" and len(loc) > 1 else Sampling if loc[0] == "sampling" else Storyboard
    names = sorted(kind.model_fields)
    close = difflib.get_close_matches(str(loc[-1]), names, 1)
    return f'; did you mean "{close[0]}"?' if close else f"; allowed: {', '.join(names)}"


def _node_mark(node: yaml.Node | None, loc: tuple[int | str, ...]) -> yaml.Mark | None:
    """Where in the file `loc` stands: the key of a mapping, the item of a list."""
    mark: yaml.Mark | None = None
    for part in loc:
        if isinstance(node, yaml.SequenceNode) and isinstance(part, int):
            node = node.value[part]
            mark = node.start_mark
        elif isinstance(node, yaml.MappingNode):
            pair = next(((k, v) for k, v in node.value if k.value == part), None)
            if pair is None:
                break
            mark, node = pair[0].start_mark, pair[1]
    return mark


def _mark(mark: yaml.Mark | None) -> str:
    return f":{mark.line + 1}:{mark.column + 1}" if mark else ""
