"""The interlock: what may be sent where, right now.

It holds the releases in force and the kill switch, answers a verdict for a decision (cached by facts,
computed in a thread when cold) and is asked again by every hop at the moment it is about to send.
Publishing swaps one immutable value; a request sees either the old releases or the new, never a mix.
"""

import asyncio
from collections.abc import Sequence
from time import sleep
from typing import Final

from msgspec import Struct

from signalbox.domain.endpoint import Catalogue, Endpoint
from signalbox.domain.traits import Facts
from signalbox.domain.verdict import Verdict
from signalbox.policy import CompiledPolicy, VerdictCache

_UNLISTED: Final = ("no longer in the catalogue",)


class Release:
    """A catalogue and the policy compiled against it, with the verdicts found so far."""

    __slots__ = ("cache", "catalogue", "policy")

    def __init__(self, catalogue: Catalogue, policy: CompiledPolicy, *, cache_size: int) -> None:
        self.catalogue = catalogue
        self.policy = policy
        self.cache = VerdictCache(cache_size)


class Permission(Struct, frozen=True):
    """The answer at the moment of sending. `endpoint` is the definition in force; None if withdrawn."""

    endpoint: Endpoint | None
    reasons: tuple[str, ...]
    policy: str
    catalogue: str
    kill_epoch: int
    change: int  # how many changes to releases and kills had been made when it was given


class Interlock:
    def __init__(self, release: Release) -> None:
        self.release = release
        self.kill_epoch = 0
        self.change = 0
        self._kills: frozenset[str] = frozenset()
        self._cold: dict[tuple[int, Facts], asyncio.Task[Verdict]] = {}

    def publish(self, release: Release) -> None:
        """New releases from here on; attempts under way were asked when they left and go on."""
        self.release = release
        self.change += 1

    def kill(self, selectors: Sequence[str]) -> None:
        """Stop egress to `vendor:X`, `model:X`, `endpoint:X`, `cloud:X` or `region:X`, at once."""
        self._kills |= frozenset(selectors)
        self.kill_epoch += 1
        self.change += 1

    def restore(self, selectors: Sequence[str]) -> None:
        self._kills -= frozenset(selectors)
        self.kill_epoch += 1
        self.change += 1

    def killed(self, endpoint: Endpoint) -> str:
        """The selector that stops this endpoint, or nothing."""
        if not self._kills:
            return ""
        for selector in (
            f"endpoint:{endpoint.id}",
            f"model:{endpoint.model}",
            f"vendor:{endpoint.vendor}",
            f"cloud:{endpoint.cloud}",
            f"region:{endpoint.region}",
        ):
            if selector in self._kills:
                return selector
        return ""

    async def verdict(self, release: Release, facts: Facts, now_us: int) -> Verdict:
        """The verdict under `release`; computed once for the same facts. `now_us` is wall clock."""
        found = release.cache.get(facts, now_us)
        if found is not None:
            return found
        key = (id(release), facts)
        task = self._cold.get(key)
        if task is None:
            task = asyncio.create_task(asyncio.to_thread(_judge_all, release.policy, facts, now_us))
            self._cold[key] = task
            task.add_done_callback(lambda done: self._settle(key, release, facts, done))
        return await asyncio.shield(task)

    def _settle(
        self, key: tuple[int, Facts], release: Release, facts: Facts, task: asyncio.Task[Verdict]
    ) -> None:
        self._cold.pop(key, None)
        if not task.cancelled() and task.exception() is None:
            release.cache.put(facts, task.result())

    def endpoint(self, endpoint_id: str) -> Endpoint | None:
        """The definition in force; None if the catalogue has it no longer."""
        catalogue = self.release.catalogue
        place = catalogue.index.get(endpoint_id)
        return None if place is None else catalogue.endpoints[place]

    def permission_now(self, facts: Facts, endpoint_id: str, now_us: int) -> Permission:
        """May this endpoint be sent to now, under the releases and kills in force?

        Never waits: where the verdict is not known, as after a reload, this one endpoint is judged in the
        caller's thread (about 0.1 ms).
        """
        release = self.release
        place = release.catalogue.index.get(endpoint_id)
        if place is None:
            return self._permission(release, None, permitted=False, reasons=_UNLISTED)
        verdict = release.cache.get(facts, now_us)
        if verdict is not None:
            permitted, reasons = verdict.permitted[place], verdict.reasons[place]
        else:
            judged = release.policy.judge(facts, place, now_us)
            permitted, reasons = judged.permitted, judged.reasons
        endpoint = release.catalogue.endpoints[place]
        return self._permission(release, endpoint, permitted=permitted, reasons=reasons)

    def _permission(
        self, release: Release, endpoint: Endpoint | None, *, permitted: bool, reasons: tuple[str, ...]
    ) -> Permission:
        kill = self.killed(endpoint) if endpoint is not None else ""
        if kill:
            permitted, reasons = False, (f"stopped by the kill switch: {kill}",)
        return Permission(
            endpoint if permitted else None,
            reasons,
            release.policy.hash,
            release.catalogue.hash,
            self.kill_epoch,
            self.change,
        )


def _judge_all(policy: CompiledPolicy, facts: Facts, now_us: int) -> Verdict:
    judged = []
    for judgement in policy.judgements(facts, now_us):
        judged.append(judgement)
        sleep(0)  # Cedar holds the GIL for one endpoint at a time; let the event loop have it in between
    return policy.verdict_from(judged, now_us)
