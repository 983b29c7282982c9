"""A transparency log: Merkle trees as RFC 6962 hashes them, in the formats of C2SP.

It needs Python and `cryptography` and nothing else of this project, so that who does not trust us can run
it alone: msgspec, settings and stores are not imported here. It opens no file and knows no time.

Sources: RFC 6962 §2.1; c2sp.org/signed-note, /tlog-checkpoint, /tlog-tiles, /tlog-cosignature, /tlog-proof
and /tlog-witness.
"""
