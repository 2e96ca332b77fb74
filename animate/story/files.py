"""Storyboards in YAML, TOML and JSON files: reading them, saying where in a file a mistake is, and writing them as YAML."""

from __future__ import annotations

import codecs
import io
import json
import os
import re
import sys
import tomllib
from collections import defaultdict
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.composer import MaxDepthExceededError
from ruamel.yaml.error import MarkedYAMLError, StringMark, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode
from ruamel.yaml.representer import SafeRepresenter
from ruamel.yaml.resolver import VersionedResolver

from ..errors import AnimateError, did_you_mean, one_line
from ..places import path_of, read_bytes
from .mistakes import Location
from .storyboard import Storyboard, build

SUFFIXES = (".yaml", ".yml", ".toml", ".json")
SHORTEST = {
    ".yaml": 'keyframes: ["a seed", "a tree"]',
    ".toml": 'keyframes = ["a seed", "a tree"]',
    ".json": '{"keyframes": ["a seed", "a tree"]}',
}
DEEPEST = 100  # lists and mappings inside each other in YAML: a storyboard has four, and its parser slows down with the square


def read(path: str | os.PathLike[str], **overrides: Any) -> Storyboard:
    """The storyboard in a .yaml, .toml or .json file; `overrides` replace what it says.

    Its images and its sound are looked for in the file's folder. Raises AnimateError with file, line and column where the format
    has them.
    """
    path = path_of(path)
    try:
        text = text_of(read_bytes(path))
    except (OSError, ValueError) as error:  # Unicode's errors are ValueErrors
        near = _beside_it(path) if isinstance(error, FileNotFoundError) else ""
        raise AnimateError(f"{path}: cannot be read ({one_line(error)}); give a storyboard in {', '.join(SUFFIXES)}{near}") from error

    def position(location: Location) -> str:
        return _place(path, text, location, overrides)

    return build(overridden(_beside(path.parent, plain(text, path)), overrides), str(path), position)


def _beside_it(path: Path) -> str:
    """The end of a message about a storyboard that is not there: one with nearly its name."""
    try:
        names = [other.name for other in path.parent.iterdir() if other.suffix.lower() in SUFFIXES]
    except OSError:
        return ""
    return did_you_mean(path.name, names, {name: str(path.with_name(name)) for name in names})


def plain(text: str, path: Path) -> Mapping[str, Any]:
    """What a storyboard's text says, as plain data that may be wrong; nothing of it is checked but that it is a mapping.

    path: the file that it is from, whose suffix says the format. Raises AnimateError with file, line and column.
    """
    try:
        data = _parsed(text, path.suffix.lower())
    except MarkedYAMLError as error:
        raise AnimateError(f"{path}{_position(error.problem_mark)}: {_problem(error)}; mend the file") from error
    except (YAMLError, ValueError, RecursionError) as error:
        raise AnimateError(f"{path}: {one_line(error)}; mend the file") from error
    if not isinstance(data, Mapping):
        raise AnimateError(f"{path}: holds no storyboard; a short one is {SHORTEST.get(path.suffix.lower(), SHORTEST['.yaml'])}")
    return data


def of_text(text: str, name: str = "storyboard.yaml") -> Storyboard:
    """The storyboard that a text says. name: what messages call it, and its format by the suffix. Raises AnimateError with line and column."""
    return build(plain(text, Path(name)), name, lambda location: position_in(text, location))


def position_in(text: str, location: Location) -> str:
    """The ":line:column" of a value in the text of a storyboard, YAML or JSON."""
    return _position(_mark(text, location))


def place_in(path: str | os.PathLike[str], location: Location, overrides: Mapping[str, Any]) -> str:
    """The ":line:column" of a value in a storyboard's file that was read with these overrides; nothing where the format or the override has none."""
    path = path_of(path)
    try:
        return _place(path, text_of(read_bytes(path)), location, overrides)
    except (OSError, ValueError):  # it is gone since it was read
        return ""


def _place(path: Path, text: str, location: Location, overrides: Mapping[str, Any]) -> str:
    given: Any = overrides
    for part in location:  # a value that does not come from the file has no place there
        if not isinstance(given, Mapping):
            break
        given = given.get(part)
    return "" if given is not None or path.suffix.lower() == ".toml" else position_in(text, location)


def text_of(data: bytes) -> str:
    """A text as people save it: in UTF-8, or in UTF-16 where it begins with that mark (PowerShell). Raises UnicodeDecodeError."""
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return data.decode("utf-16")
    if b"\0" in data:
        raise UnicodeDecodeError("utf-8", data, data.index(0), data.index(0) + 1, "no text has this byte")
    return data.decode("utf-8-sig")


def overridden(data: Mapping[str, Any], overrides: Mapping[str, Any]) -> dict[str, Any]:
    """A storyboard's plain data with some of it replaced; of `sampling`, each field on its own.

    Two of frames, duration and fps give the third, so that one of the data's own gives way where an override would be too many.
    """
    values, sampling = {**data, **overrides}, data.get("sampling")
    if isinstance(sampling, Mapping) and "sampling" in overrides:
        values["sampling"] = {**sampling, **overrides["sampling"]}
    own = [name for name in ("duration", "frames", "fps") if name not in overrides]
    if 0 < len(own) < 3 and all(name in values for name in ("duration", "frames", "fps")):
        del values[own[0]]
    return values


def written(story: Storyboard, moves: bool = True) -> str:
    """The storyboard as YAML that `read` understands. moves: otherwise its pictures are stills, and nothing is said of frames."""
    data = story.model_dump(exclude_defaults=True, exclude=None if moves else {"frames", "fps", "loop"})
    data["keyframes"] = [next(iter(key.values())) if [*key] == ["prompt"] else key for key in data.pop("keyframes")]
    yaml, stream = YAML(typ="safe", pure=True), io.StringIO()
    yaml.Representer, yaml.default_flow_style = _Representer, False
    yaml.width = sys.maxsize  # a prompt on one line
    yaml.sort_base_mapping_type_on_output = False  # type: ignore[assignment]
    yaml.dump(data, stream)
    return stream.getvalue()


def _beside(folder: Path, data: Mapping[str, Any]) -> dict[str, Any]:
    """With the paths of images and sound, which are relative to the storyboard's folder, below that folder."""

    def joined(part: Any, name: str) -> Any:
        given = part.get(name) if isinstance(part, Mapping) else None
        return {**part, name: str(folder / path_of(given))} if isinstance(given, str) and given else part

    values, keys = dict(joined(data, "sound")), data.get("keyframes")
    return {**values, "keyframes": [joined(key, "image") for key in keys]} if isinstance(keys, list) else values


def _parsed(text: str, suffix: str) -> Any:
    """What a file says, as plain data. Raises what the parsers raise."""
    if suffix == ".toml":
        return tomllib.loads(text)
    if suffix == ".json":
        return json.loads(text, object_pairs_hook=_once)
    root = _composed(text)
    return None if root is None else _plain(root, {})


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A mapping of JSON, whose parser would take the last of two values. Raises ValueError for a key that is given twice."""
    entries = dict[str, Any]()
    for key, value in pairs:
        if key in entries:
            raise ValueError(f'"{key}" is given twice')
        entries[key] = value
    return entries


# --- YAML -----------------------------------------------------------------------------------------------------------------

_TAG = "tag:yaml.org,2002:"
_SCALARS: dict[str, Callable[[str], Any]] = {
    _TAG + "bool": lambda text: {"true": True, "false": False}[text.lower()],
    _TAG + "float": float,
    _TAG + "int": int,
    _TAG + "null": lambda text: {"": None, "~": None, "null": None}[text.lower()],
    _TAG + "str": str,
}


class _Resolver(VersionedResolver):
    """Plain scalars mean what they look like: `no`, `12:30` and `2024-01-01` are words, `1e-3` is a number.

    YAML 1.2's core schema, without octal and hexadecimal numbers, infinity and not-a-number.
    """

    @property
    def versioned_resolver(self) -> Mapping[str, list[tuple[str, re.Pattern[str]]]]:
        return _PLAIN


_PLAIN: defaultdict[str, list[tuple[str, re.Pattern[str]]]] = defaultdict(list)  # first letter -> what such a scalar may be
for _name, _pattern, _first in (
    ("bool", r"true|True|TRUE|false|False|FALSE", "tTfF"),
    ("null", r"~|null|Null|NULL|", "~nN"),
    ("int", r"[-+]?\d+", "-+0123456789"),
    ("float", r"[-+]?(\.\d+|\d+(\.\d*)?)([eE][-+]?\d+)?", "-+.0123456789"),
):
    for _letter in [*_first, ""]:
        _PLAIN[_letter].append((_TAG + _name, re.compile(rf"(?:{_pattern})\Z")))


def _composed(text: str) -> Node | None:
    """The tree of a YAML text, whose nodes know their line and column. Raises YAMLError."""
    yaml = YAML(typ="safe", pure=True)
    yaml.Resolver = _Resolver
    yaml.max_depth = DEEPEST
    yaml.composer.warn_double_anchors = False
    try:
        root: Node | None = yaml.compose(text)
    except MaxDepthExceededError as error:
        raise MarkedYAMLError(problem=f"lists and mappings inside each other, more than {DEEPEST} deep", problem_mark=error.problem_mark) from error
    return root


def _plain(node: Node, known: dict[Node, Any]) -> Any:
    """A node's words, numbers, lists and mappings; nothing else is ever built. known: what anchored nodes hold, so that an alias costs nothing.

    Raises MarkedYAMLError for another tag, a word that is not what its tag says, a key that is no word and one that is given twice.
    """
    if node in known:
        return known[node]
    if isinstance(node, ScalarNode) and node.tag in _SCALARS:
        try:
            return _SCALARS[node.tag](node.value)
        except (ValueError, KeyError) as error:  # words that look like one always are one; digits may be too many
            reason = one_line(error) if node.value.lstrip("+-").isdigit() else f"{node.value!r} is no {node.tag.removeprefix(_TAG)}"
            raise MarkedYAMLError(problem=one_line(reason), problem_mark=node.start_mark) from error
    if isinstance(node, SequenceNode) and node.tag == _TAG + "seq":
        known[node] = items = list[Any]()  # before what it holds: a list may hold itself
        items += [_plain(item, known) for item in node.value]
        return items
    if isinstance(node, MappingNode) and node.tag == _TAG + "map":
        known[node] = entries = dict[Any, Any]()
        words = set[str]()
        for key, value in node.value:
            if not isinstance(key, ScalarNode):
                raise MarkedYAMLError(problem="a key that is no word", problem_mark=key.start_mark)
            if key.value in words:
                raise MarkedYAMLError(problem=f'"{key.value}" is given twice', problem_mark=key.start_mark)
            words.add(key.value)
            entries[_plain(key, known)] = _plain(value, known)
        return entries
    raise MarkedYAMLError(problem=f"could not determine a constructor for the tag {node.tag!r}", problem_mark=node.start_mark)


def _mark(text: str, location: Location) -> StringMark | None:
    """Where in YAML or JSON text a value stands: the key of a mapping, the item of a list, or the innermost of them that is there."""
    mark: StringMark | None = None
    try:
        node = _composed(text.replace("\t", " "))  # JSON may be indented by tabs, and is YAML otherwise
    except YAMLError:
        return None
    for part in location:
        if isinstance(node, SequenceNode) and isinstance(part, int) and part < len(node.value):
            node = node.value[part]
            mark = node.start_mark
        elif isinstance(node, MappingNode):
            entry = next((entry for entry in node.value if entry[0].value == str(part)), None)
            if entry is None:
                break
            mark, node = entry[0].start_mark, entry[1]
    return mark


def _problem(error: MarkedYAMLError) -> str:
    """What the parser says, and what a person most likely meant."""
    problem = error.problem or one_line(error)
    if problem == "but found another document":
        return "a second document begins here; a file holds one storyboard"
    return f"{problem}: put a prompt with a colon in quotes" if problem == "mapping values are not allowed here" else problem


def _position(mark: StringMark | None) -> str:
    return f":{mark.line + 1}:{mark.column + 1}" if mark else ""


class _Representer(SafeRepresenter):
    """Texts are plain where every reader of YAML, the older ones too, takes them for a text, and quoted otherwise."""

    def represent_str(self, text: str) -> ScalarNode:
        plain = re.fullmatch(r"[^\W\d_][\w ,.%-]*(?<! )", text) and text.lower() not in _NOT_TEXT
        return self.represent_scalar(_TAG + "str", text, style=None if plain else '"')


_NOT_TEXT = ("true", "false", "null", "yes", "no", "on", "off")
_Representer.add_representer(str, _Representer.represent_str)
