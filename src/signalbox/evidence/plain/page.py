"""The page that an auditor reads, and the README beside it. Both say what the reports say and no more; the
verifier writes them anew, so that nobody who signs a pack can have them say something else.

No script, no style from elsewhere, no link that is followed by itself: it can be opened on any machine.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from html import escape
from typing import Final

from signalbox.evidence.plain.pack import Claim, Json

LIMITS: Final = (
    "What this cannot show: that a request was sent which was never written down; that the key's holder "
    "showed somebody else another log; where a vendor truly ran the model, which rests on the vendor's word."
)
_SENSITIVITIES: Final = ("public", "general", "confidential", "highly confidential")
_EXCEPTIONS: Final = {
    "break-glass": "a permit was supplied by two people for a limited time",
    "denied": "a request was refused, and nothing was sent",
    "erased": "the record stands and its content was erased",
    "killed": "the kill switch stopped something at some time of the period",
    "mismatch": "another model or place answered than was authorised: the answer was withheld where protected",
    "not-durable": "confidential data left before its intent was on disk",
    "open": "what became of an attempt is not recorded within the pack",
    "unapproved": "a release was in force without enough approvals that verify, or came from the settings file",
    "unknown": "the process died while the attempt was under way: nobody knows what became of it",
    "unproven": "a release was in force without a proof, or with something marked unproven",
    "unverified": "an answer came without word of who gave it: neither confirmed nor refuted",
    "withdrawn": "an attempt was stopped before it left",
}
_DIMENSIONS: Final = ("vendor", "processor", "operator", "cloud", "region", "model")
_STYLE: Final = """
:root { color-scheme: light; }
body { font: 14px/1.45 system-ui, sans-serif; max-width: 72rem; margin: 2rem auto; padding: 0 1.5rem; color: #1c2430; }
h1 { font-size: 1.5rem; margin: 0 0 .25rem; } h2 { font-size: 1.05rem; margin: 2rem 0 .5rem; }
p { max-width: 50rem; } .meta { color: #56606e; }
table { border-collapse: collapse; width: 100%; font-size: 13px; }
th, td { text-align: left; vertical-align: top; padding: .35rem .6rem .35rem 0; border-bottom: 1px solid #e2e6ec; } td { overflow-wrap: anywhere; }
th { color: #56606e; font-weight: 600; } td.n, th.n { text-align: right; font-variant-numeric: tabular-nums; }
.warn { border-left: 4px solid #b4540a; background: #fdf5ec; padding: .6rem 1rem; }
.unused td { color: #8a93a0; } .wide { overflow-x: auto; } .wide table { min-width: 64rem; } code { font-size: 12px; overflow-wrap: anywhere; }
"""
_OPEN: Final = (
    "The end of the period is open: no later record of the tenant is in the log yet, so that this pack alone does "
    "not show that nothing is missing at its end. Its head can be held against the next pack."
)


def page(claim: Claim, summary: Json, register: Sequence[Json], records: int, size: int) -> bytes:
    """HTML. `records` of the tenant in the pack; `size` of the log that the checkpoint was signed over."""
    sent = sum(use["sent"] for use in summary["uses"])
    counts = summary["counts"]
    parts = [
        f"<h1>Evidence: {escape(claim.tenant)}</h1>",
        f'<p class="meta">{_when(claim.from_us)} to {_when(claim.to_us)}, from the log <code>{escape(claim.origin)}'
        f"</code> of {size:,} records; made {_when(claim.made_us)}. Users, keys and groups are pseudonyms.</p>",
        f"<p><strong>{counts.get('decision', 0):,} decisions, {counts.get('denial', 0):,} refusals and "
        f"{counts.get('hit', 0):,} answers given again; {sent:,} attempts left this house.</strong> "
        f"{records:,} records stand in the pack, numbered and linked without a gap.</p>",
        "" if claim.closed else f'<p class="warn">{_OPEN}</p>',
        "<h2>Exceptions</h2>",
        _table(
            (("what", ""), ("how many", "n"), ("which means", "")),
            [
                (what, f"{summary['exceptions'].get(what, 0):,}", words)
                for what, words in sorted(_EXCEPTIONS.items(), key=lambda item: item[0])
            ],
        ),
        '<p class="meta">Each is a line of <code>reports/exceptions.jsonl</code>, with its record.</p>',
        "<h2>Where requests went</h2>",
        _used(summary["uses"]),
        "<h2>Processors, places and contracts</h2>",
        '<p class="meta">Every endpoint of every catalogue release that was in force. Grey: not used by this tenant '
        "in this period. The same as JSON, with dates, certifications and evidence: "
        "<code>reports/register.json</code>.</p>",
        _register(register),
        "<h2>Concentration</h2>",
        _concentration(summary["concentration"]),
        "<h2>Leaving a vendor</h2>",
        _exit(summary["exit"]),
        "<h2>Releases in force</h2>",
        _published(summary["published"]),
        '<p class="meta">What was decided under which policy and catalogue:</p>',
        _releases(summary["releases"], summary["acts"]),
        "<h2>Acts of governance</h2>",
        _acts(summary["acts"], claim),
        "<h2>What this does not show</h2>",
        f"<p>{escape(LIMITS)} What the page says is believed once <code>verify.py</code> has said so: see "
        "<code>README.md</code>.</p>",
    ]
    title = f"Evidence: {escape(claim.tenant)}"
    head = f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title><style>{_STYLE}</style>'
    return f"{head}</head><body>\n{chr(10).join(part for part in parts if part)}\n</body></html>\n".encode()


def readme(claim: Claim, vkey: str) -> bytes:
    end = (
        "the record after the period's last is in the pack as well, so that none is missing at the end"
        if claim.closed
        else "THE END IS OPEN: no later record of the tenant was in the log when the pack was made, so that records "
        "at the end could be missing. The head that the verifier prints can be held against the next pack"
    )
    return f"""# Evidence pack

Of the tenant `{claim.tenant}`, from {_when(claim.from_us)} to {_when(claim.to_us)}, out of the log `{claim.origin}`.
Made {_when(claim.made_us)}. Begin with `report.html`.

## Verify it

    python3 -I verify.py PACK.zip --key LOG_VKEY --checkpoint CHECKPOINT_THAT_YOU_KEPT

It needs Python 3.11 or later and nothing else. Use a key that you did not get from this pack, and best a `verify.py`
that you did not get from it either: whoever made the pack could have changed that as well. It is one file, so that it
can be read. The pack says of itself that it was signed by

    {vkey}

## What is proven

With the log's public key, and a checkpoint of the log that you kept from before or after the period:

- Every record in the pack is in the log that the checkpoint was signed over, and says what it said when it was
  written: body, salt and leaf belong together (`records/`, `inclusion`, `checkpoint`).
- The tenant's records of the period are complete. Each has a number and names the hash of the one before. The pack
  begins with a record from before the period, or the tenant's first; at the other end, {end}.
- The records of the kill switch, of the platform's acts and of the log's keys are there from the first on.
- The log that you kept a checkpoint of was continued, and not written anew.
- The policy and catalogue releases in `contents/` are those that the records name: a file's name is its SHA-256.
- Each release that was published and in force was approved by the people named, none of whom drafted it, under the keys
  that the release before it names: every signature is verified over what is in `approvals/`. Its proof is there and is of
  its policy and catalogue. Where that is not so, it is an exception.
- Summary, register, exceptions, `report.html` and this file follow from the records: the verifier makes them anew.
- No file was changed, dropped, added, swapped or moved since the manifest was signed.

## What is not proven

- **Where inference truly ran.** The register says what the contract and the vendor's documents say, and each outcome
  what the vendor reported. `unverified` means that it reported nothing. The rest is the vendor's attestation.
- That a request was sent which was never written down: the program that sends is the one that writes.
- Without a checkpoint or a head that you kept: anything against whoever holds the log's key.
- That a record's time is right. It is the clock of the machine that wrote it. Records that stand more than a minute
  from their place in time are looked for in the rest of the log by whoever makes the pack.
- Who the pseudonyms are. They are made under a key of the tenant, which is not here. Only who drafted and approved
  releases is named, because a signature is over names.
- That the policy of a release's hash is what its texts say, and that the solver proved what its report says: that is
  the server's word, and whoever has the program can compile and prove the texts again.
- What was asked and answered: no prompt and no reply is in the log.
- That the contracts, terms and certifications in the register are in force: it gives the source of each to look it up.

## What is where

| file | what it is |
|---|---|
| `report.html` | the page to begin with |
| `records/tenant.jsonl` | the tenant's records: number, leaf, salt, body. A body that is `null` lies outside the period, or was erased |
| `records/others.jsonl` | kill switch (`$switches`), platform acts (`$governance`), log keys (`$log`); the tenant's own acts, and late outcomes |
| `checkpoint` | the log's signed size and root (C2SP `tlog-checkpoint`) |
| `inclusion` | hashes that lead from these records to that root |
| `consistency/N`, `handover/N` | that the log of N records is where this one begins; where another key took over |
| `contents/HASH` | releases, their proofs, and what else acts refer to |
| `approvals/N` | what an approver signed, byte for byte; N is the number of the act that has signature and key |
| `reports/summary.json` | counts, uses, releases with the acts that name them, concentration, vendors by task |
| `reports/register.json` | processors, operators, places, contracts, terms, dates, evidence; used or not, how often |
| `reports/exceptions.jsonl` | what may want an explanation, one a line |
| `MANIFEST` | SHA-256 and size of every file, as a signed note |

A part of the tenant's records names releases that hold the rules of the whole platform: the contents are not this
tenant's alone.
""".encode()


def _used(uses: Sequence[Json]) -> str:
    head = (
        ("endpoint", ""), ("model", ""), ("model that reported to have served", ""), ("processor", ""), ("region", ""),
        ("sent", "n"), ("answered", "n"), ("from cache", "n"), ("tokens in / out", "n"), ("highest label", ""),
        ("first and last", ""),
    )  # fmt: skip
    rows = [
        (
            use["endpoint"],
            use["model"],
            ", ".join(f"{name} ({count:,})" for name, count in sorted(use["served"].items()))
            or "none reported",
            use["processor"],
            use["region"],
            f"{use['sent']:,}",
            f"{use['answered']:,}",
            f"{use['hits']:,}",
            f"{use['tokens_in']:,} / {use['tokens_out']:,}",
            _SENSITIVITIES[use["sensitivity_max"]] if use["sensitivity_max"] >= 0 else "",
            f"{_when(use['first_us'])} to {_when(use['last_us'])}" if use["sent"] else "",
        )
        for use in uses
    ]
    return _table(head, rows) if rows else "<p>Nothing was sent.</p>"


def _register(register: Sequence[Json]) -> str:
    head = (
        ("endpoint", ""), ("vendor, operator, processor", ""), ("infers in", ""), ("stores in", ""), ("retention", ""),
        ("trains", ""), ("contract, terms", ""), ("available", ""), ("used", "n"), ("evidence", ""),
    )  # fmt: skip
    rows: list[tuple[str, ...]] = []
    unused: list[int] = []
    for each in register:
        used = each["used"]
        if used is None:
            unused.append(len(rows))
        dates = each["lifecycle"] or {}
        until = dates.get("retired_from_us")
        rows.append(
            (
                each["endpoint"],
                f"{each['vendor']}, {each['operator']}, {each['processor']}",
                ", ".join(each["inference_places"]),
                ", ".join(each["storage_places"]) or "none",
                each["retention"],
                "yes" if each["trains_on_data"] else "no",
                f"{each['contract']} ({each['terms_version']})",
                f"{_when(dates.get('available_from_us', 0))[:10]} to {_when(until)[:10] if until else 'open'}",
                f"{used['sent'] + used['hits']:,}" if used else "no",
                ", ".join(sorted(set(each["evidence"].values()))) or "none given",
            )
        )
    return f'<div class="wide">{_table(head, rows, grey=unused)}</div>'


def _concentration(concentration: Json) -> str:
    rows = []
    for name in _DIMENSIONS:
        found = concentration[name]
        largest = sorted(found["shares"].items(), key=lambda item: (-item[1], item[0]))[:5]
        told = ", ".join(f"{each or 'not known'} {share / 100:.1f} %" for each, share in largest)
        rows.append((name, told or "nothing was sent", f"{found['hhi']:,}"))
    note = "Of attempts sent. HHI: the sum of squared shares in percent; 10,000 is a single one."
    return _table((("by", ""), ("shares", ""), ("HHI", "n")), rows) + f'<p class="meta">{note}</p>'


def _exit(tasks: Sequence[Json]) -> str:
    rows = [
        (
            each["task"],
            f"{each['decisions']:,}",
            ", ".join(each["vendors"]) or "not known",
            f"{each['decisions'] - each['second_vendor']:,}",
        )
        for each in tasks
    ]
    head = (
        ("task", ""),
        ("decisions", "n"),
        ("vendors in their plans", ""),
        ("without a second vendor", "n"),
    )
    note = (
        "A plan names only as many places as there may be attempts, so that a second vendor may have been permitted "
        "all the same; `signalbox drill exit` decides that for each."
    )
    return _table(head, rows) + f'<p class="meta">{escape(note)}</p>'


def _published(published: Sequence[Json]) -> str:
    if not published:
        return "<p>None was published: what was in force came from the settings file.</p>"
    rows = [
        (
            f"{each['number']}",
            each["hash"],
            _when(each["time_us"]),
            ", ".join(each["approvers"]) or "nobody",
            {"kept": "every invariant is proved", "marked": "marked unproven"}.get(each["outcome"], "none"),
            "; ".join(each["wrong"]) or "nothing",
        )
        for each in published
    ]
    head = (
        ("release", "n"),
        ("SHA-256 of what was approved", ""),
        ("published", ""),
        ("approved by, with a signature that verifies", ""),
        ("proof", ""),
        ("what is wrong", ""),
    )
    return _table(head, rows)


def _releases(releases: Sequence[Json], acts: Sequence[Json]) -> str:
    told = {act["record"]: f"{act['what']} by {act['by']}, {_when(act['time_us'])}" for act in acts}
    rows = [
        (
            each["what"],
            each["hash"],
            f"{each['records']:,}",
            f"{_when(each['first_us'])} to {_when(each['last_us'])}",
            "; ".join(told[record] for record in each["acts"]) or "none: it came from the settings file",
        )
        for each in releases
    ]
    head = (
        ("what", ""),
        ("SHA-256", ""),
        ("decided under it", "n"),
        ("first and last", ""),
        ("acts that name it", ""),
    )
    return _table(head, rows)


def _acts(acts: Sequence[Json], claim: Claim) -> str:
    rows = [
        (f"{act['number']}", act["what"], act["by"], _when(act["time_us"]), act["content"])
        for act in acts
        if claim.covers(act["time_us"])
    ]
    if not rows:
        return "<p>None within the period.</p>"
    return _table((("number", "n"), ("what", ""), ("by", ""), ("when", ""), ("content", "")), rows)


def _table(
    head: Sequence[tuple[str, str]], rows: Iterable[Sequence[str]], *, grey: Sequence[int] = ()
) -> str:
    """`head`: a column's name and class."""
    out = ["<table><tr>", *(f'<th class="{kind}">{escape(name)}</th>' for name, kind in head), "</tr>"]
    for at, row in enumerate(rows):
        out.append('<tr class="unused">' if at in grey else "<tr>")
        out += [f'<td class="{kind}">{escape(cell)}</td>' for cell, (_, kind) in zip(row, head, strict=True)]
        out.append("</tr>")
    return "".join([*out, "</table>"])


def _when(time_us: int) -> str:
    return datetime.fromtimestamp(time_us // 1_000_000, UTC).strftime("%Y-%m-%d %H:%M UTC")
