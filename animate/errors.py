"""The one exception that is meant for people: what was given, what is allowed, what to do next, in one line."""


class AnimateError(ValueError):
    """Something asked for cannot be done. The command prints it as one line and exits with 2."""


class PromptWarning(UserWarning):
    """A prompt will be drawn, but not all of it is understood."""
