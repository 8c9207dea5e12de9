//! The order in which things are told: cause before effect.

use super::*;
use crate::event::Death;
use crate::runtime::{Launch, Runtime};
use finwait_wire::queue::Mode;

#[test]
fn a_packet_waits_for_the_announcement_of_its_call() {
    let mut play = Play::wired();
    play.socket(Client, "client", 7);
    play.ask(Client, 1, "client", connect());
    // The packet is seen first; the announcement was written before it.
    play.says(Client, began(1));
    play.table(Client, [row(Client, State::SynSent, 7)]);
    play.sends(Client, segment(Client, SYN, 100, 0));
    play.turn_with_packets();
    assert_eq!(
        play.told(),
        ["client began 1", "client CLOSE>SYN_SENT call 1", "client SYN Delivered",]
    );
}

/// Data between two open ESTABLISHED sockets changes no state, and no table is read for it; its write is announced before it all the same.
#[test]
fn plain_data_waits_for_its_announcement_too_and_for_no_table() {
    let mut play = Play::connected();
    let data = finwait_model::call::Bytes(b"x".to_vec());
    let write = Call::Write {
        data,
        repeat: 1,
        flags: Vec::new(),
        deadline: None,
    };
    play.ask(Client, 1, "client", write);
    play.says(Client, began(1));
    play.sends(Client, with_payload(Client, ACK, 100, 500, 1));
    let readings = play.core.outside.readings.len();
    play.turn_with_packets();
    assert_eq!(play.told(), ["client began 1", "client ACK Delivered"]);
    assert_eq!(play.core.outside.readings.len(), readings);
}

/// Also where the packet came to the device after poll had looked at it.
#[test]
fn an_outcome_waits_for_the_packets_before_it_and_for_their_effects() {
    let mut play = Play::connected();
    play.ask(Client, 1, "client", Call::Close);
    play.says(Client, began(1));
    play.says(Client, closed(1));
    play.table(Client, [row(Client, State::FinWait1, 0)]);
    play.next_arrival(Server, |end| end.rows = vec![row(Server, State::CloseWait, 9)]);
    let without_packets = play.core.outside.ready();
    play.sends(Client, segment(Client, FIN_ACK, 100, 500));
    play.turn_with(&without_packets);
    assert_eq!(
        play.told(),
        [
            "client began 1",
            "client ESTABLISHED>FIN_WAIT1 call 1",
            "client FIN,ACK Delivered",
            "server ESTABLISHED>CLOSE_WAIT received",
            "client ended 1",
        ]
    );
}

/// A change that the receiving end made before the packet came is reported before the packet.
#[test]
fn a_change_before_a_packet_is_no_work_of_the_packet() {
    let mut play = Play::connected();
    play.call(
        Server,
        1,
        "server",
        Call::Shutdown {
            how: finwait_model::call::ShutdownHow::Write,
        },
    );
    play.says(Server, ended(1));
    play.table(Server, [row(Server, State::FinWait1, 9)]);
    play.next_arrival(Server, |end| end.rows = vec![row(Server, State::Closing, 9)]);
    play.sends(Client, segment(Client, FIN_ACK, 100, 500));
    play.told();
    play.turn_with_packets();
    assert_eq!(
        play.told(),
        [
            "server ESTABLISHED>FIN_WAIT1 call 1",
            "client FIN,ACK Delivered",
            "server FIN_WAIT1>CLOSING received",
            "server ended 1",
        ]
    );
}

#[test]
fn a_packet_is_told_again_when_something_becomes_of_it() {
    let mut play = Play::connected();
    play.core.request(LabRequest::Wire(WireRequest::Mode(Mode::Step)));
    play.sends(Client, segment(Client, FIN_ACK, 100, 500));
    play.turn();
    assert_eq!(play.told(), ["client FIN,ACK Held"]);
    play.next_arrival(Server, |end| end.rows = vec![row(Server, State::CloseWait, 9)]);
    play.core.request(LabRequest::Wire(WireRequest::Deliver(Which::Next)));
    assert_eq!(
        play.told(),
        ["client FIN,ACK Delivered", "server ESTABLISHED>CLOSE_WAIT received"]
    );
    play.core.request(LabRequest::Wire(WireRequest::Deliver(Which::Next)));
    assert_eq!(play.told(), ["no segment is held"]);
}

/// The last words and the last segments of a process come before its death, and what its death does after.
#[test]
fn a_death_is_told_after_the_last_words_and_segments() {
    let mut play = Play::connected();
    play.ask(Client, 1, "client", read());
    let end = &mut play.core.outside.ends[Client];
    end.is_exiting = true;
    end.death = Some(Death::Signal(libc::SIGKILL));
    end.replies.push(Ok(began(1)));
    play.table(Client, [row(Client, State::FinWait1, 0)]);
    let without_packets = play.core.outside.ready();
    play.sends(Client, segment(Client, FIN_ACK, 100, 500));
    play.turn_with(&without_packets);
    assert_eq!(
        play.told(),
        [
            "client began 1",
            "client ESTABLISHED>FIN_WAIT1 death",
            "client FIN,ACK Delivered",
            "client died",
        ]
    );
    // What it had asked for is forgotten with it.
    play.core.request(LabRequest::Restart(Client));
    play.says(Client, ended(1));
    play.turn();
    assert_eq!(play.told(), ["client garbled: it ended call 1, which is not under way"]);
}

#[test]
fn calls_that_strace_sees_stand_between_the_words_that_they_came_between() {
    let line = |text| Printed::Call(system_call(text));
    let (said_began, said_ended) = (
        Printed::Said(Word::Began, CallId(1)),
        Printed::Said(Word::Ended, CallId(1)),
    );
    let told = [
        "client made getsockopt(7) = 0",
        "client began 1",
        "client made shutdown(7) = 0",
        "client ended 1",
        "client made fcntl(7) = 0",
    ];
    let printed = vec![
        line("getsockopt(7) = 0"),
        said_began,
        line("shutdown(7) = 0"),
        said_ended,
        line("fcntl(7) = 0"),
    ];
    let play = || {
        let mut play = Play::driven(LabKind::Isolated, |process| process.is_traced = true);
        play.connect_both();
        play.ask(Client, 1, "client", Call::SoError);
        play
    };
    // The lines come with the words.
    let mut together = play();
    together.core.outside.ends[Client].printed = printed.clone();
    together.says(Client, began(1));
    together.says(Client, ended(1));
    together.turn();
    let mut heard = together.told();
    heard.retain(|line| !line.starts_with("client ended"));
    assert_eq!(heard, [told[0], told[1], told[2], told[4]]);
    // The lines come one by one, and after the words.
    let mut apart = play();
    let mut lines = printed.into_iter();
    for words in [Some(began(1)), None, Some(ended(1)), None, None] {
        apart.core.outside.ends[Client].printed.extend(lines.next());
        apart.core.outside.ends[Client].replies.extend(words.map(Ok));
        apart.turn();
    }
    assert_eq!(apart.told(), told);
}

#[test]
fn a_descriptor_that_a_library_closed_untold_is_told_once() {
    let mut play = Play::driven(LabKind::Isolated, |process| process.hides = true);
    play.connect_both();
    play.core.outside.ends[Client].inodes.clear();
    play.core.request(LabRequest::Destroy(Server, connection()));
    play.rest();
    assert_eq!(play.told(), ["client lost client"]);
    play.call(Client, 1, "client", read());
    play.rest();
    assert_eq!(play.told(), ["client began 1"]);
}

/// Another runtime takes the place of a process when that is started anew; one that was overtaken by a later wish does not.
#[test]
fn a_runtime_that_is_ready_is_the_next_processs() {
    let ready = |runtime, hides| Preparation {
        side: Client,
        runtime,
        launch: Some(Ok(launch(hides))),
    };
    let mut play = Play::connected();
    play.core.request(LabRequest::Prepare(Client, Runtime::Go));
    play.core.request(LabRequest::Prepare(Client, Runtime::Python));
    play.core.prepared(Preparation {
        launch: None,
        ..ready(Runtime::Go, true)
    });
    play.core.prepared(ready(Runtime::Go, true));
    assert_eq!(play.told(), Vec::<String>::new());
    play.core.prepared(ready(Runtime::Python, true));
    assert_eq!(
        play.told(),
        ["client runtime python is ready: it drives the client from its next start on"]
    );
    // The one that runs is what it was.
    let hides = |play: &Play| play.core.ends[Client].process.map(|process| process.hides);
    assert_eq!(hides(&play), Some(false));
    play.core.outside.ends[Client].death = Some(Death::Signal(libc::SIGKILL));
    play.core.request(LabRequest::Restart(Client));
    assert_eq!(hides(&play), Some(true));
    play.told();
    play.core.request(LabRequest::Prepare(Client, Runtime::Java));
    play.core.prepared(Preparation {
        side: Client,
        runtime: Runtime::Java,
        launch: Some(Err(crate::error::Error::NoRuntime {
            name: "java".into(),
            why: "it is Sunday".into(),
        })),
    });
    assert_eq!(
        play.told(),
        ["client runtime the client stays as it is: java cannot drive an end here: it is Sunday"]
    );
}

fn launch(hides: bool) -> Launch {
    Launch {
        program: "/endpoint".into(),
        arguments: Vec::new(),
        strace: None,
        hides,
    }
}
