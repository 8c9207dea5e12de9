#!/usr/bin/env node
/*
 * The Node endpoint: sockets as module net gives them, driven line by line as docs/endpoint-protocol.md says.
 *
 *     node endpoint.mjs [--half-open]        (18 or later; then paste a line, such as)
 *     {"id":1,"socket":"client","call":"socket","family":"inet"}
 *
 * With --half-open every socket has `allowHalfOpen: true`. What Node does differently:
 *
 * - Node reads by itself, as soon as there is something, until some 16 or 64 KiB wait; `read` takes from what was read.
 *   So the peer's FIN or RST is found without any call, and closing with data that no `read` took sends no RST.
 * - An 'error' may come while nobody waits. The next read or write is told of it, instead of being made.
 * - Without allowHalfOpen, Node answers the peer's FIN with its own as soon as all data before it was taken.
 * - After an error Node destroys the socket: the descriptor is closed, what was read stays.
 * - The server accepts by itself; `accept` takes the next connection of which the 'connection' event told.
 * - The kernel's socket is made in connect and listen; `socket`, `bind` and options before that are noted for them.
 * - A timeout belongs to the socket, not to a call: of several at once the last one set counts. It means that nothing
 *   moved for so long, and it stops nothing: what a write has given to Node still goes out.
 */
import net from 'node:net';
import {
  KEPT, MOST, OPTIONS, Refused, Unsupported, addressIn, dataIn, deadlineIn, flags, library, literal, made, nameIn, number, ok,
  quoted, serve, socketLater, timedOut, word,
} from './protocol.mjs';

const TIMEOUT = "'timeout' event";
const allowHalfOpen = process.argv.includes('--half-open');

/** The descriptor is nothing that `net` tells; it is dug out only for finwait, which looks behind it. */
const descriptor = (owner) => owner._handle?.fd ?? -1;

/** An error that a system call gave has its number, negative; any other is the library's own. */
function failed(error) {
  if (error.syscall && error.errno < 0) {
    return { outcome: { err: -error.errno }, said: `${error} (code ${error.code}, syscall ${error.syscall})` };
  }
  const { code, name } = error;
  const said = String(error); // most of them with their code
  return library(code ?? name, code && !said.includes(code) ? `${said} (code ${code})` : said);
}

// --- Sockets ---

/** A name's socket or server, or what is noted for it. */
class Entry {
  family;
  noted = {}; // options for net.connect or net.createServer
  local; // the address to bind to
  socket; // a net.Socket
  server; // a net.Server
  connections = []; // of the server, not yet accepted
  untold; // an 'error' of the socket that came while nobody waited
  told; // the last error that a call ended with
  deadlines = 0; // calls under way that have set the timeout

  constructor(family) {
    this.family = family;
  }

  own(socket) {
    this.socket = socket;
    // Without a listener, an 'error' would end the process.
    socket.on('error', (error) => {
      if (socket.listenerCount('error') === 1 && error !== this.told) this.untold = error;
    });
    return this;
  }

  /** The socket; one without a connection if there is none yet. */
  get theSocket() {
    if (!this.socket) this.own(new net.Socket({ allowHalfOpen, ...this.noted }));
    return this.socket;
  }

  tell(error) {
    this.told = error;
    if (this.untold === error) this.untold = undefined;
    return failed(error);
  }

  /** For a call that is not made, because an 'error' came before it. */
  tellLate(text, begin) {
    begin(`// an 'error' event came before ${text}`);
    return this.tell(this.untold);
  }

  /** Destroys the socket by one of its methods, and waits for 'close', or for the error that the method makes. */
  async destroy(method) {
    const socket = this.theSocket;
    if (socket.closed) {
      socket[method](); // does nothing, and no event tells of it
      return ok('done');
    }
    const over = first(socket, 'error', 'close');
    socket[method]();
    const [event, error] = await over;
    return event === 'error' ? this.tell(error) : ok('done');
  }

  /** With a timeout set, if there is a deadline; the last of several calls at once clears it. */
  async within(deadline, call) {
    if (deadline === undefined) return call();
    this.deadlines += 1;
    this.socket.setTimeout(deadline);
    try {
      return await call();
    } finally {
      this.deadlines -= 1;
      if (!this.deadlines) this.socket.setTimeout(0);
    }
  }
}

const entries = new Map();

/** Waits for the first of some events: its name and its argument. */
function first(emitter, ...events) {
  return new Promise((resolve) => {
    const listeners = events.map((event) => [event, (argument) => settle(event, argument)]);
    const settle = (event, argument) => {
      for (const [name, listener] of listeners) emitter.off(name, listener);
      resolve([event, argument]);
    };
    for (const [name, listener] of listeners) emitter.on(name, listener);
  });
}

const withTimeout = (text, deadline) => (deadline === undefined ? text : `socket.setTimeout(${deadline}); ${text}`);

// --- The calls: each gives `begin` its text, and then makes the call; what it returns is its outcome ---

const ON_A_SOCKET = {
  bind(entry, request, begin) {
    const { host, port } = addressIn(request);
    if (entry.server?.listening || entry.socket?.pending === false) throw new Unsupported('net.Socket has no bind');
    begin(`// the address ${request.address} comes with connect or listen`);
    entry.local = { host, port };
    return ok('later');
  },

  async listen(entry, request, begin) {
    const backlog = number(request, 'backlog', -(2 ** 31), 2 ** 31 - 1);
    if (entry.socket) throw new Unsupported('net.Socket cannot listen');
    const settings = { ...(allowHalfOpen && { allowHalfOpen }), ...entry.noted };
    const options = { host: entry.family === 'inet6' ? '::' : '0.0.0.0', port: 0, ...entry.local, backlog };
    const given = Object.keys(settings).length ? literal(settings) : '';
    const server = entry.server ? 'server' : `net.createServer(${given})`;
    begin(`${server}.listen(${literal(options)})${backlog === 0 ? ' // Node makes 511 of 0' : ''}`);
    if (!entry.server) {
      entry.server = net.createServer(settings);
      entry.server.on('error', () => {}); // one that nobody waits for would end the process
      entry.server.on('connection', (socket) => entry.connections.push(new Entry().own(socket)));
    }
    const over = first(entry.server, 'listening', 'error');
    entry.server.listen(options);
    const [event, error] = await over;
    if (event === 'error') return failed(error);
    made(request.id, descriptor(entry.server));
    return ok('done');
  },

  async accept(entry, request, begin) {
    const name = nameIn(request, 'as');
    if (!entry.server) throw new Unsupported('net.Socket cannot accept');
    begin("server.once('connection', listener)");
    while (!entry.connections.length) {
      if (!entry.server.listening) return library('server.listening is false', 'false');
      const [event] = await first(entry.server, 'connection', 'close');
      if (event === 'close') return library('server.close', "'close' event");
    }
    const accepted = entry.connections.shift();
    entries.set(name, accepted);
    const { remoteAddress, remoteFamily, remotePort } = accepted.socket;
    const peer = remoteFamily === 'IPv6' ? `[${remoteAddress}]:${remotePort}` : `${remoteAddress}:${remotePort}`;
    return ok({ descriptor: { fd: descriptor(accepted.socket), ...(remoteAddress && { peer }) } });
  },

  connect(entry, request, begin) {
    const address = addressIn(request);
    const timeout = deadlineIn(request);
    if (entry.server) throw new Unsupported('net.Server cannot connect');
    const local = entry.local && { localAddress: entry.local.host, localPort: entry.local.port };
    const again = { ...address, ...local };
    const fresh = { ...again, ...(allowHalfOpen && { allowHalfOpen }), ...entry.noted, ...(timeout && { timeout }) };
    const isFresh = !entry.socket;
    begin(isFresh ? `net.connect(${literal(fresh)})` : withTimeout(`socket.connect(${literal(again)})`, timeout));
    entry.untold = undefined; // of the connection before
    if (isFresh) entry.own(net.connect(fresh));
    return entry.within(timeout, async () => {
      if (!isFresh) entry.socket.connect(again);
      // Node makes the system calls in the next tick; after it the descriptor is there.
      process.nextTick(() => made(request.id, descriptor(entry.socket)));
      const [event, error] = await first(entry.socket, 'connect', 'error', 'close', ...(timeout ? ['timeout'] : []));
      if (event === 'connect') return ok('done');
      if (event === 'error') return entry.tell(error);
      return event === 'timeout' ? timedOut(0, TIMEOUT) : library('socket.destroyed', "'close' event");
    });
  },

  read(entry, request, begin) {
    const n = number(request, 'n', 0, MOST);
    const deadline = deadlineIn(request);
    const asked = flags(request, ['peek', 'waitall', 'dontwait', 'oob']);
    if (entry.server) throw new Unsupported('net.Server has no read');
    // read() never waits; everything else that a flag could ask for is out of reach.
    const dontWait = asked.includes('dontwait');
    if (asked.some((flag) => flag !== 'dontwait')) throw new Unsupported('net.Socket has no flags for a read');
    const text = withTimeout(`socket.read(${n})`, deadline);
    if (entry.untold) return entry.tellLate(text, begin);
    begin(text);
    const socket = entry.theSocket;
    return entry.within(deadline, async () => {
      for (;;) {
        // read(n) gives nothing when there is less than n.
        const data = socket.read(Math.min(n, socket.readableLength));
        if (data) return ok({ read: { n: data.length, data: data.toString('hex', 0, KEPT) } });
        if (n === 0) return ok({ read: { n: 0, data: '' } }, 'null');
        if (entry.untold) return entry.tell(entry.untold);
        if (socket.readableEnded) return ok({ read: { n: 0, data: '' } }, "'end' event");
        if (socket.closed) return library('socket.destroyed', 'null');
        if (dontWait) return library('null', 'null');
        const events = ['readable', 'end', 'error', 'close', ...(deadline ? ['timeout'] : [])];
        const [event, error] = await first(socket, ...events);
        if (event === 'end') return ok({ read: { n: 0, data: '' } }, "'end' event");
        if (event === 'error') return entry.tell(error);
        if (event === 'close') return library('socket.destroyed', "'close' event");
        if (event === 'timeout') return timedOut(0, TIMEOUT);
      }
    });
  },

  write(entry, request, begin) {
    const deadline = deadlineIn(request);
    const asked = flags(request, ['nosignal', 'oob', 'dontwait']);
    const data = dataIn(request);
    if (entry.server) throw new Unsupported('net.Server has no write');
    if (asked.length) throw new Unsupported('net.Socket has no flags for a write');
    const text = withTimeout(`socket.write(${quoted(data)}, callback)`, deadline);
    if (entry.untold) return entry.tellLate(text, begin);
    begin(text);
    const socket = entry.theSocket;
    const before = socket.bytesWritten ?? 0;
    const settled = (resolve) => {
      let waiting = true;
      const onTimeout = () => {
        waiting = false;
        // The kernel has taken what Node gave to the handle, but for what its queue holds; `net` does not tell.
        const { bytesWritten = before, writeQueueSize = 0 } = socket._handle ?? {};
        resolve(timedOut(Math.min(Math.max(bytesWritten - writeQueueSize - before, 0), data.length), TIMEOUT));
      };
      if (deadline) socket.once('timeout', onTimeout);
      socket.write(data, (error) => {
        socket.off('timeout', onTimeout);
        // After the deadline nobody waits for it any more: an error comes again as an event.
        if (!waiting) return;
        // Destroyed meanwhile, and the rest of the data lost: Node 20 calls back as if all was written.
        const said = socket.destroyed ? `callback(${error})` : undefined;
        resolve(error ? entry.tell(error) : ok({ written: { n: data.length } }, said));
      });
    };
    return entry.within(deadline, () => new Promise(settled));
  },

  shutdown(entry, request, begin) {
    const how = word(request, 'how', ['read', 'write', 'both']);
    if (entry.server) throw new Unsupported('net.Server has no end');
    if (how !== 'write') throw new Unsupported('net.Socket ends writing (end) or everything (destroy), never reading');
    begin('socket.end(callback)');
    return new Promise((resolve) => {
      entry.theSocket.end((error) => resolve(error ? entry.tell(error) : ok('done')));
    });
  },

  close(entry, request, begin) {
    if (!entry.server) {
      begin('socket.destroy()');
      return entry.destroy('destroy');
    }
    begin('server.close()');
    return new Promise((resolve) => {
      // Not at the 'close' event: that comes when the last connection has ended, but the descriptor is closed now.
      if (entry.server.listening) resolve(ok('done'));
      entry.server.close((error) => resolve(error ? failed(error) : ok('done')));
    });
  },

  'rst-close'(entry, request, begin) {
    if (entry.server) throw new Unsupported('net.Server has no resetAndDestroy');
    begin('socket.resetAndDestroy()');
    return entry.destroy('resetAndDestroy');
  },

  'set-option'(entry, request, begin) {
    const option = word(request, 'option', OPTIONS);
    const value = number(request, 'value', Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER);
    // The method, its arguments, and the same as net.connect and net.createServer take it.
    const [method, args, noted] =
      {
        TCP_NODELAY: ['setNoDelay', [value !== 0], { noDelay: value !== 0 }],
        SO_KEEPALIVE: ['setKeepAlive', [value !== 0], { keepAlive: value !== 0 }],
        TCP_KEEPIDLE: ['setKeepAlive', [true, value * 1000], { keepAlive: true, keepAliveInitialDelay: value * 1000 }],
      }[option] ?? [];
    if (option === 'SO_REUSEADDR') throw new Unsupported('net.Server always sets SO_REUSEADDR, and net.Socket cannot');
    if (!method) throw new Unsupported(`net has no way to set ${option}`);
    if (entry.server) throw new Unsupported('net.createServer takes options, and net.Server has no way to set them');
    if (!entry.socket) {
      begin(`// ${literal(noted).slice(2, -2)} comes with connect or listen`);
      Object.assign(entry.noted, noted);
      return ok('later');
    }
    begin(`socket.${method}(${args.join(', ')})`);
    entry.socket[method](...args);
    return ok('done');
  },
};

const OF_THE_PROCESS = {
  socket: socketLater(entries, Entry, 'connect or listen'),

  // Node ignores SIGPIPE from the start. Removing the last listener does not bring that back: it leaves the default.
  sigpipe(request, begin) {
    const ignore = word(request, 'disposition', ['default', 'ignore']) === 'ignore';
    begin(`process.on('SIGPIPE', () => {})${ignore ? '' : ".removeAllListeners('SIGPIPE')"}`);
    process.on('SIGPIPE', () => {});
    if (!ignore) process.removeAllListeners('SIGPIPE');
    return ok('done');
  },
};

const IMPOSSIBLE = {
  disconnect: 'net.Socket cannot dissolve a connection',
  dup: 'net.Socket has no second descriptor',
  'get-option': 'net.Socket sets some options and reads none',
  interrupt: 'Node makes no call that blocks',
  'linger-close': 'net.Socket cannot set SO_LINGER',
  options: 'net.Socket sets some options and reads none',
  poll: 'net.Socket tells by events what it is ready for',
  'so-error': "Node takes SO_ERROR by itself and emits it as an 'error'",
};

serve({
  name: allowHalfOpen ? 'node-half-open' : 'node',
  takesUnasked: true,
  entries,
  onASocket: ON_A_SOCKET,
  ofTheProcess: OF_THE_PROCESS,
  impossible: IMPOSSIBLE,
  failed,
});
