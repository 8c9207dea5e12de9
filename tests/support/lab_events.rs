//! Events of a lab that a test makes up: what its tables have, which states change, and by whom.
#![allow(dead_code, reason = "each test binary uses its part")]

use std::net::{IpAddr, Ipv4Addr};

use finwait::host::Port;
use finwait::lab::event::{
    LabEvent, ObservedSocket, ProcessBorn, ProgramCause, ProgramDeed, StateChanged, TransitionCause, Witness,
};
use finwait::program::{ProgramNo, SocketOwner};
use finwait::session::{LabFacts, LabKind};
use finwait::side::{Ends, Side};
use finwait::socket_table::{SocketRow, Tuple};
use finwait::state::State;

pub const CLIENT: IpAddr = IpAddr::V4(Ipv4Addr::new(10, 0, 0, 1));
pub const SERVER: IpAddr = IpAddr::V4(Ipv4Addr::new(10, 0, 0, 2));

/// A lab of that kind, whose hosts have no settings that are known.
pub fn facts(kind: LabKind) -> LabFacts {
    LabFacts {
        kind,
        addresses: Ends {
            client: CLIENT,
            server: SERVER,
        },
        offload: false,
        port: Port(8080),
        settings: Ends::default(),
        syn_patience: None,
        no_sock_diag: None,
        capture: None,
    }
}

/// An endpoint of raw calls is up.
pub fn born(side: Side, pid: u32) -> LabEvent {
    LabEvent::Born(ProcessBorn {
        side,
        pid,
        runtime: "native".into(),
        takes_unasked: false,
        nofile: None,
    })
}

/// A row of a host's table, with empty queues and no timer.
pub fn row(tuple: Tuple, state: State, inode: u64) -> ObservedSocket {
    ObservedSocket {
        row: SocketRow {
            tuple,
            state,
            rx_queue: 0,
            tx_queue: 0,
            timer: None,
            retransmits: 0,
            inode,
            info: None,
        },
        line: String::new(),
    }
}

/// A change of state that a host's table shows.
pub fn changed(side: Side, tuple: Tuple, inode: u64, (from, to): (State, State), cause: TransitionCause) -> LabEvent {
    LabEvent::Transition(StateChanged {
        side,
        tuple,
        inode,
        from,
        to,
        cause,
        witness: Witness::Table,
    })
}

/// A process of a program.
pub fn process(no: u32, pid: u32, name: &str) -> SocketOwner {
    SocketOwner {
        program: Some(ProgramNo(no)),
        pid,
        name: name.into(),
    }
}

/// A deed of a program's process, as the cause of a change.
pub fn by_program(no: u32, pid: u32, name: &str, by: ProgramDeed) -> TransitionCause {
    let process = process(no, pid, name);
    TransitionCause::Program(ProgramCause { process, by })
}
