"""Several processes, one writer: the decision log over a unix socket.

Who holds the lease serves it (`server`); who does not hands its records in through `client`. The socket
carries one protocol between one version of the two (`frames`); it is not for the network.
"""
