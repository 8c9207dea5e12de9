#!/usr/bin/env -S deno run --allow-all
/*
 * The Deno endpoint: sockets as Deno.connect and Deno.listen give them, driven line by line as docs/endpoint-protocol.md says.
 *
 *     deno run --allow-all endpoint_deno.mjs        (2.0 or later, protocol.mjs beside it; then paste a line, such as)
 *     {"id":1,"socket":"client","call":"socket","family":"inet"}
 *
 * What Deno does differently:
 *
 * - The kernel's socket is made in connect and listen; `socket` and `bind` before that are noted for them. Deno.connect takes no
 *   local address, Deno.listen no backlog; it sets SO_REUSEADDR.
 * - An errno is an error with a class of its own, and Rust's text: ConnectionReset: Connection reset by peer (os error 104).
 * - read gives null at the end of the stream.
 * - A closed Conn knows that it is closed: BadResource. A read that waits while it is closed is Interrupted, though no signal came.
 * - read and write have no timeout. A program that waits for one no longer leaves it under way: the next read gets what it reads.
 * - Which descriptor a Conn has is not told; the endpoint finds it in /proc.
 */
import { Buffer } from 'node:buffer';
import {
  KEPT, MOST, OPTIONS, Unsupported, addressIn, dataIn, deadlineIn, descriptorOf, flags, library, literal, made, monotonic, nameIn,
  number, ok, quoted, serve, sigpipeIgnored, socketLater, tellConnecting, timedOut, word,
} from './protocol.mjs';

const libc = Deno.dlopen('libc.so.6', { clock_gettime: { parameters: ['i32', 'buffer'], result: 'i32' } });
const now = monotonic(libc.symbols.clock_gettime);

/** The number in Rust's text is the kernel's; an error without one is Deno's own. */
function failed(error) {
  const said = String(error);
  const [, errno] = /\(os error (\d+)\)/.exec(said) ?? [];
  return errno ? { outcome: { err: Number(errno) }, said } : library(error.name, said);
}

/** A name's conn or listener, or what is noted for it. */
class Entry {
  family;
  local; // the address to listen on
  conn;
  listener;
  reading; // a read that nobody waits for any more: its promise, and its buffer
  constructor(family) {
    this.family = family;
  }
}

const entries = new Map();

const portOf = (address) => address?.port ?? 0;

/** The conn, for a call that only conns have. */
function connOf(entry, what) {
  if (entry.listener) throw new Unsupported(`Deno.Listener has no ${what}`);
  if (!entry.conn) throw new Unsupported('Deno has no Conn before connect, and none after it failed');
  return entry.conn;
}

const LATE = Symbol('the time is up');

/** The promise's result, or LATE. */
async function within(deadline, promise) {
  if (deadline === undefined) return promise;
  let timer;
  const late = new Promise((resolve) => (timer = setTimeout(resolve, deadline, LATE)));
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

const raced = (text, deadline) =>
  deadline === undefined ? `await ${text}` : `await Promise.race([${text}, delay(${deadline})])`;

const ON_A_SOCKET = {
  bind(entry, request, begin) {
    const { host, port } = addressIn(request);
    if (entry.conn || entry.listener) throw new Unsupported('Deno.Conn has no bind');
    begin(`// the address ${request.address} comes with Deno.listen`);
    entry.local = { hostname: host, port };
    return ok('later');
  },

  listen(entry, request, begin) {
    number(request, 'backlog', -(2 ** 31), 2 ** 31 - 1);
    if (entry.conn || entry.listener) throw new Unsupported('Deno.listen makes another listener, and cannot listen on what there is');
    const options = { hostname: entry.family === 'inet6' ? '::' : '0.0.0.0', port: 0, ...entry.local };
    begin(`Deno.listen(${literal(options)}) // the backlog is Deno's own`);
    entry.listener = Deno.listen(options);
    made(request.id, descriptorOf(portOf(entry.listener.addr)));
    return ok('done');
  },

  async accept(entry, request, begin) {
    const name = nameIn(request, 'as');
    if (!entry.listener) throw new Unsupported('Deno.Conn has no accept');
    begin('await listener.accept()');
    const conn = await entry.listener.accept();
    const accepted = new Entry();
    accepted.conn = conn;
    entries.set(name, accepted);
    const { hostname, port } = conn.remoteAddr;
    const peer = hostname.includes(':') ? `[${hostname}]:${port}` : `${hostname}:${port}`;
    return ok({ descriptor: { fd: descriptorOf(portOf(conn.localAddr), port), peer } });
  },

  async connect(entry, request, begin) {
    const { host, port } = addressIn(request);
    const deadline = deadlineIn(request);
    if (entry.conn || entry.listener) throw new Unsupported('Deno.connect makes another conn, and cannot connect what there is');
    if (entry.local) throw new Unsupported('Deno.connect takes no local address');
    const options = { hostname: host, port };
    const shown = literal(options).slice(0, -2);
    begin(`await Deno.connect(${shown}${deadline === undefined ? '' : `, signal: AbortSignal.timeout(${deadline})`} })`);
    const signal = deadline === undefined ? undefined : AbortSignal.timeout(deadline);
    const connecting = Deno.connect({ ...options, signal });
    tellConnecting(request.id, port, connecting);
    try {
      entry.conn = await connecting;
    } catch (error) {
      if (signal?.aborted && !/os error/.test(String(error))) return timedOut(0, String(error));
      throw error;
    }
    made(request.id, descriptorOf(portOf(entry.conn.localAddr), port));
    return ok('done');
  },

  async read(entry, request, begin) {
    const n = number(request, 'n', 0, MOST);
    const deadline = deadlineIn(request);
    const asked = flags(request, ['peek', 'waitall', 'dontwait', 'oob']);
    const conn = connOf(entry, 'read');
    if (asked.length) throw new Unsupported('Deno.Conn has no flags for a read');
    begin(raced(`conn.read(new Uint8Array(${n}))`, deadline));
    // One that was given up is still under way, and takes what comes.
    const mine = entry.reading ?? start(conn, n);
    entry.reading = undefined;
    const got = await within(deadline, mine.promise);
    if (got === LATE) {
      entry.reading = mine;
      return timedOut(0);
    }
    if (got === null) return ok({ read: { n: 0, data: '' } }, 'null');
    return ok({ read: { n: got, data: mine.buffer.toString('hex', 0, Math.min(got, KEPT)) } });
  },

  async write(entry, request, begin) {
    const deadline = deadlineIn(request);
    const asked = flags(request, ['nosignal', 'oob', 'dontwait']);
    const data = dataIn(request);
    const conn = connOf(entry, 'write');
    if (asked.length) throw new Unsupported('Deno.Conn has no flags for a write');
    const text = `encode(${quoted(data)})`;
    begin(`${raced(`conn.write(${text})`, deadline)} // until all is written`);
    const end = performance.now() + (deadline ?? 0);
    let written = 0;
    do {
      const left = deadline === undefined ? undefined : Math.max(end - performance.now(), 1);
      const n = await within(left, conn.write(data.subarray(written)));
      // What Deno has begun to write goes out all the same.
      if (n === LATE) return timedOut(written);
      written += n;
    } while (written < data.length);
    return ok({ written: { n: written } });
  },

  async shutdown(entry, request, begin) {
    const how = word(request, 'how', ['read', 'write', 'both']);
    const conn = connOf(entry, 'closeWrite');
    if (how !== 'write') throw new Unsupported('Deno.Conn ends writing (closeWrite) or everything (close), never reading');
    begin('await conn.closeWrite()');
    await conn.closeWrite();
    return ok('done');
  },

  close(entry, _request, begin) {
    if (entry.listener) {
      begin('listener.close()');
      entry.listener.close();
      return ok('done');
    }
    const conn = connOf(entry, 'close');
    begin('conn.close()');
    conn.close();
    return ok('done');
  },

  async 'set-option'(entry, request, begin) {
    const option = word(request, 'option', OPTIONS);
    const value = number(request, 'value', Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER) !== 0;
    const method = { TCP_NODELAY: 'setNoDelay', SO_KEEPALIVE: 'setKeepAlive' }[option];
    if (!method) throw new Unsupported(`Deno has no way to set ${option}`);
    const conn = connOf(entry, method);
    begin(`conn.${method}(${value})`);
    await conn[method](value);
    return ok('done');
  },
};

/** A read that has begun. */
function start(conn, n) {
  const buffer = Buffer.alloc(n);
  const promise = conn.read(buffer);
  promise.catch(() => {}); // told to whoever waits for it
  return { promise, buffer };
}

const OF_THE_PROCESS = {
  socket: socketLater(entries, Entry, 'Deno.connect or Deno.listen'),
  sigpipe: sigpipeIgnored('Deno', "a Conn's write has MSG_NOSIGNAL: it fails with EPIPE, whatever SIGPIPE does"),
};

const IMPOSSIBLE = {
  disconnect: 'Deno cannot dissolve a connection',
  dup: 'Deno.Conn has no second descriptor',
  'get-option': 'Deno.Conn sets some options and reads none',
  interrupt: 'Deno makes no call that blocks',
  'linger-close': 'Deno.Conn cannot set SO_LINGER',
  options: 'Deno.Conn sets some options and reads none',
  poll: 'Deno has no poll: its promises wait',
  'rst-close': 'Deno.Conn cannot set SO_LINGER',
  'so-error': 'Deno.Conn has no way to read SO_ERROR',
};

serve({
  name: 'deno',
  takesUnasked: false,
  entries,
  onASocket: ON_A_SOCKET,
  ofTheProcess: OF_THE_PROCESS,
  impossible: IMPOSSIBLE,
  failed,
  now,
});
