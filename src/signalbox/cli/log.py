"""`signalbox log show`, `tail` and `verify`."""

import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
from rich.console import Console

from signalbox.adapters.stores.sqlite.log_reader import SqliteLogReader
from signalbox.cli.common import CommandFailed, console, open_log, settings_of
from signalbox.ports.log import Head, LogReader, StoredRecord
from signalbox.record.verify import verify as verify_records

_TAIL_POLL_S = 0.5


def show(config: Path, first: int, count: int, tenant: str, *, as_json: bool) -> None:
    log = open_log(settings_of(config))
    start = first if first >= 0 else max(0, log.next_number() + first)
    out = console()
    for printed, (number, stored) in enumerate(_of_tenant(log, start, tenant)):
        if printed >= count:
            break
        _print(out, number, stored, as_json=as_json)


def tail(config: Path, tenant: str, *, as_json: bool) -> None:
    log = open_log(settings_of(config))
    number = log.next_number()
    out = console()
    while True:
        for number_now, stored in _of_tenant(log, number, tenant):
            _print(out, number_now, stored, as_json=as_json)
        number = log.next_number()
        time.sleep(_TAIL_POLL_S)


def verify(config: Path, against: Path | None, keep: Path | None, data: Path | None) -> None:
    """Exit 1 on any finding. What the heads are kept for: a log can be cut short, or written anew by who
    holds its files, without a trace in itself; only heads kept elsewhere show it."""
    log: LogReader = SqliteLogReader.open(data) if data is not None else open_log(settings_of(config))
    retained = _read_heads(against) if against is not None else []
    report = verify_records(log.scan(), retained)
    out = console()
    for finding in report.findings:
        out.print(f"record {finding.number}: {finding.words}" if finding.number >= 0 else finding.words)
    for head in report.heads:
        out.print(f"tenant {head.tenant}: {head.count} records, head {head.leaf_hash}", soft_wrap=True)
    if report.open_attempts:
        out.print(f"{len(report.open_attempts)} attempts have no outcome yet")
    if not report.sound:
        out.print(f"NOT SOUND: {report.findings_total} findings in {report.records} records")
        raise SystemExit(1)
    compared = f", and {len(retained)} retained heads are on it" if retained else ""
    out.print(f"sound: {report.records} records verified ({report.erased} erased){compared}")
    if keep is not None:
        keep.write_bytes(msgspec.json.format(msgspec.json.encode(report.heads), indent=2) + b"\n")
        out.print(
            f"heads kept in {keep}: verify against them next time, from a place the log's owner cannot write"
        )


def _read_heads(path: Path) -> list[Head]:
    try:
        return msgspec.json.decode(path.read_bytes(), type=list[Head])
    except (OSError, msgspec.ValidationError, msgspec.DecodeError) as error:
        raise CommandFailed(f"`{path}` holds no retained heads: {error}") from error


def _of_tenant(log: LogReader, start: int, tenant: str) -> Any:
    for number, stored in log.scan(start):
        if not tenant or msgspec.json.decode(stored.leaf)["tenant"] == tenant:
            yield number, stored


def _print(out: Console, number: int, stored: StoredRecord, *, as_json: bool) -> None:
    leaf = msgspec.json.decode(stored.leaf)
    body = msgspec.json.decode(stored.body) if stored.body else None
    if as_json:
        out.file.write(msgspec.json.encode({"number": number, "leaf": leaf, "body": body}).decode() + "\n")
        return
    when = datetime.fromtimestamp(leaf["time_us"] / 1_000_000, UTC).strftime("%H:%M:%S.%f")[:-3]
    out.print(
        f"{number:>7} {when} {leaf['tenant']} {leaf['kind']:<9} {leaf['ref']} {_gist(leaf['kind'], body)}",
        soft_wrap=True,
    )


def _gist(kind: str, body: Any) -> str:
    """What a person looks for in one line of a record."""
    if body is None:
        return "(erased)"
    match kind:
        case "decision":
            planned = ", ".join(attempt["endpoint"] for attempt in body["plan"])
            return f"{body['app']}.{body['feature']} {body['task']} → {planned}"
        case "denial":
            return f"{body['status']} {body['code']}"
        case "intent":
            return f"{body['hop']} → {body['endpoint']}{' (durable)' if body['durable'] else ''}"
        case "outcome":
            took = f"{body['elapsed_us'] / 1000:.0f} ms"
            return f"{body['status']} {body['failure']} {took} {body['tokens_out']} tokens"
        case "act":
            return f"{body['what']} by {body['by'][:12]}"
        case "payload":
            return f"{body['bytes']} bytes of content kept at {body['place']}"
        case "kill" | "restore":
            return f"{body['selector']}{' (cut)' if body['cut'] else ''}: {body['reason']}"
        case _:
            return "; ".join(body.get("reasons", ()))
