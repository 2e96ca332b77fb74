"""The flags of CompVis's txt2img.py and img2img.py, as second names of ours: a command from an old tutorial runs as it is.

Their meaning is kept. A picture's noise is its seed's, and pictures of one command have the seeds from --seed up.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from ..errors import AnimateError
from .options import Command

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


def _dest(flag: str) -> str:
    return "compvis_" + flag.lstrip("-")


def flags(command: Command) -> Command:
    """All of them, for `click`."""
    more = [
        click.option("--prompt", "prompt_option", metavar="PROMPT", help="The prompt, where it is not an argument."),
        click.option("--from-file", "prompt_file", type=Path, help="A prompt a line; each is drawn once in every iteration."),
        click.option("--init-img", "--init_img", "--image", "image", help="Picture to redraw: any image file."),
        click.option("--strength", type=float, help="Share of the steps that redraws it, 0 to 1. Default: 0.75."),
        click.option("--n_samples", type=click.IntRange(1, 256), help="Pictures in a batch."),
        click.option("--n_iter", type=click.IntRange(1, 10_000), help="Batches of a prompt."),
        click.option("--n_rows", type=click.IntRange(0, 256), default=0, help="Pictures in a row of the grid. Default: as many as in a batch."),
        click.option("--fixed_code", is_flag=True, help="Every batch has the seeds of the first."),
        click.option("--outdir", type=Path, help="Folder for samples/00000.png and so on, and grid-0000.png."),
        click.option("--skip_grid", is_flag=True, help="No grid."),
        click.option("--skip_save", is_flag=True, help="No single pictures."),
        click.option("--precision", type=click.Choice(["full", "autocast"]), help="full: --dtype float32; autocast: what suits the device."),
        *(click.option(flag, _dest(flag), is_flag=True, help=f"--sampler {name}") for flag, name in SAMPLERS.items()),
        *(click.option(flag, _dest(flag), type=kind, help=f"--{ours.removesuffix('_name')}") for flag, (ours, kind) in SECOND_NAMES.items()),
    ]
    for option in reversed(more):
        command = option(command)
    return command


def translate(options: dict[str, Any]) -> None:
    """Move the values of the scripts' flags to our option names. Raises AnimateError if one is given under both names."""
    theirs = options["compvis_ddim_steps"] is not None or options["compvis_ddim_eta"] is not None
    flags = {flag: (name, options.pop(_dest(flag))) for flag, (name, _) in SECOND_NAMES.items()}
    flags |= {flag: ("sampler", name if options.pop(_dest(flag)) else None) for flag, name in SAMPLERS.items()}
    flags["--precision"] = ("dtype", {"full": "float32", "autocast": "auto", None: None}[options.pop("precision")])
    for flag, (name, value) in flags.items():
        if value is None:
            continue
        if options[name] is not None:
            raise AnimateError(f"{flag} {value} and {name.removesuffix('_name')} {options[name]}; give one of them")
        options[name] = value
    if theirs and options["sampler"] is None:
        options["sampler"] = "ddim"  # their scripts' default


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
    there = [int(path.stem.removeprefix("grid-")) for path in folder.glob("grid-*.png") if path.stem.removeprefix("grid-").isdecimal()]
    return folder / f"grid-{max(there, default=-1) + 1:04}.png"
