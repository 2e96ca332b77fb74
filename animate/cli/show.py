"""animate show: what made a file."""

from __future__ import annotations

import json
from pathlib import Path

import click

from ..film import recipe
from ..story.storyboard import written
from . import printable


@click.command("show")
@click.argument("file", type=Path)
@click.option("--json", "as_json", is_flag=True, help="Print the whole recipe as JSON.")
def command(file: Path, as_json: bool) -> None:
    """Print the recipe in a film or picture as a storyboard that can be changed and rendered."""
    found = recipe.read(file)
    if as_json:
        click.echo(json.dumps(found.model_dump(mode="json", exclude_defaults=True)))
        return
    made, story = found.made, found.storyboard
    for line in (
        f"{file.name}: {_what(found)}, made by {found.made_by}",
        f"{made.model} ({made.fingerprint[:12]}) on {made.device} ({made.hardware}), {made.dtype}, {made.batch_size} batch_size",
        ", ".join(f"{name} {version}" for name, version in made.versions.items()),
    ):
        click.echo(f"# {printable(line)}")
    click.echo(written(story), nl=False)


def _what(found: recipe.Recipe) -> str:
    count, whole = len(found.digests), found.storyboard.written
    if found.verb == "still":
        return "a still"
    if found.verb == "sheet":
        return f"a contact sheet of {count} stills"
    if found.frames is not None:
        return f"{count} of {whole} frames"
    return f"a film of {count} frames" if count == whole else f"the first {count} of {whole} frames"
