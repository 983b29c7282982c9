"""Issuers' key sets, over HTTP and from files."""
