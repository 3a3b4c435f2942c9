r"""Notes which files Python code opens, for ``repro run``. Runs inside the user's program.

`repro run` puts this directory first on the child's PYTHONPATH, so that every Python of the run
imports this file at start-up, as it would any ``sitecustomize``. It hands on to the one it stands
in front of, writes who was started, and listens (3.8 and later) to the audit event "open". What C
libraries open by themselves is not seen here.

The trace is shared by all processes of a run; each record is one append, ended by a NUL::

    p {dict}   a Python was started; the dict is a literal
    r PATH     a file is opened for reading: absolute, an existing regular file
    w PATH     a file is opened for writing, or something is renamed to it
    o          this process opened more files than are kept
    s TEXT     a ``sitecustomize`` of the user's raised this
    x {dict}   the process ends: its pid, and facts about what it had loaded
    m PID\n... files of the modules it had loaded from the environment, a line each
    f PID\n... the same from elsewhere

The user's program comes first: nothing is imported that ``site`` has not loaded, nothing is
printed, and every exception of ours is swallowed on purpose. Types stand in comments and the syntax
is that of Python 2.7, where this does nothing but write the first record.
"""

# ruff: noqa: ANN001, ANN202, ANN204, C402, F401, UP004, UP031

import os
import sys

MYPY = False
if MYPY:
    from typing import Any

_LIMIT = 100000  # files a process; about 16 MB of its memory
_HERE = os.path.dirname(os.path.abspath(__file__))
_EVENTS = frozenset(("open", "os.rename", "sqlite3.connect", "import"))
_WORKERS = ("from multiprocessing.", "joblib.externals.loky.", "loky.backend.")


def _facts():
    # type: () -> dict[str, object]
    argv = getattr(sys, "orig_argv", None)
    if argv is None:
        try:
            with open("/proc/self/cmdline", "rb") as stream:
                argv = [os.fsdecode(arg) for arg in stream.read().split(b"\0")[:-1]]
        except Exception:  # on purpose: to know the command line is not worth the user's program
            argv = []
    try:
        cwd = os.getcwd()
    except OSError:  # it was removed
        cwd = ""
    flags = ("hash_randomization", "optimize", "isolated", "no_user_site")
    return {
        "pid": os.getpid(),
        "ppid": os.getppid(),
        "executable": sys.executable,
        "version": "%d.%d.%d" % sys.version_info[:3],
        "build": sys.version,
        "implementation": getattr(getattr(sys, "implementation", None), "name", "cpython"),
        "prefix": sys.prefix,
        "base_prefix": getattr(sys, "base_prefix", sys.prefix),
        "path": list(sys.path),
        "argv": list(argv),
        "cwd": cwd,
        "flags": dict((name, int(getattr(sys.flags, name, 0))) for name in flags),
    }


def _quiet(trace, facts):
    # type: (str, dict[str, object]) -> tuple[str, ...]
    """Returns beginnings of paths that belong to the environment or the system, not to the run."""
    quiet = [trace, _HERE + "/", "/proc/", "/sys/", "/dev/", "/etc/", "/lib/", "/lib64/"]
    quiet += ["/usr/lib/", "/usr/lib32/", "/usr/lib64/"]
    quiet += ["/usr/share/" + name for name in ("zoneinfo/", "locale/", "mime/", "fonts/")]
    quiet.append(os.path.dirname(os.__file__) + "/")
    for entry in sys.path:
        if entry.endswith(("/site-packages", "/dist-packages")):
            quiet.append(entry + "/")
    here = str(facts["cwd"]) + "/"
    for prefix in (sys.prefix.rstrip("/"), sys.base_prefix.rstrip("/")):
        # A project inside of a prefix, or next to a system's Python, is not the environment.
        if prefix in ("", "/usr", "/usr/local") or here.startswith(prefix + "/"):
            quiet += [prefix + "/lib/", prefix + "/bin/", prefix + "/include/"]
        else:
            quiet.append(prefix + "/")
    return tuple(quiet)


class _Recorder(object):
    """Writes to the trace what the audit hook hears. It holds no lock and keeps no record back."""

    def __init__(self, trace):
        # type: (str) -> None
        self.trace = trace
        self.fd = self.open()
        status = os.fstat(self.fd)
        self.file = (status.st_dev, status.st_ino)
        self.quiet = ()  # type: tuple[str, ...]
        self.seen = set()  # type: set[str]

    def open(self):
        # type: () -> int
        return os.open(self.trace, os.O_WRONLY | os.O_APPEND | getattr(os, "O_CLOEXEC", 0))

    def send(self, record):
        # type: (bytes) -> None
        """Appends a record; when that fails this process writes no more."""
        try:
            if not self.is_open():
                self.fd = self.open()
            os.write(self.fd, record)
        except OSError:
            self.fd = -1
            raise

    def is_open(self):
        # type: () -> bool
        """Tells whether the descriptor is still the trace.

        A daemon closes all it has, and the number may be a file of the program by now.
        """
        try:
            status = os.fstat(self.fd)
        except OSError:
            return False
        return (status.st_dev, status.st_ino) == self.file

    def heard(self, event, args):
        # type: (str, tuple[Any, ...]) -> None
        if self.fd < 0:
            return
        try:
            if event == "open":
                path = args[0]
                # Nine of ten are modules of the environment.
                if type(path) is not str or not path.startswith(self.quiet):
                    self.opened(*args)
            elif event == "import":
                if args[1] is not None:  # an extension, which the dynamic linker opens
                    self.note("r ", args[1])
            elif event == "os.rename":
                if args[3] == -1:
                    self.note("w ", args[1])
            else:
                self.connected(args[0])
        except Exception:
            # On purpose: an exception here would become one of the user's open(). A path that is
            # gone, a removed working directory, a full disk: the program goes on unseen.
            pass

    def opened(self, path, mode, flags):
        # type: (Any, object, int) -> None
        if type(path) is int:  # a descriptor, opened before
            return
        if type(mode) is str:
            reads = "r" in mode
            writes = "w" in mode or "+" in mode or "a" in mode or "x" in mode
        else:  # os.open
            access = flags & (os.O_WRONLY | os.O_RDWR)
            reads = access == os.O_RDONLY or (access == os.O_RDWR and not flags & os.O_CREAT)
            writes = access != os.O_RDONLY
        if reads:
            self.note("r ", path)
        if writes:
            self.note("w ", path)

    def connected(self, path):
        # type: (Any) -> None
        name = os.fsdecode(path)
        if name[:5] == "file:":
            name = name[5:].partition("?")[0]
        if name and name[:1] != ":":
            self.note("r ", name)

    def note(self, kind, path):
        # type: (str, Any) -> None
        name = os.fsdecode(path)
        if name[:1] != "/":
            name = os.getcwd() + "/" + name
        key = kind + name
        if name.startswith(self.quiet) or key in self.seen:
            return
        if kind == "r ":
            # Only what is there can be an input; directories, pipes and devices are none.
            if os.stat(name).st_mode & 0o170000 != 0o100000:
                return
        elif "/__pycache__/" in name:
            return
        if len(self.seen) < _LIMIT:
            self.seen.add(key)
            self.send(os.fsencode(key) + b"\0")
        else:
            self.send(b"o \0")
            self.fd = -1


def _hook_of(recorder):
    # type: (_Recorder) -> Any
    """Returns the audit hook: a plain function, called some 60,000 times for a large import.

    A method would take three times as long, since Python looks for an attribute of it each time.
    """
    events = _EVENTS
    heard = recorder.heard

    def hook(event, args):
        # type: (str, tuple[Any, ...]) -> None
        if event in events:
            heard(event, args)

    return hook


def _said(error):
    # type: (BaseException) -> bytes
    """Returns what an exception says, without what would end a record."""
    try:
        text = ("%s: %s" % (type(error).__name__, error))[:500].replace("\0", "")  # type: Any
        return text if type(text) is bytes else text.encode("utf-8", "replace")
    except Exception:  # on purpose: it cannot even be printed
        return type(error).__name__.encode("utf-8")


def _install(trace, failure):
    # type: (str, bytes | None) -> None
    facts = _facts()
    recorder = _Recorder(trace)
    text = ascii(facts) if sys.version_info[0] > 2 else repr(facts)
    recorder.send(b"p " + text.encode("ascii") + b"\0")
    if failure is not None:
        recorder.send(b"s " + failure + b"\0")
    if hasattr(sys, "addaudithook"):
        import atexit  # a built-in module; what is registered first is called last

        recorder.quiet = _quiet(trace, facts)
        sys.addaudithook(_hook_of(recorder))
        argv = facts["argv"]  # type: Any
        # Workers are many, and what they load their parent has loaded.
        if not any(word.startswith(_WORKERS) for word in argv):
            atexit.register(_at_exit, recorder, os.getpid(), dict(os.environ))
    else:
        os.close(recorder.fd)


def _at_exit(recorder, pid, started_with):
    # type: (_Recorder, int, dict[str, str]) -> None
    """Writes what the process has loaded; not that of a fork that ends like its parent."""
    quiet, recorder.quiet = recorder.quiet, ("/",)  # what is opened for this is not the program's
    try:
        if os.getpid() != pid:
            return
        # Its bytecode is kept as for any module, but it is none of the program's modules.
        importer = sys.modules["_frozen_importlib_external"]  # type: Any
        code = importer.SourceFileLoader("repro_exit", _HERE + "/repro_exit.py").get_code(
            "repro_exit"
        )
        place = {"__name__": "repro_exit"}  # type: dict[str, Any]
        exec(code, place)  # noqa: S102 - ours
        for record in place["records"](started_with, quiet):
            recorder.send(record + b"\0")
    except BaseException:
        # On purpose: the program has ended, and an impatient Ctrl-C is to find nothing new here.
        pass
    finally:
        recorder.quiet = quiet


def _hand_on():
    # type: () -> None
    """Imports the sitecustomize that would have been found without this one, if there is one.

    Its errors are raised, for ``site`` to report as it always does.
    """
    this = sys.modules.pop("sitecustomize", None)
    try:
        __import__("sitecustomize")
    except ImportError as error:
        if getattr(error, "name", "sitecustomize") != "sitecustomize":
            raise
        if this is not None:
            sys.modules["sitecustomize"] = this


def _main():
    # type: () -> None
    # PYTHONPATH stays, so that Pythons started from this one are seen too.
    sys.path[:] = [entry for entry in sys.path if entry != _HERE]
    failure = None  # type: bytes | None
    try:
        _hand_on()
    except BaseException as error:
        failure = _said(error)
        raise
    finally:
        trace = os.environ.get("REPRO_TRACE")
        if trace:
            try:
                _install(trace, failure)
            except Exception:
                # On purpose: without its trace the program still has to run.
                pass


if __name__ == "sitecustomize":
    _main()
