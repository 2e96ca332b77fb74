"""animate still: one picture, or one for each of several seeds or prompts, from noise or from an image."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..errors import AnimateError
from ..media import formats, images
from ..story.conventions import COMPVIS, STRENGTH
from ..story.storyboard import Storyboard, build
from . import arguments, compvis
from .console import Console
from .options import free_place, lines, model_options, output_option, picture_options, settings, setup
from .signals import saying_what_is_left
from .values import Whole

if TYPE_CHECKING:
    from ..film.still_job import Sheet

EPILOG = """\b
Examples:
  animate still "a tree in winter" --seed 8 -o tree.png
  animate still "a house" --count 12         twelve seeds on a contact sheet
  animate still "a fantasy landscape" --init-img sketch.jpg --strength 0.6

\b
As CompVis's scripts had it, with what they take where nothing is said:
  animate still --prompt "a tree" --plms --n_samples 2 --n_iter 3 --outdir out
"""


@dataclass(frozen=True)
class Asked:
    """Which pictures, and under which names."""

    prompt: str | None
    prompt_option: str | None
    prompt_file: Path | None
    image: str | None
    strength: float | None
    count: int | None
    n_samples: int | None
    n_iter: int | None
    n_rows: int | None
    fixed_code: bool
    outdir: Path | None
    skip_grid: bool
    skip_save: bool
    output: str | None
    theirs: bool  # a command of the scripts of 2022

    def prompts(self) -> list[str]:
        """All that are to be drawn: one, or a line each of a file. Raises AnimateError for none, and for two ways of giving them."""
        ways = [[self.prompt] if self.prompt is not None else [], [self.prompt_option] if self.prompt_option is not None else []]
        if self.prompt_file:
            ways.append(lines(self.prompt_file))
        given = [prompts for prompts in ways if prompts]
        if not given:
            raise AnimateError('no prompt; try: animate still "a tree in winter"')
        if self.prompt:
            arguments.check_one(self.prompt)
        if len(given) > 1:
            raise AnimateError("the prompt was given in more than one way; use one of PROMPT, --prompt and --from-file")
        return given[0]

    def check(self) -> None:
        """Raises AnimateError for options that do not go together."""
        if self.count is not None and (self.n_samples or self.n_iter):
            raise AnimateError(f"--count {self.count} and --n_samples or --n_iter; give one of them")
        if self.strength is not None and self.image is None:
            raise AnimateError(f"--strength {self.strength:g} without an image to redraw; give one with --init-img")
        if self.outdir and self.output:
            raise AnimateError(f"--outdir {self.outdir} and -o {self.output}; give one of them")
        if self.skip_grid and self.skip_save:
            raise AnimateError("--skip_grid and --skip_save leave nothing to write; leave one out")

    def story(self, given: dict[str, Any]) -> Storyboard:
        """A keyframe for every picture. given: what the common options say, as fields of a storyboard. Raises AnimateError."""
        if self.theirs:
            given = given | {"sampling": {**given["sampling"], "conventions": COMPVIS}}
        seed, samples = given.get("seed", 0), self.n_samples or self.count or 1
        pairs = compvis.seeded(self.prompts(), seed, samples, self.n_iter or 1, self.fixed_code, self.prompt_file is not None)
        keys: list[dict[str, Any]] = [{"prompt": prompt, "seed": number} for prompt, number in pairs]
        if self.image is not None:
            strength = STRENGTH if self.strength is None else self.strength
            keys = [{**key, "image": self.image, "strength": strength} for key in keys]
            size = images.size(self.image)  # before torch is loaded, also to see whether there is such a picture
            if self.theirs:  # ours has the image's shape at the model's size, which is known when it is loaded
                given = dict(zip(("width", "height"), compvis.sides(size), strict=True)) | given
        return build({**given, "keyframes": keys, "frames": max(2, len(keys)), "loop": "cycle"})


@click.command("still", epilog=EPILOG)
@click.argument("prompt", required=False)
@picture_options
@click.option("--count", type=Whole(1, 1000), help="Seeds to draw, from --seed up: a picture each and one contact sheet.")
@compvis.flags
@model_options
@output_option(f"File ({formats.names(formats.stills())})")
def command(**options: Any) -> None:
    """Draw one picture: the same that a film shows at a keyframe of this prompt.

    Options that say 2022 are those of CompVis's scripts. Any of them makes this a command as those scripts had it: six pictures, 50 steps,
    guidance 7.5 and seed 42 where nothing is said (from an image: two pictures, guidance 5).
    """
    options["theirs"] = compvis.translate(options)
    asked = Asked(**{name: options.pop(name) for name in Asked.__dataclass_fields__})
    asked.check()
    if asked.n_samples and options["batch_size"] is None:
        options["batch_size"] = asked.n_samples
    story = asked.story(settings(options))
    drawn_by = setup(options)
    from ..film import still_job

    path = Path(asked.output) if asked.output else free_place([key.label for key in story.keyframes], ".png")
    with saying_what_is_left(drawn_by.keep), Console() as console:
        if asked.outdir:
            paths = still_job.write_sheet(story, drawn_by, console, _in_folder(asked.outdir, asked, story), False)[0]
        elif len(story.keyframes) == 1 and asked.count is None:
            paths = [still_job.write_still(story, drawn_by, console, path, asked.output is not None)[0]]
        else:
            paths = still_job.write_sheet(story, drawn_by, console, _with_singles(path, story), asked.output is not None)[0]
        for written in paths:
            console.result(str(written))


def _with_singles(path: Path, story: Storyboard) -> Sheet:
    """A contact sheet, and every picture under a name of its own beside it."""
    from ..film.still_job import Sheet

    seeds = [key.seed for key in story.keyframes]
    one = len({key.prompt for key in story.keyframes}) == 1 and len({*seeds}) == len(seeds)
    marks = [f"seed-{seed}" for seed in seeds] if one else [f"{number:05}" for number in range(len(seeds))]
    labels = [f"seed {seed}" for seed in seeds] if one else [key.label for key in story.keyframes]
    return Sheet(path, labels, [path.with_stem(f"{path.stem}-{mark}") for mark in marks], shaped=True)


def _in_folder(folder: Path, asked: Asked, story: Storyboard) -> Sheet:
    """Samples and a grid, as CompVis's scripts leave them."""
    from ..film.still_job import Sheet

    each = [] if asked.skip_save else compvis.names(folder, len(story.keyframes))
    grid = None if asked.skip_grid else compvis.grid_name(folder)
    return Sheet(grid, [], each, asked.n_rows or asked.n_samples or None)
