// Passes on what comes by hand, and never asks whether the other side has room for it.
import net from "node:net";

net.createServer((client) => {
  const backend = net.connect(9000, "127.0.0.1");
  client.on("data", (data) => backend.write(data));
  backend.on("data", (data) => client.write(data));
  client.on("close", () => backend.destroy());
  backend.on("close", () => client.destroy());
  client.on("error", (error) => console.error(error.message));
  backend.on("error", (error) => console.error(error.message));
}).listen(8080);
