import java.io.ByteArrayOutputStream;
import java.io.Closeable;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.lang.reflect.Field;
import java.lang.reflect.Method;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketAddress;
import java.net.SocketImpl;
import java.net.SocketOption;
import java.net.SocketTimeoutException;
import java.net.StandardProtocolFamily;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.NetworkChannel;
import java.nio.channels.SelectableChannel;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import jdk.net.ExtendedSocketOptions;

/**
 * The Java endpoint: sockets as java.net gives them or, with --nio, blocking channels of java.nio, driven line by line as
 * PROTOCOL.md says.
 *
 * <pre>
 * javac -d DIR Endpoint.java
 * java --add-opens java.base/java.net=ALL-UNNAMED --add-opens java.base/java.io=ALL-UNNAMED \
 *      --add-opens java.base/sun.nio.ch=ALL-UNNAMED -cp DIR Endpoint [--nio]
 * </pre>
 *
 * What Java does differently:
 *
 * <ul>
 * <li>Who connects and who listens are of different classes, so socket, bind and options are noted until it is clear which.
 *     A java.net.Socket has no descriptor before its first bind, connect or option.
 * <li>java.net makes sockets of AF_INET6 that serve IPv4 as well (java.net.preferIPv4Stack); channels are told the family.
 * <li>A connect that fails, or whose time is up, closes the socket. A second close does nothing.
 * <li>Exceptions hide their errno, and tell its text. Many are the library's own, without any system call.
 * <li>Once a connection was reset, Java remembers: each further read throws "Connection reset", where C reads the end.
 * <li>ServerSocket sets SO_REUSEADDR, and takes a backlog below 1 for 50.
 * </ul>
 */
final class Endpoint {
    private static final int MOST_BYTES = 64 << 20;

    /** All calls in flight, by id. */
    static final Map<Long, Call> inFlight = new HashMap<>();

    static final Map<String, Name> names = new HashMap<>();
    static boolean nio;

    private static final FileOutputStream out = new FileOutputStream(FileDescriptor.out);

    public static void main(String[] args) throws IOException {
        nio = args.length > 0 && args[0].equals("--nio");
        reply("hello", "\"protocol\":2,\"runtime\":\"" + (nio ? "java-nio" : "java") + "\"");
        InputStream in = System.in;
        ByteArrayOutputStream line = new ByteArrayOutputStream();
        byte[] chunk = new byte[1 << 16];
        for (int n; (n = in.read(chunk)) >= 0; ) {
            int from = 0;
            for (int i = 0; i < n; i++) {
                if (chunk[i] == '\n') {
                    line.write(chunk, from, i - from);
                    start(line.toByteArray());
                    line = line.size() > chunk.length ? new ByteArrayOutputStream() : line;
                    line.reset();
                    from = i + 1;
                }
            }
            line.write(chunk, from, n - from);
        }
        Runtime.getRuntime().halt(0); // whatever is still blocked
    }

    /** Gives the request in a line a thread of its own. */
    private static void start(byte[] line) {
        Map<?, ?> fields;
        try {
            fields = (Map<?, ?>) new Json(line).parse();
        } catch (Refused | ClassCastException | OutOfMemoryError e) {
            refuse(null, "the line is no JSON object: " + e.getMessage());
            return;
        }
        if (!(fields.get("id") instanceof Long id) || id < 0) {
            refuse(null, "the request has no id, a whole number");
            return;
        }
        Call call = new Call(id, fields);
        synchronized (inFlight) {
            if (inFlight.putIfAbsent(id, call) != null) {
                refuse(id, "a call of id " + id + " is in flight");
                return;
            }
        }
        call.start();
    }

    static void refuse(Long id, String why) {
        reply("refused", "\"id\":" + id + ",\"why\":" + Json.quote(why));
    }

    /** Writes one line, whole. */
    static synchronized void reply(String kind, String body) {
        try {
            out.write(("{\"" + kind + "\":{" + body + "}}\n").getBytes(StandardCharsets.UTF_8));
        } catch (IOException e) {
            Runtime.getRuntime().halt(0); // nobody listens any more
        }
    }
}

/** Why a request makes no sense. */
final class Refused extends Exception {
    Refused(String why) {
        super(why);
    }
}

/** Why Java cannot express a call. */
final class Unsupported extends Exception {
    Unsupported(String why) {
        super(why);
    }
}

/** An option by its name in C, and what Java has for it. */
enum Option {
    SO_LINGER(StandardSocketOptions.SO_LINGER),
    SO_REUSEADDR(StandardSocketOptions.SO_REUSEADDR),
    SO_REUSEPORT(StandardSocketOptions.SO_REUSEPORT),
    TCP_NODELAY(StandardSocketOptions.TCP_NODELAY),
    TCP_CORK(null),
    SO_KEEPALIVE(StandardSocketOptions.SO_KEEPALIVE),
    TCP_KEEPIDLE(ExtendedSocketOptions.TCP_KEEPIDLE),
    TCP_KEEPINTVL(ExtendedSocketOptions.TCP_KEEPINTERVAL),
    TCP_KEEPCNT(ExtendedSocketOptions.TCP_KEEPCOUNT),
    TCP_USER_TIMEOUT(null),
    TCP_SYNCNT(null),
    TCP_DEFER_ACCEPT(null),
    SO_RCVBUF(StandardSocketOptions.SO_RCVBUF),
    SO_SNDBUF(StandardSocketOptions.SO_SNDBUF),
    SO_RCVTIMEO(null),
    SO_SNDTIMEO(null),
    O_NONBLOCK(null),
    TCP_LINGER2(null);

    final SocketOption<?> java;

    Option(SocketOption<?> java) {
        this.java = java;
    }

    /** A number of the protocol as Java has it. */
    Object fromNumber(int value) {
        return java.type() == Boolean.class ? (Object) (value != 0) : (Object) value;
    }

    static long toNumber(Object value) {
        return value instanceof Boolean on ? (on ? 1 : 0) : ((Number) value).longValue();
    }
}

/** What goes by a name: the notes for a socket that is not yet there, and then the socket. */
final class Name {
    private final boolean inet6;
    private InetSocketAddress local;
    private final Map<Option, Integer> noted = new LinkedHashMap<>();
    private InputStream in;
    private OutputStream out;

    /** A Socket, ServerSocket, SocketChannel or ServerSocketChannel; null before the first call that tells which. */
    private Object handle;

    Name(boolean inet6, Object handle) {
        this.inet6 = inet6;
        this.handle = handle;
    }

    synchronized boolean isMade() {
        return handle != null;
    }

    synchronized void note(InetSocketAddress address) {
        local = address;
    }

    synchronized void note(Option option, int value) {
        noted.put(option, value);
    }

    synchronized InetSocketAddress local() {
        return local;
    }

    /** What stands before a call in its text: the variable, and how it came to be if that is still to be done. */
    synchronized String intro(boolean server) {
        boolean listens = handle == null ? server : handle instanceof ServerSocket || handle instanceof ServerSocketChannel;
        String variable = listens ? "server" : Endpoint.nio ? "channel" : "socket";
        if (handle != null) {
            return variable;
        }
        String type = listens ? "ServerSocket" : "Socket";
        StringBuilder text = new StringBuilder(variable).append(" = ");
        text.append(Endpoint.nio ? type + "Channel.open(" + (inet6 ? "INET6" : "INET") + ")" : "new " + type + "()").append("; ");
        for (Map.Entry<Option, Integer> e : noted.entrySet()) {
            text.append(variable).append(e.getKey().setter(e.getValue())).append("; ");
        }
        if (local != null && !listens) {
            text.append(variable).append(".bind(").append(Address.text(local)).append("); ");
        }
        return text + variable;
    }

    /** The socket; made now, if it is not there yet, as a programmer would: new, options, bind. */
    synchronized Object handle(Call call, boolean server) throws Exception {
        if (handle != null) {
            return handle;
        }
        if (Endpoint.nio) {
            StandardProtocolFamily family = inet6 ? StandardProtocolFamily.INET6 : StandardProtocolFamily.INET;
            handle = server ? ServerSocketChannel.open(family) : SocketChannel.open(family);
        } else {
            handle = server ? new ServerSocket() : new Socket();
            Option.SO_REUSEADDR.get(handle); // the first use makes the descriptor
        }
        call.made(Descriptor.of(handle));
        for (Map.Entry<Option, Integer> e : noted.entrySet()) {
            e.getKey().set(handle, e.getValue());
        }
        if (local != null && !server) {
            bind(local);
        }
        return handle;
    }

    void bind(InetSocketAddress address) throws IOException {
        if (handle instanceof Socket socket) {
            socket.bind(address);
        } else if (handle instanceof ServerSocket server) {
            server.bind(address);
        } else {
            ((NetworkChannel) handle).bind(address);
        }
    }

    /** The stream that a programmer takes from a socket once, and keeps. */
    synchronized InputStream in(Socket socket) throws IOException {
        return in == null ? in = socket.getInputStream() : in;
    }

    synchronized OutputStream out(Socket socket) throws IOException {
        return out == null ? out = socket.getOutputStream() : out;
    }
}

/** A request, and the thread that makes its call. */
final class Call extends Thread {
    private static final int MOST_BYTES = 64 << 20;

    private final long id;
    private final Map<?, ?> fields;
    private boolean begun;
    private long start;
    private String said;

    Call(long id, Map<?, ?> fields) {
        super(null, null, "call " + id, 256 << 10);
        this.id = id;
        this.fields = fields;
    }

    @Override
    public void run() {
        String outcome;
        try {
            outcome = "{\"ok\":" + make() + "}";
        } catch (Refused e) {
            land();
            Endpoint.refuse(id, e.getMessage());
            return;
        } catch (Unsupported e) {
            outcome = "{\"unsupported\":" + Json.quote(e.getMessage()) + "}";
        } catch (Throwable e) {
            if (!begun) {
                land();
                Endpoint.refuse(id, e.toString());
                return;
            }
            said = e instanceof Hidden ? e.getMessage() : e.toString();
            outcome = Failure.outcome(e, fields.get("deadline") != null);
        }
        long end = System.nanoTime(); // CLOCK_MONOTONIC
        land();
        String saying = said == null ? "" : ",\"said\":" + Json.quote(said);
        Endpoint.reply("ended", "\"id\":" + id + ",\"at\":" + end + ",\"ns\":" + (end - start) + ",\"outcome\":" + outcome + saying);
    }

    private void land() {
        synchronized (Endpoint.inFlight) {
            Endpoint.inFlight.remove(id);
        }
    }

    private void began(String text) {
        Endpoint.reply("began", "\"id\":" + id + ",\"at\":" + System.nanoTime() + ",\"text\":" + Json.quote(text));
        begun = true;
        start = System.nanoTime();
    }

    void made(int fd) {
        if (fd >= 0) {
            Endpoint.reply("made", "\"id\":" + id + ",\"fd\":" + fd);
        }
    }

    /** Reads the request, tells the call, and makes it. Gives the value, in JSON. */
    private String make() throws Exception {
        String call = word("call");
        if (call.equals("interrupt") || call.equals("sigpipe")) {
            return makeForProcess(call);
        }
        String socket = word("socket");
        if (call.equals("socket")) {
            boolean inet6 = oneOf("family", "inet", "inet6") == 1;
            began(Endpoint.nio ? "// SocketChannel.open() or ServerSocketChannel.open()" : "// new Socket() or new ServerSocket()");
            Endpoint.name(socket, new Name(inet6, null));
            return "\"later\"";
        }
        Name name = Endpoint.name(socket);
        if (name == null) {
            throw new Refused("there is no socket " + socket);
        }
        switch (call) {
            case "bind": {
                InetSocketAddress address = Address.of(word("address"));
                if (!name.isMade()) {
                    began("new " + Address.text(address) + " // for bind()");
                    name.note(address);
                    return "\"later\"";
                }
                began(name.intro(false) + ".bind(" + Address.text(address) + ")");
                name.bind(address);
                return "\"done\"";
            }
            case "listen":
                return listen(name, (int) number("backlog", Integer.MIN_VALUE, Integer.MAX_VALUE));
            case "accept":
                return accept(name, word("as"));
            case "connect":
                return connect(name, Address.of(word("address")));
            case "read":
                return read(name, (int) number("n", 0, Long.MAX_VALUE));
            case "write":
                return write(name);
            case "shutdown":
                return shutdown(name, oneOf("how", "read", "write", "both"));
            case "close":
                began(name.intro(false) + ".close()");
                ((Closeable) name.handle(this, false)).close();
                return "\"done\"";
            case "rst-close":
                return lingerClose(name, 0);
            case "linger-close":
                return lingerClose(name, (int) number("seconds", 0, 65535));
            case "disconnect":
                throw cannot(name, "no way to dissolve a connection");
            case "dup":
                word("as");
                throw cannot(name, "no dup");
            case "so-error":
                throw cannot(name, "no SO_ERROR");
            case "poll":
                return poll(name);
            case "options":
                began(name.intro(false) + ".getOption(...)");
                return Option.readings(name.handle(this, false), Option.values());
            case "get-option": {
                Option option = option();
                began(name.intro(false) + option.getter());
                return Option.readings(name.handle(this, false), option);
            }
            case "set-option": {
                Option option = option();
                int value = (int) number("value", Integer.MIN_VALUE, Integer.MAX_VALUE);
                boolean later = !name.isMade() && option.exists();
                began(later ? option.setter(value).substring(1) + " // once there is a socket" : name.intro(false) + option.setter(value));
                if (later) {
                    name.note(option, value);
                    return "\"later\"";
                }
                option.set(name.handle(this, false), value);
                return "\"done\"";
            }
            default:
                throw new Refused("there is no call " + call);
        }
    }

    private String listen(Name name, int backlog) throws Exception {
        InetSocketAddress local = name.local();
        began(name.intro(true) + ".bind(" + (local == null ? "null" : Address.text(local)) + ", " + backlog + ")");
        Object handle = name.handle(this, true);
        if (handle instanceof ServerSocket server) {
            server.bind(local, backlog);
        } else if (handle instanceof ServerSocketChannel server) {
            server.bind(local, backlog);
        } else {
            throw new Unsupported("a " + type(handle) + " cannot listen");
        }
        return "\"done\"";
    }

    private String accept(Name name, String as) throws Exception {
        began(name.intro(true) + ".accept()");
        Object handle = name.handle(this, true);
        Object accepted;
        SocketAddress peer;
        if (handle instanceof ServerSocket server) {
            Socket socket = server.accept();
            accepted = socket;
            peer = socket.getRemoteSocketAddress();
        } else if (handle instanceof ServerSocketChannel server) {
            SocketChannel channel = server.accept();
            if (channel == null) {
                throw new Hidden(11, "null");
            }
            accepted = channel;
            peer = channel.getRemoteAddress();
        } else {
            throw new Unsupported("a " + type(handle) + " cannot accept");
        }
        Endpoint.name(as, new Name(false, accepted));
        return "{\"descriptor\":{\"fd\":" + Descriptor.of(accepted) + ",\"peer\":\"" + Address.plain((InetSocketAddress) peer) + "\"}}";
    }

    private String connect(Name name, InetSocketAddress address) throws Exception {
        int deadline = deadline();
        String limit = deadline == 0 ? "" : ", " + deadline;
        String adaptor = Endpoint.nio && deadline > 0 ? ".socket()" : "";
        began(name.intro(false) + adaptor + ".connect(" + Address.text(address) + limit + ")");
        Object handle = name.handle(this, false);
        if (handle instanceof Socket socket) {
            socket.connect(address, deadline);
        } else if (!(handle instanceof SocketChannel)) {
            throw new Unsupported("a " + type(handle) + " cannot connect");
        } else if (deadline > 0) {
            ((SocketChannel) handle).socket().connect(address, deadline);
        } else if (!((SocketChannel) handle).connect(address)) {
            throw new Hidden(115, "false");
        }
        return "\"done\"";
    }

    private String read(Name name, int n) throws Exception {
        if (n > MOST_BYTES) {
            throw new Refused("a read of " + n + " bytes is too large, " + MOST_BYTES + " is the most");
        }
        List<?> flags = flags("peek", "waitall", "dontwait", "oob");
        int deadline = deadline();
        boolean whole = flags.contains("waitall");
        boolean stream = !Endpoint.nio || whole || deadline > 0;
        String intro = name.intro(false);
        String adaptor = Endpoint.nio ? ".socket()" : "";
        String text = stream ? "in" + (whole ? ".readNBytes(b, 0, " : ".read(b, 0, ") + n + ")" : intro + ".read(ByteBuffer.allocate(" + n + "))";
        if (stream && intro.contains("=")) {
            text = intro + adaptor + ".getInputStream()" + text.substring(2);
        }
        began(deadline > 0 ? intro + adaptor + ".setSoTimeout(" + deadline + "); " + text : text);
        Object handle = name.handle(this, false);
        if (!(handle instanceof Socket || handle instanceof SocketChannel)) {
            throw new Unsupported("a " + type(handle) + " cannot read");
        }
        for (Object flag : flags) {
            if (!flag.equals("waitall")) {
                throw new Unsupported("a " + type(handle) + " has no MSG_" + flag.toString().toUpperCase());
            }
        }
        byte[] bytes = new byte[n];
        int got;
        if (stream) {
            Socket socket = handle instanceof Socket s ? s : ((SocketChannel) handle).socket();
            if (deadline > 0) {
                socket.setSoTimeout(deadline);
            }
            try {
                InputStream in = name.in(socket);
                got = whole ? in.readNBytes(bytes, 0, n) : in.read(bytes, 0, n);
            } finally {
                if (deadline > 0 && !socket.isClosed()) {
                    socket.setSoTimeout(0);
                }
            }
        } else {
            got = ((SocketChannel) handle).read(ByteBuffer.wrap(bytes));
            if (got == 0 && n > 0) {
                throw new Hidden(11, "0"); // EAGAIN, when configureBlocking(false)
            }
        }
        if (got < 0 || whole && got < n) {
            said = String.valueOf(got);
        }
        got = Math.max(got, 0);
        String data = HexFormat.of().formatHex(bytes, 0, Math.min(got, 1024));
        return "{\"read\":{\"n\":" + got + ",\"data\":\"" + data + "\"}}";
    }

    private String write(Name name) throws Exception {
        byte[] data = data();
        long repeat = fields.get("repeat") == null ? 1 : number("repeat", 0, Long.MAX_VALUE);
        if (data.length > 0 && repeat > MOST_BYTES / data.length) {
            throw new Refused("a write of " + data.length + " bytes " + repeat + " times is too large, " + MOST_BYTES + " is the most");
        }
        boolean urgent = flags("nosignal", "oob", "dontwait").contains("oob");
        byte[] bytes = new byte[data.length * (int) (data.length == 0 ? 0 : repeat)];
        for (int i = 0; i < bytes.length; i += data.length) {
            System.arraycopy(data, 0, bytes, i, data.length);
        }
        String text = Json.ascii(data, 32) + (repeat == 1 ? "" : ".repeat(" + repeat + ")") + ".getBytes(ISO_8859_1)";
        String intro = name.intro(false);
        began(Endpoint.nio ? intro + ".write(ByteBuffer.wrap(" + text + "))" : "out.write(" + text + ")");
        Object handle = name.handle(this, false);
        if (fields.get("deadline") != null) {
            throw new Unsupported("a " + type(handle) + " has no timeout for writes");
        }
        if (flags("nosignal", "oob", "dontwait").contains("dontwait")) {
            throw new Unsupported("a " + type(handle) + " has no MSG_DONTWAIT");
        }
        int n = bytes.length;
        if (handle instanceof Socket socket) {
            name.out(socket).write(bytes);
        } else if (handle instanceof SocketChannel channel) {
            n = channel.write(ByteBuffer.wrap(bytes));
        }
        return "{\"written\":{\"n\":" + n + "}}";
    }
