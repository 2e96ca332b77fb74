"""Options that several commands share, and what they make: a storyboard, a model, a free name. No default of its own."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from ..errors import AnimateError, one_line
from ..film.names import free_name
from ..film.setup import Setup
from ..media import formats
from ..models.parts import samplers
from ..models.placement import LARGEST_BATCH
from ..places import path_of, read_bytes
from ..story import easing
from ..story.files import SUFFIXES, place_in, read, text_of
from ..story.mistakes import Misplaced
from ..story.storyboard import Storyboard, build
from ..story.timeline import timeline
from . import arguments, unused
from .values import Number, OneOf, Output, Place, Seed, Whole

Command = Callable[..., Any]


def _stack(*options: Callable[[Command], Command]) -> Callable[[Command], Command]:
    def decorate(command: Command) -> Command:
        for option in reversed(options):
            command = option(command)
        return command

    return decorate


def output_option(kinds: str) -> Callable[[Command], Command]:
    """-o, for files of these kinds."""
    return click.option("-o", "--output", type=Output(), help=f"{kinds}. Default: a free name under renders/.")


preview_option = click.option("--preview", type=Place(), metavar="FILE.png", help="Keep the newest picture in this file while the film is drawn.")

picture_options = _stack(
    click.option("--width", type=Whole(), help="Pixels, a multiple of 8. Default: the model's."),
    click.option("--height", type=Whole(), help="Pixels, a multiple of 8. Default: the model's."),
    click.option("--seed", type=Seed(), help='Of the noise; "random" draws one and prints it. Default: 0.'),
    click.option("--negative", help="What the pictures should not show."),
    click.option("--style", help='Said after every prompt, or around it: "a drawing of {}, ink".'),
    click.option("--steps", type=Whole(), help="Denoising steps per frame. Default: the model's."),
    click.option(
        "--fast/--no-fast",
        default=None,
        help="Guide at every second step; pictures of a film lend each other what changes little, too: half the work, or less.",
    ),
    click.option("--draft/--no-draft", default=None, help="For a look: a third of the model's steps, and --fast."),
    click.option("--guidance", help="Classifier-free guidance scale; up to 1: none; may change with time. Default: the model's."),
    click.option("--sampler", help=f"{samplers.help_names()}. Default: the model's."),
    click.option("--eta", type=Number(), help="Of ddim: how much noise every step adds, 0 to 1. Default: 0."),
)

time_options = _stack(
    click.option("--frames", type=Whole(), help="Frames of the film; in-betweens (--between) come on top. Default: 24."),
    click.option("--fps", type=Number(), help="Frames per second. Default: 12."),
    click.option("--duration", type=Number(), help="Seconds. Of frames, fps and duration, two give the third."),
    click.option("--loop", type=OneOf(["none", "cycle", "bounce"]), help="cycle: goes on to the first prompt; bounce: plays backwards to it."),
    click.option("--ease", help=f"{easing.help_names()}, within every segment. Default: linear."),
)

motion_options = _stack(
    click.option("--pace", type=OneOf(["even", "linear"]), help="even: neighbours look equally far apart; linear: equal steps. Default: even."),
    click.option("--sharing", help="How deep frames share their beginnings, 0 to 1: more alike, and long films faster. Default: 0."),
    click.option("--branching", type=OneOf(["tree", "trunk"]), help="tree: with neighbours, exact ends; trunk: with the middle. Default: tree."),
    click.option("--feedback", help="Begin with the picture before, and redraw so much of it, 0.001 to 1."),
    click.option("--zoom", help='Of the camera, a frame, with --feedback: 1.02, or "1 + 0.02*sin(2*pi*t/3)".'),
    click.option("--pan", metavar="RIGHT,DOWN", help="Of the camera, pixels a frame, with --feedback."),
    click.option("--rotate", help="Of the camera, degrees clockwise a frame, with --feedback."),
    click.option("--between", type=Whole(), help="In-betweens: so many pictures more between each two frames, 0 to 64. Default: 0."),
    click.option("--between-by", type=OneOf(["latent", "flow"]), help="latent: blends; flow: along the motion. Default: latent."),
    click.option("--sound", help=f"A sound track for the film ({formats.names(formats.with_sound())})."),
    click.option("--sound-fit", type=OneOf(["film", "shortest", "longest"]), help="What gives way where they differ. Default: film."),
)

film_options = _stack(
    click.argument("prompts", nargs=-1, metavar="[PROMPT... | STORYBOARD]"),
    click.option("--from", "from_", metavar="PROMPT", help="The first keyframe."),
    click.option("--via", multiple=True, metavar="PROMPT", help="A keyframe between --from and --to; may be repeated."),
    click.option("--to", metavar="PROMPT", help="The last keyframe."),
    click.option(
        "-f",
        "--file",
        "prompt_file",
        type=Place(),
        metavar="FILE",
        help='A prompt a line, "-" for standard input; empty lines and # comments are passed over.',
    ),
    time_options,
    picture_options,
    motion_options,
)

model_options = _stack(
    click.option("--model", "model_name", help='A name of "animate models", a .ckpt or .safetensors file, a folder, or a hub id. Default: sprout.'),
    click.option("--lora", "loras", multiple=True, metavar="FILE|ID[:WEIGHT]", help="A LoRA put on the model; may be repeated."),
    click.option("--vae", metavar="FILE|FOLDER|ID", help="Another VAE."),
    click.option("--embedding", "embeddings", multiple=True, metavar="FILE|ID[:TOKEN]", help="A word to know (textual inversion); may be repeated."),
    click.option("--no-safety", is_flag=True, help="Show what the model's safety checker flags, too; the model may draw what you would not show."),
    click.option("--device", help="auto (CUDA, MPS, CPU), cuda, mps or cpu."),
    click.option("--dtype", help="auto, float32, float16 or bfloat16."),
    click.option(
        "--batch-size",
        "--slots",
        "batch_size",
        type=Whole(1, LARGEST_BATCH),
        help="Pictures in a batch; a power of two keeps their bits from each other. Default: what suits the device.",
    ),
    click.option("--compile/--no-compile", "compiled", default=None, help="Compile the kernels: minutes at first, quicker then, for long films."),
    click.option("--workers", type=Whole(), metavar="N", help="Draw in N processes: one for each GPU, or sharing this machine's cores."),
    click.option("--cluster", metavar="ADDRESS", help='Draw in a Ray cluster: HOST:PORT, or "auto" for the one on this machine.'),
    click.option("--mixed", is_flag=True, help="Let workers draw on different hardware: last bits differ from picture to picture."),
    click.option("--store", type=Place(), metavar="DIR", help="Where finished drawings are kept and found again. Default: the user's cache."),
    click.option("--no-store", is_flag=True, help="Keep nothing, and draw everything."),
)

NAMES = (
    *("frames", "fps", "duration", "width", "height", "loop", "seed", "negative", "style", "ease", "pace"),
    *("feedback", "zoom", "rotate", "between", "between_by", "sound", "sound_fit"),
)
SAMPLING = ("steps", "guidance", "sampler", "eta", "fast", "draft", "sharing", "branching")


def settings(options: Mapping[str, Any]) -> dict[str, Any]:
    """Those options that a storyboard knows and that were given."""
    given = {name: options[name] for name in NAMES if options.get(name) is not None}
    if options.get("pan") is not None:
        given["pan"] = _right_and_down(options["pan"])
    sampling = {name: options[name] for name in SAMPLING if options.get(name) is not None}
    return {**given, "sampling": sampling} if sampling else given


def _right_and_down(pan: str) -> list[str]:
    """The two parts of RIGHT,DOWN; a comma within brackets belongs to an expression."""
    parts = re.split(r",(?![^(]*\))", pan)
    if len(parts) != 2:
        raise AnimateError(f'--pan "{pan}"; allowed: two numbers or expressions, RIGHT,DOWN, such as 2,0')
    return parts


def storyboard(prompts: Sequence[str], from_: str | None, via: Sequence[str], to: str | None, prompt_file: Path | None, **options: Any) -> Storyboard:
    """What the arguments ask for: a storyboard file with overrides, or prompts from wherever they were given."""
    arguments.check(prompts)
    named = [prompt for prompt in prompts if Path(prompt).suffix.lower() in SUFFIXES]
    ends = [*([from_] if from_ is not None else []), *via, *([to] if to is not None else [])]
    if sum(map(bool, (prompts, prompt_file, ends))) > 1:
        raise AnimateError("prompts were given in more than one way; use PROMPT arguments, or --from, --via and --to, or -f, or a storyboard")
    if prompt_file and prompt_file.suffix.lower() in SUFFIXES:
        raise AnimateError(f"{prompt_file}: a storyboard, not a file with a prompt a line; leave out the -f")
    if named and len(prompts) > 1:
        raise AnimateError(f"{named[0]}: a storyboard has its own prompts; put the others into the file")
    keyframes = lines(prompt_file) if prompt_file else [*prompts, *ends]
    if not keyframes:
        raise AnimateError('no prompts; try: animate --from "a seed" --to "a tree"')
    story = read(named[0], **settings(options)) if named else build({"keyframes": keyframes, **settings(options)})
    unused.check(story, settings(options), "".join(named))
    try:  # what cannot work is said before seconds go into imports and hours into drawing
        timeline(story)
        _check_images(story)
        if story.sampling.sampler:
            samplers.canonical(story.sampling.sampler)
    except AnimateError as error:
        location = error.location if isinstance(error, Misplaced) else ("sampling", "sampler")
        raise AnimateError(f"{named[0]}{place_in(named[0], location, settings(options))}: {error}" if named else str(error)) from error
    return story


def _check_images(story: Storyboard) -> None:
    """Raises AnimateError for an image that is not there, and where it is named."""
    for number, key in enumerate(story.keyframes):
        if key.image and not path_of(key.image).exists():
            raise Misplaced(f"image {key.image}: no such file; give a PNG, JPEG or WebP", "keyframes", number, "image")


def lines(path: Path) -> list[str]:
    """A prompt a line, of standard input for "-"; empty lines and # comments are passed over. Raises AnimateError."""
    try:
        data = sys.stdin.buffer.read() if str(path) == "-" else read_bytes(path)
        stripped = [line.strip() for line in text_of(data).splitlines()]
    except (OSError, ValueError) as error:
        raise AnimateError(f'{path}: cannot be read ({one_line(error)}); give a text file with a prompt a line, or "-" for standard input') from error
    return [line for line in stripped if line and not line.startswith("#")]


def names_of(options: Callable[[Command], Command]) -> list[str]:
    """Of one of the stacks above, as its command is called with them."""
    return [param.name for param in reversed(options(lambda: None).__click_params__)]  # type: ignore[attr-defined]


def without_defaults(command: Command) -> Command:
    """The options below, where what is left out is what a file's recipe says, or is not tried: their help names no default."""
    for option in getattr(command, "__click_params__", ()):
        if isinstance(option, click.Option) and option.help and option.name != "store":
            option.help = re.sub(r" Default: [^.]*\.", "", option.help)
    return command


def setup(options: dict[str, Any]) -> Setup:
    """By which model and where; takes the options of `model_options` out of a command's. Raises AnimateError, before torch is loaded."""
    folder, without, unchecked = options.pop("store"), options.pop("no_store"), options.pop("no_safety")
    if folder and without:
        raise AnimateError(f"--store {folder} and --no-store; give one of them")
    names = ("device", "dtype", "batch_size", "compiled", "loras", "vae", "embeddings", "workers", "cluster", "mixed")
    given = {name: options.pop(name) for name in names}
    made = Setup(options.pop("model_name"), folder=folder, keep=not without, safety=not unchecked, **given)
    if made.mixed and not made.spread:
        raise AnimateError("--mixed changes nothing without --workers or --cluster; say one of them, too, or leave it out")
    made.check()
    return made


def check_sides(width: int | None, height: int | None) -> None:
    """Raises AnimateError for sides that no picture has."""
    build({"keyframes": ["a tree"], "loop": "cycle", "width": width, "height": height})


def free_place(prompts: Sequence[str], suffix: str) -> Path:
    """A name under renders/, made of the first prompt and the last; the writer adds a number if it is taken."""
    return Path("renders") / free_name(prompts, suffix)
