"""Keys, tokens and passwords: by the prefix that their issuer publishes, or by the word that introduces them.

Left out on purpose: long random strings without a prefix or a word. Hashes, identifiers and
attachments look the same, and half the mails of an office would be secrets.
"""

import re
from collections.abc import Iterator, Set
from typing import Final

_EDGE: Final = rb"(?<![0-9A-Za-z])"
_RUN_WITH_DIGIT: Final = rb"(?=[0-9A-Za-z_-]{0,60}[0-9])[0-9A-Za-z_-]{20}"

_PREFIXED: Final = {
    prefix: re.compile(pattern)
    for prefix, pattern in (
        # RFC 7468, OpenSSH and OpenPGP armour
        (b"-----BEGIN ", rb"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----"),
        # AWS IAM reference: unique identifiers
        (b"AKIA", _EDGE + rb"AKIA[A-Z2-7]{16}(?![0-9A-Za-z])"),
        (b"ASIA", _EDGE + rb"ASIA[A-Z2-7]{16}(?![0-9A-Za-z])"),
        # GitHub: authentication token formats
        (b"ghp_", _EDGE + rb"ghp_[0-9A-Za-z]{36}"),
        (b"gho_", _EDGE + rb"gho_[0-9A-Za-z]{36}"),
        (b"ghu_", _EDGE + rb"ghu_[0-9A-Za-z]{36}"),
        (b"ghs_", _EDGE + rb"ghs_[0-9A-Za-z]{36}"),
        (b"ghr_", _EDGE + rb"ghr_[0-9A-Za-z]{36}"),
        (b"github_pat_", _EDGE + rb"github_pat_[0-9A-Za-z_]{36}"),
        # Stripe: API keys
        (b"sk_live_", _EDGE + rb"sk_live_[0-9A-Za-z]{16}"),
        (b"rk_live_", _EDGE + rb"rk_live_[0-9A-Za-z]{16}"),
        # OpenAI, Anthropic and those that follow them
        (b"sk-", _EDGE + rb"sk-" + _RUN_WITH_DIGIT),
        # Slack: token types
        (b"xox", _EDGE + rb"xox[abeoprs]-[0-9A-Za-z-]{16}"),
        # Google Cloud: API keys
        (b"AIza", _EDGE + rb"AIza[0-9A-Za-z_-]{35}"),
        # A password in a URI's authority, RFC 3986 section 3.2.1
        (b"://", rb"://[^\s/:@]{1,64}:(?![{<$%\[])[^\s/@]{3,128}@"),
    )
}
_JSON_WEB_TOKEN: Final = b"eyJ"
ISSUED: Final = (*_PREFIXED, _JSON_WEB_TOKEN)
"""The prefixes that issuers give to credentials."""

_TOKEN_RUN: Final = re.compile(rb"[0-9A-Za-z_-]+")
_TELLS: Final = rb"[\w ()-]{0,20}[\"'`*]{0,2}[ \t]{0,3}(?::|=|\b(?:is|ist|lautet|est)\b)[ \t\n*]{0,3}"
_VALUE: Final = rb"[ \t]{0,3}[\"'`]?(?!https?:|[{<$%\[(])([^\s\"'`,;<>\x1f]{6,128})"
_LETTER: Final = re.compile(rb"[A-Za-z]")
_DIGIT: Final = re.compile(rb"[0-9]")
_PASSWORD: Final = re.compile(_TELLS + _VALUE)
_KEY: Final = re.compile(rb"[\"'`*]{0,2}[ \t]{0,3}[:=]" + _VALUE)
_PASSWORDS: Final = frozenset((b"passw", b"pwd", b"kennwort", b"mot de passe"))
_KEYS: Final = frozenset((b"token", b"secret", b"key"))

TELLING: Final = (*sorted(_PASSWORDS), *sorted(_KEYS))
"""Words that introduce a credential, in lower case."""


def has_issued_credential(data: bytes, prefixes: Set[bytes]) -> bool:
    """Whether a credential with one of the `prefixes` is in `data`. Linear in its length."""
    return any(_is_issued(prefix, data) for prefix in prefixes)


def has_told_credential(data: bytes, lower: bytes, words: Set[bytes]) -> bool:
    """Whether a credential follows one of the `words`; `lower` is `data` in lower case."""
    return any(_is_told(word, data, lower) for word in words)


def _is_issued(prefix: bytes, data: bytes) -> bool:
    if prefix == _JSON_WEB_TOKEN:
        return _has_json_web_token(data)
    pattern = _PREFIXED[prefix]
    return any(pattern.match(data, place) for place in _places(data, prefix))


def _is_told(word: bytes, data: bytes, lower: bytes) -> bool:
    if word in _PASSWORDS:
        return any(map(_is_password, _values(data, lower, word, _PASSWORD)))
    return word in _KEYS and any(map(_is_key, _values(data, lower, word, _KEY)))


def _places(data: bytes, literal: bytes) -> Iterator[int]:
    place = data.find(literal)
    while place >= 0:
        yield place
        place = data.find(literal, place + len(literal))


def _has_json_web_token(data: bytes) -> bool:
    """RFC 7519 in the compact form of RFC 7515: two base64url objects and a signature, set apart by dots.

    Each run of base64url characters is walked once: the search goes on behind it.
    """
    place = data.find(_JSON_WEB_TOKEN)
    while place >= 0:
        header = _TOKEN_RUN.match(data, place)
        end = header.end() if header else place + 3
        if data.startswith(b".eyJ", end):
            claims = _TOKEN_RUN.match(data, end + 1)
            if claims and claims.end() - end > 8 and data[claims.end() : claims.end() + 1] == b".":
                return True
        place = data.find(_JSON_WEB_TOKEN, end)
    return False


def _values(data: bytes, lower: bytes, word: bytes, pattern: re.Pattern[bytes]) -> Iterator[bytes]:
    """What is told after each `word`."""
    for place in _places(lower, word):
        match = pattern.match(data, place + len(word))
        if match is not None:
            yield match[1].rstrip(b".!?)*")


def _is_password(value: bytes) -> bool:
    """It has a letter, and a digit or a symbol: no plain word, no figure, no row of asterisks."""
    return not value.isalpha() and _LETTER.search(value) is not None


def _is_key(value: bytes) -> bool:
    """`token`, `secret` and `key` are said of much else: a value is long and has digits and letters."""
    return len(value) >= 12 and _DIGIT.search(value) is not None and _LETTER.search(value) is not None
