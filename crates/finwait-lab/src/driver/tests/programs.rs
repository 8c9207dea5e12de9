//! Programs of the user's own: when their hosts' tables are read, who holds which socket, and what they are the cause of.

use super::*;
use crate::event::{Death, ProgramEvent, ProgramNews};
use crate::program::processes::{Descriptor, Holding};
use crate::program::{ProgramWord, TracedCall};
use finwait_model::program::{OutputStream, ProgramNo, ProgramSpec};

const CURL: ProgramNo = ProgramNo(1);

fn descriptor(pid: u32, name: &str) -> Descriptor {
    Descriptor {
        pid,
        name: name.into(),
        fd: 5,
    }
}

impl Play {
    /// A lab with a wire, and a program on that host that has just started.
    fn with_a_program(side: Side) -> Play {
        let mut play = Play::wired();
        play.core.request(LabRequest::Run(side, CURL, ProgramSpec::default()));
        play.program_says([ProgramWord::Here(4711), ProgramWord::Started]);
        assert_eq!(play.told(), [format!("{side} program 1 runs, pid 4711")]);
        play
    }

    fn program_says<const N: usize>(&mut self, words: [ProgramWord; N]) {
        self.core.outside.programs.words.push((CURL, words.into()));
        self.turn();
    }

    /// A process of the program holds the socket with that inode from now on, or does not.
    fn holds(&mut self, inode: u64, pid: u32, holding: Holding) {
        let held = (descriptor(pid, "curl"), holding);
        self.core.outside.programs.held.insert(inode, held);
    }

    fn whole_readings(&mut self) -> usize {
        std::mem::take(&mut self.core.outside.readings).len()
    }
}

fn traced(text: &str, inode: u64) -> ProgramWord {
    ProgramWord::Call(TracedCall {
        thread: 4711,
        fd: Some(5),
        inode: Some(inode),
        makes: None,
        made: system_call(text),
    })
}

#[test]
fn tables_are_read_every_20_ms_while_a_program_runs_and_not_otherwise() {
    let mut play = Play::wired();
    play.whole_readings();
    play.pass(10 * SEC);
    assert_eq!(play.whole_readings(), 0, "no program runs");

    let mut play = Play::with_a_program(Client);
    play.pass(SEC);
    play.whole_readings();
    play.pass(SEC);
    assert_eq!(play.whole_readings(), 50);

    play.program_says([ProgramWord::Exited(Death::Exited(0), 0)]);
    play.rest();
    play.whole_readings();
    play.pass(10 * SEC);
    assert_eq!(play.whole_readings(), 0, "it has ended");
}

#[test]
fn a_host_without_a_program_is_not_read_because_of_the_other_ones() {
    let mut play = Play::with_a_program(Server);
    play.pass(SEC);
    play.whole_readings();
    play.pass(SEC);
    assert_eq!(play.whole_readings(), 0, "these are the client's");
}

#[test]
fn one_host_is_read_a_turn_after_what_was_asked_for_and_told() {
    let mut play = Play::with_a_program(Client);
    play.core
        .request(LabRequest::Run(Server, ProgramNo(2), ProgramSpec::default()));
    play.pass(SEC);
    let client = [row(Client, State::Established, 7)];
    let server = [row(Server, State::Listen, 8), row(Server, State::Established, 9)];
    play.table(Client, client);
    play.table(Server, server);
    play.pass(SEC);
    play.core.outside.now = play.now().plus(25 * MS);

    let rows = |play: &mut Play, ready: Ready| {
        let before = play.core.outside.work.rows;
        play.turn_with(&ready);
        play.core.outside.work.rows - before
    };
    let asked = Ready {
        requests: true,
        ..Ready::default()
    };
    assert_eq!(rows(&mut play, asked), 0, "what is asked for goes first");
    play.told();
    play.core.outside.flush();
    play.core.tell(LabEvent::Note("an outcome".into()));
    assert_eq!(rows(&mut play, Ready::default()), 1, "the client's table");
    assert_eq!(
        play.core.outside.had, 1,
        "the reader has the outcome before the table is read"
    );
    assert_eq!(rows(&mut play, Ready::default()), 2, "the server's");
    assert_eq!(rows(&mut play, Ready::default()), 0, "until it is time again");
}

#[test]
fn of_many_sockets_each_process_is_asked_for_its_name_once() {
    let mut play = Play::with_a_program(Client);
    let mut rows = Vec::new();
    for n in 0..100 {
        play.holds(100 + n, 4711, Holding::Open);
        let mut row = row(Client, State::Established, 100 + n);
        row.tuple.local.set_port(20_000 + n as u16);
        rows.push(row);
    }
    play.core.outside.ends[Client].rows = rows;
    play.pass(SEC);
    play.core.outside.programs.named.set(0);
    // The sockets are looked at every 100 ms.
    play.pass(SEC);
    let named = play.core.outside.programs.named.get();
    assert!((5..=10).contains(&named), "{named}");
}

#[test]
fn no_timer_sends_a_fin() {
    let waits = SocketRow {
        retransmits: 1,
        ..with_timer(row(Client, State::Established, 7), TimerKind::Retransmit, 100 * MS)
    };
    let mut play = Play::with_a_program(Client);
    play.holds(7, 4711, Holding::Open);
    play.table(Client, [waits.clone()]);
    play.pass(20 * MS);
    play.told();
    play.core.outside.now = play.now().plus(SEC);
    play.holds(7, 4711, Holding::Closed);
    play.table(Client, [row(Client, State::FinWait1, 0)]);
    play.sends(Client, segment(Client, FIN_ACK, 1, 1));
    play.turn_with_packets();
    assert_eq!(
        play.transitions(),
        ["client ESTABLISHED>FIN_WAIT1 closeorshutdown by curl 4711"]
    );

    // Nor where nobody is known to hold the socket.
    let mut play = Play::wired();
    play.table(Client, [waits]);
    play.settle();
    play.core.outside.now = play.now().plus(SEC);
    play.table(Client, [row(Client, State::FinWait1, 0)]);
    play.sends(Client, segment(Client, FIN_ACK, 1, 1));
    play.turn_with_packets();
    assert_eq!(
        play.transitions(),
        ["client ESTABLISHED>FIN_WAIT1 a process not seen here, which sent the FIN,ACK"]
    );
}

#[test]
fn what_listens_silently_is_told_with_its_owner_first() {
    let mut play = Play::with_a_program(Server);
    play.holds(9, 4711, Holding::Open);
    play.table(Server, [row(Server, State::Listen, 9)]);
    play.pass(20 * MS);
    assert_eq!(
        play.told(),
        ["server 9 is curl 4711's", "server CLOSE>LISTEN listen by curl 4711"]
    );
}

#[test]
fn a_socket_that_connects_is_told_with_its_owner_before_its_syn() {
    let mut play = Play::with_a_program(Client);
    play.holds(7, 4711, Holding::Open);
    play.table(Client, [row(Client, State::SynSent, 7)]);
    play.sends(Client, segment(Client, SYN, 1, 0));
    play.turn_with_packets();
    let told = play.told();
    assert_eq!(
        told,
        [
            "client 7 is curl 4711's",
            "client CLOSE>SYN_SENT connect by curl 4711",
            "client SYN Delivered"
        ]
    );
}

#[test]
fn a_program_whose_start_is_heard_late_runs_before_it_connects() {
    let mut play = Play::wired();
    play.core.request(LabRequest::Run(Client, CURL, ProgramSpec::default()));
    let starts = vec![ProgramWord::Here(4711), ProgramWord::Started];
    play.core.outside.programs.is_coming = true;
    play.core.outside.programs.words_after_a_wait.push((CURL, starts));
    play.holds(7, 4711, Holding::Open);
    play.table(Client, [row(Client, State::SynSent, 7)]);
    play.sends(Client, segment(Client, SYN, 1, 0));
    play.turn_with_packets();
    assert_eq!(
        play.told(),
        [
            "client program 1 runs, pid 4711",
            "client 7 is curl 4711's",
            "client CLOSE>SYN_SENT connect by curl 4711",
            "client SYN Delivered"
        ]
    );
}

#[test]
fn what_a_program_resets_as_soon_as_it_is_connected_was_established() {
    let mut play = Play::with_a_program(Client);
    play.holds(7, 4711, Holding::Open);
    play.table(Client, [row(Client, State::SynSent, 7)]);
    play.sends(Client, segment(Client, SYN, 1, 0));
    play.turn_with_packets();
    play.told();
    play.holds(7, 4711, Holding::Closed);
    play.next_arrival(Client, |end| end.rows.clear());
    play.sends(Server, segment(Server, SYN_ACK, 1, 2));
    play.turn_with_packets();
    assert_eq!(
        play.transitions(),
        [
            "client SYN_SENT>ESTABLISHED received, from segments",
            "client ESTABLISHED>CLOSE close by curl 4711, from segments"
        ]
    );
}

#[test]
fn nobody_is_asked_who_holds_an_endpoints_socket() {
    let mut play = Play::with_a_program(Client);
    play.connect_both();
    play.pass(SEC);
    assert_eq!(play.core.outside.programs.asked, 0);
}

#[test]
fn a_socket_that_nobody_holds_is_asked_for_a_few_times() {
    let mut play = Play::with_a_program(Client);
    play.table(Client, [row(Client, State::Established, 77)]);
    play.pass(10 * SEC);
    assert!(
        play.core.outside.programs.asked <= 10,
        "{}",
        play.core.outside.programs.asked
    );
}

/// A program's connection goes on like that when its descriptor has come to that, and `flags` leave the host.
fn ends(holding: Holding, to: State, flags: Flags) -> Vec<String> {
    let mut play = Play::with_a_program(Client);
    play.holds(7, 4711, Holding::Open);
    play.table(Client, [row(Client, State::Established, 7)]);
    play.pass(20 * MS);
    play.told();
    play.holds(7, 4711, holding);
    match to {
        State::Close => play.table(Client, []),
        to => play.table(Client, [row(Client, to, 7)]),
    }
    play.sends(Client, segment(Client, flags, 1, 1));
    play.turn_with_packets();
    play.transitions()
}

#[test]
fn the_descriptor_tells_a_shutdown_from_a_close_and_from_the_end_of_the_process() {
    use State::*;
    assert_eq!(
        ends(Holding::Open, FinWait1, FIN_ACK),
        ["client ESTABLISHED>FIN_WAIT1 shutdown by curl 4711"]
    );
    assert_eq!(
        ends(Holding::Closed, FinWait1, FIN_ACK),
        ["client ESTABLISHED>FIN_WAIT1 closeorshutdown by curl 4711"]
    );
    assert_eq!(
        ends(Holding::Ended, FinWait1, FIN_ACK),
        ["client ESTABLISHED>FIN_WAIT1 closeorexit by curl 4711"]
    );
    assert_eq!(
        ends(Holding::Closed, Close, RST_ACK),
        ["client ESTABLISHED>CLOSE abort by curl 4711"]
    );
    assert_eq!(
        ends(Holding::Ended, Close, RST_ACK),
        ["client ESTABLISHED>CLOSE closeorexit by curl 4711"]
    );
}

/// A search of all other processes' descriptors would cost as much as they have, at the end of each connection.
#[test]
fn nobody_else_is_asked_about_a_socket_whose_row_says_that_nobody_holds_it() {
    let asked = |inode| {
        let mut play = Play::with_a_program(Client);
        play.holds(7, 4711, Holding::Open);
        play.table(Client, [row(Client, State::Established, 7)]);
        play.pass(20 * MS);
        play.told();
        play.holds(7, 4711, Holding::Closed);
        play.table(Client, [row(Client, State::FinWait1, inode)]);
        play.sends(Client, segment(Client, FIN_ACK, 1, 1));
        play.turn_with_packets();
        assert_eq!(
            play.transitions(),
            ["client ESTABLISHED>FIN_WAIT1 closeorshutdown by curl 4711"]
        );
        play.core.outside.programs.others_asked
    };
    assert_eq!((asked(7), asked(0)), (1, 0));
}

#[test]
fn what_a_closed_socket_does_afterwards_is_not_the_programs() {
    let mut play = Play::with_a_program(Client);
    play.holds(7, 4711, Holding::Open);
    play.table(Client, [row(Client, State::Established, 7)]);
    play.pass(20 * MS);
    play.holds(7, 4711, Holding::Closed);
    play.table(Client, [row(Client, State::FinWait1, 0)]);
    play.sends(Client, segment(Client, FIN_ACK, 1, 1));
    play.turn_with_packets();
    play.told();
    play.table(Client, []);
    play.pass(20 * MS);
    assert_eq!(play.transitions(), ["client FIN_WAIT1>CLOSE unseen"]);
}

#[test]
fn a_worker_that_takes_a_socket_over_is_told_as_its_owner() {
    let mut play = Play::with_a_program(Client);
    play.holds(7, 4711, Holding::Open);
    play.table(Client, [row(Client, State::Established, 7)]);
    play.pass(20 * MS);
    play.told();
    play.holds(7, 4712, Holding::Open);
    play.pass(SEC);
    assert_eq!(play.told(), ["client 7 is curl 4712's"]);
}

#[test]
fn what_its_owner_closes_stays_with_the_child_that_still_has_it() {
    let mut play = Play::with_a_program(Client);
    play.core.outside.programs.is_traced = true;
    play.holds(7, 4711, Holding::Open);
    play.table(Client, [row(Client, State::Established, 7)]);
    play.pass(20 * MS);
    play.told();
    play.holds(7, 4712, Holding::Open);
    play.program_says([traced("close(5) = 0", 7)]);
    assert_eq!(play.told(), ["client called close", "client 7 is curl 4712's"]);
    play.holds(7, 4712, Holding::Ended);
    play.table(Client, [row(Client, State::FinWait1, 0)]);
    play.sends(Client, segment(Client, FIN_ACK, 1, 1));
    play.turn_with_packets();
    assert_eq!(play.transitions(), ["client ESTABLISHED>FIN_WAIT1 exit by curl 4712"]);
}

/// However many sockets a program makes: whichever is known first, that it is closed or that it is over.
#[test]
fn what_is_known_of_a_traced_programs_sockets_does_not_grow_with_them() {
    let mut play = Play::with_a_program(Client);
    play.core.outside.programs.is_traced = true;
    let owned = |play: &Play| play.core.ends[Client].program_sockets.owned_count();
    for inode in 100..200 {
        play.holds(inode, 4711, Holding::Open);
        play.table(Client, [row(Client, State::Established, inode)]);
        play.pass(20 * MS);
        assert_eq!(owned(&play), 1);
        play.holds(inode, 4711, Holding::Closed);
        if inode % 2 == 0 {
            play.program_says([traced("close(5) = 0", inode)]);
            assert_eq!(owned(&play), 1, "it may have a FIN to send");
            play.table(Client, []);
            play.pass(20 * MS);
        } else {
            play.table(Client, []);
            play.pass(20 * MS);
            assert_eq!(owned(&play), 1, "its close is to come");
            play.program_says([traced("close(5) = 0", inode)]);
        }
        assert_eq!(owned(&play), 0, "{inode}");
    }
    // Its process ends without a close.
    play.holds(200, 4712, Holding::Open);
    play.table(Client, [row(Client, State::Established, 200)]);
    play.pass(20 * MS);
    play.holds(200, 4712, Holding::Ended);
    play.table(Client, []);
    play.pass(20 * MS);
    assert_eq!(owned(&play), 0);
    // What is in no table.
    for inode in 1000..4000 {
        play.program_says([
            traced("socket(AF_INET, SOCK_STREAM, 0) = 5", inode),
            traced("close(5) = 0", inode),
        ]);
    }
    assert!(owned(&play) <= 1025, "{}", owned(&play));
}

#[test]
fn a_call_that_strace_prints_late_is_told_before_what_it_has_led_to() {
    let mut play = Play::with_a_program(Client);
    play.core.outside.programs.is_traced = true;
    play.program_says([traced("socket(AF_INET, SOCK_STREAM, 0) = 5", 7)]);
    assert_eq!(play.told(), ["client 7 is program 4711's", "client called socket"]);
    play.core
        .outside
        .programs
        .words_after_a_wait
        .push((CURL, vec![traced("connect(5, ..) = 0", 7)]));
    play.table(Client, [row(Client, State::SynSent, 7)]);
    play.sends(Client, segment(Client, SYN, 1, 0));
    play.turn_with_packets();
    let told = play.told();
    assert_eq!(
        told,
        [
            "client called connect",
            "client CLOSE>SYN_SENT connect by program 4711",
            "client SYN Delivered"
        ]
    );
}

#[test]
fn a_call_that_strace_does_not_print_is_waited_for_a_moment_only() {
    let mut play = Play::with_a_program(Client);
    play.core.outside.programs.is_traced = true;
    play.holds(7, 4711, Holding::Open);
    let before = play.now();
    play.table(Client, [row(Client, State::SynSent, 7)]);
    play.sends(Client, segment(Client, SYN, 1, 0));
    play.turn_with_packets();
    assert_eq!(play.transitions(), ["client CLOSE>SYN_SENT connect by curl 4711"]);
    assert_eq!(play.now().since(before), 5 * MS);
}

/// A connection of a traced program's leaves ESTABLISHED with a FIN, its descriptor closed, after strace has printed these calls.
fn ends_after(calls: &[&str]) -> Vec<String> {
    let mut play = Play::with_a_program(Client);
    play.core.outside.programs.is_traced = true;
    play.holds(7, 4711, Holding::Open);
    play.table(Client, [row(Client, State::Established, 7)]);
    play.pass(20 * MS);
    play.told();
    play.holds(7, 4711, Holding::Closed);
    let calls = calls.iter().map(|call| traced(call, 7)).collect();
    play.core.outside.programs.words_after_a_wait.push((CURL, calls));
    play.table(Client, [row(Client, State::FinWait1, 0)]);
    play.sends(Client, segment(Client, FIN_ACK, 1, 1));
    play.turn_with_packets();
    play.transitions()
}

#[test]
fn of_a_shutdown_and_a_close_the_one_that_sent_the_fin_is_the_cause() {
    let (shutdown, close) = (
        ["client ESTABLISHED>FIN_WAIT1 shutdown by curl 4711"],
        ["client ESTABLISHED>FIN_WAIT1 close by curl 4711"],
    );
    assert_eq!(ends_after(&["shutdown(5, SHUT_WR) = 0", "close(5) = 0"]), shutdown);
    assert_eq!(ends_after(&["shutdown(5, SHUT_RDWR) = 0", "close(5) = 0"]), shutdown);
    assert_eq!(ends_after(&["shutdown(5, SHUT_RD) = 0", "close(5) = 0"]), close);
    assert_eq!(ends_after(&["close(5) = 0"]), close);
}

#[test]
fn what_a_traced_program_disconnects_it_has_reset_with_its_descriptor_open() {
    let mut play = Play::with_a_program(Client);
    play.core.outside.programs.is_traced = true;
    play.holds(7, 4711, Holding::Open);
    play.table(Client, [row(Client, State::Established, 7)]);
    play.pass(20 * MS);
    play.told();
    let call = traced("connect(5, {sa_family=AF_UNSPEC, sa_data=\"\\0\"}, 16) = 0", 7);
    play.core.outside.programs.words_after_a_wait.push((CURL, vec![call]));
    play.table(Client, []);
    play.sends(Client, segment(Client, RST_ACK, 1, 1));
    play.turn_with_packets();
    assert_eq!(play.transitions(), ["client ESTABLISHED>CLOSE disconnect by curl 4711"]);
}

#[test]
fn a_child_that_executes_a_program_has_its_name_from_then_on() {
    let mut play = Play::with_a_program(Client);
    play.holds(7, 4711, Holding::Open);
    play.table(Client, [row(Client, State::Established, 7)]);
    play.pass(20 * MS);
    play.told();
    let held = (descriptor(4711, "wget"), Holding::Open);
    play.core.outside.programs.held.insert(7, held);
    play.table(Client, [row(Client, State::FinWait1, 7)]);
    play.sends(Client, segment(Client, FIN_ACK, 1, 1));
    play.turn_with_packets();
    let told = play.told();
    assert!(told.contains(&"client 7 is wget 4711's".into()), "{told:?}");
    assert!(
        told.contains(&"client ESTABLISHED>FIN_WAIT1 shutdown by wget 4711".into()),
        "{told:?}"
    );
}

/// What is killed by request ends with its sockets open: nobody has closed them.
#[test]
fn a_program_that_was_killed_has_closed_nothing() {
    let mut play = Play::with_a_program(Client);
    play.holds(7, 4711, Holding::Open);
    play.table(Client, [row(Client, State::Established, 7)]);
    play.pass(20 * MS);
    play.told();
    play.core.request(LabRequest::Signal(ProgramNo(1), libc::SIGKILL));
    play.holds(7, 4711, Holding::Ended);
    play.table(Client, [row(Client, State::FinWait1, 0)]);
    play.sends(Client, segment(Client, FIN_ACK, 1, 1));
    play.turn_with_packets();
    assert_eq!(play.transitions(), ["client ESTABLISHED>FIN_WAIT1 exit by curl 4711"]);
}

#[test]
fn the_last_segments_of_a_program_come_before_the_news_of_its_end() {
    let mut play = Play::with_a_program(Client);
    play.holds(7, 4711, Holding::Open);
    play.table(Client, [row(Client, State::Established, 7)]);
    play.pass(20 * MS);
    play.told();
    play.holds(7, 4711, Holding::Ended);
    play.table(Client, [row(Client, State::FinWait1, 0)]);
    play.sends(Client, segment(Client, FIN_ACK, 1, 1));
    play.program_says([
        ProgramWord::Output(OutputStream::Stderr, "bye".into()),
        ProgramWord::Exited(Death::Signal(9), 0),
    ]);
    let told = play.told();
    assert_eq!(
        told,
        [
            "client bye",
            "client ESTABLISHED>FIN_WAIT1 closeorexit by curl 4711",
            "client FIN,ACK Delivered",
            "client program 1 killed by SIGKILL",
        ]
    );
}

/// Whether the kernel has given a socket up is known when the program tells of its timeout.
#[test]
fn what_became_of_a_socket_is_told_before_the_timeout_that_its_program_writes() {
    let mut play = Play::with_a_program(Client);
    play.holds(7, 4711, Holding::Open);
    play.table(Client, [row(Client, State::Established, 7)]);
    play.pass(20 * MS);
    play.told();
    play.table(Client, [row(Client, State::FinWait1, 7)]);
    let line = "OSError: [Errno 110] Connection timed out".to_owned();
    play.program_says([ProgramWord::Output(OutputStream::Stderr, line)]);
    let told = play.told();
    assert!(told[0].starts_with("client ESTABLISHED>FIN_WAIT1"), "{told:?}");
    assert_eq!(told.last().unwrap(), "client OSError: [Errno 110] Connection timed out");
}

#[test]
fn a_signal_to_a_program_that_has_ended_is_refused_in_a_sentence() {
    let mut play = Play::with_a_program(Client);
    play.program_says([ProgramWord::Exited(Death::Exited(0), 0)]);
    play.rest();
    play.told();
    play.core.request(LabRequest::Signal(CURL, 15));
    assert_eq!(play.told(), ["program 1 does not run"]);
}

#[test]
fn the_loopback_lab_says_that_it_runs_none() {
    let mut play = Play::loopback();
    play.core.request(LabRequest::Run(Client, CURL, ProgramSpec::default()));
    assert!(play.core.outside.programs.started.is_empty());
    let told = std::mem::take(&mut play.core.outside.told);
    let news = told.into_iter().find_map(|(_, what)| match what {
        LabEvent::Program(ProgramEvent { what, .. }) => Some(what),
        _ => None,
    });
    let why = "programs run on the hosts of the isolated lab, and this is the loopback lab".into();
    assert_eq!(news, Some(ProgramNews::NotStarted { why }));
}

/// A program's listener at the server, and in its queue a connection that nobody has accepted.
fn a_queued_connection() -> Play {
    let mut play = Play::with_a_program(Server);
    play.holds(9, 4711, Holding::Open);
    play.table(
        Server,
        [row(Server, State::Listen, 9), row(Server, State::Established, 0)],
    );
    play.pass(20 * MS);
    play.told();
    play
}

#[test]
fn what_was_accepted_and_closed_at_once_is_its_who_alone_holds_the_listener() {
    let mut play = a_queued_connection();
    // No table has shown the accepted socket with its inode, and no process has its descriptor any more.
    play.table(Server, [row(Server, State::Listen, 9), row(Server, State::FinWait1, 0)]);
    play.sends(Server, segment(Server, FIN_ACK, 1, 1));
    play.turn_with_packets();
    assert_eq!(
        play.transitions(),
        ["server ESTABLISHED>FIN_WAIT1 closeorshutdown by curl 4711"]
    );
}

#[test]
fn what_was_accepted_and_aborted_at_once_is_its_who_alone_holds_the_listener() {
    let mut play = a_queued_connection();
    play.table(Server, [row(Server, State::Listen, 9)]);
    play.sends(Server, segment(Server, RST_ACK, 1, 1));
    play.turn_with_packets();
    assert_eq!(play.transitions(), ["server ESTABLISHED>CLOSE abort by curl 4711"]);
}

/// What was accepted through a listener that several processes hold goes on like that, and `flags` leave its host, if any.
fn ends_among_workers(to: State, flags: Option<Flags>) -> Vec<String> {
    let mut play = a_queued_connection();
    play.core.outside.programs.has_workers = true;
    let gone = [row(Server, State::Listen, 9)];
    match to {
        State::Close => play.table(Server, gone),
        to => play.table(Server, [gone[0].clone(), row(Server, to, 0)]),
    }
    match flags {
        Some(flags) => {
            play.sends(Server, segment(Server, flags, 1, 1));
            play.turn_with_packets();
        }
        None => play.pass(20 * MS),
    }
    play.transitions()
}

#[test]
fn what_one_of_several_workers_accepted_and_closed_at_once_was_a_process_that_sent_the_fin() {
    assert_eq!(
        ends_among_workers(State::FinWait1, Some(FIN_ACK)),
        ["server ESTABLISHED>FIN_WAIT1 a process not seen here, which sent the FIN,ACK"]
    );
    assert_eq!(
        ends_among_workers(State::Close, Some(RST_ACK)),
        ["server ESTABLISHED>CLOSE a process not seen here, which sent the RST,ACK"]
    );
    // The table is read before the segment: no timer and no packet does that.
    assert_eq!(
        ends_among_workers(State::FinWait1, None),
        ["server ESTABLISHED>FIN_WAIT1 a process not seen here"]
    );
    assert_eq!(
        ends_among_workers(State::Close, None),
        ["server ESTABLISHED>CLOSE unseen"]
    );
}

#[test]
fn a_process_beside_the_lab_is_told_as_the_owner_of_its_socket() {
    let mut play = Play::new(LabKind::Isolated);
    play.core.outside.programs.is_beside = true;
    play.holds(7, 4711, Holding::Open);
    play.table(Client, [row(Client, State::SynSent, 7)]);
    play.sends(Client, segment(Client, SYN, 0, 0));
    play.turn_with_packets();
    let told = play.told();
    assert_eq!(told[0], "client 7 is curl 4711's");
    assert_eq!(told[1], "client CLOSE>SYN_SENT connect by curl 4711");
    play.holds(7, 4711, Holding::Closed);
    play.table(Client, []);
    play.sends(Client, segment(Client, RST_ACK, 1, 1));
    play.turn_with_packets();
    assert_eq!(play.transitions(), ["client SYN_SENT>CLOSE abort by curl 4711"]);
}

#[test]
fn nobody_is_asked_whose_an_endpoints_socket_is_where_no_program_runs() {
    let mut play = Play::new(LabKind::Isolated);
    play.connect_both();
    play.pass(SEC);
    assert_eq!(play.core.outside.programs.asked, 0);
}

#[test]
fn what_is_reset_before_its_listener_is_read_goes_with_that() {
    let mut play = a_queued_connection();
    play.holds(9, 4711, Holding::Closed);
    play.table(Server, []);
    play.sends(Server, segment(Server, RST_ACK, 1, 1));
    play.turn_with_packets();
    assert_eq!(play.transitions(), ["server ESTABLISHED>CLOSE close by curl 4711"]);
}

#[test]
fn what_waits_in_a_listeners_queue_goes_with_it() {
    let mut play = a_queued_connection();
    play.holds(9, 4711, Holding::Ended);
    play.table(Server, []);
    play.pass(20 * MS);
    let mut told = play.transitions();
    told.sort();
    assert_eq!(
        told,
        [
            "server ESTABLISHED>CLOSE closeorexit by curl 4711",
            "server LISTEN>CLOSE closeorexit by curl 4711"
        ]
    );
}

#[test]
fn a_connection_within_a_host_is_the_deed_of_who_connects() {
    let mut play = Play::with_a_program(Server);
    play.holds(9, 4711, Holding::Open);
    play.holds(7, 4712, Holding::Open);
    play.table(Server, [row(Server, State::Listen, 9)]);
    play.pass(20 * MS);
    play.told();
    let connects = SocketRow {
        tuple: connection(),
        ..row(Server, State::Established, 7)
    };
    play.table(
        Server,
        [
            row(Server, State::Listen, 9),
            row(Server, State::Established, 0),
            connects,
        ],
    );
    play.pass(20 * MS);
    let both = ["server CLOSE>ESTABLISHED connect by curl 4712"; 2];
    assert_eq!(play.transitions(), both);
}
