#!/usr/bin/env python3
"""The Python endpoint: sockets as module socket gives them, driven line by line as docs/endpoint-protocol.md says.

    python3 endpoint.py        (3.8 or later; then paste a line, such as)
    {"id":1,"socket":"client","call":"socket","family":"inet"}

What Python does differently:

- Every errno is an exception, and some have a class of their own: BrokenPipeError, ConnectionResetError.
- A closed socket has the number -1, so whatever is done with it afterwards is EBADF from the kernel. Closing it again
  does nothing.
- A timeout belongs to the socket and not to one call. While one is set, the descriptor does not block, and Python polls
  it before each call. A call without a deadline that begins meanwhile has the timeout too, and may end with
  "TimeoutError: timed out": then the outcome is the library's error, not a deadline that passed.
- A call that a signal interrupts is made again (PEP 475): EINTR is never seen.
- SIGPIPE is ignored from the start.
"""

import binascii
import contextlib
import functools
import json
import operator
import os
import re
import select
import signal
import socket
import struct
import sys
import threading
import time
import traceback

VERSION = 2  # of the protocol
MOST = 64 << 20  # bytes in one read or write
LONGEST_LINE = 2 * MOST + (64 << 10)  # the longest write in hexadecimal, and what is around it
KEPT = 1024  # of the bytes that were read, so many are told
SHOWN = 32  # of the bytes to write, so many are shown
LONGEST_WAIT = 2**31 - 1  # milliseconds: poll(2) takes an int

READ_FLAGS = {"peek": "MSG_PEEK", "waitall": "MSG_WAITALL", "dontwait": "MSG_DONTWAIT", "oob": "MSG_OOB"}
WRITE_FLAGS = {"nosignal": "MSG_NOSIGNAL", "oob": "MSG_OOB", "dontwait": "MSG_DONTWAIT"}
EVENTS = {name: "POLL" + name.upper() for name in ("in", "pri", "out", "rdhup", "err", "hup", "nval")}
HEXADECIMAL = "an even number of hexadecimal digits"
HOW = {"read": "SHUT_RD", "write": "SHUT_WR", "both": "SHUT_RDWR"}
FAMILIES = {"inet": "AF_INET", "inet6": "AF_INET6"}

# Each option's form in C: a struct for the struct module, or None for O_NONBLOCK, which is no option of a socket.
OPTIONS = {
    "SO_LINGER": "ii", "SO_REUSEADDR": "i", "SO_REUSEPORT": "i", "TCP_NODELAY": "i", "TCP_CORK": "i",
    "SO_KEEPALIVE": "i", "TCP_KEEPIDLE": "i", "TCP_KEEPINTVL": "i", "TCP_KEEPCNT": "i", "TCP_USER_TIMEOUT": "i",
    "TCP_SYNCNT": "i", "TCP_DEFER_ACCEPT": "i", "SO_RCVBUF": "i", "SO_SNDBUF": "i", "SO_RCVTIMEO": "ll",
    "SO_SNDTIMEO": "ll", "O_NONBLOCK": None, "TCP_LINGER2": "i",
}  # fmt: skip

UNSUPPORTED = {
    "disconnect": "an address of the socket module has the socket's own family, never AF_UNSPEC",
    "interrupt": "Python makes a call again that a signal interrupted (PEP 475)",
}

lock = threading.Lock()  # over the three below
sockets = {}  # by name; also the closed ones
displaced = []  # sockets whose name went to another: the garbage collector would close them
in_flight = set()  # ids
output = threading.Lock()


class Refused(Exception):
    """The request cannot be carried out; one sentence."""


class DeadlineExceeded(Exception):
    """Our own deadline passed; so many bytes had been written."""


# --- What a request says ---


def must(name, what):
    return Refused(f"the field {name} must be {what}")


def field(request, name, kind, what):
    value = request.get(name)
    if not isinstance(value, kind) or isinstance(value, bool):
        raise must(name, what)
    return value


def number(request, name, least, most):
    what = f"a whole number from {least} to {most}"
    value = field(request, name, int, what)
    if not least <= value <= most:
        raise must(name, what)
    return value


def word(request, name, words):
    what = f"one of {', '.join(words)}"
    value = field(request, name, str, what)
    if value not in words:
        raise must(name, what)
    return words[value]


def constants(request, name, words, module):
    """The names of constants and all of them in one number: ("MSG_PEEK | MSG_OOB", 3)."""
    what = f"a list of {', '.join(words)}"
    listed = field(request, name, list, what)
    if not all(isinstance(item, str) and item in words for item in listed):
        raise must(name, what)
    names = [words[item] for item in listed]
    text = " | ".join(f"{module.__name__}.{name}" for name in names)
    return text, functools.reduce(operator.or_, (getattr(module, name) for name in names), 0)


def flags_of(request, words):
    return constants({"flags": [], **request}, "flags", words, socket)


def a_name(request, key="socket"):
    name = request.get(key)
    if not isinstance(name, str) or not re.fullmatch(r"[A-Za-z][A-Za-z0-9_-]{0,23}", name):
        raise Refused("a socket's name is a letter, then letters, digits, - and _, at most 24 in all")
    return name


def an_address(request):
    """The pair that the socket module takes. No name of a host: Python would look it up."""
    host, _, port = str(request.get("address")).rpartition(":")
    six = re.fullmatch(r"\[(.*)\]", host)
    host = six[1] if six else host
    try:
        socket.inet_pton(socket.AF_INET6 if six else socket.AF_INET, host.partition("%")[0])
        if re.fullmatch("[0-9]{1,5}", port) and int(port) < 65536:
            return host, int(port)
    except (OSError, ValueError):
        pass
    raise Refused("an address is like 10.0.0.2:8080 or [fd00::2]:8080")


def a_deadline(request):
    return number(request, "deadline", 0, 2**32 - 1) if "deadline" in request else None


# --- The calls: each is a generator that yields its text, and after that makes the call and returns its value ---


def adopt(name, sock):
    with lock:
        if name in sockets:
            displaced.append(sockets[name])
        sockets[name] = sock
    return {"descriptor": {"fd": sock.fileno()}}


timeouts = {}  # by socket: the timeout that it had, and how many calls with a deadline are under way


def seconds(ms):
    # A timeout of 0 would mean something else to Python: not to wait at all, and to raise BlockingIOError.
    return min(max(ms, 1), LONGEST_WAIT) / 1000


@contextlib.contextmanager
def timeout(sock, ms):
    """Inside, the socket has this timeout in milliseconds. Of calls at the same time, the last to end gives it back."""
    if ms is None:
        yield
        return
    with lock:
        before = sock.gettimeout()
        sock.settimeout(seconds(ms))
        before, calls = timeouts.get(sock, (before, 0))
        timeouts[sock] = before, calls + 1
    try:
        yield
    finally:
        with lock:
            before, calls = timeouts.pop(sock)
            if calls > 1:
                timeouts[sock] = before, calls - 1
            else:
                with contextlib.suppress(OSError):  # closed meanwhile
                    sock.settimeout(before)


def with_timeout(text, ms):
    return text if ms is None else f"sock.settimeout({seconds(ms):g}); {text}"


def make_socket(request):
    name, family = a_name(request), word(request, "family", FAMILIES)
    yield f"socket.socket(socket.{family})"
    return adopt(name, socket.socket(getattr(socket, family)))


def bind(request, sock):
    address = an_address(request)
    yield f"sock.bind({address})"
    sock.bind(address)


def listen(request, sock):
    backlog = number(request, "backlog", -(2**31), 2**31 - 1)
    yield f"sock.listen({backlog})"
    sock.listen(backlog)


def accept(request, sock):
    name = a_name(request, "as")
    yield "sock.accept()"
    accepted, (host, port, *_) = sock.accept()
    value = adopt(name, accepted)
    value["descriptor"]["peer"] = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    return value


def connect(request, sock):
    address, ms = an_address(request), a_deadline(request)
    yield with_timeout(f"sock.connect({address})", ms)
    with timeout(sock, ms):
        sock.connect(address)


def read(request, sock):
    n, ms = number(request, "n", 0, MOST), a_deadline(request)
    names, flags = flags_of(request, READ_FLAGS)
    yield with_timeout(f"sock.recv({n}, {names})" if names else f"sock.recv({n})", ms)
    with timeout(sock, ms):
        data = sock.recv(n, flags)
    return {"read": {"n": len(data), "data": data[:KEPT].hex()}}


def write(request, sock):
    try:
        data = binascii.unhexlify(field(request, "data", str, HEXADECIMAL))
    except ValueError:
        raise must("data", HEXADECIMAL) from None
    repeat = number(request, "repeat", 0, MOST) if "repeat" in request else 1
    if len(data) * repeat > MOST:
        raise Refused(f"a write of {len(data)} bytes {repeat} times is too large, {MOST} is the most")
    names, flags = flags_of(request, WRITE_FLAGS)
    ms = a_deadline(request)
    text = repr(data[:SHOWN]) + ("..." if len(data) > SHOWN else "")
    text += f" * {repeat}" if repeat != 1 else ""
    text = f"sock.send({text}, {names})" if names else f"sock.send({text})"
    yield with_timeout(text, ms) + ("" if ms is None else "  # until all is sent")
    if ms is None:
        return {"written": {"n": sock.send(data * repeat, flags)}}
    return {"written": {"n": send_all(sock, memoryview(data * repeat), flags, ms)}}


def send_all(sock, data, flags, ms):
    """Does what sendall does, which would not tell how much was sent when the time is up."""
    end = time.monotonic() + seconds(ms)
    sent = 0
    with timeout(sock, ms):
        while True:
            try:
                sent += sock.send(data[sent:], flags)
            except socket.timeout as error:
                if error.errno is None:  # else it is ETIMEDOUT, from the kernel
                    raise DeadlineExceeded(sent) from error
                raise
            if sent == len(data):
                return sent
            # Each send has the whole timeout again, unless told what is left of it.
            sock.settimeout(max(end - time.monotonic(), 0.001))


def shutdown(request, sock):
    how = word(request, "how", HOW)
    yield f"sock.shutdown(socket.{how})"
    sock.shutdown(getattr(socket, how))


def close(_request, sock):
    yield "sock.close()"
    sock.close()


def linger_close(request, sock):
    linger = number(request, "seconds", 0, 2**16 - 1) if request["call"] == "linger-close" else 0
    yield f"{option_text('SO_LINGER', linger)}; sock.close()"
    set_socket_option(sock, "SO_LINGER", linger)
    sock.close()


def dup(request, sock):
    name = a_name(request, "as")
    yield "sock.dup()"
    return adopt(name, sock.dup())


def poll(request, sock):
    names, events = constants(request, "events", EVENTS, select)
    ms = min(number(request, "timeout", 0, 2**32 - 1), LONGEST_WAIT)
    yield f"poller.register(sock, {names or 0}); poller.poll({ms})"
    poller = select.poll()
    poller.register(sock, events)
    ready = sum(bits for _, bits in poller.poll(ms))
    return {"ready": {"events": [name for name in EVENTS if ready & getattr(select, EVENTS[name])]}}


def so_error(_request, sock):
    yield "sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)"
    return {"pending-error": {"error": sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) or None}}


def option_text(name, value=None):
    """How a programmer reads the option, or sets it."""
    form = OPTIONS[name]
    if form is None:
        return "os.get_blocking(sock.fileno())" if value is None else f"sock.setblocking({not value})"
    level = "SOL_SOCKET" if name.startswith("SO_") else "IPPROTO_TCP"
    place = f"socket.{level}, socket.{name}"
    if value is None:
        return f"sock.getsockopt({place}{'' if form == 'i' else f', {struct.calcsize(form)}'})"
    if form == "i":
        return f"sock.setsockopt({place}, {value})"
    return f"sock.setsockopt({place}, struct.pack('{form}', {', '.join(map(str, members(name, value)))}))"


def members(name, value):
    """The members of a struct linger or a struct timeval."""
    if name == "SO_LINGER":
        return (0, 0) if value < 0 else (1, value)
    return value // 1000, value % 1000 * 1000


def get_socket_option(sock, name):
    form = OPTIONS[name]
    if form is None:
        # Not sock.getblocking(): that is what Python remembers, this is what the kernel has.
        return int(not os.get_blocking(sock.fileno()))
    level = socket.SOL_SOCKET if name.startswith("SO_") else socket.IPPROTO_TCP
    if form == "i":
        return sock.getsockopt(level, getattr(socket, name))
    first, second = struct.unpack(form, sock.getsockopt(level, getattr(socket, name), struct.calcsize(form)))
    if name == "SO_LINGER":
        return second if first else -1
    return first * 1000 + second // 1000


def set_socket_option(sock, name, value):
    form = OPTIONS[name]
    if form is None:
        sock.setblocking(not value)
        return
    level = socket.SOL_SOCKET if name.startswith("SO_") else socket.IPPROTO_TCP
    sock.setsockopt(level, getattr(socket, name), value if form == "i" else struct.pack(form, *members(name, value)))


def an_option(request):
    return word(request, "option", {name: name for name in OPTIONS})


def get_option(request, sock):
    name = an_option(request)
    yield option_text(name)
    return {"options": {"readings": [{"option": name, "value": get_socket_option(sock, name)}]}}


def set_option(request, sock):
    name, value = an_option(request), number(request, "value", -(2**63), 2**63 - 1)
    yield option_text(name, value)
    set_socket_option(sock, name, value)


def options(_request, sock):
    yield f"sock.getsockopt(...)  # each of {len(OPTIONS)}"
    readings, failed = [], []
    for name in OPTIONS:
        try:
            readings.append({"option": name, "value": get_socket_option(sock, name)})
        except OSError as error:
            readings.append({"option": name, "errno": error.errno})
            failed.append(error)
    if len(failed) == len(OPTIONS):
        raise failed[0]
    return {"options": {"readings": readings}}


def sigpipe(request):
    disposition = word(request, "disposition", {"default": "SIG_DFL", "ignore": "SIG_IGN"})
    yield f"signal.signal(signal.SIGPIPE, signal.{disposition})"
    signal.signal(signal.SIGPIPE, getattr(signal, disposition))


ON_A_SOCKET = {
    "bind": bind, "listen": listen, "accept": accept, "connect": connect, "read": read, "write": write,
    "shutdown": shutdown, "close": close, "rst-close": linger_close, "linger-close": linger_close, "dup": dup,
    "poll": poll, "so-error": so_error, "options": options, "get-option": get_option, "set-option": set_option,
}  # fmt: skip


# --- Requests and replies ---


def reply(kind, **fields):
    """Writes one line, whole. Nobody left to read it ends the process."""
    line = json.dumps({kind: fields}, separators=(",", ":")).encode() + b"\n"
    with output:
        try:
            while line:
                line = line[os.write(1, line) :]
        except OSError:
            os._exit(0)


def now():
    return time.clock_gettime_ns(time.CLOCK_MONOTONIC)


def unsupported(call):
    yield f"# no call for {call}"
    return {"unsupported": UNSUPPORTED[call]}


def find(request):
    """The generator that carries the request out."""
    call = field(request, "call", str, "the name of a call")
    if call in UNSUPPORTED:
        return unsupported(call)
    if call == "sigpipe":
        return sigpipe(request)
    if call == "socket":
        return make_socket(request)
    if call not in ON_A_SOCKET:
        raise Refused("there is no call of that name")
    name = a_name(request)
    with lock:
        if name not in sockets:
            raise Refused("there is no socket of that name")
        return ON_A_SOCKET[call](request, sockets[name])


def finish(steps, has_deadline):
    """Makes the call: its outcome, and what a programmer sees of it."""
    try:
        next(steps)
    except StopIteration as done:
        value = "done" if done.value is None else done.value
        if "unsupported" in value:
            return value, None
        at_the_end = "read" in value and not value["read"]["n"]
        return {"ok": value}, "b''" if at_the_end else None
    except DeadlineExceeded as error:
        return {"deadline-exceeded": {"written": error.args[0]}}, as_printed(error.__cause__)
    except Exception as error:
        return why(error, has_deadline), as_printed(error)


def why(error, has_deadline):
    errno = getattr(error, "errno", None)
    if isinstance(error, socket.timeout) and errno is None and has_deadline:
        return {"deadline-exceeded": {"written": 0}}
    # socket.gaierror has numbers of its own, which are no errnos.
    if isinstance(error, OSError) and errno is not None and not isinstance(error, socket.gaierror):
        return {"err": errno}
    return {"library": as_printed(error).partition(":")[0]}


def as_printed(error):
    """The last line of the traceback."""
    return traceback.format_exception_only(type(error), error)[-1].strip()


def carry_out(request):
    id = request["id"]
    try:
        steps = find(request)
        text = next(steps)
    except Refused as refusal:
        with lock:
            in_flight.discard(id)
        reply("refused", id=id, why=str(refusal))
        return
    reply("began", id=id, at=now(), text=text)
    start = now()
    outcome, said = finish(steps, "deadline" in request)
    at = now()
    with lock:
        in_flight.discard(id)
    more = {} if said is None else {"said": said}
    reply("ended", id=id, at=at, ns=at - start, outcome=outcome, **more)


def no_number(name):
    """json would read Infinity, -Infinity and NaN."""
    raise ValueError(name)


def start(line):
    try:
        # Decoded first: of bytes json would guess the encoding.
        request = json.loads(line.decode(), parse_constant=no_number)
    except (ValueError, RecursionError):  # not UTF-8 is a ValueError too
        return reply("refused", id=None, why="the line is not JSON")
    id = request.get("id") if isinstance(request, dict) else None
    if not isinstance(id, int) or isinstance(id, bool) or not 0 <= id < 2**64:
        return reply("refused", id=None, why="the request has no id, a whole number")
    with lock:
        taken = id in in_flight
        in_flight.add(id)
    if taken:
        return reply("refused", id=id, why=f"a call of id {id} is in flight")
    if request.get("call") == "sigpipe":
        return carry_out(request)  # here: Python lets only the main thread set a signal's handler
    try:
        threading.Thread(target=carry_out, args=(request,), daemon=True).start()
    except RuntimeError as error:
        with lock:
            in_flight.discard(id)
        reply("refused", id=id, why=f"no thread for the call: {error}")


def main():
    threading.stack_size(256 << 10)
    reply("hello", protocol=VERSION, runtime="python")
    with contextlib.suppress(OSError):
        while True:
            line = sys.stdin.buffer.readline(LONGEST_LINE + 1)
            if not line:
                break
            if len(line) <= LONGEST_LINE or line.endswith(b"\n"):
                start(line)
                continue
            while line and not line.endswith(b"\n"):
                line = sys.stdin.buffer.readline(MOST)
            reply("refused", id=None, why=f"the line is longer than {LONGEST_LINE} bytes")
    os._exit(0)  # not a return: it would run exit handlers, and other threads may hold what they need


if __name__ == "__main__":
    main()
