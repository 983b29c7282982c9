"""Releases: what may be asked where, as one numbered and hashed text that two people answer for.

    content      what a release is: the governed texts, and the terms on which the next one is approved
    statement    what an approver signs
    acts         what is done with releases
    history      what those acts come to: which releases there are, and which is in force
    steps        draft, prove, simulate, approve, publish, roll back, withdraw: what may be done next
    audit        the same, checked again from what is kept, by somebody who trusts nobody
    words        what one content changes in another, for people

Pure. It reads no settings, compiles no policy and proves nothing: it is handed what came of that.
"""

from signalbox.governance.releases.acts import (
    KINDS,
    Approved,
    Drafted,
    Proved,
    Published,
    RolledBack,
    Simulated,
    Withdrawn,
)
from signalbox.governance.releases.audit import audit
from signalbox.governance.releases.content import (
    Approver,
    ReleaseContent,
    SourceText,
    Terms,
    content_of,
    kept_content,
    read_content,
)
from signalbox.governance.releases.history import Release, Releases
from signalbox.governance.releases.proofs import ReleaseProof, blockers, finding_words, proof_of
from signalbox.governance.releases.refusals import (
    ApprovalInvalid,
    ContentTampered,
    ProofRefused,
    ReleaseRefused,
    SelfApproval,
    StaleBase,
)
from signalbox.governance.releases.statement import Statement, check_signature, key_text, public_bytes
from signalbox.governance.releases.words import Governed, change_words

__all__ = [
    "KINDS",
    "ApprovalInvalid",
    "Approved",
    "Approver",
    "ContentTampered",
    "Drafted",
    "Governed",
    "ProofRefused",
    "Proved",
    "Published",
    "Release",
    "ReleaseContent",
    "ReleaseProof",
    "ReleaseRefused",
    "Releases",
    "RolledBack",
    "SelfApproval",
    "Simulated",
    "SourceText",
    "StaleBase",
    "Statement",
    "Terms",
    "Withdrawn",
    "audit",
    "blockers",
    "change_words",
    "check_signature",
    "content_of",
    "finding_words",
    "kept_content",
    "key_text",
    "proof_of",
    "public_bytes",
    "read_content",
]
