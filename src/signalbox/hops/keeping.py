"""Hops that write something down, on this machine or for who looks at it."""

from typing import Final

from signalbox.hops.hop import Carries, Configured, DeclaredHop, Here, InProcess

_NO_TEXT: Final = "no text is in any record, and no setting puts it there"
_SQLITE: Final = "signalbox.adapters.stores.sqlite"

KEEPING: Final = (
    DeclaredHop(
        name="decision log",
        carries=(Carries.METADATA,),
        to=Here(("data/log.sqlite3*", "data/writer.lock")),
        asks="nobody",
        why=f"pseudonyms keyed per tenant, names of models and apps as declared, counts; {_NO_TEXT}",
        places=(
            f"{_SQLITE}.database:open_for_reading",
            f"{_SQLITE}.database:open_for_writing",
            f"{_SQLITE}.lease:Lease.take",
            f"{_SQLITE}.log_store:SqliteLogStore._sync_directory",
            f"{_SQLITE}.log_store:SqliteLogStore.acquire",
            "signalbox.record.journal:Journal._open_store",
            "signalbox.composition.stores:have_directory",
            "signalbox.adapters.stores.opened:SqliteStores.reader",
            "signalbox.adapters.stores.postgres.opened:PostgresStores.reader",
            "signalbox.cli.log:verify",
            "signalbox.cli.verify:_audit",
        ),
    ),
    DeclaredHop(
        name="log relay",
        carries=(Carries.METADATA, Carries.NAMES),
        to=Here(("data/log.sock*",)),
        asks="nobody",
        why="a process beside the server hands its records to the one that writes, over a unix socket of its "
        f"owner's; {_NO_TEXT}",
        places=(
            "signalbox.app:Signalbox._open_log",
            "signalbox.adapters.log_relay.client:RelayLog._ask_and_wait",
            "signalbox.adapters.log_relay.client:RelayLog.connect",
            "signalbox.adapters.log_relay.server:RelayServer.start",
        ),
    ),
    DeclaredHop(
        name="log keys and checkpoint",
        carries=(Carries.NOTHING,),
        credentials=True,
        to=Here(("data/log.key*", "data/log.vkey*", "data/log.checkpoint*")),
        asks="nobody",
        why="the key that signs the log, and the latest signed checkpoint: a size and a hash",
        places=(
            "signalbox.adapters.keys.log_key_files:_write",
            "signalbox.adapters.keys.log_key_files:_replace",
        ),
    ),
    DeclaredHop(
        name="kill switch and acts",
        carries=(Carries.NAMES,),
        to=Here(("data/switches.sqlite3*", "data/acts.sqlite3*")),
        asks="nobody",
        why="what operators and administrators did, and why in their own words; nothing of requests",
        places=(f"{_SQLITE}.shared_file:_open",),
    ),
    DeclaredHop(
        name="keys of this machine",
        carries=(Carries.NOTHING,),
        credentials=True,
        to=Here(("data/local.key*", "data/operator.key*", "data/admin.key*")),
        asks="nobody",
        why="random, readable by their owner alone",
        places=("signalbox.adapters.local_keys:obtain",),
    ),
    DeclaredHop(
        name="process log",
        carries=(Carries.COUNTS,),
        to=Here(("{standard error}",)),
        asks="nobody",
        why="troubles of the house, in words that name endpoints and tenants; no text, no credential and no "
        "line per request",
        places=(
            "signalbox.board",
            "signalbox.cli.serve:run",
            "signalbox.cli.serve:run.announce",
            "signalbox.dispatch.books",
            "signalbox.dispatch.health",
            "signalbox.dispatch.switchboard",
            "signalbox.edge.app",
            "signalbox.edge.gate",
            "signalbox.edge.protocol",
            "signalbox.histories",
            "signalbox.identity.issuer_keys",
            "signalbox.keeping.keeper",
            "signalbox.keeping.sweeper",
            "signalbox.workloads.jobs",
            "signalbox.workloads.running",
            "signalbox.recall.recall",
            "signalbox.record.notary",
            "signalbox.service",
            "signalbox.composition.serving",
        ),
    ),
    DeclaredHop(
        name="log of a model process",
        carries=(Carries.NOTHING,),
        to=Here(("data/models/*.log*",)),
        asks="nobody",
        why="what llama.cpp says of errors: its next level would quote requests, and is off",
        places=(
            "signalbox.adapters.providers.embedded.log_file:BoundedLog.__init__",
            "signalbox.adapters.providers.embedded.log_file:BoundedLog._turn_over",
            "signalbox.adapters.providers.embedded.log_file:BoundedLog.write",
            "signalbox.adapters.providers.embedded.supervisor:Supervisor._open_log",
            "signalbox.adapters.providers.embedded.child:_say",
        ),
    ),
    DeclaredHop(
        name="telemetry",
        carries=(Carries.COUNTS,),
        to=Configured("server.host"),
        asks="nobody",
        why="`/metrics` is fetched by who may read the platform; labels are names of the settings and our "
        "own error codes, never what a caller wrote. Nothing is pushed anywhere",
    ),
    DeclaredHop(
        name="export",
        carries=(Carries.METADATA,),
        to=Here(("{--out}",)),
        asks="nobody",
        why="copies of the log's leaves, heads, keys and checkpoints for who verifies them, events for other "
        "systems, and drafts of releases, where the command line says; no text is among them",
        places=(
            "signalbox.adapters.stores.tile_directory:write_tiles",
            "signalbox.adapters.stores.tile_directory:_write",
            "signalbox.cli.drill:_write",
            "signalbox.cli.export:run",
            "signalbox.cli.log:verify",
            "signalbox.cli.log_tree:_write",
        ),
    ),
    DeclaredHop(
        name="files of workloads",
        carries=(Carries.CONTENT,),
        to=Here(("{--out}",)),
        asks="nobody",
        why="what a workload made for who typed the command, where that command says",
        places=("signalbox.cli.working.result:_write",),
    ),
    DeclaredHop(
        name="evaluation results",
        carries=(Carries.CONTENT,),
        to=Here(("{--out}",)),
        asks="nobody",
        why="what models answered to tasks that whoever runs an evaluation brought, where that command says",
        places=("signalbox.workloads.evaluate.*",),
    ),
    DeclaredHop(
        name="witness",
        carries=(Carries.NOTHING,),
        credentials=True,
        to=Here(("{witness key and state}",)),
        asks="nobody",
        why="a process of somebody else's, which sees checkpoints: a size and a hash",
        places=(
            "signalbox.witness:cosign",
            "signalbox.witness:main",
            "signalbox.witness:make_key",
        ),
    ),
    DeclaredHop(
        name="words to the terminal",
        carries=(Carries.NOTHING,),
        to=Here(("{standard output}",)),
        asks="nobody",
        why="what a command answers to who typed it",
        places=(
            "signalbox.cli:told_shortly",
            "signalbox.cli.working.result:deliver",
            "signalbox.cli.simulate",
            "signalbox.cli.simulate:_serve",
        ),
    ),
    DeclaredHop(
        name="server's program",
        carries=(Carries.NOTHING,),
        to=InProcess(),
        asks="nobody",
        why="`signalbox serve` reads the command line and goes on as the server, in the same process; it is "
        "told where the settings are, and nothing else",
        places=("signalbox.cli.serve:become",),
    ),
)
