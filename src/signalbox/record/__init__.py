"""The decision log: sequencing, hashing and verifying what was decided, sent and answered.

`Journal` is the one writer's side, `verify` the doubter's. How bytes are kept is a store's business
(`ports.log.LogStore`); nothing here knows SQL or file formats.
"""
