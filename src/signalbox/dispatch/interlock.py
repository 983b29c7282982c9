"""The interlock: what may be sent where, right now.

It holds the releases in force and the kill switch, answers a verdict for a decision (cached by facts,
computed in a thread when cold) and is asked again by every hop at the moment it is about to send.
Publishing swaps one immutable value; a request sees either the old releases or the new, never a mix.

What the kill switch says it is told by `dispatch.switchboard`, with a lease: a process that has not heard
of it for longer permits nothing, for it may have been thrown.
"""

import asyncio
import sys
from collections.abc import Awaitable, Callable, Iterable, Sequence
from time import sleep
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from signalbox.dispatch.grants import GrantsInForce
from signalbox.domain.endpoint import Catalogue, Endpoint
from signalbox.domain.grants import Grant
from signalbox.domain.switches import SwitchState, selectors_of
from signalbox.domain.traits import Facts
from signalbox.domain.verdict import Verdict
from signalbox.policy import CompiledPolicy, Judgement, VerdictCache, supplied

FOR_EVER: Final = sys.maxsize
_UNLISTED: Final = ("no longer in the catalogue",)
_LEASE_OVER: Final = "the kill switch's state has not been readable for longer than its lease"
_GRANT_OVER: Final = "the break-glass grant is over"


class Release:
    """A catalogue and the policy compiled against it, with the verdicts found so far."""

    __slots__ = ("cache", "catalogue", "endpoints", "policy")

    def __init__(self, catalogue: Catalogue, policy: CompiledPolicy, *, cache_size: int) -> None:
        self.catalogue = catalogue
        self.endpoints = {endpoint.id: endpoint for endpoint in catalogue.endpoints}
        self.policy = policy
        self.cache = VerdictCache(cache_size)


class Permission(Struct, frozen=True):
    """The answer at the moment of sending. `endpoint` is the definition in force; None if withdrawn."""

    endpoint: Endpoint | None
    reasons: tuple[str, ...]
    policy: str
    catalogue: str
    kill_epoch: int
    change: int  # how many changes to releases, kills and grants had been made when it was given
    grant: str = ""  # the break-glass grant without which it were none


class Interlock:
    """`lease_until_us` (monotonic): until when what it knows of the kill switch may be relied on. It is for
    ever where nobody else can throw it. `listen` has the switch read anew, and returns shortly."""

    def __init__(self, release: Release) -> None:
        self.release = release
        self.grants = GrantsInForce()
        self.kill_epoch = 0
        self.change = 0
        self.lease_until_us = FOR_EVER
        self.listen: Callable[[], Awaitable[None]] | None = None
        self.closed = ""  # why nothing is sent anywhere at all, where that is so
        self._kills: frozenset[str] = frozenset()
        self._cuts: frozenset[str] = frozenset()
        self._cold: dict[tuple[int, Facts], asyncio.Task[Verdict]] = {}

    def publish(self, release: Release) -> None:
        """New releases from here on; attempts under way were asked when they left and go on."""
        self.release = release
        self.closed = ""
        self.change += 1

    def close(self, reason: str) -> None:
        """Send nothing anywhere, until something is published."""
        self.closed = reason
        self.change += 1

    def kill(self, selectors: Sequence[str]) -> None:
        """Stop egress to `vendor:X`, `model:X` or another of `domain.switches.KINDS`, at once."""
        self._kills |= frozenset(selectors)
        self.kill_epoch += 1
        self.change += 1

    def restore(self, selectors: Sequence[str]) -> None:
        self._kills -= frozenset(selectors)
        self.kill_epoch += 1
        self.change += 1

    def obey(self, state: SwitchState) -> None:
        """What is stopped from here on is what `state` says, and nothing else."""
        self._kills = frozenset([kill.selector for kill in state.kills])
        self._cuts = frozenset([kill.selector for kill in state.kills if kill.cut])
        self.kill_epoch = state.epoch
        self.change += 1

    def obey_grants(self, grants: Iterable[Grant], now_us: int, monotonic_us: int) -> None:
        """These break-glass grants are in force from here on, and no others. `now_us` is wall clock."""
        if self.grants.obey(grants, now_us, monotonic_us):
            self.change += 1

    @property
    def kills(self) -> int:
        """How many are in force."""
        return len(self._kills)

    def killed(self, endpoint: Endpoint, tenant: str = "") -> str:
        """The selector that stops this endpoint, for this tenant, or nothing."""
        return _first_of(self._kills, endpoint, tenant)

    def stopped_at(self, place: str, tenant: str, monotonic_us: int) -> str:
        """What stops anything of this tenant's requests from leaving for `place` other than to an endpoint,
        as to a shared cache: a selector, or that the switch is not heard; empty if nothing does."""
        if monotonic_us > self.lease_until_us:
            return _LEASE_OVER
        kills = self._kills
        return next((stop for stop in (f"place:{place}", f"tenant:{tenant}") if stop in kills), "")

    def cut_off(self, endpoint: Endpoint, tenant: str) -> str:
        """The selector that stops what is under way here, or nothing."""
        return _first_of(self._cuts, endpoint, tenant)

    async def verdict(self, release: Release, facts: Facts, now_us: int) -> Verdict:
        """The verdict under `release`, without any grant; computed once for the same facts. `now_us` is wall
        clock."""
        if facts.grant:
            facts = replace(facts, grant="")
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
        return self.release.endpoints.get(endpoint_id)

    def permission_now(self, facts: Facts, endpoint_id: str, now_us: int, monotonic_us: int) -> Permission:
        """May this endpoint be sent to now, under the releases and kills in force? `now_us` is wall clock.

        Never waits: where the verdict is not known, as after a reload, this one endpoint is judged in the
        caller's thread (about 0.1 ms).
        """
        release = self.release
        place = release.catalogue.index.get(endpoint_id)
        if place is None:
            return self._permission(release, None, _UNLISTED)
        endpoint = release.catalogue.endpoints[place]
        if self._kills and (selector := self.killed(endpoint, facts.tenant)):
            return self._permission(release, None, (f"stopped by the kill switch: {selector}",))
        if monotonic_us > self.lease_until_us:
            return self._permission(release, None, (_LEASE_OVER,))
        if self.closed:
            return self._permission(release, None, (self.closed,))
        if facts.grant:
            return self._under_grant(release, facts, place, now_us, monotonic_us)
        verdict = release.cache.get(facts, now_us)
        if verdict is not None:
            permitted, reasons = verdict.permitted[place], verdict.reasons[place]
        else:
            judged = release.policy.judge(facts, place, now_us)
            permitted, reasons = judged.permitted, judged.reasons
        return Permission(
            endpoint if permitted else None,
            reasons,
            release.policy.hash,
            release.catalogue.hash,
            self.kill_epoch,
            self.change,
        )

    def _under_grant(
        self, release: Release, facts: Facts, place: int, now_us: int, monotonic_us: int
    ) -> Permission:
        """As `permission_now`, of a caller that a break-glass grant covered when it was decided."""
        endpoint = release.catalogue.endpoints[place]
        plain = replace(facts, grant="")
        verdict = release.cache.get(plain, now_us)
        if verdict is not None:
            judged = Judgement(verdict.permitted[place], verdict.reasons[place])
        else:
            judged = release.policy.judge(plain, place, now_us)
        terms = self.grants.standing(facts.grant, now_us, monotonic_us)
        reasons = judged.reasons
        if terms is None:
            reasons = reasons if judged.permitted else (*reasons, _GRANT_OVER)
            return self._permission(release, endpoint if judged.permitted else None, reasons)
        granted = supplied(terms, judged, facts, endpoint, now_us)
        used = terms.id if granted.permitted and not judged.permitted else ""
        return self._permission(release, endpoint if granted.permitted else None, granted.reasons, used)

    def _permission(
        self, release: Release, endpoint: Endpoint | None, reasons: tuple[str, ...], grant: str = ""
    ) -> Permission:
        """`endpoint` is None where it is not permitted."""
        return Permission(
            endpoint,
            reasons,
            release.policy.hash,
            release.catalogue.hash,
            self.kill_epoch,
            self.change,
            grant,
        )


def _first_of(stopped: frozenset[str], endpoint: Endpoint, tenant: str) -> str:
    if not stopped:
        return ""
    return next((selector for selector in selectors_of(endpoint, tenant) if selector in stopped), "")


def _judge_all(policy: CompiledPolicy, facts: Facts, now_us: int) -> Verdict:
    judged = []
    for judgement in policy.judgements(facts, now_us):
        judged.append(judgement)
        sleep(0)  # Cedar holds the GIL for one endpoint at a time; let the event loop have it in between
    return policy.verdict_from(judged, now_us)
