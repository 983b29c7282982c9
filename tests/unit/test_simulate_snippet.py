"""The endpoints that `signalbox simulate vendors` prints are taken by the settings as they are printed."""

from pathlib import Path
from shutil import copytree

from signalbox.app import load_settings
from signalbox.cli.simulate import greeting
from signalbox.simulate.vendors.fleet import fleet
from signalbox.simulate.vendors.scenario import Scenario
from signalbox.simulate.vendors.snippet import snippet

ROOT = Path(__file__).parents[2]


async def test_the_printed_endpoints_load(tmp_path: Path) -> None:
    copytree(ROOT / "policies", tmp_path / "policies")
    shipped = (ROOT / "signalbox.toml").read_text()
    for scenario in (Scenario(), Scenario(regions={"eu-west-1": (), "us-east-1": ("gpt-5", "other")})):
        async with fleet(scenario) as vendors:
            printed = snippet(vendors)
            assert printed in greeting(vendors)
        (tmp_path / "signalbox.toml").write_text(f"{shipped}\n{printed}")
        settings = load_settings(tmp_path / "signalbox.toml", {})
        found = [one for one in settings.catalogue.endpoints if one.id.startswith("emulated-")]
        assert len(found) == 5 * max(1, len(scenario.regions))
        assert len({one.transport.base_url for one in found}) == len(found)
