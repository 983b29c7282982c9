"""The verifier of evidence packs, for machines that are not ours: Python's standard library, nothing else.

`signalbox.evidence.bundle` makes one file of these, which stands in every pack as `verify.py`. So nothing
here imports anything of this project but each other, and a name stands for one thing in all of them.
"""
