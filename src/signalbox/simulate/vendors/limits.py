"""Rate limits as vendors keep them: a bucket of requests and one of tokens, by model and region."""

from msgspec import Struct

from signalbox.simulate.vendors.scenario import Limits

_MINUTE_S = 60.0


class Standing(Struct, frozen=True):
    """How a caller stands after a request; times in seconds until the bucket is full again.

    `spent` names the bucket that refused it (`requests` or `tokens`) and `wait_s` when it would do.
    """

    requests_limit: int = 0
    requests_left: int = 0
    requests_reset_s: float = 0
    tokens_limit: int = 0
    tokens_left: int = 0
    tokens_reset_s: float = 0
    spent: str = ""
    wait_s: float = 0


class _Bucket:
    __slots__ = ("_at_s", "_left", "_size")

    def __init__(self, size: int, now_s: float) -> None:
        self._size = size
        self._left = float(size)
        self._at_s = now_s

    def wait_s(self, amount: int, now_s: float) -> float:
        """Until so much can be taken; a need beyond the whole bucket waits for a full one."""
        passed = max(0.0, now_s - self._at_s)
        self._left = min(float(self._size), self._left + passed * self._size / _MINUTE_S)
        self._at_s = now_s
        return max(0.0, (min(amount, self._size) - self._left) * _MINUTE_S / self._size)

    def take(self, amount: int) -> None:
        self._left = max(0.0, self._left - amount)

    @property
    def left(self) -> int:
        return int(self._left)

    @property
    def reset_s(self) -> float:
        return (self._size - self._left) * _MINUTE_S / self._size


class Meter:
    """All buckets of one vendor."""

    def __init__(self) -> None:
        self._buckets: dict[tuple[str, str, str, int], _Bucket] = {}

    def ask(self, model: str, region: str, limits: Limits, tokens: int, now_s: float) -> Standing:
        """Takes a request and its tokens, or neither."""
        kinds = (("requests", limits.requests_per_min, 1), ("tokens", limits.tokens_per_min, tokens))
        held = [
            (kind, self._bucket(model, region, kind, size, now_s), amount)
            for kind, size, amount in kinds
            if size
        ]
        waits = [(bucket.wait_s(amount, now_s), kind) for kind, bucket, amount in held]
        wait_s, spent = max(waits, default=(0.0, ""))
        if not wait_s:
            spent = ""
            for _, bucket, amount in held:
                bucket.take(amount)
        by_kind = {kind: bucket for kind, bucket, _ in held}
        requests, tokens_bucket = by_kind.get("requests"), by_kind.get("tokens")
        return Standing(
            requests_limit=limits.requests_per_min,
            requests_left=requests.left if requests else 0,
            requests_reset_s=requests.reset_s if requests else 0,
            tokens_limit=limits.tokens_per_min,
            tokens_left=tokens_bucket.left if tokens_bucket else 0,
            tokens_reset_s=tokens_bucket.reset_s if tokens_bucket else 0,
            spent=spent,
            wait_s=wait_s,
        )

    def _bucket(self, model: str, region: str, kind: str, size: int, now_s: float) -> _Bucket:
        key = (model, region, kind, size)
        found = self._buckets.get(key)
        if found is None:
            found = self._buckets[key] = _Bucket(size, now_s)
        return found
