"""Frozen values that every room speaks in, and the error family.

Nothing here acts: no clock, no randomness, no sockets, no SQL. Times are integers of microseconds,
money is an integer of nano-units of a currency, quality is an integer of 1e-4, so that two machines
that decide from the same inputs decide the same.
"""
