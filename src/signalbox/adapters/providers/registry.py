"""The kinds of provider that are installed, by their entry points. Loads none before it is asked for.

It makes no provider and judges no endpoint.
"""

from importlib.metadata import EntryPoint, entry_points

from signalbox.ports.provider_kind import GROUP, Kind


class InstalledKinds:
    """Implements `ports.provider_kind.Kinds`, as the environment is when it is made."""

    def __init__(self) -> None:
        self._entries: dict[str, list[EntryPoint]] = {}
        for entry in entry_points(group=GROUP):
            others = self._entries.setdefault(entry.name, [])
            # One distribution that is found twice on the path names one thing; the first is imported.
            if not any(_claim(other) == _claim(entry) for other in others):
                others.append(entry)
        self._kinds: dict[str, Kind] = {}

    @property
    def names(self) -> frozenset[str]:
        return frozenset(self._entries)

    def kind(self, name: str) -> Kind:
        kind = self._kinds.get(name)
        if kind is None:
            kind = self._kinds[name] = _load(name, self._entries.get(name, []))
        return kind


def _claim(entry: EntryPoint) -> tuple[str, str]:
    return entry.dist.name if entry.dist is not None else "", entry.value


def _load(name: str, entries: list[EntryPoint]) -> Kind:
    if not entries:
        raise ValueError(f"unknown provider kind `{name}`")
    # INVARIANT: nobody takes a name over: who answers for `openai` is not a matter of the path's order.
    if len(entries) > 1:
        claims = " and ".join(sorted(f"`{owner or value}`" for owner, value in map(_claim, entries)))
        raise ValueError(f"provider kind `{name}` is claimed by {claims}: uninstall one of them")
    (entry,) = entries
    try:
        kind = entry.load()
    except (ImportError, AttributeError) as error:
        raise ValueError(f"provider kind `{name}` cannot be loaded from `{entry.value}`: {error}") from error
    if not isinstance(kind, Kind):
        raise ValueError(f"provider kind `{name}` is not a `Kind`: `{entry.value}` is something else")
    return kind
