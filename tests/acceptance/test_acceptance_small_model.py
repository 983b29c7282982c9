"""The shipped `signalbox.small.toml` with its real model, by the real command, asked with the openai SDK."""

from collections.abc import Iterator
from pathlib import Path

import msgspec
import openai
import pytest

from signalbox.testing.served import Served, eventually

ROOT = Path(__file__).parents[2]
SCHEMA: dict[str, object] = {
    "type": "object",
    "properties": {"polite": {"type": "boolean"}},
    "required": ["polite"],
    "additionalProperties": False,
}


@pytest.fixture(scope="module")
def served(models_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    home = tmp_path_factory.mktemp("small")
    (home / "policies").symlink_to(ROOT / "policies")
    config = home / "signalbox.toml"
    config.write_text((ROOT / "signalbox.small.toml").read_text())
    env = {"SIGNALBOX_PORT": "0", "SIGNALBOX_MODELS_DIR": str(models_dir)}
    with Served(config, home / "data", env=env) as served:
        yield served
    assert served.process.returncode == 0
    report = served.verified()
    assert report.sound
    assert not report.open_attempts


def test_a_newcomer_s_first_minutes(served: Served) -> None:
    """Readiness tells the truth while the model loads; then a reply, a stream, a schema, and the proof."""
    first = served.ask("GET", "/readyz")
    assert first.status in (200, 503)
    assert first.json["ready"] is (first.status == 200)
    eventually(lambda: served.ask("GET", "/readyz").status == 200, 60)
    assert served.ask("GET", "/readyz").json["checks"]["endpoints"] == "1 of 1 ready"

    with openai.OpenAI(base_url=f"{served.url}/v1", api_key=served.key, max_retries=0) as client:
        assert "smollm2-135m-instruct" in [model.id for model in client.models.list()]
        raw = client.chat.completions.with_raw_response.create(
            model="auto",
            messages=[{"role": "user", "content": "Say hello."}],
            max_tokens=8,
            temperature=0,
            seed=1,
            extra_headers={"X-Signalbox-App": "word", "X-Signalbox-Feature": "rewrite"},
        )
        reply = raw.parse()
        assert reply.choices[0].message.content
        assert reply.usage is not None
        assert 0 < reply.usage.completion_tokens <= 8
        assert raw.headers["x-signalbox-endpoint"] == "local-smollm2-135m"

        chunks = list(
            client.chat.completions.create(
                model="smollm2-135m-instruct",
                messages=[{"role": "user", "content": "Say hello."}],
                max_tokens=8,
                stream=True,
                stream_options={"include_usage": True},
            )
        )
        assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
        assert chunks[-1].usage is not None

        shaped = client.chat.completions.create(
            model="local-smollm2-135m",
            messages=[{"role": "user", "content": "Is `thank you` polite?"}],
            max_tokens=30,
            response_format={"type": "json_schema", "json_schema": {"name": "verdict", "schema": SCHEMA}},
        )
        verdict = msgspec.json.decode(shaped.choices[0].message.content or "")
        assert isinstance(verdict["polite"], bool)

    decision = raw.headers["x-signalbox-decision"]
    served.settled(decision)
    explained = served.command("explain", decision)
    assert explained.returncode == 0, explained.stderr
    assert "local-smollm2-135m" in explained.stdout
    verified = served.command("log", "verify")
    assert verified.returncode == 0, verified.stdout
