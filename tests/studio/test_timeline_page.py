"""The timeline in a real browser: dragged, typed into, driven by keys alone, and changed by Python meanwhile."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from pages import AXE, Server, Visits, accessibility_faults, drag, eventually, missing, python, see

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

pytestmark = pytest.mark.skipif(missing() is not None, reason=missing() or "")

TOLD = "JSON.parse(document.querySelector('#told textarea, #told input').value || '{}')"
PLACES = f"{TOLD}.keyframes?.map(key => key.at ?? null)"
PROMPTS = f"{TOLD}.keyframes?.map(key => key.prompt)"
FED = {"keyframes": ["a seed", "a tree"], "frames": 25, "feedback": 0.4}


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    one = Server(python(Path(__file__).parent / "timeline_page.py"), tmp_path_factory.mktemp("timeline") / "log").start()
    yield one
    one.stop()


class Opened:
    """A page with a timeline."""

    def __init__(self, page: Page):
        self.page = page
        self.cards = page.locator("#film .card")

    def card(self, number: int) -> Locator:
        return self.cards.nth(number - 1)

    def field(self, number: int, name: str) -> Locator:
        return self.card(number).get_by_label(name, exact=True)

    def frames(self) -> list[int]:
        return self.page.evaluate("[...document.querySelectorAll('#film .pin')].map(pin => Number(pin.dataset.frame))")  # type: ignore[no-any-return]

    def said(self, words: str) -> None:
        see(self.page.locator("#film .said")).to_contain_text(words)

    def told(self, script: str, wanted: Any) -> None:
        eventually(self.page, script, wanted)

    def click(self, name: str) -> None:
        """Has Python change the value; the focus stays where it is."""
        self.page.evaluate("name => document.getElementById(name).click()", name)

    def drag(self, handle: Locator, right: float, down: float = 0) -> None:
        drag(self.page, handle, right, down)


@pytest.fixture
def show(visit: Visits, server: Server) -> Any:
    """Opens the timeline of a storyboard."""

    def opened(
        story: dict[str, Any] | None = None, *, then: dict[str, Any] | None = None, width: int = 1280, dark: bool = False, slow: float = 0
    ) -> Opened:
        query: dict[str, Any] = {"slow": str(slow)} | ({"story": json.dumps(story)} if story else {}) | ({"then": json.dumps(then)} if then else {})
        one = Opened(visit(server.url, width=width, dark=dark, **query))
        see(one.cards.first).to_be_visible()
        return one

    return opened


def width_of_a_frame(one: Opened, frames: int) -> float:
    box = one.page.locator("#film .band").bounding_box()
    assert box is not None
    return box["width"] / (frames - 1)


def test_a_keyframe_that_is_dragged_changes_its_frame_alone(show: Any) -> None:
    one = show()
    assert one.frames() == [0, 12, 23]
    one.drag(one.page.locator("#film .pin").nth(1), 5.2 * width_of_a_frame(one, 24))
    one.told(PLACES, [None, 17, None])
    one.said("a sprout, frame 17 of 24")
    see(one.field(2, "frame")).to_have_value("17")
    one.drag(one.page.locator("#film .pin").nth(1), 600)
    one.told(PLACES, [None, 22, None])
    one.drag(one.page.locator("#film .pin").nth(0), 3 * width_of_a_frame(one, 24))
    one.told(PLACES, [3, 22, None])
    one.drag(one.page.locator("#film .picture").nth(1), -9.8 * width_of_a_frame(one, 24))
    one.told(PLACES, [3, 12, None])
    assert one.page.evaluate("getSelection().toString()") == ""


def test_neighbours_that_were_spread_stay_where_they_were(show: Any) -> None:
    one = show({"keyframes": ["a", "b", "c", "d", "e"], "frames": 25})
    assert one.frames() == [0, 6, 12, 18, 24]
    one.drag(one.page.locator("#film .pin").nth(2), 2 * width_of_a_frame(one, 25))
    one.told(PLACES, [None, 6, 14, 18, None])
    assert one.frames() == [0, 6, 14, 18, 24]


def test_a_drag_is_given_up_by_escape(show: Any) -> None:
    one = show()
    box = one.page.locator("#film .pin").nth(1).bounding_box()
    one.page.mouse.move(box["x"] + 14, box["y"] + 14)
    one.page.mouse.down()
    one.page.mouse.move(box["x"] + 120, box["y"] + 14, steps=3)
    assert one.frames() != [0, 12, 23]
    one.page.keyboard.press("Escape")
    one.page.mouse.up()
    assert one.frames() == [0, 12, 23]
    see(one.page.locator("#inputs textarea, #inputs input")).to_have_value("0")


def test_the_keyboard_alone_makes_a_film(show: Any) -> None:
    one = show()
    press = one.page.keyboard.press
    one.card(1).focus()
    press("ArrowDown")
    see(one.card(2)).to_be_focused()
    press("ArrowRight")
    press("ArrowRight")
    one.told(PLACES, [None, 14, None])
    press("Shift+ArrowLeft")
    one.told(PLACES, [None, 4, None])
    one.said("a sprout, frame 4 of 24")
    press("Enter")
    see(one.field(2, "prompt")).to_be_focused()
    one.page.keyboard.type("a small sprout")
    press("Enter")
    see(one.card(2)).to_be_focused()
    one.told(PROMPTS, ["a seed", "a small sprout", "a tree"])
    press("d")
    see(one.card(3)).to_be_focused()
    one.told(PLACES, [None, 4, 13, None])
    press("Alt+ArrowRight")
    see(one.card(4)).to_be_focused()
    one.told(PROMPTS, ["a seed", "a small sprout", "a tree", "a small sprout"])
    assert one.frames() == [0, 4, 13, 23]
    press("Delete")
    one.told(PROMPTS, ["a seed", "a small sprout", "a tree"])
    see(one.card(3)).to_be_focused()
    press("Home")
    press("a")
    see(one.field(2, "prompt")).to_be_focused()
    one.page.keyboard.type("rain")
    press("Enter")
    one.told(PROMPTS, ["a seed", "rain", "a small sprout", "a tree"])
    press("Control+z")
    press("Control+z")
    one.told(PROMPTS, ["a seed", "a small sprout", "a tree"])


def test_a_film_keeps_as_many_keyframes_as_it_needs(show: Any) -> None:
    one = show({"keyframes": ["a", "b"], "frames": 3})
    one.card(1).focus()
    one.page.keyboard.press("Delete")
    one.said("a film needs two keyframes")
    one.page.keyboard.press("d")
    see(one.cards).to_have_count(3)
    one.page.keyboard.press("d")
    one.said("no frame left")
    see(one.cards).to_have_count(3)


def test_after_the_last_keyframe_comes_another(show: Any) -> None:
    one = show()
    one.card(3).focus()
    one.page.keyboard.press("d")
    one.told(PLACES, [None, 12, 17, None])
    assert one.frames() == [0, 12, 17, 23]


def test_a_prompt_is_text_whatever_it_looks_like(show: Any) -> None:
    nasty = """<script>window.hit = 1</script><img src=x onerror="window.hit=1"> "quoted" 'it' `${window.hit=1}` {{value}} \\u0041 & ü 🌱"""
    one = show({"keyframes": [nasty, "b"]})
    see(one.field(1, "prompt")).to_have_value(nasty)
    see(one.card(1).locator(".words")).to_have_text(nasty)
    one.field(2, "prompt").fill(nasty)
    one.field(2, "prompt").press("Enter")
    one.told(PROMPTS, [nasty, nasty])
    assert one.page.evaluate("window.hit") is None
    assert one.page.locator("#film script, #film .card img[src='x']").count() == 0


def test_seed_hold_ease_and_more(show: Any) -> None:
    one = show({"keyframes": [{"prompt": "a", "seed": 2**64 - 1}, "b"], "frames": 24})
    see(one.field(1, "seed")).to_have_value(str(2**64 - 1))
    one.field(1, "hold").fill("3")
    one.field(1, "hold").press("Enter")
    one.field(1, "ease").select_option("in-out")
    one.card(2).get_by_label("draw a random seed").click()
    one.told(
        f"[{TOLD}.keyframes?.[0], typeof {TOLD}.keyframes?.[1].seed]",
        [{"prompt": "a", "seed": str(2**64 - 1), "hold": 3, "ease": "in-out"}, "number"],
    )
    one.card(1).get_by_text("More").click()
    one.field(1, "guidance").fill("2.5")
    one.field(1, "negative prompt").fill("rain")
    one.field(1, "negative prompt").press("Enter")
    one.told(f"[{TOLD}.keyframes?.[0].guidance, {TOLD}.keyframes?.[0].negative]", [2.5, "rain"])


def test_an_image_is_uploaded_and_shown(show: Any, tmp_path: Path) -> None:
    from PIL import Image

    Image.new("RGB", (48, 32), "green").save(tmp_path / "leaf.png")
    one = show()
    one.card(2).get_by_text("More").click()
    one.card(2).locator("input[type=file]").set_input_files(tmp_path / "leaf.png")
    one.told(f"{TOLD}.keyframes?.map(key => (key.image ?? '').endsWith('leaf.png'))", [False, True, False])
    one.page.wait_for_function("document.querySelectorAll('#film .card img')[1].naturalWidth === 48")
    one.card(2).get_by_label("remove the image").click()
    one.told(f"{TOLD}.keyframes?.map(key => key.image ?? null)", [None, None, None])


def test_an_error_stands_where_it_belongs(show: Any) -> None:
    one = show({"keyframes": ["a", {"prompt": "b", "at": 12}, "c"], "frames": 24})
    one.field(1, "hold").fill("20")
    one.field(1, "hold").press("Enter")
    see(one.card(1).locator(".wrong")).to_contain_text("holds 20 more")
    see(one.field(1, "hold")).to_have_attribute("aria-invalid", "true")
    one.field(1, "hold").fill("2")
    one.field(1, "hold").press("Enter")
    see(one.card(1).locator(".wrong")).to_be_hidden()


def test_undo_brings_back_what_python_replaced(show: Any) -> None:
    one = show(then={"keyframes": ["snow", "rain"], "frames": 12})
    one.click("put")
    see(one.cards).to_have_count(2)
    one.page.get_by_role("button", name="Undo").click()
    one.told(PROMPTS, ["a seed", "a sprout", "a tree"])
    one.page.get_by_role("button", name="Redo").click()
    one.told(PROMPTS, ["snow", "rain"])


def test_a_cycle_goes_round(show: Any) -> None:
    one = show({"keyframes": ["a", "b", "c"], "frames": 24, "loop": "cycle"})
    assert one.frames() == [0, 8, 16]
    one.card(1).focus()
    one.page.keyboard.press("ArrowRight")
    one.told(PLACES, [1, 8, 16])
    one.card(3).focus()
    one.page.keyboard.press("d")
    one.told(PLACES, [1, 8, 16, 20])
    for _ in range(3):
        one.page.keyboard.press("Delete")
    one.told(PLACES, [None])
    one.page.keyboard.press("ArrowRight")
    one.said("one prompt walks a circle")


def test_a_bounce_has_its_keyframes_on_the_way_there(show: Any) -> None:
    one = show({"keyframes": ["a", "b"], "frames": 24, "loop": "bounce"})
    assert one.frames() == [0, 12]
    one.drag(one.page.locator("#film .pin").nth(1), 400)
    one.said("no further")
    one.field(2, "frame").fill("9")
    one.field(2, "frame").press("Enter")
    one.told(PLACES, [None, 9])


def test_very_many_keyframes_are_left_to_the_text(show: Any) -> None:
    one = show(then={"keyframes": [f"picture {number}" for number in range(201)], "frames": 400})
    one.click("put")
    see(one.page.locator("#film .fault")).to_contain_text("201 keyframes are too many")
    see(one.cards).to_have_count(0)


# --- tracks ---------------------------------------------------------------------------------------------------------------


def test_points_are_added_moved_and_removed(show: Any) -> None:
    one = show(FED)
    lane = one.page.locator("#film .track[data-track=feedback] .lane")
    lane.dblclick(position={"x": lane.bounding_box()["width"] / 2, "y": 20})
    see(lane.locator(".dot")).to_have_count(2)
    one.told(f"Object.keys({TOLD}.feedback ?? {{}})", ["0", "12"])
    lane.locator(".dot").nth(1).focus()
    for key in ("Home", "ArrowRight", "ArrowRight", "ArrowUp"):
        one.page.keyboard.press(key)
    one.told(f"Object.keys({TOLD}.feedback ?? {{}})", ["0", "14"])
    see(lane.locator(".dot").nth(1)).to_be_focused()
    one.drag(lane.locator(".dot").nth(1), 0, 200)
    one.told(f"({TOLD}.feedback ?? {{}})['14']", 0.001)
    one.page.keyboard.press("Delete")
    one.told(f"{TOLD}.feedback", 0.4)
    lane.focus()
    one.page.keyboard.press("Enter")
    one.told(f"{TOLD}.feedback", {"0": 0.4, "12": 0.4})


def test_a_camera_brings_feedback_along_and_takes_an_expression(show: Any) -> None:
    one = show()
    one.page.get_by_label("add zoom").click()
    one.told(f"[{TOLD}.feedback, {TOLD}.zoom]", [0.4, 1])
    value = one.page.get_by_label("zoom, value or expression")
    value.fill("1 + 0.02*sin(t)")
    value.press("Enter")
    one.told(f"{TOLD}.zoom", "1 + 0.02*sin(t)")
    value.fill("1 + foo")
    value.press("Enter")
    see(one.page.locator("#film .track[data-track=zoom] .wrong")).to_contain_text('"foo" is not known')
    value.fill("1 + 0.01*f")
    value.press("Enter")
    see(one.page.locator("#film .track[data-track=zoom] .wrong")).to_be_hidden()
    one.told(f"{TOLD}.zoom", "1 + 0.01*f")
    one.page.get_by_label("turn the expression of zoom into points").click()
    one.told(f"Object.values({TOLD}.zoom ?? {{}}).at(-1)", 1.23)
    one.page.get_by_label("remove feedback").click()
    one.told(f"[{TOLD}.feedback ?? null, {TOLD}.zoom ?? null]", [None, None])


# --- Python and the person ------------------------------------------------------------------------------------------------


def test_what_python_changes_is_shown_and_is_no_edit(show: Any) -> None:
    one = show(then={"keyframes": ["a seed", {"prompt": "an apple tree", "at": 5}, "a tree", "snow"], "frames": 48})
    see(one.page.locator("#changes textarea, #changes input")).not_to_have_value("0")
    one.click("put")
    see(one.cards).to_have_count(4)
    assert one.frames()[:2] == [0, 5]
    see(one.page.locator("#inputs textarea, #inputs input")).to_have_value("0")
    one.card(1).focus()
    one.page.keyboard.press("ArrowRight")
    one.told(PLACES, [1, 5, None, None])
    see(one.page.locator("#inputs textarea, #inputs input")).to_have_value("1")


def test_an_update_from_python_leaves_what_is_being_typed(show: Any) -> None:
    one = show(then={"keyframes": ["snow", "a seed", "a sprout", "an oak"], "frames": 48})
    prompt = one.field(2, "prompt")
    prompt.fill("a sprout in the rain")
    prompt.evaluate("field => field.setSelectionRange(2, 8)")
    held = prompt.element_handle()
    one.click("put")
    see(one.cards).to_have_count(4)
    assert held.evaluate("field => [document.activeElement === field, field.value, field.selectionStart, field.selectionEnd]") == [
        True,
        "a sprout in the rain",
        2,
        8,
    ]
    one.page.keyboard.press("Enter")
    one.told(f"{PROMPTS}?.includes('a sprout in the rain')", True)


def test_a_late_answer_does_not_undo_what_was_done_meanwhile(show: Any) -> None:
    one = show(slow=0.4)
    one.card(2).focus()
    seen = []
    for _ in range(8):
        one.page.keyboard.press("ArrowRight")
        seen.append(one.frames()[1])
        one.page.wait_for_timeout(130)  # past the moment's quiet, so that there are several answers on their way
    one.told(PLACES, [None, 20, None])
    assert seen == [*range(13, 21)]
    assert one.frames() == [0, 20, 23]


def test_what_python_works_out_late_does_not_undo_what_it_changed_meanwhile(show: Any) -> None:
    one = show(then={"keyframes": ["snow", "rain"], "frames": 12}, slow=2)
    one.card(2).focus()
    one.page.keyboard.press("ArrowRight")
    one.told(PLACES, [None, 13, None])
    one.click("draw")
    one.click("put")
    see(one.cards).to_have_count(2)
    see(one.page.locator("#done textarea, #done input")).to_have_value("drawn")
    one.card(1).focus()
    one.page.keyboard.press("d")
    one.told(PROMPTS, ["snow", "snow", "rain"])
    one.click("draw")
    see(one.page.locator("#film .card img[src]")).to_have_count(3)


# --- looks ----------------------------------------------------------------------------------------------------------------


def test_a_narrow_page_lists_the_cards_below_the_ruler(show: Any) -> None:
    one = show(FED, width=390)
    boxes = [box for box in (one.page.locator("#film .ruler").bounding_box(), *(card.bounding_box() for card in one.cards.all())) if box]
    assert [box["y"] for box in boxes] == sorted(box["y"] for box in boxes)
    assert len({box["x"] for box in boxes[1:]}) == 1
    assert all(box["x"] >= 0 and box["x"] + box["width"] <= 390 for box in boxes)
    assert one.page.evaluate("document.documentElement.scrollWidth") <= 390
    one.field(2, "frame").fill("20")
    one.field(2, "frame").press("Enter")
    one.told(PLACES, [None, 20])


@pytest.mark.skipif(missing(AXE) is not None, reason=missing(AXE) or "")
@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("width", [1280, 390])
def test_axe_finds_no_fault(show: Any, dark: bool, width: int) -> None:
    one = show({**FED, "zoom": "1 + 0.01*t", "sampling": {"guidance": {"0": 1, "12": 3}}, "style": 3}, width=width, dark=dark)
    for fold in one.page.locator("#film summary").all():
        fold.click()
    assert accessibility_faults(one.page, "#film") == []
