"""What an emulated vendor has received, written down before it says a word: a crash test's oracle.

Two lines of JSON a request: `received` once it is here (`partial` if its sender left in the middle of
it), and `ended` with whether the reply went out in full. Nothing of the texts, only their hash.
"""

import hashlib
import os
import time
from pathlib import Path
from typing import Literal

import msgspec
from msgspec import Struct


class Receipt(Struct, frozen=True, kw_only=True):
    """`request_id` is the `x-request-id` header; `time_us` wall clock; `number` counts from 1 for each
    `vendor` (its name where several are emulated)."""

    event: Literal["received", "partial", "ended"]
    number: int
    request_id: str
    time_us: int
    method: str = ""
    path: str = ""
    model: str = ""
    body_sha256: str = ""
    body_bytes: int = 0
    finished: bool = False
    vendor: str = ""


class Receipts:
    """Appends to `path` if given, one `write` a line, so that lines never mix; `kept` in memory if asked."""

    def __init__(self, path: Path | None = None, *, keep: bool = False) -> None:
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
        self._file = os.open(path, flags, 0o600) if path else None
        self._keep = keep
        self.kept: list[Receipt] = []

    @property
    def wanted(self) -> bool:
        return self._keep or self._file is not None

    def received(
        self,
        number: int,
        request_id: str,
        method: str,
        path: str,
        model: str,
        body: bytes,
        *,
        whole: bool,
        vendor: str = "",
    ) -> None:
        self._add(
            Receipt(
                event="received" if whole else "partial",
                number=number,
                request_id=request_id,
                time_us=time.time_ns() // 1000,
                method=method,
                path=path,
                model=model,
                body_sha256=hashlib.sha256(body).hexdigest(),
                body_bytes=len(body),
                vendor=vendor,
            )
        )

    def ended(self, number: int, request_id: str, *, finished: bool, vendor: str = "") -> None:
        self._add(
            Receipt(
                event="ended",
                number=number,
                request_id=request_id,
                time_us=time.time_ns() // 1000,
                finished=finished,
                vendor=vendor,
            )
        )

    def close(self) -> None:
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def _add(self, receipt: Receipt) -> None:
        if self._file is not None:
            os.write(self._file, msgspec.json.encode(receipt) + b"\n")
        if self._keep:
            self.kept.append(receipt)


def read_receipts(path: Path) -> list[Receipt]:
    """Every receipt in a file, in order. Raises `msgspec.DecodeError` on a line that is not one."""
    return [msgspec.json.decode(line, type=Receipt) for line in path.read_bytes().splitlines()]
