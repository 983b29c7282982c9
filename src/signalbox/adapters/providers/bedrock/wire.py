"""Converse and InvokeModel's embeddings as an exchange speaks them, and how Bedrock's refusals are read."""

from typing import Final

from signalbox.adapters.providers.exchange import EventReader, Header
from signalbox.adapters.providers.exchange.refusal import COMMON
from signalbox.domain.endpoint import Endpoint
from signalbox.domain.failure import FailureKind, ProviderFailure
from signalbox.domain.reply import Reply
from signalbox.domain.request import Request
from signalbox.ports.provider import Call
from signalbox.wires import bedrock_embeddings
from signalbox.wires.bedrock import (
    FrameReader,
    Unsayable,
    converse_options,
    read_error,
    read_reply,
    write_request,
)
from signalbox.wires.errors import VendorError
from signalbox.wires.written import Written

REFUSALS: Final = COMMON.but(
    by_name={
        "ThrottlingException": FailureKind.RATE_LIMITED,
        "TooManyRequestsException": FailureKind.RATE_LIMITED,
        "ModelNotReadyException": FailureKind.NOT_READY,
        "ModelTimeoutException": FailureKind.TIMEOUT,
        "ModelErrorException": FailureKind.SERVER_ERROR,
        "ModelStreamErrorException": FailureKind.SERVER_ERROR,
        "InternalServerException": FailureKind.SERVER_ERROR,
        "InternalFailure": FailureKind.SERVER_ERROR,
        "ServiceUnavailableException": FailureKind.OVERLOADED,
        "ServiceUnavailable": FailureKind.OVERLOADED,
        "ServiceQuotaExceededException": FailureKind.QUOTA,  # a 400
        "AccessDeniedException": FailureKind.CREDENTIAL,
        "ResourceNotFoundException": FailureKind.CREDENTIAL,
        "ExpiredTokenException": FailureKind.CREDENTIAL,
        "ExpiredToken": FailureKind.CREDENTIAL,
        "UnrecognizedClientException": FailureKind.CREDENTIAL,
        "InvalidClientTokenId": FailureKind.CREDENTIAL,
        "InvalidSignatureException": FailureKind.CREDENTIAL,
        "SignatureDoesNotMatch": FailureKind.CREDENTIAL,
        "IncompleteSignatureException": FailureKind.CREDENTIAL,
        "MissingAuthenticationTokenException": FailureKind.CREDENTIAL,
        "RequestTimeTooSkewed": FailureKind.CREDENTIAL,
        "RequestExpired": FailureKind.CREDENTIAL,
        "RequestInTheFuture": FailureKind.CREDENTIAL,
        "OptInRequired": FailureKind.CREDENTIAL,
    },
    in_stream={"ValidationException": FailureKind.CALLER_FAULT},
    by_words=(
        # The model's id is ours, and so is the way in which it may be asked: no caller can mend them.
        ("the provided model identifier is invalid", FailureKind.CREDENTIAL),
        ("invocation of model id", FailureKind.CREDENTIAL),
        ("this model doesn't support", FailureKind.CREDENTIAL),
    ),
)


class ConverseWire:
    """Implements `VendorWire` for one endpoint."""

    whole_type: Final = b"application/json"
    stream_type: Final = b"application/vnd.amazon.eventstream"

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint.id
        self._options = converse_options(
            endpoint.transport.deployment,
            endpoint.model,
            endpoint.vendor,
            capabilities=endpoint.capabilities,
            output_limit=endpoint.limits.output_tokens,
        )
        self._thinking = self._options.thinking

    def write(self, call: Call, stream: bool) -> Written:
        try:
            return write_request(call.request, options=self._options, request_id=call.attempt)
        except Unsayable as thing:
            raise _unsayable(self._endpoint, thing) from None

    def read(self, body: bytes, request: Request) -> Reply:
        return read_reply(body, thinking=self._thinking)

    def reader(self, request: Request) -> EventReader:
        return FrameReader(thinking=self._thinking)

    def error(self, status: int, header: Header, body: bytes) -> VendorError:
        return read_error(status, header("x-amzn-errortype"), body)


class VectorsWire:
    """Implements `VendorWire` for one endpoint that makes vectors."""

    whole_type: Final = b"application/json"
    stream_type: Final = b"application/json"

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint.id
        self._model = endpoint.transport.deployment or endpoint.model

    def write(self, call: Call, stream: bool) -> Written:
        try:
            return bedrock_embeddings.write_request(call.request, model=self._model)
        except Unsayable as thing:
            raise _unsayable(self._endpoint, thing) from None

    def read(self, body: bytes, request: Request) -> Reply:
        return bedrock_embeddings.read_reply(body, model=self._model)

    def reader(self, request: Request) -> EventReader:
        raise ProviderFailure(FailureKind.CALLER_FAULT, "vectors do not come as a stream")

    def error(self, status: int, header: Header, body: bytes) -> VendorError:
        return read_error(status, header("x-amzn-errortype"), body)


def _unsayable(endpoint: str, thing: Unsayable) -> ProviderFailure:
    """Not here, but perhaps elsewhere; nothing has left, and the endpoint is not to blame."""
    return ProviderFailure(FailureKind.NOT_READY, f"`{endpoint}`: Bedrock cannot be asked for {thing}")
