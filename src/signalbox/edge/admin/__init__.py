"""The admin API under `/admin/v1`: resources as tables of operations. Each area has one file here.

To add one, declare structs for what is asked (frozen, unknown fields forbidden) and answered, a small
Protocol of what is needed, and a function that gives the operations:

    class PlanView(Struct, frozen=True):
        id: str
        steps: int

    class PlanWanted(Struct, frozen=True, forbid_unknown_fields=True):
        steps: Annotated[int, Meta(ge=1, le=9)]

    def operations(plans: Plans, board: Acting) -> tuple[Operation, ...]:
        async def listed(asked: Asked) -> Page[PlanView]:
            return asked.page(map(_view, plans.of(asked.tenant)), key=lambda view: view.id)

        async def change(asked: Asked) -> PlanView:
            wanted: PlanWanted = asked.body

            def propose() -> Sequence[Proposal]:
                plan = plans.find(asked.tenant, asked.path["plan"])  # raises NotFound
                asked.match(_view(plan))  # If-Match: 412, 428
                return [governance.plans.changed(plan, wanted.steps)]  # raises Conflict, NotPermitted

            await board.act(asked.by, propose)
            return _view(plans.find(asked.tenant, asked.path["plan"]))

        return (
            Operation(method="GET", path="/plans", summary="Plans", handler=listed, action="tenant.read",
                      answer=Page[PlanView], query=Paging),
            Operation(method="PUT", path="/plans/{plan}", summary="Change a plan", handler=change,
                      action="tenant.manage", answer=PlanView, body=PlanWanted, matched=True),
        )

and name them in `signalbox.administration`. Roles, tenants, paging, strict bodies, entity tags,
problem details and the OpenAPI document follow from the declaration. INVARIANT: a handler looks things up
within `asked.tenant` only, so that what is another tenant's is not found.
"""

from signalbox.edge.admin.acting import Acting
from signalbox.edge.admin.api import AdminApi
from signalbox.edge.admin.operation import Answer, Asked, Nothing, Operation, Page, Paging, etag

__all__ = ["Acting", "AdminApi", "Answer", "Asked", "Nothing", "Operation", "Page", "Paging", "etag"]
