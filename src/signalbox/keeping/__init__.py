"""Content that tenants want kept: sealed under a key per subject, read back by few, erased by destroying the
key. Off unless a tenant says otherwise.

rules.py      what may be kept, where and until when
envelope.py   content and data keys → ciphertext, bound to where it belongs
data_keys.py  the keys of subjects: made, kept under their tenant's, known for a while
keeper.py     from a request that is answered to the store, beside the requests
chest.py      the store and the log together: what is kept, checked against what was written down
eraser.py     a subject erased, step by step, from wherever it was interrupted
sweeper.py    what has to be done from time to time
"""
