//= freePort
// freePort finds a port that nobody has.
func freePort() int {
	l, err := net.ListenTCP("@NETWORK@", loopback(0))
	if err != nil {
		panic(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

//= loopback
func loopback(port int) *net.TCPAddr {
	return &net.TCPAddr{IP: @HOST@, Port: port}
}

//= at
func at(port int) syscall.Sockaddr {
	return @SOCKADDR@
}

//= listen
// listen makes a listener with a backlog. Listen sets SO_REUSEADDR, and this takes it away again.
func listen(port, backlog int, settings ...func(fd int) error) (*net.TCPListener, error) {
	noReuse := func(fd int) error { return syscall.SetsockoptInt(fd, syscall.SOL_SOCKET, syscall.SO_REUSEADDR, 0) }
	config := net.ListenConfig{Control: control(append([]func(fd int) error{noReuse}, settings...))}
	l, err := config.Listen(context.Background(), "@NETWORK@", loopback(port).String())
	if err != nil {
		return nil, err
	}
	listener := l.(*net.TCPListener)
	_, err = raw(listener, func(fd int) (int, error) { return 0, syscall.Listen(fd, backlog) })
	return listener, err
}

//= dial
// dial connects from a port of this end, 0 being any.
func dial(local, port int, limit time.Duration, settings ...func(fd int) error) (*net.TCPConn, error) {
	dialer := net.Dialer{Timeout: limit, Control: control(settings)}
	if local != 0 {
		dialer.LocalAddr = loopback(local)
	}
	conn, err := dialer.Dial("@NETWORK@", loopback(port).String())
	if err != nil {
		return nil, err
	}
@KNOWN@
	return conn.(*net.TCPConn), nil
}

//= control
// control sets options before bind.
func control(settings []func(fd int) error) func(network, address string, c syscall.RawConn) error {
	return func(_, _ string, c syscall.RawConn) (err error) {
		c.Control(func(fd uintptr) {
			for _, set := range settings {
				if err == nil {
					err = set(int(fd))
				}
			}
		})
		return err
	}
}

//= raw
// raw makes a system call on a conn's descriptor.
func raw(conn syscall.Conn, call func(fd int) (int, error)) (n int, err error) {
	c, err := conn.SyscallConn()
	if err != nil {
		return 0, err
	}
	if closed := c.Control(func(fd uintptr) { n, err = call(int(fd)) }); closed != nil {
		return 0, closed
	}
	return n, err
}

//= duplicate
// duplicate makes a second conn of the same socket.
func duplicate(conn *net.TCPConn) (*net.TCPConn, error) {
	file, err := conn.File()
	if err != nil {
		return nil, err
	}
	defer file.Close()
	copied, err := net.FileConn(file)
	if err != nil {
		return nil, err
	}
	return copied.(*net.TCPConn), nil
}

//= lingerClose
// lingerClose with 0 seconds sends RST.
func lingerClose(conn interface {
	syscall.Conn
	Close() error
}, seconds int32) error {
	_, err := raw(conn, func(fd int) (int, error) {
		linger := syscall.Linger{Onoff: 1, Linger: seconds}
		return 0, syscall.SetsockoptLinger(fd, syscall.SOL_SOCKET, syscall.SO_LINGER, &linger)
	})
	if err != nil {
		return err
	}
	return conn.Close()
}

//= pending
// pending is SO_ERROR: the error that waits in the socket, taken out of it.
func pending(conn syscall.Conn) string {
	n, err := raw(conn, func(fd int) (int, error) {
		return syscall.GetsockoptInt(fd, syscall.SOL_SOCKET, syscall.SO_ERROR)
	})
	if err != nil || n == 0 {
		return number(0, err)
	}
	return names[syscall.Errno(n)]
}

//= number
// number is what a call returned, in words.
func number(n int, err error) string {
	var errno syscall.Errno
	var timeout net.Error
	switch {
	case err == nil || err == io.EOF || err == io.ErrUnexpectedEOF:
		return fmt.Sprint(n)
	case errors.As(err, &errno):
		return "-1 " + names[errno]
	case errors.Is(err, net.ErrClosed):
		return "-1 closed"
	case errors.As(err, &timeout) && timeout.Timeout():
		return "deadline"
	}
	return "-1 " + err.Error()
}

var names = map[syscall.Errno]string{
@ERRORS@
}

//= done
// done prints what a call returned, and gives the segments that it sent a moment to arrive.
func done(step int, end, call, result string) {
	fmt.Println(step, end, call, result)
	time.Sleep(20 * time.Millisecond)
}

//= begin
// asides are the calls that wait for others, by their steps.
var asides = map[int]func(time.Duration) bool{}

// begin makes such a call in a goroutine.
func begin(step int, end, call string, do func() string) {
	begun, over := make(chan string), make(chan string, 1)
	go func() {
		defer func() {
			if recover() != nil { // of a conn that an earlier call did not give
				over <- "-1 nil"
			}
		}()
		begun <- ""
		over <- do()
	}()
	<-begun
	told := false
	asides[step] = func(limit time.Duration) bool {
		if told {
			return true
		}
		select {
		case result := <-over:
			told = true
			done(step, end, call, result)
		case <-time.After(limit):
		}
		return told
	}
	if !asides[step](200 * time.Millisecond) {
		done(step, end, call, "blocked")
	}
}

//= wait
// wait prints what such a call returned, within some seconds.
func wait(step int) {
	asides[step](5 * time.Second)
}
