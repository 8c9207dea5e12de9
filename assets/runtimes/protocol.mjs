/*
 * What the endpoints in JavaScript have in common: lines of JSON, what a request says, and what is replied. docs/endpoint-protocol.md says
 * how. Only modules that Node, Bun and Deno all have are used.
 */
import { Buffer } from 'node:buffer';
import fs from 'node:fs';
import net from 'node:net';
import process from 'node:process';

export const VERSION = 2; // of the protocol
export const MOST = 64 << 20; // bytes in one read or write
export const LONGEST_LINE = 2 * MOST + (64 << 10); // the longest write in hexadecimal, and what is around it
export const KEPT = 1024; // of the bytes that were read, so many are told
export const SHOWN = 32; // of the bytes to write, so many are shown
export const LONGEST_WAIT = 2 ** 31 - 1; // milliseconds: timers can do no more

// prettier-ignore
export const OPTIONS = [
  'SO_LINGER', 'SO_REUSEADDR', 'SO_REUSEPORT', 'TCP_NODELAY', 'TCP_CORK', 'SO_KEEPALIVE', 'TCP_KEEPIDLE',
  'TCP_KEEPINTVL', 'TCP_KEEPCNT', 'TCP_USER_TIMEOUT', 'TCP_SYNCNT', 'TCP_DEFER_ACCEPT', 'SO_RCVBUF', 'SO_SNDBUF',
  'SO_RCVTIMEO', 'SO_SNDTIMEO', 'O_NONBLOCK', 'TCP_LINGER2',
];

/** The request cannot be carried out; one sentence. */
export class Refused extends Error {}

/** The runtime has no way to make the call; the reason. */
export class Unsupported extends Error {}

// --- What a request says ---

export const must = (name, what) => new Refused(`the field ${name} must be ${what}`);

export function number(request, name, least, most) {
  const value = request[name];
  if (Number.isInteger(value) && value >= least && value <= most) return value;
  throw must(name, `a whole number from ${least} to ${most}`);
}

export function word(request, name, words) {
  if (words.includes(request[name])) return request[name];
  throw must(name, `one of ${words.join(', ')}`);
}

export function flags(request, words) {
  const listed = request.flags ?? [];
  if (Array.isArray(listed) && listed.every((flag) => words.includes(flag))) return listed;
  throw must('flags', `a list of ${words.join(', ')}`);
}

export function nameIn(request, field = 'socket') {
  const name = request[field];
  if (typeof name !== 'string' || !/^[A-Za-z][\w-]{0,23}$/.test(name)) {
    throw new Refused("a socket's name is a letter, then letters, digits, - and _, at most 24 in all");
  }
  return name;
}

export function addressIn(request) {
  const [, six, four, port] = /^(?:\[(.+)\]|([\d.]+)):(\d{1,5})$/.exec(request.address) ?? [];
  const host = six ?? four;
  if (!host || net.isIP(host) !== (six ? 6 : 4) || port > 65535) {
    throw new Refused('an address is like 10.0.0.2:8080 or [fd00::2]:8080');
  }
  return { host, port: Number(port) };
}

/** The deadline in milliseconds; 0 would mean none. */
export function deadlineIn(request) {
  if (request.deadline === undefined) return undefined;
  return Math.min(Math.max(number(request, 'deadline', 0, 2 ** 32 - 1), 1), LONGEST_WAIT);
}

export function dataIn(request) {
  const { data } = request;
  if (typeof data !== 'string' || data.length % 2 || !/^[\da-f]*$/i.test(data)) {
    throw must('data', 'an even number of hexadecimal digits');
  }
  const repeat = request.repeat === undefined ? 1 : number(request, 'repeat', 0, MOST);
  if ((data.length / 2) * repeat > MOST) {
    throw new Refused(`a write of ${data.length / 2} bytes ${repeat} times is too large, ${MOST} is the most`);
  }
  const once = Buffer.from(data, 'hex');
  return once.length && repeat ? Buffer.alloc(once.length * repeat, once) : Buffer.alloc(0);
}

/** An object as one writes it. */
export function literal(object) {
  const value = (v) => (typeof v === 'string' ? `'${v}'` : v);
  const fields = Object.entries(object).filter(([, v]) => v !== undefined);
  return `{ ${fields.map(([key, v]) => `${key}: ${value(v)}`).join(', ')} }`;
}

export function quoted(bytes) {
  const named = { 10: '\\n', 13: '\\r', 9: '\\t', 39: "\\'", 92: '\\\\' };
  const one = (b) =>
    named[b] ?? (b >= 32 && b < 127 ? String.fromCharCode(b) : `\\x${b.toString(16).padStart(2, '0')}`);
  return `'${[...bytes.subarray(0, SHOWN)].map(one).join('')}'${bytes.length > SHOWN ? '...' : ''}`;
}

// --- Replies ---

let now = () => process.hrtime.bigint(); // CLOCK_MONOTONIC, in Node

/** Writes a line before it returns, so that `began` is out when the call is made. */
export function reply(json) {
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

export const refused = (id, why) => reply(JSON.stringify({ refused: { id, why } }));

// Times are beyond what a number can hold exactly, and JSON.stringify knows no BigInt.
export const began = (id, text) => reply(`{"began":{"id":${id},"at":${now()},"text":${JSON.stringify(text)}}}`);

/** The library has made the descriptor, before a call that may block. */
export function made(id, fd) {
  if (fd >= 0) reply(JSON.stringify({ made: { id, fd } }));
}

// --- Outcomes: each is { outcome, said } ---

export const ok = (value, said) => ({ outcome: { ok: value }, said });
export const library = (name, said) => ({ outcome: { library: name }, said });
export const timedOut = (written, said) => ({ outcome: { 'deadline-exceeded': { written } }, said });

// --- Requests ---

const inFlight = new Set();
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

async function make(request, begin, { entries, onASocket, ofTheProcess, impossible }) {
  const { call } = request;
  if (Object.hasOwn(impossible, call)) throw new Unsupported(impossible[call]);
  if (Object.hasOwn(ofTheProcess, call)) return ofTheProcess[call](request, begin);
  if (!Object.hasOwn(onASocket, call)) throw new Refused('there is no call of that name');
  const name = nameIn(request);
  if (!entries.has(name)) throw new Refused('there is no socket of that name');
  return onASocket[call](entries.get(name), request, begin);
}

async function carryOut(request, runtime) {
  const { id, call } = request;
  let start;
  const begin = (text) => {
    began(id, text);
    start = now();
  };
  let result;
  try {
    result = await make(request, begin, runtime);
  } catch (error) {
    if (error instanceof Refused) {
      inFlight.delete(id);
      return refused(id, error.message);
    }
    if (error instanceof Unsupported) {
      begin(`// no call for ${call}`);
      result = { outcome: { unsupported: error.message } };
    } else {
      result = runtime.failed(error); // the library threw it
    }
  }
  const at = now();
  inFlight.delete(id);
  const said = result.said === undefined ? '' : `,"said":${JSON.stringify(result.said)}`;
  reply(`{"ended":{"id":${id},"at":${at},"ns":${at - start},"outcome":${JSON.stringify(result.outcome)}${said}}}`);
}

function start(line, runtime) {
  let request;
  try {
    request = JSON.parse(utf8.decode(line));
  } catch {
    return refused(null, 'the line is not JSON');
  }
  const id = request?.id;
  if (!Number.isSafeInteger(id) || id < 0) return refused(null, 'the request has no id, a whole number');
  if (inFlight.has(id)) return refused(id, `a call of id ${id} is in flight`);
  inFlight.add(id);
  carryOut(request, runtime);
}

/**
 * Says hello, and has each request carried out until the input ends. `onASocket` and `ofTheProcess` have the calls, each of which
 * gives `begin` its text, makes the call and returns its outcome; `entries` what goes by a name; `impossible` why there is no such
 * call. `failed` is the outcome of an error that the library threw, `now` is CLOCK_MONOTONIC where hrtime counts from elsewhere.
 */
export function serve(runtime) {
  now = runtime.now ?? now;
  const unasked = runtime.takesUnasked ? { 'takes-unasked': true } : {};
  reply(JSON.stringify({ hello: { protocol: VERSION, runtime: runtime.name, ...unasked } }));

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
      if (length <= LONGEST_LINE) start(Buffer.concat(pieces), runtime);
      else refused(null, `the line is longer than ${LONGEST_LINE} bytes`);
      pieces = [];
      length = 0;
    }
  });
  for (const event of ['end', 'error', 'close']) process.stdin.on(event, () => process.exit(0));
}

// --- Descriptors, which finwait looks for and some libraries hide ---

/** The kernel's TCP sockets of this process: descriptor, local and remote port, state (2 is SYN_SENT). */
function sockets() {
  const byInode = new Map();
  for (const fd of fs.readdirSync('/proc/self/fd')) {
    try {
      const [, inode] = /^socket:\[(\d+)\]$/.exec(fs.readlinkSync(`/proc/self/fd/${fd}`)) ?? [];
      if (inode) byInode.set(inode, Number(fd));
    } catch {
      // the descriptor of the directory itself, closed again
    }
  }
  const port = (address) => Number.parseInt(address.split(':')[1], 16);
  const rows = ['tcp', 'tcp6'].flatMap((table) => fs.readFileSync(`/proc/self/net/${table}`, 'latin1').split('\n').slice(1));
  return rows.flatMap((row) => {
    const [, local, remote, state, , , , , , inode] = row.trim().split(/\s+/);
    if (!byInode.has(inode)) return [];
    return [{ fd: byInode.get(inode), local: port(local), remote: port(remote), state: Number.parseInt(state, 16) }];
  });
}

const timespec = new BigInt64Array(2);

/** CLOCK_MONOTONIC in nanoseconds, by clock_gettime; the own clock of some runtimes counts from their start. */
export const monotonic = (clockGettime) => () => {
  clockGettime(1, timespec);
  return timespec[0] * 1_000_000_000n + timespec[1];
};

/** `socket` where nothing is made yet: an entry notes the family until the library makes the socket with `comesWith`. */
export const socketLater = (entries, Entry, comesWith) => (request, begin) => {
  const name = nameIn(request);
  const family = word(request, 'family', ['inet', 'inet6']);
  begin(`// the socket comes with ${comesWith}`);
  entries.set(name, new Entry(family));
  return ok('later');
};

/** `sigpipe` where `runtime` ignores the signal from the start; `why` says what its default would not change. */
export const sigpipeIgnored = (runtime, why) => (request, begin) => {
  if (word(request, 'disposition', ['default', 'ignore']) === 'default') throw new Unsupported(why);
  begin(`// ${runtime} ignores SIGPIPE from the start`);
  return ok('done');
};

/** The descriptor of the socket between those ports, -1 if there is none (any more). */
export function descriptorOf(local, remote = 0) {
  return sockets().find((socket) => socket.local === local && socket.remote === remote)?.fd ?? -1;
}

const told = new Set();

/** Tells the descriptor of a connect that waits, as soon as it is in SYN_SENT. `over` settles when it waits no more. */
export async function tellConnecting(id, port, over) {
  let waits = true;
  over.finally(() => (waits = false)).catch(() => {});
  for (; waits; await new Promise((resolve) => setTimeout(resolve, 1))) {
    const found = sockets().find(({ fd, remote, state }) => remote === port && state === 2 && !told.has(fd));
    if (found) {
      told.add(found.fd);
      over.finally(() => told.delete(found.fd)).catch(() => {});
      return made(id, found.fd);
    }
  }
}
