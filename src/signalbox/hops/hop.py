"""What a hop declares of itself."""

from enum import StrEnum
from typing import Literal

from msgspec import Struct


class Carries(StrEnum):
    """What of requests goes along, from the most telling to nothing."""

    CONTENT = "content"  # prompts, replies, documents, as they are
    DERIVED = "derived from content"  # digests of it: who has the text can tell that it was this text
    NAMES = "names of users and groups"
    METADATA = "pseudonymous metadata"  # who by pseudonym, what kind, how large, where to
    COUNTS = "counts"  # by tenant, endpoint and error code
    NOTHING = "nothing of requests"


class AtEndpoint(Struct, frozen=True):
    """The endpoint that was chosen, as the catalogue's tuple describes it: operator, processor, places of
    inference and storage, retention, terms."""


class Configured(Struct, frozen=True):
    """An address of the settings. `place` is the setting that says in which of the catalogue's places it
    stands; empty where nothing of requests goes there. `files`: what is written here instead, where the
    settings say so, as in `Here`."""

    setting: str
    place: str = ""
    files: tuple[str, ...] = ()


class Here(Struct, frozen=True):
    """This machine. `files` are patterns of what is written, `data/` being the data directory, `run/` a
    directory of the process's own for sockets; `{…}` is what the settings or the command line say."""

    files: tuple[str, ...] = ()


class ToCaller(Struct, frozen=True):
    """Whoever asked, on the connection on which they asked."""


class InProcess(Struct, frozen=True):
    """The memory of this process: nothing is opened for it."""


To = AtEndpoint | Configured | Here | ToCaller | InProcess


class DeclaredHop(Struct, frozen=True, kw_only=True):
    """`asks`: policy, at the moment of sending; or nobody, and then `why` says why nobody need be asked, as
    it else says how policy is. `places`: where in the code it can open or write something,
    `module:qualified.name`; one place may serve several hops. `package.*` stands for all modules of a package
    that runs in a process of its own."""

    name: str
    carries: tuple[Carries, ...]
    credentials: bool = False
    to: To
    asks: Literal["policy", "nobody"]
    why: str
    places: tuple[str, ...] = ()

    @property
    def leaves(self) -> bool:
        """Whether it goes to another machine, or may."""
        return isinstance(self.to, AtEndpoint | Configured)

    @property
    def files(self) -> tuple[str, ...]:
        """Patterns of what it may write on this machine."""
        return self.to.files if isinstance(self.to, Here | Configured) else ()

    @property
    def tells(self) -> bool:
        """Whether a text could be had, or recognised, from what it carries."""
        return Carries.CONTENT in self.carries or Carries.DERIVED in self.carries
