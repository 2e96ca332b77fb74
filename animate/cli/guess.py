"""What was probably meant by commands and options that do not exist. Imports nothing large: help comes at once."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence

import click

from ..errors import AnimateError, did_you_mean

# What other programs call our options.
ELSEWHERE = {
    "--size": "--width and --height",
    "--resolution": "--width and --height",
    "--prompt": "the prompt itself, in quotes",
    "--num-frames": "--frames",
    "--n-frames": "--frames",
    "-n": "--frames",
    "-s": "--seed or --steps",
    "--length": "--duration",
    "--seconds": "--duration",
    "--out": "--output",
    "--output-dir": "-o folder/",
    "--format": "-o film.gif: the suffix is the format",
    "--gif": "-o film.gif",
    "--cfg": "--guidance",
    "--cfg-scale": "--guidance",
    "--guidance-scale": "--guidance",
    "--num-inference-steps": "--steps",
    "--num-steps": "--steps",
    "--scheduler": "--sampler",
    "--negative-prompt": "--negative",
    "--checkpoint": "--model",
    "--ckpt": "--model",
    "--batch": "--batch-size",
    "--fp16": "--dtype float16",
    "--half": "--dtype float16",
    "--cpu": "--device cpu",
    "--gpu": "--device cuda",
    "--cuda": "--device cuda",
    "--music": "--sound",
    "--audio": "--sound",
    "--interpolate": "--between",
    "--strength": "--feedback, or animate still --init-img",
}


def command(word: str, commands: Collection[str]) -> str | None:
    """The command that a word was meant for: one in the plural, or with one letter too many or too few, or two swapped.

    Words with another letter in a place are not looked at, nor those with another letter at the end: "snow" and "stored" are prompts.
    """
    for name in commands:
        swapped = any(name[:i] + name[i + 1] + name[i] + name[i + 2 :] == word for i in range(len(name) - 1))
        missing = len(name) > 4 and any(name[:i] + name[i + 1 :] == word for i in range(len(name)))
        doubled = any(name[:i] + name[i] + name[i:] == word for i in range(len(name)))
        more = len(name) > 4 and any(word[:i] + word[i + 1 :] == name for i in range(len(word) - 1))
        if word == name + "s" or word + "s" == name or swapped or missing or doubled or more:
            return name
    return None


def check_spaces(args: Sequence[str], known: click.Command) -> None:
    """Raises AnimateError for an option that stands right behind a prompt's closing quote: the shell makes one word of the two."""
    options = {spelling for parameter in known.params for spelling in (*parameter.opts, *parameter.secondary_opts)}
    for arg in args:
        glued = re.search(r"(?<=[^\s-])(--[a-z][\w-]*)(=.*)?$", arg)
        if glued and glued[1] in options:
            raise AnimateError(f'"{arg}": a space is missing before {glued[1]}')


def option(error: click.NoSuchOption) -> str:
    """The line about an option that does not exist."""
    name = error.option_name
    known = [spelling for parameter in error.ctx.command.params for spelling in parameter.opts] if error.ctx else []
    other = ELSEWHERE.get(name.replace("_", "-"))
    options = {spelling.removeprefix("--"): spelling for spelling in known if spelling.startswith("--")}  # the dashes are like each other anyway
    hint = f"; did you mean {other}?" if other else did_you_mean(name.lstrip("-"), options, options).replace('"', "")
    return f"{name} is not known{hint or f'; {help_of(error.ctx)} lists the options'}"


def usage(error: click.UsageError) -> str:
    """The line about arguments that a command does not take."""
    message = " ".join(error.format_message().split())
    if isinstance(error, click.BadParameter) and not isinstance(error, click.MissingParameter):
        return message  # it says what is allowed
    extra = message.rstrip(".")[message.find("(") + 1 : -1] if "unexpected extra argument" in message else ""
    if "No such command" in message and error.ctx and error.ctx.command.name == "models":
        message += f"; a model is downloaded by: {error.ctx.command_path} pull NAME"
    flags = [spelling for parameter in error.ctx.command.params for spelling in parameter.opts] if error.ctx else []
    if f"--{extra}" in flags:
        return f'"{extra}" is not taken here; did you mean --{extra}?'
    if extra and error.ctx and (first := error.ctx.params.get("prompt")):
        if " " in first:
            return f"one prompt makes a still, and {first} is one; several are a contact sheet: animate sheet"
        return f'one prompt makes a still; put its words in quotes: {error.ctx.command_path} "{first} {extra}"'
    return f"{message.rstrip('.')}; {help_of(error.ctx)} says what it takes"


def help_of(context: click.Context | None) -> str:
    """The command that prints the help of another one."""
    return f"{context.command_path if context else 'animate'} --help"
