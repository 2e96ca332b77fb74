"""What to show and when: storyboards, their files, values over time, the timeline and camera moves. Knows nothing of models, tensors or pixels."""
