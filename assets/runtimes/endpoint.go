// The Go endpoint: sockets as package net gives them, driven line by line as docs/endpoint-protocol.md says.
//
//	GO111MODULE=off CGO_ENABLED=0 go build endpoint.go && ./endpoint        (then paste a line, such as)
//	{"id":1,"socket":"client","call":"socket","family":"inet"}
//
// What Go does differently:
//
//   - There is no socket before Dial or Listen: socket, bind and options before them are noted, and done there. A call
//     that needs one gets a socket of package syscall as a conn, by FileConn; Dial and Listen put theirs in its place.
//     After a Dial that failed the conn is nil, and a call on it panics.
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
	"math"
	"net"
	"net/netip"
	"os"
	"os/signal"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
	"unicode/utf8"
	"unsafe"
)

const (
	version     = 2               // of the protocol
	most        = 64 << 20        // bytes in one read or write
	longestLine = 2*most + 64<<10 // the longest write in hexadecimal, and what is around it
	kept        = 1024            // of the bytes that were read, so many are told
	shown       = 32              // of the bytes to write, so many are shown
)

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

// A socket is what goes by a name: what is noted for Dial or Listen, and what they gave: a conn or a listener.
type socket struct {
	family   string
	local    netip.AddrPort
	noted    []setting
	conn     *net.TCPConn
	raw      bool // the conn is FileConn's, and never was connected
	failed   bool // the last Dial
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
	reply("hello", object{"protocol": version, "runtime": "go"})
	for in := bufio.NewReader(os.Stdin); ; {
		r := &request{}
		line, err := readLine(in)
		if err == nil {
			err = r.parse(line)
		}
		if err == nil && !r.enter() {
			err = fmt.Errorf("a call of id %d is in flight", *r.id)
		}
		if err != nil {
			reply("refused", refused{r.id, err.Error()})
			continue
		}
		go r.carryOut()
	}
}

// readLine gives the next line; of one that is too long, the error. The end of the input ends the process.
func readLine(in *bufio.Reader) (line []byte, err error) {
	for more := true; more; {
		var piece []byte
		var end error
		if piece, more, end = in.ReadLine(); end != nil {
			os.Exit(0) // whatever is still blocked
		}
		if len(line)+len(piece) > longestLine {
			err = fmt.Errorf("the line is longer than %d bytes", longestLine)
		}
		if err == nil {
			line = append(line, piece...)
		}
	}
	return line, err
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

// A request is a line: its fields are read by those that need them.
type request struct {
	id     *uint64
	fields map[string]json.RawMessage
	first  string // what is done for the call before it
	start  int64  // of the call
}

// parse reads a line. A request that makes no sense has its id, if that could be read.
func (r *request) parse(line []byte) error {
	if !utf8.Valid(line) || json.Unmarshal(line, &r.fields) != nil {
		return errors.New("the line is not JSON")
	}
	if json.Unmarshal(r.fields["id"], &r.id) != nil || r.id == nil {
		r.id = nil
		return errors.New("the request has no id, a whole number")
	}
	return nil
}

// must refuses the request, whoever is reading it. See protected.
func must(field, format string, a ...any) {
	panic(refusal(fmt.Sprintf("the field "+field+" must be "+format, a...)))
}

func (r *request) has(field string) bool { return r.fields[field] != nil }

// text is the string in a field, or "".
func (r *request) text(field string) (text string) {
	if json.Unmarshal(r.fields[field], &text) != nil {
		return ""
	}
	return text
}

func (r *request) number(field string, least, most int) int {
	n, err := strconv.Atoi(string(r.fields[field]))
	if err != nil || n < least || n > most {
		must(field, "a whole number from %d to %d", least, most)
	}
	return n
}

func (r *request) word(field string, words ...string) string {
	word := r.text(field)
	if !contains(words, word) {
		must(field, "one of %s", strings.Join(words, ", "))
	}
	return word
}

func contains(words []string, wanted string) bool {
	for _, word := range words {
		if word == wanted {
			return true
		}
	}
	return false
}

// flags are MSG_'s of those names, as bits and as a programmer writes them.
func (r *request) flags(known ...string) (bits int, names string) {
	var flags []string
	fits := !r.has("flags") || json.Unmarshal(r.fields["flags"], &flags) == nil
	for _, flag := range flags {
		fits = fits && contains(known, flag)
		bits |= messageFlags[flag]
		names += "|MSG_" + strings.ToUpper(flag)
	}
	if !fits {
		must("flags", "a list of %s", strings.Join(known, ", "))
	}
	return bits, strings.TrimPrefix(names, "|")
}

var names = regexp.MustCompile("^[A-Za-z][A-Za-z0-9_-]{0,23}$")

func (r *request) name(field string) string {
	name := r.text(field)
	if !names.MatchString(name) {
		panic(refusal("a socket's name is a letter, then letters, digits, - and _, at most 24 in all"))
	}
	return name
}

func (r *request) address() netip.AddrPort {
	address, err := netip.ParseAddrPort(r.text("address"))
	if err != nil {
		panic(refusal("an address is like 10.0.0.2:8080 or [fd00::2]:8080"))
	}
	return address
}

func (r *request) option() option {
	name := r.text("option")
	for _, known := range options {
		if known.name == name {
			return known
		}
	}
	panic(refusal("there is no option of that name"))
}

// limit is the deadline, if there is one.
func (r *request) limit() (limit time.Duration, is bool) {
	if !r.has("deadline") {
		return 0, false
	}
	return time.Duration(r.number("deadline", 0, math.MaxUint32)) * time.Millisecond, true
}

func (r *request) enter() bool {
	state.Lock()
	defer state.Unlock()
	busy := inFlight[*r.id]
	inFlight[*r.id] = true
	return !busy
}

func (r *request) leave() {
	state.Lock()
	defer state.Unlock()
	delete(inFlight, *r.id)
}

// What is said of a call. The id comes first, as docs/endpoint-protocol.md asks; a map would be put in order by its keys.
type (
	refused struct {
		ID  *uint64 `json:"id"`
		Why string  `json:"why"`
	}
	made struct {
		ID *uint64 `json:"id"`
		FD int     `json:"fd"`
	}
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
	reply("began", began{r.id, monotonic(), r.first + text})
	r.start = monotonic()
}

func (r *request) carryOut() {
	value, err := r.protected()
	now := monotonic()
	r.leave()
	if why, is := err.(refusal); is {
		reply("refused", refused{r.id, string(why)})
		return
	}
	body := ended{ID: r.id, At: now, NS: now - r.start}
	if t, is := value.(telling); is {
		value, body.Said = t.value, t.said.Error()
	}
	body.Outcome = object{"ok": value}
	if err != nil {
		body.Outcome, body.Said = outcome(err, r.has("deadline")), err.Error()
	}
	if _, is := err.(unsupported); is {
		body.Said = ""
	}
	reply("ended", body)
}

// protected makes a panic an error: a refusal of our own, or one that Go programmers know: they did not look at Dial's
// error, and use the nil conn.
func (r *request) protected() (value any, err error) {
	defer func() {
		switch p := recover().(type) {
		case nil:
		case refusal:
			err = p
		default:
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

// calls are those on a socket, by name. Each reads its request, tells the call as a programmer would write it, and
// makes it.
var calls = map[string]func(r *request, s socket) (any, error){
	"bind": (*request).bind, "listen": (*request).listen, "accept": (*request).accept, "connect": (*request).dial,
	"read": (*request).read, "write": (*request).write, "shutdown": (*request).shutdown, "close": (*request).close,
	"rst-close": (*request).lingerClose, "linger-close": (*request).lingerClose, "dup": (*request).dup,
	"so-error": (*request).socketError, "options": (*request).readOptions, "get-option": (*request).readOptions,
	"set-option": (*request).setOption,
}

// noCalls are what Go has nothing for, and why.
var noCalls = map[string]string{
	"disconnect": "package net cannot dissolve a connection",
	"poll":       "package net has no poll, its own poller waits inside Read and Write",
	"interrupt":  "a goroutine that waits is in no system call, and the runtime's handlers are SA_RESTART",
}

func (r *request) make() (any, error) {
	name := r.text("call")
	call, known := calls[name]
	switch {
	case noCalls[name] != "":
		return r.never(noCalls[name])
	case name == "sigpipe":
		return r.sigpipe()
	case name == "socket":
		name, family := r.name("socket"), r.word("family", "inet", "inet6")
		r.began("var conn net.Conn // Dial or Listen will make the socket")
		change(name, func(s *socket) { *s = socket{family: family} })
		return "later", nil
	case !known:
		return nil, refusal("there is no call of that name")
	}
	s, known := find(r.name("socket"))
	if !known {
		return nil, refusal("there is no socket of that name")
	}
	if s.conn == nil && s.listener == nil && !s.failed && contains(onConn, name) {
		var err error
		if s, err = r.unconnected(s); err != nil {
			r.began("// and no " + name + " after that")
			return nil, err
		}
	}
	return call(r, s)
}

// onConn are the calls that need a conn, connected or not.
var onConn = []string{
	"read", "write", "shutdown", "close", "rst-close", "linger-close", "dup", "so-error", "options", "get-option",
}

// unconnected makes what was noted a conn that was never connected. Package net has no way to one but FileConn.
func (r *request) unconnected(s socket) (socket, error) {
	domain := map[string]int{"inet": syscall.AF_INET, "inet6": syscall.AF_INET6}[s.family]
	number, err := syscall.Socket(domain, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, syscall.IPPROTO_TCP)
	if err != nil {
		return s, os.NewSyscallError("socket", err)
	}
	file := os.NewFile(uintptr(number), "socket")
	defer file.Close()
	r.first = fmt.Sprintf("fd, _ := syscall.Socket(%s, SOCK_STREAM, IPPROTO_TCP); ",
		map[string]string{"inet": "AF_INET", "inet6": "AF_INET6"}[s.family])
	if s.local.IsValid() {
		r.first += fmt.Sprintf("syscall.Bind(fd, %s); ", s.local)
		if err := syscall.Bind(number, sockaddr(s.local)); err != nil {
			return s, os.NewSyscallError("bind", err)
		}
	}
	for _, set := range s.noted {
		r.first += set.text() + "; "
		if err := set.set(number); err != nil {
			return s, err
		}
	}
	r.first += "conn, _ := net.FileConn(os.NewFile(fd, \"socket\")); "
	conn, err := net.FileConn(file) // which makes a descriptor of its own
	if err != nil {
		return s, err
	}
	s.conn, s.raw = conn.(*net.TCPConn), true
	r.change(func(kept *socket) { kept.conn, kept.raw = s.conn, true })
	return s, onDescriptor(s.conn, func(fd int) error { reply("made", made{r.id, fd}); return nil })
}

func sockaddr(address netip.AddrPort) syscall.Sockaddr {
	if address.Addr().Is4() {
		return &syscall.SockaddrInet4{Port: int(address.Port()), Addr: address.Addr().As4()}
	}
	return &syscall.SockaddrInet6{Port: int(address.Port()), Addr: address.Addr().As16()}
}

// vacate closes a conn that was never connected, for Dial or Listen to put another in its place.
func (r *request) vacate(s socket) socket {
	if s.raw {
		s.conn.Close()
		s.conn, s.raw = nil, false
		r.change(func(kept *socket) { kept.conn, kept.raw = nil, false })
	}
	return s
}

func (r *request) sigpipe() (any, error) {
	if r.word("disposition", "default", "ignore") == "default" {
		return r.never("SIGPIPE kills a Go program for descriptors 1 and 2 alone, a socket's write fails with EPIPE")
	}
	r.began("signal.Ignore(syscall.SIGPIPE)")
	signal.Ignore(syscall.SIGPIPE)
	return "done", nil
}

// change changes the socket of the request.
func (r *request) change(f func(s *socket)) { change(r.name("socket"), f) }

func (r *request) bind(socket) (any, error) {
	address := r.address()
	r.began(fmt.Sprintf("net.ResolveTCPAddr(\"tcp\", %q) // for Dial or Listen", address))
	r.change(func(s *socket) { s.local = address })
	return "later", nil
}

func (r *request) accept(s socket) (any, error) {
	name := r.name("as")
	if s.conn != nil {
		return r.never("net.Conn has no Accept")
	}
	r.began("listener.Accept()")
	conn, err := s.listener.AcceptTCP()
	if err != nil {
		return nil, err
	}
	change(name, func(s *socket) { *s = socket{conn: conn} })
	return descriptor(conn, conn.RemoteAddr())
}

func (r *request) close(s socket) (any, error) {
	variable, h := s.handle()
	r.began(variable + ".Close()")
	return "done", h.Close()
}

func (r *request) lingerClose(s socket) (any, error) {
	variable, h := s.handle()
	linger := setting{options[0], 0}
	if r.text("call") == "linger-close" {
		linger.value = r.number("seconds", 0, math.MaxUint16)
	}
	text, set := s.setter(linger)
	r.began(text + "; " + variable + ".Close()")
	if err := set(); err != nil {
		return nil, err
	}
	return "done", h.Close()
}

// dup goes by an *os.File, the one thing that gives another descriptor of a socket.
func (r *request) dup(s socket) (any, error) {
	name := r.name("as")
	variable, h := s.handle()
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
	change(name, func(s *socket) { *s = copied })
	_, h = copied.handle()
	return descriptor(h, nil)
}

func (r *request) socketError(s socket) (any, error) {
	variable, h := s.handle()
	r.began("syscall.GetsockoptInt(fd, SOL_SOCKET, SO_ERROR) // in " + variable + ".SyscallConn().Control")
	var errno any // nil for none
	err := onDescriptor(h, func(fd int) error {
		n, err := syscall.GetsockoptInt(fd, syscall.SOL_SOCKET, syscall.SO_ERROR)
		if n != 0 {
			errno = n
		}
		return err
	})
	return object{"pending-error": object{"error": errno}}, err
}

// readOptions is for one option, and for all.
func (r *request) readOptions(s socket) (any, error) {
	variable, h := s.handle()
	asked, what := options, "..."
	if r.text("call") == "get-option" {
		asked = []option{r.option()}
		what = asked[0].place()
	}
	r.began(fmt.Sprintf("syscall.GetsockoptInt(fd, %s) // in %s.SyscallConn().Control", what, variable))
	return readings(h, asked...)
}

func (r *request) setOption(s socket) (any, error) {
	set := setting{r.option(), r.number("value", math.MinInt32, math.MaxInt32)}
	if s.conn == nil && s.listener == nil {
		r.began(set.text() + " // in the Control of Dialer or ListenConfig")
		r.change(func(s *socket) { s.noted = append(s.noted[:len(s.noted):len(s.noted)], set) })
		return "later", nil
	}
	text, call := s.setter(set)
	r.began(text)
	return "done", call()
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
			reply("made", made{r.id, fd})
			for i := 0; i < len(noted) && err == nil; i++ {
				err = noted[i].set(fd)
			}
			return err
		})
	}
}

func (r *request) dial(s socket) (any, error) {
	s = r.vacate(s)
	sets, control := r.control(s.noted)
	dialer := net.Dialer{Control: control}
	fields := ""
	address := r.address()
	if limit, is := r.limit(); is {
		dialer.Timeout = limit
		fields = fmt.Sprint(", Timeout: ", dialer.Timeout)
		dialer.Timeout++ // for 0 means none
	}
	if s.conn != nil || s.listener != nil {
		return r.never("Dial makes another conn, and cannot connect one that there is")
	}
	if s.local.IsValid() {
		dialer.LocalAddr = net.TCPAddrFromAddrPort(s.local)
		fields += fmt.Sprint(", LocalAddr: ", s.local)
	}
	network := s.network(address)
	text := fmt.Sprintf("Dial(%q, %q)", network, address)
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
	conn, err := dialer.Dial(network, address.String())
	r.change(func(s *socket) { s.failed = err != nil })
	if err != nil {
		return nil, err
	}
	tcp := conn.(*net.TCPConn)
	r.change(func(s *socket) { s.conn = tcp })
	for _, set := range again {
		if err := onDescriptor(tcp, set.set); err != nil {
			return nil, err
		}
	}
	return "done", nil
}

func (r *request) listen(s socket) (any, error) {
	s = r.vacate(s)
	address := s.local
	r.number("backlog", math.MinInt32, math.MaxInt32)
	if s.conn != nil || s.listener != nil {
		return r.never("Listen makes another listener, and cannot listen on what there is")
	}
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
		r.change(func(s *socket) { s.listener = listener.(*net.TCPListener) })
	}
	return "done", err
}

// beganBy tells a call, and the deadline before it.
func (r *request) beganBy(method, text string) {
	if limit, is := r.limit(); is {
		text = fmt.Sprintf("conn.%s(time.Now().Add(%v)); %s", method, limit, text)
	}
	r.began(text)
}

var messageFlags = map[string]int{
	"peek": syscall.MSG_PEEK, "oob": syscall.MSG_OOB, "dontwait": syscall.MSG_DONTWAIT,
	"nosignal": syscall.MSG_NOSIGNAL, "waitall": syscall.MSG_WAITALL,
}

func (r *request) read(s socket) (any, error) {
	wanted := r.number("n", 0, most)
	bits, names := r.flags("peek", "waitall", "dontwait", "oob")
	if s.listener != nil {
		return r.never("net.Listener has no Read")
	}
	conn := s.conn
	var read func(p []byte) (int, error)
	var text string
	switch bits {
	case 0:
		text = fmt.Sprintf("conn.Read(p[:%d])", wanted)
		read = func(p []byte) (int, error) { return conn.Read(p) }
	case syscall.MSG_WAITALL: // which does nothing on a socket that never blocks
		text = fmt.Sprintf("io.ReadFull(conn, p[:%d])", wanted)
		read = func(p []byte) (int, error) { return io.ReadFull(conn, p) }
	default:
		text = fmt.Sprintf("syscall.Recvfrom(fd, p[:%d], %s) // in conn.SyscallConn().Read", wanted, names)
		read = func(p []byte) (int, error) { return receive(conn, p, bits) }
	}
	r.beganBy("SetReadDeadline", text)
	if limit, is := r.limit(); is {
		if err := conn.SetReadDeadline(time.Now().Add(limit)); err != nil {
			return nil, err
		}
		defer conn.SetReadDeadline(time.Time{})
	}
	p := make([]byte, wanted)
	n, err := read(p)
	if n == 0 && err != nil && err != io.EOF {
		return nil, err
	}
	if p = p[:n]; n > kept {
		p = p[:kept]
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

func (r *request) write(s socket) (any, error) {
	bits, names := r.flags("nosignal", "oob", "dontwait")
	p, err := hex.DecodeString(r.text("data"))
	if err != nil || !bytes.HasPrefix(r.fields["data"], []byte{'"'}) {
		must("data", "an even number of hexadecimal digits")
	}
	repeat := 1
	if r.has("repeat") {
		repeat = r.number("repeat", 0, most)
	}
	if len(p)*repeat > most {
		return nil, refusal(fmt.Sprintf("a write of %d bytes %d times is too large, %d is the most", len(p), repeat, most))
	}
	if s.listener != nil {
		return r.never("net.Listener has no Write")
	}
	conn := s.conn
	quoted := strconv.QuoteToASCII(string(p))
	if len(p) > shown {
		quoted = strconv.QuoteToASCII(string(p[:shown])) + "..."
	}
	quoted = "[]byte(" + quoted + ")"
	if repeat != 1 {
		p, quoted = bytes.Repeat(p, repeat), fmt.Sprintf("bytes.Repeat(%s, %d)", quoted, repeat)
	}
	call := fmt.Sprintf("conn.Write(%s)", quoted)
	write := func() (int, error) { return conn.Write(p) }
	if bits != 0 {
		call = fmt.Sprintf("syscall.SendmsgN(fd, %s, nil, nil, %s) // in conn.SyscallConn().Write", quoted, names)
		write = func() (int, error) { return send(conn, p, bits) }
	}
	r.beganBy("SetWriteDeadline", call)
	if limit, is := r.limit(); is {
		if err := conn.SetWriteDeadline(time.Now().Add(limit)); err != nil {
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

func (r *request) shutdown(s socket) (any, error) {
	how := r.word("how", "read", "write", "both")
	if s.listener != nil {
		return r.never("net.Listener has no CloseWrite")
	}
	var texts []string
	var closes []func() error
	if how != "write" {
		texts, closes = append(texts, "conn.CloseRead()"), append(closes, s.conn.CloseRead)
	}
	if how != "read" {
		texts, closes = append(texts, "conn.CloseWrite()"), append(closes, s.conn.CloseWrite)
	}
	r.began(strings.Join(texts, "; "))
	for _, close := range closes {
		if err := close(); err != nil {
			return nil, err
		}
	}
	return "done", nil
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
