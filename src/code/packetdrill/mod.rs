//! A packetdrill script: the calls of one end, the segments that it sent, and those that came to it.
//!
//! packetdrill follows one connection and makes one call at a time. Where it cannot do what was done next, the script ends, and says why:
//! what it says is what the kernel did in the run, and nothing else.

mod call;
mod connection;
mod lines;
mod segment;

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use super::program::arrived;
use super::words::{comment as given, running_on, wrapped};
use super::{CallRecord, Program, Statement, Sysctl};
use crate::call::{Call, OptionKind, SocketName};
use crate::errno::Errno;
use crate::lab::event::PacketRecord;
use crate::outcome::Outcome;
use crate::side::Side;
use crate::wire::flow::PacketNo;
use crate::wire::queue::Origin;
use crate::wire::segment::{Packet, Segment};

use call::{CallText, StopReason, leaves_traces, said, written};
use connection::{Connection, is_syn};
use lines::{AT_ONCE, Fd, ScriptEvent, ScriptLine, TOLERANCE};

/// The note about a call that is under way while segments come.
const RACED: &str = "Segments arrive during this call. Timing decides what the kernel acknowledges by itself and where it sets PSH: another run may differ here, and fail.";

/// The socket that packetdrill takes the next segment of a script to be about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum FollowedSocket {
    /// No socket: none has been made yet.
    Nothing,
    /// The socket that was made last.
    Socket(Fd),
    /// The connection that the last SYN has begun.
    Connection,
}

/// The script so far, with what is known of the end's sockets and segments.
struct Script {
    end: Side,
    /// The length of the longest segment that it sent, in bytes.
    longest: usize,
    /// The device parts by now what is longer.
    parts: bool,
    numbers: HashMap<SocketName, Fd>,
    closed: HashSet<Fd>,
    bound: HashSet<Fd>,
    listens: HashSet<Fd>,
    /// Sockets with a timeout of their own, for reading or writing.
    timed: HashSet<Fd>,
    next: Fd,
    sent: HashSet<PacketNo>,
    lines: Vec<ScriptLine>,
    followed: FollowedSocket,
    connection: Option<Connection>,
    /// The socket of the last `connect`.
    connecting: Option<Fd>,
    /// A step that is not in the script has changed something at this end.
    changed: bool,
}

/// Has the script of that end anything but comments?
pub fn has_events(program: &Program, end: Side) -> bool {
    let lines = script(program, end);
    lines.iter().any(|line| !matches!(line, ScriptLine::Comment(_)))
}

/// The script's text.
pub fn write(program: &Program, end: Side) -> String {
    let kernel = running_on();
    let head = [
        program.title.clone(),
        String::new(),
        format!(
            "finwait's scenario {}, as its {end} saw it{kernel}: the calls it made and what they returned, the segments it sent and those it received. Timestamps are left out, as another run has others, and the MSS is smaller by their size.",
            program.name
        ),
        String::new(),
        format!("    unshare --net packetdrill {}.pkt", program.name),
    ];
    let head: String = head.iter().map(|line| wrapped(line, "// ")).collect();
    let tolerance = TOLERANCE.as_micros();
    let family = if program.ipv6 { "--ip_version=ipv6\n" } else { "" };
    let lines = lines::text(&script(program, end));
    format!("{head}\n--tolerance_usecs={tolerance}\n{family}\n{lines}")
}

/// The script, line by line.
fn script(program: &Program, end: Side) -> Vec<ScriptLine> {
    let mut script = Script::new(end, longest_segment(program, end));
    for (place, statement) in program.statements.iter().enumerate() {
        let follows = &program.statements[place..];
        if let Err((at, why)) = script.takes(program, statement, follows) {
            script.ends(at, &why);
            break;
        }
    }
    script.lines
}

/// The length of the longest segment that the end sent, in bytes.
fn longest_segment(program: &Program, end: Side) -> usize {
    let lengths = program.statements.iter().filter_map(|statement| match statement {
        Statement::Packet(_, record) if record.from == end => match &record.packet {
            Packet::Tcp(segment) => Some(segment.len),
            _ => None,
        },
        _ => None,
    });
    lengths.max().unwrap_or_default()
}

/// Returns whether that is what a timer ends a call with, and nothing that comes.
const fn ends_by_a_timer(outcome: &Outcome) -> bool {
    matches!(
        outcome,
        Outcome::Err(Errno::ETIMEDOUT | Errno::EHOSTUNREACH | Errno::EAGAIN | Errno::EINPROGRESS)
    )
}

impl Script {
    fn new(end: Side, longest: usize) -> Script {
        Script {
            end,
            longest,
            parts: false,
            numbers: HashMap::new(),
            closed: HashSet::new(),
            bound: HashSet::new(),
            listens: HashSet::new(),
            timed: HashSet::new(),
            next: 3,
            sent: HashSet::new(),
            lines: Vec::new(),
            followed: FollowedSocket::Nothing,
            connection: None,
            connecting: None,
            changed: false,
        }
    }

    /// Takes in a statement; fails where the script ends before it.
    fn takes(
        &mut self,
        program: &Program,
        statement: &Statement,
        follows: &[Statement],
    ) -> Result<(), (Duration, StopReason)> {
        match statement {
            Statement::Say(prose) => self.comment(prose),
            Statement::Absent {
                sysctl: Some(sysctl), ..
            } if sysctl.side == self.end => self.sysctl(sysctl),
            Statement::Absent { what, done_to, .. } => {
                self.left_out(what);
                self.changed |= *done_to == Some(self.end);
            }
            Statement::Limit { side, most, .. } => {
                self.left_out(&format!("the {side}'s process may have {most} descriptors"));
                self.changed |= *side == self.end;
            }
            Statement::Call(made) if made.side == self.end => {
                self.call(program, made, follows).map_err(|why| (made.at, why))?;
            }
            Statement::Packet(at, record) => self.packet(*at, record, follows).map_err(|why| (*at, why))?,
            Statement::Call(_) | Statement::Late(_) | Statement::Pause(_) => {}
        }
        Ok(())
    }

    fn comment(&mut self, text: &str) {
        self.lines.push(ScriptLine::Comment(text.to_owned()));
    }

    fn left_out(&mut self, what: &str) {
        self.comment(&format!("Not in this script: {what}"));
    }

    fn event(&mut self, at: Duration, what: ScriptEvent, text: String) {
        self.lines.push(ScriptLine::Event { at, what, text });
    }

    /// The script is over. A call that waits then would not return any more, so it ends before that.
    fn ends(&mut self, at: Duration, why: &StopReason) {
        if let Some(waits) = self.lines.iter().position(|line| line.is_under_way(at)) {
            self.lines.truncate(waits);
        }
        self.comment(&format!("This script ends here: {}.", why.sentence()));
    }

    fn sysctl(&mut self, sysctl: &Sysctl) {
        let blanks = sysctl.assignment.contains([' ', '\t']);
        let assignment = if blanks {
            format!("'{}'", sysctl.assignment.replace('\t', " "))
        } else {
            sysctl.assignment.clone()
        };
        self.event(sysctl.at, ScriptEvent::Command, format!("`sysctl -q -w {assignment}`"));
    }

    /// Returns until when a call waits; none when it returns at once. What follows on it begins with the call itself.
    fn waits(&self, follows: &[Statement], made: &CallRecord, outcome: &Outcome) -> Option<Duration> {
        let ended = made.ended.filter(|_| made.call.may_block())?;
        if let Outcome::DeadlineExceeded { .. } = outcome {
            return None;
        }
        // What there is room for is taken at once, whatever comes meanwhile.
        if matches!(made.call, Call::Write { .. }) && ended.saturating_sub(made.at) < AT_ONCE {
            return None;
        }
        let mut came = follows.iter().filter_map(|statement| match statement {
            Statement::Packet(at, record) if record.from != self.end && arrived(record) => Some(*at),
            _ => None,
        });
        match came.rfind(|at| *at <= ended) {
            // It returned since that came, however long its process took to notice.
            Some(came) if !ends_by_a_timer(outcome) => Some(came),
            None if ended.saturating_sub(made.at) < AT_ONCE => None,
            _ => Some(ended),
        }
    }

    fn call(&mut self, program: &Program, made: &CallRecord, follows: &[Statement]) -> Result<(), StopReason> {
        let Some(outcome) = program.outcome(made) else {
            return self.unfinished(made);
        };
        if let Some(what) = self.changes_nothing(program, made, outcome) {
            self.left_out(&what);
            return Ok(());
        }
        if self.changed && !matches!(made.call, Call::Socket { .. }) {
            return Err(StopReason::Absent);
        }
        let Some(fd) = self.number(made, outcome)? else {
            return Ok(());
        };
        self.check(made, outcome, fd, follows)?;
        if let Call::SetOption { option, .. } = &made.call
            && matches!(option.kind(), OptionKind::Timeout)
        {
            self.timed.insert(fd);
        }
        let until = self.waits(follows, made, outcome);
        match said(made, outcome, fd, self.next) {
            CallText::Over(why) => Err(why),
            CallText::Nothing(why) => {
                self.left_out(&why);
                Ok(())
            }
            CallText::Calls(calls) => {
                self.note(made, outcome, fd);
                self.part(made);
                if until.is_some() && self.is_raced(made, follows) {
                    self.comment(RACED);
                }
                self.calls(made, fd, calls, until);
                Ok(())
            }
        }
    }

    /// A call that packetdrill cannot make as it was made, and that has changed nothing: what is said of it.
    fn changes_nothing(&self, program: &Program, made: &CallRecord, outcome: &Outcome) -> Option<String> {
        let (name, given) = (&made.name, given(outcome));
        match &made.call {
            Call::Bind { address } | Call::Connect { address, .. } if program.is_other_family(address) => Some(
                format!("{name} to {address} {given}: packetdrill uses addresses of one family only"),
            ),
            Call::Listen { .. } if matches!(outcome, Outcome::Err(_)) && self.is_begun() => Some(format!(
                "{name} {given}: packetdrill would take the socket for a listener from then on"
            )),
            _ => None,
        }
    }

    /// A call that never returned: one that only waits can be left out.
    fn unfinished(&mut self, made: &CallRecord) -> Result<(), StopReason> {
        if leaves_traces(&made.call) {
            return Err(StopReason::Unfinished(made.name.clone()));
        }
        self.left_out(&format!("{}, which never returned", made.name));
        Ok(())
    }

    /// The number of the call's socket; none, with a word why, when the call cannot be made in the script, and changes nothing.
    fn number(&mut self, made: &CallRecord, outcome: &Outcome) -> Result<Option<Fd>, StopReason> {
        if matches!(made.call, Call::Socket { .. }) {
            return Ok(Some(self.next));
        }
        match self.numbers.get(&made.socket) {
            Some(fd) if !self.closed.contains(fd) => Ok(Some(*fd)),
            _ if matches!(outcome, Outcome::Err(Errno::EBADF) | Outcome::Library(_)) => {
                let given = given(outcome);
                self.left_out(&format!(
                    "{} {given}: packetdrill has no number for a socket that is not open",
                    made.name
                ));
                Ok(None)
            }
            _ => Err(StopReason::NoNumber(made.name.clone())),
        }
    }

    /// The reason why packetdrill cannot make a call that it has.
    fn check(&self, made: &CallRecord, outcome: &Outcome, fd: Fd, follows: &[Statement]) -> Result<(), StopReason> {
        if let Some(other) = self.interferes(made, follows) {
            return Err(StopReason::TwoCalls {
                waits: made.name.clone(),
                made: other.name.clone(),
            });
        }
        let timed = self.timed.contains(&fd) && ends_by_a_timer(outcome);
        if timed && self.waits(follows, made, outcome).is_some() {
            return Err(StopReason::Timeval(made.name.clone()));
        }
        if let Call::Connect { .. } = made.call {
            let sends = follows.iter().any(|statement| self.is_syn_by(statement, made.ended));
            if matches!(outcome, Outcome::Ok(_)) && !sends && !self.is_begun() {
                return Err(StopReason::Itself);
            }
            if sends && self.followed != FollowedSocket::Socket(fd) && !self.is_begun() {
                return Err(StopReason::OtherSocket);
            }
        }
        Ok(())
    }

    fn is_begun(&self) -> bool {
        self.connection.as_ref().is_some_and(|connection| connection.begun)
    }

    /// A call that the end makes while this one waits.
    fn interferes<'a>(&self, made: &CallRecord, follows: &'a [Statement]) -> Option<&'a CallRecord> {
        let ended = made.ended?;
        let mut others = follows.iter().skip(1).filter_map(|statement| match statement {
            Statement::Call(other) if other.side == self.end => Some(other),
            _ => None,
        });
        others.find(|other| other.at < ended)
    }

    /// Returns whether it is a SYN that the end sends before then.
    fn is_syn_by(&self, statement: &Statement, then: Option<Duration>) -> bool {
        let Statement::Packet(at, record) = statement else {
            return false;
        };
        let is_syn = matches!(&record.packet, Packet::Tcp(segment) if is_syn(segment));
        is_syn && record.from == self.end && then.is_none_or(|then| *at <= then)
    }

    /// Notes the changes that a call of the script makes.
    fn note(&mut self, made: &CallRecord, outcome: &Outcome, fd: Fd) {
        match &made.call {
            Call::Socket { .. } if matches!(outcome, Outcome::Ok(_)) => {
                self.make(&made.socket);
                self.followed = FollowedSocket::Socket(fd);
            }
            Call::Accept { r#as } if matches!(outcome, Outcome::Ok(_)) => self.make(r#as),
            Call::Bind { .. } if matches!(outcome, Outcome::Ok(_)) => {
                self.bound.insert(fd);
            }
            Call::Listen { .. } if matches!(outcome, Outcome::Ok(_)) => {
                if self.bound.insert(fd) {
                    self.comment("Listen takes any port, and packetdrill sends to one only.");
                    self.event(made.at, ScriptEvent::Call(fd), format!("bind({fd}, ..., ...) = 0"));
                }
                self.listens.insert(fd);
            }
            Call::Connect { .. } => {
                self.bound.insert(fd);
                self.connecting = Some(fd);
            }
            call if call.is_close() => {
                self.closed.insert(fd);
            }
            _ => {}
        }
    }

    /// Does a call read while data comes, or write while acknowledgements come, so that it takes several steps?
    fn is_raced(&self, made: &CallRecord, follows: &[Statement]) -> bool {
        let (Call::Read { .. } | Call::Write { .. }, Some(ended)) = (&made.call, made.ended) else {
            return false;
        };
        let reads = matches!(made.call, Call::Read { .. });
        let steps = follows.iter().filter(|statement| match statement {
            Statement::Packet(at, record) => {
                let step = matches!(&record.packet, Packet::Tcp(segment) if !reads || segment.len > 0);
                step && record.from != self.end && arrived(record) && *at <= ended
            }
            _ => false,
        });
        steps.count() > 1
    }

    /// Has the device part what is longer than a segment, before the first call that writes so much.
    ///
    /// packetdrill's device takes several as one. The limit parts them where the connection has asked the device before; asked later, the
    /// kernel would join none, and what it joins decides what it sends.
    fn part(&mut self, made: &CallRecord) {
        if self.parts || self.longest == 0 || written(&made.call) <= self.longest {
            return;
        }
        self.parts = true;
        self.comment("The kernel may merge segments, as in finwait's run. From here on it splits them before the device sees them, as there.");
        let command = "`ip link set dev tun0 gso_max_segs 1`".into();
        self.event(made.at, ScriptEvent::Command, command);
    }

    fn make(&mut self, socket: &SocketName) {
        self.numbers.insert(socket.clone(), self.next);
        self.next += 1;
    }

    /// The calls' lines, of which the last waits.
    fn calls(&mut self, made: &CallRecord, fd: Fd, mut calls: Vec<String>, until: Option<Duration>) {
        let last = until.zip(made.ended).and_then(|times| Some((times, calls.pop()?)));
        for text in calls {
            self.event(made.at, ScriptEvent::Call(fd), text);
        }
        if let Some(((until, ended), text)) = last {
            let at = made.at;
            self.lines.push(ScriptLine::Waits {
                at,
                until,
                ended,
                fd,
                text,
            });
        }
    }

    fn packet(&mut self, at: Duration, record: &PacketRecord, follows: &[Statement]) -> Result<(), StopReason> {
        let leaves = record.from == self.end;
        if leaves && (record.origin != Origin::Host || !self.sent.insert(record.no)) {
            return Ok(());
        }
        if !leaves && !arrived(record) {
            return Ok(());
        }
        // What the kernel has sent is not what the record shows, and packetdrill would hold it against that.
        if leaves && !record.stripped.is_empty() {
            return Err(StopReason::Absent);
        }
        match &record.packet {
            Packet::Tcp(_) | Packet::Icmp { .. } if self.changed => Err(StopReason::Absent),
            Packet::Tcp(segment) => self.segment(at, record, segment, follows),
            Packet::Icmp { message, source, .. } if !leaves => {
                self.icmp(at, message, source.is_ipv6());
                Ok(())
            }
            Packet::Udp { .. } | Packet::Icmp { .. } | Packet::Other { .. } => Ok(()),
        }
    }

    fn icmp(&mut self, at: Duration, message: &str, ipv6: bool) {
        match segment::icmp(message, ipv6) {
            Some(words) => {
                let quoted = self
                    .connection
                    .as_ref()
                    .map_or(0, |connection| connection.unacknowledged);
                let text = format!("< icmp {words} [{quoted}:{quoted}(0)]");
                self.event(at, ScriptEvent::Comes(None), text);
            }
            None => self.left_out(&format!("ICMP {message} arrives")),
        }
    }

    fn segment(
        &mut self,
        at: Duration,
        record: &PacketRecord,
        segment: &Segment,
        follows: &[Statement],
    ) -> Result<(), StopReason> {
        let leaves = record.from == self.end;
        let way = if leaves {
            (segment.source, segment.destination)
        } else {
            (segment.destination, segment.source)
        };
        let connection = self.connection.get_or_insert_with(|| Connection::new(way));
        let is_followed = connection.way == way;
        let first = !connection.begun;
        if connection.is_another(record, segment, leaves) {
            self.forget_the_next_connection(leaves);
            return Err(StopReason::AnotherConnection);
        }
        if !is_followed {
            self.left_out("a segment of another connection");
            return Ok(());
        }
        let numbers = connection.takes(record, segment, leaves);
        let (begins, begun) = (first && connection.begun, connection.begun);
        self.follow(begins, begun, leaves)?;
        if leaves {
            self.leaves(at, numbers.ack, segment::leaves(segment, numbers), follows);
        } else {
            if record.origin != Origin::Host {
                self.comment("Not sent by the other end's kernel:");
            }
            let bytes = (numbers.seq, numbers.seq.wrapping_add(segment.len as u32));
            self.event(at, ScriptEvent::Comes(Some(bytes)), segment::comes(segment, numbers));
        }
        Ok(())
    }

    /// A segment leaves: before what came only while it was on its way to finwait, if it does not acknowledge that and the next does.
    fn leaves(&mut self, at: Duration, ack: u32, text: String, follows: &[Statement]) {
        let next = follows.iter().skip(1).filter_map(|statement| match statement {
            Statement::Packet(_, record) if record.from == self.end || arrived(record) => {
                Some((record.from, record.seen))
            }
            _ => None,
        });
        let what = ScriptEvent::Leaves;
        let connection = self.connection.as_ref();
        match lines::came_after(&self.lines, ack) {
            Some(after) if connection.is_some_and(|it| it.takes_at_once(after.bytes, next, self.end)) => {
                let at = after.answers;
                self.lines.insert(after.place, ScriptLine::Event { at, what, text });
            }
            _ => self.event(at, what, text),
        }
    }

    /// Fails where the segment is not one of what packetdrill follows.
    fn follow(&mut self, first: bool, begun: bool, leaves: bool) -> Result<(), StopReason> {
        match self.followed {
            FollowedSocket::Socket(_) if begun && !first => Err(StopReason::OtherSocket),
            // It looks for a listener there, and nowhere else.
            FollowedSocket::Socket(fd)
                if first && !leaves && !self.listens.contains(&fd) && !self.listens.is_empty() =>
            {
                Err(StopReason::OtherSocket)
            }
            _ => {
                if first {
                    self.followed = FollowedSocket::Connection;
                }
                Ok(())
            }
        }
    }

    /// The calls that lead to the connection that is not followed are not in the script either.
    fn forget_the_next_connection(&mut self, leaves: bool) {
        let Some(fd) = self.connecting.filter(|_| leaves) else {
            return;
        };
        let began = self.lines.iter().rev().find_map(|line| line.began_on(fd));
        let connect = self
            .lines
            .iter()
            .position(|line| began.is_some() && line.began_on(fd) == began);
        self.lines.truncate(connect.unwrap_or(self.lines.len()));
        if self.followed == FollowedSocket::Socket(fd) {
            self.lines.retain(|line| !line.is_on(fd));
        }
    }
}
