// Two requests, one after the other, by node:http with an Agent that keeps connections: agent.mjs GET http://server:8080/
import http from "node:http";

const [method, url, expect] = process.argv.slice(2);
const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
const body = method === "POST" ? "x=1" : "";
const ask = (name) => new Promise((resolve, reject) => {
  const headers = { "Content-Length": body.length, ...(expect && { Expect: "100-continue" }) };
  const request = http.request(url + name, { method, agent, headers }, (response) => {
    let text = "";
    response.on("data", (part) => (text += part)).on("end", () => resolve(`${response.statusCode} ${text}`)).on("error", reject);
  });
  request.on("error", reject);
  if (expect) request.on("continue", () => request.end(body));
  else request.end(body);
});
try {
  console.log(await ask("1"));
  console.log(await ask("2"));
  process.exit(0);
} catch (error) {
  console.error(`${error.code}: ${error.message}`);
  process.exit(1);
}
