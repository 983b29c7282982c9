"""Every place in source text that could open a socket, start a process or write to a file.

Found by reading, not by running: each name that stands for such a thing, whether it is called, handed on or
imported under another name. What a value is at run time is not known here, so a method is taken by its name
alone, and one place too many is named rather than one too few. Text that is run (`eval`, `exec`), a module
that is imported by a name made up at run time, and a module handed on whole are places themselves.
"""

import ast
import sys
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Final

from msgspec import Struct

_OPENING: Final = (
    "asyncio.create_subprocess", "asyncio.open_", "asyncio.start_",
    "concurrent.futures.ProcessPoolExecutor", "ctypes", "dbm", "fcntl.ioctl", "ftplib", "http.client",
    "http.server",
    "imaplib", "importlib.import_module", "importlib.metadata.EntryPoint", "logging.FileHandler",
    "logging.StreamHandler", "logging.basicConfig", "logging.config", "logging.getLogger", "logging.handlers",
    "mmap", "multiprocessing",
    "os.exec", "os.fdopen", "os.fork", "os.link", "os.makedirs", "os.memfd_create", "os.mkdir", "os.mkfifo",
    "os.mknod", "os.open", "os.pipe", "os.popen", "os.posix_spawn", "os.pwrite", "os.sendfile", "os.spawn",
    "os.symlink", "os.system", "os.truncate", "os.write", "os.writev",
    "pickle", "poplib", "pty", "runpy", "select.epoll", "shelve", "shutil", "smtplib", "socket",
    "socketserver", "sqlite3.connect",
    "ssl.SSLSocket", "ssl.get_server_certificate", "ssl.wrap_socket", "subprocess", "sys.__stderr__",
    "sys.__stdout__", "sys.stderr", "sys.stdout", "syslog", "tarfile", "telnetlib", "tempfile",
    "urllib.request",
    "webbrowser", "xmlrpc", "zipfile.ZipFile.extract",
)  # fmt: skip
"""Dotted names, and whatever begins with one of them."""

_HARMLESS: Final = (
    "socket.AF_", "socket.SOCK_", "socket.SOL_", "socket.SO_", "socket.TCP_", "socket.IPPROTO",
    "socket.gaierror",
    "socket.timeout", "socket.error", "subprocess.PIPE", "subprocess.DEVNULL", "subprocess.CompletedProcess",
    "subprocess.SubprocessError", "subprocess.CalledProcessError", "subprocess.TimeoutExpired",
    "http.client.HTTPException", "http.client.PARTIAL_CONTENT", "shutil.disk_usage", "shutil.rmtree",
    "shutil.which",
    "urllib.request.Request",
)  # fmt: skip
_MODULES: Final = frozenset((
    "asyncio", "ctypes", "http.client", "logging", "mmap", "multiprocessing", "os", "shutil", "socket",
    "sqlite3", "subprocess", "sys", "tempfile", "urllib.request",
))  # fmt: skip
"""Handed on whole, under which name ever, anything could be done with them."""

_METHODS: Final = frozenset((
    "add_writer", "connect", "connect_accepted_socket", "connect_ex", "connect_read_pipe",
    "connect_write_pipe", "create_connection", "create_datagram_endpoint", "create_server",
    "create_unix_connection", "create_unix_server", "extract", "extractall", "from_url", "hardlink_to",
    "load_extension", "mkdir", "open", "sendall", "sendmsg", "sendto", "sock_connect",
    "sock_sendall", "sock_sendfile", "sock_sendto", "start_tls", "subprocess_exec",
    "subprocess_shell", "symlink_to", "touch",
    "urlopen", "write_bytes", "write_text",
))  # fmt: skip
"""What is done to a loop, a socket, a path or a database, whatever it is called."""

_BUILT_IN: Final = frozenset(("__import__", "compile", "eval", "exec", "open", "print"))
_READ_MODES: Final = frozenset(("r", "rb", "rt", "br"))
OWN: Final = frozenset(("HttpClient",))
"""Classes of ours that are handed what they connect to: who makes one has a way out."""


class Outlet(Struct, frozen=True, order=True):
    """`place` is `module:qualified.name` of the innermost function or class, `what` the name found there."""

    place: str
    line: int
    what: str


def outlets_of(source: str, module: str, inert: Collection[str] = ()) -> list[Outlet]:
    """Those of one module's text. A distribution's package that is not known to be `inert` may do anything:
    to import it is a place of the module's own."""
    visitor = _Visitor(module, inert)
    visitor.visit(ast.parse(source))
    return sorted(set(visitor.found))


def outlets_under(directory: Path, package: str, inert: Collection[str] = ()) -> Iterator[Outlet]:
    """Those of every module of the package that lies in `directory`."""
    for file in sorted(directory.rglob("*.py")):
        yield from outlets_of(file.read_text("utf-8"), module_of(file, directory, package), inert)


def module_of(file: Path, directory: Path, package: str) -> str:
    parts = [package, *file.relative_to(directory).with_suffix("").parts]
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


class _Visitor(ast.NodeVisitor):
    def __init__(self, module: str, inert: Collection[str]) -> None:
        self.found: list[Outlet] = []
        self._module = module
        self._inert = {*inert, *sys.stdlib_module_names, module.partition(".")[0]}
        self._within: list[str] = []
        self._names: dict[str, str] = {}  # as they are called here → as they are called where they come from
        self._used: set[int] = set()  # called other than to read, or handed to a call

    def visit_Import(self, node: ast.Import) -> None:
        for alias in node.names:
            root = alias.name.partition(".")[0]
            self._names[alias.asname or root] = alias.name if alias.asname else root
            self._imported(node, root)

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        self._imported(node, (node.module or "").partition(".")[0])
        for alias in node.names:
            if alias.name == "*":
                self._add(node, f"{node.module}.*")
            self._names[alias.asname or alias.name] = f"{node.module}.{alias.name}"

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        self._within.append(node.name)
        self.generic_visit(node)
        self._within.pop()

    def visit_FunctionDef(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        self._within.append(node.name)
        for part in (*node.decorator_list, node.args, *node.body):
            self.visit(part)
        self._within.pop()

    visit_AsyncFunctionDef = visit_FunctionDef  # noqa: N815 - as `ast` names it

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        # An annotation opens nothing.
        self.visit(node.target)
        if node.value is not None:
            self.visit(node.value)

    def visit_arg(self, node: ast.arg) -> None:
        return

    def visit_Await(self, node: ast.Await) -> None:
        # No file is opened by waiting for it: what has such a method is a room of ours.
        match node.value:
            case ast.Call(func=ast.Attribute(attr="open", value=room), args=arguments):
                for part in (room, *arguments):
                    self.visit(part)
            case _:
                self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> None:
        if not _only_reads(node):
            self._used.add(id(node.func))
        self._used.update(map(id, node.args))
        self.generic_visit(node)

    def visit_Name(self, node: ast.Name) -> None:
        full = self._names.get(node.id, "")
        if not isinstance(node.ctx, ast.Load):
            return
        if full in _MODULES or _opens(full) or full.rpartition(".")[2] in OWN:
            self._add(node, full)
        elif not full and node.id in _BUILT_IN and (node.id != "open" or id(node) in self._used):
            self._add(node, node.id)

    def visit_Attribute(self, node: ast.Attribute) -> None:
        full = self._dotted(node)
        by_name = node.attr in _METHODS and (node.attr != "open" or id(node) in self._used)
        if full and (_opens(full) or full.rpartition(".")[2] in OWN):
            self._add(node, full)
            return
        if by_name and isinstance(node.ctx, ast.Load):
            self._add(node, full or node.attr)
        if not full:
            self.visit(node.value)

    def _dotted(self, node: ast.expr) -> str:
        match node:
            case ast.Name(id=name):
                return self._names.get(name, "")
            case ast.Attribute(value=value, attr=attr):
                before = self._dotted(value)
                return f"{before}.{attr}" if before else ""
            case _:
                return ""

    def _imported(self, node: ast.stmt, root: str) -> None:
        if root not in self._inert:
            self.found.append(Outlet(self._module, node.lineno, f"import {root}"))

    def _add(self, node: ast.expr | ast.stmt, what: str) -> None:
        place = f"{self._module}:{'.'.join(self._within)}" if self._within else self._module
        self.found.append(Outlet(place, node.lineno, what))


def _opens(name: str) -> bool:
    return name.startswith(_OPENING) and not name.startswith(_HARMLESS)


def _only_reads(call: ast.Call) -> bool:
    """Whether it is an `open` whose mode is written here and reads."""
    match call.func:
        case ast.Name(id="open"):
            place = 1
        case ast.Attribute(attr="open"):
            place = 0
        case _:
            return False
    given = [keyword.value for keyword in call.keywords if keyword.arg == "mode"]
    given += call.args[place : place + 1]
    if not given:
        return True
    return len(given) == 1 and isinstance(given[0], ast.Constant) and given[0].value in _READ_MODES
