"""animate show: what made a file."""

from __future__ import annotations

import json
from pathlib import Path

import click

from ..errors import counted
from ..film import recipe
from ..story.files import written
from .console import printable
from .values import Place


@click.command("show")
@click.argument("file", type=Place())
@click.option("--json", "as_json", is_flag=True, help="Print the whole recipe as JSON.")
def command(file: Path, as_json: bool) -> None:
    """Print the recipe in a film or picture as a storyboard that can be changed and rendered."""
    old = recipe.read(file)
    if as_json:
        click.echo(json.dumps(old.model_dump(mode="json", exclude_defaults=True)))
        return
    made, story = old.made, old.storyboard
    for line in (
        f"{file.name}: {_what(old)}, made by {old.made_by}",
        f"{made.model} ({made.fingerprint[:12]}) on {made.device} ({made.hardware}), {made.dtype}, batches of {made.batch_size}",
        ", ".join(f"{name} {version}" for name, version in made.versions.items()),
    ):
        click.echo(f"# {printable(line)}")
    click.echo(written(story, moves=old.verb == "film"), nl=False)


def _what(old: recipe.Recipe) -> str:
    count, whole = len(old.digests), old.storyboard.written
    if old.verb == "still":
        return "a still"
    if old.verb == "sheet":
        return f"a contact sheet of {counted(count, 'still')}"
    if old.frames is not None:
        return f"{count} of {whole} frames"
    return f"a film of {count} frames" if count == whole else f"the first {count} of {whole} frames"
