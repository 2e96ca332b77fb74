"""animate models: what --model can name, what sprout can be asked for; fetching a model, and making a folder of a single file."""

from __future__ import annotations

import json
import textwrap
from pathlib import Path

import click

from ..errors import AnimateError
from ..models.weights import hub
from ..models.weights.about import facts, space
from ..models.weights.catalog import CATALOG, resolve, suggest
from ..places import is_folder, path_of
from .console import Console
from .values import OneOf

EPILOG = """\b
Besides these names, --model takes
  a folder in diffusers' format   --model ./my-model
  a single file                   --model v1-5.safetensors
  an id of the Hugging Face hub   --model CompVis/stable-diffusion-v1-4
The model that is used where none is named is set by ANIMATE_MODEL=sd15, or by
  model = "sd15"                  in animate.toml among the user's settings
"""


@click.group("models", epilog=EPILOG, invoke_without_command=True)
@click.option("--json", "as_json", is_flag=True, help="Print them as JSON.")
@click.pass_context
def command(context: click.Context, as_json: bool) -> None:
    """List the models that have a name, with the words that small ones know."""
    if context.invoked_subcommand:
        return
    show(as_json)


@command.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print them as JSON.")
def list_(as_json: bool) -> None:
    """List them, as "animate models" does."""
    show(as_json)


@command.command("pull")
@click.argument("name")
@click.option("--revision", help="A branch, tag or commit of its repository. Default: main.")
@click.option(
    "--dtype", type=OneOf(["auto", "float32", "float16", "bfloat16"]), default="auto", help="Of the weights. Default: what suits this machine."
)
def pull(name: str, revision: str | None, dtype: str) -> None:
    """Download a model, or its newest version, and print its folder."""
    entry = resolve(name)[1]
    where = entry.where if entry else name
    if where and is_folder(path_of(where)):
        click.echo(where)
        return
    if where.startswith((".", "/", "~")):
        raise AnimateError(f'{name}: no such folder, and only the hub is pulled from; allowed: {", ".join(CATALOG)}, or a hub id like "owner/name"')
    if where.count("/") != 1:
        raise AnimateError(f'model "{name}" is not known; allowed: {", ".join(CATALOG)}, or a hub id like "owner/name"{suggest(name)}')
    with Console() as console:
        snapshot = hub.snapshot(where, suited(dtype, where, revision), revision, newest=True, report=console)
    click.echo(snapshot.folder)


@command.command("convert")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
def convert(file: Path, folder: Path) -> None:
    """Make a folder that --model takes of a single file (.safetensors, .ckpt), and print it."""
    from ..models.weights.checkpoint import convert as converted

    click.echo(converted(file, folder))


def show(as_json: bool) -> None:
    """Print every model of the catalog."""
    models = {name: facts(entry) for name, entry in CATALOG.items()}
    if as_json:
        click.echo(json.dumps(models))
        return
    for name, model in models.items():
        size = f"{model['width']} x {model['height']} pixels"
        click.echo(f"{name}: {model['about']}; {space(model)}, {size}, {model['licence']}{', gated' * model['gated']}")
        for kind, words in model["knows"].items():
            click.echo(textwrap.fill(f"{kind}: {', '.join(words)}", 100, initial_indent="  ", subsequent_indent="      "))


def suited(dtype: str, where: str, revision: str | None) -> str:
    """The dtype that a model is loaded in; "auto" asks the device, which imports torch, and of what class the model is."""
    if dtype != "auto":
        return dtype
    from ..models import pick_device, pick_dtype

    return str(pick_dtype("auto", pick_device("auto"), hub.pipeline_class(where, revision))).removeprefix("torch.")
