"""animate verify: is a file what its recipe draws?"""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..errors import AnimateError
from ..film import recipe
from ..media.formats import format_of
from .console import Console
from .options import model_options, setup, without_defaults
from .values import Place, Whole

if TYPE_CHECKING:
    from ..film.verify import Away, Comparison


@click.command("verify")
@click.argument("file", type=Place())
@click.option("--count", type=Whole(1), default=3, show_default=True, help="Pictures drawn again: the first, the last, and between.")
@without_defaults
@model_options
@click.option("--json", "as_json", is_flag=True, help="Print it as JSON.")
def command(file: Path, count: int, as_json: bool, **options: Any) -> int:
    """Draw some pictures of a recipe again and compare them with its digests and with the file. Exit code 1 if they differ, be it by a bit.

    Nothing is taken from the store. If they differ, it is said by how much, and what is different in the surroundings. All pictures of a
    lossless file (.png, folder/) are compared with their digests; those of others are counted, and look like what is drawn again.
    """
    batch_size, old = options["batch_size"], recipe.read(file)
    from ..film.verify import chosen, verify

    try:
        numbers = chosen(old, count)
    except AnimateError as error:
        raise AnimateError(f"{file}: {error}") from error
    with Console() as console, setup(options).like(old.made, file, console).loaded(console) as model:
        found = verify(old, numbers, model, batch_size, console, file)
    if as_json:
        click.echo(json.dumps({"path": str(file), **asdict(found)}))
        return int(bool(found.different or found.file))
    if found.different:
        click.echo(f"{file}: {_headline(found, len(numbers), file)}")
        for line in found.surroundings or ["the surroundings are the same: the recipe was changed"]:
            click.echo(f"  {line}")
        if found.away:
            click.echo(f"  {_by(found.away, file)}")
    if found.file:
        click.echo(f"{file}: the pictures in it are not those of its recipe: {found.file}")
    if found.different or found.file:
        return 1
    click.echo(f"{file}: {len(numbers)} of {len(numbers)} pictures are what the recipe says")
    return 0


def _lossless(file: Path) -> bool:
    format = format_of(file)
    return format is not None and format.lossless


def _headline(found: Comparison, drawn: int, file: Path) -> str:
    """What it means that pictures drawn again are not those of the recipe: first of all, whether anybody sees it."""
    which = f"{len(found.different)} of {drawn} pictures"
    numbers = f"({', '.join(map(str, found.different))})"
    if found.away and found.away.rounding:
        return f"{which} drawn again look the same, and differ in bits that nobody sees {numbers}"
    if found.away and found.file is None and not _lossless(file):
        return f"{which} drawn again look the same, as far as {file.suffix} with its losses shows, and differ in their bits {numbers}"
    return f"{which} differ {numbers}"


def _by(away: Away, file: Path) -> str:
    """How far a picture drawn again is from the one in the file."""
    means = "" if _lossless(file) else " of blocks of pixels"
    return f"from the file's own picture: {away.mean:.2f} grey levels in the mean, {away.most} at most{means}"
