"""`signalbox serve`, and `python -m signalbox.cli.serve SETTINGS`, which it becomes."""

import asyncio
import gc
import logging
import os
import sys
from pathlib import Path
from typing import NoReturn

import uvloop

from signalbox.adapters.heap import give_back_early
from signalbox.app import LOCAL_KEY_FILE, Signalbox
from signalbox.cli import told_shortly
from signalbox.service import run as run_service

_GC_THRESHOLD = 50_000


def become(config: Path) -> NoReturn:
    """Go on as a server, in the same process. What has read the command line is left behind: 9 MB."""
    os.execv(  # noqa: S606 - ourselves, and a path of the operator's
        sys.executable, [sys.executable, "-P", "-m", "signalbox.cli.serve", str(config)]
    )


def run(config: Path) -> None:
    logging.basicConfig(
        level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s: %(message)s", stream=sys.stderr
    )
    give_back_early()
    box = Signalbox.from_config(config)

    def announce(address: str) -> None:
        # What was loaded stays: take it out of the collector's sight, and collect less often.
        gc.collect()
        gc.freeze()
        gc.set_threshold(_GC_THRESHOLD, 20, 20)
        sys.stdout.write(greeting(box, address))
        sys.stdout.flush()

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(run_service(box, announce))


def greeting(box: Signalbox, address: str) -> str:
    """Address, key, and lines that work when pasted."""
    endpoints = ", ".join(endpoint.id for endpoint in box.interlock.release.catalogue.endpoints)
    key_file = box.settings.data_dir / LOCAL_KEY_FILE
    if not box.settings.server.local_key:
        return f"Signalbox at {address} · endpoints: {endpoints}\n"
    key = key_file.read_text().strip()
    return f"""
Signalbox is serving at {address}

  endpoints  {endpoints}
  your key   {key}

Try it:

  curl -s {address}/v1/chat/completions -H "Authorization: Bearer {key}" \\
    -H "Content-Type: application/json" -H "X-Signalbox-App: word" -H "X-Signalbox-Feature: rewrite" \\
    -d '{{"model":"auto","max_tokens":60,"messages":[{{"role":"user","content":"Correct: we was happy"}}]}}'

or with any OpenAI SDK, in Python:

  from openai import OpenAI
  client = OpenAI(base_url="{address}/v1", api_key="{key}")
  reply = client.chat.completions.create(model="auto", messages=[{{"role": "user", "content": "Hello"}}])
  print(reply.choices[0].message.content)

The first answer waits until its model is loaded. `signalbox demo` shows decisions; Ctrl-C stops.
"""


if __name__ == "__main__":
    with told_shortly():
        run(Path(sys.argv[1]))
