"""A server is killed in the middle of an erasure; the next one finishes it, and nothing is half erased."""

import sys
from contextlib import closing
from http.client import HTTPException
from pathlib import Path

import pytest

from signalbox.adapters.stores.sqlite.log_reader import SqliteLogReader
from signalbox.adapters.stores.sqlite.payloads import SqlitePayloadStore
from signalbox.domain.records import ActBody
from signalbox.testing.served import Served, Vendor, eventually
from signalbox.testing.site import MODEL, SETTINGS

RUNNER = Path(__file__).with_name("runner.py")
POLICIES = Path(__file__).parents[3] / "policies"
KILLED_AT = (
    "import runpy, sys; sys.argv = ['runner.py', sys.argv[-1], {place!r}, '1']; "
    "runpy.run_path({runner!r}, run_name='__main__')"
)
ERASURES = "/admin/v1/tenants/local/erasures"
ORDER = b'{"user":"local","reason":"asked for"}'


@pytest.mark.parametrize("place", ["erase.ordered", "erase.key_destroyed", "erase.emptying", "erase.emptied"])
def test_who_is_killed_in_an_erasure_leaves_one_that_the_next_finishes(tmp_path: Path, place: str) -> None:
    with Vendor() as vendor:
        text = SETTINGS.format(without_log="false").replace(
            'home_cloud = "on-premises"\n', 'home_cloud = "on-premises"\n[tenants.payloads]\nkeep = "all"\n'
        )
        text = '[payloads]\nplace = "here"\n' + text + MODEL.format(name="open", url=vendor.base_url)
        config = tmp_path / "signalbox.toml"
        config.write_text(text)
        (tmp_path / "policies").mkdir()
        for policy in POLICIES.iterdir():
            (tmp_path / "policies" / policy.name).write_text(policy.read_text())
        dying = (sys.executable, "-c", KILLED_AT.format(place=place, runner=str(RUNNER)))
        with Served(config, tmp_path / "data", command=dying) as served:
            # On a machine that is busy the kill switch may not be heard at once: then nothing is kept yet.
            eventually(lambda: _kept_one(served), 30)
            with pytest.raises((OSError, HTTPException)):
                served.ask("POST", ERASURES, ORDER, key=served.admin_key)
            assert served.wait() == -9
        with Served(config, tmp_path / "data") as served:
            eventually(lambda: "subject.erased" in _acts(served), 30)
            left = served.ask("GET", ERASURES, key=served.admin_key)
            assert left.json["items"] == []
        assert _acts(served) == ["erasure.ordered", "subject.erased"]
        report = served.verified()
        assert report.sound, report.findings
        assert report.erased >= 1
        # A new key may be there, which seals nothing: what waited to be kept came too late.
        with closing(SqlitePayloadStore(tmp_path / "data")) as store:
            assert store.scan("local", "", 9) == ()
        with closing(SqliteLogReader.open(tmp_path / "data")) as log:
            decisions = [stored.body for _, stored in log.scan() if b'"kind":"decision"' in stored.leaf]
        assert set(decisions) == {b""}


def _kept_one(served: Served) -> bool:
    served.chat(served.key, model="open")
    return "payload" in [record["kind"] for record in served.records()]


def _acts(served: Served) -> list[str]:
    fields = set(ActBody.__struct_fields__)
    return [record["what"] for record in served.records() if fields <= record.keys()]
