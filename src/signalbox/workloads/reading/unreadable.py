"""Why a file was not read."""

from signalbox.domain.errors import CallerError


class Unreadable(CallerError):
    """It is not what its name says, or broken. The message names the file and what is wrong with it."""

    code = "file_unreadable"
    status = 422


class Encrypted(Unreadable):
    code = "file_encrypted"


class TooLarge(Unreadable):
    """What it unfolds to, or what reading it takes, is beyond the limits."""

    code = "file_too_large"
    status = 413
