"""What is not what it claims to be: a note, a key, a proof, a tile."""


class Invalid(ValueError):
    """The message says what is wrong, in lower-case words, and quotes no secret."""
