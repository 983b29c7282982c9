"""The built-in invariants, in the language that they are used from."""

from typing import Final

BUILT_IN: Final = """
# Content stays within the request's data boundary: where inference may run, and where data rests.
invariant residency for every tenant:
    deny when any request on outside the boundary

# Confidential data stays in the tenant's home cloud or on its own machines.
invariant home-cloud for every tenant:
    deny when sensitivity >= confidential
    on not (cloud is home or cloud is "on-premises")

# Nobody trains models on the data.
invariant no-training for every tenant:
    deny when any request on trains on data

# Highly confidential data is not kept.
invariant no-retention for every tenant:
    deny when sensitivity >= highly-confidential on retention is not "none"

# Health data goes where a business associate agreement stands, or stays on one's own machines.
invariant health-agreement for every tenant:
    deny when category "health"
    on not (certification "hipaa-baa" or cloud is "on-premises" and operator is "self")

# Passwords and keys stay on one's own machines.
invariant credentials-at-home for every tenant:
    deny when category "credentials"
    on not (cloud is "on-premises" and operator is "self")

# An endpoint is used within its lifecycle only.
invariant lifecycle for every tenant:
    deny when any request on not available
"""
