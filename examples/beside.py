"""Two ways to draw the same film, side by side: renders/pace.gif and renders/feedback.gif."""

import animate
from animate.media.images import contact_sheet

model = animate.load_model("sprout")
pace = animate.Storyboard.of("a seed", "a tree", frames=36, loop="bounce")
mood = animate.Storyboard(keyframes=({"prompt": "a lighthouse", "seed": 3}, {"prompt": "a lighthouse at night", "seed": 9}), frames=36, loop="bounce")

for name, story, ways in (
    ("pace", pace, {"linear": {"pace": "linear"}, "even": {"pace": "even"}}),
    ("feedback", mood, {"plain": {}, "feedback 0.4": {"feedback": 0.4}}),
):
    films = zip(*(animate.render(story.replace(**changes), model) for changes in ways.values()), strict=True)
    animate.write_video(f"renders/{name}.gif", (contact_sheet(pair, [*ways]) for pair in films), fps=story.rate)
