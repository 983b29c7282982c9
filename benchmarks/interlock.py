"""A million decisions under faults, and an oracle that shares no code with the product: what is forbidden is
in no plan, and no hop lets it go.

    python -m benchmarks.interlock [DECISIONS] [SEED]

Verdicts, shortlist, rank, the steps after a failure and the interlock at each hop are the product's own, on a
clock that is handed on. Between and within requests endpoints break, releases change, terms end, switches are
thrown and restored, leases are lost, break-glass grants are given and end. The oracle is plain Python over
plain rows: it says the shipped rules again by hand, and knows neither Cedar nor any type of the product.

Writes `results/interlock.json`; exits 1 where anything forbidden was planned or let go.
"""

import random
import sys
from collections import Counter
from pathlib import Path
from time import process_time
from typing import Any, Final

import msgspec
from msgspec.structs import replace

from benchmarks.gateway import POLICIES
from signalbox.decide import Inputs, NothingPermitted, decide
from signalbox.dispatch.interlock import FOR_EVER, Interlock, Release
from signalbox.dispatch.step import RetryRules, Send, Tried, hedge_step, next_step
from signalbox.domain.endpoint import Catalogue, Lifecycle
from signalbox.domain.errors import NoCandidate
from signalbox.domain.failure import FailureKind
from signalbox.domain.grants import Grant, GrantTerms
from signalbox.domain.plan import EndpointHealth, HealthSnapshot, Plan
from signalbox.domain.principal import Tenant
from signalbox.domain.standing import Standing, standings
from signalbox.domain.traits import Facts, LatencyClass, Sensitivity, Traits
from signalbox.domain.verdict import PolicyRelease, Verdict
from signalbox.policy import compile_policy, under
from signalbox.testing.values import catalogue, endpoint, objective, principal, traits

RESULTS: Final = Path(__file__).parent / "results" / "interlock.json"
PER_WORLD: Final = 25_000
BEGAN_US: Final = 1_763_800_000_000_000
DAY_US: Final = 86_400_000_000
MINUTE_US: Final = 60_000_000
ENDPOINTS: Final = 10
HOMES: Final = {"azure-home": "azure", "aws-home": "aws", "homeless": ""}
WITHIN: Final = {"world": {"local", "de", "us"}, "eu": {"local", "de"}, "local": {"local"}}
GROUPS: Final[tuple[tuple[str, ...], ...]] = ((), ("claude-pilot",))
CATEGORIES: Final = ((), (), ("health",), ("credentials",), ("health", "personal"))
RULES: Final = RetryRules(hedge_after_us={"interactive": 500_000}, backoff_us=1_000)
PERMITS: Final = {"shipped": "", "everyone-claude": "", "own-and-azure": ""}
NARROW: Final = """
@id("base.catalogue") @reason("our own machines and azure")
permit (principal, action == Signalbox::Action::"infer", resource)
when { resource.cloud == "on-premises" || resource.cloud == "azure" };
"""
Row = dict[str, Any]
"""An endpoint, or a request, as the oracle knows it."""


def stopped(row: Row, ask: Row, rules: str, now_us: int) -> bool:
    """The oracle: whether a rule forbids it, or the registry says too little of the endpoint."""
    if not row["processor"] or now_us < row["from"] or (row["until"] and now_us >= row["until"]):
        return True
    if (
        row["trains"]
        or not row["infer"] <= WITHIN[ask["boundary"]]
        or not row["store"] <= WITHIN[ask["boundary"]]
    ):
        return True
    if rules != "everyone-claude" and row["vendor"] == "anthropic" and "claude-pilot" not in ask["groups"]:
        return True
    home = HOMES[ask["tenant"]]
    premises = row["cloud"] == "on-premises"
    if ask["sensitivity"] >= 2 and not premises and not (home and row["cloud"] == home):
        return True
    if ask["sensitivity"] >= 3 and row["retention"] != "none":
        return True
    own = premises and row["operator"] == "self"
    if "credentials" in ask["categories"] and not own:
        return True
    baa = row["baa"] and (not row["baa_until"] or now_us < row["baa_until"])
    return "health" in ask["categories"] and not own and not baa


def open_to(row: Row, ask: Row, rules: str, grant: Row, now_us: int) -> bool:
    """The oracle: whether it may go there now. `grant` is empty where none stands."""
    if stopped(row, ask, rules, now_us):
        return False
    if rules != "own-and-azure" or row["cloud"] in ("on-premises", "azure"):
        return True
    return bool(
        grant
        and grant["tenant"] == ask["tenant"]
        and grant["group"] in ask["groups"]
        and ask["sensitivity"] <= grant["up_to"]
        and row["vendor"] == grant["vendor"]
        and now_us < grant["until"]
    )


def killed(row: Row, ask: Row, kills: set[str]) -> bool:
    """The oracle: whether a switch that was thrown stops it."""
    places = row["infer"] | row["store"]
    names = {
        f"endpoint:{row['id']}",
        f"vendor:{row['vendor']}",
        f"cloud:{row['cloud']}",
        f"tenant:{ask['tenant']}",
    }
    return bool(kills & (names | {f"place:{place}" for place in places}))


class World:
    """A registry and rules, twice: as the oracle's rows, and as a release of the product."""

    def __init__(self, drawn: random.Random, began_us: int) -> None:
        self.rules = drawn.choice(list(PERMITS))
        self.rows = {row["id"]: row for row in (_row(drawn, n, began_us) for n in range(ENDPOINTS))}
        texts = {file.stem: file.read_text() for file in sorted(POLICIES.glob("*.cedar"))}
        if self.rules == "everyone-claude":
            del texts["opt-in"]
        if self.rules == "own-and-azure":
            head, mark, tail = texts["base"].partition("// An endpoint is used")
            assert mark, "the shipped permit is no longer where it was"
            assert head
            texts["base"] = NARROW + tail.partition("\n")[2]
        schema = (POLICIES / "signalbox.cedarschema").read_text()
        over = _catalogue(self.rows)
        tenants = [Tenant(id=name, home_cloud=home) for name, home in HOMES.items()]
        policy = compile_policy(PolicyRelease(texts=texts, schema=schema), over, tenants)
        self.release = Release(over, policy, cache_size=100_000)


class Trial:
    """Decides and dispatches on paper. `counts` is what came of it, `found` what must not have."""

    def __init__(self, seed: int, per_world: int) -> None:
        self.per_world = per_world
        self.drawn = random.Random(seed)
        self.now_us = BEGAN_US
        self.monotonic_us = 0
        self.counts: Counter[str] = Counter()
        self.found: Counter[str] = Counter(
            {"forbidden_planned": 0, "forbidden_let_go": 0, "wrongly_denied": 0}
        )
        self.kills: set[str] = set()
        self.grant: Row = {}
        self.worlds = [World(self.drawn, self.now_us), World(self.drawn, self.now_us)]
        self.world = self.worlds[0]
        self.interlock = Interlock(self.world.release)
        self.stands: tuple[Standing, ...] = ()
        self.objective = objective()
        self.who = {groups: principal(groups=groups) for groups in GROUPS}

    def run(self, decisions: int) -> None:
        for number in range(decisions):
            if number and number % self.per_world == 0:
                self.worlds = [World(self.drawn, self.now_us), self.worlds[0]]
                self.move_to(self.worlds[0])
            if number % 200 == 0:
                self.break_some()
            if self.drawn.random() < 0.01:
                self.fault()
            self.pass_time(self.drawn.randrange(2_000_000))
            self.one()

    def one(self) -> None:
        ask, facts, given = self.asked()
        self.counts["decisions"] += 1
        verdict = self.verdict(ask, facts)
        covering = None
        if self.interlock.grants:
            who = replace(self.who[facts.groups], tenant=Tenant(id=facts.tenant))
            covering = self.interlock.grants.covering(
                who, "", facts.sensitivity, self.now_us, self.monotonic_us
            )
        if covering is not None:
            facts = replace(facts, grant=covering.terms.id)
            verdict = under(covering.terms, verdict, facts, self.world.release.catalogue, self.now_us)
            self.counts["under_a_grant"] += 1
        inputs = Inputs(
            given, verdict, self.stands, None, self.objective, 4, self.now_us, self.drawn.getrandbits(32)
        )
        try:
            plan = decide(inputs).plan
        except (NothingPermitted, NoCandidate):
            self.counts["refused"] += 1
            return
        self.counts["plans"] += 1
        for planned in plan.attempts:
            self.counts["planned"] += 1
            if not self.is_open(planned.endpoint, ask):
                self.found["forbidden_planned"] += 1
        self.carry_out(plan, ask, facts, given)

    def carry_out(self, plan: Plan, ask: Row, facts: Facts, given: Traits) -> None:
        history: list[Tried] = []
        began_us = self.monotonic_us
        while True:
            elapsed_us = self.monotonic_us - began_us
            step = next_step(plan, history, elapsed_us, RULES, given.tokens_in, may_retry=True)
            if not isinstance(step, Send):
                return
            self.pass_time(step.wait_us + self.drawn.randrange(300_000))
            kind = self.leave(plan, step, ask, facts)
            if kind is None:
                return
            hedge = hedge_step(plan, history, step, self.monotonic_us - began_us, RULES)
            if hedge is not None and self.drawn.random() < 0.1:
                history.append(Tried(step.place, kind, hop=step.hop))
                step, kind = hedge, self.leave(plan, hedge, ask, facts)
                if kind is None:
                    return
            history.append(Tried(step.place, kind, hop=step.hop))

    def leave(self, plan: Plan, step: Send, ask: Row, facts: Facts) -> FailureKind | None:
        """A hop: the interlock is asked, and then it fails or not."""
        if self.drawn.random() < 0.02:
            self.fault()
        name = plan.attempts[step.place].endpoint
        self.counts[f"hops_{step.hop}"] += 1
        permission = self.interlock.permission_now(facts, name, self.now_us, self.monotonic_us)
        row = self.world.rows.get(name)
        lost = self.monotonic_us > self.interlock.lease_until_us
        fine = row is not None and not lost and not killed(row, ask, self.kills) and self.is_open(name, ask)
        if permission.endpoint is None:
            self.counts["withheld"] += 1
            self.found["wrongly_denied"] += fine and not facts.grant and not self.grant
            return FailureKind.WITHDRAWN
        self.counts["let_go"] += 1
        self.counts["let_go_by_grant"] += bool(permission.grant)
        if not fine:
            self.found["forbidden_let_go"] += 1
        return None if self.drawn.random() < 0.5 else self.drawn.choice(_FAILURES)

    def is_open(self, name: str, ask: Row) -> bool:
        return open_to(self.world.rows[name], ask, self.world.rules, self.grant, self.now_us)

    def verdict(self, ask: Row, facts: Facts) -> Verdict:
        """From the cache, else worked out; then every endpoint is held against the oracle, both ways."""
        release = self.world.release
        found = release.cache.get(facts, self.now_us)
        if found is None:
            found = release.policy.verdict(facts, self.now_us)
            release.cache.put(facts, found)
            self.counts["verdicts"] += 1
            for name, allowed in zip(self.world.rows, found.permitted, strict=True):
                fine = open_to(self.world.rows[name], ask, self.world.rules, {}, self.now_us)
                self.found["wrongly_denied"] += fine and not allowed
        return found

    def asked(self) -> tuple[Row, Facts, Traits]:
        drawn = self.drawn
        ask: Row = {
            "tenant": drawn.choice(_TENANTS),
            "groups": drawn.choice(GROUPS),
            "sensitivity": drawn.choice(_LEVELS),
            "categories": drawn.choice(CATEGORIES),
            "boundary": drawn.choice(_BOUNDARIES),
        }
        level = Sensitivity(ask["sensitivity"])
        facts = Facts(
            ask["tenant"], ask["groups"], "word", "rewrite", level, ask["categories"], ask["boundary"]
        )
        given = traits(
            sensitivity=level,
            categories=ask["categories"],
            boundary=ask["boundary"],
            tokens_in=drawn.randrange(50, 3_000),
            latency_class=LatencyClass.INTERACTIVE,
        )
        return ask, facts, given

    def fault(self) -> None:
        drawn = self.drawn
        what = drawn.choice(_FAULTS)
        self.counts[f"fault_{what}"] += 1
        match what:
            case "kill":
                row = drawn.choice(list(self.world.rows.values()))
                selectors = [f"{kind}:{row[key]}" for kind, key in (("endpoint", "id"), ("vendor", "vendor"))]
                selectors += [f"tenant:{drawn.choice(_TENANTS)}", f"place:{drawn.choice(['de', 'us'])}"]
                self.kills.add(chosen := drawn.choice(selectors))
                self.interlock.kill([chosen])
            case "restore":
                self.interlock.restore(list(self.kills))
                self.kills.clear()
            case "reload":
                self.move_to(self.worlds[self.world is self.worlds[0]])
            case "lease":
                self.interlock.lease_until_us = self.monotonic_us - 1
            case "hear":
                self.interlock.lease_until_us = FOR_EVER
            case "grant":
                self.give()
            case "end":
                self.grant = {}
                self.interlock.obey_grants([], self.now_us, self.monotonic_us)
            case "later":
                self.pass_time(drawn.randrange(DAY_US // 8))

    def give(self) -> None:
        drawn = self.drawn
        up_to, tenant = drawn.randrange(4), drawn.choice(_TENANTS)
        until_us = self.now_us + drawn.randrange(1, 60) * MINUTE_US
        vendor = drawn.choice(["acme", "anthropic"])
        self.grant = {
            "tenant": tenant, "group": "claude-pilot", "up_to": up_to, "vendor": vendor, "until": until_us,
        }  # fmt: skip
        terms = GrantTerms(
            id=f"bg-{self.counts['fault_grant']}",
            tenant=tenant,
            endpoints=(f"vendor:{vendor}",),
            sensitivity_max=Sensitivity(up_to),
            until_us=until_us,
        )
        self.interlock.obey_grants(
            [Grant(terms=terms, groups=("claude-pilot",))], self.now_us, self.monotonic_us
        )

    def move_to(self, world: World) -> None:
        self.world = world
        self.interlock.publish(world.release)
        self.break_some()

    def break_some(self) -> None:
        """Breakers open, endpoints go into quarantine, others come back."""
        ids = sorted(self.world.rows)
        snapshot = HealthSnapshot(
            tuple(
                EndpointHealth(
                    name, self.drawn.random() < 0.1, quarantined="x" * (self.drawn.random() < 0.05)
                )
                for name in ids
            )
        )
        self.stands = standings(self.world.release.catalogue, snapshot)

    def pass_time(self, us: int) -> None:
        self.now_us += us
        self.monotonic_us += us


_TENANTS: Final = tuple(HOMES)
_BOUNDARIES: Final = ("world", *WITHIN)
_LEVELS: Final = (0, 1, 1, 2, 3)
_FAILURES: Final = tuple(FailureKind)
_FAULTS: Final = (
    *("kill", "lease", "end", "later", "reload"),
    *("restore", "hear", "grant") * 3,
)


def _row(drawn: random.Random, number: int, now_us: int) -> Row:
    retention = drawn.choice(["none", "transient", "days-30"])
    vendor = drawn.choice(["acme", "acme", "anthropic"])
    return {
        "id": f"e{number}",
        "vendor": vendor,
        "cloud": drawn.choice(["on-premises", "on-premises", "azure", "aws"]),
        "operator": drawn.choice(["self", "self", "vendor"]),
        "processor": "" if drawn.random() < 0.05 else "somebody",
        "infer": set(drawn.sample(["local", "de", "us"], drawn.randrange(1, 3))),
        "store": set() if retention == "none" else set(drawn.sample(["local", "de"], drawn.randrange(1, 3))),
        "retention": retention,
        "trains": drawn.random() < 0.1,
        "baa": drawn.random() < 0.4,
        "baa_until": now_us + drawn.randrange(DAY_US) if drawn.random() < 0.2 else 0,
        "from": now_us + drawn.randrange(DAY_US) if drawn.random() < 0.1 else 0,
        "until": now_us + drawn.randrange(DAY_US) if drawn.random() < 0.1 else 0,
    }


def _catalogue(rows: dict[str, Row]) -> Catalogue:
    return catalogue(
        *(
            endpoint(
                row["id"],
                vendor=row["vendor"],
                model=f"{row['vendor']}-small",
                cloud=row["cloud"],
                operator=row["operator"],
                processor=row["processor"],
                inference_places=tuple(sorted(row["infer"])),
                storage_places=tuple(sorted(row["store"])),
                retention=row["retention"],
                trains_on_data=row["trains"],
                certifications=("hipaa-baa",) if row["baa"] else (),
                certified_until_us={"hipaa-baa": row["baa_until"]} if row["baa"] and row["baa_until"] else {},
                lifecycle=Lifecycle(available_from_us=row["from"], retired_from_us=row["until"] or None),
            )
            for row in rows.values()
        )
    )


def measure(decisions: int, seed: int, *, per_world: int = PER_WORLD) -> dict[str, Any]:
    """Counts of what was decided and tried, of what must be 0, and the CPU time that it took."""
    began = process_time()
    trial = Trial(seed, per_world)
    trial.run(decisions)
    seconds = process_time() - began
    return {
        "seed": seed,
        **trial.counts,
        **trial.found,
        "cpu_s": round(seconds, 1),
        "decisions_per_cpu_s": round(decisions / seconds),
    }


def main() -> None:
    decisions = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else 4
    found = measure(decisions, seed)
    told = msgspec.json.format(msgspec.json.encode(found, order="sorted"), indent=2)
    RESULTS.write_bytes(told + b"\n")
    sys.stdout.write(told.decode() + "\n")
    if found["forbidden_planned"] or found["forbidden_let_go"] or found["wrongly_denied"]:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
