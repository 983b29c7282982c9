"""The dialects in which models are asked here, one file each.

A dialect translates and nothing else: `wires/` knows its formats, `edge/door.py` the journey.
"""
