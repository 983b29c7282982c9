"""What follows from a pack's records: counts, uses, releases, exceptions, and how much hangs on whom.

The same code makes these reports and, in the verifier, makes them anew to compare. Shares are in 1e-4. It
judges nothing: an exception is what somebody may want explained.
"""

import json
from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from signalbox.evidence.plain.notes import canonical
from signalbox.evidence.plain.pack import SWITCHES, Claim, Entry, Json
from signalbox.evidence.plain.releases import Contents, Publication, Statements, in_force, publications

SUMMARY: Final = "reports/summary.json"
EXCEPTIONS: Final = "reports/exceptions.jsonl"
REGISTER: Final = "reports/register.json"
BREAK_GLASS: Final = "break-glass."
_CONFIDENTIAL: Final = 2
_FACTS: Final = (
    "vendor", "model", "model_version", "operator", "processor", "cloud", "region", "inference_places",
    "storage_places", "retention", "trains_on_data", "contract", "terms_version", "certifications",
    "certified_until_us", "lifecycle", "evidence",
)  # fmt: skip
_SHARED: Final = ("vendor", "processor", "operator", "cloud", "region", "model")


class _Decided(NamedTuple):
    catalogue: str
    endpoints: tuple[str, ...]
    sensitivity: int
    task: str


class Tally:
    """Hand it every record of the pack once, in any order but that the kill switch's keep theirs; then ask
    for its `files`, once."""

    def __init__(self, claim: Claim) -> None:
        self._claim = claim
        self.kill_epoch = 0
        """As many changes of the kill switch were known to whatever of the tenant's names their number."""
        self._endpoints: dict[tuple[str, str], Json] = {}
        self._counts: dict[str, int] = {}
        self._decided: dict[str, _Decided] = {}
        self._sent: dict[str, Entry] = {}
        self._outcomes: dict[str, Entry] = {}
        self._releases: dict[tuple[str, str], Json] = {}
        self._uses: dict[tuple[str, str], Json] = {}
        self._exceptions: list[Json] = []
        self._acts: list[Entry] = []
        self._switches: list[Entry] = []

    def add(self, entry: Entry) -> None:
        if entry.leaf["kind"] == "act" and entry.body is not None:
            self._acts.append(entry)
        if entry.leaf["tenant"] == SWITCHES:
            self._switches.append(entry)
        elif entry.leaf["tenant"] == self._claim.tenant:
            self._add(entry)

    @property
    def releases(self) -> list[tuple[str, str]]:
        """`policy` or `catalogue`, and the hash."""
        return sorted(self._releases)

    def files(self, contents: Contents, statements: Statements) -> dict[str, bytes]:
        """The reports, by their names in the pack."""
        for what, digest in self._releases:
            catalogue = contents(digest) if what == "catalogue" else None
            if catalogue is not None:
                for endpoint in json.loads(catalogue)["endpoints"]:
                    self._endpoints[digest, endpoint["id"]] = endpoint
        self._acts.sort(key=lambda entry: entry.number)
        for attempt, entry in self._sent.items():
            self._settle(attempt, entry)
        for key, use in self._uses.items():
            known = self._endpoints.get(key, {})
            use |= {name: known.get(name, "") for name in ("cloud", "operator")}
        published = publications(self._acts, contents, statements, self._claim.origin)
        current = in_force(published, self._claim.from_us, self._claim.to_us)
        for (what, digest), release in self._releases.items():
            current += self._judge(what, digest, release, published, current)
        for each in current:
            self._published(each)
        self._stopped()
        rows = sorted(self._exceptions, key=lambda row: (row["what"], row["record"], row["ref"]))
        kinds: dict[str, int] = {}
        for row in rows:
            kinds[row["what"]] = kinds.get(row["what"], 0) + 1
        uses = [self._uses[key] for key in sorted(self._uses)]
        summary = {
            "acts": [self._act(entry) for entry in self._acts],
            "concentration": {name: self._shares(name, uses) for name in _SHARED},
            "counts": self._counts,
            "exceptions": kinds,
            "exit": self._exit(),
            "from_us": self._claim.from_us,
            "published": [each.told for each in current],
            "releases": [self._releases[key] for key in sorted(self._releases)],
            "tenant": self._claim.tenant,
            "to_us": self._claim.to_us,
            "uses": uses,
        }
        return {
            EXCEPTIONS: b"".join(canonical(row) + b"\n" for row in rows),
            REGISTER: canonical(self._register()) + b"\n",
            SUMMARY: canonical(summary) + b"\n",
        }

    def _add(self, entry: Entry) -> None:
        kind, body = entry.leaf["kind"], entry.body
        self.kill_epoch = max(self.kill_epoch, (body or {}).get("kill_epoch", 0))
        if kind == "outcome" and body is not None:
            self._outcomes[body["attempt"]] = entry
        if not self._claim.covers(entry.leaf["time_us"]):
            return
        self._counts[kind] = self._counts.get(kind, 0) + 1
        if body is None:
            self._except("erased", entry, f"a {kind} whose body was erased")
        elif kind == "decision":
            places = tuple(place["endpoint"] for place in body["plan"])
            self._decided[body["decision"]] = _Decided(
                body["catalogue"], places, body["sensitivity"], body["task"]
            )
            self._under(entry, body)
        elif kind == "denial":
            self._under(entry, body)
            self._except("denied", entry, f"{body['status']} {body['code']}")
        elif kind == "hit":
            self._under(entry, body)
            self._use(body)["hits"] += 1
        elif kind == "intent":
            self._sent[body["attempt"]] = entry
            if body.get("grant"):
                self._except(
                    "break-glass", entry, f"left for {body['endpoint']} by grant {body['grant']} alone"
                )
        elif kind == "withdrawn":
            self._except("withdrawn", entry, f"{body['endpoint']}: {'; '.join(body['reasons'])}")
        elif kind == "act" and body["what"].startswith(BREAK_GLASS):
            self._except("break-glass", entry, body["what"])

    def _except(self, what: str, entry: Entry, words: str) -> None:
        leaf = entry.leaf
        row = {"record": entry.number, "ref": leaf["ref"], "time_us": leaf["time_us"], "what": what}
        self._exceptions.append({**row, "words": words})

    def _under(self, entry: Entry, body: Json) -> None:
        """Under which releases something was decided."""
        time_us = entry.leaf["time_us"]
        for what in ("policy", "catalogue"):
            empty = {"first_us": time_us, "hash": body[what], "last_us": time_us, "records": 0, "what": what}
            found = self._releases.setdefault((what, body[what]), empty)
            found["records"] += 1
            found["first_us"] = min(found["first_us"], time_us)
            found["last_us"] = max(found["last_us"], time_us)

    def _use(self, body: Json) -> Json:
        """The row of an endpoint under a catalogue release; `body` is an intent or a hit."""
        key = (body["catalogue"], body["endpoint"])
        if key not in self._uses:
            facts = {name: body[name] for name in ("endpoint", "model", "processor", "region", "vendor")}
            self._uses[key] = {
                **facts,
                "answered": 0,
                "catalogue": body["catalogue"],
                "cloud": "",
                "cost_nanos": {},
                "first_us": 0,
                "hits": 0,
                "last_us": 0,
                "operator": "",
                "sensitivity_max": -1,
                "sent": 0,
                "served": {},
                "tokens_in": 0,
                "tokens_out": 0,
            }
        return self._uses[key]

    def _settle(self, attempt: str, entry: Entry) -> None:
        intent, outcome = entry.body, self._outcomes.get(attempt)
        assert intent is not None  # noqa: S101 - only such are kept
        decided = self._decided.get(intent["decision"])
        sensitivity, time_us = decided.sensitivity if decided else -1, entry.leaf["time_us"]
        use = self._use(intent)
        use["sent"] += 1
        use["first_us"] = min(use["first_us"] or time_us, time_us)
        use["last_us"] = max(use["last_us"], time_us)
        use["sensitivity_max"] = max(use["sensitivity_max"], sensitivity)
        if not intent["durable"] and sensitivity >= _CONFIDENTIAL:
            self._except("not-durable", entry, f"left for {intent['endpoint']} before it was on disk")
        if outcome is None or outcome.body is None:
            self._except("open", entry, f"what became of it at {intent['endpoint']} is not recorded here")
            return
        came = outcome.body
        use["answered"] += came["status"] == "ok"
        use["tokens_in"] += came["tokens_in"] + came["tokens_cached"] + came.get("tokens_cache_written", 0)
        use["tokens_out"] += came["tokens_out"]
        use["cost_nanos"][came["currency"]] = use["cost_nanos"].get(came["currency"], 0) + came["cost_nanos"]
        if came["served"]:
            use["served"][came["served"]] = use["served"].get(came["served"], 0) + 1
        if came["status"] == "unknown":
            self._except("unknown", outcome, f"{intent['endpoint']}: nobody knows what became of it")
        elif came.get("authorised") == "mismatch":
            reported = f"{came['served']} {came.get('served_place', '')}".strip()
            self._except("mismatch", outcome, f"{intent['endpoint']} reported {reported}")
        elif came.get("authorised") != "confirmed" and came["status"] in ("ok", "cancelled"):
            self._except("unverified", outcome, f"{intent['endpoint']} did not report who answered")

    def _judge(
        self,
        what: str,
        digest: str,
        release: Json,
        published: Sequence[Publication],
        current: Sequence[Publication],
    ) -> list[Publication]:
        """Which acts name a release that was in force; and the publication that put it in force, if that is
        none of the period's."""
        acts = [entry for entry in self._acts if entry.body and digest in entry.body["content"]]
        release["acts"] = [entry.number for entry in acts]
        putting = [each for each in published if each.said[what] == digest]
        if not putting:
            row = {"record": -1, "ref": digest, "time_us": release["first_us"]}
            words = f"a {what} release was in force that was never published: it came from the settings"
            self._exceptions.append({**row, "what": "unapproved", "words": words})
            if what == "policy":
                words = "a policy release was in force of which no proof is recorded"
                self._exceptions.append({**row, "what": "unproven", "words": words})
        return [] if any(each in current for each in putting) else putting[-1:]

    def _published(self, each: Publication) -> None:
        row = {"record": each.record, "ref": each.said["hash"], "time_us": each.time_us}
        for what, wrong in (("unapproved", each.unapproved), ("unproven", each.unproven)):
            if wrong:
                words = f"release {each.said['number']} came into force: {wrong}"
                self._exceptions.append({**row, "what": what, "words": words})

    def _act(self, entry: Entry) -> Json:
        body = entry.body or {}
        told = {name: body[name] for name in ("by", "content", "number", "what")}
        return {
            **told,
            "record": entry.number,
            "tenant": entry.leaf["tenant"],
            "time_us": entry.leaf["time_us"],
        }

    def _stopped(self) -> None:
        """What the kill switch stopped at any time of the period."""
        stopped: dict[str, Entry] = {}
        for entry in self._switches:
            if entry.body is None or entry.leaf["time_us"] >= self._claim.to_us:
                continue
            killed = stopped.pop(entry.body["selector"], None)
            if killed is not None and entry.leaf["time_us"] >= self._claim.from_us:
                self._kill(killed)
            if entry.leaf["kind"] == "kill":
                stopped[entry.body["selector"]] = entry
        for killed in stopped.values():
            self._kill(killed)

    def _kill(self, entry: Entry) -> None:
        body = entry.body or {}
        self._except("killed", entry, f"{body['selector']}: {body['reason']}")

    def _shares(self, name: str, uses: Sequence[Json]) -> Json:
        """Of what was sent, how much went to whom; and the Herfindahl–Hirschman index, 0 to 10,000."""
        sent: dict[str, int] = {}
        for use in uses:
            if use["sent"]:
                sent[use[name]] = sent.get(use[name], 0) + use["sent"]
        total = sum(sent.values())
        shares = {each: count * 10_000 // total for each, count in sent.items()} if total else {}
        index = sum(count * count for count in sent.values()) * 10_000 // (total * total) if total else 0
        return {"hhi": index, "sent": sent, "shares": shares}

    def _exit(self) -> list[Json]:
        """By task: how many decisions had a second vendor in their plan. A plan has only so many places, so
        that more may have had one."""
        tasks: dict[str, Any] = {}
        for decided in self._decided.values():
            found = tasks.setdefault(decided.task, {"decisions": 0, "second_vendor": 0, "vendors": set()})
            known = [self._endpoints.get((decided.catalogue, place), {}) for place in decided.endpoints]
            vendors = {endpoint.get("vendor", "") for endpoint in known} - {""}
            found["decisions"] += 1
            found["second_vendor"] += len(vendors) > 1
            found["vendors"] |= vendors
        return [
            {**found, "task": task, "vendors": sorted(found["vendors"])}
            for task, found in sorted(tasks.items())
        ]

    def _register(self) -> list[Json]:
        """Every endpoint of every catalogue release that was in force, whether it was used or not."""
        rows = []
        for digest, ident in sorted(self._endpoints):
            use = self._uses.get((digest, ident))
            facts = {name: self._endpoints[digest, ident].get(name) for name in _FACTS}
            release = self._releases.get(("catalogue", digest), {})
            row = {"catalogue": digest, "endpoint": ident, "in_force_first_us": release.get("first_us")}
            used = (
                {name: use[name] for name in ("first_us", "last_us", "sent", "answered", "hits")}
                if use
                else None
            )
            top = use["sensitivity_max"] if use else -1
            row |= {"in_force_last_us": release.get("last_us"), "sensitivity_max": top}
            rows.append({**facts, **row, "used": used})
        return rows
