#= free_port
def free_port():
    """A port that nobody has."""
    with socket.socket(socket.@FAMILY@) as sock:
        sock.bind((HOST, 0))
        return sock.getsockname()[1]

#= no_socket
def no_socket():
    """A socket object without a descriptor: calls on it are made, with the number -1."""
    sock = socket.socket()
    sock.close()
    return sock

#= made
def made(call):
    """What a call returned, in words, and what it made."""
    try:
        value = call()
    except OSError as error:
        if error.errno is None:
            return "deadline", None
        return f"-1 {errno.errorcode.get(error.errno, error.errno)}", None
    except ValueError:  # poll on a socket that was closed, which has no number any more
        return "-1 closed", None
@NO_SOCKET@
    if isinstance(value, socket.socket):
        return value.fileno(), value
    if isinstance(value, bytes):
        return len(value), None
    return 0 if value is None else value, None

#= done
def done(step, end, call, make):
    """Makes a call, prints what it returned, and gives the segments that it sent a moment to arrive."""
    words, value = made(make)
    print(step, end, call, words, flush=True)
    time.sleep(0.02)
    return value

#= begin
asides = {}


def begin(step, end, call, make):
    """Makes a call that waits for others in a thread of its own, known by its step."""
    begun, over, results = threading.Event(), threading.Event(), []

    def run():
        begun.set()
        results.append(made(make))
        over.set()

    threading.Thread(target=run, daemon=True).start()
    asides[step] = (end, call, over, results)
    begun.wait()
    if over.wait(0.2):
        return wait(step)
    print(step, end, call, "blocked", flush=True)
    return None

#= wait
def wait(step, seconds=5):
    """What that call made, once it has returned; some seconds at the longest."""
    end, call, over, results = asides[step]
    if not over.wait(seconds):
        return None
    words, value = results[0]
    if words is not None:
        print(step, end, call, words, flush=True)
        time.sleep(0.02)
    results[0] = None, value  # told
    return value

#= within
def within(sock, seconds, call):
    """A call that is given up after so long."""
    before = sock.gettimeout()
    sock.settimeout(seconds)
    try:
        return call()
    finally:
        sock.settimeout(before)

#= linger_close
def linger_close(sock, seconds):
    """With 0 seconds close sends RST."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, seconds))
    sock.close()

#= disconnect
def disconnect(sock):
    """connect to AF_UNSPEC, of which the socket module knows nothing."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.connect(sock.fileno(), bytes(16), 16) < 0:
        raise OSError(ctypes.get_errno(), "connect")

#= ready
def ready(sock, events, timeout):
    """What poll reports, by name."""
    names = "POLLIN", "POLLPRI", "POLLOUT", "POLLRDHUP", "POLLERR", "POLLHUP", "POLLNVAL"
    poll = select.poll()
    poll.register(sock, events)
    for _, bits in poll.poll(timeout):
        return "|".join(name for name in names if bits & getattr(select, name))
    return 0

#= pending
def pending(sock):
    """SO_ERROR: the error that waits in the socket, taken out of it."""
    error = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
    return errno.errorcode[error] if error else 0

#= linger_of
def linger_of(sock):
    on, seconds = struct.unpack("ii", sock.getsockopt(socket.SOL_SOCKET, socket.SO_LINGER, 8))
    return seconds if on else -1

#= limit_of
def limit_of(sock, option):
    seconds, micros = struct.unpack("ll", sock.getsockopt(socket.SOL_SOCKET, option, 16))
    return seconds * 1000 + micros // 1000

#= limit_descriptors
def limit_descriptors(most):
    """The numbers of this process's descriptors stay below that; what is open stays open."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
