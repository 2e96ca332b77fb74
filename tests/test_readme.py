"""Documents that cannot rot: every command and example of the README and of examples/ is run on a tiny model; what they name is there."""

from __future__ import annotations

import re
import runpy
import shlex
import shutil
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import animate
from animate.cli import COMMANDS
from animate.draw.store import LIMIT
from animate.errors import amount
from animate.story.files import SUFFIXES, read
from animate.story.storyboard import Storyboard
from animate.story.timeline import timeline
from conftest import Run

if TYPE_CHECKING:
    from animate.models.families.unet import UNetModel

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()
GUIDE = {path.name: path.read_text() for path in sorted((ROOT / "examples" / "guide").glob("*.md"))}
CHINESE = (ROOT / "README.zh-CN.md").read_text()
PAGES = {"README.md": README, "README.zh-CN.md": CHINESE, **GUIDE}
PRINT_NO_PATH = ("bench", "plan", "models", "show", "verify", "store", "doctor", "score")
FEW = 3  # steps: what a command says is tried, not how its film looks
LARGE = ("sd15", "CompVis/stable-diffusion-v1-4", "./my-model-folder", "sd-v1-4.ckpt")


@pytest.fixture(autouse=True)
def few_steps(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if {"run", "tiny"} & {*request.fixturenames}:
        tiny: UNetModel = request.getfixturevalue("tiny")
        monkeypatch.setattr(tiny, "defaults", replace(tiny.defaults, steps=FEW, width=32, height=32))


def blocks(kind: str, text: str = README) -> list[str]:
    return re.findall(rf"```{kind}\n(.*?)```", text, re.DOTALL)


def commands(text: str = README) -> list[str]:
    found = [line.split("&&")[-1] for block in blocks("sh", text) for line in block.splitlines()]
    return [line.split("  #")[0].strip() for line in found if line.strip().startswith("animate ")]


def test_there_are_commands_to_run() -> None:
    assert len(commands()) > 15


@pytest.mark.parametrize("line", [*dict.fromkeys(c for text in PAGES.values() for c in commands(text) if c != "animate doctor")])
def test_the_commands_of_pages_work(run: Run, tiny_folder: Path, tmp_path: Path, line: str, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copytree(ROOT / "examples", tmp_path / "examples", ignore=shutil.ignore_patterns("work", "sprout"))
    args = shlex.split(line)[1:]
    if "--model" in args:  # its device and dtype go with it
        at = args.index("--model")
        name = args[at + 1]
        args = args[:at] if name in LARGE else [*args[:at], *args[at + 2 :]]
        args += ["--model", str(tiny_folder)] if name in LARGE else []
    if "--workers" in args:  # one of each kind is loaded for real, in its own process
        monkeypatch.setattr("animate.cluster.asked.cores", lambda: 8)
        args[args.index("--workers") + 1] = "1"
        args += ["--model", str(tiny_folder), "--frames", "8"]
    if args[0] == "join":
        folders = [folder for folder in args if folder.startswith("part-")]
        for number, folder in enumerate(folders, 1):
            assert run("a seed", "a tree", "--steps", "1", "--frames", "4", "--part", f"{number}/{len(folders)}", "-o", folder)[0] == 0
        args += ["--model", str(tiny_folder)]
    if args[0] in ("show", "again", "verify", "score"):
        for file in args[1:] if args[0] == "score" else args[1:2]:
            assert run("a seed", "a tree", "--steps", "1", "--frames", "4", "-o", file)[0] == 0
        args += ["--model", str(tiny_folder)] if args[0] in ("again", "verify") else []
    if args[0] not in (*COMMANDS, "-f") and not {"--steps", "--draft"} & {*args}:
        args += ["--steps", str(FEW)]
    code, out, err = run(*args)
    assert code == 0, err
    if args[0] not in PRINT_NO_PATH:
        paths = out.splitlines()
        assert paths
        assert all(line and Path(line).exists() for line in paths)


@pytest.mark.parametrize(("name", "text"), [(name, text) for name, page in PAGES.items() for text in blocks("yaml", page)])
def test_the_storyboards_of_pages_work(name: str, text: str, tmp_path: Path) -> None:
    path = tmp_path / "film.yaml"
    path.write_text(text)
    assert len(timeline(read(path))) >= 24, name


@pytest.mark.parametrize("page", [README, CHINESE], ids=["README.md", "README.zh-CN.md"])
def test_the_readmes_python_works(page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tiny: UNetModel) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("animate.models.load_model", lambda name: tiny)
    (text,) = blocks("python", page)
    names: dict[str, object] = {}
    exec(compile(text, "README.md", "exec"), names)
    assert (tmp_path / "growth.gif").exists()
    assert isinstance(names["story"], Storyboard)


@pytest.mark.parametrize("name", GUIDE)
def test_the_guides_python_works_and_its_links_lead_somewhere(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tiny: UNetModel) -> None:
    monkeypatch.chdir(tmp_path)
    texts = blocks("python", GUIDE[name])
    if not any("Cluster" in text for text in texts):  # workers load the model themselves
        monkeypatch.setattr("animate.models.load_model", lambda _: tiny)
    for text in texts:
        exec(compile(text, name, "exec"), {})
    assert bool(texts) == bool([*tmp_path.iterdir()])
    links = re.findall(r"\]\((?!https?:)([^)#]+)\)", GUIDE[name])
    assert links
    assert [link for link in links if not (ROOT / "examples" / "guide" / link).exists()] == []


@pytest.mark.filterwarnings("ignore::animate.AnimateWarning")  # the tiny tokenizer knows few words
@pytest.mark.parametrize("path", [p for p in sorted((ROOT / "examples").iterdir()) if p.suffix in SUFFIXES], ids=lambda p: p.name)
def test_example_storyboards_can_be_rendered(path: Path, tiny: UNetModel) -> None:
    story = read(path)
    last = story.count - 1
    assert len(list(animate.render(story.model_copy(update={"sampling": animate.Sampling(steps=1), "pace": "linear"}), tiny, frames=[0, last]))) == 2


SCRIPTS = [path for path in sorted((ROOT / "examples").glob("*.py")) if path.name != "studio_client.py"]  # which asks a studio, in its tests


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda p: p.name)
def test_example_scripts_run(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tiny: UNetModel) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("animate.models.load_model", lambda *_: tiny)
    monkeypatch.setattr("sys.argv", [str(path)])
    runpy.run_path(str(path), run_name="__main__")
    assert list(tmp_path.iterdir())


def test_nothing_that_the_readme_runs_writes_over_the_gallery() -> None:
    """Whoever copies it in a clone keeps a clean tree."""
    written = re.findall(r"-o (renders/\S+)|write_video\(\"(renders/[^\"]+)", README)
    assert not written


def test_ci_runs_the_readmes_test_command() -> None:
    (command,) = [line for block in blocks("sh") for line in block.splitlines() if "pytest" in line]
    assert f"({command})\n" in (ROOT / ".ci" / "run").read_text()


def test_the_tree_has_a_line_for_every_file() -> None:
    inside = GUIDE["inside.md"]
    tree = inside[inside.index("    animate/\n") : inside.index("    tests/ ")]
    listed = set(re.findall(r"^      (\S+\.py) +\S", tree, re.MULTILINE))
    there = {str(path.relative_to(ROOT / "animate")) for path in (ROOT / "animate").rglob("*.py")}
    assert listed == there


def test_the_room_of_the_store_is_told_as_the_command_tells_it() -> None:
    assert f"in a store of at most {amount(LIMIT)} in the user's" in README


def test_contributing_counts_the_rooms() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text()
    rooms = re.findall(r"^\d+\. `(\w+)/`: ", text, re.MULTILINE)
    assert "The package has ten rooms" in text
    assert (len(rooms), {*rooms}) == (10, {path.parent.name for path in (ROOT / "animate").glob("*/__init__.py")})


def test_what_contributing_names_is_there() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text()
    files = re.findall(r"`([\w./-]+(?:\.py|\.md|/run|/))`", text)
    assert len(files) > 20
    for file in files:
        assert (ROOT / file).exists() or (ROOT / "animate" / file).exists(), file
    names = re.findall(r"`([\w.]+)` in `([\w/]+\.py)`", text)
    assert len(names) > 5
    for name, file in names:
        assert name.split(".")[-1] in (ROOT / "animate" / file).read_text(), name


def test_pictures_and_links_are_there() -> None:
    for page in (README, CHINESE):
        targets = re.findall(r"\]\((?!http)([^)#]+)\)", page)
        assert len(targets) > 10
        for target in targets:
            assert (ROOT / target).exists(), target


def test_the_readmes_lead_to_every_page_of_the_guide() -> None:
    for page in (README, CHINESE):
        missing = {f"examples/guide/{name}" for name in GUIDE if name != "fast.md"} - {*re.findall(r"\]\(([^)#]+)\)", page)}
        assert not missing


def test_the_chinese_page_shows_commands_of_the_english_pages() -> None:
    """So that a command that changes is changed there, too."""
    english = {command for name, text in PAGES.items() if name != "README.zh-CN.md" for command in commands(text)}
    assert {*commands(CHINESE)} <= english
