"""The verbs: a storyboard and a model become a film, a still or a contact sheet. Knows nothing of the command line."""
