#!/usr/bin/env bun
/*
 * The Bun endpoint: sockets as Bun.connect and Bun.listen give them, driven line by line as docs/endpoint-protocol.md says.
 *
 *     bun endpoint_bun.mjs        (1.2 or later, protocol.mjs beside it; then paste a line, such as)
 *     {"id":1,"socket":"client","call":"socket","family":"inet"}
 *
 * What Bun does differently:
 *
 * - A program gives handlers (open, data, end, close, drain), and calls nothing to read or accept: Bun does it as soon as it can.
 *   `read` takes from what data was called with, `accept` the next socket that open was called with.
 * - Bun answers the peer's FIN with its own, unless told allowHalfOpen: end is called, then close.
 * - An error of reading is the second argument of close, which may be called while nobody waits. The next read or write is told.
 * - write buffers nothing: it returns how many bytes the kernel took, and drain is called when it takes more. Of a socket that is
 *   closed it returns -1, of one that was shut down too, without a system call.
 * - The kernel's socket is made in connect and listen; `socket` and `bind` before that are noted for them. Bun.connect takes no
 *   local address, Bun.listen no backlog; it sets SO_REUSEADDR.
 * - A timeout is in whole seconds; here the endpoint's own clock ends a call, and the socket stays as it is.
 */
import { dlopen } from 'bun:ffi';
import { Buffer } from 'node:buffer';
import {
  KEPT, MOST, OPTIONS, Unsupported, addressIn, dataIn, deadlineIn, flags, library, literal, made, monotonic, nameIn, number, ok,
  quoted, serve, sigpipeIgnored, socketLater, tellConnecting, timedOut, word,
} from './protocol.mjs';

const libc = dlopen('libc.so.6', { clock_gettime: { args: ['i32', 'ptr'], returns: 'i32' } });
const now = monotonic(libc.symbols.clock_gettime);

/** An error that a system call gave has its number, of either sign. */
function failed(error) {
  const { code, errno, syscall, name } = error;
  if (errno && syscall) return { outcome: { err: Math.abs(errno) }, said: `${error} (code ${code}, syscall ${syscall})` };
  const said = String(error);
  return library(code ?? name, code && !said.includes(code) ? `${said} (code ${code})` : said);
}

/** A name's socket or listener, or what is noted for it; and what the handlers were called with. */
class Entry {
  family;
  local; // the address to listen on
  socket;
  listener;
  stopped = false; // the listener
  connections = []; // of the listener, not yet accepted
  chunks = []; // not yet read
  ended = false;
  closed = false;
  orderly = true; // the close: without an error, and not of the program's own doing
  untold; // an error that close came with, while nobody waited
  waiters = new Set(); // of calls that wait for a handler

  constructor(family) {
    this.family = family;
  }

  wake() {
    for (const waiter of this.waiters) waiter();
    this.waiters.clear();
  }

  /** Waits until a handler is called; false when the time is up. */
  called(until) {
    return new Promise((resolve) => {
      let timer;
      const waiter = () => {
        clearTimeout(timer);
        resolve(true);
      };
      this.waiters.add(waiter);
      if (until === undefined) return;
      const late = () => {
        this.waiters.delete(waiter);
        resolve(false);
      };
      timer = setTimeout(late, Math.max(until - performance.now(), 0));
    });
  }

  /** For a call that is not made, because an error came before it; or for one that waited. */
  tell() {
    const error = this.untold;
    this.untold = undefined;
    return failed(error);
  }

  get theSocket() {
    if (this.listener) throw new Unsupported('a listener of Bun neither reads nor writes');
    if (!this.socket) throw new Unsupported('Bun has no socket before connect, and none after it failed');
    return this.socket;
  }
}

const entries = new Map();

/** The handlers; each is called with a socket, whose `data` is its entry. */
const handlers = {
  data({ data: entry }, chunk) {
    entry.chunks.push(Buffer.from(chunk)); // a copy: Bun may use the chunk again
    entry.wake();
  },
  end({ data: entry }) {
    entry.ended = true;
    entry.wake();
  },
  close({ data: entry }, error) {
    entry.closed = true;
    entry.untold = error ?? undefined;
    if (error) entry.orderly = false;
    entry.wake();
  },
  drain({ data: entry }) {
    entry.wake();
  },
  error({ data: entry }, error) {
    entry.untold = error;
    entry.wake();
  },
  connectError() {}, // Bun.connect rejects with the same
};

const until = (deadline) => (deadline === undefined ? undefined : performance.now() + deadline);
const raced = (text, deadline) => (deadline === undefined ? text : `${text}, for ${deadline} ms`);

const ON_A_SOCKET = {
  bind(entry, request, begin) {
    const { host, port } = addressIn(request);
    if (entry.socket || entry.listener) throw new Unsupported('a socket of Bun has no bind');
    begin(`// the address ${request.address} comes with Bun.listen`);
    entry.local = { hostname: host, port };
    return ok('later');
  },

  listen(entry, request, begin) {
    number(request, 'backlog', -(2 ** 31), 2 ** 31 - 1);
    if (entry.socket || entry.listener) throw new Unsupported('Bun.listen makes another listener, and cannot listen on what there is');
    const options = { hostname: entry.family === 'inet6' ? '::' : '0.0.0.0', port: 0, ...entry.local };
    begin(`Bun.listen(${literal(options).slice(0, -2)}, socket: handlers }) // the backlog is Bun's own`);
    const open = (socket) => {
      const accepted = new Entry();
      accepted.socket = socket;
      socket.data = accepted;
      entry.connections.push(accepted);
      entry.wake();
    };
    entry.listener = Bun.listen({ ...options, socket: { ...handlers, open } });
    made(request.id, entry.listener.fd);
    return ok('done');
  },

  async accept(entry, request, begin) {
    const name = nameIn(request, 'as');
    if (!entry.listener) throw new Unsupported('a socket of Bun cannot accept');
    begin('// until open(socket) is called');
    while (!entry.connections.length) {
      if (entry.stopped) return library('listener.stop', 'no open(socket)');
      await entry.called();
    }
    const accepted = entry.connections.shift();
    entries.set(name, accepted);
    const { remoteAddress, remotePort, fd } = accepted.socket;
    const peer = remoteAddress?.includes(':') ? `[${remoteAddress}]:${remotePort}` : `${remoteAddress}:${remotePort}`;
    return ok({ descriptor: { fd, ...(remoteAddress && { peer }) } });
  },

  async connect(entry, request, begin) {
    const { host, port } = addressIn(request);
    const deadline = deadlineIn(request);
    if (entry.socket || entry.listener) throw new Unsupported('Bun.connect makes another socket, and cannot connect what there is');
    if (entry.local) throw new Unsupported('Bun.connect takes no local address');
    const options = { hostname: host, port };
    begin(raced(`await Bun.connect(${literal(options).slice(0, -2)}, socket: handlers })`, deadline));
    const connecting = Bun.connect({ ...options, data: entry, socket: handlers });
    tellConnecting(request.id, port, connecting);
    let timer;
    const late = new Promise((resolve) => (timer = deadline && setTimeout(resolve, deadline)));
    const socket = await Promise.race([connecting, late]).finally(() => clearTimeout(timer));
    if (!socket) {
      // Bun has no way to give it up: it is closed when it comes.
      connecting.then((socket) => socket.terminate()).catch(() => {});
      return timedOut(0);
    }
    entry.socket = socket;
    made(request.id, socket.fd);
    return ok('done');
  },

  async read(entry, request, begin) {
    const n = number(request, 'n', 0, MOST);
    const end = until(deadlineIn(request));
    const asked = flags(request, ['peek', 'waitall', 'dontwait', 'oob']);
    entry.theSocket;
    if (asked.length) throw new Unsupported('Bun reads by itself, without flags');
    begin(raced(`// until data(socket, chunk) is called; ${n} bytes of it`, deadlineIn(request)));
    for (;;) {
      if (entry.chunks.length || n === 0) {
        const all = Buffer.concat(entry.chunks);
        const data = all.subarray(0, n);
        entry.chunks = all.length > n ? [all.subarray(n)] : [];
        return ok({ read: { n: data.length, data: data.toString('hex', 0, KEPT) } });
      }
      if (entry.untold) return entry.tell();
      if (entry.ended) return ok({ read: { n: 0, data: '' } }, 'end(socket)');
      // After a shutdown of its own Bun does not call end.
      if (entry.closed && entry.orderly) return ok({ read: { n: 0, data: '' } }, 'close(socket)');
      if (entry.closed) return library('socket.readyState is -1', 'close(socket)');
      if (!(await entry.called(end))) return timedOut(0);
    }
  },

  async write(entry, request, begin) {
    const deadline = deadlineIn(request);
    const asked = flags(request, ['nosignal', 'oob', 'dontwait']);
    const data = dataIn(request);
    const socket = entry.theSocket;
    if (asked.length) throw new Unsupported('a socket of Bun has no flags for a write');
    const text = `socket.write(${quoted(data)})`;
    if (entry.untold) {
      begin(`// close(socket, error) was called before ${text}`);
      return entry.tell();
    }
    begin(raced(`${text} // and again at drain(socket), until all is written`, deadline));
    const end = until(deadline);
    let written = 0;
    for (;;) {
      const n = socket.write(data.subarray(written));
      if (n < 0) return entry.untold ? entry.tell() : library('socket.write', String(n));
      written += n;
      if (written >= data.length) return ok({ written: { n: written } });
      if (!(await entry.called(end))) return timedOut(written);
      if (entry.untold) return entry.tell();
    }
  },

  shutdown(entry, request, begin) {
    const how = word(request, 'how', ['read', 'write', 'both']);
    const socket = entry.theSocket;
    if (how === 'both') throw new Unsupported('a socket of Bun ends one direction (shutdown) or everything (end, terminate)');
    begin(how === 'read' ? 'socket.shutdown(true)' : 'socket.shutdown()');
    socket.shutdown(how === 'read');
    return ok('done');
  },

  close(entry, _request, begin) {
    if (entry.listener) {
      begin('listener.stop()');
      entry.listener.stop();
      entry.stopped = true;
      entry.wake();
      return ok('done');
    }
    const socket = entry.theSocket;
    begin('socket.end()');
    if (!entry.closed) entry.orderly = false;
    socket.end();
    return ok('done');
  },

  'rst-close'(entry, _request, begin) {
    const socket = entry.theSocket;
    begin('socket.terminate()');
    entry.orderly = false;
    socket.terminate();
    return ok('done');
  },

  'set-option'(entry, request, begin) {
    const option = word(request, 'option', OPTIONS);
    const value = number(request, 'value', Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER);
    const [method, ...args] =
      {
        TCP_NODELAY: ['setNoDelay', value !== 0],
        SO_KEEPALIVE: ['setKeepAlive', value !== 0],
        TCP_KEEPIDLE: ['setKeepAlive', true, value * 1000],
      }[option] ?? [];
    if (!method) throw new Unsupported(`Bun has no way to set ${option}`);
    const socket = entry.theSocket;
    begin(`socket.${method}(${args.join(', ')})`);
    const done = socket[method](...args);
    return done === false ? library(`socket.${method}`, 'false') : ok('done');
  },
};

const OF_THE_PROCESS = {
  socket: socketLater(entries, Entry, 'Bun.connect or Bun.listen'),
  sigpipe: sigpipeIgnored('Bun', "Bun's writes have MSG_NOSIGNAL: they fail, whatever SIGPIPE does"),
};

const IMPOSSIBLE = {
  disconnect: 'Bun cannot dissolve a connection',
  dup: 'a socket of Bun has no second descriptor',
  'get-option': 'a socket of Bun sets some options and reads none',
  interrupt: 'Bun makes no call that blocks',
  'linger-close': 'a socket of Bun cannot set SO_LINGER',
  options: 'a socket of Bun sets some options and reads none',
  poll: 'Bun tells by its handlers what a socket is ready for',
  'so-error': 'Bun takes SO_ERROR by itself, and calls close(socket, error) with it',
};

serve({
  name: 'bun',
  takesUnasked: true,
  entries,
  onASocket: ON_A_SOCKET,
  ofTheProcess: OF_THE_PROCESS,
  impossible: IMPOSSIBLE,
  failed,
  now,
});
