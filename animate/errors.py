"""The one exception that is meant for people: what was given, what is allowed, what to do next, in one line."""


class AnimateError(ValueError):
    """Something asked for cannot be done. The command prints it as one line and exits with 2."""


class AnimateWarning(UserWarning):
    """Something that a person should know, and that does not stop the film."""
