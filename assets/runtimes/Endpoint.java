import java.io.ByteArrayOutputStream;
import java.io.Closeable;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.lang.reflect.Field;
import java.lang.reflect.Method;
import java.net.Inet6Address;
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
import java.net.UnknownHostException;
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
 * <li>close shuts down the sending side first, and puts another descriptor over the number (dup2) if a call blocks on it.
 * <li>A channel that is set not to block returns 0, null or false, where C has EAGAIN or EINPROGRESS.
 * <li>Thread.interrupt() is nothing to a Socket, and closes a channel.
 * <li>ServerSocket sets SO_REUSEADDR, and takes a backlog below 1 for 50.
 * </ul>
 */
final class Endpoint {
    /** All calls in flight, by id. */
    static final Map<Long, Call> inFlight = new HashMap<>();

    static boolean nio;

    private static final Map<String, Name> names = new HashMap<>();

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
        Object value;
        try {
            value = new Json(line).parse();
        } catch (Refused | OutOfMemoryError e) {
            refuse(null, "the line is not JSON: " + e.getMessage());
            return;
        }
        if (!(value instanceof Map<?, ?> fields) || !(fields.get("id") instanceof Long id) || id < 0) {
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
        try {
            call.start();
        } catch (OutOfMemoryError e) {
            call.land();
            refuse(id, "no thread for the call: " + e.getMessage());
        }
    }

    static Name name(String name) {
        synchronized (names) {
            return names.get(name);
        }
    }

    static void name(String name, Name named) {
        synchronized (names) {
            names.put(name, named);
        }
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

/** A value of Java's behind which the kernel's errno stands: 0 or null for EAGAIN, when a channel is set not to block. */
final class Hidden extends Exception {
    final int errno;

    Hidden(int errno, String said) {
        super(said);
        this.errno = errno;
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

    boolean exists() {
        return java != null || this == O_NONBLOCK && Endpoint.nio;
    }

    private Object argument(int value) {
        return java != null && java.type() == Boolean.class ? (Object) (value != 0) : (Object) value;
    }

    String setter(int value) {
        boolean mode = this == O_NONBLOCK;
        return mode ? ".configureBlocking(" + (value == 0) + ")" : ".setOption(" + title() + ", " + argument(value) + ")";
    }

    String getter() {
        return this == O_NONBLOCK ? ".isBlocking()" : ".getOption(" + title() + ")";
    }

    private String title() {
        return java == null ? name() : java.name();
    }

    @SuppressWarnings("unchecked") // an option's type is its argument's
    void set(Object handle, int value) throws Exception {
        SocketOption<Object> option = (SocketOption<Object>) java;
        if (this == O_NONBLOCK && handle instanceof SelectableChannel channel) {
            channel.configureBlocking(value == 0);
        } else if (java == null) {
            throw new Unsupported("Java has no " + this);
        } else if (handle instanceof NetworkChannel channel) {
            channel.setOption(option, argument(value));
        } else if (handle instanceof Socket socket) {
            socket.setOption(option, argument(value));
        } else {
            ((ServerSocket) handle).setOption(option, argument(value));
        }
    }

    long get(Object handle) throws Exception {
        Object value;
        if (this == O_NONBLOCK && handle instanceof SelectableChannel channel) {
            value = !channel.isBlocking();
        } else if (java == null) {
            throw new Unsupported("Java has no " + this);
        } else if (handle instanceof NetworkChannel channel) {
            value = channel.getOption(java);
        } else if (handle instanceof Socket socket) {
            value = socket.getOption(java);
        } else {
            value = ((ServerSocket) handle).getOption(java);
        }
        return value instanceof Boolean on ? (on ? 1 : 0) : ((Number) value).longValue();
    }

    /** Those of the options that Java has. */
    static String readings(Object handle, Option... options) throws Exception {
        StringBuilder readings = new StringBuilder();
        for (Option option : options) {
            try {
                long value = option.get(handle);
                readings.append(readings.length() == 0 ? "" : ",");
                readings.append("{\"option\":\"" + option + "\",\"value\":" + value + "}");
            } catch (Unsupported | UnsupportedOperationException e) {
                if (options.length == 1) {
                    throw e;
                }
            }
        }
        return "{\"options\":{\"readings\":[" + readings + "]}}";
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

    synchronized boolean isServer() {
        return handle instanceof ServerSocket || handle instanceof ServerSocketChannel;
    }

    String variable(boolean server) {
        return server || isServer() ? "server" : Endpoint.nio ? "channel" : "socket";
    }

    /** The variable; and before it how it came to be, if that is still to be done. */
    synchronized String intro(boolean server) {
        String variable = variable(server);
        if (handle != null) {
            return variable;
        }
        String type = server ? "ServerSocket" : "Socket";
        String make = Endpoint.nio ? type + "Channel.open(" + (inet6 ? "INET6" : "INET") + ")" : "new " + type + "()";
        StringBuilder text = new StringBuilder(variable + " = " + make + "; ");
        for (Map.Entry<Option, Integer> e : noted.entrySet()) {
            text.append(variable + e.getKey().setter(e.getValue()) + "; ");
        }
        if (local != null && !server) {
            text.append(variable + ".bind(" + Address.text(local) + "); ");
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
            Option.SO_REUSEADDR.get(handle); // the first use brings the descriptor
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

    /** Takes the streams of a Socket that is connected, as programmers do, once. */
    synchronized void takeStreams() throws IOException {
        if (in == null && handle instanceof Socket socket) {
            in = socket.getInputStream();
            out = socket.getOutputStream();
        }
    }

    synchronized boolean hasStreams() {
        return in != null;
    }

    synchronized InputStream in(Socket socket) throws IOException {
        return in == null ? socket.getInputStream() : in;
    }

    synchronized OutputStream out(Socket socket) throws IOException {
        return out == null ? socket.getOutputStream() : out;
    }
}

/** A request, and the thread that makes its call. */
final class Call extends Thread {
    private static final int MOST_BYTES = 64 << 20;
    private static final int ESRCH = 3;
    private static final int EAGAIN = 11;
    private static final int EINPROGRESS = 115;

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
        String times = ",\"at\":" + end + ",\"ns\":" + (end - start);
        Endpoint.reply("ended", "\"id\":" + id + times + ",\"outcome\":" + outcome + saying);
    }

    void land() {
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
            String text = Endpoint.nio ? "SocketChannel.open() or ServerSocketChannel.open()" : "new Socket() or new ServerSocket()";
            began("// " + text);
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
                    began(Address.text(address) + " // for bind()");
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
                return read(name, number("n", 0, Long.MAX_VALUE));
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
                throw cannot(name, "way to dissolve a connection");
            case "dup":
                word("as");
                throw cannot(name, "dup");
            case "so-error":
                throw cannot(name, "SO_ERROR");
            case "poll":
                return poll(name);
            case "options":
                began(name.intro(false) + ".getOption(...)");
                return Option.readings(name.handle(this, false), Option.values());
            case "get-option": {
                Option option = option(name);
                began(name.intro(false) + option.getter());
                return Option.readings(name.handle(this, false), option);
            }
            case "set-option": {
                int value = (int) number("value", Integer.MIN_VALUE, Integer.MAX_VALUE);
                Option option = option(name);
                boolean later = !name.isMade();
                String setter = option.setter(value);
                began(later ? setter.substring(1) + " // once there is a socket" : name.intro(false) + setter);
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
            throw new Unsupported("a Socket cannot listen");
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
                throw new Hidden(EAGAIN, "null");
            }
            accepted = channel;
            peer = channel.getRemoteAddress();
        } else {
            throw new Unsupported("a Socket cannot accept");
        }
        Name named = new Name(false, accepted);
        named.takeStreams();
        Endpoint.name(as, named);
        String from = Address.plain((InetSocketAddress) peer);
        return "{\"descriptor\":{\"fd\":" + Descriptor.of(accepted) + ",\"peer\":\"" + from + "\"}}";
    }

    private String connect(Name name, InetSocketAddress address) throws Exception {
        int deadline = deadline();
        String limit = deadline == 0 ? "" : ", " + deadline;
        String adaptor = Endpoint.nio && deadline > 0 ? ".socket()" : "";
        began(name.intro(false) + adaptor + ".connect(" + Address.text(address) + limit + ")");
        Object handle = name.handle(this, false);
        if (handle instanceof Socket socket) {
            socket.connect(address, deadline);
            name.takeStreams();
        } else if (!(handle instanceof SocketChannel)) {
            throw new Unsupported("a ServerSocket cannot connect");
        } else if (deadline > 0) {
            ((SocketChannel) handle).socket().connect(address, deadline);
        } else if (!((SocketChannel) handle).connect(address)) {
            throw new Hidden(EINPROGRESS, "false");
        }
        return "\"done\"";
    }

    private String read(Name name, long most) throws Exception {
        if (most > MOST_BYTES) {
            throw new Refused("a read of " + most + " bytes is too large, " + MOST_BYTES + " is the most");
        }
        int n = (int) most;
        boolean whole = false;
        for (String flag : flags("peek", "waitall", "dontwait", "oob")) {
            whole |= flag.equals("waitall");
            if (!flag.equals("waitall")) {
                throw cannot(name, "MSG_" + flag.toUpperCase());
            }
        }
        if (name.isServer()) {
            throw cannot(name, "read");
        }
        int deadline = deadline();
        String intro = name.intro(false);
        String adaptor = Endpoint.nio ? ".socket()" : "";
        boolean asStream = !Endpoint.nio || whole || deadline > 0;
        String in = name.hasStreams() ? "in" : intro + adaptor + ".getInputStream()";
        String text = in + (whole ? ".readNBytes(" : ".read(") + "b, 0, " + n + ")";
        if (!asStream) {
            text = intro + ".read(ByteBuffer.allocate(" + n + "))";
        }
        began(deadline > 0 ? intro + adaptor + ".setSoTimeout(" + deadline + "); " + text : text);
        Object handle = name.handle(this, false);
        byte[] bytes = new byte[n];
        int got;
        if (!asStream) {
            got = ((SocketChannel) handle).read(ByteBuffer.wrap(bytes));
            if (got == 0 && n > 0) {
                throw new Hidden(EAGAIN, "0");
            }
        } else {
            // A channel has timeouts by its adaptor only.
            Socket socket = handle instanceof SocketChannel channel ? channel.socket() : (Socket) handle;
            if (deadline > 0) {
                socket.setSoTimeout(deadline);
            }
            try {
                got = whole ? name.in(socket).readNBytes(bytes, 0, n) : name.in(socket).read(bytes, 0, n);
            } finally {
                if (deadline > 0 && !socket.isClosed()) {
                    socket.setSoTimeout(0);
                }
            }
        }
        if (got < 0 || got < n && whole) {
            said = Integer.toString(got);
        }
        got = Math.max(got, 0);
        String data = HexFormat.of().formatHex(bytes, 0, Math.min(got, 1024));
        return "{\"read\":{\"n\":" + got + ",\"data\":\"" + data + "\"}}";
    }

    private String write(Name name) throws Exception {
        byte[] data = data();
        long repeat = fields.get("repeat") == null ? 1 : number("repeat", 0, Long.MAX_VALUE);
        if (data.length > 0 && repeat > MOST_BYTES / data.length) {
            String what = data.length + " bytes " + repeat + " times";
            throw new Refused("a write of " + what + " is too large, " + MOST_BYTES + " is the most");
        }
        List<String> flags = flags("nosignal", "oob", "dontwait");
        int deadline = deadline();
        if (flags.contains("dontwait") || deadline > 0 || name.isServer()) {
            throw cannot(name, name.isServer() ? "write" : deadline > 0 ? "timeout for writes" : "MSG_DONTWAIT");
        }
        byte[] bytes = new byte[data.length * (int) repeat];
        for (int i = 0; i < bytes.length; i += data.length) {
            System.arraycopy(data, 0, bytes, i, data.length);
        }
        String text = Json.ascii(data, 32) + (repeat == 1 ? "" : ".repeat(" + repeat + ")") + ".getBytes(ISO_8859_1)";
        String intro = name.intro(false);
        String out = name.hasStreams() ? "out" : intro + ".getOutputStream()";
        text = Endpoint.nio ? intro + ".write(ByteBuffer.wrap(" + text + "))" : out + ".write(" + text + ")";
        // Only the last byte of urgent data is urgent, and that is how Java gives it: by itself.
        boolean urgent = flags.contains("oob") && bytes.length > 0;
        int plain = bytes.length - (urgent ? 1 : 0);
        if (urgent) {
            String last = intro + (Endpoint.nio ? ".socket()" : "") + ".sendUrgentData(" + bytes[plain] + ")";
            text = plain == 0 ? last : text + " // but for the last byte; " + last;
        }
        began(text);
        Object handle = name.handle(this, false);
        int n = bytes.length;
        if (plain == 0 && urgent) {
            // nothing but the urgent byte
        } else if (handle instanceof SocketChannel channel) {
            n = channel.write(ByteBuffer.wrap(bytes, 0, plain)) + (urgent ? 1 : 0);
            if (n == 0 && plain > 0) {
                throw new Hidden(EAGAIN, "0");
            }
        } else {
            name.out((Socket) handle).write(bytes, 0, plain);
        }
        if (urgent) {
            Socket socket = handle instanceof SocketChannel channel ? channel.socket() : (Socket) handle;
            socket.sendUrgentData(bytes[plain]);
        }
        return "{\"written\":{\"n\":" + n + "}}";
    }

    private String shutdown(Name name, int how) throws Exception {
        if (name.isServer()) {
            throw cannot(name, "shutdown");
        }
        String intro = name.intro(false);
        String input = ".shutdownInput()";
        String output = ".shutdownOutput()";
        String both = intro + input + "; " + name.variable(false) + output;
        began(how == 2 ? both : intro + (how == 0 ? input : output));
        Object handle = name.handle(this, false);
        if (handle instanceof SocketChannel channel) {
            SocketChannel rest = how == 1 ? channel : channel.shutdownInput();
            rest = how == 0 ? rest : rest.shutdownOutput();
        } else {
            Socket socket = (Socket) handle;
            if (how != 1) {
                socket.shutdownInput();
            }
            if (how != 0) {
                socket.shutdownOutput();
            }
        }
        return "\"done\"";
    }

    private String lingerClose(Name name, int seconds) throws Exception {
        began(name.intro(false) + Option.SO_LINGER.setter(seconds) + "; " + name.variable(false) + ".close()");
        Object handle = name.handle(this, false);
        Option.SO_LINGER.set(handle, seconds);
        ((Closeable) handle).close();
        return "\"done\"";
    }

    /** A Selector takes channels only, and only those that are set not to block. */
    private String poll(Name name) throws Exception {
        List<String> events = words("events", "in", "out", "pri", "rdhup", "err", "hup", "nval");
        long timeout = number("timeout", 0, 0xffffffffL);
        if (!Endpoint.nio) {
            throw cannot(name, "poll");
        }
        boolean server = name.isServer();
        int in = server ? SelectionKey.OP_ACCEPT : SelectionKey.OP_READ;
        int ops = (events.contains("in") ? in : 0) | (events.contains("out") && !server ? SelectionKey.OP_WRITE : 0);
        String names = (ops & in) == 0 ? "" : server ? "OP_ACCEPT" : "OP_READ";
        names += (ops & SelectionKey.OP_WRITE) == 0 ? "" : names.isEmpty() ? "OP_WRITE" : "|OP_WRITE";
        String select = timeout == 0 ? "selector.selectNow()" : "selector.select(" + timeout + ")";
        began(name.intro(false) + ".register(selector, " + names + "); " + select);
        SelectableChannel channel = (SelectableChannel) name.handle(this, false);
        if (ops == 0) {
            throw new Unsupported("a Selector knows reading, writing and accepting alone");
        }
        try (Selector selector = Selector.open()) {
            SelectionKey key = channel.register(selector, ops);
            int n = timeout == 0 ? selector.selectNow() : selector.select(timeout);
            int ready = n == 0 ? 0 : key.readyOps();
            String found = (ready & in) == 0 ? "" : "\"in\"";
            found += (ready & SelectionKey.OP_WRITE) == 0 ? "" : found.isEmpty() ? "\"out\"" : ",\"out\"";
            return "{\"ready\":{\"events\":[" + found + "]}}";
        }
    }

    private String makeForProcess(String call) throws Exception {
        if (call.equals("sigpipe")) {
            boolean ignore = oneOf("disposition", "ignore", "default") == 0;
            began("// SIGPIPE, which the JVM always ignores");
            if (!ignore) {
                throw new Unsupported("the JVM ignores SIGPIPE, and Java has no signals to say otherwise");
            }
            return "\"done\"";
        }
        long target = number("target", 0, Long.MAX_VALUE);
        began("thread.interrupt()");
        synchronized (Endpoint.inFlight) {
            Call blocked = Endpoint.inFlight.get(target);
            if (blocked == null || blocked == this) {
                throw new Hidden(ESRCH, "no such thread");
            }
            blocked.interrupt();
        }
        return "\"done\"";
    }

    /** The call is told, and then why there is none. */
    private Unsupported cannot(Name name, String what) {
        String type = (name.isServer() ? "ServerSocket" : "Socket") + (Endpoint.nio ? "Channel" : "");
        began(name.variable(false) + " // a " + type + " has no " + what);
        return new Unsupported("a " + type + " has no " + what);
    }

    private Object field(String field) throws Refused {
        Object value = fields.get(field);
        if (value == null) {
            throw new Refused("the request has no " + field);
        }
        return value;
    }

    private String word(String field) throws Refused {
        if (field(field) instanceof String word) {
            return word;
        }
        throw new Refused(field + " is no string");
    }

    private long number(String field, long least, long most) throws Refused {
        if (field(field) instanceof Long number && number >= least && number <= most) {
            return number;
        }
        throw new Refused(field + " is no whole number from " + least + " to " + most);
    }

    /** In milliseconds; 0 when there is none, which is how Java puts it too. One of 0 is as short as Java has it, 1. */
    private int deadline() throws Refused {
        long ms = fields.get("deadline") == null ? 0 : Math.max(1, number("deadline", 0, 0xffffffffL));
        return (int) Math.min(ms, Integer.MAX_VALUE);
    }

    private int oneOf(String field, String... known) throws Refused {
        int i = List.of(known).indexOf(word(field));
        if (i < 0) {
            throw new Refused("there is no " + field + " " + word(field));
        }
        return i;
    }

    private List<String> flags(String... known) throws Refused {
        return fields.get("flags") == null ? List.of() : words("flags", known);
    }

    private List<String> words(String field, String... known) throws Refused {
        if (!(field(field) instanceof List<?> list)) {
            throw new Refused(field + " is no list");
        }
        List<String> words = new ArrayList<>();
        for (Object item : list) {
            if (!(item instanceof String word) || !List.of(known).contains(word)) {
                throw new Refused("there is none of the " + field + " " + item);
            }
            words.add(word);
        }
        return words;
    }

    private byte[] data() throws Refused {
        try {
            return HexFormat.of().parseHex(word("data"));
        } catch (IllegalArgumentException e) {
            throw new Refused("data is no even number of hexadecimal digits");
        }
    }

    private Option option(Name name) throws Refused, Unsupported {
        Option option;
        try {
            option = Option.valueOf(word("option"));
        } catch (IllegalArgumentException e) {
            throw new Refused("there is no option " + word("option"));
        }
        if (!option.exists()) {
            throw cannot(name, option.name());
        }
        return option;
    }
}

/** An address: from the protocol's form and back, and as a programmer writes it. */
final class Address {
    static InetSocketAddress of(String text) throws Refused {
        int colon = text.lastIndexOf(':');
        String host = colon < 0 ? "" : text.substring(0, colon);
        boolean literal = host.startsWith("[") && host.endsWith("]");
        for (int i = 0; i < host.length() && !literal; i++) {
            if ("0123456789.".indexOf(host.charAt(i)) < 0) {
                host = ""; // a host's name is not looked up
            }
        }
        try {
            if (!host.isEmpty()) {
                return new InetSocketAddress(InetAddress.getByName(host), Integer.parseInt(text.substring(colon + 1)));
            }
        } catch (UnknownHostException | IllegalArgumentException e) {
            // the same to us
        }
        throw new Refused("an address is 127.0.0.1:80 or [::1]:80, not " + text);
    }

    static String host(InetSocketAddress address) {
        String host = address.getAddress().getHostAddress();
        return host.indexOf('%') < 0 ? host : host.substring(0, host.indexOf('%'));
    }

    static String plain(InetSocketAddress address) {
        boolean inet6 = address.getAddress() instanceof Inet6Address;
        return (inet6 ? "[" + host(address) + "]" : host(address)) + ":" + address.getPort();
    }

    static String text(InetSocketAddress address) {
        return "new InetSocketAddress(\"" + host(address) + "\", " + address.getPort() + ")";
    }
}

/** The descriptor's number, which Java hides: reflection behind --add-opens finds it, for finwait to look behind. */
final class Descriptor {
    /** -1 when the doors are shut. */
    static int of(Object handle) {
        try {
            if (handle instanceof NetworkChannel) {
                Method number = Class.forName("sun.nio.ch.SelChImpl").getMethod("getFDVal");
                number.setAccessible(true);
                return (int) number.invoke(handle);
            }
            Field impl = (handle instanceof Socket ? Socket.class : ServerSocket.class).getDeclaredField("impl");
            Method descriptor = SocketImpl.class.getDeclaredMethod("getFileDescriptor");
            Field number = FileDescriptor.class.getDeclaredField("fd");
            impl.setAccessible(true);
            descriptor.setAccessible(true);
            number.setAccessible(true);
            return number.getInt(descriptor.invoke(impl.get(handle)));
        } catch (ReflectiveOperationException | RuntimeException e) {
            return -1;
        }
    }
}

/** What stands behind an exception. Java has errnos no more once they are thrown, but their texts. */
final class Failure {
    private static int errno(String text) {
        return switch (text) {
            case "Operation not permitted" -> 1;
            case "Bad file descriptor" -> 9;
            case "Resource temporarily unavailable" -> 11;
            case "Cannot allocate memory" -> 12;
            case "Permission denied" -> 13;
            case "Invalid argument" -> 22;
            case "Too many open files" -> 24;
            case "Broken pipe" -> 32;
            case "Protocol not available" -> 92;
            case "Operation not supported" -> 95;
            case "Address family not supported by protocol" -> 97;
            case "Address already in use" -> 98;
            case "Cannot assign requested address" -> 99;
            case "Network is down" -> 100;
            case "Network is unreachable" -> 101;
            case "Software caused connection abort" -> 103;
            case "Connection reset by peer", "Connection reset" -> 104; // the second is Java's own word for it
            case "No buffer space available" -> 105;
            case "Transport endpoint is already connected" -> 106;
            case "Transport endpoint is not connected" -> 107;
            case "Connection timed out" -> 110;
            case "Connection refused" -> 111;
            case "Host is down" -> 112;
            case "No route to host" -> 113;
            default -> 0;
        };
    }

    static String outcome(Throwable e, boolean limited) {
        String message = e.getMessage() == null ? e.getClass().getSimpleName() : e.getMessage();
        if (e instanceof Hidden hidden) {
            return "{\"err\":" + hidden.errno + "}";
        } else if (limited && e instanceof SocketTimeoutException) {
            return "{\"deadline-exceeded\":{\"written\":0}}";
        } else if (e instanceof UnsupportedOperationException && e.getMessage() != null) {
            return "{\"unsupported\":" + Json.quote(message) + "}";
        }
        int detail = message.indexOf(" ("); // "Connection refused (Connection refused)", before Java 13
        int errno = errno(detail < 0 ? message : message.substring(0, detail));
        return errno != 0 ? "{\"err\":" + errno + "}" : "{\"library\":" + Json.quote(message) + "}";
    }
}

/** As much JSON as the protocol needs: objects are Maps, numbers Longs where they can be. */
final class Json {
    private final byte[] text;
    private int at;

    Json(byte[] text) {
        this.text = text;
    }

    Object parse() throws Refused {
        Object value = value(0);
        if (peek() != -1) {
            throw wrong();
        }
        return value;
    }

    private Refused wrong() {
        return new Refused("something is wrong at byte " + at);
    }

    /** The next byte that is no white space; -1 at the end. */
    private int peek() {
        while (at < text.length && (text[at] == ' ' || text[at] == '\t' || text[at] == '\r')) {
            at++;
        }
        return at < text.length ? text[at] : -1;
    }

    private boolean take(char c) {
        boolean there = peek() == c;
        at += there ? 1 : 0;
        return there;
    }

    private void need(char c) throws Refused {
        if (!take(c)) {
            throw wrong();
        }
    }

    private Object value(int depth) throws Refused {
        if (depth > 64) {
            throw wrong();
        }
        if (take('{')) {
            Map<String, Object> object = new HashMap<>();
            for (boolean more = !take('}'); more; more = !end('}')) {
                need('"');
                String name = string();
                need(':');
                object.put(name, value(depth + 1));
            }
            return object;
        } else if (take('[')) {
            List<Object> array = new ArrayList<>();
            for (boolean more = !take(']'); more; more = !end(']')) {
                array.add(value(depth + 1));
            }
            return array;
        } else if (take('"')) {
            return string();
        }
        peek();
        int from = at;
        while (at < text.length && (Character.isLetterOrDigit(text[at]) || "+-.".indexOf(text[at]) >= 0)) {
            at++;
        }
        String word = new String(text, from, at - from, StandardCharsets.US_ASCII);
        switch (word) {
            case "true":
                return true;
            case "false":
                return false;
            case "null":
                return null;
            default:
                try {
                    return Long.valueOf(word);
                } catch (NumberFormatException e) {
                    return fraction(word);
                }
        }
    }

    private Double fraction(String word) throws Refused {
        try {
            return Double.valueOf(word);
        } catch (NumberFormatException e) {
            throw wrong();
        }
    }

    /** After a member: is this the end, or a comma? */
    private boolean end(char bracket) throws Refused {
        if (take(bracket)) {
            return true;
        }
        need(',');
        return false;
    }

    /** The rest of a string, after its first quote. */
    private String string() throws Refused {
        StringBuilder escaped = null;
        for (int from = at; at < text.length; at++) {
            if (text[at] != '"' && text[at] != '\\') {
                continue;
            }
            String plain = new String(text, from, at - from, StandardCharsets.UTF_8);
            if (text[at++] == '"') {
                return escaped == null ? plain : escaped.append(plain).toString();
            }
            escaped = escaped == null ? new StringBuilder() : escaped;
            escaped.append(plain).append(escape());
            from = at--;
        }
        throw wrong();
    }

    private char escape() throws Refused {
        int known = at < text.length ? "\"\\/bfnrtu".indexOf(text[at++]) : -1;
        if (known < 0) {
            throw wrong();
        } else if (known < 8) {
            return "\"\\/\b\f\n\r\t".charAt(known);
        }
        try {
            at += 4;
            return (char) Integer.parseInt(new String(text, at - 4, 4, StandardCharsets.US_ASCII), 16);
        } catch (IndexOutOfBoundsException | NumberFormatException e) {
            throw wrong();
        }
    }

    static String quote(String text) {
        StringBuilder json = new StringBuilder("\"");
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            int known = "\"\\\n\r\t".indexOf(c);
            if (known >= 0) {
                json.append('\\').append("\"\\nrt".charAt(known));
            } else if (c >= ' ' && c <= '~') {
                json.append(c);
            } else {
                json.append("\\u").append(HexFormat.of().toHexDigits(c));
            }
        }
        return json.append('"').toString();
    }

    /** Bytes as a Java string, cut after so many. */
    static String ascii(byte[] bytes, int most) {
        String shown = new String(bytes, 0, Math.min(bytes.length, most), StandardCharsets.ISO_8859_1);
        return quote(shown) + (bytes.length > most ? "..." : "");
    }
}
