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

// A call is made after its text was told. What it returns stands in "ok", or is a telling.
type call func() (any, error)

// A telling is a value besides which a programmer sees something: the EOF of a Read.
type telling struct{ value, said any }

// A partial is the error of a Write that took some of the bytes.
type partial struct {
	error
	written int
}

func (p partial) Unwrap() error { return p.error }

// An unsupported is why Go cannot express a call.
type unsupported string

func (u unsupported) Error() string { return string(u) }

// A panicked is what the runtime prints when nobody recovers.
type panicked string

func (p panicked) Error() string { return string(p) }

// A socket is what goes by a name: what was noted for Dial or Listen, and what they gave. One of conn and listener is nil.
type socket struct {
	family   string
	local    *net.TCPAddr
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

func (s socket) handle() (name string, h handle) {
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
		e.start(line)
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

// start gives the request in a line a goroutine of its own.
func (e *endpoint) start(line []byte) {
	r := &request{}
	if err := json.Unmarshal(line, &r.fields); err != nil {
		e.reply("refused", object{"id": nil, "why": "the line is no JSON object: " + err.Error()})
		return
	}
	if r.need("id", &r.id); r.wrong != nil {
		e.reply("refused", object{"id": nil, "why": "the request has no id, a whole number"})
		return
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.inFlight[r.id] {
		e.reply("refused", object{"id": r.id, "why": fmt.Sprintf("a call of id %d is in flight", r.id)})
		return
	}
	e.inFlight[r.id] = true
	go e.carryOut(r)
}

func (e *endpoint) carryOut(r *request) {
	text, make := e.plan(r)
	var began, now int64
	var value any
	var err error
	if r.wrong == nil {
		began = monotonic()
		e.reply("began", object{"id": r.id, "at": began, "text": text})
		began = monotonic()
		value, err = protect(make)
		now = monotonic()
	}
	e.mu.Lock()
	delete(e.inFlight, r.id)
	e.mu.Unlock()
	if r.wrong != nil {
		e.reply("refused", object{"id": r.id, "why": r.wrong.Error()})
		return
	}
	body := object{"id": r.id, "at": now, "ns": now - began}
	if t, ok := value.(telling); ok {
		value, body["said"] = t.value, t.said
	}
	body["outcome"] = object{"ok": value}
	if err != nil {
		body["outcome"] = outcome(err, r.deadline > 0)
		if _, ok := err.(unsupported); !ok {
			body["said"] = err.Error()
		}
	}
	e.reply("ended", body)
}

// protect makes a panic an error: Go programmers know it who have not looked at Dial's error, and use the nil conn.
func protect(make call) (value any, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = panicked(fmt.Sprint("panic: ", p))
		}
	}()
	return make()
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

// A request is the fields of a line. Its methods note the first thing that is wrong with them.
type request struct {
	fields   map[string]json.RawMessage
	id       uint64
	deadline time.Duration
	wrong    error
}

func (r *request) refuse(format string, args ...any) {
	if r.wrong == nil {
		r.wrong = fmt.Errorf(format, args...)
	}
}

// may reads a field if it is there.
func (r *request) may(field string, into any) bool {
	raw := r.fields[field]
	if raw == nil || string(raw) == "null" {
		return false
	}
	if err := json.Unmarshal(raw, into); err != nil {
		r.refuse("%s: %w", field, err)
	}
	return true
}

func (r *request) need(field string, into any) {
	if !r.may(field, into) {
		r.refuse("the request has no %s", field)
	}
}

func (r *request) word(field string) (word string) {
	r.need(field, &word)
	return word
}

func (r *request) address() netip.AddrPort {
	address, err := netip.ParseAddrPort(r.word("address"))
	if err != nil {
		r.refuse("address: %w", err)
	}
	return address
}

// limit reads the deadline, which counts from now on, and how to write it down.
func (r *request) limit(setter string) (text string) {
	var ms uint32
	if r.may("deadline", &ms) {
		d := time.Duration(ms) * time.Millisecond
		text = fmt.Sprintf("conn.%s(time.Now().Add(%v)); ", setter, d)
		r.deadline = d + 1 // none is 0
	}
	return text
}

// flags gives the bits for a system call and their names. MSG_WAITALL does nothing on a socket that never blocks, and is
// given apart: Go has io.ReadFull.
func (r *request) flags() (bits int, names string, waitall bool) {
	var words []string
	r.may("flags", &words)
	for _, word := range words {
		switch word {
		case "peek":
			bits |= syscall.MSG_PEEK
		case "oob":
			bits |= syscall.MSG_OOB
		case "dontwait":
			bits |= syscall.MSG_DONTWAIT
		case "nosignal":
			bits |= syscall.MSG_NOSIGNAL
		case "waitall":
			waitall = true
			continue
		default:
			r.refuse("there is no flag %q", word)
		}
		names += "|MSG_" + strings.ToUpper(word)
	}
	return bits, strings.TrimPrefix(names, "|"), waitall
}

// data is what to write, and the expression for it.
func (r *request) data() ([]byte, string) {
	data, err := hex.DecodeString(r.word("data"))
	if err != nil {
		r.refuse("data: %w", err)
	}
	repeat := uint64(1)
	r.may("repeat", &repeat)
	if len(data) > 0 && repeat > mostBytes/uint64(len(data)) {
		r.refuse("a write of %d bytes %d times is too large, %d is the most", len(data), repeat, mostBytes)
		return nil, ""
	}
	shown := strconv.QuoteToASCII(string(data))
	if len(data) > 32 {
		shown = strconv.QuoteToASCII(string(data[:32])) + "..."
	}
	if repeat == 1 {
		return data, "[]byte(" + shown + ")"
	}
	return bytes.Repeat(data, int(repeat)), fmt.Sprintf("bytes.Repeat([]byte(%s), %d)", shown, repeat)
}

// find gives the socket of a name as it now is.
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

// plan reads a request: the call as a programmer would write it, and the call.
func (e *endpoint) plan(r *request) (string, call) {
	word, name := r.word("call"), ""
	if !r.may("socket", &name) {
		return planProcess(r, word)
	}
	s, known := e.find(name)
	if !known && word != "socket" {
		r.refuse("there is no socket %q", name)
	}
	if without := (map[string]string{"read": "Read", "write": "Write", "shutdown": "CloseWrite"}[word]); without != "" && s.listener != nil {
		return never("listener", "net.Listener has no "+without)
	}
	variable, h := s.handle()
	inControl := " // in " + variable + ".SyscallConn().Control"
	switch word {
	case "socket":
		family := r.word("family")
		return "var conn net.Conn // Dial or Listen will make the socket", func() (any, error) {
			e.change(name, func(s *socket) { *s = socket{family: family} })
			return "later", nil
		}
	case "bind":
		local := r.address()
		return fmt.Sprintf("net.ResolveTCPAddr(\"tcp\", %q) // for Dial or Listen", local), func() (any, error) {
			e.change(name, func(s *socket) { s.local = net.TCPAddrFromAddrPort(local) })
			return "later", nil
		}
	case "connect":
		return e.planDial(r, name, s)
	case "listen":
		return e.planListen(r, name, s)
	case "accept":
		as := r.word("as")
		if s.conn != nil {
			return never(variable, "net.Conn has no Accept")
		}
		return "listener.Accept()", func() (any, error) {
			conn, err := s.listener.AcceptTCP()
			if err != nil {
				return nil, err
			}
			e.change(as, func(s *socket) { *s = socket{conn: conn} })
			return descriptor(conn, conn.RemoteAddr())
		}
	case "dup":
		as := r.word("as")
		restore := map[string]string{"conn": "FileConn", "listener": "FileListener"}[variable]
		return fmt.Sprintf("file := %s.File(); net.%s(file); file.Close()", variable, restore), func() (any, error) {
			copied, err := duplicate(h)
			if err != nil {
				return nil, err
			}
			e.change(as, func(s *socket) { *s = copied })
			_, h := copied.handle()
			return descriptor(h, nil)
		}
	case "close":
		return variable + ".Close()", func() (any, error) { return "done", h.Close() }
	case "rst-close", "linger-close":
		var seconds uint16
		if word == "linger-close" {
			r.need("seconds", &seconds)
		}
		text, set := s.planSet(setting{options[0], int(seconds)})
		return text + "; " + variable + ".Close()", func() (any, error) {
			if err := set(); err != nil {
				return nil, err
			}
			return "done", h.Close()
		}
	case "so-error":
		text := "syscall.GetsockoptInt(fd, SOL_SOCKET, SO_ERROR)" + inControl
		return text, func() (any, error) {
			var errno any
			err := onDescriptor(h, func(fd int) error {
				n, err := syscall.GetsockoptInt(fd, syscall.SOL_SOCKET, syscall.SO_ERROR)
				if n != 0 {
					errno = n
				}
				return err
			})
			return object{"pending-error": object{"error": errno}}, err
		}
	case "options":
		return "syscall.GetsockoptInt(fd, ...)" + inControl, func() (any, error) { return readings(h, options) }
	case "get-option":
		o := r.option()
		return o.getText() + inControl, func() (any, error) { return readings(h, []option{o}) }
	case "set-option":
		var value int32
		o := r.option()
		r.need("value", &value)
		set := setting{o, int(value)}
		if s.conn == nil && s.listener == nil {
			return set.text() + " // in the Control of Dialer or ListenConfig", func() (any, error) {
				e.change(name, func(s *socket) { s.noted = append(s.noted[:len(s.noted):len(s.noted)], set) })
				return "later", nil
			}
		}
		text, make := s.planSet(set)
		return text, func() (any, error) { return "done", make() }
	case "disconnect":
		return never(variable, "package net cannot dissolve a connection")
	case "poll":
		return never(variable, "package net has no poll, its own poller waits inside Read and Write")
	case "read":
		return planRead(r, s.conn)
	case "write":
		return planWrite(r, s.conn)
	case "shutdown":
		return planShutdown(r, s.conn)
	}
	r.refuse("there is no call %q on a socket", word)
	return "", nil
}

func never(variable, why string) (string, call) {
	return variable + " // " + why, func() (any, error) { return nil, unsupported(why) }
}

func planProcess(r *request, word string) (string, call) {
	if word == "interrupt" {
		r.need("target", new(uint64))
		return never("goroutine", "a goroutine that waits is in no system call, and the runtime's handlers are SA_RESTART")
	}
	if word != "sigpipe" {
		r.refuse("there is no call %q without a socket", word)
	}
	switch disposition := r.word("disposition"); disposition {
	case "ignore":
		return "signal.Ignore(syscall.SIGPIPE)", func() (any, error) {
			signal.Ignore(syscall.SIGPIPE)
			return "done", nil
		}
	case "default":
		return never("signal.Reset(syscall.SIGPIPE)", "SIGPIPE kills a Go program for its descriptors 1 and 2 only (os/signal)")
	default:
		r.refuse("there is no disposition %q", disposition)
		return "", nil
	}
}

// network holds Go to the family of the socket. "tcp" suffices, but for 0.0.0.0, where Go would serve both families.
func (s socket) network(address netip.AddrPort) string {
	switch is4 := address.Addr().Is4(); {
	case s.family == "inet" && !is4, is4 && address.Addr().IsUnspecified():
		return "tcp4"
	case s.family == "inet6" && is4:
		return "tcp6"
	}
	return "tcp"
}

// planControl is the Control of a Dialer or ListenConfig, which runs before bind: it tells the descriptor and sets options.
func (e *endpoint) planControl(r *request, noted []setting) (string, func(_, _ string, raw syscall.RawConn) error) {
	text := ""
	for _, set := range noted {
		text += "; " + set.text()
	}
	if text != "" {
		text = "Control: func { " + text[2:] + " }"
	}
	return text, func(_, _ string, raw syscall.RawConn) error {
		return control(raw, func(fd int) (err error) {
			e.reply("made", object{"id": r.id, "fd": fd})
			for i := 0; i < len(noted) && err == nil; i++ {
				err = noted[i].set(fd)
			}
			return err
		})
	}
}

func (e *endpoint) planDial(r *request, name string, s socket) (string, call) {
	address := r.address()
	r.limit("")
	network := s.network(address)
	options, control := e.planControl(r, s.noted)
	dialer := net.Dialer{Timeout: r.deadline, Control: control}
	var fields []string
	if r.deadline > 0 {
		fields = append(fields, fmt.Sprint("Timeout: ", r.deadline.Truncate(time.Millisecond)))
	}
	if s.local != nil {
		dialer.LocalAddr = s.local
		fields = append(fields, fmt.Sprint("LocalAddr: ", s.local))
	}
	if options != "" {
		fields = append(fields, options)
	}
	text := fmt.Sprintf("Dial(%q, %q)", network, address)
	if fields == nil {
		text = "net." + text
	} else {
		text = "net.Dialer{" + strings.Join(fields, ", ") + "}." + text
	}
	// Once more what Dial sets at its end, whatever Control did.
	var again []setting
	for _, set := range s.noted {
		if set.name == "TCP_NODELAY" || strings.Contains(set.name, "_KEEP") {
			again = append(again, set)
			text += "; " + set.text()
		}
	}
	return text, func() (any, error) {
		conn, err := dialer.Dial(network, address.String())
		s.conn, _ = conn.(*net.TCPConn)
		e.change(name, func(current *socket) { current.conn, current.listener = s.conn, nil })
		for i := 0; i < len(again) && err == nil; i++ {
			err = onDescriptor(s.conn, again[i].set)
		}
		return "done", err
	}
}

func (e *endpoint) planListen(r *request, name string, s socket) (string, call) {
	r.need("backlog", new(int32))
	address := netip.AddrPortFrom(netip.IPv6Unspecified(), 0)
	if s.family == "inet" {
		address = netip.AddrPortFrom(netip.IPv4Unspecified(), 0)
	}
	if s.local != nil {
		address = s.local.AddrPort()
	}
	network := s.network(address)
	options, control := e.planControl(r, s.noted)
	config := net.ListenConfig{Control: control}
	text := fmt.Sprintf("net.Listen(%q, %q)", network, address)
	if options != "" {
		text = fmt.Sprintf("net.ListenConfig{%s}.Listen(ctx, %q, %q)", options, network, address)
	}
	return text + " // the backlog is somaxconn", func() (any, error) {
		listener, err := config.Listen(context.Background(), network, address.String())
		if err != nil {
			return nil, err
		}
		e.change(name, func(current *socket) { current.conn, current.listener = nil, listener.(*net.TCPListener) })
		return "done", nil
	}
}

func planRead(r *request, conn *net.TCPConn) (string, call) {
	var n int
	if r.need("n", &n); n < 0 || n > mostBytes {
		r.refuse("a read of %d bytes is too large, %d is the most", n, mostBytes)
		return "", nil
	}
	bits, names, waitall := r.flags()
	text := fmt.Sprintf("conn.Read(p[:%d])", n)
	read := conn.Read
	switch {
	case bits != 0:
		text = fmt.Sprintf("syscall.Recvfrom(fd, p[:%d], %s) // in conn.SyscallConn().Read", n, names)
		read = func(p []byte) (n int, err error) { return receive(conn, p, bits) }
	case waitall:
		text = fmt.Sprintf("io.ReadFull(conn, p[:%d])", n)
		read = func(p []byte) (n int, err error) { return io.ReadFull(conn, p) }
	}
	return r.limit("SetReadDeadline") + text, func() (any, error) {
		if r.deadline > 0 {
			if err := conn.SetReadDeadline(time.Now().Add(r.deadline)); err != nil {
				return nil, err
			}
			defer conn.SetReadDeadline(time.Time{})
		}
		p := make([]byte, n)
		n, err := read(p)
		if n <= 0 && err != nil && err != io.EOF {
			return nil, err
		}
		kept := p[:n]
		if n > 1024 {
			kept = p[:1024]
		}
		value := object{"read": object{"n": n, "data": hex.EncodeToString(kept)}}
		if err != nil { // the bytes come first, says io.Reader
			return telling{value, err.Error()}, nil
		}
		return value, nil
	}
}

// receive is recv with flags, waiting as Read does: the poller calls f again until it is content.
func receive(conn *net.TCPConn, p []byte, flags int) (n int, err error) {
	raw, err := conn.SyscallConn()
	if err != nil {
		return 0, err
	}
	outer := raw.Read(func(fd uintptr) bool {
		n, _, err = syscall.Recvfrom(int(fd), p, flags)
		return err != syscall.EAGAIN || flags&syscall.MSG_DONTWAIT != 0
	})
	switch {
	case outer != nil:
		return 0, outer
	case err == nil && n == 0:
		return 0, io.EOF
	}
	return n, err
}

func planWrite(r *request, conn *net.TCPConn) (string, call) {
	p, expression := r.data()
	bits, names, _ := r.flags()
	text := fmt.Sprintf("conn.Write(%s)", expression)
	write := conn.Write
	if bits != 0 {
		text = fmt.Sprintf("syscall.SendmsgN(fd, %s, nil, nil, %s) // in conn.SyscallConn().Write", expression, names)
		write = func(p []byte) (n int, err error) { return send(conn, p, bits) }
	}
	return r.limit("SetWriteDeadline") + text, func() (any, error) {
		if r.deadline > 0 {
			if err := conn.SetWriteDeadline(time.Now().Add(r.deadline)); err != nil {
				return nil, err
			}
			defer conn.SetWriteDeadline(time.Time{})
		}
		n, err := write(p)
		if err != nil {
			return nil, partial{err, n}
		}
		return object{"written": object{"n": n}}, nil
	}
}

// send is send with flags, going on until all is written as Write does, or as far as it goes without waiting.
func send(conn *net.TCPConn, p []byte, flags int) (n int, err error) {
	raw, err := conn.SyscallConn()
	if err != nil {
		return 0, err
	}
	outer := raw.Write(func(fd uintptr) bool {
		for {
			var sent int
			if sent, err = syscall.SendmsgN(int(fd), p[n:], nil, nil, flags); err == nil {
				n += sent
			}
			if err != nil || n == len(p) {
				return err != syscall.EAGAIN || flags&syscall.MSG_DONTWAIT != 0
			}
		}
	})
	switch {
	case outer != nil:
		return n, outer
	case err == syscall.EAGAIN && n > 0:
		return n, nil
	}
	return n, err
}

func planShutdown(r *request, conn *net.TCPConn) (string, call) {
	switch how := r.word("how"); how {
	case "read":
		return "conn.CloseRead()", func() (any, error) { return "done", conn.CloseRead() }
	case "write":
		return "conn.CloseWrite()", func() (any, error) { return "done", conn.CloseWrite() }
	case "both":
		return "conn.CloseRead(); conn.CloseWrite()", func() (any, error) {
			if err := conn.CloseRead(); err != nil {
				return nil, err
			}
			return "done", conn.CloseWrite()
		}
	default:
		r.refuse("there is no direction %q", how)
		return "", nil
	}
}

// duplicate goes by way of an *os.File, the only thing that gives another descriptor of a socket.
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
	return control(raw, f)
}

func control(raw syscall.RawConn, f func(fd int) error) (err error) {
	if outer := raw.Control(func(fd uintptr) { err = f(int(fd)) }); outer != nil {
		return outer
	}
	return err
}

// An option is a socket option under its name in C.
type option struct {
	name          string
	level, number int
}

// The constants that package syscall lacks.
const (
	soReuseport    = 15
	tcpUserTimeout = 18
)

var options = []option{
	{"SO_LINGER", syscall.SOL_SOCKET, syscall.SO_LINGER},
	{"SO_REUSEADDR", syscall.SOL_SOCKET, syscall.SO_REUSEADDR},
	{"SO_REUSEPORT", syscall.SOL_SOCKET, soReuseport},
	{"TCP_NODELAY", syscall.IPPROTO_TCP, syscall.TCP_NODELAY},
	{"TCP_CORK", syscall.IPPROTO_TCP, syscall.TCP_CORK},
	{"SO_KEEPALIVE", syscall.SOL_SOCKET, syscall.SO_KEEPALIVE},
	{"TCP_KEEPIDLE", syscall.IPPROTO_TCP, syscall.TCP_KEEPIDLE},
	{"TCP_KEEPINTVL", syscall.IPPROTO_TCP, syscall.TCP_KEEPINTVL},
	{"TCP_KEEPCNT", syscall.IPPROTO_TCP, syscall.TCP_KEEPCNT},
	{"TCP_USER_TIMEOUT", syscall.IPPROTO_TCP, tcpUserTimeout},
	{"TCP_SYNCNT", syscall.IPPROTO_TCP, syscall.TCP_SYNCNT},
	{"TCP_DEFER_ACCEPT", syscall.IPPROTO_TCP, syscall.TCP_DEFER_ACCEPT},
	{"SO_RCVBUF", syscall.SOL_SOCKET, syscall.SO_RCVBUF},
	{"SO_SNDBUF", syscall.SOL_SOCKET, syscall.SO_SNDBUF},
	{"SO_RCVTIMEO", syscall.SOL_SOCKET, syscall.SO_RCVTIMEO},
	{"SO_SNDTIMEO", syscall.SOL_SOCKET, syscall.SO_SNDTIMEO},
	{"O_NONBLOCK", 0, syscall.O_NONBLOCK},
	{"TCP_LINGER2", syscall.IPPROTO_TCP, syscall.TCP_LINGER2},
}

func (r *request) option() option {
	name := r.word("option")
	for _, o := range options {
		if o.name == name {
			return o
		}
	}
	r.refuse("there is no option %q", name)
	return option{}
}

// place is where the kernel has the option.
func (o option) place() string {
	if o.level == syscall.IPPROTO_TCP {
		return "IPPROTO_TCP, " + o.name
	}
	return "SOL_SOCKET, " + o.name
}

func (o option) getText() string {
	switch o.name {
	case "SO_LINGER", "SO_RCVTIMEO", "SO_SNDTIMEO":
		return fmt.Sprintf("syscall.Syscall6(SYS_GETSOCKOPT, fd, %s, ...)", o.place())
	case "O_NONBLOCK":
		return "syscall.Syscall(SYS_FCNTL, fd, F_GETFL, 0)"
	}
	return fmt.Sprintf("syscall.GetsockoptInt(fd, %s)", o.place())
}

// get reads the option. Package syscall can set those which are structs, but reads ints only.
func (o option) get(fd int) (value int64, err error) {
	var linger syscall.Linger
	var time syscall.Timeval
	switch o.name {
	case "SO_LINGER":
		err = o.getStruct(fd, unsafe.Pointer(&linger), unsafe.Sizeof(linger))
		if linger.Onoff == 0 {
			return -1, err
		}
		return int64(linger.Linger), err
	case "SO_RCVTIMEO", "SO_SNDTIMEO":
		err = o.getStruct(fd, unsafe.Pointer(&time), unsafe.Sizeof(time))
		return time.Nano() / 1e6, err
	case "O_NONBLOCK":
		flags, _, errno := syscall.Syscall(syscall.SYS_FCNTL, uintptr(fd), syscall.F_GETFL, 0)
		if errno != 0 {
			return 0, errno
		}
		return int64(flags&syscall.O_NONBLOCK) / syscall.O_NONBLOCK, nil
	}
	n, err := syscall.GetsockoptInt(fd, o.level, o.number)
	return int64(n), err
}

func (o option) getStruct(fd int, into unsafe.Pointer, size uintptr) error {
	length := uint32(size)
	_, _, errno := syscall.Syscall6(syscall.SYS_GETSOCKOPT, uintptr(fd), uintptr(o.level), uintptr(o.number),
		uintptr(into), uintptr(unsafe.Pointer(&length)), 0)
	if errno != 0 {
		return errno
	}
	return nil
}

// readings reads the options. Only when there is but one, its errno is the outcome.
func readings(h handle, options []option) (any, error) {
	var values []object
	err := onDescriptor(h, func(fd int) error {
		for _, o := range options {
			value, err := o.get(fd)
			if err == nil {
				values = append(values, object{"option": o.name, "value": value})
			} else if len(options) > 1 {
				values = append(values, object{"option": o.name, "errno": err})
			} else {
				return os.NewSyscallError("getsockopt", err)
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
	switch set.name {
	case "SO_LINGER":
		l := set.linger()
		return fmt.Sprintf("syscall.SetsockoptLinger(fd, %s, &syscall.Linger{%d, %d})", set.place(), l.Onoff, l.Linger)
	case "SO_RCVTIMEO", "SO_SNDTIMEO":
		t := set.timeval()
		return fmt.Sprintf("syscall.SetsockoptTimeval(fd, %s, &syscall.Timeval{%d, %d})", set.place(), t.Sec, t.Usec)
	case "O_NONBLOCK":
		return fmt.Sprintf("syscall.SetNonblock(fd, %t)", set.value != 0)
	}
	return fmt.Sprintf("syscall.SetsockoptInt(fd, %s, %d)", set.place(), set.value)
}

func (set setting) set(fd int) error {
	var err error
	switch set.name {
	case "SO_LINGER":
		err = syscall.SetsockoptLinger(fd, set.level, set.number, set.linger())
	case "SO_RCVTIMEO", "SO_SNDTIMEO":
		err = syscall.SetsockoptTimeval(fd, set.level, set.number, set.timeval())
	case "O_NONBLOCK":
		err = syscall.SetNonblock(fd, set.value != 0)
	default:
		err = syscall.SetsockoptInt(fd, set.level, set.number, set.value)
	}
	return os.NewSyscallError("setsockopt", err)
}

func (set setting) linger() *syscall.Linger {
	if set.value < 0 {
		return &syscall.Linger{}
	}
	return &syscall.Linger{Onoff: 1, Linger: int32(set.value)}
}

func (set setting) timeval() *syscall.Timeval {
	t := syscall.NsecToTimeval(int64(set.value) * 1e6)
	return &t
}

// planSet sets an option of a socket that is there: by the method that package net has for it, where it has one.
func (s socket) planSet(set setting) (string, func() error) {
	on := set.value != 0
	if s.listener == nil {
		switch set.name {
		case "SO_LINGER":
			return fmt.Sprintf("conn.SetLinger(%d)", set.value), func() error { return s.conn.SetLinger(set.value) }
		case "TCP_NODELAY":
			return fmt.Sprintf("conn.SetNoDelay(%t)", on), func() error { return s.conn.SetNoDelay(on) }
		case "SO_KEEPALIVE":
			return fmt.Sprintf("conn.SetKeepAlive(%t)", on), func() error { return s.conn.SetKeepAlive(on) }
		case "SO_RCVBUF":
			return fmt.Sprintf("conn.SetReadBuffer(%d)", set.value), func() error { return s.conn.SetReadBuffer(set.value) }
		case "SO_SNDBUF":
			return fmt.Sprintf("conn.SetWriteBuffer(%d)", set.value), func() error { return s.conn.SetWriteBuffer(set.value) }
		}
	}
	variable, h := s.handle()
	return set.text() + " // in " + variable + ".SyscallConn().Control", func() error { return onDescriptor(h, set.set) }
}
