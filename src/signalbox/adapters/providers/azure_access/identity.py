"""Tokens from Microsoft Entra ID by way of the `azure-identity` package (extra `azure`).

Its default chain is used as it is: the environment, a workload's or machine's managed identity, a
developer's own login. It asks Microsoft's identity service, or the machine's, and tells it of no request.
It is loaded here and nowhere else, when the first token is needed; everything here may block.
"""

import re
from typing import Final

from msgspec import Struct

SCOPE: Final = "https://cognitiveservices.azure.com/.default"
_CODE: Final = re.compile(r"AADSTS\d{1,9}")


class NoToken(Exception):
    """Why there is none, in words that name no secret."""


class Token(Struct, frozen=True):
    """`expires_s`: seconds since the epoch."""

    text: str
    expires_s: int


def fetch(scope: str = SCOPE) -> Token:
    """A token that was not handed out before: a chain made anew keeps none. Blocks; raises `NoToken`."""
    try:
        from azure.core.exceptions import AzureError  # noqa: PLC0415 - an extra, and slow to load
        from azure.identity import DefaultAzureCredential  # noqa: PLC0415
    except ImportError as error:
        raise NoToken(f"azure-identity is missing ({error}): pip install signalbox[azure]") from None
    try:
        with DefaultAzureCredential() as chain:
            token = chain.get_token(scope)
    except (AzureError, ValueError) as error:
        code = _CODE.search(str(error))
        told = f", {code[0]}" if code else ""
        raise NoToken(f"Entra ID gave no token ({type(error).__name__}{told})") from None
    return Token(token.token, token.expires_on)
