// Copies both ways, ends each direction when it is over, and closes when both are.
package main

import (
	"io"
	"log"
	"net"
)

func main() {
	listener, err := net.Listen("tcp", ":8080")
	if err != nil {
		log.Fatal(err)
	}
	for {
		client, err := listener.Accept()
		if err != nil {
			log.Fatal(err)
		}
		go func() {
			defer client.Close()
			backend, err := net.Dial("tcp", "127.0.0.1:9000")
			if err != nil {
				log.Print(err)
				return
			}
			defer backend.Close()
			over := make(chan error, 2)
			pass := func(to, from net.Conn) {
				_, err := io.Copy(to, from)
				to.(*net.TCPConn).CloseWrite()
				over <- err
			}
			go pass(backend, client)
			go pass(client, backend)
			for range [2]int{} {
				if err := <-over; err != nil {
					log.Print(err)
				}
			}
		}()
	}
}
