"""What Cedar is told beside the request: the endpoints with their parents, at every moment that matters.

It is read back from the very JSON that is handed to Cedar, so that no second list of attributes can
drift from the first.
"""

from collections.abc import Mapping
from typing import Any

import msgspec
from msgspec import Struct

from signalbox.domain.endpoint import Catalogue
from signalbox.policy.names import ENDPOINT, Uid
from signalbox.policy.registry import edges, gap, registry_json

Attributes = Mapping[str, str | bool | int | list[str]]


class Standing(Struct, frozen=True):
    """One endpoint as it stands at `now_us` (wall clock): `gap` says why it cannot be judged.

    An endpoint has one of these for each set of attributes that it ever has, at the last date on which
    anything changes and it has them; the latest first.
    """

    endpoint: str
    place: int
    uid: Uid
    now_us: int
    gap: str
    attributes: Attributes


class World(Struct, frozen=True):
    """`above` holds the ancestors of every entity of the registry, itself left out."""

    standings: tuple[Standing, ...]
    above: Mapping[Uid, frozenset[Uid]]


def world(catalogue: Catalogue) -> World:
    dates = edges(catalogue)
    moments = (*reversed(dates), min(dates, default=0) - 1)
    found: dict[tuple[str, bytes], Standing] = {}
    parents: dict[Uid, set[Uid]] = {}
    for now_us in moments:
        for item in msgspec.json.decode(registry_json(catalogue, now_us)):
            uid = _uid(item["uid"])
            parents[uid] = {_uid(above) for above in item["parents"]}
            if uid[0] == ENDPOINT:
                key = (uid[1], msgspec.json.encode(item["attrs"]))
                found.setdefault(key, _standing(catalogue, uid, now_us, item["attrs"]))
    above = {uid: frozenset(_ancestors(uid, parents)) for uid in parents}
    standings = sorted(found.values(), key=lambda standing: (standing.place, -standing.now_us))
    return World(tuple(standings), above)


def _standing(catalogue: Catalogue, uid: Uid, now_us: int, attributes: dict[str, Any]) -> Standing:
    place = catalogue.index[uid[1]]
    return Standing(uid[1], place, uid, now_us, gap(catalogue.endpoints[place]), attributes)


def _uid(written: dict[str, str]) -> Uid:
    return written["type"], written["id"]


def _ancestors(uid: Uid, parents: Mapping[Uid, set[Uid]]) -> set[Uid]:
    found: set[Uid] = set()
    coming = [*parents.get(uid, ())]
    while coming:
        above = coming.pop()
        if above not in found:
            found.add(above)
            coming += parents.get(above, ())
    return found
