"""A history of acts in memory: for tests of what stands above a store, and as the model of one."""

from collections.abc import Sequence

from signalbox.domain.acts import Act
from signalbox.ports.acts import ActsMoved, ActsUnavailable


class MemoryActStore:
    """Implements `ports.acts.ActStore`; several boards may share one. `trouble`, when set, is why every call
    fails. Nothing survives the process."""

    def __init__(self) -> None:
        self.trouble = ""
        self._acts: tuple[Act, ...] = ()
        self._kept: dict[str, bytes] = {}
        self._logged = 0

    def read(self, after: int) -> tuple[Act, ...]:
        self._reach()
        return self._acts[after:]

    def append(self, acts: Sequence[Act], *, after: int) -> None:
        self._reach()
        if after != len(self._acts):
            raise ActsMoved(
                f"act {len(self._acts)} was done meanwhile; this was thought of after act {after}"
            )
        self._acts += tuple(acts)

    def keep(self, digest: str, content: bytes) -> None:
        self._reach()
        self._kept.setdefault(digest, content)

    def content(self, digest: str) -> bytes | None:
        self._reach()
        return self._kept.get(digest)

    def logged(self) -> int:
        self._reach()
        return self._logged

    def set_logged(self, number: int) -> None:
        self._reach()
        self._logged = number

    def close(self) -> None:
        """Nothing to close."""

    def _reach(self) -> None:
        if self.trouble:
            raise ActsUnavailable("the history of acts cannot be reached", operator=self.trouble)
