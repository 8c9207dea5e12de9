"""Threads: copies both ways, and ends each direction when it is over."""
import socket
import threading

def copy(source, target):
    try:
        while data := source.recv(65536):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)
    except OSError as error:
        print(error, flush=True)
        for side in source, target:
            try:
                side.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

def serve(client):
    try:
        backend = socket.create_connection(("127.0.0.1", 9000))
    except OSError as error:
        print(error, flush=True)
        client.close()
        return
    with client, backend:
        there = threading.Thread(target=copy, args=(client, backend))
        there.start()
        copy(backend, client)
        there.join()

with socket.create_server(("0.0.0.0", 8080)) as listener:
    while True:
        threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()
