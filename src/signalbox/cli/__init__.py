"""`signalbox`: thin commands over the house.

This file holds every command's name, options and help; what a command does stands in the module that it
imports when it is called, so that `signalbox --help` loads no server and no policy engine.
"""

import sys
from pathlib import Path
from typing import Annotated, Final

import typer

app = typer.Typer(
    help="Decides which model on which endpoint answers each request, and can prove it.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # plain help: loading rich to draw boxes takes longer than all the rest
)
log = typer.Typer(help="Read and verify the decision log.", no_args_is_help=True, rich_markup_mode=None)
models = typer.Typer(
    help="Model files for the embedded runtime.", no_args_is_help=True, rich_markup_mode=None
)
endpoints = typer.Typer(
    help="How the server's endpoints stand: breaker, in flight, retry budget, quarantine.",
    rich_markup_mode=None,
)
gates = typer.Typer(
    help="Admin gates as Cedar, and what a change of rules changes.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
keys = typer.Typer(
    help="Service keys, over the admin API of the running server.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
release = typer.Typer(
    help="What may go where, as numbered releases that two people answer for.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
store = typer.Typer(help="The database that nodes share.", no_args_is_help=True, rich_markup_mode=None)
simulate = typer.Typer(
    help="Stand-ins on this machine, for drills and tests.", no_args_is_help=True, rich_markup_mode=None
)
break_glass = typer.Typer(
    help="Permits in an emergency: one asks, a second grants, a third reviews.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
drill = typer.Typer(
    help="Recorded traffic without a vendor, or on one cloud alone.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
evidence = typer.Typer(
    help="A pack of one tenant's period that an auditor can verify elsewhere.", rich_markup_mode=None
)
erasing = typer.Typer(
    help="Erase a user, and see what is under way.", no_args_is_help=True, rich_markup_mode=None
)
hold = typer.Typer(help="Legal holds on kept content.", no_args_is_help=True, rich_markup_mode=None)
payload = typer.Typer(help="Content that a tenant has kept.", no_args_is_help=True, rich_markup_mode=None)
app.add_typer(break_glass, name="break-glass")
app.add_typer(drill, name="drill")
app.add_typer(endpoints, name="endpoints")
app.add_typer(erasing, name="erase")
app.add_typer(evidence, name="evidence")
app.add_typer(gates, name="gates")
app.add_typer(hold, name="hold")
app.add_typer(keys, name="keys")
app.add_typer(log, name="log")
app.add_typer(models, name="models")
app.add_typer(payload, name="payload")
app.add_typer(release, name="release")
app.add_typer(simulate, name="simulate")
app.add_typer(store, name="store")

Config = Annotated[Path, typer.Option("--config", "-c", help="The settings file.", envvar="SIGNALBOX_CONFIG")]
DEFAULT_CONFIG = Path("signalbox.toml")


@app.command()
def serve(config: Config = DEFAULT_CONFIG) -> None:
    """Serve until told to stop; SIGHUP reads the files again."""
    from signalbox.cli.serve import run

    run(config)


@app.command()
def check(config: Config = DEFAULT_CONFIG) -> None:
    """Validate settings and policies without starting."""
    from signalbox.cli.operate import check

    check(config)


@gates.command("render")
def gates_render(config: Config = DEFAULT_CONFIG) -> None:
    """Print the Cedar that the admin gates become."""
    from signalbox.cli.gates import render

    render(config)


@gates.command("diff")
def gates_diff(
    before: Annotated[Path, typer.Argument(help="The settings file to compare with.")],
    config: Config = DEFAULT_CONFIG,
) -> None:
    """Say what changes for whom, from those settings to these.

    From verdicts of both, so rules written by hand and the registry count as well."""
    from signalbox.cli.gates import diff

    diff(config, before)


@app.command()
def prove(
    invariants: Annotated[
        Path | None, typer.Option(help="Prove these instead of the file that the settings name.")
    ] = None,
    strict: Annotated[
        bool, typer.Option("--strict", help="Fail also on what is unproven, or proved of no request.")
    ] = False,
    any_grant: Annotated[
        bool, typer.Option("--break-glass", help="As if break-glass had opened whatever it could.")
    ] = False,
    config: Config = DEFAULT_CONFIG,
) -> None:
    """Prove of every request that the release keeps its invariants.

    Exits 1 and shows a request for each that it does not."""
    from signalbox.cli.prove import run

    run(config, invariants, strict=strict, any_grant=any_grant)


@app.command()
def reload(config: Config = DEFAULT_CONFIG) -> None:
    """Have the server read its files again.

    A bad file keeps the old releases serving."""
    from signalbox.cli.operate import reload

    reload(config)


@endpoints.callback(invoke_without_command=True)
def endpoints_show(context: typer.Context, config: Config = DEFAULT_CONFIG) -> None:
    """How the server's endpoints stand: breaker, in flight, retry budget, quarantine."""
    from signalbox.cli.operate import endpoints

    if context.invoked_subcommand is None:
        endpoints(config)


@endpoints.command("release")
def endpoints_release(
    endpoint: Annotated[str, typer.Argument(help="An endpoint's id.")], config: Config = DEFAULT_CONFIG
) -> None:
    """Lift the quarantine of an endpoint that answered as another model than it may."""
    from signalbox.cli.operate import release

    release(config, endpoint)


@app.command()
def kill(
    selectors: Annotated[
        list[str],
        typer.Argument(
            metavar="KIND:NAME...",
            help="What to stop: vendor, model, endpoint, cloud, region, place, processor or tenant.",
        ),
    ],
    reason: Annotated[str, typer.Option(help="Why; the log has it.")],
    cut: Annotated[bool, typer.Option("--cut", help="Cut off what is under way as well.")] = False,
    config: Config = DEFAULT_CONFIG,
) -> None:
    """Stop sending to a vendor, a model, a place or for a tenant, at once and everywhere.

    Kept across restarts, until `restore`."""
    from signalbox.cli.switches import change

    change(config, "kill", selectors, reason, cut=cut)


@app.command()
def restore(
    selectors: Annotated[
        list[str], typer.Argument(metavar="KIND:NAME...", help="What was killed, in the same words.")
    ],
    reason: Annotated[str, typer.Option(help="Why; the log has it.")],
    config: Config = DEFAULT_CONFIG,
) -> None:
    """Let it be sent to again."""
    from signalbox.cli.switches import change

    change(config, "restore", selectors, reason)


@app.command()
def kills(config: Config = DEFAULT_CONFIG) -> None:
    """What the kill switch stops: since when, by whom, why."""
    from signalbox.cli.switches import kills

    kills(config)


Tenant = Annotated[str, typer.Option(help="Whose; else that of the key which asks.")]
KeyName = Annotated[str, typer.Argument(help="The key's id.")]
KeyDays = Annotated[int, typer.Option(help="For how many days its secret opens, 366 at most.")]


@keys.command("create")
def keys_create(
    key: KeyName,
    purpose: Annotated[str, typer.Option(help="What it is for; no person's name.")],
    role: Annotated[
        list[str] | None, typer.Option(help="A role; may be repeated. Without any, a user's.")
    ] = None,
    group: Annotated[list[str] | None, typer.Option(help="A group; may be repeated.")] = None,
    app_name: Annotated[str, typer.Option("--app", help="Bound to this app.")] = "",
    feature: Annotated[str, typer.Option(help="Bound to this feature of the app.")] = "",
    may_assert: Annotated[
        list[str] | None, typer.Option(help="A field that is believed; may be repeated.")
    ] = None,
    days: KeyDays = 90,
    tenant: Tenant = "",
    config: Config = DEFAULT_CONFIG,
) -> None:
    """Make a service key; its secret is shown once.

    Asks with the key in SIGNALBOX_KEY, else with this machine's administrator's."""
    from signalbox.cli.keys import KeyOptions, create

    options = KeyOptions(
        purpose=purpose,
        roles=role or [],
        groups=group or [],
        app=app_name,
        feature=feature,
        may_assert=may_assert or [],
        days=days,
    )
    create(config, key, options, tenant)


@keys.command("list")
def keys_list(tenant: Tenant = "", config: Config = DEFAULT_CONFIG) -> None:
    """Show a tenant's keys: those made here and those of the settings, without secrets."""
    from signalbox.cli.keys import listed

    listed(config, tenant)


@keys.command("rotate")
def keys_rotate(
    key: KeyName,
    overlap: Annotated[str, typer.Option(help="How long the secret so far goes on; 0 ends it.")] = "24h",
    days: KeyDays = 90,
    tenant: Tenant = "",
    config: Config = DEFAULT_CONFIG,
) -> None:
    """Give a key another secret, shown once; the one so far goes on for a while."""
    from signalbox.cli.keys import rotate

    rotate(config, key, overlap, days, tenant)


@keys.command("revoke")
def keys_revoke(
    key: KeyName,
    reason: Annotated[str, typer.Option(help="Why; the log has it.")],
    tenant: Tenant = "",
    config: Config = DEFAULT_CONFIG,
) -> None:
    """Revoke a key, at once and for good."""
    from signalbox.cli.keys import revoke

    revoke(config, key, reason, tenant)


@app.command()
def whoami(config: Config = DEFAULT_CONFIG) -> None:
    """Say who the key in SIGNALBOX_KEY is here, and what it may do."""
    from signalbox.cli.keys import whoami

    whoami(config)


@app.command()
def demo(config: Config = DEFAULT_CONFIG) -> None:
    """Four real requests, why each went where, the log verified."""
    from signalbox.cli.demo import run

    run(config)


GlassTenant = Annotated[str, typer.Option("--tenant", help="Whose; else that of the key which asks.")]
GrantId = Annotated[str, typer.Argument(help="The grant, as `bg-12`.")]


@break_glass.command("ask")
def break_glass_ask(
    endpoint: Annotated[
        list[str], typer.Option(help="To what: `vendor:NAME`, `model:`, `endpoint:` or `cloud:`; repeatable.")
    ],
    reason: Annotated[str, typer.Option(help="Why; the log keeps it.")],
    minutes: Annotated[int, typer.Option(help="For how long, 60 at most.")] = 30,
    sensitivity: Annotated[str, typer.Option(help="Up to which label.")] = "general",
    user: Annotated[list[str] | None, typer.Option(help="For requests of this user; repeatable.")] = None,
    key: Annotated[list[str] | None, typer.Option(help="… with this key, by its id; repeatable.")] = None,
    group: Annotated[list[str] | None, typer.Option(help="… by members of this group; repeatable.")] = None,
    tenant: GlassTenant = "",
    config: Config = DEFAULT_CONFIG,
) -> None:
    """Ask for permits that are missing. It crosses no forbid and no kill."""
    from signalbox.cli.break_glass import ask_for, wanted

    body = wanted(reason, endpoint, sensitivity, minutes, user or [], key or [], group or [])
    ask_for(config, tenant, body)


@break_glass.command("grant")
def break_glass_grant(grant: GrantId, tenant: GlassTenant = "", config: Config = DEFAULT_CONFIG) -> None:
    """Grant what another person asked for; it begins now and ends by itself."""
    from signalbox.cli.break_glass import grant as run

    run(config, tenant, grant)


@break_glass.command("end")
def break_glass_end(
    grant: GrantId,
    reason: Annotated[str, typer.Option(help="Why; the log keeps it.")],
    tenant: GlassTenant = "",
    config: Config = DEFAULT_CONFIG,
) -> None:
    """End a grant before its time, or withdraw what was asked for."""
    from signalbox.cli.break_glass import end

    end(config, tenant, grant, reason)


@break_glass.command("review")
def break_glass_review(
    grant: GrantId,
    findings: Annotated[str, typer.Option(help="What it was used for, and whether that was right.")],
    tenant: GlassTenant = "",
    config: Config = DEFAULT_CONFIG,
) -> None:
    """Review, as a third person, a grant that is over. Nothing else is granted to the tenant before."""
    from signalbox.cli.break_glass import review

    review(config, tenant, grant, findings)


@break_glass.command("list")
def break_glass_list(tenant: GlassTenant = "", config: Config = DEFAULT_CONFIG) -> None:
    """Every grant, the latest first, and the reviews that are owed."""
    from signalbox.cli.break_glass import listed

    listed(config, tenant)


@app.command()
def decide(
    text: Annotated[str, typer.Argument(help="What the request would say.")],
    app_name: Annotated[str, typer.Option("--app", help="word, excel, powerpoint, outlook, …")] = "",
    feature: Annotated[str, typer.Option(help="formula, rewrite, …")] = "",
    task: Annotated[str, typer.Option(help="A task type, where app and feature do not say.")] = "",
    sensitivity: Annotated[str, typer.Option(help="A sensitivity label.")] = "",
    boundary: Annotated[str, typer.Option(help="A data boundary.")] = "",
    latency_class: Annotated[str, typer.Option(help="interactive, near-interactive or batch.")] = "",
    model: Annotated[str, typer.Option(help="A routing name, a model or an endpoint.")] = "auto",
    max_tokens: Annotated[int | None, typer.Option(help="The longest reply.")] = None,
    key: Annotated[str | None, typer.Option(help="Decide for this key; else for this machine's.")] = None,
    config: Config = DEFAULT_CONFIG,
) -> None:
    """Decide without sending anything.

    Shows traits, every endpoint's verdict and the plan. Nothing is recorded."""
    from signalbox.cli.decide import Question, run

    run(
        config,
        Question(
            text=text,
            app=app_name,
            feature=feature,
            task=task,
            label=sensitivity,
            boundary=boundary,
            latency_class=latency_class,
            model=model,
            max_tokens=max_tokens,
        ),
        key,
    )


@app.command()
def explain(
    decision: Annotated[str, typer.Argument(help="A decision's id, as in X-Signalbox-Decision.")],
    config: Config = DEFAULT_CONFIG,
) -> None:
    """The whole story of one decision, decided again."""
    from signalbox.cli.explain import run

    run(config, decision)


Since = Annotated[
    str, typer.Option(help="From when on: `7d` (ago; or m, h, w), or a date or time in ISO 8601, UTC.")
]
Until = Annotated[str, typer.Option(help="Until when; by default now.")]
Groups = Annotated[
    list[str] | None,
    typer.Option("--group", help="A group that the settings do not name; repeatable."),
]
TenantOnly = Annotated[str, typer.Option("--tenant", help="Only this tenant's.")]
DifferencesAsJson = Annotated[bool, typer.Option("--json", help="One JSON object, with every single change.")]
Vendors = Annotated[list[str] | None, typer.Option("--vendor", help="A vendor's id; repeatable.")]
Models = Annotated[list[str] | None, typer.Option("--model", help="A model's id; repeatable.")]
EndpointIds = Annotated[list[str] | None, typer.Option("--endpoint", help="An endpoint's id; repeatable.")]
Clouds = Annotated[list[str] | None, typer.Option("--cloud", help="A cloud; repeatable.")]
PlaceNames = Annotated[list[str] | None, typer.Option("--place", help="A place of [places]; repeatable.")]
WriteDraft = Annotated[Path | None, typer.Option("--write", help="Write the rules that do it to this file.")]


@app.command()
def replay(
    policy: Annotated[
        list[Path] | None,
        typer.Option(help="A draft, in the place of the policy file of that name, or added; repeatable."),
    ] = None,
    gates: Annotated[
        Path | None, typer.Option(help="A draft of the admin gates, in the place of the settings' own.")
    ] = None,
    catalogue: Annotated[
        Path | None, typer.Option(help="A draft of the registry: a settings file, or its tables.")
    ] = None,
    prices: Annotated[
        Path | None, typer.Option(help="A draft of prices: a table [prices.ENDPOINT] each.")
    ] = None,
    since: Since = "30d",
    until: Until = "",
    tenant: TenantOnly = "",
    group: Groups = None,
    json: DifferencesAsJson = False,
    config: Config = DEFAULT_CONFIG,
) -> None:
    """Decide recorded traffic again, under a draft.

    Shows every change in plan, cost, vendors and places. Without a draft there is none, or the log is not
    sound: exits 1."""
    from signalbox.cli.replay import Question, run

    run(
        config,
        Question(
            policy=policy or [],
            gates=gates,
            catalogue=catalogue,
            prices=prices,
            since=since,
            until=until,
            tenant=tenant,
            groups=group or [],
        ),
        as_json=json,
    )


def _drill(name: str, told: str, *, leave: bool) -> None:
    @drill.command(name, help=told)
    def command(
        vendor: Vendors = None,
        model: Models = None,
        endpoint: EndpointIds = None,
        cloud: Clouds = None,
        place: PlaceNames = None,
        since: Since = "30d",
        until: Until = "",
        tenant: TenantOnly = "",
        group: Groups = None,
        write: WriteDraft = None,
        draft: Annotated[
            bool, typer.Option("--draft", help="Draft the release that does it, on the running server.")
        ] = False,
        json: DifferencesAsJson = False,
        config: Config = DEFAULT_CONFIG,
    ) -> None:
        from signalbox.cli.drill import Question, run, selection

        run(
            config,
            Question(
                selection=selection(vendor, model, endpoint, cloud, place),
                leave=leave,
                since=since,
                until=until,
                tenant=tenant,
                groups=group or [],
                write=write,
                draft=draft,
            ),
            as_json=json,
        )


_SHOWN: Final = "Shows what breaks, and writes the rules that would do it. Nothing is put in force."
_drill("exit", f"Decide recorded traffic again as if all that is named were gone.\n\n{_SHOWN}", leave=True)
_drill(
    "recentralise",
    f"Decide recorded traffic again as if nothing but what is named were left.\n\n{_SHOWN}",
    leave=False,
)


@evidence.callback(invoke_without_command=True)
def evidence_make(
    context: typer.Context,
    tenant: Annotated[str, typer.Option(help="Whose.")] = "",
    since: Annotated[
        str, typer.Option("--from", help="From when on: `30d` (ago), or a date or time in ISO 8601, UTC.")
    ] = "",
    until: Annotated[str, typer.Option("--to", help="Before when; by default now.")] = "",
    out: Annotated[Path | None, typer.Option(help="Write the pack to this file.")] = None,
    kept: Annotated[
        list[Path] | None,
        typer.Option("--since", help="A checkpoint that the auditor kept, to be joined to; repeatable."),
    ] = None,
    config: Config = DEFAULT_CONFIG,
) -> None:
    """A pack of one tenant's period: records, proofs, releases, registers, and the verifier."""
    from signalbox.cli.evidence import make

    if context.invoked_subcommand is None:
        make(config, tenant, since, until, out, kept or [])


@evidence.command("verify")
def evidence_verify(
    pack: Annotated[Path, typer.Argument(help="The pack.")],
    key: Annotated[list[str], typer.Option(help="The log's public key, or a file with it; repeatable.")],
    checkpoint: Annotated[
        list[Path] | None, typer.Option(help="A checkpoint of the log that you kept; repeatable.")
    ] = None,
    head: Annotated[
        list[str] | None, typer.Option(help="A head that you kept, [WHOSE:]RECORDS:HASH; repeatable.")
    ] = None,
) -> None:
    """Check a pack as the `verify.py` in it does.

    Exits 1 if anything is not as it was signed."""
    from signalbox.cli.evidence import verify

    verify(pack, key, checkpoint or [], head or [])


@app.command()
def export(
    form: Annotated[str, typer.Option("--format", help="purview, ocsf or cloudevents.")],
    tenant: Annotated[str, typer.Option(help="Whose.")],
    since: Annotated[
        str, typer.Option("--from", help="From when on: `30d` (ago), or a date or time in ISO 8601, UTC.")
    ] = "1d",
    until: Annotated[str, typer.Option("--to", help="Before when; by default now.")] = "",
    out: Annotated[Path | None, typer.Option(help="Write to this file.")] = None,
    config: Config = DEFAULT_CONFIG,
) -> None:
    """Decisions as audit events of other systems, one JSON object a line.

    No prompt and no reply is in them: the log has none."""
    from signalbox.cli.export import run

    run(config, form, tenant, since, until, out)


@store.command("migrate")
def store_migrate(config: Config = DEFAULT_CONFIG) -> None:
    """Make the tables that this version needs.

    Before its first start, and after an update. What is there stays."""
    from signalbox.cli.store import migrate

    migrate(config)


@store.command("status")
def store_status(config: Config = DEFAULT_CONFIG) -> None:
    """Whether this version can work with the database, and whose logs it has."""
    from signalbox.cli.store import status

    status(config)


@store.command("sweep")
def store_sweep(
    node: Annotated[str, typer.Argument(help="A node that will not come back soon.")],
    config: Config = DEFAULT_CONFIG,
) -> None:
    """Close what a dead node left open in its log.

    Refused while that node is alive."""
    from signalbox.cli.store import sweep

    sweep(config, node)


@log.command("show")
def log_show(
    first: Annotated[
        int, typer.Option(help="Number of the first record; negative counts from the end.")
    ] = -20,
    count: Annotated[int, typer.Option(help="How many records.")] = 20,
    tenant: Annotated[str, typer.Option(help="Only this tenant's.")] = "",
    json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
    config: Config = DEFAULT_CONFIG,
) -> None:
    """Print records."""
    from signalbox.cli.log import show

    show(config, first, count, tenant, as_json=json)


@log.command("tail")
def log_tail(
    tenant: Annotated[str, typer.Option(help="Only this tenant's.")] = "",
    json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
    config: Config = DEFAULT_CONFIG,
) -> None:
    """Print records as they are written, until interrupted."""
    from signalbox.cli.log import tail

    tail(config, tenant, as_json=json)


@log.command("verify")
def log_verify(
    against: Annotated[
        Path | None, typer.Option(help="Heads kept from an earlier verification: an omission shows.")
    ] = None,
    keep: Annotated[Path | None, typer.Option(help="Write the heads found now to this file.")] = None,
    data: Annotated[Path | None, typer.Option(help="A copy of a data directory; no settings needed.")] = None,
    config: Config = DEFAULT_CONFIG,
) -> None:
    """Check every record, link and commitment.

    Exits 1 if anything is not as it was written."""
    from signalbox.cli.log import verify

    verify(config, against, keep, data)


@log.command("checkpoint")
def log_checkpoint(
    out: Annotated[Path | None, typer.Option(help="Write to this file.")] = None,
    config: Config = DEFAULT_CONFIG,
) -> None:
    """Print the latest signed checkpoint.

    Keep it where the log's owner cannot write."""
    from signalbox.cli.log_tree import checkpoint

    checkpoint(config, out)


@log.command("prove")
def log_prove(
    record: Annotated[int | None, typer.Option(help="A record's number.")] = None,
    decision: Annotated[str, typer.Option(help="A decision's id.")] = "",
    since: Annotated[
        Path | None, typer.Option(help="A kept checkpoint: what a witness is asked to cosign.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Write to this file.")] = None,
    config: Config = DEFAULT_CONFIG,
) -> None:
    """Prove that a record is in the log, or that the log continues a checkpoint."""
    from signalbox.cli.log_tree import prove

    prove(config, record, decision, since, out)


@log.command("export")
def log_export(
    directory: Annotated[Path, typer.Argument(help="A new directory.")], config: Config = DEFAULT_CONFIG
) -> None:
    """Write the log as files in C2SP's tlog-tiles layout.

    Its entries, tiles and checkpoint, without bodies."""
    from signalbox.cli.log_tree import export

    export(config, directory)


@log.command("key")
def log_key(
    rotate: Annotated[bool, typer.Option("--rotate", help="Prepare the next key, signed by both.")] = False,
    replace: Annotated[
        bool, typer.Option("--replace", help="Prepare another for a key that is lost or stolen.")
    ] = False,
    out: Annotated[Path | None, typer.Option(help="Write to this file.")] = None,
    config: Config = DEFAULT_CONFIG,
) -> None:
    """Print the public key that verifies the log's checkpoints."""
    from signalbox.cli.log_tree import key

    key(config, out, rotate=rotate, replace=replace)


ContentTenant = Annotated[str, typer.Option("--tenant", help="Whose content it is.")]
ContentReason = Annotated[str, typer.Option("--reason", help="Why; the history of acts keeps it.")]


@erasing.command("subject")
def erase_subject(
    tenant: ContentTenant,
    user: Annotated[str, typer.Option(help="Who is erased, by the name that requests say.")],
    reason: ContentReason,
    config: Config = DEFAULT_CONFIG,
) -> None:
    """Destroy the key to a user's content, delete it, and empty their records; proofs still verify.

    A legal hold refuses."""
    from signalbox.cli.payloads import erase

    erase(config, tenant, user, reason)


@erasing.command("list")
def erase_list(tenant: ContentTenant, config: Config = DEFAULT_CONFIG) -> None:
    """Erasures that are under way."""
    from signalbox.cli.payloads import erasures

    erasures(config, tenant)


@hold.command("place")
def hold_place(
    name: Annotated[str, typer.Argument(help="What people know the hold by.")],
    tenant: ContentTenant,
    reason: ContentReason,
    user: Annotated[str, typer.Option(help="Whose content; without, all of the tenant's.")] = "",
    config: Config = DEFAULT_CONFIG,
) -> None:
    """Keep content from being erased, and from being deleted when its time is over."""
    from signalbox.cli.payloads import hold as run

    run(config, tenant, name, user, reason)


@hold.command("lift")
def hold_lift(
    name: Annotated[str, typer.Argument(help="The hold.")],
    tenant: ContentTenant,
    reason: ContentReason,
    config: Config = DEFAULT_CONFIG,
) -> None:
    """Lift a hold."""
    from signalbox.cli.payloads import lift

    lift(config, tenant, name, reason)


@hold.command("list")
def hold_list(tenant: ContentTenant, config: Config = DEFAULT_CONFIG) -> None:
    """Holds in force."""
    from signalbox.cli.payloads import holds

    holds(config, tenant)


@payload.command("show")
def payload_show(
    decision: Annotated[str, typer.Argument(help="The decision, as `x-signalbox-decision` names it.")],
    tenant: ContentTenant,
    reason: ContentReason,
    config: Config = DEFAULT_CONFIG,
) -> None:
    """Show what was said in one decision, with the key in SIGNALBOX_KEY; the reading is an act."""
    from signalbox.cli.payloads import show

    show(config, tenant, decision, reason)


@payload.command("verify")
def payload_verify(tenant: ContentTenant, config: Config = DEFAULT_CONFIG) -> None:
    """Hold all kept content against the log. Exits 1 if something was changed or taken away."""
    from signalbox.cli.payloads import verify

    verify(config, tenant)


@payload.command("rotate")
def payload_rotate(tenant: ContentTenant, config: Config = DEFAULT_CONFIG) -> None:
    """Wrap the keys of all subjects anew, so that earlier copies do not open with what is here."""
    from signalbox.cli.payloads import rotate

    rotate(config, tenant)


@app.command("verify")
def verify_copy(
    path: Annotated[Path, typer.Argument(help="A copy of the log, an exported directory or a proof.")],
    key: Annotated[list[str], typer.Option(help="The log's public key, or a file with it; may be repeated.")],
    checkpoint: Annotated[
        list[Path] | None, typer.Option(help="A checkpoint that you kept; may be repeated.")
    ] = None,
    witness: Annotated[
        list[str] | None, typer.Option(help="The public key of a witness that must have cosigned.")
    ] = None,
) -> None:
    """Hold a log to its key, to checkpoints that you kept and to witnesses, offline.

    Exits 1 if anything is not as it was signed."""
    from signalbox.cli.verify import run

    run(path, key, checkpoint or [], witness or [])


@app.command(
    "witness",
    context_settings={"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []},
)
def witness_log(context: typer.Context) -> None:
    """Cosign the checkpoint of somebody's log: `witness --help`."""
    from signalbox.witness import main

    sys.exit(main(context.args))


@models.command("fetch")
def models_fetch(
    names: Annotated[list[str] | None, typer.Argument(help="Models; none means the default set.")] = None,
    small: Annotated[bool, typer.Option("--small", help="Only the 98 MB test model.")] = False,
) -> None:
    """Bring model files to this machine, checked by SHA-256.

    Goes on where it was interrupted."""
    from signalbox.cli.models import fetch_models

    fetch_models(names or (["small"] if small else ["default"]))


@simulate.command("vendors")
def simulate_vendors(
    scenario: Annotated[
        Path | None, typer.Option(help="How they behave and what goes wrong: a JSON file.")
    ] = None,
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    port_base: Annotated[int, typer.Option(help="The first port; 0 takes any that are free.")] = 9100,
    receipts: Annotated[
        Path | None, typer.Option(help="Append what was received to this file, one JSON object a line.")
    ] = None,
) -> None:
    """Emulate OpenAI, Azure, Anthropic and Bedrock until interrupted.

    Prints where each listens and endpoints to paste into the settings."""
    from signalbox.cli.simulate import run

    run(scenario, host, port_base, receipts)


Number = Annotated[int, typer.Argument(min=1, help="A release's number.")]


@release.command("keygen")
def release_keygen(
    out: Annotated[Path, typer.Argument(help="Where the private key goes: a new file.")],
    name: Annotated[str, typer.Option(help="What the approver is called.")] = "approver",
) -> None:
    """Make an approver's key; print what the settings need of it."""
    from signalbox.cli.releases import keygen

    keygen(out, name)


@release.command("draft")
def release_draft(
    summary: Annotated[str, typer.Option(help="What it is about, in one line.")],
    config: Config = DEFAULT_CONFIG,
) -> None:
    """Draft a release from the files as they are here."""
    from signalbox.cli.releases import draft

    draft(config, summary)


@release.command("list")
def release_list(config: Config = DEFAULT_CONFIG) -> None:
    """Every release and how far it is, the latest first."""
    from signalbox.cli.releases import listed

    listed(config)


@release.command("show")
def release_show(
    number: Number,
    texts: Annotated[bool, typer.Option("--texts", help="Print its texts as well.")] = False,
    config: Config = DEFAULT_CONFIG,
) -> None:
    """One release: author, base, proof, approvals."""
    from signalbox.cli.releases import show

    show(config, number, texts=texts)


@release.command("diff")
def release_diff(
    number: Number,
    against: Annotated[
        int | None, typer.Option(help="Compare with this release; else with its base.")
    ] = None,
    config: Config = DEFAULT_CONFIG,
) -> None:
    """What it changes, in words."""
    from signalbox.cli.releases import diff

    diff(config, number, against)


@release.command("prove")
def release_prove(number: Number, config: Config = DEFAULT_CONFIG) -> None:
    """Prove its invariants for every request.

    Exits 1 where something stands in the way of publishing it."""
    from signalbox.cli.releases import prove

    prove(config, number)


@release.command("simulate")
def release_simulate(
    number: Number, since: Since = "30d", until: Until = "", config: Config = DEFAULT_CONFIG
) -> None:
    """Decide recorded traffic again under it; what comes of it is kept with it."""
    from signalbox.cli.releases import simulate

    simulate(config, number, since, until)


@release.command("approve")
def release_approve(
    number: Number,
    key: Annotated[Path, typer.Option(help="Your private key; it stays here.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    config: Config = DEFAULT_CONFIG,
) -> None:
    """Read it, sign it here, hand the signature in."""
    from signalbox.cli.releases import approve

    approve(config, number, key, lambda: yes or typer.confirm("sign it?"))


@release.command("publish")
def release_publish(number: Number, config: Config = DEFAULT_CONFIG) -> None:
    """Prove it and put it in force, everywhere."""
    from signalbox.cli.releases import publish

    publish(config, number)


@release.command("rollback")
def release_rollback(
    number: Number,
    reason: Annotated[str, typer.Option(help="Why; the log has it.")],
    config: Config = DEFAULT_CONFIG,
) -> None:
    """Put in force again what that release says, as a release of its own."""
    from signalbox.cli.releases import roll_back

    roll_back(config, number, reason)


@release.command("withdraw")
def release_withdraw(
    number: Number,
    reason: Annotated[str, typer.Option(help="Why; the log has it.")],
    config: Config = DEFAULT_CONFIG,
) -> None:
    """Take back a draft."""
    from signalbox.cli.releases import withdraw

    withdraw(config, number, reason)


def main() -> None:
    """The console script: an error of ours is one clear message, not a traceback."""
    from signalbox.domain.errors import SignalboxError

    try:
        app()
    except SignalboxError as error:
        sys.stderr.write(f"signalbox: {error.message}\n")
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)
