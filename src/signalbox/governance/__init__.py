"""Governance: what the acts of administrators, authors and approvers come to. One file an area; pure.

Each has the contents of its acts, a projection that folds them, and functions that check what somebody wants
and answer with the acts to do it by (`domain.acts.Proposal`) or raise a member of the error family.
"""
