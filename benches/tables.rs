//! How long it takes to read a host's socket table, beside `ss -tan`, and to decode a segment.
//!
//! Real connections over 127.0.0.1, in network namespaces of our own with a TCP hash table of their own; needs root.
#![allow(missing_docs, reason = "criterion_group! makes public items")]

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use finwait::call::Family;
use finwait::observe::diag::Diag;
use finwait::observe::procfs::{ProcTable, parse};
use finwait::os::netns::unshare_net_with_own_table;
use finwait::os::rtnl::Rtnl;
use finwait::socket_table::Tuple;
use finwait::wire::segment::decode;
use procfs::{FromReadSI, current_system_info, net::TcpNetEntries};
use rustix::process::{Resource, Rlimit, setrlimit};
use std::fs;
use std::hint::black_box;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::process::{Command, Stdio};
use std::time::Duration;

/// Buckets of a host's table, as in a lab.
const BUCKETS: u32 = 256;

/// Connections on the loopback of the network namespace that the thread is in then.
struct Sockets {
    _listener: TcpListener,
    pairs: Vec<(TcpStream, TcpStream)>,
}

impl Sockets {
    /// Moves the thread into a new namespace with so many established sockets, and the listener.
    fn in_own_namespace(rows: usize) -> Sockets {
        unshare_net_with_own_table(BUCKETS).expect("root");
        let mut rtnl = Rtnl::open().expect("rtnetlink");
        let lo = rtnl.link_index("lo").expect("lo");
        rtnl.set_link(lo, true, None).expect("lo up");
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("listen");
        let address = listener.local_addr().expect("address");
        let pair = |_| {
            let client = TcpStream::connect(address).expect("connect");
            (client, listener.accept().expect("accept").0)
        };
        let pairs = (0..rows / 2).map(pair).collect();
        Sockets {
            _listener: listener,
            pairs,
        }
    }
}

fn tables(criterion: &mut Criterion) {
    let files = Rlimit {
        current: Some(12_000),
        maximum: Some(12_000),
    };
    setrlimit(Resource::Nofile, files).expect("root");
    let mut group = criterion.benchmark_group("table");
    group
        .sample_size(20)
        .measurement_time(Duration::from_secs(2))
        .warm_up_time(Duration::from_millis(500));
    for count in [10, 100, 1_000, 10_000] {
        let sockets = Sockets::in_own_namespace(count);

        let (mut diag, mut rows) = (Diag::open().expect("diag"), Vec::new());
        diag.dump(Family::Inet, &mut rows).expect("dump");
        assert_eq!(rows.len(), sockets.pairs.len() * 2 + 1);
        group.bench_function(BenchmarkId::new("diag", count), |bencher| {
            bencher.iter(|| diag.dump(Family::Inet, &mut rows).expect("dump"));
        });

        group.bench_function(BenchmarkId::new("diag, without TCP_INFO", count), |bencher| {
            bencher.iter(|| diag.dump_without_info(Family::Inet, &mut rows).expect("dump"));
        });

        let client = &sockets.pairs[0].0;
        let tuple = Tuple {
            local: client.local_addr().expect("address"),
            peer: client.peer_addr().expect("address"),
        };
        group.bench_function(BenchmarkId::new("diag, one by its addresses", count), |bencher| {
            bencher.iter(|| diag.query(&tuple).expect("query").expect("found"));
        });

        let (mut procfs, mut rows) = (ProcTable::open(Family::Inet).expect("procfs"), Vec::new());
        procfs.read(&mut rows).expect("read");
        assert_eq!(rows.len(), sockets.pairs.len() * 2 + 1);
        group.bench_function(BenchmarkId::new("procfs", count), |bencher| {
            bencher.iter(|| procfs.read(&mut rows).expect("read"));
        });

        // What of that is the kernel's part, what the parsing, and what the crate alone takes for it.
        const PATH: &str = "/proc/thread-self/net/tcp";
        group.bench_function(BenchmarkId::new("procfs, unparsed", count), |bencher| {
            bencher.iter(|| fs::read(PATH).expect("read"));
        });
        let (text, mut unread) = (fs::read(PATH).expect("read"), Vec::new());
        group.bench_function(BenchmarkId::new("procfs, parsing only", count), |bencher| {
            bencher.iter(|| {
                rows.clear();
                parse(&text, &mut rows, &mut unread);
            });
        });
        group.bench_function(BenchmarkId::new("procfs, the crate's parsing only", count), |bencher| {
            bencher.iter(|| TcpNetEntries::from_read(&text[..], current_system_info()).expect("parse"));
        });

        group.bench_function(BenchmarkId::new("ss -tan", count), |bencher| {
            bencher.iter(|| {
                let status = Command::new("ss").arg("-tan").stdout(Stdio::null()).status();
                assert!(status.expect("ss, of iproute2").success());
            });
        });
    }
}

fn segment(criterion: &mut Criterion) {
    let mut packet = Vec::new();
    etherparse::PacketBuilder::ipv4([10, 0, 0, 1], [10, 0, 0, 2], 64)
        .tcp(41822, 8080, 1000, 64240)
        .ack(77)
        .options(&[
            etherparse::TcpOptionElement::Noop,
            etherparse::TcpOptionElement::Noop,
            etherparse::TcpOptionElement::Timestamp(1, 2),
        ])
        .expect("options")
        .write(&mut packet, &[b'x'; 1448])
        .expect("packet");
    assert_eq!(packet.len(), 1500);
    criterion.bench_function("decode a segment of 1500 bytes", |bencher| {
        bencher.iter(|| decode(black_box(&packet)))
    });
}

criterion_group!(benches, segment, tables);
criterion_main!(benches);
