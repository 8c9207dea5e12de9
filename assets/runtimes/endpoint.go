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
	"runtime"
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

// protect makes the call of a nil conn an error: the panic that Go programmers know who have not looked at Dial's error.
func protect(make call) (value any, err error) {
	defer func() {
		if p, ok := recover().(runtime.Error); ok {
			err = fmt.Errorf("panic: %w", p)
		}
	}()
	return make()
}

// outcome says what stands behind an error. The errno comes first: ETIMEDOUT is a Timeout, too.
func outcome(err error, limited bool) object {
	var errno syscall.Errno
	var why unsupported
	var p partial
	var panicked runtime.Error
	errors.As(err, &p)
	switch {
	case errors.As(err, &errno):
		return object{"err": int(errno)}
	case errors.As(err, &why):
		return object{"unsupported": why}
	case errors.Is(err, net.ErrClosed):
		return object{"library": "net.ErrClosed"}
	case limited && os.IsTimeout(errors.Unwrap(err)), limited && os.IsTimeout(err), limited && errors.Is(err, os.ErrDeadlineExceeded):
		return object{"deadline-exceeded": object{"written": p.written}}
	case errors.Is(err, os.ErrDeadlineExceeded): // the deadline of another call on this conn
		return object{"library": "os.ErrDeadlineExceeded"}
	case errors.As(err, &panicked):
		return object{"library": "nil pointer dereference"}
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

// flags gives the bits for a system call, their names, and what of the words needs none.
func (r *request) flags() (bits int, names string, others map[string]bool) {
	var words []string
	r.may("flags", &words)
	others = map[string]bool{}
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
		case "waitall": // does nothing on a socket that never blocks; Go has io.ReadFull
			others[word] = true
			continue
		default:
			r.refuse("there is no flag %q", word)
		}
		names += "|MSG_" + strings.ToUpper(word)
	}
	return bits, strings.TrimPrefix(names, "|"), others
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
