// Two requests, one after the other, by http.Client and its default transport: client.go GET http://server:8080/
package main

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
)

func main() {
	method, url := os.Args[1], os.Args[2]
	for _, name := range []string{"1", "2"} {
		var body io.Reader
		if method == "POST" {
			body = strings.NewReader("x=1")
		}
		request, err := http.NewRequest(method, url+name, body)
		if err == nil {
			if len(os.Args) > 3 {
				request.Header.Set("Expect", "100-continue")
			}
			var response *http.Response
			if response, err = http.DefaultClient.Do(request); err == nil {
				var text []byte
				if text, err = io.ReadAll(response.Body); err == nil {
					response.Body.Close()
					fmt.Println(response.StatusCode, string(text))
					continue
				}
			}
		}
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
