"""What lets requests in at Azure, whichever of its services: an `api-key`, or a token of Microsoft Entra ID.

access.py     which of the two an endpoint takes
entra.py      tokens: kept until shortly before they expire, fetched once however many wait
identity.py   where tokens come from: the `azure-identity` package, loaded when the first is needed
"""
