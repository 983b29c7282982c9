"""What a vendor would keep of earlier answers, for clients that ask for it: nothing is kept here.

`/v1/responses/{id}` and what lies under it. Each answer is told once, to whoever asked for it; the decision
log holds no content.
"""

from signalbox.domain.errors import NotFound, SignalboxError
from signalbox.domain.principal import Principal
from signalbox.edge.context import Headers
from signalbox.edge.gate import Gate, Receive, Scope, Send, allow, answer_error
from signalbox.edge.problems import OPENAI


class NothingStored:
    def __init__(self, gate: Gate) -> None:
        self._gate = gate

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        principal: Principal | None = None
        try:
            allow(scope, "GET", "DELETE", "POST")
            principal = await self._gate.caller(Headers(scope["headers"]))
            raise NotFound("no response is kept here, so there is none to fetch, continue, cancel or delete")
        except SignalboxError as error:
            self._gate.write_down(principal, error)
            await answer_error(send, error, receive, OPENAI)
