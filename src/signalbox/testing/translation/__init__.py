"""What becomes of each feature between each client's dialect and each vendor's, found by trying it.

    python -m signalbox.testing.translation > docs/reference/translation.md

A feature of requests starts as a domain `Request`, is written as a client of the dialect would send it, read
as our door reads it, put to the vendor's wire as a provider does, and read back as the vendor's server would.
A feature of replies goes the other way, whole and as a stream. What arrives is compared with what set out:
what differs must have been named by a note, or this module says "lost". It opens no socket; the vendors' own
SDKs hold the wires to the truth elsewhere (`tests/contract`).
"""
