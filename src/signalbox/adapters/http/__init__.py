"""A small pooled HTTP/1.1 client for vendor endpoints: one intent, one send.

    origin.py      where to: TCP, TLS or a unix socket
    headers.py     request lines and header lines, refused if they could smuggle
    form.py        what the requests of one kind have in common, made once
    connection.py  one connection: parses, keeps time, notices that the peer left
    response.py    what a caller reads from
    pool.py        the connections of one origin
    connect.py     opening one, and why it failed
    client.py      the door

It never retries, never follows a redirect, never asks for compression, keeps no cookies, knows no
proxies, and reads no environment variables.
"""

from signalbox.adapters.http.client import HttpClient
from signalbox.adapters.http.form import Form
from signalbox.adapters.http.headers import Headers
from signalbox.adapters.http.limits import ClientLimits
from signalbox.adapters.http.origin import Origin, parse_base_url
from signalbox.adapters.http.response import Response

__all__ = ["ClientLimits", "Form", "Headers", "HttpClient", "Origin", "Response", "parse_base_url"]
