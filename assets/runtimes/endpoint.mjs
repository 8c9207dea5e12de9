#!/usr/bin/env node
/*
 * A finwait endpoint that drives Node's `net`: its errors and events, as its programmers see them.
 *
 *     node endpoint.mjs [--half-open]        (18 or later; requests on standard input, replies on standard output: PROTOCOL.md)
 *
 * With --half-open every socket has `allowHalfOpen: true`. What is different from plain calls, and left as it is:
 *
 * - Node reads by itself, as soon as there is something, up to some 16 or 64 KiB; `read` takes from what was read. So the
 *   peer's FIN or RST is found without any call, and an 'error' may come while nobody waits. (The next read or write is then
 *   told of it, instead of being made.)
 * - Without allowHalfOpen, Node answers the peer's FIN with its own at once.
 * - After an error Node destroys the socket: the descriptor is closed.
 * - The server accepts by itself; `accept` here takes the next connection of which the 'connection' event told.
 * - The kernel's socket is made in connect and listen; `socket`, `bind` and options before that are noted for them.
 * - A timeout belongs to the socket, means that nothing moved for so long, and stops nothing: what a write has given to Node
 *   still goes out.
 */
import fs from 'node:fs';
import net from 'node:net';

const MOST = 64 << 20; // bytes in one read or write
const LONGEST_LINE = 2 * MOST + (64 << 10);
const KEPT = 1024; // of the bytes that were read, so many are told
const SHOWN = 32; // of the bytes to write, so many are shown
const LONGEST_TIMEOUT = 2 ** 31 - 1; // milliseconds: Node's timers can do no more

const allowHalfOpen = process.argv.includes('--half-open');

/** The request cannot be carried out; one sentence. */
class Refused extends Error {}

// --- What a request says ---

function number(request, name, least, most) {
  const value = request[name];
  if (!Number.isInteger(value)) throw new Refused(`the field ${name} must be a whole number`);
  if (value < least || value > most) throw new Refused(`${name} is ${least} at the least and ${most} at the most`);
  return value;
}

function word(request, name, words) {
  if (!words.includes(request[name])) throw new Refused(`the field ${name} is one of ${words.join(', ')}`);
  return request[name];
}

function flags(request, words) {
  const listed = request.flags ?? [];
  if (!Array.isArray(listed) || !listed.every((flag) => words.includes(flag))) {
    throw new Refused(`flags are a list of ${words.join(', ')}`);
  }
  return listed;
}

function nameIn(request, field = 'socket') {
  const name = request[field];
  if (typeof name !== 'string' || !/^[A-Za-z][\w-]{0,23}$/.test(name)) {
    throw new Refused("a socket's name is a letter, then letters, digits, - and _, 24 in all at the most");
  }
  return name;
}

function addressIn(request) {
  const [, six, four, port] = /^(?:\[(.+)\]|([\d.]+)):(\d{1,5})$/.exec(request.address) ?? [];
  const host = six ?? four;
  if (!host || net.isIP(host) !== (six ? 6 : 4) || port > 65535) {
    throw new Refused('an address is like 10.0.0.2:8080 or [fd00::2]:8080');
  }
  return { host, port: Number(port) };
}

/** The deadline in milliseconds; to Node 0 would mean none. */
function deadlineIn(request) {
  if (request.deadline === undefined) return undefined;
  return Math.min(Math.max(number(request, 'deadline', 0, 2 ** 32 - 1), 1), LONGEST_TIMEOUT);
}

function dataIn(request) {
  const { data } = request;
  if (typeof data !== 'string' || data.length % 2 || !/^[\da-f]*$/i.test(data)) {
    throw new Refused('the field data must be an even number of hexadecimal digits');
  }
  const repeat = request.repeat === undefined ? 1 : number(request, 'repeat', 0, MOST);
  if ((data.length / 2) * repeat > MOST) {
    throw new Refused(`a write of ${data.length / 2} bytes ${repeat} times is too large, ${MOST} is the most`);
  }
  const once = Buffer.from(data, 'hex');
  return once.length && repeat ? Buffer.alloc(once.length * repeat, once) : Buffer.alloc(0);
}

/** An object as one writes it. */
function literal(object) {
  const value = (v) => (typeof v === 'string' ? `'${v}'` : v);
  const fields = Object.entries(object).filter(([, v]) => v !== undefined);
  return `{ ${fields.map(([key, v]) => `${key}: ${value(v)}`).join(', ')} }`;
}

function quoted(bytes) {
  const named = { 10: '\\n', 13: '\\r', 9: '\\t', 39: "\\'", 92: '\\\\' };
  const one = (b) =>
    named[b] ?? (b >= 32 && b < 127 ? String.fromCharCode(b) : `\\x${b.toString(16).padStart(2, '0')}`);
  return `'${[...bytes.subarray(0, SHOWN)].map(one).join('')}'${bytes.length > SHOWN ? '...' : ''}`;
}

// --- Replies ---

const now = () => process.hrtime.bigint(); // CLOCK_MONOTONIC

/** Writes a line before it returns, so that `began` is out when the call is made. */
function reply(json) {
  let rest = Buffer.from(`${json}\n`);
  while (rest.length) {
    try {
      rest = rest.subarray(fs.writeSync(1, rest));
    } catch (error) {
      // Standard input does not block, and standard output may be the same file.
      if (error.code !== 'EAGAIN') process.exit(0); // nobody is left to read it
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
    }
  }
}

const refused = (id, why) => reply(JSON.stringify({ refused: { id, why } }));

// Times are beyond what a number can hold exactly, and JSON.stringify knows no BigInt.
const began = (id, text) => reply(`{"began":{"id":${id},"at":${now()},"text":${JSON.stringify(text)}}}`);

/** The descriptor is nothing that `net` tells; it is dug out only for finwait, which looks behind it. */
const descriptor = (owner) => owner._handle?.fd ?? -1;

function made(id, owner) {
  if (descriptor(owner) >= 0) reply(JSON.stringify({ made: { id, fd: descriptor(owner) } }));
}

// --- Outcomes: each is { outcome, said } ---

const ok = (value, said) => ({ outcome: { ok: value }, said });
const unsupported = (why) => ({ outcome: { unsupported: why } });
const library = (name, said) => ({ outcome: { library: name }, said });
const timedOut = (written = 0) => ({ outcome: { 'deadline-exceeded': { written } }, said: "'timeout' event" });

/** An error that a system call gave has its number, negative; any other is the library's own. */
function failed(error) {
  if (error.syscall && error.errno < 0) {
    return { outcome: { err: -error.errno }, said: `${error} (code ${error.code}, syscall ${error.syscall})` };
  }
  return library(error.code ?? error.name, error.code && !String(error).includes(error.code) ? `${error} (code ${error.code})` : String(error));
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

const endpoint = ({ address, family, port }) => (family === 'IPv6' ? `[${address}]:${port}` : `${address}:${port}`);

const withTimeout = (text, deadline) => (deadline === undefined ? text : `socket.setTimeout(${deadline}); ${text}`);

/** For a call that is not made, because an 'error' came before it. */
function untold(entry, text, begin) {
  begin(`// an 'error' event came before ${text}`);
  return entry.tell(entry.untold);
}

// --- The calls: each gives `begin` its text, and then makes the call; what it returns is its outcome ---

const NOTED = '// net makes the socket in connect and listen';
const OPTIONS = ['SO_LINGER', 'SO_REUSEADDR', 'SO_REUSEPORT', 'TCP_NODELAY', 'TCP_CORK', 'SO_KEEPALIVE', 'TCP_KEEPIDLE',
  'TCP_KEEPINTVL', 'TCP_KEEPCNT', 'TCP_USER_TIMEOUT', 'TCP_SYNCNT', 'TCP_DEFER_ACCEPT', 'SO_RCVBUF', 'SO_SNDBUF',
  'SO_RCVTIMEO', 'SO_SNDTIMEO', 'O_NONBLOCK', 'TCP_LINGER2']; // prettier-ignore

const onASocket = {
  bind(entry, request, begin) {
    const { host, port } = addressIn(request);
    begin(`${NOTED} // localAddress: '${host}', localPort: ${port}`);
    if (entry.server?.listening || (entry.socket && !entry.socket.pending)) return unsupported('net.Socket has no bind');
    entry.local = { host, port };
    return ok('later');
  },

  async listen(entry, request, begin, id) {
    const backlog = number(request, 'backlog', -(2 ** 31), 2 ** 31 - 1);
    const where = entry.local ?? { host: entry.family === 'inet6' ? '::' : '0.0.0.0', port: 0 };
    const options = { ...where, backlog };
    if (entry.socket) return begin('// listen'), unsupported('net.Socket cannot listen');
    const settings = { allowHalfOpen: allowHalfOpen || undefined, ...entry.noted };
    const made_ = entry.server ? 'server' : `net.createServer(${Object.values(settings).some(Boolean) ? literal(settings) : ''})`;
    begin(`${made_}.listen(${literal(options)})`);
    if (!entry.server) {
      entry.server = net.createServer(settings);
      entry.server.on('error', () => {});
      entry.server.on('connection', (socket) => entry.connections.push(new Entry().own(socket)));
    }
    entry.server.listen(options);
    const [event, error] = await first(entry.server, 'listening', 'error');
    if (event === 'error') return failed(error);
    made(id, entry.server);
    return ok('done');
  },

  async accept(entry, request, begin) {
    const name = nameIn(request, 'as');
    begin("server.on('connection', ...)");
    if (!entry.server) return library('not a net.Server');
    while (!entry.connections.length) {
      if (!entry.server.listening) return library('server.listening is false');
      const [event] = await first(entry.server, 'connection', 'close');
      if (event === 'close') return library('server.close', "'close' event");
    }
    const accepted = entry.connections.shift();
    entries.set(name, accepted);
    const { socket } = accepted;
    const { remoteAddress: address, remoteFamily: family, remotePort: port } = socket;
    return ok({ descriptor: { fd: descriptor(socket), peer: address && endpoint({ address, family, port }) } });
  },

  async connect(entry, request, begin, id) {
    const deadline = deadlineIn(request);
    const { host, port } = addressIn(request);
    if (entry.server) return begin('// connect'), unsupported('net.Server cannot connect');
    const local = entry.local && { localAddress: entry.local.host, localPort: entry.local.port };
    const options = { host, port, ...local };
    const settings = { ...options, allowHalfOpen: allowHalfOpen || undefined, ...entry.noted };
    const again = entry.socket !== undefined;
    begin(withTimeout(again ? `socket.connect(${literal(options)})` : `net.connect(${literal(settings)})`, deadline));
    entry.untold = undefined;
    if (again) entry.socket.connect(options);
    else entry.own(net.connect(settings));
    // Node makes the system calls in the next tick; after it the descriptor is there.
    process.nextTick(() => made(id, entry.socket));
    return entry.within(deadline, async () => {
      const [event, error] = await first(entry.socket, 'connect', 'error', 'close', ...(deadline ? ['timeout'] : []));
      if (event === 'connect') return ok('done');
      if (event === 'error') return entry.tell(error);
      return event === 'timeout' ? timedOut() : library('socket.destroyed', "'close' event");
    });
  },

  async read(entry, request, begin) {
    const n = number(request, 'n', 0, MOST);
    const deadline = deadlineIn(request);
    const asked = flags(request, ['peek', 'waitall', 'dontwait', 'oob']);
    const text = withTimeout(`socket.read(${n})`, deadline);
    if (entry.server) return begin('// read'), unsupported('net.Server has no read');
    if (asked.some((flag) => flag !== 'dontwait')) return begin('// read'), unsupported('net.Socket has no flags for a read');
    if (entry.untold) return untold(entry, text, begin);
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
        if (asked.length) return library('null', 'null');
        const [event, error] = await first(socket, 'readable', 'end', 'error', 'close', ...(deadline ? ['timeout'] : []));
        if (event === 'end') return ok({ read: { n: 0, data: '' } }, "'end' event");
        if (event === 'error') return entry.tell(error);
        if (event === 'timeout') return timedOut();
        if (event === 'close') return library('socket.destroyed', "'close' event");
      }
    });
  },

  async write(entry, request, begin) {
    const deadline = deadlineIn(request);
    const asked = flags(request, ['nosignal', 'oob', 'dontwait']);
    const data = dataIn(request);
    const text = withTimeout(`socket.write(${quoted(data)}, callback)`, deadline);
    if (entry.server) return begin('// write'), unsupported('net.Server has no write');
    if (asked.length) return begin('// write'), unsupported('net.Socket has no flags for a write');
    if (entry.untold) return untold(entry, text, begin);
    begin(text);
    const socket = entry.theSocket;
    const before = socket.bytesWritten ?? 0;
    return entry.within(deadline, () => {
      const written = new Promise((resolve) => {
        socket.write(data, (error) => resolve(error ? entry.tell(error) : ok({ written: { n: data.length } })));
      });
      if (!deadline) return written;
      const timeout = first(socket, 'timeout').then(() => {
        // Of what Node holds, the kernel has taken all but what is in the handle's queue.
        const { bytesWritten = before, writeQueueSize = 0 } = socket._handle ?? {};
        return timedOut(Math.min(Math.max(bytesWritten - writeQueueSize - before, 0), data.length));
      });
      return Promise.race([written, timeout]);
    });
  },

  async shutdown(entry, request, begin) {
    const how = word(request, 'how', ['read', 'write', 'both']);
    if (entry.server) return begin('// shutdown'), unsupported('net.Server has no end');
    if (how !== 'write') {
      return begin(`// shutdown ${how}`), unsupported('net.Socket ends writing (end) or everything (destroy), never reading');
    }
    begin('socket.end(callback)');
    return new Promise((resolve) => {
      entry.theSocket.end((error) => resolve(error ? entry.tell(error) : ok('done')));
    });
  },

  async close(entry, request, begin) {
    if (entry.server) {
      begin('server.close()');
      if (entry.server.listening) {
        entry.server.close(); // 'close' comes when its connections have ended, but the descriptor is closed
        return ok('done');
      }
      return new Promise((resolve) => {
        entry.server.close((error) => resolve(error ? failed(error) : ok('done')));
      });
    }
    begin('socket.destroy()');
    return destroy(entry, (socket) => socket.destroy());
  },

  async 'rst-close'(entry, request, begin) {
    if (entry.server) return begin('// rst-close'), unsupported('net.Server has no resetAndDestroy');
    begin('socket.resetAndDestroy()');
    return destroy(entry, (socket) => socket.resetAndDestroy());
  },

  'set-option'(entry, request, begin) {
    const option = word(request, 'option', OPTIONS);
    const value = number(request, 'value', Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER);
    // [the method, its arguments, what net.connect and net.createServer take for it]
    const settings = {
      TCP_NODELAY: ['setNoDelay', [value !== 0], { noDelay: value !== 0 }],
      SO_KEEPALIVE: ['setKeepAlive', [value !== 0], { keepAlive: value !== 0 }],
      TCP_KEEPIDLE: ['setKeepAlive', [true, value * 1000], { keepAlive: true, keepAliveInitialDelay: value * 1000 }],
    };
    const [method, args, noted] = settings[option] ?? [];
    if (!method) return begin(`// ${option}`), unsupported(`net.Socket has no way to set ${option}`);
    if (entry.server) return begin(`// ${option}`), unsupported('net.createServer takes options, net.Server does not');
    if (!entry.socket) {
      begin(`${NOTED} // ${literal(noted).slice(2, -2)}`);
      Object.assign(entry.noted, noted);
      return ok('later');
    }
    begin(`socket.${method}(${args.join(', ')})`);
    entry.socket[method](...args);
    return ok('done');
  },
};

async function destroy(entry, how) {
  const socket = entry.theSocket;
  if (socket.closed) {
    how(socket);
    return ok('done');
  }
  const over = first(socket, 'error', 'close');
  how(socket);
  const [event, error] = await over;
  return event === 'error' ? entry.tell(error) : ok('done');
}

const impossible = {
  disconnect: 'net.Socket cannot dissolve a connection',
  dup: 'net.Socket has no second descriptor',
  'get-option': 'net.Socket sets some options and reads none',
  interrupt: 'Node makes no call that blocks',
  'linger-close': 'net.Socket cannot set SO_LINGER',
  options: 'net.Socket sets some options and reads none',
  poll: 'net.Socket tells by events what it is ready for',
  'so-error': "Node takes SO_ERROR by itself and emits it as an 'error'",
};

const forTheProcess = {
  socket(request, begin) {
    const name = nameIn(request);
    const family = word(request, 'family', ['inet', 'inet6']);
    begin(NOTED);
    entries.set(name, new Entry(family));
    return ok('later');
  },

  sigpipe(request, begin) {
    if (word(request, 'disposition', ['default', 'ignore']) === 'ignore') {
      begin("// Node ignores SIGPIPE from the start");
      return ok('done');
    }
    begin('// sigpipe default');
    return unsupported('Node ignores SIGPIPE');
  },
};

// --- Requests ---

const inFlight = new Set();

async function carryOut(request) {
  const { id, call } = request;
  let start;
  const begin = (text) => {
    began(id, text);
    start = now();
  };
  let result;
  try {
    result = await make(request, call, begin, id);
  } catch (error) {
    if (error instanceof Refused) {
      inFlight.delete(id);
      return refused(id, error.message);
    }
    result = failed(error); // thrown by the library
  }
  const at = now();
  inFlight.delete(id);
  const said = result.said === undefined ? '' : `,"said":${JSON.stringify(result.said)}`;
  reply(`{"ended":{"id":${id},"at":${at},"ns":${at - start},"outcome":${JSON.stringify(result.outcome)}${said}}}`);
}

function make(request, call, begin, id) {
  if (Object.hasOwn(impossible, call)) {
    begin(`// ${call}`);
    return unsupported(impossible[call]);
  }
  if (Object.hasOwn(forTheProcess, call)) return forTheProcess[call](request, begin);
  if (!Object.hasOwn(onASocket, call)) throw new Refused('there is no call of that name');
  const name = nameIn(request);
  if (!entries.has(name)) throw new Refused(`there is no socket ${name}`);
  return onASocket[call](entries.get(name), request, begin, id);
}

function start(line) {
  let request;
  try {
    request = JSON.parse(line.toString());
  } catch {
    return refused(null, 'the line is not JSON');
  }
  const id = request?.id;
  if (!Number.isSafeInteger(id) || id < 0) return refused(null, 'the request has no id, a whole number');
  if (inFlight.has(id)) return refused(id, `a call of id ${id} is in flight`);
  inFlight.add(id);
  carryOut(request);
}

reply('{"hello":{"protocol":2,"runtime":"' + (allowHalfOpen ? 'node-half-open' : 'node') + '"}}');

let pieces = []; // of the line that has begun
let length = 0;
process.stdin.on('data', (chunk) => {
  for (let from = 0; from < chunk.length; ) {
    const newline = chunk.indexOf(10, from);
    const piece = chunk.subarray(from, newline < 0 ? chunk.length : newline);
    from += piece.length + 1;
    length += piece.length;
    if (length <= LONGEST_LINE) pieces.push(piece);
    if (newline < 0) break;
    if (length <= LONGEST_LINE) start(Buffer.concat(pieces));
    else refused(null, `the line is longer than ${LONGEST_LINE} bytes`);
    pieces = [];
    length = 0;
  }
});
for (const event of ['end', 'error', 'close']) process.stdin.on(event, () => process.exit(0));
