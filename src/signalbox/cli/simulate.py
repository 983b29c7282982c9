"""`signalbox simulate vendors`."""

import asyncio
import signal
import sys
from contextlib import closing
from pathlib import Path

import msgspec
import uvloop

from signalbox.cli.common import CommandFailed
from signalbox.simulate.receipts import Receipts
from signalbox.simulate.vendors.fleet import fleet
from signalbox.simulate.vendors.scenario import Scenario, read_scenario
from signalbox.simulate.vendors.snippet import KEY_VARIABLE, snippet
from signalbox.simulate.vendors.vendor import Vendor


def run(scenario: Path | None, host: str, port_base: int, receipts: Path | None) -> None:
    chosen = _scenario(scenario)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner, closing(Receipts(receipts)) as kept:
        try:
            runner.run(_serve(chosen, host, port_base, kept))
        except OSError as error:
            raise CommandFailed(
                f"cannot listen on {host} from port {port_base} on ({error}): choose another `--port-base`"
            ) from error


def greeting(vendors: list[Vendor]) -> str:
    """Where each listens, and what to put into the settings."""
    lines = [
        f"  {vendor.name:<14} {region or '':<16} {vendor.base_url_of(region)}\n"
        for vendor in vendors
        for region in vendor.places
    ]
    return f"""
Emulating, until Ctrl-C:

{"".join(lines)}
Any key is taken, but there must be one: export {KEY_VARIABLE}=any
Endpoints for signalbox.toml:

{snippet(vendors)}"""


async def _serve(scenario: Scenario, host: str, port_base: int, receipts: Receipts) -> None:
    stop = asyncio.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(name, stop.set)
    async with fleet(scenario, host=host, port_base=port_base, receipts=receipts) as vendors:
        sys.stdout.write(greeting(vendors))
        sys.stdout.flush()
        await stop.wait()


def _scenario(path: Path | None) -> Scenario:
    if path is None:
        return Scenario()
    try:
        return read_scenario(path)
    except OSError as error:
        raise CommandFailed(f"cannot read the scenario `{path}`: {error.strerror}") from error
    except msgspec.DecodeError as error:
        raise CommandFailed(f"the scenario `{path}` is not right: {error}") from error
