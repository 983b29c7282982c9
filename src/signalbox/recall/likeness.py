"""Questions that were answered, by what they mean: the nearest one in the same bucket, and nowhere else.

INVARIANT: a bucket is a partition together with everything of the question but the words that are compared,
so that likeness is only ever judged between questions that one caller's rights and one set of rules let share
an answer. It keeps vectors and names of places; what stands there is the cache's, and is asked of it anew.
"""

from array import array
from collections import OrderedDict
from operator import mul
from sys import byteorder
from typing import Final

from msgspec import Struct

PER_BUCKET: Final = 64
ONE_E4: Final = 10_000


class Like(Struct, frozen=True):
    """The meaning of a question: its bucket and its vector, of length 1."""

    bucket: str
    vector: tuple[float, ...]


class _Kept(Struct, frozen=True):
    like: Like
    tenant: str
    subject: str
    until_us: int


class Likenesses:
    """At most `entries_max` in all and 64 in a bucket, the oldest forgotten first: a look-up compares with at
    most 64."""

    __slots__ = ("_buckets", "_entries_max", "_kept")

    def __init__(self, entries_max: int) -> None:
        self._entries_max = entries_max
        self._kept: OrderedDict[tuple[str, str], _Kept] = OrderedDict()
        self._buckets: dict[str, OrderedDict[str, _Kept]] = {}

    def __len__(self) -> int:
        return len(self._kept)

    def nearest(self, like: Like, least_e4: int, now_us: int) -> tuple[str, int] | None:
        """The key of the question most like it and how like (cosine, 1e-4), if that is at least `least_e4`.
        Of equals the oldest. `now_us` is monotonic."""
        best, best_e4 = "", least_e4 - 1
        for key, kept in list(self._buckets.get(like.bucket, {}).items()):
            if kept.until_us <= now_us:
                self.forget(like.bucket, key)
                continue
            if len(kept.like.vector) != len(like.vector):
                continue
            near_e4 = int(sum(map(mul, kept.like.vector, like.vector)) * ONE_E4 + 0.5)
            if near_e4 > best_e4:
                best, best_e4 = key, near_e4
        return (best, best_e4) if best else None

    def add(self, like: Like, key: str, tenant: str, subject: str, until_us: int) -> None:
        """What was asked there is to be found by likeness until then (monotonic)."""
        self.forget(like.bucket, key)
        bucket = self._buckets.get(like.bucket)
        if bucket is not None and len(bucket) >= PER_BUCKET:
            self.forget(like.bucket, next(iter(bucket)))
        while len(self._kept) >= self._entries_max:
            self.forget(*next(iter(self._kept)))
        kept = self._kept[like.bucket, key] = _Kept(like, tenant, subject, until_us)
        self._buckets.setdefault(like.bucket, OrderedDict())[key] = kept

    def purge(self, *, tenant: str = "", subject: str = "") -> None:
        """Forget all that matches every name given."""
        for place, kept in list(self._kept.items()):
            if tenant in ("", kept.tenant) and subject in ("", kept.subject):
                self.forget(*place)

    def forget(self, bucket: str, key: str) -> None:
        """What stood there is gone."""
        if self._kept.pop((bucket, key), None) is None:
            return
        of_bucket = self._buckets[bucket]
        del of_bucket[key]
        if not of_bucket:
            del self._buckets[bucket]


def direction(vector: bytes) -> tuple[float, ...] | None:
    """Little-endian 32-bit floats, brought to length 1; None of what has no direction."""
    if not vector or len(vector) % 4:
        return None
    numbers = array("f", vector)
    if byteorder == "big":
        numbers.byteswap()
    length = sum(map(mul, numbers, numbers)) ** 0.5
    if not 0.0 < length < float("inf"):
        return None
    return tuple([number / length for number in numbers])
