import java.io.*;
import java.lang.reflect.Field;
import java.lang.reflect.Method;
import java.net.*;
import java.nio.ByteBuffer;
import java.nio.channels.*;
import java.nio.charset.StandardCharsets;
import java.util.*;
import java.util.concurrent.ConcurrentHashMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import jdk.net.ExtendedSocketOptions;

/**
 * The Java endpoint: sockets as java.net gives them or, with --nio, blocking channels of java.nio, driven line by line
 * as docs/endpoint-protocol.md says.
 *
 * <pre>
 * java --add-opens java.base/java.net=ALL-UNNAMED --add-opens java.base/java.io=ALL-UNNAMED \
 *      --add-opens java.base/sun.nio.ch=ALL-UNNAMED Endpoint.java [--nio]     (17 or later; then paste a line, such as)
 * {"id":1,"socket":"client","call":"socket","family":"inet"}
 * </pre>
 *
 * What Java does differently:
 *
 * <ul>
 * <li>Who connects and who listens are of different classes, so socket, bind and options are noted until it is clear
 *     which. A java.net.Socket has no descriptor before its first bind, connect or option.
 * <li>java.net makes sockets of AF_INET6 that serve IPv4 as well (java.net.preferIPv4Stack); channels are told the
 *     family.
 * <li>A connect that fails, or whose time is up, closes the socket. A second close does nothing.
 * <li>Exceptions hide their errno, and tell its text. Many are the library's own, without any system call.
 * <li>Once a connection was reset, Java remembers: each further read throws "Connection reset" without a system call,
 *     where C reads the end.
 * <li>close shuts down the sending side first, and puts another descriptor over the number (dup2) if a call blocks on
 *     it.
 * <li>A channel that is set not to block returns 0, null or false, where C has EAGAIN or EINPROGRESS.
 * <li>Thread.interrupt() is nothing to a Socket, and closes a channel.
 * <li>ServerSocket sets SO_REUSEADDR, and takes a backlog below 1 for 50.
 * </ul>
 */
final class Endpoint {
    static final int VERSION = 2; // of the protocol
    static final int MOST = 64 << 20; // bytes in one read or write
    static final int LONGEST_LINE = 2 * MOST + (64 << 10); // the longest write in hexadecimal, and what is around it
    static final int KEPT = 1024; // of the bytes that were read, so many are told
    static final int SHOWN = 32; // of the bytes to write, so many are shown

    static final Map<Long, Call> inFlight = new ConcurrentHashMap<>();
    static final Map<String, Name> names = new ConcurrentHashMap<>();
    static boolean nio;

    private static final FileInputStream in = new FileInputStream(FileDescriptor.in);
    private static final FileOutputStream out = new FileOutputStream(FileDescriptor.out);
    private static final ByteBuffer chunk = ByteBuffer.allocate(1 << 16).limit(0); // of the input, not yet taken

    /** What is loaded at need, with the libraries that it loads: for that a descriptor is taken, and later none may be left. */
    private static final String[] AT_NEED = {
        "Address", "Call", "Call$Maker", "Descriptor", "Failure", "Hidden", "Json", "Name", "Option", "Refused", "Unsupported",
        "java.net.InetAddress", "java.net.Socket", "java.net.ServerSocket", "sun.nio.ch.Net", "sun.nio.ch.IOUtil",
        "sun.nio.ch.NioSocketImpl", "sun.nio.ch.FileDispatcherImpl", "sun.nio.ch.SocketDispatcher",
        "sun.nio.ch.SocketChannelImpl", "sun.nio.ch.ServerSocketChannelImpl",
    };

    private static void loadAll() {
        for (String name : AT_NEED) {
            try {
                Class.forName(name);
            } catch (ClassNotFoundException e) {
                // Another version of Java has it under another name, or does without.
            }
        }
    }

    public static void main(String[] args) throws IOException {
        loadAll();
        nio = args.length > 0 && args[0].equals("--nio");
        String runtime = nio ? "java-nio" : "java";
        reply("hello", "\"protocol\":" + VERSION + ",\"runtime\":\"" + runtime + "\"");
        for (;;) {
            try {
                start(readLine());
            } catch (Refused | OutOfMemoryError e) {
                refuse(null, e.getMessage());
            }
        }
    }

    /** The next line. The end of the input ends the process. */
    private static String readLine() throws IOException, Refused {
        byte[] line = new byte[1 << 10];
        int length = 0;
        for (byte c; (c = next()) != '\n'; length = Math.min(length + 1, LONGEST_LINE + 1)) {
            if (length < LONGEST_LINE) {
                line = length < line.length ? line : Arrays.copyOf(line, Math.min(2 * length, LONGEST_LINE));
                line[length] = c;
            }
        }
        if (length > LONGEST_LINE) {
            throw new Refused("the line is longer than " + LONGEST_LINE + " bytes");
        }
        line = Arrays.copyOf(line, length);
        String text = new String(line, StandardCharsets.UTF_8);
        // What was no UTF-8 has been replaced.
        if (text.indexOf('\ufffd') >= 0 && !Arrays.equals(text.getBytes(StandardCharsets.UTF_8), line)) {
            throw new Refused(Json.NONE);
        }
        return text;
    }

    private static byte next() throws IOException {
        if (!chunk.hasRemaining()) {
            int n = in.read(chunk.array());
            if (n < 0) {
                Runtime.getRuntime().halt(0); // whatever is still blocked
            }
            chunk.position(0).limit(n);
        }
        return chunk.get();
    }

    /** Gives the request in a line a thread of its own. */
    private static void start(String line) throws Refused {
        if (!(new Json(line).parse() instanceof Map<?, ?> fields) || !(fields.get("id") instanceof Long id) || id < 0) {
            throw new Refused("the request has no id, a whole number");
        }
        Call call = new Call(id, fields);
        if (inFlight.putIfAbsent(id, call) != null) {
            refuse(id, "a call of id " + id + " is in flight");
            return;
        }
        try {
            call.start();
        } catch (OutOfMemoryError e) {
            inFlight.remove(id);
            refuse(id, "no thread for the call: " + e.getMessage());
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
@SuppressWarnings("serial")
final class Refused extends Exception {
    Refused(String why) {
        super(why);
    }
}

/** Why Java cannot express a call. */
@SuppressWarnings("serial")
final class Unsupported extends Exception {
    Unsupported(String why) {
        super(why);
    }
}

/** A value of Java's behind which an errno stands: 0 or null for EAGAIN, when a channel is set not to block. */
@SuppressWarnings("serial")
final class Hidden extends Exception {
    static final int ESRCH = 3;
    static final int EAGAIN = 11;
    static final int EINPROGRESS = 115;

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

    private final SocketOption<?> java;

    Option(SocketOption<?> java) {
        this.java = java;
    }

    boolean exists() {
        return java != null || this == O_NONBLOCK && Endpoint.nio;
    }

    String getter() {
        return this == O_NONBLOCK ? ".isBlocking()" : ".getOption(" + java.name() + ")";
    }

    String setter(int value) {
        return this == O_NONBLOCK
                ? ".configureBlocking(" + (value == 0) + ")"
                : ".setOption(" + java.name() + ", " + argument(value) + ")";
    }

    private Object argument(int value) {
        return java.type() == Boolean.class ? (Object) (value != 0) : (Object) value;
    }

    /** Sets the option, unless the value is null, and gets it then. There is no class above all that have options. */
    @SuppressWarnings("unchecked") // an option's type is its argument's
    long use(Object handle, Integer value) throws Exception {
        SocketOption<Object> option = (SocketOption<Object>) java;
        boolean get = value == null;
        Object got;
        if (this == O_NONBLOCK && handle instanceof SelectableChannel channel) {
            got = !(get ? channel : channel.configureBlocking(value == 0)).isBlocking();
        } else if (java == null) {
            throw new Unsupported("Java has no " + this);
        } else if (handle instanceof NetworkChannel channel) {
            got = get ? channel.getOption(option) : channel.setOption(option, argument(value));
        } else if (handle instanceof Socket socket) {
            got = get ? socket.getOption(option) : socket.setOption(option, argument(value));
        } else {
            ServerSocket server = (ServerSocket) handle;
            got = get ? server.getOption(option) : server.setOption(option, argument(value));
        }
        return got instanceof Number number ? number.longValue() : Boolean.TRUE.equals(got) ? 1 : 0;
    }

    /** Those of the options that Java has. */
    static String readings(Object handle, Option... options) throws Exception {
        List<String> readings = new ArrayList<>();
        for (Option option : options) {
            try {
                readings.add("{\"option\":\"" + option + "\",\"value\":" + option.use(handle, null) + "}");
            } catch (Unsupported | UnsupportedOperationException e) {
                if (options.length == 1) {
                    throw e;
                }
            }
        }
        return "{\"options\":{\"readings\":[" + String.join(",", readings) + "]}}";
    }
}

/** What goes by a name: the notes for a socket that is not yet there, and then the socket. */
final class Name {
    volatile InetSocketAddress local; // for bind
    volatile boolean reset; // a read was told that the connection was
    private final Map<Option, Integer> noted = new LinkedHashMap<>();

    /** A Socket, ServerSocket, SocketChannel or ServerSocketChannel; null before the first call that tells which. */
    private Object handle;

    private final boolean inet6;
    private InputStream in;
    private OutputStream out;

    Name(boolean inet6, Object handle) {
        this.inet6 = inet6;
        this.handle = handle;
    }

    synchronized void note(Option option, int value) {
        noted.put(option, value);
    }

    synchronized boolean isMade() {
        return handle != null;
    }

    synchronized boolean isServer() {
        return handle instanceof ServerSocket || handle instanceof ServerSocketChannel;
    }

    String type(boolean server) {
        return (server ? "ServerSocket" : "Socket") + (Endpoint.nio ? "Channel" : "");
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
        String make = Endpoint.nio ? ".open(" + (inet6 ? "INET6" : "INET") + ")" : "()";
        StringBuilder text = new StringBuilder(variable + " = ");
        text.append((Endpoint.nio ? "" : "new ") + type(server) + make + "; ");
        noted.forEach((option, value) -> text.append(variable + option.setter(value) + "; "));
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
            Option.SO_REUSEADDR.use(handle, null); // the first use brings the descriptor
        }
        call.made(Descriptor.of(handle));
        for (Map.Entry<Option, Integer> e : noted.entrySet()) {
            e.getKey().use(handle, e.getValue());
        }
        if (local != null && !server) {
            bind(local);
        }
        return handle;
    }

    synchronized void bind(InetSocketAddress address) throws IOException {
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
    private static final String DONE = "\"done\"";
    private static final String LATER = "\"later\"";
    private static final long LONGEST_TIME = 0xffffffffL; // milliseconds

    /** Reads the request, tells the call, and makes it. Gives the value, in JSON. */
    private interface Maker {
        String make(Call call, Name name) throws Exception;
    }

    private static final Map<String, Maker> ON_A_SOCKET = new HashMap<>();

    static {
        ON_A_SOCKET.put("bind", Call::bind);
        ON_A_SOCKET.put("listen", Call::listen);
        ON_A_SOCKET.put("accept", Call::accept);
        ON_A_SOCKET.put("connect", Call::connect);
        ON_A_SOCKET.put("read", Call::read);
        ON_A_SOCKET.put("write", Call::write);
        ON_A_SOCKET.put("shutdown", Call::shutdown);
        ON_A_SOCKET.put("close", Call::close);
        ON_A_SOCKET.put("rst-close", (call, name) -> call.lingerClose(name, 0));
        ON_A_SOCKET.put("linger-close", (call, name) -> call.lingerClose(name, call.number("seconds", 0, 65535)));
        ON_A_SOCKET.put("disconnect", (call, name) -> call.cannot(name, "way to dissolve a connection"));
        ON_A_SOCKET.put("dup", (call, name) -> call.cannot(name, "dup"));
        ON_A_SOCKET.put("poll", Call::poll);
        ON_A_SOCKET.put("so-error", (call, name) -> call.cannot(name, "SO_ERROR"));
        ON_A_SOCKET.put("options", Call::options);
        ON_A_SOCKET.put("get-option", Call::getOption);
        ON_A_SOCKET.put("set-option", Call::setOption);
    }

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
        } catch (Unsupported e) {
            outcome = "{\"unsupported\":" + Json.quote(e.getMessage()) + "}";
        } catch (Throwable e) {
            if (!begun) {
                Endpoint.inFlight.remove(id);
                Endpoint.refuse(id, e instanceof Refused ? e.getMessage() : e.toString());
                return;
            }
            said = e instanceof Hidden ? e.getMessage() : e.toString();
            outcome = Failure.outcome(e, fields.get("deadline") != null);
            outcome = remembered(outcome);
        }
        long end = System.nanoTime(); // CLOCK_MONOTONIC
        Endpoint.inFlight.remove(id);
        String saying = said == null ? "" : ",\"said\":" + Json.quote(said);
        String times = ",\"at\":" + end + ",\"ns\":" + (end - start);
        Endpoint.reply("ended", "\"id\":" + id + times + ",\"outcome\":" + outcome + saying);
    }

    /** The first reset is the kernel's; a read that is told of it again asked no kernel: the library remembers. */
    private String remembered(String outcome) {
        Name name = Endpoint.names.get(String.valueOf(fields.get("socket")));
        if (name == null || !"read".equals(fields.get("call")) || !outcome.equals(RESET)) {
            return outcome;
        }
        boolean again = name.reset;
        name.reset = true;
        return again ? "{\"library\":\"Connection reset\"}" : outcome;
    }

    private static final String RESET = "{\"err\":104}";

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

    private String make() throws Exception {
        String call = fields.get("call") instanceof String word ? word : "";
        if (call.equals("socket")) {
            return socket(name("socket"));
        } else if (call.equals("sigpipe")) {
            return sigpipe();
        } else if (call.equals("interrupt")) {
            return interruptAnother();
        } else if (!ON_A_SOCKET.containsKey(call)) {
            throw new Refused("there is no call of that name");
        }
        Name name = Endpoint.names.get(name("socket"));
        if (name == null) {
            throw new Refused("there is no socket of that name");
        }
        return ON_A_SOCKET.get(call).make(this, name);
    }

    /** The call is told, and then why there is none. */
    private String cannot(Name name, String what) throws Unsupported {
        String type = name.type(name.isServer());
        began(name.variable(false) + " // a " + type + " has no " + what);
        throw new Unsupported("a " + type + " has no " + what);
    }

    private String socket(String name) throws Refused {
        boolean inet6 = oneOf("family", "inet", "inet6").equals("inet6");
        String make = Endpoint.nio ? "SocketChannel.open() or Server" : "new Socket() or new Server";
        began("// " + make + (Endpoint.nio ? "SocketChannel.open()" : "Socket()"));
        Endpoint.names.put(name, new Name(inet6, null));
        return LATER;
    }

    private String bind(Name name) throws Exception {
        InetSocketAddress address = Address.of(fields.get("address"));
        if (!name.isMade()) {
            began(Address.text(address) + " // for bind()");
            name.local = address;
            return LATER;
        }
        began(name.intro(false) + ".bind(" + Address.text(address) + ")");
        name.bind(address);
        return DONE;
    }

    private String listen(Name name) throws Exception {
        int backlog = number("backlog", Integer.MIN_VALUE, Integer.MAX_VALUE);
        InetSocketAddress local = name.local;
        began(name.intro(true) + ".bind(" + (local == null ? "null" : Address.text(local)) + ", " + backlog + ")");
        Object handle = name.handle(this, true);
        if (handle instanceof ServerSocket server) {
            server.bind(local, backlog);
        } else if (handle instanceof ServerSocketChannel server) {
            server.bind(local, backlog);
        } else {
            throw new Unsupported("a Socket cannot listen");
        }
        return DONE;
    }

    private String accept(Name name) throws Exception {
        String as = name("as");
        began(name.intro(true) + ".accept()");
        Object handle = name.handle(this, true);
        Object accepted;
        if (handle instanceof ServerSocket server) {
            accepted = server.accept();
        } else if (handle instanceof ServerSocketChannel server) {
            accepted = server.accept();
        } else {
            throw new Unsupported("a Socket cannot accept");
        }
        if (accepted == null) {
            throw new Hidden(Hidden.EAGAIN, "null");
        }
        SocketAddress peer = accepted instanceof SocketChannel channel
                ? channel.getRemoteAddress()
                : ((Socket) accepted).getRemoteSocketAddress();
        Name named = new Name(false, accepted);
        named.takeStreams();
        Endpoint.names.put(as, named);
        String from = Address.plain((InetSocketAddress) peer);
        return "{\"descriptor\":{\"fd\":" + Descriptor.of(accepted) + ",\"peer\":\"" + from + "\"}}";
    }

    private String connect(Name name) throws Exception {
        InetSocketAddress address = Address.of(fields.get("address"));
        int deadline = deadline();
        String limit = deadline == 0 ? "" : ", " + deadline;
        String adaptor = Endpoint.nio && deadline > 0 ? ".socket()" : "";
        began(name.intro(false) + adaptor + ".connect(" + Address.text(address) + limit + ")");
        Object handle = name.handle(this, false);
        if (handle instanceof Socket socket) {
            socket.connect(address, deadline);
            name.takeStreams();
        } else if (!(handle instanceof SocketChannel channel)) {
            throw new Unsupported("a ServerSocket cannot connect");
        } else if (deadline > 0) {
            channel.socket().connect(address, deadline);
        } else if (!channel.connect(address)) {
            throw new Hidden(Hidden.EINPROGRESS, "false");
        }
        return DONE;
    }

    private String read(Name name) throws Exception {
        int n = number("n", 0, Endpoint.MOST);
        List<String> flags = list("flags", "peek", "waitall", "dontwait", "oob");
        boolean whole = flags.contains("waitall");
        for (String flag : flags) {
            if (!flag.equals("waitall")) {
                return cannot(name, "MSG_" + flag.toUpperCase());
            }
        }
        int deadline = deadline();
        if (name.isServer()) {
            return cannot(name, "read");
        }
        // A channel has timeouts, and reads of the whole, by its adaptor only.
        boolean asChannel = Endpoint.nio && !whole && deadline == 0;
        String intro = name.intro(false);
        String socket = intro + (Endpoint.nio ? ".socket()" : "");
        String in = name.hasStreams() ? "in" : socket + ".getInputStream()";
        String limit = deadline > 0 ? socket + ".setSoTimeout(" + deadline + "); " : "";
        began(asChannel
                ? intro + ".read(ByteBuffer.allocate(" + n + "))"
                : limit + in + (whole ? ".readNBytes(" : ".read(") + "b, 0, " + n + ")");
        Object handle = name.handle(this, false);
        byte[] bytes = new byte[n];
        int got = asChannel
                ? ((SocketChannel) handle).read(ByteBuffer.wrap(bytes))
                : readStream(name, asSocket(handle), bytes, whole, deadline);
        if (asChannel && got == 0 && n > 0) {
            throw new Hidden(Hidden.EAGAIN, "0");
        }
        if (got < 0 || got < n && whole) {
            said = Integer.toString(got);
        }
        got = Math.max(got, 0);
        String data = HexFormat.of().formatHex(bytes, 0, Math.min(got, Endpoint.KEPT));
        return "{\"read\":{\"n\":" + got + ",\"data\":\"" + data + "\"}}";
    }

    private static Socket asSocket(Object handle) {
        return handle instanceof SocketChannel channel ? channel.socket() : (Socket) handle;
    }

    private static int readStream(Name name, Socket socket, byte[] into, boolean whole, int deadline)
            throws IOException {
        if (deadline > 0) {
            socket.setSoTimeout(deadline);
        }
        try {
            InputStream in = name.in(socket);
            return whole ? in.readNBytes(into, 0, into.length) : in.read(into, 0, into.length);
        } finally {
            if (deadline > 0 && !socket.isClosed()) {
                socket.setSoTimeout(0);
            }
        }
    }

    private String write(Name name) throws Exception {
        byte[] data = data();
        int repeat = fields.get("repeat") == null ? 1 : number("repeat", 0, Endpoint.MOST);
        if ((long) data.length * repeat > Endpoint.MOST) {
            String what = data.length + " bytes " + repeat + " times";
            throw new Refused("a write of " + what + " is too large, " + Endpoint.MOST + " is the most");
        }
        List<String> flags = list("flags", "nosignal", "oob", "dontwait");
        int deadline = deadline();
        if (flags.contains("dontwait") || deadline > 0 || name.isServer()) {
            return cannot(name, name.isServer() ? "write" : deadline > 0 ? "timeout for writes" : "MSG_DONTWAIT");
        }
        byte[] bytes = new byte[data.length * repeat];
        for (int i = 0; i < bytes.length; i += data.length) {
            System.arraycopy(data, 0, bytes, i, data.length);
        }
        // Only the last byte of urgent data is urgent, and that is how Java gives it: by itself.
        boolean urgent = flags.contains("oob") && bytes.length > 0;
        int plain = bytes.length - (urgent ? 1 : 0);
        String intro = name.intro(false);
        String shown = Json.ascii(data) + (repeat == 1 ? "" : ".repeat(" + repeat + ")") + ".getBytes(ISO_8859_1)";
        String out = name.hasStreams() ? "out" : intro + ".getOutputStream()";
        String text = Endpoint.nio ? intro + ".write(ByteBuffer.wrap(" + shown + "))" : out + ".write(" + shown + ")";
        if (urgent) {
            String last = intro + (Endpoint.nio ? ".socket()" : "") + ".sendUrgentData(" + bytes[plain] + ")";
            text = plain == 0 ? last : text + " // but for the last byte; " + last;
        }
        began(text);
        Object handle = name.handle(this, false);
        int n = plain;
        if (urgent && plain == 0) {
            // nothing but the urgent byte
        } else if (handle instanceof SocketChannel channel) {
            n = channel.write(ByteBuffer.wrap(bytes, 0, plain));
            if (n == 0 && plain > 0 && !urgent) {
                throw new Hidden(Hidden.EAGAIN, "0");
            }
        } else {
            name.out((Socket) handle).write(bytes, 0, plain);
        }
        if (urgent) {
            asSocket(handle).sendUrgentData(bytes[plain]);
            n++;
        }
        return "{\"written\":{\"n\":" + n + "}}";
    }

    private String shutdown(Name name) throws Exception {
        String how = oneOf("how", "read", "write", "both");
        if (name.isServer()) {
            return cannot(name, "shutdown");
        }
        boolean input = !how.equals("write");
        boolean output = !how.equals("read");
        String both = input && output ? "; " + name.variable(false) : "";
        began(name.intro(false) + (input ? ".shutdownInput()" : "") + both + (output ? ".shutdownOutput()" : ""));
        Object handle = name.handle(this, false);
        if (handle instanceof SocketChannel channel) {
            channel = input ? channel.shutdownInput() : channel;
            channel = output ? channel.shutdownOutput() : channel;
            return DONE;
        }
        Socket socket = (Socket) handle;
        if (input) {
            socket.shutdownInput();
        }
        if (output) {
            socket.shutdownOutput();
        }
        return DONE;
    }

    private String close(Name name) throws Exception {
        began(name.intro(false) + ".close()");
        ((Closeable) name.handle(this, false)).close();
        return DONE;
    }

    private String lingerClose(Name name, int seconds) throws Exception {
        began(name.intro(false) + Option.SO_LINGER.setter(seconds) + "; " + name.variable(false) + ".close()");
        Object handle = name.handle(this, false);
        Option.SO_LINGER.use(handle, seconds);
        ((Closeable) handle).close();
        return DONE;
    }

    /** A Selector takes channels only, and only those that are set not to block. */
    private String poll(Name name) throws Exception {
        List<String> events = list("events", "in", "pri", "out", "rdhup", "err", "hup", "nval");
        long timeout = wholeNumber("timeout", 0, LONGEST_TIME);
        if (!Endpoint.nio) {
            return cannot(name, "poll");
        }
        boolean server = name.isServer();
        Map<String, Integer> asked = new LinkedHashMap<>();
        List<String> names = new ArrayList<>();
        if (events.contains("in")) {
            asked.put("\"in\"", server ? SelectionKey.OP_ACCEPT : SelectionKey.OP_READ);
            names.add(server ? "OP_ACCEPT" : "OP_READ");
        }
        if (events.contains("out") && !server) {
            asked.put("\"out\"", SelectionKey.OP_WRITE);
            names.add("OP_WRITE");
        }
        String select = timeout == 0 ? "selector.selectNow()" : "selector.select(" + timeout + ")";
        began(name.intro(false) + ".register(selector, " + String.join("|", names) + "); " + select);
        SelectableChannel channel = (SelectableChannel) name.handle(this, false);
        if (asked.isEmpty()) {
            throw new Unsupported("a Selector knows reading, writing and accepting alone");
        }
        try (Selector selector = Selector.open()) {
            SelectionKey key = channel.register(selector, asked.values().stream().mapToInt(op -> op).sum());
            int n = timeout == 0 ? selector.selectNow() : selector.select(timeout);
            int ready = n == 0 ? 0 : key.readyOps();
            asked.values().removeIf(op -> (ready & op) == 0);
            return "{\"ready\":{\"events\":[" + String.join(",", asked.keySet()) + "]}}";
        }
    }

    private String options(Name name) throws Exception {
        began(name.intro(false) + ".getOption(...)");
        return Option.readings(name.handle(this, false), Option.values());
    }

    private String getOption(Name name) throws Exception {
        Option option = option();
        if (!option.exists()) {
            return cannot(name, option.name());
        }
        began(name.intro(false) + option.getter());
        return Option.readings(name.handle(this, false), option);
    }

    private String setOption(Name name) throws Exception {
        Option option = option();
        int value = number("value", Integer.MIN_VALUE, Integer.MAX_VALUE);
        if (!option.exists()) {
            return cannot(name, option.name());
        }
        if (!name.isMade()) {
            began(option.setter(value).substring(1) + " // once there is a socket");
            name.note(option, value);
            return LATER;
        }
        began(name.intro(false) + option.setter(value));
        option.use(name.handle(this, false), value);
        return DONE;
    }

    private String sigpipe() throws Exception {
        String disposition = oneOf("disposition", "default", "ignore");
        began("// SIGPIPE, which the JVM always ignores");
        if (disposition.equals("default")) {
            throw new Unsupported("the JVM ignores SIGPIPE, and Java has no signals to say otherwise");
        }
        return DONE;
    }

    private String interruptAnother() throws Exception {
        long target = wholeNumber("target", 0, Long.MAX_VALUE);
        began("thread.interrupt()");
        Call blocked = Endpoint.inFlight.get(target);
        if (blocked == null || blocked == this) {
            throw new Hidden(Hidden.ESRCH, "no such thread");
        }
        blocked.interrupt();
        return DONE;
    }

    // What a request says.

    private static Refused must(String field, String what) {
        return new Refused("the field " + field + " must be " + what);
    }

    private long wholeNumber(String field, long least, long most) throws Refused {
        if (fields.get(field) instanceof Long number && number >= least && number <= most) {
            return number;
        }
        throw must(field, "a whole number from " + least + " to " + most);
    }

    private int number(String field, int least, int most) throws Refused {
        return (int) wholeNumber(field, least, most);
    }

    /** In milliseconds; 0 when there is none, which is how Java puts it too. One of 0 is as short as Java has it, 1. */
    private int deadline() throws Refused {
        long ms = fields.get("deadline") == null ? 0 : Math.max(1, wholeNumber("deadline", 0, LONGEST_TIME));
        return (int) Math.min(ms, Integer.MAX_VALUE);
    }

    private String oneOf(String field, String... known) throws Refused {
        if (fields.get(field) instanceof String word && List.of(known).contains(word)) {
            return word;
        }
        throw must(field, "one of " + String.join(", ", known));
    }

    private List<String> list(String field, String... known) throws Refused {
        List<String> words = new ArrayList<>();
        boolean fits = fields.get(field) == null && field.equals("flags");
        if (fields.get(field) instanceof List<?> list) {
            list.forEach(item -> words.add(String.valueOf(item)));
            fits = List.of(known).containsAll(list);
        }
        if (!fits) {
            throw must(field, "a list of " + String.join(", ", known));
        }
        return words;
    }

    private String name(String field) throws Refused {
        if (fields.get(field) instanceof String name && name.matches("[A-Za-z][A-Za-z0-9_-]{0,23}")) {
            return name;
        }
        throw new Refused("a socket's name is a letter, then letters, digits, - and _, at most 24 in all");
    }

    private byte[] data() throws Refused {
        try {
            return HexFormat.of().parseHex((String) Objects.requireNonNull(fields.get("data")));
        } catch (IllegalArgumentException | ClassCastException | NullPointerException e) {
            throw must("data", "an even number of hexadecimal digits");
        }
    }

    private Option option() throws Refused {
        for (Option option : Option.values()) {
            if (option.name().equals(fields.get("option"))) {
                return option;
            }
        }
        throw new Refused("there is no option of that name");
    }
}

/** An address: from the protocol's form and back, and as a programmer writes it. */
final class Address {
    private static final String BYTE = "(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])";

    /** Its host and port. No name of a host, which Java would look up. */
    private static final Pattern FORM =
            Pattern.compile("(" + BYTE + "(?:\\." + BYTE + "){3}|\\[[0-9A-Fa-f:.]+\\]):([0-9]{1,5})");

    static InetSocketAddress of(Object text) throws Refused {
        try {
            Matcher parts = FORM.matcher(String.valueOf(text));
            if (parts.matches()) {
                return new InetSocketAddress(InetAddress.getByName(parts.group(1)), Integer.parseInt(parts.group(2)));
            }
        } catch (UnknownHostException | IllegalArgumentException e) {
            // the same to us
        }
        throw new Refused("an address is like 10.0.0.2:8080 or [fd00::2]:8080");
    }

    private static String host(InetSocketAddress address) {
        return address.getAddress().getHostAddress().replaceFirst("%.*", "");
    }

    static String plain(InetSocketAddress address) {
        String host = host(address);
        return (host.contains(":") ? "[" + host + "]" : host) + ":" + address.getPort();
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
            case "Too many open files in system" -> 23;
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
    static final String NONE = "the line is not JSON";

    private static final Map<String, Object> WORDS = new HashMap<>();

    static {
        WORDS.put("true", true);
        WORDS.put("false", false);
        WORDS.put("null", null);
    }

    private static final Pattern NUMBER = Pattern.compile("-?(0|[1-9][0-9]*)(\\.[0-9]+)?([eE][+-]?[0-9]+)?");

    private final String text;
    private int at;

    Json(String text) {
        this.text = text;
    }

    Object parse() throws Refused {
        Object value = value(64);
        need(peek() == '\0' && at == text.length());
        return value;
    }

    private static void need(boolean right) throws Refused {
        if (!right) {
            throw new Refused(NONE);
        }
    }

    private char here() {
        return at < text.length() ? text.charAt(at) : '\0';
    }

    /** The next character that is no white space. */
    private char peek() {
        while (here() != '\0' && " \t\r\n".indexOf(here()) >= 0) {
            at++;
        }
        return here();
    }

    private boolean take(char c) {
        boolean there = peek() == c;
        at += there ? 1 : 0;
        return there;
    }

    private Object value(int depth) throws Refused {
        need(depth > 0);
        if (take('{')) {
            Map<String, Object> object = new HashMap<>();
            for (boolean more = !take('}'); more; more = more('}')) {
                need(take('"'));
                String name = string();
                need(take(':'));
                object.put(name, value(depth - 1));
            }
            return object;
        } else if (take('[')) {
            List<Object> array = new ArrayList<>();
            for (boolean more = !take(']'); more; more = more(']')) {
                array.add(value(depth - 1));
            }
            return array;
        } else if (take('"')) {
            return string();
        }
        int from = at;
        while (Character.isLetterOrDigit(here()) || here() != '\0' && "+-.".indexOf(here()) >= 0) {
            at++;
        }
        String word = text.substring(from, at);
        if (WORDS.containsKey(word)) {
            return WORDS.get(word);
        }
        need(NUMBER.matcher(word).matches());
        try {
            return Long.valueOf(word);
        } catch (NumberFormatException e) {
            return Double.valueOf(word);
        }
    }

    /** After a member: does another one follow, or the end? */
    private boolean more(char bracket) throws Refused {
        boolean end = take(bracket);
        need(end || take(','));
        return !end;
    }

    /** The rest of a string, after its first quote. */
    private String string() throws Refused {
        StringBuilder string = new StringBuilder();
        for (int from = at; ; at++) {
            need(here() >= ' ');
            if (here() != '"' && here() != '\\') {
                continue;
            }
            string.append(text, from, at);
            if (text.charAt(at++) == '"') {
                return string.toString();
            }
            string.append(escape());
            from = at + 1;
        }
    }

    /** What an escape stands for, whose last character is the next. */
    private char escape() throws Refused {
        int known = "\"\\/bfnrt".indexOf(here());
        if (known >= 0 && here() != '\0') {
            return "\"\\/\b\f\n\r\t".charAt(known);
        }
        need(here() == 'u' && at + 4 < text.length() && text.substring(at + 1, at + 5).matches("[0-9A-Fa-f]{4}"));
        at += 4;
        return (char) HexFormat.fromHexDigits(text, at - 3, at + 1);
    }

    static String quote(String text) {
        StringBuilder json = new StringBuilder("\"");
        for (char c : text.toCharArray()) {
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

    /** Bytes as a Java string, the first of them. */
    static String ascii(byte[] bytes) {
        int n = Math.min(bytes.length, Endpoint.SHOWN);
        return quote(new String(bytes, 0, n, StandardCharsets.ISO_8859_1)) + (n < bytes.length ? "..." : "");
    }
}
