// The Go endpoint: sockets as package net gives them, driven line by line as PROTOCOL.md says.
//
//	GO111MODULE=off CGO_ENABLED=0 go build endpoint.go && ./endpoint
//
// What Go does differently:
//
//   - There is no socket before Dial or Listen: socket, bind and options before them are noted, and done there. A conn that
//     no Dial has filled is nil, and a call on it panics.
//   - Dial closes its socket when it fails, or its time is up. A second Dial makes a second socket.
//   - Every socket is O_NONBLOCK. A goroutine that waits is parked by the runtime's poller, in no system call.
//   - Write goes on until all is written. A deadline holds for the whole conn, also for calls that are under way.
//   - Listen sets SO_REUSEADDR; its backlog is somaxconn. Dial and Accept set TCP_NODELAY and keep-alives.
//   - A closed conn knows that it is closed: net.ErrClosed, where C has EBADF or, worse, somebody else's socket.

// Go 1.24 listens with MPTCP, unless told not to, and such a socket is in none of the kernel's tables of TCP:
//
//go:debug multipathtcp=0
package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
	"unsafe"
)

const mostBytes = 64 << 20 // of one read or write

type object map[string]any

// Errors of our own: what makes no sense, what Go cannot express, what the runtime prints when nobody recovers.
type (
	refusal     string
	unsupported string
	panicked    string
)

func (r refusal) Error() string     { return string(r) }
func (u unsupported) Error() string { return string(u) }
func (p panicked) Error() string    { return string(p) }

// A partial is the error of a Write that took some of the bytes.
type partial struct {
	error
	written int
}

func (p partial) Unwrap() error { return p.error }

// A telling is a value besides which the programmer sees an error: the EOF of a Read.
type telling struct {
	value any
	said  error
}

// A socket is what goes by a name: what is noted for Dial or Listen, and what they gave. One of conn and listener is nil.
type socket struct {
	family   string
	local    netip.AddrPort
	noted    []setting
	conn     *net.TCPConn
	listener *net.TCPListener
}

// A handle is what a *net.TCPConn and a *net.TCPListener have in common.
type handle interface {
	syscall.Conn
	Close() error
	File() (*os.File, error)
}

func (s socket) handle() (variable string, h handle) {
	if s.listener != nil {
		return "listener", s.listener
	}
	return "conn", s.conn
}

var (
	state    sync.Mutex
	sockets  = map[string]socket{}
	replaced []socket // kept, or a finalizer would close them at some moment
	inFlight = map[uint64]bool{}
	output   sync.Mutex
)

func main() {
	reply("hello", object{"protocol": 2, "runtime": "go"})
	for in := bufio.NewReader(os.Stdin); ; {
		line, err := in.ReadBytes('\n')
		if err != nil {
			os.Exit(0) // whatever is still blocked
		}
		r, err := parse(line)
		if err == nil && !r.enter() {
			err = fmt.Errorf("a call of id %d is in flight", *r.ID)
		}
		if err != nil {
			reply("refused", object{"id": r.ID, "why": err.Error()})
			continue
		}
		go r.carryOut()
	}
}

// reply writes one line, whole.
func reply(kind string, body any) {
	output.Lock()
	defer output.Unlock()
	if json.NewEncoder(os.Stdout).Encode(object{kind: body}) != nil {
		os.Exit(0) // nobody listens any more
	}
}

// monotonic is CLOCK_MONOTONIC as the kernel has it. A time.Time counts from the start of the program.
func monotonic() int64 {
	const clockMonotonic = 1
	var t syscall.Timespec
	syscall.RawSyscall(syscall.SYS_CLOCK_GETTIME, clockMonotonic, uintptr(unsafe.Pointer(&t)), 0)
	return t.Nano()
}

// A request is a line.
type request struct {
	ID                             *uint64
	Socket, As, Call               string
	Family, How, Disposition, Data string
	Address                        netip.AddrPort
	Backlog, Value                 int32
	N, Repeat                      uint32
	Seconds                        uint16
	Deadline                       *uint32
	Flags                          []string
	Option                         option

	start int64 // of the call
}

// needs are the fields that each call must have.
var needs = map[string]string{
	"socket": "socket family", "bind": "socket address", "listen": "socket backlog", "accept": "socket as",
	"connect": "socket address", "read": "socket n", "write": "socket data", "shutdown": "socket how", "close": "socket",
	"rst-close": "socket", "linger-close": "socket seconds", "disconnect": "socket", "dup": "socket as",
	"poll": "socket events timeout", "so-error": "socket", "options": "socket", "get-option": "socket option",
	"set-option": "socket option value", "interrupt": "target", "sigpipe": "disposition",
}

// parse reads a line. A request that makes no sense has its ID, if that could be read.
func parse(line []byte) (*request, error) {
	r := &request{Repeat: 1}
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(line, &fields); err != nil {
		return r, fmt.Errorf("the line is no JSON object: %w", err)
	}
	var id *uint64
	if json.Unmarshal(fields["id"], &id) != nil || id == nil {
		return r, refusal("the request has no id, a whole number")
	}
	r.ID = id
	if err := json.Unmarshal(line, r); err != nil {
		return r, err
	}
	need, known := needs[r.Call]
	if !known {
		return r, fmt.Errorf("there is no call %q", r.Call)
	}
	for _, field := range strings.Fields(need) {
		if raw := string(fields[field]); raw == "" || raw == "null" {
			return r, fmt.Errorf("%s needs a field %q", r.Call, field)
		}
	}
	return r, nil
}

func (r *request) enter() bool {
	state.Lock()
	defer state.Unlock()
	busy := inFlight[*r.ID]
	inFlight[*r.ID] = true
	return !busy
}

func (r *request) leave() {
	state.Lock()
	defer state.Unlock()
	delete(inFlight, *r.ID)
}

// What is said of a call. The id comes first, as in PROTOCOL.md's examples; a map would be put in order by its keys.
type (
	began struct {
		ID   *uint64 `json:"id"`
		At   int64   `json:"at"`
		Text string  `json:"text"`
	}
	ended struct {
		ID      *uint64 `json:"id"`
		At      int64   `json:"at"`
		NS      int64   `json:"ns"`
		Outcome object  `json:"outcome"`
		Said    string  `json:"said,omitempty"`
	}
)

// began tells the call, which is to be made at once.
func (r *request) began(text string) {
	reply("began", began{r.ID, monotonic(), text})
	r.start = monotonic()
}

func (r *request) carryOut() {
	value, err := r.protected()
	now := monotonic()
	r.leave()
	if why, is := err.(refusal); is {
		reply("refused", object{"id": r.ID, "why": why})
		return
	}
	body := ended{ID: r.ID, At: now, NS: now - r.start}
	if t, is := value.(telling); is {
		value, body.Said = t.value, t.said.Error()
	}
	body.Outcome = object{"ok": value}
	if err != nil {
		body.Outcome, body.Said = outcome(err, r.Deadline != nil), err.Error()
	}
	if _, is := err.(unsupported); is {
		body.Said = ""
	}
	reply("ended", body)
}

// protected makes a panic an error. Go programmers know the one: they did not look at Dial's error, and use the nil conn.
func (r *request) protected() (value any, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = panicked(fmt.Sprint("panic: ", p))
		}
	}()
	return r.make()
}

// outcome says what stands behind an error. The errno comes first: ETIMEDOUT has Timeout, too.
func outcome(err error, limited bool) object {
	var errno syscall.Errno
	var timeout interface{ Timeout() bool }
	var p partial
	errors.As(err, &p)
	switch why := err.(type) {
	case unsupported:
		return object{"unsupported": why}
	case panicked:
		return object{"library": "panic"}
	}
	switch {
	case errors.As(err, &errno):
		return object{"err": int(errno)}
	case errors.Is(err, net.ErrClosed):
		return object{"library": "net.ErrClosed"}
	case limited && errors.As(err, &timeout) && timeout.Timeout():
		return object{"deadline-exceeded": object{"written": p.written}}
	case errors.Is(err, os.ErrDeadlineExceeded): // that of another call on the same conn
		return object{"library": "os.ErrDeadlineExceeded"}
	}
	for errors.Unwrap(err) != nil {
		err = errors.Unwrap(err)
	}
	return object{"library": strings.TrimPrefix(fmt.Sprintf("%T", err), "*")}
}

func find(name string) (socket, bool) {
	state.Lock()
	defer state.Unlock()
	s, known := sockets[name]
	return s, known
}

func change(name string, f func(s *socket)) {
	state.Lock()
	defer state.Unlock()
	s := sockets[name]
	replaced = append(replaced, s)
	f(&s)
	sockets[name] = s
}

// make tells the call as a programmer would write it, and makes it.
func (r *request) make() (any, error) {
	s, known := find(r.Socket)
	if !known && r.Call != "socket" && r.Call != "interrupt" && r.Call != "sigpipe" {
		return nil, refusal(fmt.Sprintf("there is no socket %q", r.Socket))
	}
	variable, h := s.handle()
	inControl := " // in " + variable + ".SyscallConn().Control"
	switch r.Call {
	case "socket":
		if r.Family != "inet" && r.Family != "inet6" {
			return nil, refusal(fmt.Sprintf("there is no family %q", r.Family))
		}
		r.began("var conn net.Conn // Dial or Listen will make the socket")
		change(r.Socket, func(s *socket) { *s = socket{family: r.Family} })
		return "later", nil
	case "bind":
		r.began(fmt.Sprintf("net.ResolveTCPAddr(\"tcp\", %q) // for Dial or Listen", r.Address))
		change(r.Socket, func(s *socket) { s.local = r.Address })
		return "later", nil
	case "connect":
		return r.dial(s)
	case "listen":
		return r.listen(s)
	case "accept":
		if s.conn != nil {
			return r.never("net.Conn has no Accept")
		}
		r.began("listener.Accept()")
		conn, err := s.listener.AcceptTCP()
		if err != nil {
			return nil, err
		}
		change(r.As, func(s *socket) { *s = socket{conn: conn} })
		return descriptor(conn, conn.RemoteAddr())
	case "read", "write", "shutdown":
		if s.listener != nil {
			return r.never("net.Listener has no " + map[string]string{"read": "Read", "write": "Write", "shutdown": "CloseWrite"}[r.Call])
		}
		switch r.Call {
		case "read":
			return r.read(s.conn)
		case "write":
			return r.write(s.conn)
		}
		return r.shutdown(s.conn)
	case "close":
		r.began(variable + ".Close()")
		return "done", h.Close()
	case "rst-close", "linger-close":
		linger := setting{options[0], int(r.Seconds)}
		text, set := s.setter(linger)
		r.began(text + "; " + variable + ".Close()")
		if err := set(); err != nil {
			return nil, err
		}
		return "done", h.Close()
	case "dup":
		// An *os.File is the one thing that gives another descriptor of a socket.
		r.began(fmt.Sprintf("f := %s.File(); net.File%s(f); f.Close()", variable, strings.ToUpper(variable[:1])+variable[1:]))
		file, err := h.File()
		if err != nil {
			return nil, err
		}
		defer file.Close()
		var copied socket
		if s.listener != nil {
			var listener net.Listener
			listener, err = net.FileListener(file)
			copied.listener, _ = listener.(*net.TCPListener)
		} else {
			var conn net.Conn
			conn, err = net.FileConn(file)
			copied.conn, _ = conn.(*net.TCPConn)
		}
		if err != nil {
			return nil, err
		}
		change(r.As, func(s *socket) { *s = copied })
		_, h = copied.handle()
		return descriptor(h, nil)
	case "so-error":
		r.began("syscall.GetsockoptInt(fd, SOL_SOCKET, SO_ERROR)" + inControl)
		var errno any // nil for none
		err := onDescriptor(h, func(fd int) error {
			n, err := syscall.GetsockoptInt(fd, syscall.SOL_SOCKET, syscall.SO_ERROR)
			if n != 0 {
				errno = n
			}
			return err
		})
		return object{"pending-error": object{"error": errno}}, err
	case "options":
		r.began("syscall.GetsockoptInt(fd, ...)" + inControl)
		return readings(h, options...)
	case "get-option":
		r.began(fmt.Sprintf("syscall.GetsockoptInt(fd, %s)%s", r.Option.place(), inControl))
		return readings(h, r.Option)
	case "set-option":
		set := setting{r.Option, int(r.Value)}
		if s.conn == nil && s.listener == nil {
			r.began(set.text() + " // in the Control of Dialer or ListenConfig")
			change(r.Socket, func(s *socket) { s.noted = append(s.noted[:len(s.noted):len(s.noted)], set) })
			return "later", nil
		}
		text, call := s.setter(set)
		r.began(text)
		return "done", call()
	case "disconnect":
		return r.never("package net cannot dissolve a connection")
	case "poll":
		return r.never("package net has no poll, its own poller waits inside Read and Write")
	case "interrupt":
		return r.never("a goroutine that waits is in no system call, and the runtime's handlers are SA_RESTART")
	}
	switch r.Disposition { // of sigpipe
	case "ignore":
		r.began("signal.Ignore(syscall.SIGPIPE)")
		signal.Ignore(syscall.SIGPIPE)
		return "done", nil
	case "default":
		return r.never("SIGPIPE kills a Go program for descriptors 1 and 2 alone, a socket's write fails with EPIPE")
	}
	return nil, refusal(fmt.Sprintf("there is no disposition %q", r.Disposition))
}

// never tells why there is no such call.
func (r *request) never(why string) (any, error) {
	r.began("// " + why)
	return nil, unsupported(why)
}

// network keeps Go to the socket's family. "tcp" does, but for 0.0.0.0, where Go would serve both.
func (s socket) network(address netip.AddrPort) string {
	switch is4 := address.Addr().Is4(); {
	case s.family == "inet" && !is4, is4 && address.Addr().IsUnspecified():
		return "tcp4"
	case s.family == "inet6" && is4:
		return "tcp6"
	}
	return "tcp"
}

// control is the Control of a Dialer or ListenConfig, which runs before bind: it tells the descriptor and sets options.
func (r *request) control(noted []setting) (text string, control func(_, _ string, raw syscall.RawConn) error) {
	for _, set := range noted {
		text += "; " + set.text()
	}
	if text != "" {
		text = ", Control: func { " + text[2:] + " }"
	}
	return text, func(_, _ string, raw syscall.RawConn) error {
		return inControl(raw, func(fd int) (err error) {
			reply("made", object{"id": r.ID, "fd": fd})
			for i := 0; i < len(noted) && err == nil; i++ {
				err = noted[i].set(fd)
			}
			return err
		})
	}
}

func (r *request) dial(s socket) (any, error) {
	sets, control := r.control(s.noted)
	dialer := net.Dialer{Control: control}
	fields := ""
	if r.Deadline != nil {
		dialer.Timeout = r.limit()
		fields = fmt.Sprint(", Timeout: ", dialer.Timeout)
		dialer.Timeout++ // for 0 means none
	}
	if s.local.IsValid() {
		dialer.LocalAddr = net.TCPAddrFromAddrPort(s.local)
		fields += fmt.Sprint(", LocalAddr: ", s.local)
	}
	network := s.network(r.Address)
	text := fmt.Sprintf("Dial(%q, %q)", network, r.Address)
	if fields += sets; fields != "" {
		text = fmt.Sprintf("Dialer{%s}.%s", fields[2:], text)
	}
	var again []setting // what Dial sets at its end, whatever Control did
	for _, set := range s.noted {
		if set.name == "TCP_NODELAY" || strings.Contains(set.name, "_KEEP") {
			again = append(again, set)
			text += "; " + set.text()
		}
	}
	r.began("net." + text)
	conn, err := dialer.Dial(network, r.Address.String())
	if err != nil {
		return nil, err
	}
	tcp := conn.(*net.TCPConn)
	change(r.Socket, func(s *socket) { s.conn, s.listener = tcp, nil })
	for _, set := range again {
		if err := onDescriptor(tcp, set.set); err != nil {
			return nil, err
		}
	}
	return "done", nil
}

func (r *request) listen(s socket) (any, error) {
	address := s.local
	if !address.IsValid() {
		wildcard := map[string]netip.Addr{"inet": netip.IPv4Unspecified(), "inet6": netip.IPv6Unspecified()}
		address = netip.AddrPortFrom(wildcard[s.family], 0)
	}
	sets, control := r.control(s.noted)
	config := net.ListenConfig{Control: control}
	network := s.network(address)
	text := fmt.Sprintf("net.Listen(%q, %q)", network, address)
	if sets != "" {
		text = fmt.Sprintf("net.ListenConfig{%s}.Listen(ctx, %q, %q)", sets[2:], network, address)
	}
	r.began(text + " // the backlog is somaxconn")
	listener, err := config.Listen(context.Background(), network, address.String())
	if err == nil {
		change(r.Socket, func(s *socket) { s.conn, s.listener = nil, listener.(*net.TCPListener) })
	}
	return "done", err
}

// limit is the deadline, which must be there.
func (r *request) limit() time.Duration { return time.Duration(*r.Deadline) * time.Millisecond }

// beganBy tells a call, and the deadline before it.
func (r *request) beganBy(method, text string) {
	if r.Deadline != nil {
		text = fmt.Sprintf("conn.%s(time.Now().Add(%v)); %s", method, r.limit(), text)
	}
	r.began(text)
}

var messageFlags = map[string]int{
	"peek": syscall.MSG_PEEK, "oob": syscall.MSG_OOB, "dontwait": syscall.MSG_DONTWAIT,
	"nosignal": syscall.MSG_NOSIGNAL, "waitall": syscall.MSG_WAITALL,
}

func (r *request) flags() (bits int, names string, err error) {
	for _, flag := range r.Flags {
		if messageFlags[flag] == 0 {
			return 0, "", refusal(fmt.Sprintf("there is no flag %q", flag))
		}
		bits |= messageFlags[flag]
		names += "|MSG_" + strings.ToUpper(flag)
	}
	return bits, strings.TrimPrefix(names, "|"), nil
}

func (r *request) read(conn *net.TCPConn) (any, error) {
	bits, names, err := r.flags()
	if err != nil {
		return nil, err
	}
	if r.N > mostBytes {
		return nil, refusal(fmt.Sprintf("a read of %d bytes is too large, %d is the most", r.N, mostBytes))
	}
	var read func(p []byte) (int, error)
	var text string
	switch bits {
	case 0:
		text = fmt.Sprintf("conn.Read(p[:%d])", r.N)
		read = func(p []byte) (int, error) { return conn.Read(p) }
	case syscall.MSG_WAITALL: // which does nothing on a socket that never blocks
		text = fmt.Sprintf("io.ReadFull(conn, p[:%d])", r.N)
		read = func(p []byte) (int, error) { return io.ReadFull(conn, p) }
	default:
		text = fmt.Sprintf("syscall.Recvfrom(fd, p[:%d], %s) // in conn.SyscallConn().Read", r.N, names)
		read = func(p []byte) (int, error) { return receive(conn, p, bits) }
	}
	r.beganBy("SetReadDeadline", text)
	if r.Deadline != nil {
		if err := conn.SetReadDeadline(time.Now().Add(r.limit())); err != nil {
			return nil, err
		}
		defer conn.SetReadDeadline(time.Time{})
	}
	p := make([]byte, r.N)
	n, err := read(p)
	if n == 0 && err != nil && err != io.EOF {
		return nil, err
	}
	if p = p[:n]; n > 1024 {
		p = p[:1024]
	}
	value := object{"read": object{"n": n, "data": hex.EncodeToString(p)}}
	if err != nil { // the bytes come first, says io.Reader
		return telling{value, err}, nil
	}
	return value, nil
}

// receive is recv with flags. It waits as Read does, until the function returns true.
func receive(conn *net.TCPConn, p []byte, flags int) (n int, err error) {
	raw, err := conn.SyscallConn()
	if err != nil {
		return 0, err
	}
	outer := raw.Read(func(fd uintptr) bool {
		n, _, err = syscall.Recvfrom(int(fd), p, flags)
		return err != syscall.EAGAIN || flags&syscall.MSG_DONTWAIT != 0
	})
	if outer != nil {
		err = outer
	}
	if err != nil {
		return 0, err
	}
	return n, nil
}

func (r *request) write(conn *net.TCPConn) (any, error) {
	bits, names, err := r.flags()
	if err != nil {
		return nil, err
	}
	p, err := hex.DecodeString(r.Data)
	if err != nil {
		return nil, refusal(err.Error())
	}
	if len(p) > 0 && int(r.Repeat) > mostBytes/len(p) {
		return nil, refusal(fmt.Sprintf("a write of %d bytes %d times is too large, %d is the most", len(p), r.Repeat, mostBytes))
	}
	shown := strconv.QuoteToASCII(string(p))
	if len(p) > 32 {
		shown = strconv.QuoteToASCII(string(p[:32])) + "..."
	}
	shown = "[]byte(" + shown + ")"
	if r.Repeat != 1 {
		p, shown = bytes.Repeat(p, int(r.Repeat)), fmt.Sprintf("bytes.Repeat(%s, %d)", shown, r.Repeat)
	}
	text := fmt.Sprintf("conn.Write(%s)", shown)
	write := func() (int, error) { return conn.Write(p) }
	if bits != 0 {
		text = fmt.Sprintf("syscall.SendmsgN(fd, %s, nil, nil, %s) // in conn.SyscallConn().Write", shown, names)
		write = func() (int, error) { return send(conn, p, bits) }
	}
	r.beganBy("SetWriteDeadline", text)
	if r.Deadline != nil {
		if err := conn.SetWriteDeadline(time.Now().Add(r.limit())); err != nil {
			return nil, err
		}
		defer conn.SetWriteDeadline(time.Time{})
	}
	n, err := write()
	if err != nil {
		return nil, partial{err, n}
	}
	return object{"written": object{"n": n}}, nil
}

// send is send with flags. It goes on until all is written as Write does, or as far as it goes without waiting.
func send(conn *net.TCPConn, p []byte, flags int) (n int, err error) {
	raw, err := conn.SyscallConn()
	if err != nil {
		return 0, err
	}
	outer := raw.Write(func(fd uintptr) bool {
		var sent int
		for err = nil; err == nil && n < len(p); n += sent {
			sent, err = syscall.SendmsgN(int(fd), p[n:], nil, nil, flags)
		}
		return err != syscall.EAGAIN || flags&syscall.MSG_DONTWAIT != 0
	})
	switch {
	case outer != nil:
		return n, outer
	case err == syscall.EAGAIN && n > 0:
		return n, nil
	}
	return n, err
}

func (r *request) shutdown(conn *net.TCPConn) (any, error) {
	switch r.How {
	case "read":
		r.began("conn.CloseRead()")
		return "done", conn.CloseRead()
	case "write":
		r.began("conn.CloseWrite()")
		return "done", conn.CloseWrite()
	case "both":
		r.began("conn.CloseRead(); conn.CloseWrite()")
		if err := conn.CloseRead(); err != nil {
			return nil, err
		}
		return "done", conn.CloseWrite()
	}
	return nil, refusal(fmt.Sprintf("there is no direction %q", r.How))
}

// descriptor is the value of accept and dup.
func descriptor(h handle, peer net.Addr) (any, error) {
	value := object{}
	if peer != nil {
		value["peer"] = peer.String()
	}
	err := onDescriptor(h, func(fd int) error { value["fd"] = fd; return nil })
	return object{"descriptor": value}, err
}

// onDescriptor lets f use the descriptor that a conn or listener hides.
func onDescriptor(c syscall.Conn, f func(fd int) error) error {
	raw, err := c.SyscallConn()
	if err != nil {
		return err
	}
	return inControl(raw, f)
}

func inControl(raw syscall.RawConn, f func(fd int) error) (err error) {
	if outer := raw.Control(func(fd uintptr) { err = f(int(fd)) }); outer != nil {
		return outer
	}
	return err
}

// An option is a socket option under its name in C, and the type that package syscall has for it.
type option struct {
	name          string
	level, number int
	kind          string
}

var options = []option{
	{"SO_LINGER", syscall.SOL_SOCKET, syscall.SO_LINGER, "Linger"},
	{"SO_REUSEADDR", syscall.SOL_SOCKET, syscall.SO_REUSEADDR, "Int"},
	{"SO_REUSEPORT", syscall.SOL_SOCKET, 15, "Int"}, // package syscall has no such constant
	{"TCP_NODELAY", syscall.IPPROTO_TCP, syscall.TCP_NODELAY, "Int"},
	{"TCP_CORK", syscall.IPPROTO_TCP, syscall.TCP_CORK, "Int"},
	{"SO_KEEPALIVE", syscall.SOL_SOCKET, syscall.SO_KEEPALIVE, "Int"},
	{"TCP_KEEPIDLE", syscall.IPPROTO_TCP, syscall.TCP_KEEPIDLE, "Int"},
	{"TCP_KEEPINTVL", syscall.IPPROTO_TCP, syscall.TCP_KEEPINTVL, "Int"},
	{"TCP_KEEPCNT", syscall.IPPROTO_TCP, syscall.TCP_KEEPCNT, "Int"},
	{"TCP_USER_TIMEOUT", syscall.IPPROTO_TCP, 18, "Int"}, // nor this
	{"TCP_SYNCNT", syscall.IPPROTO_TCP, syscall.TCP_SYNCNT, "Int"},
	{"TCP_DEFER_ACCEPT", syscall.IPPROTO_TCP, syscall.TCP_DEFER_ACCEPT, "Int"},
	{"SO_RCVBUF", syscall.SOL_SOCKET, syscall.SO_RCVBUF, "Int"},
	{"SO_SNDBUF", syscall.SOL_SOCKET, syscall.SO_SNDBUF, "Int"},
	{"SO_RCVTIMEO", syscall.SOL_SOCKET, syscall.SO_RCVTIMEO, "Timeval"},
	{"SO_SNDTIMEO", syscall.SOL_SOCKET, syscall.SO_SNDTIMEO, "Timeval"},
	{"O_NONBLOCK", syscall.F_GETFL, syscall.O_NONBLOCK, "Nonblock"},
	{"TCP_LINGER2", syscall.IPPROTO_TCP, syscall.TCP_LINGER2, "Int"},
}

// UnmarshalText makes a name in JSON the option of that name.
func (o *option) UnmarshalText(name []byte) error {
	for _, known := range options {
		if known.name == string(name) {
			*o = known
			return nil
		}
	}
	return fmt.Errorf("there is no option %q", name)
}

// place is where the kernel has the option.
func (o option) place() string {
	if o.level == syscall.IPPROTO_TCP {
		return "IPPROTO_TCP, " + o.name
	}
	return "SOL_SOCKET, " + o.name
}

// get reads the option. Package syscall can set those of a struct type, but read ints only.
func (o option) get(fd int) (int64, error) {
	var linger syscall.Linger
	var time syscall.Timeval
	at, size := unsafe.Pointer(&linger), uint32(unsafe.Sizeof(linger))
	switch o.kind {
	case "Int":
		n, err := syscall.GetsockoptInt(fd, o.level, o.number)
		return int64(n), err
	case "Nonblock":
		flags, _, _ := syscall.Syscall(syscall.SYS_FCNTL, uintptr(fd), syscall.F_GETFL, 0)
		return int64(flags & syscall.O_NONBLOCK / syscall.O_NONBLOCK), nil
	case "Timeval":
		at, size = unsafe.Pointer(&time), uint32(unsafe.Sizeof(time))
	}
	_, _, errno := syscall.Syscall6(syscall.SYS_GETSOCKOPT, uintptr(fd), uintptr(o.level), uintptr(o.number),
		uintptr(at), uintptr(unsafe.Pointer(&size)), 0)
	switch {
	case errno != 0:
		return 0, errno
	case o.kind == "Timeval":
		return time.Nano() / 1e6, nil
	case linger.Onoff == 0:
		return -1, nil
	}
	return int64(linger.Linger), nil
}

// readings reads options. The errno of one among many is a reading, too.
func readings(h handle, options ...option) (any, error) {
	var values []object
	err := onDescriptor(h, func(fd int) error {
		for _, o := range options {
			value, err := o.get(fd)
			switch {
			case err == nil:
				values = append(values, object{"option": o.name, "value": value})
			case len(options) == 1:
				return os.NewSyscallError("getsockopt", err)
			default:
				values = append(values, object{"option": o.name, "errno": err})
			}
		}
		return nil
	})
	return object{"options": object{"readings": values}}, err
}

// A setting is an option and what to set it to.
type setting struct {
	option
	value int
}

func (set setting) text() string {
	if set.kind == "Nonblock" {
		return fmt.Sprintf("syscall.SetNonblock(fd, %t)", set.value != 0)
	}
	return fmt.Sprintf("syscall.Setsockopt%s(fd, %s, %d)", set.kind, set.place(), set.value)
}

func (set setting) set(fd int) error {
	var err error
	switch set.kind {
	case "Int":
		err = syscall.SetsockoptInt(fd, set.level, set.number, set.value)
	case "Linger":
		linger := syscall.Linger{Onoff: 1, Linger: int32(set.value)}
		if set.value < 0 {
			linger = syscall.Linger{}
		}
		err = syscall.SetsockoptLinger(fd, set.level, set.number, &linger)
	case "Timeval":
		time := syscall.NsecToTimeval(int64(set.value) * 1e6)
		err = syscall.SetsockoptTimeval(fd, set.level, set.number, &time)
	case "Nonblock":
		err = syscall.SetNonblock(fd, set.value != 0)
	}
	return os.NewSyscallError("setsockopt", err)
}

// setter sets an option of a socket that is there: by the conn's own method, where it has one.
func (s socket) setter(set setting) (string, func() error) {
	if s.listener == nil {
		conn, n, on := s.conn, set.value, set.value != 0
		switch set.name {
		case "SO_LINGER":
			return fmt.Sprintf("conn.SetLinger(%d)", n), func() error { return conn.SetLinger(n) }
		case "TCP_NODELAY":
			return fmt.Sprintf("conn.SetNoDelay(%t)", on), func() error { return conn.SetNoDelay(on) }
		case "SO_KEEPALIVE":
			return fmt.Sprintf("conn.SetKeepAlive(%t)", on), func() error { return conn.SetKeepAlive(on) }
		case "SO_RCVBUF":
			return fmt.Sprintf("conn.SetReadBuffer(%d)", n), func() error { return conn.SetReadBuffer(n) }
		case "SO_SNDBUF":
			return fmt.Sprintf("conn.SetWriteBuffer(%d)", n), func() error { return conn.SetWriteBuffer(n) }
		}
	}
	variable, h := s.handle()
	return set.text() + " // in " + variable + ".SyscallConn().Control", func() error { return onDescriptor(h, set.set) }
}
