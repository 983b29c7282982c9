"""Why something is not done with a release.

SignalboxError
└── CallerError
    ├── ReleaseRefused      409  not in this state, or not on these terms
    │   ├── StaleBase       412  another release has been published since it was drafted
    │   └── ProofRefused    409  a proof found a request that breaks an invariant, or none can be had
    └── NotPermitted        403
        ├── SelfApproval    403  who drafted it approves it
        └── ApprovalInvalid 403  no approver's key, or no signature of that key over this
ContentTampered             503  what is kept is not what was approved
"""

from signalbox.domain.errors import Conflict, NotPermitted, PreconditionFailed, SignalboxError


class ReleaseRefused(Conflict):
    code = "release_refused"


class StaleBase(PreconditionFailed):
    code = "stale_base"


class ProofRefused(Conflict):
    """`reasons` has one sentence for each invariant that stands in the way."""

    code = "proof_refused"

    def __init__(self, reasons: tuple[str, ...]) -> None:
        super().__init__("not published: " + "; ".join(reasons))
        self.reasons = reasons


class SelfApproval(NotPermitted):
    code = "self_approval"


class ApprovalInvalid(NotPermitted):
    code = "approval_invalid"


class ContentTampered(SignalboxError):
    code = "release_tampered"
    status = 503
