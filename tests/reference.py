"""Writes the guide's reference from the code: every command, option and field. python tests/reference.py"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import click

from animate.cli import COMMANDS, cli
from animate.cli.options import film_options, model_options, names_of
from animate.media import formats
from animate.models.parts.samplers import SAMPLERS
from animate.models.weights.catalog import CATALOG
from animate.story.easing import EASES
from animate.story.schema import schema
from animate.story.storyboard import Keyframe, Sampling, Storyboard

PAGE = Path(__file__).parent.parent / "examples" / "guide" / "reference.md"
COMMON = {"films": film_options, "models": model_options}


def page() -> str:
    """The whole page, Markdown."""
    lines = ["# Reference", "", "Made from the code by `python tests/reference.py`; a test says whether it is current.", ""]
    lines += ["[Storyboards](#storyboards) · [Commands](#commands) · [Names](#names)", "", "## Storyboards", ""]
    lines += ["What a storyboard's file says, and what `animate.Storyboard`, `Keyframe` and `Sampling` take; [how to write one](storyboards.md).", ""]
    for owner in (Storyboard, Keyframe, Sampling):
        lines += [f"### {owner.__name__}", "", (owner.__doc__ or "").split("\n")[0], "", "| field | takes | left out | |", "|---|---|---|---|"]
        lines += [*_fields(owner.__name__), ""]
    lines += ["## Commands", "", "`animate COMMAND --help` prints the same.", ""]
    lines += [f"- [`animate {name}`](#animate-{name}): {line}" for name, (_, line) in COMMANDS.items()]
    for title, stack in COMMON.items():
        lines += ["", f"### Options of {title}", "", f"Taken by {_takers(names_of(stack))}.", "", *_options(_params(stack))]
    for name in COMMANDS:
        lines += ["", *_command(name)]
    lines += ["", "## Names", "", *(f"- **{kind}**: {', '.join(f'`{name}`' for name in names)}" for kind, names in _names().items())]
    return "\n".join(lines) + "\n"


def _names() -> dict[str, Sequence[str]]:
    return {
        "models": [*CATALOG],
        "samplers": [*SAMPLERS],
        "easings": [*EASES],
        "formats of films": [*formats.films(), "folder/"],
        "formats of pictures": formats.stills(),
    }


def _fields(owner: str) -> Iterator[str]:
    made = schema([])
    fields = (made if owner == "Storyboard" else made["$defs"][owner])["properties"]
    for name, field in fields.items():
        default = None if "$ref" in field else field.get("default")
        yield f"| `{name}` | {_takes(field)} | {'' if default in (None, '') else f'`{default}`'} | {_cell(field.get('description', ''))} |"


def _takes(field: dict[str, Any]) -> str:
    """What may stand there, in words."""
    if "$ref" in field:
        return f"[{field['$ref'].split('/')[-1]}](#{field['$ref'].split('/')[-1].lower()})"
    if field.get("enum"):
        return ", ".join(f"`{word}`" for word in field["enum"] if word is not None)
    if "anyOf" in field:
        if {"number", "string", "object"} <= {kind.get("type") for kind in field["anyOf"]}:
            return "a number, an [expression](motion.md#curves-over-time), or either at places in time"
        kinds = [_takes(kind) for kind in field["anyOf"] if kind.get("type") != "null" and kind.get("enum") != []]
        return " or ".join(dict.fromkeys(kind for kind in kinds if kind))
    if field["type"] == "array":
        return "two of: " + _takes(field["prefixItems"][0]) if "prefixItems" in field else "a list of " + _takes(field["items"])
    words = {"integer": "a whole number", "number": "a number", "string": "a text", "boolean": "yes or no"}
    if str(field.get("pattern", "")).endswith("%?\\s*$"):
        return "a percentage"
    return words[field["type"]] + _bounds(field)


def _bounds(field: dict[str, Any]) -> str:
    low = f" from {field['minimum']}" if "minimum" in field else f" above {field['exclusiveMinimum']}" if "exclusiveMinimum" in field else ""
    return low + (f" to {field['maximum']}" if "maximum" in field else "")


def _params(stack: Any) -> list[click.Parameter]:
    return [*reversed(stack(lambda: None).__click_params__)]


def _named(name: str) -> click.Command:
    command = cli.get_command(click.Context(cli), name)
    assert command
    return command


def _takers(names: Sequence[str]) -> str:
    takers = [name for name in COMMANDS if {*names} <= {parameter.name for parameter in _named(name).params}]
    return ", ".join(f"`{name}`" for name in takers)


def _command(name: str) -> Iterator[str]:
    command = _named(name)
    usage = command.get_usage(click.Context(command, info_name=f"animate {name}", terminal_width=1000)).removeprefix("Usage: ")
    yield from (f"### animate {name}", "", f"`{usage}`", "")
    yield from (" ".join(paragraph.split()) + "\n" for paragraph in (command.help or "").split("\n\n") if "\b" not in paragraph)
    params, names = command.params, {parameter.name for parameter in command.params}
    for title, stack in COMMON.items():
        if (common := {*names_of(stack)}) <= names:
            params = [parameter for parameter in params if parameter.name not in common]
            yield f"Takes the [options of {title}](#options-of-{title}), too.\n"
    yield from _options(params)


def _options(params: Sequence[click.Parameter]) -> list[str]:
    options = [parameter for parameter in params if isinstance(parameter, click.Option) and not parameter.hidden]
    rows = [f"| {_spelling(option)} | {_cell(_help(option))} |" for option in options]
    return ["| option | |", "|---|---|", *rows] if rows else []


def _spelling(option: click.Option) -> str:
    names = ", ".join(f"`{name}`" for name in (*option.opts, *option.secondary_opts))
    return names if option.is_flag else f"{names} {_cell(_value(option))}"


def _value(option: click.Option) -> str:
    if isinstance(option.type, click.Choice):
        return "\\|".join(option.type.choices)
    return option.metavar or option.type.name.upper()


def _help(option: click.Option) -> str:
    default = f" Default: {option.default}." if option.show_default and not option.is_flag else ""
    help_ = option.help or ""
    return f"{help_}{'' if help_.endswith('.') else '.'}{default}"


def _cell(text: str) -> str:
    return re.sub(r"(?<!\\)\|", r"\\|", " ".join(text.split()))


if __name__ == "__main__":
    PAGE.write_text(page())
