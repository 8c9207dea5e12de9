// What most examples do: each side is piped into the other.
import net from "node:net";

net.createServer((client) => {
  const backend = net.connect(9000, "127.0.0.1");
  client.on("error", (error) => console.error(error.message));
  backend.on("error", (error) => { console.error(error.message); client.destroy(); });
  client.pipe(backend);
  backend.pipe(client);
}).listen(8080);
