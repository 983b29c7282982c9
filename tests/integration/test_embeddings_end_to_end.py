"""Vectors, from a client's call to an emulated vendor's model and back, by policy and on the books."""

import struct
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from tests.integration.fault_world import ENDPOINT, SETTINGS, VENDOR, link_policies

from signalbox.app import Signalbox
from signalbox.domain.errors import NoCandidate
from signalbox.domain.request import Declared, Embedding, Message, Request, Text
from signalbox.simulate.vendors.bedrock import BedrockVendor
from signalbox.simulate.vendors.openai import OpenAIVendor
from signalbox.testing.site import Log

TEXTS = ("all points are set", "the line is clear", "the signal is at danger")


@pytest.fixture
async def box(tmp_path: Path) -> AsyncIterator[Signalbox]:
    async with AsyncExitStack() as opened:
        openai = await opened.enter_async_context(OpenAIVendor(api_keys=["k"]))
        bedrock = await opened.enter_async_context(BedrockVendor(api_keys=["k"]))
        text = SETTINGS
        for name, kind, vendor, deployment in (
            ("openai", "openai", openai, "text-embedding-3-small"),
            ("bedrock", "bedrock", bedrock, "amazon.titan-embed-text-v2:0"),
        ):
            made = ENDPOINT.format(
                id=f"at-{name}", vendor=name, kind=kind, cloud="azure", place="eu",
                url=vendor.settings_url(vendor.places[0]), more="",
            )  # fmt: skip
            made = made.replace('deployment = "emulated"', f'deployment = "{deployment}"')
            made = made.replace('served_names = ["emulated"]', f'served_names = ["{deployment}"]')
            able = made[made.index("capabilities = ") : made.index("\n", made.index("capabilities = "))]
            text += VENDOR.format(name=name, quality=5) + made.replace(able, 'capabilities = ["embeddings"]')
        link_policies(tmp_path)
        (tmp_path / "signalbox.toml").write_text(text)
        made_box = Signalbox.from_config(tmp_path / "signalbox.toml", env={"KEY": "k"})
        yield await opened.enter_async_context(made_box)


def asking(*texts: str, target: str) -> Request:
    return Request(
        target=target,
        messages=tuple(Message("user", (Text(text),)) for text in texts),
        embedding=Embedding(),
        declared=Declared(app="word", feature="search"),
    )


@pytest.mark.parametrize(("target", "texts"), [("at-openai", TEXTS), ("at-bedrock", TEXTS[:1])])
async def test_each_text_gets_its_vector(
    box: Signalbox, target: str, texts: tuple[str, ...], tmp_path: Path
) -> None:
    reply = await box.complete(asking(*texts, target=target))
    assert len(reply.vectors) == len(texts)
    vectors = [struct.unpack(f"<{len(vector) // 4}f", vector) for vector in reply.vectors]
    assert len({len(vector) for vector in vectors}) == 1
    assert len(set(vectors)) == len(texts)
    await box.log.commit([])
    (outcome,) = Log(tmp_path / "data").of("outcome")
    assert (outcome["status"], outcome["endpoint"]) == ("ok", target)
    assert outcome["tokens_in"] > 0


async def test_an_endpoint_that_makes_vectors_does_not_chat(box: Signalbox) -> None:
    with pytest.raises(NoCandidate) as refused:
        await box.complete(Request(target="auto", messages=(Message("user", (Text("Hello"),)),)))
    assert "lacks: chat" in refused.value.operator
