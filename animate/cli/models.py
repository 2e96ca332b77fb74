"""animate models: what --model can name, and what sprout can be asked for."""

from __future__ import annotations

import json
import textwrap
from pathlib import Path
from typing import Any

import click

from ..models import vocabulary
from ..models.catalog import CATALOG, Entry

EPILOG = """\b
Besides these names, --model takes
  a folder in diffusers' format     --model ./my-model
  an id of the Hugging Face hub     --model stable-diffusion-v1-5/stable-diffusion-v1-5
"""


@click.command("models", epilog=EPILOG)
@click.option("--json", "as_json", is_flag=True, help="Print them as JSON.")
def command(as_json: bool) -> None:
    """List the models that have a name, with the words that small ones know."""
    found = {name: facts(entry) for name, entry in CATALOG.items()}
    if as_json:
        click.echo(json.dumps(found))
        return
    for name, told in found.items():
        click.echo(f"{name}: {told['about']}; {told['mb']} MB, {told['width']} x {told['height']} pixels, {told['licence']}")
        for kind, words in told["knows"].items():
            click.echo(textwrap.fill(f"{kind}: {', '.join(words)}", 100, initial_indent="  ", subsequent_indent="      "))


def facts(entry: Entry) -> dict[str, Any]:
    """Size on disk, native resolution, licence and vocabulary of an installed model."""
    folder = Path(entry.where)
    size = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
    side = json.loads((folder / "unet" / "config.json").read_text())["sample_size"] * 8
    known = vocabulary.read(folder)
    told = {"about": entry.about, "mb": round(size / 1e6, 1), "width": side, "height": side, "licence": entry.licence}
    return {**told, "steps": entry.steps, "guidance": entry.guidance, "knows": known.kinds if known else {}}
