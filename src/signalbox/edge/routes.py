"""Which path is which dialect's door: those under `/v1` as the vendors name them, and Azure's."""

from typing import NamedTuple

from signalbox.edge import azure
from signalbox.edge.dialects.openai_chat import OpenAIChat
from signalbox.edge.door import Door
from signalbox.edge.gate import Gate, Handler
from signalbox.edge.models import Models


class Doors(NamedTuple):
    """By exact path, and by the beginning of one."""

    routes: dict[str, Handler]
    under: dict[str, Handler]


def doors(gate: Gate) -> Doors:
    """For callers; the operators' stand in `operations.py`."""
    chat = Door(gate, OpenAIChat())
    routes: dict[str, Handler] = {
        "/v1/chat/completions": chat,
        "/openai/v1/chat/completions": chat,
    }
    under: dict[str, Handler] = {azure.PREFIX: azure.Deployments({"chat/completions": chat})}
    for root in ("/v1/models", "/openai/v1/models", "/openai/models"):
        routes[root] = under[f"{root}/"] = Models(gate, root)
    return Doors(routes, under)
