"""Formats: client and vendor bytes ↔ domain values, pure and shared by both sides.

Nothing here opens a connection, knows a clock, or decides where a request goes.
"""
