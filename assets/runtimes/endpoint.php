#!/usr/bin/env php
<?php
/*
 * The PHP endpoint: sockets as the extension sockets gives them, driven line by line as docs/endpoint-protocol.md says.
 *
 *     php endpoint.php        (8.1 or later; then paste a line, such as)
 *     {"id":1,"socket":"client","call":"socket","family":"inet"}
 *
 * Streams (fsockopen, stream_socket_client) are other functions over the same calls. What PHP does differently:
 *
 * - A call that fails returns false, and PHP prints a warning with the errno and its text; not for EAGAIN, which is in
 *   socket_last_error alone.
 * - A Socket that was closed knows it: whatever is done with it throws an Error, without a system call.
 * - PHP has no threads, and a program in which a call blocks does nothing else. So that other calls go on, this one makes a call
 *   that may block with MSG_DONTWAIT or O_NONBLOCK, and makes it again when socket_select says so: the kernel's answer is the
 *   same, and so is PHP's text. An error that comes when a write has begun is told at once, and not by the next write.
 * - Timeouts (SO_RCVTIMEO, SO_SNDTIMEO) are kept by the endpoint for the same reason.
 * - SIGPIPE is ignored from the start.
 */
declare(strict_types=1);

const VERSION = 2; // of the protocol
const MOST = 64 << 20; // bytes in one read or write
const LONGEST_LINE = 2 * MOST + (64 << 10); // the longest write in hexadecimal, and what is around it
const KEPT = 1024; // of the bytes that were read, so many are told
const SHOWN = 32; // of the bytes to write, so many are shown

const READ_FLAGS = ['peek' => 'MSG_PEEK', 'waitall' => 'MSG_WAITALL', 'dontwait' => 'MSG_DONTWAIT', 'oob' => 'MSG_OOB'];
const WRITE_FLAGS = ['nosignal' => 'MSG_NOSIGNAL', 'oob' => 'MSG_OOB', 'dontwait' => 'MSG_DONTWAIT'];
const EVENTS = ['in' => 'read', 'out' => 'write', 'pri' => 'except'];
const OTHER_EVENTS = ['rdhup', 'err', 'hup', 'nval'];

/** Each option's level and number; PHP has names for some of them. */
const OPTIONS = [
    'SO_LINGER' => [SOL_SOCKET, SO_LINGER], 'SO_REUSEADDR' => [SOL_SOCKET, SO_REUSEADDR],
    'SO_REUSEPORT' => [SOL_SOCKET, SO_REUSEPORT], 'TCP_NODELAY' => [SOL_TCP, TCP_NODELAY], 'TCP_CORK' => [SOL_TCP, 3],
    'SO_KEEPALIVE' => [SOL_SOCKET, SO_KEEPALIVE], 'TCP_KEEPIDLE' => [SOL_TCP, 4], 'TCP_KEEPINTVL' => [SOL_TCP, 5],
    'TCP_KEEPCNT' => [SOL_TCP, 6], 'TCP_USER_TIMEOUT' => [SOL_TCP, 18], 'TCP_SYNCNT' => [SOL_TCP, 7],
    'TCP_DEFER_ACCEPT' => [SOL_TCP, 9], 'SO_RCVBUF' => [SOL_SOCKET, SO_RCVBUF], 'SO_SNDBUF' => [SOL_SOCKET, SO_SNDBUF],
    'SO_RCVTIMEO' => [SOL_SOCKET, SO_RCVTIMEO], 'SO_SNDTIMEO' => [SOL_SOCKET, SO_SNDTIMEO],
    'O_NONBLOCK' => null, 'TCP_LINGER2' => [SOL_TCP, 8],
];

const UNSUPPORTED = [
    'disconnect' => 'socket_connect takes an address of the socket\'s own family, never AF_UNSPEC',
    'dup' => 'a Socket has no second descriptor',
    'interrupt' => 'this endpoint waits in socket_select alone, and makes the call again',
];

/** The request cannot be carried out; one sentence. */
class Refused extends Exception {}

/** PHP has no way to make the call; the reason. */
class Unsupported extends Exception {}

/** Our own deadline passed; so many bytes had been written. */
class DeadlineExceeded extends Exception
{
    public function __construct(public readonly int $written = 0)
    {
        parent::__construct();
    }
}

/** The call returned false, and this is what PHP has to say. */
class Failed extends Exception
{
    public function __construct(public readonly int $errno, public readonly string $said)
    {
        parent::__construct();
    }
}

// --- Replies ---

/** Writes one line, whole. Nobody left to read it ends the process. */
function reply(string $kind, array $fields): void
{
    $line = json_encode([$kind => $fields], JSON_UNESCAPED_SLASHES | JSON_INVALID_UTF8_SUBSTITUTE) . "\n";
    while ($line !== '') {
        $n = @fwrite(STDOUT, $line);
        if (!$n) {
            exit(0);
        }
        $line = substr($line, $n);
    }
}

/** CLOCK_MONOTONIC, in nanoseconds. */
function now(): int
{
    return hrtime(true);
}

// --- Waiting: each call is a fiber, and one loop waits for all of them ---

final class Waiting
{
    /** @var list<self> */
    public static array $all = [];

    /** @param list<string> $for */
    public function __construct(
        public readonly Fiber $fiber,
        public readonly Socket $socket,
        public readonly array $for,
        public readonly ?int $until,
    ) {}
}

/** Waits until the socket is ready for one of these, or is closed by another call: what it is ready for; none when the time is up. */
function wait_for(Socket $socket, array $for, ?int $until): array
{
    Waiting::$all[] = new Waiting(Fiber::getCurrent(), $socket, $for, $until);
    return Fiber::suspend();
}

function wake(Waiting $waiting, array $ready): void
{
    Waiting::$all = array_values(array_filter(Waiting::$all, fn($other) => $other !== $waiting));
    $waiting->fiber->resume($ready);
}

// --- Sockets ---

final class Entry
{
    public bool $nonblocking = false;
    public bool $closed = false;

    public function __construct(public readonly Socket $socket) {}
}

/** By name; also the closed ones, and those whose name went to another, which PHP would close. */
$entries = [];
$displaced = [];
$in_flight = [];
$warning = null;

set_error_handler(function (int $_, string $message) use (&$warning): bool {
    $warning = "Warning: $message";
    return true;
});

/** The sockets of this process by their descriptors, which PHP hides. */
function descriptors(): array
{
    $sockets = [];
    foreach (scandir('/proc/self/fd') ?: [] as $fd) {
        $target = (string) @readlink("/proc/self/fd/$fd");
        if (str_starts_with($target, 'socket:')) {
            $sockets[$fd] = $target;
        }
    }
    return $sockets;
}

function adopt(string $name, Socket $socket, array $before): array
{
    global $entries, $displaced;
    if (isset($entries[$name])) {
        $displaced[] = $entries[$name];
    }
    $entries[$name] = new Entry($socket);
    return ['descriptor' => ['fd' => array_key_first(array_diff(descriptors(), $before)) ?? -1]];
}

/** What a function returned; of false, the errno and what PHP printed. */
function checked(mixed $result): mixed
{
    global $warning;
    if ($result === false) {
        $errno = socket_last_error(); // socket_accept does not leave it with the listener
        throw new Failed($errno, $warning ?? 'false, ' . socket_strerror($errno));
    }
    return $result;
}

/** Makes the call, and again whenever the socket is ready, as long as it would block. */
function blocking(Entry $entry, string $for, ?int $until, bool $dontwait, callable $call): mixed
{
    global $warning;
    $would_block = [SOCKET_EAGAIN, SOCKET_EINPROGRESS, SOCKET_EALREADY];
    for (;;) {
        $warning = null;
        socket_clear_error();
        try {
            return checked($call());
        } catch (Failed $failed) {
            if (!in_array($failed->errno, $would_block, true) || $entry->nonblocking || $dontwait) {
                throw $failed;
            }
        }
        $limit = timeout($entry->socket, $for);
        $own = $limit ? now() + $limit : null;
        $nearest = $own === null || $until === null ? $own ?? $until : min($own, $until);
        if (wait_for($entry->socket, [$for], $nearest) === []) {
            if ($until !== null && now() >= $until) {
                throw new DeadlineExceeded();
            }
            throw $failed->errno === SOCKET_EAGAIN ? $failed : new Failed(SOCKET_EINPROGRESS, socket_strerror(SOCKET_EINPROGRESS));
        }
    }
}

/** The socket's own timeout for that direction, in nanoseconds. */
function timeout(Socket $socket, string $for): int
{
    $time = socket_get_option($socket, SOL_SOCKET, $for === 'write' ? SO_SNDTIMEO : SO_RCVTIMEO);
    return ($time['sec'] * 1_000_000 + $time['usec']) * 1000;
}

/** The same with O_NONBLOCK for the time of each call, where there is no MSG_DONTWAIT. */
function unblocked(Entry $entry, callable $call): callable
{
    return function () use ($entry, $call): mixed {
        socket_set_nonblock($entry->socket);
        try {
            // Before socket_set_block, which forgets the error.
            return checked($call());
        } finally {
            if (!$entry->nonblocking) {
                socket_set_block($entry->socket);
            }
        }
    };
}

// --- A request, what it says, and the calls: each tells its text, and after that makes the call and returns its value ---

final class Request
{
    private int $start = 0;

    public function __construct(private readonly int $id, private readonly stdClass $fields) {}

    public function carry_out(): void
    {
        global $in_flight;
        try {
            [$outcome, $said] = $this->finish();
        } catch (Refused $refused) {
            unset($in_flight[$this->id]);
            reply('refused', ['id' => $this->id, 'why' => $refused->getMessage()]);
            return;
        }
        $at = now();
        unset($in_flight[$this->id]);
        $more = $said === null ? [] : ['said' => $said];
        reply('ended', ['id' => $this->id, 'at' => $at, 'ns' => $at - $this->start, 'outcome' => $outcome] + $more);
    }

    private function finish(): array
    {
        global $warning;
        $warning = null;
        socket_clear_error();
        try {
            $value = $this->make();
            $at_the_end = is_array($value) && isset($value['read']) && $value['read']['n'] === 0;
            return [['ok' => $value], $at_the_end ? '0' : null];
        } catch (Refused $refused) {
            throw $refused;
        } catch (Unsupported $unsupported) {
            $this->began("// no call for {$this->fields->call}");
            return [['unsupported' => $unsupported->getMessage()], null];
        } catch (DeadlineExceeded $exceeded) {
            return [['deadline-exceeded' => ['written' => $exceeded->written]], null];
        } catch (Failed $failed) {
            return [$failed->errno === 0 ? ['library' => 'false'] : ['err' => $failed->errno], $failed->errno === 0 ? 'false' : $failed->said];
        } catch (Throwable $thrown) {
            $class = get_class($thrown);
            return [['library' => $class], "Fatal error: Uncaught $class: {$thrown->getMessage()}"];
        }
    }

    private function began(string $text): void
    {
        reply('began', ['id' => $this->id, 'at' => now(), 'text' => $text]);
        $this->start = now();
    }

    private function must(string $field, string $what): Refused
    {
        return new Refused("the field $field must be $what");
    }

    private function number(string $field, int $least, int $most): int
    {
        $value = $this->fields->$field ?? null;
        if (is_int($value) && $value >= $least && $value <= $most) {
            return $value;
        }
        throw $this->must($field, "a whole number from $least to $most");
    }

    private function word(string $field, array $words): string
    {
        $word = $this->fields->$field ?? null;
        if (is_string($word) && in_array($word, $words, true)) {
            return $word;
        }
        throw $this->must($field, 'one of ' . implode(', ', $words));
    }

    private function list(string $field, array $words): array
    {
        $list = $this->fields->$field ?? null;
        if (is_array($list) && array_filter($list, fn($item) => !in_array($item, $words, true)) === []) {
            return $list;
        }
        throw $this->must($field, 'a list of ' . implode(', ', $words));
    }

    /** The names of the flags. */
    private function flags(array $words): array
    {
        if (!isset($this->fields->flags)) {
            return [];
        }
        return array_map(fn($flag) => $words[$flag], $this->list('flags', array_keys($words)));
    }

    private function name(string $field = 'socket'): string
    {
        $name = $this->fields->$field ?? null;
        if (is_string($name) && preg_match('/^[A-Za-z][A-Za-z0-9_-]{0,23}$/D', $name)) {
            return $name;
        }
        throw new Refused("a socket's name is a letter, then letters, digits, - and _, at most 24 in all");
    }

    private function entry(): Entry
    {
        global $entries;
        return $entries[$this->name()] ?? throw new Refused('there is no socket of that name');
    }

    /** Host and port. */
    private function address(): array
    {
        $text = $this->fields->address ?? null;
        if (is_string($text) && preg_match('/^(?:\[([^\]]+)\]|([\d.]+)):(\d{1,5})$/D', $text, $match)) {
            $host = $match[1] !== '' ? $match[1] : $match[2];
            $family = $match[1] !== '' ? FILTER_FLAG_IPV6 : FILTER_FLAG_IPV4;
            if (filter_var(explode('%', $host)[0], FILTER_VALIDATE_IP, $family) && (int) $match[3] < 65536) {
                return [$host, (int) $match[3]];
            }
        }
        throw new Refused('an address is like 10.0.0.2:8080 or [fd00::2]:8080');
    }

    /** The moment at which the call is given up. */
    private function deadline(): ?int
    {
        return isset($this->fields->deadline) ? $this->number('deadline', 0, 2 ** 32 - 1) : null;
    }

    private function data(): array
    {
        $hex = $this->fields->data ?? null;
        if (!is_string($hex) || strlen($hex) % 2 !== 0 || strspn($hex, '0123456789abcdefABCDEF') !== strlen($hex)) {
            throw $this->must('data', 'an even number of hexadecimal digits');
        }
        $repeat = isset($this->fields->repeat) ? $this->number('repeat', 0, MOST) : 1;
        $length = intdiv(strlen($hex), 2);
        if ($length * $repeat > MOST) {
            throw new Refused("a write of $length bytes $repeat times is too large, " . MOST . ' is the most');
        }
        $once = hex2bin($hex);
        $text = '"' . addcslashes(substr($once, 0, SHOWN), "\0..\37\"\\$\177..\377") . '"' . ($length > SHOWN ? '...' : '');
        return [str_repeat($once, $repeat), $repeat === 1 ? $text : "str_repeat($text, $repeat)"];
    }

    private function option(): string
    {
        $option = $this->fields->option ?? null;
        if (is_string($option) && array_key_exists($option, OPTIONS)) {
            return $option;
        }
        throw new Refused('there is no option of that name');
    }

    // --- The calls ---

    private function make(): mixed
    {
        $call = $this->fields->call ?? null;
        if (is_string($call) && isset(UNSUPPORTED[$call])) {
            throw new Unsupported(UNSUPPORTED[$call]);
        }
        return match ($call) {
            'socket' => $this->socket(),
            'bind' => $this->bind(),
            'listen' => $this->listen(),
            'accept' => $this->accept(),
            'connect' => $this->connect(),
            'read' => $this->read(),
            'write' => $this->write(),
            'shutdown' => $this->shutdown(),
            'close' => $this->close(),
            'rst-close' => $this->linger_close(0),
            'linger-close' => $this->linger_close($this->number('seconds', 0, 65535)),
            'poll' => $this->poll(),
            'so-error' => $this->so_error(),
            'options' => $this->options(),
            'get-option' => $this->get_option(),
            'set-option' => $this->set_option(),
            'sigpipe' => $this->sigpipe(),
            default => throw new Refused('there is no call of that name'),
        };
    }

    private function socket(): array
    {
        $name = $this->name();
        $family = ['inet' => 'AF_INET', 'inet6' => 'AF_INET6'][$this->word('family', ['inet', 'inet6'])];
        $this->began("socket_create($family, SOCK_STREAM, SOL_TCP)");
        $before = descriptors();
        return adopt($name, checked(socket_create(constant($family), SOCK_STREAM, SOL_TCP)), $before);
    }

    private function bind(): string
    {
        [$entry, [$host, $port]] = [$this->entry(), $this->address()];
        $this->began("socket_bind(\$socket, '$host', $port)");
        checked(socket_bind($entry->socket, $host, $port));
        return 'done';
    }

    private function listen(): string
    {
        [$entry, $backlog] = [$this->entry(), $this->number('backlog', -(2 ** 31), 2 ** 31 - 1)];
        $this->began("socket_listen(\$socket, $backlog)");
        checked(socket_listen($entry->socket, $backlog));
        return 'done';
    }

    private function accept(): array
    {
        [$entry, $as] = [$this->entry(), $this->name('as')];
        $this->began('socket_accept($socket)');
        $before = [];
        $accepted = blocking($entry, 'read', null, false, unblocked($entry, function () use ($entry, &$before) {
            $before = descriptors();
            return socket_accept($entry->socket);
        }));
        $value = adopt($as, $accepted, $before);
        if (@socket_getpeername($accepted, $host, $port)) {
            $value['descriptor']['peer'] = str_contains($host, ':') ? "[$host]:$port" : "$host:$port";
        }
        return $value;
    }

    private function connect(): string
    {
        [$entry, [$host, $port], $limit] = [$this->entry(), $this->address(), $this->deadline()];
        $call = "socket_connect(\$socket, '$host', $port)";
        $wait = "socket_select(\$null, [\$socket], \$null, 0, {$limit}000)";
        $this->began($limit === null ? $call : "socket_set_nonblock(\$socket); $call; $wait");
        $until = $limit === null ? null : $this->start + $limit * 1_000_000;
        blocking($entry, 'write', $until, false, unblocked($entry, fn() => socket_connect($entry->socket, $host, $port)));
        return 'done';
    }

    private function names(array $flags): string
    {
        return $flags === [] ? '0' : implode(' | ', $flags);
    }

    private function bits(array $flags): int
    {
        return array_sum(array_map(constant(...), $flags));
    }

    private function read(): array
    {
        $n = $this->number('n', 0, MOST);
        [$limit, $flags, $entry] = [$this->deadline(), $this->flags(READ_FLAGS), $this->entry()];
        $all = in_array('MSG_WAITALL', $flags, true);
        if ($all && count($flags) > 1) {
            throw new Unsupported('MSG_WAITALL is made of several calls here, and goes with no other flag');
        }
        $call = "socket_recv(\$socket, \$data, $n, {$this->names($flags)})";
        $this->began($limit === null ? $call : "socket_select([\$socket], \$null, \$null, 0, {$limit}000); $call");
        $until = $limit === null ? null : $this->start + $limit * 1_000_000;
        $for = in_array('MSG_OOB', $flags, true) ? 'except' : 'read';
        $dontwait = in_array('MSG_DONTWAIT', $flags, true);
        $bits = ($this->bits($flags) & ~MSG_WAITALL) | MSG_DONTWAIT;
        $data = '';
        do {
            $piece = null;
            $call = function () use ($entry, $n, $bits, &$data, &$piece) {
                return socket_recv($entry->socket, $piece, $n - strlen($data), $bits);
            };
            blocking($entry, $for, $until, $dontwait, $call);
            $data .= (string) $piece;
        } while ($all && (string) $piece !== '' && strlen($data) < $n);
        return ['read' => ['n' => strlen($data), 'data' => bin2hex(substr($data, 0, KEPT))]];
    }

    private function write(): array
    {
        [$limit, $flags, [$data, $text], $entry] = [$this->deadline(), $this->flags(WRITE_FLAGS), $this->data(), $this->entry()];
        $length = strlen($data);
        $call = "socket_send(\$socket, $text, $length, {$this->names($flags)})";
        $wait = "socket_select(\$null, [\$socket], \$null, 0, {$limit}000); ";
        $this->began($limit === null ? $call : "$wait$call // until all is written");
        $until = $limit === null ? null : $this->start + $limit * 1_000_000;
        $dontwait = in_array('MSG_DONTWAIT', $flags, true);
        $bits = $this->bits($flags) | MSG_DONTWAIT;
        $sent = 0;
        do {
            $rest = $sent === 0 ? $data : substr($data, $sent);
            $call = fn() => socket_send($entry->socket, $rest, strlen($rest), $bits);
            try {
                $sent += blocking($entry, 'write', $until, $dontwait, $call);
            } catch (DeadlineExceeded) {
                throw new DeadlineExceeded($sent);
            } catch (Failed $failed) {
                if ($sent > 0 && $failed->errno === SOCKET_EAGAIN) {
                    break;
                }
                throw $failed;
            }
        } while ($sent < $length && !$dontwait && !$entry->nonblocking);
        return ['written' => ['n' => $sent]];
    }

    private function shutdown(): string
    {
        $how = array_search($this->word('how', ['read', 'write', 'both']), ['read', 'write', 'both'], true);
        $entry = $this->entry();
        $this->began("socket_shutdown(\$socket, $how)");
        checked(socket_shutdown($entry->socket, $how));
        return 'done';
    }

    private function close(): string
    {
        $entry = $this->entry();
        $this->began('socket_close($socket)');
        return $this->close_now($entry);
    }

    private function close_now(Entry $entry): string
    {
        socket_close($entry->socket);
        $entry->closed = true;
        // Those that wait for it find out by the call that they make again.
        foreach (Waiting::$all as $waiting) {
            if ($waiting->socket === $entry->socket) {
                Loop::$later[] = fn() => wake($waiting, $waiting->for);
            }
        }
        return 'done';
    }

    private function linger_close(int $seconds): string
    {
        $entry = $this->entry();
        $linger = "['l_onoff' => 1, 'l_linger' => $seconds]";
        $this->began("socket_set_option(\$socket, SOL_SOCKET, SO_LINGER, $linger); socket_close(\$socket)");
        $this->set($entry, 'SO_LINGER', $seconds);
        return $this->close_now($entry);
    }

    private function poll(): array
    {
        $events = $this->list('events', array_merge(array_keys(EVENTS), OTHER_EVENTS));
        $ms = $this->number('timeout', 0, 2 ** 32 - 1);
        $entry = $this->entry();
        if ($events === [] || array_diff($events, array_keys(EVENTS)) !== []) {
            throw new Unsupported('socket_select knows read, write and except, and no other event');
        }
        $sets = array_map(fn($event) => in_array($event, $events, true) ? '[$socket]' : '$null', array_keys(EVENTS));
        $this->began('socket_select(' . implode(', ', $sets) . ", 0, {$ms}000)");
        socket_get_option($entry->socket, SOL_SOCKET, SO_TYPE); // throws where it is closed, as socket_select does
        $for = array_map(fn($event) => EVENTS[$event], $events);
        $ready = wait_for($entry->socket, $for, $this->start + $ms * 1_000_000);
        return ['ready' => ['events' => array_keys(array_intersect(EVENTS, $ready))]];
    }

    private function so_error(): array
    {
        $entry = $this->entry();
        $this->began('socket_get_option($socket, SOL_SOCKET, SO_ERROR)');
        return ['pending-error' => ['error' => checked(socket_get_option($entry->socket, SOL_SOCKET, SO_ERROR)) ?: null]];
    }

    /** Where PHP has the option: by its name, or by its number where PHP has none. */
    private function place(string $option): string
    {
        [$level, $number] = OPTIONS[$option];
        return ($level === SOL_SOCKET ? 'SOL_SOCKET' : 'SOL_TCP') . ', ' . (defined($option) ? $option : "$number /* $option */");
    }

    private function get(Entry $entry, string $option): int
    {
        $value = checked(socket_get_option($entry->socket, ...OPTIONS[$option]));
        return match ($option) {
            'SO_LINGER' => $value['l_onoff'] ? $value['l_linger'] : -1,
            'SO_RCVTIMEO', 'SO_SNDTIMEO' => $value['sec'] * 1000 + intdiv($value['usec'], 1000),
            default => $value,
        };
    }

    private function value(string $option, int $value): mixed
    {
        return match ($option) {
            'SO_LINGER' => ['l_onoff' => $value < 0 ? 0 : 1, 'l_linger' => max($value, 0)],
            'SO_RCVTIMEO', 'SO_SNDTIMEO' => ['sec' => (int) floor($value / 1000), 'usec' => ($value % 1000 + 1000) % 1000 * 1000],
            default => $value,
        };
    }

    private function set(Entry $entry, string $option, int $value): void
    {
        checked(socket_set_option($entry->socket, ...[...OPTIONS[$option], $this->value($option, $value)]));
    }

    private function get_option(): array
    {
        [$option, $entry] = [$this->option(), $this->entry()];
        if ($option === 'O_NONBLOCK') {
            throw new Unsupported('ext-sockets sets O_NONBLOCK and does not read it');
        }
        $this->began("socket_get_option(\$socket, {$this->place($option)})");
        return ['options' => ['readings' => [['option' => $option, 'value' => $this->get($entry, $option)]]]];
    }

    private function set_option(): string
    {
        [$option, $value, $entry] = [$this->option(), $this->number('value', PHP_INT_MIN, PHP_INT_MAX), $this->entry()];
        if ($option === 'O_NONBLOCK') {
            $this->began($value ? 'socket_set_nonblock($socket)' : 'socket_set_block($socket)');
            checked($value ? socket_set_nonblock($entry->socket) : socket_set_block($entry->socket));
            $entry->nonblocking = $value !== 0;
            return 'done';
        }
        $shown = preg_replace('/\s+/', ' ', str_replace(['array (', ',)', ')'], ['[', ']', ']'], var_export($this->value($option, $value), true)));
        $this->began("socket_set_option(\$socket, {$this->place($option)}, $shown)");
        $this->set($entry, $option, $value);
        return 'done';
    }

    private function options(): array
    {
        $entry = $this->entry();
        $known = array_keys(array_filter(OPTIONS));
        $this->began('socket_get_option($socket, ...) // each of ' . count($known));
        $readings = [];
        $failed = null;
        foreach ($known as $option) {
            try {
                $readings[] = ['option' => $option, 'value' => $this->get($entry, $option)];
            } catch (Failed $error) {
                $readings[] = ['option' => $option, 'errno' => $error->errno];
                $failed = $error;
            }
        }
        if ($failed !== null && array_filter($readings, fn($reading) => isset($reading['value'])) === []) {
            throw $failed;
        }
        return ['options' => ['readings' => $readings]];
    }

    private function sigpipe(): string
    {
        $handler = $this->word('disposition', ['default', 'ignore']) === 'default' ? 'SIG_DFL' : 'SIG_IGN';
        if (!function_exists('pcntl_signal')) {
            throw new Unsupported('pcntl_signal is in the extension pcntl, which this PHP has not');
        }
        $this->began("pcntl_signal(SIGPIPE, $handler)");
        pcntl_signal(SIGPIPE, constant($handler));
        return 'done';
    }
}

// --- The loop ---

final class Loop
{
    /** @var list<callable> */
    public static array $later = [];
    private static ?Socket $in = null;
    private static string $line = '';
    /** The line is too long, and what is left of it is discarded. */
    private static bool $skipping = false;

    public static function run(): never
    {
        // finwait's is a socket; a terminal or a pipe is read now and then.
        self::$in = @socket_import_stream(STDIN) ?: null;
        if (self::$in === null) {
            stream_set_blocking(STDIN, false);
        }
        for (;;) {
            while (self::$later !== []) {
                array_shift(self::$later)();
            }
            self::once();
        }
    }

    private static function once(): void
    {
        $sets = ['read' => [], 'write' => [], 'except' => []];
        $until = self::$in === null ? now() + 20_000_000 : null;
        foreach (Waiting::$all as $key => $waiting) {
            foreach ($waiting->for as $for) {
                $sets[$for][$key] = $waiting->socket;
            }
            $until = $waiting->until === null ? $until : min($waiting->until, $until ?? PHP_INT_MAX);
        }
        if (self::$in !== null) {
            $sets['read']['in'] = self::$in;
        }
        $all = Waiting::$all;
        // Rounded up, or it would come back too early.
        $micros = $until === null ? null : max(0, intdiv($until - now() + 999, 1000));
        if ($sets === ['read' => [], 'write' => [], 'except' => []]) {
            usleep($micros ?? 0);
        } else {
            $seconds = $micros === null ? null : intdiv($micros, 1_000_000);
            if (@socket_select($sets['read'], $sets['write'], $sets['except'], $seconds, $micros === null ? 0 : $micros % 1_000_000) === false) {
                return; // a signal
            }
        }
        foreach ($all as $key => $waiting) {
            $ready = array_values(array_filter($waiting->for, fn($for) => isset($sets[$for][$key])));
            if (in_array($waiting, Waiting::$all, true) && ($ready !== [] || ($waiting->until !== null && now() >= $waiting->until))) {
                wake($waiting, $ready);
            }
        }
        if (self::$in === null || isset($sets['read']['in'])) {
            self::read();
        }
    }

    private static function read(): void
    {
        if (self::$in !== null) {
            $n = @socket_recv(self::$in, $data, 1 << 20, MSG_DONTWAIT);
            if (!$n && ($n === 0 || socket_last_error(self::$in) !== SOCKET_EAGAIN)) {
                exit(0);
            }
        } else {
            $data = fread(STDIN, 1 << 16);
            if (($data === '' || $data === false) && feof(STDIN)) {
                exit(0);
            }
        }
        $pieces = explode("\n", (string) $data);
        foreach ($pieces as $key => $piece) {
            $ends = $key < count($pieces) - 1;
            if (strlen(self::$line) + strlen($piece) > LONGEST_LINE) {
                self::$skipping = true;
                self::$line = '';
            } elseif (!self::$skipping) {
                self::$line .= $piece;
            }
            if (!$ends) {
                continue;
            }
            [$line, self::$line, $skipped, self::$skipping] = [self::$line, '', self::$skipping, false];
            if ($skipped) {
                reply('refused', ['id' => null, 'why' => 'the line is longer than ' . LONGEST_LINE . ' bytes']);
            } else {
                self::start($line);
            }
        }
    }

    private static function start(string $line): void
    {
        global $in_flight;
        $fields = json_decode($line);
        if (json_last_error() !== JSON_ERROR_NONE) {
            reply('refused', ['id' => null, 'why' => 'the line is not JSON']);
            return;
        }
        $id = $fields instanceof stdClass ? $fields->id ?? null : null;
        if (!is_int($id) || $id < 0) {
            reply('refused', ['id' => null, 'why' => 'the request has no id, a whole number']);
            return;
        }
        if (isset($in_flight[$id])) {
            reply('refused', ['id' => $id, 'why' => "a call of id $id is in flight"]);
            return;
        }
        $in_flight[$id] = true;
        $request = new Request($id, $fields);
        (new Fiber($request->carry_out(...)))->start();
    }
}

ini_set('memory_limit', '-1');
reply('hello', ['protocol' => VERSION, 'runtime' => 'php']);
Loop::run();
