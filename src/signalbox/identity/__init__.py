"""Bearer tokens of OpenID Connect issuers: which issuers are trusted, their keys, token → principal.

It deliberately speaks to no network: key sets come through `ports.key_sets`.
"""
