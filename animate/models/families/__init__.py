"""The families of models that can be animated, a file each. Knows nothing of storyboards, films or where weights come from."""
