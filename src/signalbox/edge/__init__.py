"""HTTP: one file a dialect, and the limits that keep a caller from hurting others.

It authenticates, translates and answers; it decides nothing.
"""
