"""The studio in a real browser, on the built-in model: the way of a newcomer, each step by what the page then shows."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from animate.film import recipe
from conftest import Run
from pages import AXE, PATIENT, Server, Visits, accessibility_faults, drag, missing, see

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.skipif(missing() is not None, reason=missing() or "")

DRAWN = 120_000  # milliseconds that a film of a few frames may take on a machine that tests
LONG = "keyframes: [a hill, a volcano]\nframes: {frames}\nseed: {seed}\npace: linear\nsampling: {{steps: 8}}\n"
SHORT = "keyframes: [a seed, a tree]\nframes: 4\nfps: 12.0\npace: linear\nsampling: {steps: 2}\n"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("studio")


@pytest.fixture(scope="module")
def server(home: Path) -> Iterator[Server]:
    command = (sys.executable, "-m", "animate", "studio", "--no-browser", "--folder", str(home / "made"), "--port")
    nobody = "http://127.0.0.1:9"  # a proxy, as offices have them: the studio must not ask for its own page through it
    one = Server(command, home / "log", {"ANIMATE_CACHE": str(home / "cache"), "http_proxy": nobody, "https_proxy": nobody}).start()
    yield one
    one.stop()
    assert "Traceback" not in one.log.read_text()


def opened(visit: Visits, server: Server, width: int = 1280) -> Page:
    page = visit(server.url, width=width)
    see(page.locator("#timeline .card")).to_have_count(3)
    return page


def write(page: Page, text: str) -> None:
    """Put a storyboard's text in the place of the page's."""
    editor = page.locator("#storyboard .cm-content")
    if not editor.is_visible():
        page.get_by_role("button", name="Storyboard as text").click()
    editor.click()
    page.keyboard.press("ControlOrMeta+a")
    page.keyboard.press("Delete")
    page.keyboard.insert_text(text)


def walk(page: Page, to: str) -> None:
    """By the Tab key alone."""
    for _ in range(100):
        page.keyboard.press("Tab")
        if page.evaluate("to => document.activeElement.closest(to) !== null", to):
            return
    raise AssertionError(f"{to} cannot be reached")


def test_text_changes_the_timeline_and_the_timeline_the_text_and_a_film_is_drawn(visit: Visits, server: Server, home: Path) -> None:
    page = opened(visit, server)
    write(page, SHORT)
    see(page.locator("#timeline .card")).to_have_count(2)
    see(page.locator("#field-frames input")).to_have_value("4")
    page.locator("#timeline .card").nth(1).get_by_label("prompt", exact=True).fill("a house")
    page.keyboard.press("Enter")
    see(page.locator("#storyboard .cm-content")).to_contain_text("a house")
    page.get_by_role("button", name="The same in a terminal").click()
    see(page.locator("#command .cm-content")).to_contain_text("animate render 'a seed' 'a house' --frames 4 --fps 12 --pace linear --steps 2")
    page.locator("#draw").click()
    page.locator("#film video").wait_for(timeout=DRAWN)
    see(page.locator("#status")).to_contain_text("4 frames, 128 x 128 pixels, 12 fps")
    page.wait_for_function("document.querySelector('#film video').readyState >= 1")
    length, width = page.evaluate("(video => [video.duration, video.videoWidth])(document.querySelector('#film video'))")
    assert (round(length, 2), width) == (0.33, 128)
    (film,) = (home / "made" / "mine").glob("a-seed-to-a-house.mp4")
    assert [key.prompt for key in recipe.read(film).storyboard.keyframes] == ["a seed", "a house"]
    see(page.locator("#score")).to_contain_text("smoothness")


def test_a_keyframe_that_is_dragged_is_there_in_the_text_and_in_the_film(visit: Visits, server: Server, home: Path) -> None:
    page = opened(visit, server)
    write(page, "keyframes: [a hill, a seed, a tree]\nframes: 9\npace: linear\nsampling: {steps: 2}\n")
    see(page.locator("#field-frames input")).to_have_value("9")
    band = page.locator("#timeline .band").bounding_box()
    assert band is not None
    page.locator("#timeline .pin").nth(1).scroll_into_view_if_needed()
    drag(page, page.locator("#timeline .pin").nth(1), 2 * band["width"] / 8)
    see(page.locator("#storyboard .cm-content")).to_contain_text("at: 6")
    page.locator("#draw").click()
    see(page.locator("#status")).to_contain_text("9 frames, 128 x 128 pixels", timeout=DRAWN)
    (film,) = (home / "made" / "mine").glob("a-hill-to-a-tree.mp4")
    assert [key.at for key in recipe.read(film).storyboard.keyframes] == [None, 6, None]


def test_who_types_a_number_and_presses_draw_at_once_gets_that_film(visit: Visits, server: Server) -> None:
    page = opened(visit, server)
    write(page, SHORT)
    see(page.locator("#field-frames input")).to_have_value("4")
    page.get_by_role("button", name="More settings").click()
    for name in ("width", "height"):  # passed through, and left empty
        see(page.locator(f"#field-{name} input")).to_have_value("")
        page.locator(f"#field-{name} input").focus()
    page.locator("#field-frames input").fill("5")
    page.locator("#draw").click()
    see(page.locator("#status")).to_contain_text("5 frames, 128 x 128 pixels", timeout=DRAWN)
    see(page.locator("#storyboard .cm-content")).to_contain_text("frames: 5")
    see(page.locator("#draw")).to_be_enabled()
    page.locator("#field-frames input").fill("6")  # while the film is measured
    page.locator("#draw").click()
    see(page.locator("#status")).to_contain_text("6 frames, 128 x 128 pixels", timeout=DRAWN)


def test_a_mistake_is_told_in_its_place_and_goes_when_it_is_mended(visit: Visits, server: Server) -> None:
    page = opened(visit, server)
    write(page, "keyframes: [a seed, a tree]\nframe: 8\n")
    see(page.locator("#film-error")).to_contain_text('storyboard.yaml:2:1: "frame" is not known; did you mean "frames"?')
    page.locator("#draw").click()
    see(page.locator("#status")).to_contain_text('"frame" is not known')  # and not the last right storyboard is drawn
    write(page, SHORT)
    see(page.locator("#film-error .animate-error")).to_have_count(0)
    see(page.locator("#timeline .card")).to_have_count(2)
    write(page, "keyframes: ['<img src=x onerror=alert(1)>', a tree]\nloop: <b>\n")
    see(page.locator("#film-error")).to_contain_text("'<b>'; allowed: none, cycle, bounce")
    see(page.locator("#film-error b, #timeline img[src='x']")).to_have_count(0)


def test_a_still_becomes_a_keyframe_and_lies_in_the_library(visit: Visits, server: Server) -> None:
    page = opened(visit, server)
    page.get_by_role("tab", name="Still").click()
    page.locator("#still-prompt textarea, #still-prompt input").fill("a house in winter")
    page.locator("#still-count input[type=number]").fill("2")
    page.locator("#still-draw").click()
    see(page.locator("#still-status")).to_contain_text("2 drawn: choose one", timeout=DRAWN)
    page.locator("#stills img").nth(1).click()
    page.locator("#still-take").click()
    see(page.locator("#still-status")).to_contain_text("a house in winter, seed 1: the last keyframe of the film")
    page.get_by_role("tab", name="Film").click()
    see(page.locator("#timeline .card")).to_have_count(4)
    page.get_by_role("tab", name="Library").click()
    page.locator("#library img").first.click()
    page.locator("#library-open").click()
    see(page.locator("#library-status")).to_contain_text("is in the editor: go to Film")


def test_a_sketch_becomes_a_picture(visit: Visits, server: Server) -> None:
    page = opened(visit, server)
    page.get_by_role("tab", name="Sketch").click()
    page.locator("#sketch-draw").click()
    see(page.locator("#sketch-status")).to_contain_text("the sketch is empty; draw something with the brush")
    canvas = page.locator("#sketch canvas")
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 100, box["y"] + 300)
    page.mouse.down()
    page.mouse.move(box["x"] + 400, box["y"] + 200, steps=5)
    page.mouse.up()
    page.locator("#sketch-draw").click()
    see(page.locator("#sketch-status")).to_contain_text("drawn", timeout=DRAWN)
    see(page.locator("#sketch-picture img")).to_be_visible()


def test_programs_ask_for_films_stills_and_scores(server: Server, tmp_path: Path) -> None:
    client = Path(__file__).parents[2] / "examples" / "studio_client.py"
    done = subprocess.run([sys.executable, str(client), server.url], cwd=tmp_path, capture_output=True, text=True, timeout=DRAWN / 1000)
    assert done.returncode == 0, done.stderr
    film = tmp_path / "film-of-the-studio.gif"
    assert len(recipe.read(film).digests) == 12
    assert "drawing " in done.stdout, "progress is told"
    asking = f"""
from gradio_client import Client, handle_file
client = Client({server.url!r}, verbose=False, httpx_kwargs={PATIENT!r})
progress, picture = client.predict(prompt="a tree", seed=3, api_name="/still")
facts, plot = client.predict(film=handle_file({str(film)!r}), api_name="/score")
print(picture, plot, facts["line"], sep="\\n")
for wrong in (dict(prompt="", api_name="/still"), dict(prompt="a", model="/etc/passwd", api_name="/still"), dict(storyboard="[", api_name="/film")):
    try:
        client.predict(**wrong)
    except Exception as error:
        print(error)
"""
    done = subprocess.run([sys.executable, "-c", asking], cwd=tmp_path, capture_output=True, text=True, timeout=DRAWN / 1000)
    assert done.returncode == 0, done.stderr
    picture, plot, line, *refused = done.stdout.splitlines()
    assert recipe.read(Path(picture)).storyboard.seed == 3
    assert Path(plot).suffix == ".png"
    assert line.startswith("smoothness")
    assert ["empty prompt" in refused[0], "/etc/passwd" in refused[1], "storyboard.yaml" in refused[2]] == [True] * 3


@pytest.mark.skipif(missing(AXE) is not None, reason=missing(AXE) or "")
@pytest.mark.parametrize("width", [390, 1280])
def test_the_page_fits_and_anybody_can_use_it(visit: Visits, server: Server, width: int) -> None:
    page = opened(visit, server, width=width)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    bad = [fault for fault in accessibility_faults(page) if fault.startswith(("serious", "critical"))]
    assert not bad, "\n".join(bad)


def test_a_model_is_tried_on_a_click(visit: Visits, server: Server) -> None:
    page = opened(visit, server)
    page.locator("#model-trial").click()
    see(page.locator("#model-about")).to_contain_text("a frame of 12 steps takes about", timeout=DRAWN)
    see(page.get_by_text("in a batch of at most")).to_be_visible()
    see(page.locator("#model-trial")).to_be_enabled()


def test_stop_keeps_what_is_there_and_draw_goes_on(visit: Visits, server: Server, home: Path) -> None:
    page = opened(visit, server)
    write(page, LONG.format(frames=48, seed=1))
    see(page.locator("#field-frames input")).to_have_value("48")
    page.locator("#draw").click()
    see(page.locator("#status")).to_contain_text(re.compile(r"drawing (\d|1\d)/48"), timeout=DRAWN)
    page.locator("#stop").click()
    see(page.locator("#status")).to_contain_text("Draw goes on from there", timeout=DRAWN)
    see(page.locator("#film video")).to_be_visible()
    see(page.locator("#draw")).to_be_enabled()
    page.locator("#draw").click()
    see(page.locator("#status")).to_contain_text("48 frames, 128 x 128 pixels", timeout=DRAWN)
    see(page.locator("#status")).to_contain_text(re.compile(r"[1-9]\d* drawings? (was|were) in the store"))
    see(page.locator("#timeline .card")).to_have_count(2)  # pictures of the first storyboard, which come late, do not bring it back
    stopped, whole = (len(recipe.read(home / "made" / "mine" / name).digests) for name in ("a-hill-to-a-volcano.mp4", "a-hill-to-a-volcano-2.mp4"))
    assert 0 < stopped < whole == 48


def test_a_closed_tab_gives_up_its_film(visit: Visits, server: Server) -> None:
    """Its film would take a quarter of an hour, and a still waits until it is over."""
    page = opened(visit, server)
    write(page, LONG.format(frames=2400, seed=2))
    see(page.locator("#field-frames input")).to_have_value("2400")
    page.locator("#draw").click()
    see(page.locator("#status")).to_contain_text("drawing", timeout=DRAWN)
    page.close()
    from gradio_client import Client

    client = Client(server.url, verbose=False, httpx_kwargs=PATIENT)
    facts, _ = client.submit(prompt="a tree", seed=3, model="sprout", api_name="/still").result(timeout=DRAWN / 1000)
    assert facts["stage"] == "done"


def test_a_film_from_elsewhere_fills_the_form(visit: Visits, server: Server, tmp_path: Path, run: Run) -> None:
    assert run("a bud", "a flower", "--frames", "6", "--steps", "1", "--guidance", "1", "--seed", "9", "-o", str(tmp_path / "bloom.gif"))[0] == 0
    page = opened(visit, server)
    page.get_by_role("tab", name="Library").click()
    page.locator("#open input[type=file]").set_input_files(tmp_path / "bloom.gif")
    see(page.locator("#library-status")).to_contain_text("bloom.gif is in the editor: go to Film")
    page.get_by_role("tab", name="Film").click()
    see(page.locator("#timeline .card")).to_have_count(2)
    see(page.locator("#timeline .card").nth(1).get_by_label("prompt", exact=True)).to_have_value("a flower")
    see(page.locator("#field-frames input")).to_have_value("6")
    page.get_by_role("button", name="Storyboard as text").click()
    see(page.locator("#storyboard .cm-content")).to_contain_text("seed: 9")


def test_the_keyboard_alone_makes_a_film(visit: Visits, server: Server, home: Path) -> None:
    page = opened(visit, server)
    walk(page, "#timeline .card")
    for key in ("End", "Enter", "ControlOrMeta+a", "an owl", "Enter"):
        page.keyboard.type(key) if " " in key else page.keyboard.press(key)
    walk(page, "#field-frames")
    for key in ("ControlOrMeta+a", "5", "Enter"):
        page.keyboard.press(key)
    see(page.locator("#timeline .card").last.get_by_label("frame", exact=True)).to_have_value("4")  # the film has become shorter
    walk(page, "#draw")
    page.keyboard.press("Enter")
    see(page.locator("#status")).to_contain_text("5 frames, 128 x 128 pixels, 12 fps", timeout=DRAWN)
    assert (home / "made" / "mine" / "a-seed-to-an-owl.mp4").exists()
