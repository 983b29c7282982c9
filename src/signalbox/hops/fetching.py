"""Hops that bring something here, and send nothing of requests for it."""

from typing import Final

from signalbox.hops.hop import Carries, Configured, DeclaredHop, Here
from signalbox.hops.sending import CONNECT

_MODELS: Final = "signalbox.adapters.models"

FETCHING: Final = (
    DeclaredHop(
        name="key sets of issuers",
        carries=(Carries.NOTHING,),
        to=Configured("issuers"),
        asks="nobody",
        why="the same question for everybody, with nothing in it; that somebody's token has an unknown key "
        "is all that its time could tell",
        places=(CONNECT, "signalbox.app:Signalbox.__init__"),
    ),
    DeclaredHop(
        name="credentials of a cloud",
        carries=(Carries.NOTHING,),
        credentials=True,
        to=Configured("endpoints.transport.authentication"),
        asks="nobody",
        why="tokens from the identity service of the cloud that an endpoint is of, by the vendor's own "
        "library; asked for per account and never per request",
        places=(
            "signalbox.adapters.providers.azure_access.identity",
            "signalbox.adapters.providers.aws_access.identity",
        ),
    ),
    DeclaredHop(
        name="model files",
        carries=(Carries.NOTHING,),
        to=Configured("models"),
        asks="nobody",
        why="files with a known SHA-256, fetched by a command of its own; a server fetches none",
        places=(
            f"{_MODELS}.fetch:fetch",
            f"{_MODELS}.hub:_PlainConnection",
            f"{_MODELS}.hub:_PlainConnection.connect",
            f"{_MODELS}.hub:_PlainHandler",
            f"{_MODELS}.hub:_TlsConnection",
            f"{_MODELS}.hub:_TlsConnection.connect",
            f"{_MODELS}.hub:_TlsHandler",
            f"{_MODELS}.hub:_once",
            f"{_MODELS}.hub:_opener",
            f"{_MODELS}.packages:_append",
            f"{_MODELS}.packages:_download",
            f"{_MODELS}.packages:_unpack",
            f"{_MODELS}.packages:assemble",
            f"{_MODELS}.shelf:check",
            f"{_MODELS}.shelf:present",
            f"{_MODELS}.shelf:put",
            f"{_MODELS}.shelf:sole_writer",
        ),
    ),
    DeclaredHop(
        name="modules of our own",
        carries=(Carries.NOTHING,),
        to=Here(),
        asks="nobody",
        why="the package's names are imported when they are first asked for; how many cores there are "
        "is read from the system",
        places=(
            "signalbox.workloads.reading:__getattr__",
            "signalbox:__getattr__",
            "signalbox.adapters.providers.embedded.settings:_physical_cores",
        ),
    ),
)
