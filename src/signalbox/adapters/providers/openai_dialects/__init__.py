"""OpenAI's dialects as an exchange speaks them: for every vendor that serves one of them.

    chat.py         Chat Completions
    responses.py    Responses
    embeddings.py   Embeddings
    expressed.py    what each can say, as Capability bits

They add to the wires nothing but which of their forms an endpoint takes.
"""
