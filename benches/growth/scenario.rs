//! A scenario: by the segments of a step, and by the steps of a file.
//!
//! Nothing here touches a kernel: the segments are made up, and a step is judged after each batch of them, as in a live lab.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

use finwait::call::Bytes;
use finwait::clock::MonoTime;
use finwait::host::Port;
use finwait::lab::event::{Disposition, LabEvent, PacketRecord, TimedEvent};
use finwait::scenario::file;
use finwait::scenario::play::{Play, StepStatus};
use finwait::session::{LabFacts, LabKind, Session};
use finwait::side::{Ends, Side};
use finwait::wire::flow::{Flows, PacketNo};
use finwait::wire::queue::Origin;
use finwait::wire::segment::{Flags, Packet, Segment, SeqNo};

use super::{Growth, seconds};

pub const SEGMENTS: Growth = Growth {
    name: "scenario: judging a step",
    unit: "segments",
    sizes: &[5_000, 20_000, 80_000],
    cost: segments,
};
pub const STEPS: Growth = Growth {
    name: "scenario: reading a file",
    unit: "steps",
    sizes: &[1_000, 4_000, 16_000],
    cost: steps,
};

/// The number of segments that a live lab tells of at once.
const BATCH: u64 = 32;
/// The bytes of a full segment.
const MSS: usize = 1_460;

/// The seconds that a step takes to be judged in which so many segments pass.
fn segments(many: u64) -> f64 {
    let (client, server): (SocketAddr, SocketAddr) = (
        "10.0.0.1:40000".parse().expect("an address"),
        "10.0.0.2:8080".parse().expect("an address"),
    );
    let facts = LabFacts {
        kind: LabKind::Isolated,
        addresses: Ends {
            client: client.ip(),
            server: server.ip(),
        },
        offload: false,
        port: Port(8080),
        settings: Ends::default(),
        syn_patience: None,
        no_sock_diag: None,
        capture: None,
    };
    let text = "title = \"t\"\nsummary = \"s\"\ngroup = \"limits\"\nlab = \"isolated\"\n\
                [[step]]\nsegments = [\"...\", \"client FIN,ACK\"]\nwithin = \"600s\"\n";
    let scenario = file::read("growth.toml", text).expect("a scenario");
    let mut session = Session::new(facts, MonoTime(0));
    let mut play = Play::new(Arc::new(scenario));
    play.begin(&mut session, MonoTime(0));
    let mut flows = Flows::default();
    let mut judging = 0.0;
    for no in 0..many {
        let segment = Segment {
            source: client,
            destination: server,
            flags: Flags::ACK,
            seq: SeqNo((no as usize * MSS) as u32),
            ack: SeqNo(1),
            window: 1_000,
            urgent: 0,
            options: Vec::new(),
            len: MSS,
            payload: Bytes(vec![b'x'; 32]),
        };
        let no = PacketNo(no + 1);
        let record = PacketRecord {
            no,
            from: Side::Client,
            seen: flows.sent(no, &segment),
            packet: Packet::Tcp(segment),
            segment_size: None,
            origin: Origin::Host,
            disposition: Disposition::Delivered,
            rule: None,
            link: None,
            stripped: finwait::wire::link::OptionSet::NONE,
            waited: None,
            raw: None,
        };
        let at = MonoTime(no.0);
        session.absorb(TimedEvent {
            at,
            what: LabEvent::Packet(record),
        });
        if no.0.is_multiple_of(BATCH) {
            let began = Instant::now();
            assert!(matches!(play.judge(&session, false, at), StepStatus::Wait(_)));
            judging += began.elapsed().as_secs_f64();
        }
    }
    judging
}

/// The seconds that a file of so many steps takes to be read.
fn steps(many: u64) -> f64 {
    let mut text = String::from("title = \"t\"\nsummary = \"s\"\ngroup = \"limits\"\n");
    for _ in 0..many {
        text.push_str("[[step]]\nclient  = \"socket\"\nreturns = \"ok\"\nstates  = { client = \"CLOSE\" }\n");
    }
    seconds(|| {
        let scenario = file::read("growth.toml", &text).expect("a scenario");
        assert_eq!(scenario.steps.len() as u64, many);
    })
}
