"""animate schema: what a storyboard may say, for editors."""

from __future__ import annotations

import json
from pathlib import Path

import click

from ..errors import AnimateError
from ..media.publish import publish, temporary_name, write_errors
from ..models.parts.samplers import SAMPLERS
from ..report import REPORT
from ..story.schema import schema
from .values import Place


@click.command("schema")
@click.option("-o", "--output", type=Place(), metavar="FILE.json", help="Write it into this file. Default: print it.")
def command(output: Path | None) -> None:
    """Print the JSON schema of storyboards: editors that read it complete and check a storyboard as it is written.

    A YAML file names it in its first line: # yaml-language-server: $schema=storyboard.schema.json
    """
    text = json.dumps(schema([*SAMPLERS]), indent=1) + "\n"
    if output is None:
        click.echo(text, nl=False)
        return
    if output.suffix.lower() != ".json":
        raise AnimateError(f'{output}: suffix "{output.suffix}"; a schema is JSON: name a .json')
    with temporary_name(output) as temporary, write_errors(output):
        temporary.write_text(text, encoding="utf-8")
        click.echo(publish(temporary, output, replace=True, report=REPORT))
