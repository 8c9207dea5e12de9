//! Runs with many connections of programs, and a transcript that keeps few entries: what is forgotten, and what nobody can tell from a
//! session that forgets nothing.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use super::super::connections::ConnectionView;
use super::super::test_lab_events::{born, facts, process, row};
use super::super::transcript::{Entry, EntryKind};
use super::super::view::HeldBy;
use super::super::{InputTap, LabKind, Session, SessionInput};
use super::*;
use crate::call::{Bytes, SocketName};
use crate::clock::MonoTime;
use crate::command::{Command, parse::parse};
use crate::lab::event::ProgramCall;
use crate::lab::event::{
    Disposition, LabEvent, LabRequest, PacketRecord, ProgramCause, ProgramDeed, ProgramEvent, ProgramNews,
    StateChanged, TimedEvent, TransitionCause, Witness,
};
use crate::outcome::{Outcome, Value};
use crate::program::{ProgramNo, SocketOwner};
use crate::side::Ends;
use crate::state::State;
use crate::syscall::Syscall;
use crate::wire::flow::{FlowInfo, PacketNo};
use crate::wire::link::OptionSet;
use crate::wire::queue::Origin;
use crate::wire::segment::{Flags, Packet, Segment, SeqNo};

use Side::{Client, Server};

/// The entries that these sessions keep.
const KEPT: usize = 300;
/// The entries about a connection from its beginning to its end.
const A_CONNECTION: usize = 16;

const SYN_ACK: Flags = Flags(Flags::SYN.0 | Flags::ACK.0);
const FIN_ACK: Flags = Flags(Flags::FIN.0 | Flags::ACK.0);

/// A lab in which a program connects to another, and closes.
struct Play {
    session: Session,
    now: u64,
    packets: u64,
    inodes: u64,
    /// The hosts' tables.
    rows: [BTreeMap<Tuple, (State, u64)>; 2],
    inputs: Vec<TimedEvent>,
}

/// A connection of the programs: its addresses at the client, and both inodes.
#[derive(Clone, Copy, Debug)]
struct Made {
    tuple: Tuple,
    inodes: [u64; 2],
}

const fn at(side: Side) -> usize {
    match side {
        Client => 0,
        Server => 1,
    }
}

fn of_client(port: u16) -> Tuple {
    Tuple {
        local: SocketAddr::from(([10, 0, 0, 1], port)),
        peer: SocketAddr::from(([10, 0, 0, 2], 80)),
    }
}

fn owner(side: Side) -> SocketOwner {
    match side {
        Server => process(1, 50, "nginx"),
        Client => process(2, 70, "ab"),
    }
}

fn name(text: &str) -> SocketName {
    SocketName::new(text).unwrap()
}

impl Play {
    fn keeping(entries: usize) -> Play {
        let mut play = Play {
            session: Session::keeping(entries, facts(LabKind::Isolated), MonoTime(0)),
            now: 0,
            packets: 0,
            inodes: 100,
            rows: [BTreeMap::new(), BTreeMap::new()],
            inputs: Vec::new(),
        };
        for (side, run) in [(Server, "server run nginx"), (Client, "client run ab")] {
            play.happens(born(side, 4));
            play.types(run).unwrap();
            let SocketOwner { program, pid, .. } = owner(side);
            let what = ProgramNews::Started { pid };
            let program = program.unwrap();
            play.happens(LabEvent::Program(ProgramEvent { side, program, what }));
        }
        let listens = Tuple {
            local: ([0, 0, 0, 0], 80).into(),
            peer: ([0, 0, 0, 0], 0).into(),
        };
        play.owns(Server, 9);
        play.changes(Server, listens, 9, State::Close, State::Listen);
        play.rows[at(Server)].insert(listens, (State::Listen, 9));
        play.tables();
        play
    }

    fn happens(&mut self, what: LabEvent) -> Vec<LabRequest> {
        self.now += 1_000_000;
        let event = TimedEvent {
            at: MonoTime(self.now),
            what,
        };
        self.inputs.push(event.clone());
        self.session.absorb(event)
    }

    fn types(&mut self, text: &str) -> Result<Vec<LabRequest>, String> {
        self.now += 1_000_000;
        let now = MonoTime(self.now);
        let issued = match parse(text, None).unwrap() {
            Command::End(side, command) => self.session.command(side, &command, now),
            Command::Wire(command) => self.session.wire(&command),
            command => panic!("{command:?}"),
        };
        issued.map(|issued| issued.requests).map_err(|error| error.to_string())
    }

    fn owns(&mut self, side: Side, inode: u64) {
        let owner = owner(side);
        self.happens(LabEvent::Owned { side, inode, owner });
    }

    fn tables(&mut self) {
        for side in Side::BOTH {
            let rows = self.rows[at(side)]
                .iter()
                .map(|(tuple, (state, inode))| row(*tuple, *state, *inode));
            let rows = rows.collect();
            self.happens(LabEvent::Table { side, rows });
        }
        self.happens(LabEvent::Quiet);
    }

    fn changes(&mut self, side: Side, tuple: Tuple, inode: u64, from: State, to: State) {
        self.happens(LabEvent::Transition(StateChanged {
            side,
            tuple,
            inode,
            from,
            to,
            cause: TransitionCause::Program(ProgramCause {
                process: owner(side),
                by: ProgramDeed::Connect,
            }),
            witness: Witness::Table,
        }));
    }

    /// A change of a connection, and the row after it; of one that nobody holds any more, the inode of the row is 0.
    fn steps(&mut self, side: Side, made: Made, from: State, to: State, holds: bool) {
        let tuple = if side == Client {
            made.tuple
        } else {
            made.tuple.mirrored()
        };
        let inode = made.inodes[at(side)];
        let queued = matches!((side, to), (Server, State::SynRecv | State::Established));
        self.changes(side, tuple, if queued { 0 } else { inode }, from, to);
        let mut gone = Vec::new();
        if to == State::Close {
            self.rows[at(side)].remove(&tuple);
            gone.push(tuple);
        } else {
            let inode = if holds { inode } else { 0 };
            self.rows[at(side)].insert(tuple, (to, inode));
        }
        let of_it = self.rows[at(side)]
            .get(&tuple)
            .map(|(state, inode)| row(tuple, *state, *inode));
        let rows = of_it.into_iter().collect();
        self.happens(LabEvent::Rows { side, rows, gone });
    }

    fn passes(&mut self, from: Side, tuple: Tuple, flags: Flags, disposition: Disposition) -> PacketNo {
        self.packets += 1;
        let no = PacketNo(self.packets);
        self.passes_as(no, from, tuple, flags, disposition, None);
        no
    }

    fn passes_as(
        &mut self,
        no: PacketNo,
        from: Side,
        tuple: Tuple,
        flags: Flags,
        disposition: Disposition,
        waited: Option<std::time::Duration>,
    ) {
        let way = if from == Client { tuple } else { tuple.mirrored() };
        self.happens(LabEvent::Packet(PacketRecord {
            no,
            from,
            packet: Packet::Tcp(Segment {
                source: way.local,
                destination: way.peer,
                flags,
                seq: SeqNo(no.0 as u32),
                ack: SeqNo(0),
                window: 100,
                urgent: 0,
                options: Vec::new(),
                len: 0,
                payload: Bytes(Vec::new()),
            }),
            segment_size: None,
            seen: FlowInfo::default(),
            origin: Origin::Host,
            disposition,
            rule: None,
            link: None,
            stripped: OptionSet::NONE,
            waited,
            raw: None,
        }));
    }

    /// A handshake, and what the server's program accepts.
    fn opens(&mut self, port: u16) -> Made {
        self.inodes += 2;
        let made = Made {
            tuple: of_client(port),
            inodes: [self.inodes, self.inodes + 1],
        };
        // The addresses of a connection that is over are taken over.
        let before =
            |rows: &BTreeMap<Tuple, (State, u64)>, tuple| rows.get(&tuple).map_or(State::Close, |(state, _)| *state);
        let over = before(&self.rows[at(Server)], made.tuple.mirrored());
        self.owns(Client, made.inodes[0]);
        self.steps(Client, made, State::Close, State::SynSent, true);
        self.passes(Client, made.tuple, Flags::SYN, Disposition::Delivered);
        if over == State::TimeWait {
            self.changes(Server, made.tuple.mirrored(), 0, State::TimeWait, State::Close);
        }
        self.steps(Server, made, State::Close, State::SynRecv, false);
        self.passes(Server, made.tuple, SYN_ACK, Disposition::Delivered);
        self.steps(Client, made, State::SynSent, State::Established, true);
        self.passes(Client, made.tuple, Flags::ACK, Disposition::Delivered);
        self.steps(Server, made, State::SynRecv, State::Established, false);
        let (tuple, inode) = (made.tuple.mirrored(), made.inodes[1]);
        self.owns(Server, inode);
        self.rows[at(Server)].insert(tuple, (State::Established, inode));
        let rows = vec![row(tuple, State::Established, inode)];
        self.happens(LabEvent::Rows {
            side: Server,
            rows,
            gone: Vec::new(),
        });
        made
    }

    /// The server's program closes first, as nginx does; its socket is in TIME_WAIT then.
    fn closes(&mut self, made: Made) {
        self.steps(Server, made, State::Established, State::FinWait1, false);
        self.passes(Server, made.tuple, FIN_ACK, Disposition::Delivered);
        self.steps(Client, made, State::Established, State::CloseWait, true);
        self.steps(Client, made, State::CloseWait, State::LastAck, false);
        self.passes(Client, made.tuple, FIN_ACK, Disposition::Delivered);
        self.steps(Server, made, State::FinWait1, State::TimeWait, false);
        self.passes(Server, made.tuple, Flags::ACK, Disposition::Delivered);
        self.steps(Client, made, State::LastAck, State::Close, false);
    }

    /// The time of TIME_WAIT is over.
    fn ends(&mut self, made: Made) {
        self.steps(Server, made, State::TimeWait, State::Close, false);
    }

    fn whole(&mut self, port: u16) -> Made {
        let made = self.opens(port);
        self.closes(made);
        self.ends(made);
        made
    }

    /// What else happens: nothing about a connection.
    fn notes(&mut self, entries: usize) {
        for _ in 0..entries {
            self.happens(LabEvent::Note("a note".into()));
        }
    }

    /// How much is kept of what was.
    fn sizes(&self) -> Vec<usize> {
        let of_end = |side: Side| {
            let end = &self.session.ends[side];
            let sockets = [end.sockets.len(), end.sockets.open().count()];
            let beside = [end.unnamed.len(), end.changed.since(0).count()]
                .into_iter()
                .chain(end.named.sizes());
            let due = [end.sockets.due.len(), end.socks.due.len(), end.unnamed.due.len()];
            let socks = end.socks.sizes();
            sockets
                .into_iter()
                .chain(beside)
                .chain(due)
                .chain(socks)
                .collect::<Vec<_>>()
        };
        let all = Side::BOTH.map(of_end).concat();
        let of_run = [self.session.inferred.len(), self.session.connections.due.len()];
        all.into_iter()
            .chain(self.session.connections.sizes())
            .chain(of_run)
            .collect()
    }
}

/// What is seen of a session: the newest entries with their connections, what is there now, and the numbers.
fn seen(session: &Session) -> Vec<String> {
    let entries = session.transcript.entries().iter().rev().take(KEPT);
    let told = entries.map(|entry| format!("{entry:?} is of {:?}", session.connection_of(entry)));
    let now = Side::BOTH.into_iter().flat_map(|side| {
        let folded = session.folded(side);
        let few = session.few_sockets(side, 0);
        let ended = folded.ended.len() + folded.forgotten;
        let plate = session.plate(side, MonoTime(0));
        let live = folded
            .live
            .iter()
            .map(|view| format!("{side} {view:?}"))
            .collect::<Vec<_>>();
        let numbers = format!(
            "{side} {} {} {ended} {} {}",
            few.count, few.over, plate.sockets, plate.over
        );
        live.into_iter()
            .chain([numbers, format!("{:?} {:?}", plate.name, session.ends[side].current)])
    });
    let there = session.connections().into_iter().filter(|view| !view.is_over);
    let there = there.map(|view: ConnectionView| format!("{view:?}"));
    let count = format!("{} connections", session.connection_count());
    told.chain(now).chain(there).chain([count]).collect()
}

/// Numbers without a pattern, the same ones for each seed.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % sides
    }
}

/// Many connections in any order, on few ports that are used again, some of which live long.
fn at_random(play: &mut Play, seed: u64, steps: usize) {
    let mut dice = Dice(seed);
    let mut open: Vec<Made> = Vec::new();
    let mut waits: Vec<Made> = Vec::new();
    for _ in 0..steps {
        match dice.roll(10) {
            0..4 if open.len() < 12 => {
                let port = 1000 + dice.roll(40) as u16;
                if open.iter().all(|made| made.tuple != of_client(port)) {
                    let made = play.opens(port);
                    waits.retain(|waiting| waiting.tuple != made.tuple);
                    open.push(made);
                }
            }
            4..7 if open.len() > 2 => {
                // The two oldest live on.
                let place = 2 + dice.roll(open.len() as u64 - 2) as usize;
                let made = open.remove(place);
                play.closes(made);
                waits.push(made);
            }
            7..9 if !waits.is_empty() => {
                let made = waits.remove(dice.roll(waits.len() as u64) as usize);
                play.ends(made);
            }
            9 => {
                play.tables();
                if let Some(made) = open.first().copied() {
                    play.passes(Client, made.tuple, Flags::ACK, Disposition::Delivered);
                }
            }
            _ => {}
        }
    }
}

#[test]
fn what_is_kept_does_not_grow_with_the_connections_that_were() {
    let mut play = Play::keeping(KEPT);
    let ports = |n: usize| 1000 + (n % 30_000) as u16;
    for n in 0..200 {
        play.whole(ports(n));
    }
    play.tables();
    let before = play.sizes();
    for n in 200..3000 {
        play.whole(ports(n));
    }
    play.tables();
    let after = play.sizes();
    let grown = before
        .iter()
        .zip(&after)
        .filter(|(before, after)| **after > **before + 2);
    assert_eq!(grown.count(), 0, "{before:?} {after:?}");
    // As many as the entries are about, at each end.
    assert!(
        after.iter().all(|size| *size <= 2 * (KEPT / A_CONNECTION + 2)),
        "{after:?}"
    );
    let session = &play.session;
    assert_eq!(session.connection_count(), 3000);
    let numbers: Vec<u32> = session.connections_after(None).map(|no| no.0).collect();
    let oldest = 3000 - numbers.len() as u32 + 1;
    assert_eq!(numbers, (oldest..=3000).collect::<Vec<_>>());
    for side in Side::BOTH {
        let few = session.few_sockets(side, 3);
        let others = usize::from(side == Server);
        // The newest of the client's is looked at; each of the server's is over but the listener.
        assert_eq!((few.count, few.over), (3000 + others, 3000), "{side}");
    }
    let newest = session.connections().pop().unwrap();
    assert_eq!(
        newest.names,
        Ends {
            client: Some(&name("client3000")),
            server: Some(&name("server3000"))
        }
    );
}

#[test]
fn nobody_can_tell_that_it_was_forgotten() {
    for seed in 0..12 {
        let [mut forgets, mut remembers] = [KEPT, usize::MAX].map(Play::keeping);
        for play in [&mut forgets, &mut remembers] {
            at_random(play, seed, 600);
        }
        assert!(forgets.session.connections_kept() < remembers.session.connections_kept() / 2);
        assert_eq!(
            forgets.session.ends[Client].sockets.open().count(),
            remembers.session.ends[Client].sockets.open().count()
        );
        for (a, b) in seen(&forgets.session).iter().zip(seen(&remembers.session)) {
            assert_eq!(*a, b, "seed {seed}");
        }
        assert_eq!(
            seen(&forgets.session).len(),
            seen(&remembers.session).len(),
            "seed {seed}"
        );
    }
}

#[test]
fn a_connection_that_lives_long_is_the_same_after_thousands_and_is_forgotten_in_its_turn() {
    let mut play = Play::keeping(KEPT);
    let first = play.opens(500);
    for n in 0..1000 {
        play.whole(1000 + n);
    }
    assert!(play.session.transcript.dropped() > 10 * KEPT as u64);
    play.tables();
    let no = ConnectionNo(1);
    let view = play.session.connection(no).unwrap();
    let both = Ends {
        client: Some(&name("client")),
        server: Some(&name("server")),
    };
    assert_eq!((view.names, view.is_over), (both, false));
    assert_eq!(play.session.connection_of_socket(Client, &name("client")), Some(no));
    let state = |play: &Play| {
        let view = play.session.view_named(Client, &name("client")).unwrap();
        (view.state(), view.held, view.segments)
    };
    assert_eq!(
        state(&play),
        (State::Established, HeldBy::Open, Some(State::Established))
    );
    play.types("client use client").unwrap();
    play.closes(first);
    let entry = play.session.transcript.entries().back().unwrap();
    assert_eq!(play.session.connection_of(entry), Some(no));
    play.ends(first);
    let last = play.session.transcript.last();
    let number = play.session.ends[Client].sockets.number(&name("client"));
    assert!(number.is_some());
    // Each until its last entry is dropped, and no longer.
    while play.session.transcript.oldest() <= last {
        assert!(play.session.connection(no).is_some());
        play.notes(1);
    }
    assert!(play.session.connection(no).is_none());
    play.notes(1);
    assert!(play.session.ends[Server].socket(&name("server")).is_none());
}

#[test]
fn addresses_that_are_used_again_are_another_connection() {
    let mut play = Play::keeping(KEPT);
    play.whole(500);
    play.notes(KEPT + 1);
    assert!(play.session.connection_between(of_client(500)).is_none());
    let made = play.opens(500);
    assert_eq!(play.session.connection_between(of_client(500)), Some(ConnectionNo(2)));
    let views = play.session.connections();
    let both = Ends {
        client: Some(&name("client2")),
        server: Some(&name("server2")),
    };
    assert_eq!((views.len(), views[0].names, views[0].segments), (1, both, 3));
    drop(views);
    play.closes(made);
    let told = play
        .session
        .transcript
        .entries()
        .iter()
        .filter(|entry| play.session.connection_of(entry) == Some(ConnectionNo(2)));
    assert_eq!(told.count(), A_CONNECTION - 1);
}

#[test]
fn who_names_what_is_forgotten_is_told_so() {
    let mut play = Play::keeping(KEPT);
    for n in 0..100 {
        play.whole(1000 + n);
    }
    let gone = |what: &str| {
        format!("{what} is over, and the transcript has dropped its last entry: nothing is known of it any more")
    };
    for (command, what) in [
        ("client use client5", "client5"),
        ("client destroy on=server5", ""),
        ("server destroy on=server5", "server5"),
        ("client close on=client5", "client5"),
        ("wire drop FIN on=5", "connection 5"),
        ("wire drop FIN on=client5", "client5"),
    ] {
        let refusal = play.types(command).unwrap_err();
        match what {
            "" => assert!(
                refusal.starts_with("the client has no socket server5: it has client"),
                "{refusal}"
            ),
            what => assert_eq!(refusal, gone(what), "{command}"),
        }
    }
    let refusal = play.types("client use client999").unwrap_err();
    assert!(
        refusal.starts_with("the client has no socket client999: it has client"),
        "{refusal}"
    );
    let refusal = play.types("wire drop FIN on=999").unwrap_err();
    assert!(
        refusal.starts_with("no connection is called 999: they are ..., "),
        "{refusal}"
    );
    play.types("client use client100").unwrap();
    // What it waits for has been.
    let Command::End(side, crate::command::EndCommand::Await(request)) =
        parse("client await CLOSE on=client5", None).unwrap()
    else {
        panic!()
    };
    let wait = play.session.wait_for(side, &request, MonoTime(play.now)).unwrap();
    let result = wait.result(&play.session, MonoTime(play.now));
    assert_eq!(result, Some(crate::session::progress::CommandResult::Done));
}

#[test]
fn what_the_user_drives_and_looks_at_is_kept() {
    let mut play = Play::keeping(KEPT);
    // The endpoint's connects to the program's listener, is reset, and is over.
    let requests = play.types("client socket").unwrap();
    let LabRequest::Call(_, request) = &requests[0] else {
        panic!()
    };
    let id = request.id;
    play.happens(LabEvent::Ended(crate::lab::event::CallEnded {
        side: Client,
        call: id,
        took: std::time::Duration::ZERO,
        outcome: Outcome::Ok(Value::Descriptor { fd: 5, peer: None }),
        said: None,
        trace: Vec::new(),
        inode: Some(20),
    }));
    let tuple = of_client(400);
    play.changes(Client, tuple, 20, State::Close, State::SynSent);
    play.passes(Client, tuple, Flags::SYN, Disposition::Delivered);
    play.changes(Server, tuple.mirrored(), 0, State::Close, State::SynRecv);
    play.changes(Client, tuple, 20, State::SynSent, State::Close);
    play.changes(Server, tuple.mirrored(), 0, State::SynRecv, State::Close);
    play.whole(401);
    for n in 0..500 {
        play.whole(1000 + n);
    }
    let session = &play.session;
    assert_eq!(
        session.connection_of_socket(Client, &name("client")),
        Some(ConnectionNo(1))
    );
    let own = session.view_named(Client, &name("client")).unwrap();
    assert_eq!((own.fd, own.current, own.end.is_some()), (Some(5), true, true));
    let views: Vec<u32> = session.connections().iter().map(|view| view.no.0).take(2).collect();
    assert!(views[0] == 1 && views[1] > 400, "{views:?}");
    // The newest of the server's, where the endpoint has none, until there is another.
    play.notes(2 * KEPT);
    let folded = play.session.folded(Server);
    let live: Vec<_> = folded
        .live
        .iter()
        .map(|view| (view.name.unwrap().as_str(), view.current, view.held))
        .collect();
    assert_eq!(
        live,
        [("listener", false, HeldBy::Open), ("server502", true, HeldBy::Closed)]
    );
    // With the endpoint's connection, its other end.
    assert_eq!(folded.ended[0].name, Some(&name("server")));
    assert_eq!((folded.ended.len(), folded.forgotten), (1, 500));
    drop(folded);
    play.opens(402);
    play.notes(2 * KEPT);
    assert!(play.session.ends[Server].socket(&name("server502")).is_none());
    assert!(play.session.ends[Client].socket(&name("client")).is_some());
}

#[test]
fn a_connection_is_kept_while_a_segment_of_it_waits_on_the_wire() {
    let mut play = Play::keeping(KEPT);
    let made = play.opens(500);
    let held = play.passes(Client, made.tuple, Flags::ACK, Disposition::Held);
    let since = play.now;
    play.closes(made);
    play.ends(made);
    for n in 0..200 {
        play.whole(1000 + n);
    }
    assert!(play.session.connection(ConnectionNo(1)).is_some());
    let waited = std::time::Duration::from_nanos(play.now + 1_000_000 - since);
    play.passes_as(
        held,
        Client,
        made.tuple,
        Flags::ACK,
        Disposition::Delivered,
        Some(waited),
    );
    let entry = play.session.transcript.entries().back().unwrap();
    assert_eq!(play.session.connection_of(entry), Some(ConnectionNo(1)));
    let no = entry.no;
    while play.session.transcript.oldest() <= no {
        assert!(play.session.connection(ConnectionNo(1)).is_some());
        play.notes(1);
    }
    play.notes(KEPT);
    assert!(play.session.connection(ConnectionNo(1)).is_none());
}

#[test]
fn sockets_that_never_came_into_a_table_are_forgotten_when_they_are_closed_and_their_program_has_ended() {
    let mut play = Play::keeping(KEPT);
    for inode in 5000..5200 {
        play.owns(Client, inode);
        if inode % 2 == 0 {
            let made = Syscall {
                name: "close".into(),
                args: None,
                result: Some("0".into()),
                errno: None,
                duration: std::time::Duration::ZERO,
                remark: None,
            };
            play.happens(LabEvent::ProgramCall(ProgramCall {
                side: Client,
                program: ProgramNo(2),
                pid: 70,
                fd: Some(7),
                inode: Some(inode),
                makes: None,
                made,
            }));
        }
    }
    assert_eq!(play.session.ends[Client].unnamed.len(), 200);
    play.notes(2 * KEPT);
    assert_eq!(play.session.ends[Client].unnamed.len(), 100);
    // One of them connects after all.
    let tuple = of_client(600);
    play.changes(Client, tuple, 5001, State::Close, State::SynSent);
    assert!(play.session.ends[Client].socket(&name("client")).is_some());
    let what = ProgramNews::Exited {
        how: crate::lab::event::Death::Exited(0),
        left: 0,
    };
    play.happens(LabEvent::Program(ProgramEvent {
        side: Client,
        program: ProgramNo(2),
        what,
    }));
    play.notes(2 * KEPT);
    assert_eq!(play.session.ends[Client].unnamed.len(), 0);
}

/// Keeps what a session takes.
struct Taken(std::sync::Arc<std::sync::Mutex<Vec<SessionInput>>>);

impl InputTap for Taken {
    fn takes(&mut self, input: &SessionInput) {
        self.0.lock().unwrap().push(input.clone());
    }

    fn tells(&mut self, _: &Entry) {}
}

#[test]
fn a_recording_that_is_played_again_forgets_the_same() {
    let taken = std::sync::Arc::default();
    let mut play = Play::keeping(KEPT);
    let session = Session::keeping(KEPT, facts(LabKind::Isolated), MonoTime(0))
        .observed_by(Box::new(Taken(std::sync::Arc::clone(&taken))));
    let begun = std::mem::replace(&mut play.session, session);
    drop(begun);
    let inputs = std::mem::take(&mut play.inputs);
    inputs.into_iter().for_each(|event| drop(play.session.absorb(event)));
    at_random(&mut play, 3, 300);
    play.types("client use client60").unwrap_or_default();
    play.types("wire drop FIN on=1").unwrap_or_default();
    at_random(&mut play, 4, 300);
    let mut again = Session::keeping(KEPT, facts(LabKind::Isolated), MonoTime(0));
    for input in taken.lock().unwrap().drain(..) {
        let _ = again.take(input);
    }
    assert_eq!(seen(&again), seen(&play.session));
    let is_a_state = |entry: &&Entry| matches!(entry.what, EntryKind::State { .. });
    assert!(again.transcript.entries().iter().filter(is_a_state).count() > 50);
}
