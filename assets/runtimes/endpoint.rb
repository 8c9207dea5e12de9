#!/usr/bin/env ruby
# frozen_string_literal: true

# The Ruby endpoint: sockets as class Socket of library socket gives them, driven line by line as docs/endpoint-protocol.md says.
#
#     ruby endpoint.rb        (3.0 or later; then paste a line, such as)
#     {"id":1,"socket":"client","call":"socket","family":"inet"}
#
# TCPSocket and TCPServer are the same sockets, which make some of these calls at once. What Ruby does differently:
#
# - Every errno is an exception with a class of its own: Errno::ECONNRESET. The end of the stream is one, too (EOFError), but for
#   recv, which gives "".
# - A closed socket knows that it is closed: IOError, without a system call. Closing it again does nothing. A call that another
#   thread closes the socket under ends with IOError, too.
# - Every socket is O_NONBLOCK. A thread that waits is in poll, and no call has a timeout: wait_readable and wait_writable do.
# - write goes on until all is written.
# - A call that a signal interrupts is made again: EINTR is never seen.
# - SIGPIPE has a handler that does nothing.

require "io/nonblock"
require "io/wait"
require "ipaddr"
require "json"
require "socket"

VERSION = 2 # of the protocol
MOST = 64 << 20 # bytes in one read or write
LONGEST_LINE = 2 * MOST + (64 << 10) # the longest write in hexadecimal, and what is around it
KEPT = 1024 # of the bytes that were read, so many are told
SHOWN = 32 # of the bytes to write, so many are shown

READ_FLAGS = {"peek" => "MSG_PEEK", "waitall" => "MSG_WAITALL", "dontwait" => "MSG_DONTWAIT", "oob" => "MSG_OOB"}.freeze
WRITE_FLAGS = {"nosignal" => "MSG_NOSIGNAL", "oob" => "MSG_OOB", "dontwait" => "MSG_DONTWAIT"}.freeze
EVENTS = {"in" => "READABLE", "pri" => "PRIORITY", "out" => "WRITABLE"}.freeze
OTHER_EVENTS = %w[rdhup err hup nval].freeze

# Each option's form in C: an int, a struct linger, a struct timeval, or a flag of the descriptor.
OPTIONS = {
  "SO_LINGER" => :linger, "SO_REUSEADDR" => :int, "SO_REUSEPORT" => :int, "TCP_NODELAY" => :int, "TCP_CORK" => :int,
  "SO_KEEPALIVE" => :int, "TCP_KEEPIDLE" => :int, "TCP_KEEPINTVL" => :int, "TCP_KEEPCNT" => :int,
  "TCP_USER_TIMEOUT" => :int, "TCP_SYNCNT" => :int, "TCP_DEFER_ACCEPT" => :int, "SO_RCVBUF" => :int, "SO_SNDBUF" => :int,
  "SO_RCVTIMEO" => :timeval, "SO_SNDTIMEO" => :timeval, "O_NONBLOCK" => :flag, "TCP_LINGER2" => :int,
}.freeze

INTERRUPT = "Ruby makes a call again that a signal interrupted"

# Ruby's parser takes more than JSON: comments, other escapes.
STRICT = /\A\s*+(?<value>"(?:[^"\\\x00-\x1f]++|\\(?:["\\\/bfnrt]|u\h{4}))*+"|-?(?:0|[1-9]\d*+)(?:\.\d++)?(?:[eE][+-]?\d++)?|true|false|null|\[\s*+(?:\g<value>\s*+(?:,\s*+\g<value>\s*+)*+)?+\]|\{\s*+(?:"(?:[^"\\\x00-\x1f]++|\\(?:["\\\/bfnrt]|u\h{4}))*+"\s*+:\s*+\g<value>\s*+(?:,\s*+"(?:[^"\\\x00-\x1f]++|\\(?:["\\\/bfnrt]|u\h{4}))*+"\s*+:\s*+\g<value>\s*+)*+)?+\})\s*+\z/

# The request cannot be carried out; one sentence.
class Refused < StandardError; end

# Ruby has no such call; the reason.
class Unsupported < StandardError; end

# Our own deadline passed; so many bytes had been written.
class DeadlineExceeded < StandardError
  attr_reader :written

  def initialize(written = 0)
    super()
    @written = written
  end
end

# --- Replies ---

OUTPUT = Mutex.new

def now
  Process.clock_gettime(Process::CLOCK_MONOTONIC, :nanosecond)
end

# Writes one line, whole. Nobody left to read it ends the process.
def reply(kind, **fields)
  line = JSON.generate({kind => fields}) << "\n"
  OUTPUT.synchronize { line = line.byteslice(STDOUT.syswrite(line)..) until line.empty? }
rescue SystemCallError
  exit!(0)
end

# --- Sockets by name; also the closed ones, and those whose name went to another: the garbage collector would close them ---

LOCK = Mutex.new
SOCKETS = {}
DISPLACED = []
IN_FLIGHT = {}

def adopt(name, socket)
  LOCK.synchronize do
    DISPLACED << SOCKETS[name] if SOCKETS[name]
    SOCKETS[name] = socket
  end
  {descriptor: {fd: socket.fileno}}
end

# A request, what it says, and the calls: each tells its text, and after that makes the call and returns its value.
class Request
  CALLS = %w[
    socket bind listen accept connect read write shutdown close rst-close linger-close disconnect dup poll so-error options
    get-option set-option interrupt sigpipe
  ].freeze

  def initialize(fields)
    @fields = fields
    @id = fields["id"]
  end

  def carry_out
    outcome, said = finish
    at = now
    LOCK.synchronize { IN_FLIGHT.delete(@id) }
    return reply("refused", id: @id, why: said) if outcome == :refused
    reply("ended", id: @id, at: at, ns: at - @start, outcome: outcome, **(said ? {said: said} : {}))
  end

  private

  # Makes the call: its outcome, and what a programmer sees of it.
  def finish
    value, said = make
    [{ok: value}, said]
  rescue Refused => e
    [:refused, e.message]
  rescue Unsupported => e
    began("# no call for #{@fields["call"]}")
    [{unsupported: e.message}, nil]
  rescue DeadlineExceeded => e
    [{"deadline-exceeded": {written: e.written}}, "nil"]
  rescue SystemCallError => e
    [{err: e.errno}, as_printed(e)]
  rescue StandardError => e
    [{library: e.class.name}, as_printed(e)]
  end

  # The exception as Ruby prints one that nobody rescues.
  def as_printed(error)
    "#{error.message} (#{error.class})"
  end

  def began(text)
    reply("began", id: @id, at: now, text: text)
    @start = now
  end

  # --- What it says ---

  def must(field, what)
    raise Refused, "the field #{field} must be #{what}"
  end

  def number(field, least, most)
    value = @fields[field]
    return value if value.is_a?(Integer) && value.between?(least, most)
    must(field, "a whole number from #{least} to #{most}")
  end

  def word(field, words)
    word = @fields[field]
    return word if word.is_a?(String) && words.include?(word)
    must(field, "one of #{words.join(", ")}")
  end

  def list(field, words)
    list = @fields[field]
    return list if list.is_a?(Array) && list.all? { |item| words.include?(item) }
    must(field, "a list of #{words.join(", ")}")
  end

  def flags(words)
    return [] unless @fields.key?("flags")
    list("flags", words.keys).map { |flag| words[flag] }
  end

  def bits(flags)
    flags.sum { |flag| Socket.const_get(flag) }
  end

  def names(flags)
    flags.map { |flag| "Socket::#{flag}" }.join(" | ")
  end

  def name(field = "socket")
    name = @fields[field]
    return name if name.is_a?(String) && name.match?(/\A[A-Za-z][A-Za-z0-9_-]{0,23}\z/)
    raise Refused, "a socket's name is a letter, then letters, digits, - and _, at most 24 in all"
  end

  def socket
    key = name
    LOCK.synchronize { SOCKETS[key] } or raise Refused, "there is no socket of that name"
  end

  # The address as socket's own sockaddr, and its text.
  def address
    match = /\A(?:\[([\h:.]+(?:%\w+)?)\]|([\d.]+)):(\d{1,5})\z/.match(@fields["address"].to_s)
    host, port = match && (match[1] || match[2]), match && match[3].to_i
    raise IPAddr::Error unless match && port < 65_536 && IPAddr.new(host).ipv6? == !match[1].nil?
    [Socket.sockaddr_in(port, host), "Socket.sockaddr_in(#{port}, \"#{host}\")"]
  rescue IPAddr::Error
    raise Refused, "an address is like 10.0.0.2:8080 or [fd00::2]:8080"
  end

  # Seconds, or nil.
  def deadline
    number("deadline", 0, 2**32 - 1) / 1000.0 if @fields.key?("deadline")
  end

  def option
    return @fields["option"] if OPTIONS.key?(@fields["option"])
    raise Refused, "there is no option of that name"
  end

  def data
    hex = @fields["data"]
    valid = hex.is_a?(String) && hex.length.even? && !hex.match?(/\H/)
    must("data", "an even number of hexadecimal digits") unless valid
    repeat = @fields.key?("repeat") ? number("repeat", 0, MOST) : 1
    once = [hex].pack("H*")
    if once.bytesize * repeat > MOST
      raise Refused, "a write of #{once.bytesize} bytes #{repeat} times is too large, #{MOST} is the most"
    end
    text = once.byteslice(0, SHOWN).dump + (once.bytesize > SHOWN ? "..." : "")
    [once * repeat, repeat == 1 ? text : "#{text} * #{repeat}"]
  end

  # --- The calls ---

  def make
    call = @fields["call"]
    raise Refused, "there is no call of that name" unless CALLS.include?(call)
    send("make_#{call.tr("-", "_")}")
  end

  def make_socket
    name, family = self.name, {"inet" => :INET, "inet6" => :INET6}[word("family", %w[inet inet6])]
    began("Socket.new(:#{family}, :STREAM)")
    adopt(name, Socket.new(family, :STREAM))
  end

  def make_bind
    sock, (address, text) = socket, self.address
    began("sock.bind(#{text})")
    sock.bind(address)
    "done"
  end

  def make_listen
    sock, backlog = socket, number("backlog", -2**31, 2**31 - 1)
    began("sock.listen(#{backlog})")
    sock.listen(backlog)
    "done"
  end

  def make_accept
    sock, as = socket, name("as")
    began("sock.accept")
    accepted, peer = sock.accept
    value = adopt(as, accepted)
    value[:descriptor][:peer] = peer.inspect_sockaddr
    value
  end

  def make_connect
    sock, (address, text), limit = socket, self.address, deadline
    if limit.nil?
      began("sock.connect(#{text})")
      sock.connect(address)
      return "done"
    end
    began("sock.connect_nonblock(#{text}); sock.wait_writable(#{limit})")
    begin
      sock.connect_nonblock(address)
    rescue IO::WaitWritable
      raise DeadlineExceeded unless sock.wait_writable(limit)
      begin
        sock.connect_nonblock(address) # tells how it ended
      rescue Errno::EISCONN
        nil # well
      end
    end
    "done"
  end

  def make_read
    sock, n, limit, flags = socket, number("n", 0, MOST), deadline, flags(READ_FLAGS)
    call =
      if flags.empty? then "sock.readpartial(#{n})"
      elsif flags.include?("MSG_DONTWAIT") then "sock.recv_nonblock(#{n}, #{names(flags)})"
      else "sock.recv(#{n}, #{names(flags)})"
      end
    began(limit ? "sock.wait_readable(#{limit}) && #{call}" : call)
    wait = flags.include?("MSG_OOB") ? :wait_priority : :wait_readable
    raise DeadlineExceeded if limit && !sock.__send__(wait, limit)
    data =
      if flags.empty? then sock.readpartial(n)
      elsif flags.include?("MSG_DONTWAIT") then sock.recv_nonblock(n, bits(flags))
      else sock.recv(n, bits(flags))
      end
    # Since Ruby 3.3 recv gives nil at the end of the stream.
    data ||= ""
    [read_value(data), data.empty? ? '""' : nil]
  rescue EOFError => e
    [read_value(""), as_printed(e)]
  end

  def read_value(data)
    {read: {n: data.bytesize, data: data.byteslice(0, KEPT).unpack1("H*")}}
  end

  def make_write
    sock, limit, flags, (data, text) = socket, deadline, flags(WRITE_FLAGS), self.data
    if limit
      raise Unsupported, "a write that waits for a time has no flags in Ruby" unless flags.empty?
      began("sock.write_nonblock(#{text}); sock.wait_writable(#{limit}) # until all is written")
      return {written: {n: write_until(sock, data, now + limit * 1_000_000_000)}}
    end
    if flags.empty?
      began("sock.write(#{text})")
      {written: {n: sock.write(data)}}
    elsif flags.include?("MSG_DONTWAIT")
      began("sock.sendmsg_nonblock(#{text}, #{names(flags)})")
      {written: {n: sock.sendmsg_nonblock(data, bits(flags))}}
    else
      began("sock.send(#{text}, #{names(flags)})")
      {written: {n: sock.send(data, bits(flags))}}
    end
  end

  def write_until(sock, data, stop)
    sent = 0
    loop do
      n = sock.write_nonblock(data.byteslice(sent..), exception: false)
      if n == :wait_writable
        left = (stop - now) / 1_000_000_000.0
        raise DeadlineExceeded.new(sent) unless left.positive? && sock.wait_writable(left)
      else
        sent += n
        return sent if sent == data.bytesize
      end
    end
  end

  def make_shutdown
    sock, how = socket, {"read" => :RD, "write" => :WR, "both" => :RDWR}[word("how", %w[read write both])]
    began("sock.shutdown(:#{how})")
    sock.shutdown(how)
    "done"
  end

  def make_close
    sock = socket
    began("sock.close")
    sock.close
    "done"
  end

  def make_rst_close
    close_lingering(0)
  end

  def make_linger_close
    close_lingering(number("seconds", 0, 2**16 - 1))
  end

  def close_lingering(seconds)
    sock = socket
    began("sock.setsockopt(Socket::Option.linger(true, #{seconds})); sock.close")
    sock.setsockopt(Socket::Option.linger(true, seconds))
    sock.close
    "done"
  end

  def make_disconnect
    sock = socket
    began('sock.connect([Socket::AF_UNSPEC].pack("Sx14"))')
    sock.connect([Socket::AF_UNSPEC].pack("Sx14"))
    "done"
  end

  def make_dup
    sock, as = socket, name("as")
    began("sock.dup")
    adopt(as, sock.dup)
  end

  def make_poll
    sock, events, ms = socket, list("events", EVENTS.keys + OTHER_EVENTS), number("timeout", 0, 2**32 - 1)
    unless (events - EVENTS.keys).empty? && !events.empty?
      raise Unsupported, "IO#wait knows READABLE, PRIORITY and WRITABLE, and no other event"
    end
    wanted = events.map { |event| EVENTS[event] }
    began("sock.wait(#{wanted.map { |event| "IO::#{event}" }.join(" | ")}, #{ms / 1000.0})")
    # Ruby before 3.2 gives the socket itself where it was ready at once.
    ready = sock.wait(wanted.sum { |event| IO.const_get(event) }, ms / 1000.0) || 0
    raise Unsupported, "this Ruby's IO#wait does not tell which event came" unless ready.is_a?(Integer)
    {ready: {events: EVENTS.keys.select { |event| ready & IO.const_get(EVENTS[event]) != 0 }}}
  end

  def make_so_error
    sock = socket
    began("sock.getsockopt(:SOCKET, :ERROR).int")
    error = sock.getsockopt(:SOCKET, :ERROR).int
    {"pending-error": {error: error.zero? ? nil : error}}
  end

  # How a programmer reads the option, or sets it.
  def option_text(option, value = nil)
    form = OPTIONS[option]
    return value.nil? ? "sock.nonblock?" : "sock.nonblock = #{value != 0}" if form == :flag
    place = level(option).map(&:inspect).join(", ")
    case [form, value.nil?]
    when [:linger, true] then "sock.getsockopt(#{place}).linger"
    when [:linger, false] then "sock.setsockopt(Socket::Option.linger(#{value >= 0}, #{[value, 0].max}))"
    when [:int, true] then "sock.getsockopt(#{place}).int"
    when [:int, false] then "sock.setsockopt(#{place}, #{value})"
    when [:timeval, true] then "sock.getsockopt(#{place}).unpack(\"l!2\")"
    else "sock.setsockopt(#{place}, [#{value / 1000}, #{value % 1000 * 1000}].pack(\"l!2\"))"
    end
  end

  def level(option)
    level, name = option.split("_", 2)
    [level == "SO" ? :SOCKET : :TCP, name.to_sym]
  end

  def get(sock, option)
    return sock.nonblock? ? 1 : 0 if OPTIONS[option] == :flag
    value = sock.getsockopt(*level(option))
    case OPTIONS[option]
    when :int then value.int
    when :linger then value.linger.then { |on, seconds| on ? seconds : -1 }
    else value.unpack("l!2").then { |seconds, micros| seconds * 1000 + micros / 1000 }
    end
  end

  def set(sock, option, value)
    case OPTIONS[option]
    when :flag then sock.nonblock = value != 0
    when :int then sock.setsockopt(*level(option), value)
    when :linger then sock.setsockopt(Socket::Option.linger(value >= 0, [value, 0].max))
    else sock.setsockopt(*level(option), [value / 1000, value % 1000 * 1000].pack("l!2"))
    end
  end

  def make_get_option
    sock, option = socket, self.option
    began(option_text(option))
    {options: {readings: [{option: option, value: get(sock, option)}]}}
  end

  def make_set_option
    sock, option = socket, self.option
    most = OPTIONS[option] == :timeval ? 2**63 / 1000 - 1 : 2**31 - 1
    value = number("value", -most - 1, most)
    began(option_text(option, value))
    set(sock, option, value)
    "done"
  end

  def make_options
    sock = socket
    began("sock.getsockopt(...) # each of #{OPTIONS.size}")
    failed = nil
    readings = OPTIONS.keys.map do |option|
      {option: option, value: get(sock, option)}
    rescue SystemCallError => e
      failed = e
      {option: option, errno: e.errno}
    end
    raise failed if readings.none? { |reading| reading.key?(:value) }
    {options: {readings: readings}}
  end

  def make_interrupt
    raise Unsupported, INTERRUPT
  end

  def make_sigpipe
    command = word("disposition", %w[default ignore]) == "default" ? "SYSTEM_DEFAULT" : "IGNORE"
    began("trap(\"PIPE\", \"#{command}\")")
    trap("PIPE", command)
    "done"
  end
end

# --- Lines ---

def start(line)
  line.force_encoding(Encoding::UTF_8)
  unless line.valid_encoding? && STRICT.match?(line)
    return reply("refused", id: nil, why: "the line is not JSON")
  end
  fields = JSON.parse(line)
  id = fields["id"] if fields.is_a?(Hash)
  unless id.is_a?(Integer) && id.between?(0, 2**64 - 1)
    return reply("refused", id: nil, why: "the request has no id, a whole number")
  end
  taken = LOCK.synchronize { IN_FLIGHT.key?(id).tap { IN_FLIGHT[id] = true } }
  return reply("refused", id: id, why: "a call of id #{id} is in flight") if taken
  begin
    Thread.new { Request.new(fields).carry_out }
  rescue ThreadError => e
    LOCK.synchronize { IN_FLIGHT.delete(id) }
    reply("refused", id: id, why: "no thread for the call: #{e.message}")
  end
rescue JSON::ParserError
  reply("refused", id: nil, why: "the line is not JSON")
end

reply("hello", protocol: VERSION, runtime: "ruby")
STDIN.binmode
line = String.new(capacity: 1 << 16)
skipping = false # what is left of a line that is too long
begin
  loop do
    STDIN.readpartial(1 << 20).each_line("\n") do |piece|
      ends = piece.end_with?("\n")
      piece = piece.byteslice(0..-2) if ends
      skipping ||= line.bytesize + piece.bytesize > LONGEST_LINE
      skipping ? line.clear : line << piece
      next unless ends
      if skipping
        reply("refused", id: nil, why: "the line is longer than #{LONGEST_LINE} bytes")
      else
        start(line)
      end
      line = String.new(capacity: 1 << 16)
      skipping = false
    end
  end
rescue EOFError, SystemCallError
  nil # finwait is gone
end
exit!(0) # other threads may be blocked for good
