// The same with allowHalfOpen at both sockets: pipe ends a side when the other has ended, and nothing else does.
import net from "node:net";

net.createServer({ allowHalfOpen: true }, (client) => {
  const backend = net.connect({ port: 9000, host: "127.0.0.1", allowHalfOpen: true });
  client.on("error", (error) => { console.error(error.message); backend.destroy(); });
  backend.on("error", (error) => { console.error(error.message); client.destroy(); });
  client.pipe(backend);
  backend.pipe(client);
}).listen(8080);
