"""The shortest film from Python: a seed becomes a tree.

python examples/growth.py [FILE]
"""

import sys

import animate

story = animate.Storyboard.of("a seed", "a tree", frames=24)
model = animate.load_model()
path = animate.write_video(sys.argv[1] if len(sys.argv) > 1 else "growth.gif", animate.render(story, model))
print(path)
