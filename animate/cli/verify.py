"""animate verify: does its recipe still draw what it drew?"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from ..film import recipe
from .options import Where, model_options


@click.command("verify")
@click.argument("file", type=Path)
@click.option("--count", type=click.IntRange(1), default=3, show_default=True, help="Pictures drawn again: the first, the last, and between.")
@model_options
@click.option("--json", "as_json", is_flag=True, help="Print it as JSON.")
def command(file: Path, count: int, as_json: bool, **options: Any) -> int:
    """Draw some pictures of a recipe again and compare them with its digests. Exit code 1 if they differ.

    Nothing is taken from the store. If they differ, what is different in the surroundings is said.
    """
    options["no_store"], batch_size = True, options["batch_size"]
    where, found = Where.of(options), recipe.read(file)
    every = 1 + found.storyboard.between  # in-betweens are made of what is drawn
    own = [number for number in range(0, len(found.digests), every) if number not in found.withheld]
    last = len(own) - 1
    if last < 0:
        raise click.ClickException(f"{file}: a recipe without pictures; there is nothing to compare")
    count = min(count, last + 1)
    chosen = sorted({own[round(i * last / max(1, count - 1))] for i in range(count)})
    from ..film import render as film

    model = where.like(found.made, file).load()
    if found.verb == "film":
        frames = [found.frames[i] for i in chosen] if found.frames else [i // every for i in chosen]
        images = film.render(found.storyboard.replace(between=0), model, frames, None, found.curves, None if batch_size else found.made.batch_size)
    else:
        keys = [found.storyboard.keyframes[i] for i in chosen]
        images = film.stills(found.storyboard, keys, model, found.made.batch_size)
    for _ in images:
        pass
    wrong = [frame for frame, drawn in zip(chosen, images.digests, strict=True) if drawn != found.digests[frame]]
    differs = recipe.differences(found.made, images.recipe.made)
    if as_json:
        click.echo(json.dumps({"path": str(file), "drawn": chosen, "different": wrong, "surroundings": differs}))
    elif wrong:
        click.echo(f"{file}: {len(wrong)} of {len(chosen)} pictures differ ({', '.join(map(str, wrong))})")
        for line in differs or ["the surroundings are the same: the recipe was changed"]:
            click.echo(f"  {line}")
    else:
        click.echo(f"{file}: {len(chosen)} of {len(chosen)} pictures are what the recipe says")
    return 1 if wrong else 0
