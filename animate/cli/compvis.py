"""The flags of CompVis's txt2img.py and img2img.py: a command from an old tutorial runs as it is, and draws what it drew.

A command that has any flag which only the scripts have is theirs: what it leaves out is what they take, and pictures are drawn by
their conventions (`story/conventions.py`). One thing is ours: a picture's noise is its seed's, and pictures of one command have the
seeds from --seed up. So each is what the script draws first with that seed, as a CPU draws noise.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from ..errors import AnimateError
from .console import say
from .options import Command
from .values import Number, OneOf, Place, Whole

# Their name -> (ours, the type).
SECOND_NAMES: dict[str, tuple[str, Any]] = {
    "--ddim_steps": ("steps", int),
    "--ddim_eta": ("eta", float),
    "--scale": ("guidance", float),
    "--H": ("height", int),
    "--W": ("width", int),
    "--ckpt": ("model_name", str),
}
SAMPLERS = {"--plms": "plms", "--dpm_solver": "dpm++2m"}
WITHOUT_EFFECT: dict[str, Any] = {"--config": str, "--C": int, "--f": int, "--laion400m": bool}  # a model's files say what it is
# What only the scripts have, besides all of the above.
THEIRS = ("prompt_option", "prompt_file", "n_samples", "n_iter", "n_rows", "fixed_code", "outdir", "skip_grid", "skip_save", "precision")
STEPS, SEED, SAMPLER = 50, 42, "ddim"
MULTIPLE = 32  # of pixels: the sides of an image to redraw


@dataclass(frozen=True)
class Script:
    """What a script takes where nothing is said."""

    samples: int
    iterations: int
    scale: float
    folder: Path


TXT2IMG = Script(3, 2, 7.5, Path("outputs/txt2img-samples"))
IMG2IMG = Script(2, 1, 5.0, Path("outputs/img2img-samples"))


def _dest(flag: str) -> str:
    return "compvis_" + flag.lstrip("-")


def flags(command: Command) -> Command:
    """All of them, for `click`."""
    more = [
        click.option(
            "--prompt",
            "prompt_option",
            metavar="PROMPT",
            help="2022: the prompt, drawn as the scripts did: 6 pictures, 50 steps, guidance 7.5. For one picture, give PROMPT alone.",
        ),
        click.option(
            "--from-file", "prompt_file", type=Place(), metavar="FILE", help="2022: a prompt a line; each is drawn once in every iteration."
        ),
        click.option("--init-img", "--init_img", "--image", "image", help="Picture to redraw: any image file. Sides left out follow its shape."),
        click.option("--strength", type=Number(), help="Share of the steps that redraws it, 0 to 1. Default: 0.75."),
        click.option("--n_samples", type=Whole(1, 256), help="2022: pictures in a batch. Default: 3, or 2 from an image."),
        click.option("--n_iter", type=Whole(1, 10_000), help="2022: batches of a prompt. Default: 2, or 1 from an image."),
        click.option("--n_rows", type=Whole(0, 256), help="2022: pictures in a row of the grid. Default: as many as in a batch."),
        click.option("--fixed_code", is_flag=True, help="2022: every batch has the seeds of the first."),
        click.option("--outdir", type=Place(), metavar="FOLDER", help="2022: folder for samples/00000.png and so on, and grid-0000.png."),
        click.option("--skip_grid", is_flag=True, help="2022: no grid."),
        click.option("--skip_save", is_flag=True, help="2022: no single pictures."),
        click.option("--precision", type=OneOf(["full", "autocast"]), help="2022: full is --dtype float32; autocast what suits the device."),
        *(click.option(flag, _dest(flag), is_flag=True, help=f"2022: --sampler {name}") for flag, name in SAMPLERS.items()),
        *(click.option(flag, _dest(flag), type=kind, help=f"2022: --{ours.removesuffix('_name')}") for flag, (ours, kind) in SECOND_NAMES.items()),
        *(
            click.option(flag, _dest(flag), type=kind, is_flag=kind is bool, help="2022: taken, without effect.")
            for flag, kind in WITHOUT_EFFECT.items()
        ),
    ]
    for option in reversed(more):
        command = option(command)
    return command


def translate(options: dict[str, Any]) -> bool:
    """Move the values of the scripts' flags to our option names; whether the command is one of theirs.

    Then what it leaves out is filled in. Raises AnimateError if something is given under both names.
    """
    theirs = any(_given(options[name]) for name in (*THEIRS, *map(_dest, (*SECOND_NAMES, *SAMPLERS, *WITHOUT_EFFECT))))
    passed_over = [f"{flag} {value}" if value is not True else flag for flag in WITHOUT_EFFECT if _given(value := options.pop(_dest(flag)))]
    flags = {flag: (name, options.pop(_dest(flag))) for flag, (name, _) in SECOND_NAMES.items()}
    flags |= {flag: ("sampler", name if options.pop(_dest(flag)) else None) for flag, name in SAMPLERS.items()}
    flags["--precision"] = ("dtype", {"full": "float32", "autocast": "auto", None: None}[options.pop("precision")])
    for flag, (name, value) in flags.items():
        if value is None:
            continue
        if options[name] is not None:
            raise AnimateError(f"{flag} {value} and {name.removesuffix('_name')} {options[name]}; give one of them")
        options[name] = value
    if passed_over:
        say(f"{', '.join(passed_over)}: without effect; what a model is stands in its own files, and --ckpt names it")
    if theirs:
        options.update({name: value for name, value in _defaults(options).items() if options[name] is None})
    return theirs


def _given(value: Any) -> bool:
    return value is not None and value is not False


def _defaults(options: Mapping[str, Any]) -> dict[str, Any]:
    """What the script takes where nothing is said. The size is the model's: 512 pixels for Stable Diffusion 1."""
    script = TXT2IMG if options["image"] is None else IMG2IMG
    values = {"steps": STEPS, "seed": SEED, "sampler": SAMPLER, "guidance": script.scale}
    if options["count"] is None:
        values |= {"n_samples": script.samples, "n_iter": script.iterations}
    return values | ({"outdir": script.folder} if options["output"] is None else {})


def sides(size: tuple[int, int]) -> tuple[int, int]:
    """Width and height that an image of this size is redrawn in, pixels."""
    width, height = (side - side % MULTIPLE or side for side in size)
    return width, height


def seeded(prompts: Sequence[str], seed: int, samples: int, iterations: int, fixed: bool, each_once: bool) -> list[tuple[str, int]]:
    """Prompt and seed of every picture, batch by batch.

    each_once: the prompts are those of a file, `samples` of them in a batch; otherwise a batch is `samples` pictures of one.
    """
    batch = [*prompts] if each_once else [prompt for prompt in prompts for _ in range(samples)]
    drawn = [prompt for _ in range(iterations) for prompt in batch]
    return [(prompt, seed + (number % samples if fixed else number)) for number, prompt in enumerate(drawn)]


def names(folder: Path, count: int) -> list[Path]:
    """Of single pictures: numbered on from those that are there."""
    there = [int(path.stem) for path in (folder / "samples").glob("*.png") if path.stem.isdecimal()]
    first = max(there, default=-1) + 1
    return [folder / "samples" / f"{first + number:05}.png" for number in range(count)]


def grid_name(folder: Path) -> Path:
    """Of a contact sheet: numbered on from those that are there."""
    there = [int(path.stem.removeprefix("grid-")) for path in folder.glob("grid-*.png") if path.stem.removeprefix("grid-").isdecimal()]
    return folder / f"grid-{max(there, default=-1) + 1:04}.png"
