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

// A telling is a value besides which the programmer sees an error: the EOF of a Read.
type telling struct {
	value any
	said  error
}

// A partial is the error of a Write that took some of the bytes.
type partial struct {
	error
	written int
}

func (p partial) Unwrap() error { return p.error }

// An unsupported is why Go cannot express a call, a panicked what the runtime prints when nobody recovers.
type (
	unsupported string
	panicked    string
)

func (u unsupported) Error() string { return string(u) }
func (p panicked) Error() string    { return string(p) }

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

// An endpoint is all the state that there is.
type endpoint struct {
	mu       sync.Mutex
	sockets  map[string]socket
	replaced []socket // kept, or a finalizer would close them at some moment
	inFlight map[uint64]bool

	out sync.Mutex
}

func main() {
	e := &endpoint{sockets: map[string]socket{}, inFlight: map[uint64]bool{}}
	e.reply("hello", object{"protocol": 2, "runtime": "go"})
	for in := bufio.NewReader(os.Stdin); ; {
		line, err := in.ReadBytes('\n')
		if err != nil {
			os.Exit(0) // whatever is still blocked
		}
		if r, err := parse(line); err != nil {
			e.reply("refused", object{"id": r.ID, "why": err.Error()})
		} else if e.flights(func(ids map[uint64]bool) bool { busy := ids[*r.ID]; ids[*r.ID] = true; return busy }) {
			e.reply("refused", object{"id": r.ID, "why": fmt.Sprintf("a call of id %d is in flight", *r.ID)})
		} else {
			go e.carryOut(r)
		}
	}
}

// reply writes one line, whole.
func (e *endpoint) reply(kind string, body object) {
	e.out.Lock()
	defer e.out.Unlock()
	if json.NewEncoder(os.Stdout).Encode(object{kind: body}) != nil {
		os.Exit(0) // nobody listens any more
	}
}

func (e *endpoint) begin(id uint64) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	busy := e.inFlight[id]
	e.inFlight[id] = true
	return !busy
}

func (e *endpoint) end(id uint64) {
	e.mu.Lock()
	defer e.mu.Unlock()
	delete(e.inFlight, id)
}

func (e *endpoint) carryOut(r *request) {
	text, call, err := e.plan(r)
	if err != nil {
		e.end(*r.ID)
		e.reply("refused", object{"id": r.ID, "why": err.Error()})
		return
	}
	e.reply("began", object{"id": r.ID, "at": monotonic(), "text": text})
	start := monotonic()
	value, err := protect(call)
	now := monotonic()
	body := object{"id": r.ID, "at": now, "ns": now - start}
	if t, ok := value.(telling); ok {
		value, body["said"] = t.value, t.said
	}
	body["outcome"] = object{"ok": value}
	if err != nil {
		body["outcome"] = outcome(err, r.Deadline != nil)
		if _, ok := err.(unsupported); !ok {
			body["said"] = err.Error()
		}
	}
	e.end(*r.ID)
	e.reply("ended", body)
}

// protect makes a panic an error: Go programmers know it who have not looked at Dial's error, and use the nil conn.
func protect(call call) (value any, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = panicked(fmt.Sprint("panic: ", p))
		}
	}()
	return call()
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
}

// needs are the fields that each call must have.
var needs = map[string]string{
	"socket": "socket family", "bind": "socket address", "listen": "socket backlog", "accept": "socket as",
	"connect": "socket address", "read": "socket n", "write": "socket data", "shutdown": "socket how", "close": "socket",
	"rst-close": "socket", "linger-close": "socket seconds", "disconnect": "socket", "dup": "socket as",
	"poll": "socket events timeout", "so-error": "socket", "options": "socket", "get-option": "socket option",
	"set-option": "socket option value", "interrupt": "target", "sigpipe": "disposition",
}

func parse(line []byte) (*request, error) {
	r := &request{Repeat: 1}
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(line, &fields); err != nil {
		return r, fmt.Errorf("the line is no JSON object: %w", err)
	}
	if json.Unmarshal(fields["id"], &r.ID) != nil || r.ID == nil {
		return r, errors.New("the request has no id, a whole number")
	}
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

// within makes a call under the request's deadline, and takes the deadline away again.
func (r *request) within(method string, set func(time.Time) error, text string, make call) (string, call, error) {
	if r.Deadline == nil {
		return text, make, nil
	}
	d := time.Duration(*r.Deadline) * time.Millisecond
	return fmt.Sprintf("conn.%s(time.Now().Add(%v)); %s", method, d, text), func() (any, error) {
		if err := set(time.Now().Add(d)); err != nil {
			return nil, err
		}
		defer set(time.Time{})
		return make()
	}, nil
}

// flags gives the bits for a system call and their names. MSG_WAITALL does nothing on a socket that never blocks, and is
// given apart: Go has io.ReadFull.
func (r *request) flags() (bits int, names string, waitall bool, err error) {
	known := map[string]int{
		"peek": syscall.MSG_PEEK, "oob": syscall.MSG_OOB, "dontwait": syscall.MSG_DONTWAIT,
		"nosignal": syscall.MSG_NOSIGNAL, "waitall": 0,
	}
	for _, flag := range r.Flags {
		bit, ok := known[flag]
		if !ok {
			return 0, "", false, fmt.Errorf("there is no flag %q", flag)
		}
		if bits |= bit; bit != 0 {
			names += "|MSG_" + strings.ToUpper(flag)
		}
		waitall = waitall || bit == 0
	}
	return bits, strings.TrimPrefix(names, "|"), waitall, nil
}

func (e *endpoint) find(name string) (socket, bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	s, known := e.sockets[name]
	return s, known
}

func (e *endpoint) change(name string, f func(s *socket)) {
	e.mu.Lock()
	defer e.mu.Unlock()
	s := e.sockets[name]
	e.replaced = append(e.replaced, s)
	f(&s)
	e.sockets[name] = s
}

func never(text, why string) (string, call, error) {
	return text, func() (any, error) { return nil, unsupported(why) }, nil
}

// plan is the request's call, as a programmer would write it and to be made; or why it makes no sense.
func (e *endpoint) plan(r *request) (string, call, error) {
	s, known := e.find(r.Socket)
	if !known && r.Socket != "" && r.Call != "socket" {
		return "", nil, fmt.Errorf("there is no socket %q", r.Socket)
	}
	variable, h := s.handle()
	inControl := " // in " + variable + ".SyscallConn().Control"
	switch r.Call {
	case "socket":
		if r.Family != "inet" && r.Family != "inet6" {
			return "", nil, fmt.Errorf("there is no family %q", r.Family)
		}
		return "var conn net.Conn // Dial or Listen will make the socket", func() (any, error) {
			e.change(r.Socket, func(s *socket) { *s = socket{family: r.Family} })
			return "later", nil
		}, nil
	case "bind":
		return fmt.Sprintf("net.ResolveTCPAddr(\"tcp\", %q) // for Dial or Listen", r.Address), func() (any, error) {
			e.change(r.Socket, func(s *socket) { s.local = r.Address })
			return "later", nil
		}, nil
	case "connect":
		return e.planDial(r, s)
	case "listen":
		return e.planListen(r, s)
	case "accept":
		if s.conn != nil {
			return never("conn.Accept()", "net.Conn has no Accept")
		}
		return "listener.Accept()", func() (any, error) {
			conn, err := s.listener.AcceptTCP()
			if err != nil {
				return nil, err
			}
			e.change(r.As, func(s *socket) { *s = socket{conn: conn} })
			return descriptor(conn, conn.RemoteAddr())
		}, nil
	case "dup":
		restore := map[string]string{"conn": "FileConn", "listener": "FileListener"}[variable]
		return fmt.Sprintf("f := %s.File(); net.%s(f); f.Close()", variable, restore), func() (any, error) {
			copied, err := duplicate(h)
			if err != nil {
				return nil, err
			}
			e.change(r.As, func(s *socket) { *s = copied })
			_, h := copied.handle()
			return descriptor(h, nil)
		}, nil
	case "close":
		return variable + ".Close()", func() (any, error) { return "done", h.Close() }, nil
	case "rst-close", "linger-close":
		text, set := s.planSet(setting{options[0], int(r.Seconds)})
		return text + "; " + variable + ".Close()", func() (any, error) {
			if err := set(); err != nil {
				return nil, err
			}
			return "done", h.Close()
		}, nil
	case "read", "write", "shutdown":
		if s.listener != nil {
			method := map[string]string{"read": "Read", "write": "Write", "shutdown": "CloseWrite"}[r.Call]
			return never("listener."+method+"(...)", "net.Listener has no "+method)
		}
		switch r.Call {
		case "read":
			return planRead(r, s.conn)
		case "write":
			return planWrite(r, s.conn)
		}
		return planShutdown(r.How, s.conn)
	case "so-error":
		return "syscall.GetsockoptInt(fd, SOL_SOCKET, SO_ERROR)" + inControl, func() (any, error) {
			var errno any // nil for none
			err := onDescriptor(h, func(fd int) error {
				n, err := syscall.GetsockoptInt(fd, syscall.SOL_SOCKET, syscall.SO_ERROR)
				if n != 0 {
					errno = n
				}
				return err
			})
			return object{"pending-error": object{"error": errno}}, err
		}, nil
	case "options":
		return "syscall.GetsockoptInt(fd, ...)" + inControl, func() (any, error) { return readings(h, options...) }, nil
	case "get-option":
		text := fmt.Sprintf("syscall.GetsockoptInt(fd, %s)", r.Option.constants())
		return text + inControl, func() (any, error) { return readings(h, r.Option) }, nil
	case "set-option":
		set := setting{r.Option, int(r.Value)}
		if s.conn == nil && s.listener == nil {
			return set.text() + " // in the Control of Dialer or ListenConfig", func() (any, error) {
				e.change(r.Socket, func(s *socket) { s.noted = append(s.noted[:len(s.noted):len(s.noted)], set) })
				return "later", nil
			}, nil
		}
		text, make := s.planSet(set)
		return text, func() (any, error) { return "done", make() }, nil
	case "disconnect":
		return never("syscall.Connect(fd, ...)", "package syscall has no Sockaddr for AF_UNSPEC")
	case "poll":
		return never("syscall.Syscall(SYS_POLL, ...)", "package net has no poll, its own poller waits inside Read and Write")
	case "interrupt":
		return never("syscall.Tgkill(...)", "a goroutine that waits is in no system call, and the runtime's handlers are SA_RESTART")
	}
	switch r.Disposition { // of sigpipe
	case "ignore":
		return "signal.Ignore(syscall.SIGPIPE)", func() (any, error) {
			signal.Ignore(syscall.SIGPIPE)
			return "done", nil
		}, nil
	case "default":
		return never("signal.Reset(syscall.SIGPIPE)", "SIGPIPE kills a Go program for descriptors 1 and 2 alone, a socket's write fails with EPIPE")
	}
	return "", nil, fmt.Errorf("there is no disposition %q", r.Disposition)
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
func (e *endpoint) control(id *uint64, noted []setting) (text string, control func(_, _ string, raw syscall.RawConn) error) {
	for _, set := range noted {
		text += "; " + set.text()
	}
	if text != "" {
		text = ", Control: func { " + text[2:] + " }"
	}
	return text, func(_, _ string, raw syscall.RawConn) error {
		return inside(raw, func(fd int) (err error) {
			e.reply("made", object{"id": id, "fd": fd})
			for i := 0; i < len(noted) && err == nil; i++ {
				err = noted[i].set(fd)
			}
			return err
		})
	}
}

func (e *endpoint) planDial(r *request, s socket) (string, call, error) {
	var dialer net.Dialer
	var fields string
	if r.Deadline != nil {
		dialer.Timeout = time.Duration(*r.Deadline) * time.Millisecond
		fields = fmt.Sprint(", Timeout: ", dialer.Timeout)
		dialer.Timeout++ // for 0 means none
	}
	if s.local.IsValid() {
		dialer.LocalAddr = net.TCPAddrFromAddrPort(s.local)
		fields += fmt.Sprint(", LocalAddr: ", s.local)
	}
	sets, control := e.control(r.ID, s.noted)
	dialer.Control = control
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
	return "net." + text, func() (any, error) {
		conn, err := dialer.Dial(network, r.Address.String())
		tcp, _ := conn.(*net.TCPConn)
		e.change(r.Socket, func(s *socket) { s.conn, s.listener = tcp, nil })
		for i := 0; i < len(again) && err == nil; i++ {
			err = onDescriptor(tcp, again[i].set)
		}
		return "done", err
	}, nil
}

func (e *endpoint) planListen(r *request, s socket) (string, call, error) {
	address := s.local
	if !address.IsValid() {
		any := map[string]netip.Addr{"inet": netip.IPv4Unspecified(), "inet6": netip.IPv6Unspecified()}
		address = netip.AddrPortFrom(any[s.family], 0)
	}
	fields, control := e.control(r.ID, s.noted)
	config := net.ListenConfig{Control: control}
	network := s.network(address)
	text := fmt.Sprintf("net.Listen(%q, %q)", network, address)
	if fields != "" {
		text = fmt.Sprintf("net.ListenConfig{%s}.Listen(ctx, %q, %q)", fields[2:], network, address)
	}
	return text + " // the backlog is somaxconn", func() (any, error) {
		listener, err := config.Listen(context.Background(), network, address.String())
		if err == nil {
			e.change(r.Socket, func(s *socket) { s.conn, s.listener = nil, listener.(*net.TCPListener) })
		}
		return "done", err
	}, nil
}

func planRead(r *request, conn *net.TCPConn) (string, call, error) {
	bits, names, waitall, err := r.flags()
	if err != nil {
		return "", nil, err
	}
	if r.N > mostBytes {
		return "", nil, fmt.Errorf("a read of %d bytes is too large, %d is the most", r.N, mostBytes)
	}
	text := fmt.Sprintf("conn.Read(p[:%d])", r.N)
	switch {
	case bits != 0:
		text = fmt.Sprintf("syscall.Recvfrom(fd, p[:%d], %s) // in conn.SyscallConn().Read", r.N, names)
	case waitall:
		text = fmt.Sprintf("io.ReadFull(conn, p[:%d])", r.N)
	}
	return r.within("SetReadDeadline", func(t time.Time) error { return conn.SetReadDeadline(t) }, text, func() (any, error) {
		p := make([]byte, r.N)
		var n int
		var err error
		switch {
		case bits != 0:
			n, err = receive(conn, p, bits)
		case waitall:
			n, err = io.ReadFull(conn, p)
		default:
			n, err = conn.Read(p)
		}
		if n == 0 && err != nil && err != io.EOF {
			return nil, err
		}
		if p = p[:n]; n > 1024 {
			p = p[:1024]
		}
		value := object{"read": object{"n": n, "data": hex.EncodeToString(p)}}
		if err != nil { // the bytes come first, says io.Reader
			return telling{value, err.Error()}, nil
		}
		return value, nil
	})
}

// receive is recv with flags, and waits as Read does: until the function returns true.
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
		n = 0
	}
	return n, err
}

func planWrite(r *request, conn *net.TCPConn) (string, call, error) {
	bits, names, _, err := r.flags()
	if err != nil {
		return "", nil, err
	}
	p, err := hex.DecodeString(r.Data)
	if err != nil {
		return "", nil, err
	}
	if len(p) > 0 && int(r.Repeat) > mostBytes/len(p) {
		return "", nil, fmt.Errorf("a write of %d bytes %d times is too large, %d is the most", len(p), r.Repeat, mostBytes)
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
	if bits != 0 {
		text = fmt.Sprintf("syscall.SendmsgN(fd, %s, nil, nil, %s) // in conn.SyscallConn().Write", shown, names)
	}
	return r.within("SetWriteDeadline", func(t time.Time) error { return conn.SetWriteDeadline(t) }, text, func() (any, error) {
		var n int
		var err error
		if bits != 0 {
			n, err = send(conn, p, bits)
		} else {
			n, err = conn.Write(p)
		}
		if err != nil {
			return nil, partial{err, n}
		}
		return object{"written": object{"n": n}}, nil
	})
}

// send is send with flags, and goes on until all is written as Write does, or as far as it goes without waiting.
func send(conn *net.TCPConn, p []byte, flags int) (n int, err error) {
	raw, err := conn.SyscallConn()
	if err != nil {
		return 0, err
	}
	dontwait := flags&syscall.MSG_DONTWAIT != 0
	outer := raw.Write(func(fd uintptr) bool {
		var sent int
		for err = nil; err == nil && n < len(p); n += sent {
			sent, err = syscall.SendmsgN(int(fd), p[n:], nil, nil, flags)
		}
		return err != syscall.EAGAIN || dontwait
	})
	if outer != nil {
		err = outer
	}
	if err == syscall.EAGAIN && n > 0 {
		err = nil
	}
	return n, err
}

func planShutdown(how string, conn *net.TCPConn) (string, call, error) {
	switch how {
	case "read":
		return "conn.CloseRead()", func() (any, error) { return "done", conn.CloseRead() }, nil
	case "write":
		return "conn.CloseWrite()", func() (any, error) { return "done", conn.CloseWrite() }, nil
	case "both":
		return "conn.CloseRead(); conn.CloseWrite()", func() (any, error) {
			if err := conn.CloseRead(); err != nil {
				return nil, err
			}
			return "done", conn.CloseWrite()
		}, nil
	}
	return "", nil, fmt.Errorf("there is no direction %q", how)
}

// duplicate goes by way of an *os.File, the one thing that gives another descriptor of a socket.
func duplicate(h handle) (s socket, err error) {
	file, err := h.File()
	if err != nil {
		return s, err
	}
	defer file.Close()
	if _, listens := h.(*net.TCPListener); listens {
		listener, err := net.FileListener(file)
		s.listener, _ = listener.(*net.TCPListener)
		return s, err
	}
	conn, err := net.FileConn(file)
	s.conn, _ = conn.(*net.TCPConn)
	return s, err
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
	return inside(raw, f)
}

func inside(raw syscall.RawConn, f func(fd int) error) (err error) {
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

// constants are the two arguments of the system call which say what option it is.
func (o option) constants() string {
	if o.level == syscall.IPPROTO_TCP {
		return "IPPROTO_TCP, " + o.name
	}
	return "SOL_SOCKET, " + o.name
}

func (o option) get(fd int) (int64, error) {
	switch o.kind {
	case "Int":
		n, err := syscall.GetsockoptInt(fd, o.level, o.number)
		return int64(n), err
	case "Nonblock":
		flags, _, errno := syscall.Syscall(syscall.SYS_FCNTL, uintptr(fd), syscall.F_GETFL, 0)
		return int64(flags & syscall.O_NONBLOCK / syscall.O_NONBLOCK), maybe(errno)
	}
	// Package syscall sets structs, but does not read them.
	var value struct {
		linger syscall.Linger
		time   syscall.Timeval
	}
	at, size := unsafe.Pointer(&value.linger), uint32(unsafe.Sizeof(value.linger))
	if o.kind == "Timeval" {
		at, size = unsafe.Pointer(&value.time), uint32(unsafe.Sizeof(value.time))
	}
	_, _, errno := syscall.Syscall6(syscall.SYS_GETSOCKOPT, uintptr(fd), uintptr(o.level), uintptr(o.number),
		uintptr(at), uintptr(unsafe.Pointer(&size)), 0)
	switch {
	case o.kind == "Timeval":
		return value.time.Nano() / 1e6, maybe(errno)
	case value.linger.Onoff == 0:
		return -1, maybe(errno)
	}
	return int64(value.linger.Linger), maybe(errno)
}

// maybe makes the Errno 0 no error.
func maybe(errno syscall.Errno) error {
	if errno == 0 {
		return nil
	}
	return errno
}

// readings reads options. Their errnos are readings, too, unless there is none besides.
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
	return fmt.Sprintf("syscall.Setsockopt%s(fd, %s, %d)", set.kind, set.constants(), set.value)
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

// planSet sets an option of a socket that is there: by the conn's own method, where it has one.
func (s socket) planSet(set setting) (string, func() error) {
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
