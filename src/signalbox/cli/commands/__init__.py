"""Every command's name, options and help, a module to a subject.

A module offers `commands`; what a command does stands in the module that it imports when it is called, so
that `signalbox --help` loads no server and no policy engine.
"""
