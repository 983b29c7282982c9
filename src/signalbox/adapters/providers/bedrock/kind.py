"""Amazon Bedrock: Converse, ConverseStream, and embeddings over InvokeModel.

Addressing, and what an endpoint's places may be; the formats are `wires.bedrock`'s, the exchange is common to
all vendors. A reply names neither model nor region. Which model it is, is said by the path, that we wrote and
signed; where it runs, by the inference profile's geography, which the endpoint's places are held against
here. What could let the vendor choose another model (prompt routers, prompts kept at the vendor) is refused.
"""

import re
from collections.abc import Iterator
from importlib.util import find_spec
from typing import Final
from urllib.parse import quote

from signalbox.adapters.http import HttpClient
from signalbox.adapters.providers.aws_access.identity import StandardChain
from signalbox.adapters.providers.bedrock.authorise import Authoriser
from signalbox.adapters.providers.bedrock.wire import REFUSALS, ConverseWire, VectorsWire
from signalbox.adapters.providers.exchange import Address, HttpProvider, Surface
from signalbox.domain.endpoint import Endpoint, Transport
from signalbox.domain.traits import Capability
from signalbox.ports.provider_kind import Kind, Mistake, Surroundings
from signalbox.wires.bedrock_places import ONE_COUNTRY, profile_geography

EXPRESSES: Final = (
    Capability.STREAMING
    | Capability.TOOLS
    | Capability.PARALLEL_TOOLS
    | Capability.FORCED_TOOL
    | Capability.JSON_SCHEMA
    | Capability.VISION
    | Capability.DOCUMENTS
    | Capability.CITATIONS
    | Capability.THINKING
    | Capability.ANTHROPIC_THINKING
    | Capability.SAMPLING
    | Capability.TOP_K
    | Capability.STOP_WORDS
    | Capability.PROMPT_CACHE
    | Capability.EMBEDDINGS
)
_REGION: Final = re.compile(r"[a-z]{2,3}(-[a-z]+)+-\d{1,2}")
_CHOOSES: Final = re.compile(r":(default-)?prompt-router/|:prompt/")


def address(endpoint: Endpoint) -> Address:
    """`transport.base_url` replaces the region's own host: a private endpoint, FIPS, an emulator."""
    model = quote(endpoint.transport.deployment or endpoint.model, safe="-._~")
    region = endpoint.region
    suffix = ".amazonaws.com.cn" if region.startswith("cn-") else ".amazonaws.com"
    return Address(
        base_url=endpoint.transport.base_url or f"https://bedrock-runtime.{region}{suffix}",
        chat=Surface(
            ConverseWire(endpoint), f"/model/{model}/converse", stream_path=f"/model/{model}/converse-stream"
        ),
        embeddings=Surface(VectorsWire(endpoint), f"/model/{model}/invoke"),
        request_id="",  # it is in the body's metadata, where the vendor's log has it
    )


def check(endpoint: Endpoint) -> Iterator[Mistake]:
    transport = endpoint.transport
    model = transport.deployment or endpoint.model
    if not _REGION.fullmatch(endpoint.region):
        yield Mistake(
            "region",
            "expected the AWS region that is asked, and signed for, such as `eu-central-1`; "
            f"found `{endpoint.region}`",
        )
    if _CHOOSES.search(model):
        yield Mistake(
            "transport.deployment",
            "a prompt router or a prompt kept at the vendor chooses the model there, unasked: name a model, "
            "or an inference profile",
        )
    if not transport.credential and find_spec("botocore") is None:
        yield Mistake(
            "transport.credential",
            "missing; signing with AWS credentials needs botocore (install `signalbox[bedrock]`), "
            "a bearer key needs the name of its environment variable here",
        )
    yield from _check_places(endpoint, model)


def _check_places(endpoint: Endpoint, model: str) -> Iterator[Mistake]:
    """A profile runs in any region of its geography, so its places cover more than the region asked. One
    place too many only forbids what could be allowed; one too few allows what must not be."""
    geography = profile_geography(model)
    places = endpoint.inference_places
    if geography is None or geography in places:
        return
    if geography in ONE_COUNTRY:
        # Places are the author's own words; those of two letters are read as countries.
        if all(len(place) == 2 for place in places) and geography[:2] not in places:
            yield Mistake(
                "inference_places",
                f"`{model}` is an inference profile that runs in `{geography[:2]}`, which is not among them",
            )
    elif len(places) < 2:
        where = "any region of the vendor's" if geography == "global" else f"any region of `{geography}`"
        yield Mistake(
            "inference_places",
            f"`{model}` is an inference profile that may run in {where}: list the places of all of them, or "
            f"declare a place `{geography}` that stands for them",
        )


def _make(around: Surroundings) -> HttpProvider:
    authoriser = Authoriser(around.secrets, StandardChain(), around.clock)
    return HttpProvider(HttpClient(around.clock), address, authoriser, around.clock, REFUSALS)


def _expresses(transport: Transport) -> int:
    return EXPRESSES


KIND: Final = Kind(
    make=_make,
    expresses=_expresses,
    uses=frozenset({"base_url", "credential", "deployment"}),
    check=check,
)
