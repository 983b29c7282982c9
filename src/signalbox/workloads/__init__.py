"""The suite's features on real documents: read → ask → validate → render, one package an app.

A workload is one operation. It asks a model for JSON and nothing else, through the same pipeline as any
request; what comes is validated by code before anything is rendered, and rendered by code.
"""
