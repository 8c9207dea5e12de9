// Two requests, one after the other, by fetch, in Node, Bun and Deno: fetch.mjs GET http://server:8080/
import process from "node:process";

const [method, url] = process.argv.slice(2);
const body = method === "POST" ? "x=1" : undefined;
try {
  for (const name of ["1", "2"]) {
    const response = await fetch(url + name, { method, body });
    console.log(response.status, await response.text());
    // Node has the body before it has its connection back: without a pause the next request opens another.
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  process.exit(0);
} catch (error) {
  console.error(error.cause ? `${error.message}: ${error.cause.message}` : error.message);
  process.exit(1);
}
