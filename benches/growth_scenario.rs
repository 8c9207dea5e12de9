//! How the cost of a scenario grows: with the segments of a step, and with the steps of a file. 1.0 is linear, 2.0 quadratic.
//!
//! Nothing here touches a kernel: the segments are made up, and a step is judged after each batch of them, as in a live lab.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

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

/// The number of segments that a live lab tells of at once.
const BATCH: usize = 32;
/// The bytes of a full segment.
const MSS: usize = 1_460;

/// The time that a step takes to be judged in which so many segments pass.
fn segments(many: usize) -> Duration {
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
        port: Port(8080),
        settings: Ends::default(),
        syn_patience: None,
        no_sock_diag: None,
    };
    let text = "title = \"t\"\nsummary = \"s\"\ngroup = \"limits\"\nlab = \"isolated\"\n\
                [[step]]\nsegments = [\"...\", \"client FIN,ACK\"]\nwithin = \"600s\"\n";
    let scenario = file::read("growth.toml", text).expect("a scenario");
    let mut session = Session::new(facts, MonoTime(0));
    let mut play = Play::new(Arc::new(scenario));
    play.begin(&mut session, MonoTime(0));
    let mut flows = Flows::default();
    let mut judging = Duration::ZERO;
    for no in 0..many {
        let segment = Segment {
            source: client,
            destination: server,
            flags: Flags::ACK,
            seq: SeqNo((no * MSS) as u32),
            ack: SeqNo(1),
            window: 1_000,
            urgent: 0,
            options: Vec::new(),
            len: MSS,
            payload: Bytes(vec![b'x'; 32]),
        };
        let no = PacketNo(no as u64 + 1);
        let record = PacketRecord {
            no,
            from: Side::Client,
            seen: flows.sent(no, &segment),
            packet: Packet::Tcp(segment),
            origin: Origin::Host,
            disposition: Disposition::Delivered,
            rule: None,
            waited: None,
        };
        let at = MonoTime(no.0);
        session.absorb(TimedEvent {
            at,
            what: LabEvent::Packet(record),
        });
        if no.0.is_multiple_of(BATCH as u64) {
            let began = Instant::now();
            assert!(matches!(play.judge(&session, false, at), StepStatus::Wait(_)));
            judging += began.elapsed();
        }
    }
    judging
}

/// The time that a file of so many steps takes to be read.
fn steps(many: usize) -> Duration {
    let mut text = String::from("title = \"t\"\nsummary = \"s\"\ngroup = \"limits\"\n");
    for _ in 0..many {
        text.push_str("[[step]]\nclient  = \"socket\"\nreturns = \"ok\"\nstates  = { client = \"CLOSE\" }\n");
    }
    let began = Instant::now();
    let scenario = file::read("growth.toml", &text).expect("a scenario");
    assert_eq!(scenario.steps.len(), many);
    began.elapsed()
}

/// Prints the times for more and more of something, and the exponent by which each is more than the one before.
fn grow(what: &str, sizes: [usize; 3], cost: fn(usize) -> Duration) {
    println!("{what:<24}{:>12}{:>10}", "ms", "exponent");
    let mut before: Option<(usize, Duration)> = None;
    for size in sizes {
        let median = |mut times: [Duration; 3]| {
            times.sort();
            times[1]
        };
        let took = median([cost(size), cost(size), cost(size)]);
        let exponent = before.map_or_else(String::new, |(less, took_less)| {
            let ratio = |more: f64, less: f64| (more / less).ln();
            format!(
                "{:.2}",
                ratio(took.as_secs_f64(), took_less.as_secs_f64()) / ratio(size as f64, less as f64)
            )
        });
        println!("{size:>24}{:>12.2}{exponent:>10}", took.as_secs_f64() * 1e3);
        before = Some((size, took));
    }
}

fn main() {
    grow("segments of a step", [5_000, 20_000, 80_000], segments);
    grow("steps of a file", [1_000, 4_000, 16_000], steps);
}
