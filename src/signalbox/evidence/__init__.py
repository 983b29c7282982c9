"""Evidence for who does not trust us: packs that verify elsewhere, and events for other people's systems.

    gather      what of the log belongs into a pack
    build       the pack: records, proofs, contents, reports, a manifest that the log's key signed
    statements  what approvers of releases signed, with their names
    plain/      the verifier, in Python's standard library alone; `bundle` makes the pack's verify.py of it;
                it also writes the page that an auditor reads
    told        one decision with what became of it, as exporters are handed it
    purview, ocsf, cloudevents    told → an event

It reads a log that is handed to it and writes into a file that is handed to it; it opens none.
"""
