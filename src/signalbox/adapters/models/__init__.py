"""The model files that run on this machine: which they are, where they lie, and how they get there.

Running them is `adapters.providers.embedded`'s duty, not this room's.
"""
