//! procfs and sock_diag tell the same of real sockets, and tell it truly.
//!
//! Each test has a network namespace of its own, and so needs root; without, it fails.

use etherparse::PacketBuilder;
use finwait::call::Family;
use finwait::observe::diag::Diag;
use finwait::observe::procfs::{ProcRow, ProcTable};
use finwait::os::netns::{capable, unshare_net_with_own_table};
use finwait::os::rtnl::Rtnl;
use finwait::os::tun::Tun;
use finwait::socket_table::{SocketRow, TimerKind, Tuple};
use finwait::state::State;
use std::io::Write;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, TcpStream};
use std::os::fd::AsFd;
use std::thread;
use std::time::{Duration, Instant};

const LOOPBACKS: [IpAddr; 2] = [IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST)];

/// Both views of the namespace's sockets of one family.
struct Views {
    family: Family,
    diag: Diag,
    procfs: ProcTable,
}

impl Views {
    fn open(family: Family) -> Views {
        Views {
            family,
            diag: Diag::open().unwrap(),
            procfs: ProcTable::open(family).unwrap(),
        }
    }

    fn diag(&mut self) -> Vec<SocketRow> {
        let mut rows = Vec::new();
        self.diag.dump(self.family, &mut rows).unwrap();
        rows.sort_by_key(|row| row.tuple);
        rows
    }

    fn procfs(&mut self) -> Vec<ProcRow> {
        let mut rows = Vec::new();
        self.procfs.read(&mut rows).unwrap();
        assert!(self.procfs.unread().is_empty(), "{:?}", self.procfs.unread());
        rows.sort_by_key(|row| row.row.tuple);
        rows
    }

    /// Waits until sock_diag reports `state` for the connection.
    fn await_state(&mut self, tuple: Tuple, state: State) -> SocketRow {
        let deadline = Instant::now() + Duration::from_secs(5);
        loop {
            let row = self.diag.query(&tuple).unwrap();
            match row {
                Some(row) if row.state == state => return row,
                row => assert!(Instant::now() < deadline, "waited for {state}, there is {row:?}"),
            }
            thread::yield_now();
        }
    }
}

/// Runs `test` for 127.0.0.1 and for ::1, each in a new namespace whose loopback is up.
fn on_each_loopback(test: fn(SocketAddr, &mut Views)) {
    for ip in LOOPBACKS {
        thread::spawn(move || {
            assert!(capable(), "this test needs root");
            unshare_net_with_own_table(256).unwrap();
            let mut rtnl = Rtnl::open().unwrap();
            let lo = rtnl.link_index("lo").unwrap();
            rtnl.set_link(lo, true, None).unwrap();
            let address = SocketAddr::new(ip, 0);
            test(address, &mut Views::open(Family::of(&address)));
        })
        .join()
        .unwrap();
    }
}

fn connection(listener: &TcpListener) -> (TcpStream, TcpStream, Tuple) {
    let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let (server, _) = listener.accept().unwrap();
    let tuple = Tuple {
        local: client.local_addr().unwrap(),
        peer: client.peer_addr().unwrap(),
    };
    (client, server, tuple)
}

fn inode(fd: impl AsFd) -> u64 {
    rustix::fs::fstat(fd).unwrap().st_ino
}

fn find(rows: &[SocketRow], tuple: Tuple) -> &SocketRow {
    rows.iter().find(|row| row.tuple == tuple).unwrap()
}

#[test]
fn both_views_tell_the_same_of_a_listener_and_a_connection() {
    on_each_loopback(|address, views| {
        let listener = TcpListener::bind(address).unwrap();
        let (mut client, server, tuple) = connection(&listener);
        client.write_all(b"hello").unwrap();

        let rows = views.diag();
        let listening = Tuple {
            local: listener.local_addr().unwrap(),
            peer: SocketAddr::new(
                if address.is_ipv4() {
                    Ipv4Addr::UNSPECIFIED.into()
                } else {
                    Ipv6Addr::UNSPECIFIED.into()
                },
                0,
            ),
        };
        assert_eq!(rows.len(), 3);
        for (tuple, state, inode) in [
            (listening, State::Listen, inode(&listener)),
            (tuple, State::Established, inode(&client)),
            (tuple.mirrored(), State::Established, inode(&server)),
        ] {
            let row = find(&rows, tuple);
            assert_eq!((row.state, row.inode), (state, inode));
            assert_eq!(row.info.is_some(), state == State::Established);
        }
        assert_eq!(find(&rows, tuple.mirrored()).rx_queue, 5);
        assert!(find(&rows, tuple).info.unwrap().rtt_us > 0);

        let mut plain = Vec::new();
        views.diag.dump_without_info(views.family, &mut plain).unwrap();
        assert!(plain.len() == rows.len() && plain.iter().all(|row| row.info.is_none()));

        let lines = views.procfs();
        assert_eq!(lines.len(), rows.len());
        for (ProcRow { row, line }, diag) in lines.iter().zip(&rows) {
            assert_eq!(
                (row.tuple, row.state, row.inode),
                (diag.tuple, diag.state, diag.inode),
                "{line}"
            );
            assert_eq!(row.rx_queue, diag.rx_queue, "{line}");
        }
    });
}

#[test]
fn time_wait_has_no_inode_and_a_minute_to_go() {
    on_each_loopback(|address, views| {
        let listener = TcpListener::bind(address).unwrap();
        let (client, server, tuple) = connection(&listener);
        drop(client);
        views.await_state(tuple, State::FinWait2);
        drop(server);
        let exact = views.await_state(tuple, State::TimeWait);

        let rows = views.diag();
        let lines = views.procfs();
        let line = &lines.iter().find(|line| line.row.tuple == tuple).unwrap().row;
        for row in [&exact, find(&rows, tuple), line] {
            assert_eq!((row.state, row.inode, row.info), (State::TimeWait, 0, None));
            let timer = row.timer.unwrap();
            assert_eq!(timer.kind, TimerKind::TimeWait);
            let minute = Duration::from_secs(55)..Duration::from_secs(65);
            assert!(minute.contains(&timer.left), "{timer:?}");
        }
        assert_eq!(views.diag.query(&tuple.mirrored()).unwrap(), None);
    });
}

#[test]
fn a_query_finds_exactly_its_socket() {
    on_each_loopback(|address, views| {
        let listener = TcpListener::bind(address).unwrap();
        let (_client, _server, tuple) = connection(&listener);
        let rows = views.diag();
        for row in &rows {
            let found = views.diag.query(&row.tuple).unwrap().unwrap();
            assert_eq!(
                (found.tuple, found.state, found.inode),
                (row.tuple, row.state, row.inode)
            );
        }
        // The kernel answers this one with the listener.
        let mut stranger = tuple.mirrored();
        stranger.peer.set_port(1);
        assert_eq!(views.diag.query(&stranger).unwrap(), None);
        stranger.local.set_port(1);
        assert_eq!(views.diag.query(&stranger).unwrap(), None);
    });
}

#[test]
fn a_handshake_that_has_not_ended_is_syn_recv_without_tcp_info() {
    on_each_loopback(|address, views| {
        let peer: SocketAddr = if address.is_ipv4() {
            "10.0.0.1:4000"
        } else {
            "[fd00::1]:4000"
        }
        .parse()
        .unwrap();
        let local: SocketAddr = if address.is_ipv4() {
            "10.0.0.2:80"
        } else {
            "[fd00::2]:80"
        }
        .parse()
        .unwrap();
        let tun = Tun::create("wire", false).unwrap();
        let mut rtnl = Rtnl::open().unwrap();
        let index = rtnl.link_index("wire").unwrap();
        rtnl.add_address(index, local.ip(), if local.is_ipv4() { 32 } else { 128 })
            .unwrap();
        rtnl.set_link(index, true, None).unwrap();
        rtnl.add_default_route(index, local.is_ipv6()).unwrap();
        let _listener = TcpListener::bind(local).unwrap();

        // A SYN whose SYN,ACK no one answers.
        let ip = match (peer.ip(), local.ip()) {
            (IpAddr::V4(from), IpAddr::V4(to)) => PacketBuilder::ipv4(from.octets(), to.octets(), 64),
            (IpAddr::V6(from), IpAddr::V6(to)) => PacketBuilder::ipv6(from.octets(), to.octets(), 64),
            _ => unreachable!(),
        };
        let mut syn = Vec::new();
        ip.tcp(peer.port(), local.port(), 1, 1000)
            .syn()
            .write(&mut syn, &[])
            .unwrap();
        let request = Tuple { local, peer };
        // An IPv6 address gets its local route some time after it was set (`addrconf_dad_work`); a SYN before that is dropped.
        let deadline = Instant::now() + Duration::from_secs(5);
        let exact = loop {
            tun.write(&syn, &finwait::wire::offload::Offload::NONE).unwrap();
            if let Some(row) = views.diag.query(&request).unwrap() {
                break row;
            }
            assert!(Instant::now() < deadline, "waited for {request:?}");
            thread::yield_now();
        };
        let rows = views.diag();
        let lines = views.procfs();
        let line = &lines.iter().find(|line| line.row.tuple == request).unwrap().row;
        for row in [find(&rows, request), line, &exact] {
            assert_eq!((row.state, row.inode, row.info), (State::SynRecv, 0, None));
            assert_eq!(row.timer.map(|timer| timer.kind), Some(TimerKind::Retransmit));
        }
    });
}

#[test]
fn an_ipv4_connection_of_an_ipv6_socket_is_found_by_its_ipv4_addresses() {
    on_each_loopback(|address, views| {
        if address.is_ipv4() {
            return;
        }
        let listener = TcpListener::bind("[::]:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let client = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).unwrap();
        let (_server, _) = listener.accept().unwrap();
        let tuple = Tuple {
            local: client.peer_addr().unwrap(),
            peer: client.local_addr().unwrap(),
        };
        let row = views.diag.query(&tuple).unwrap().unwrap();
        assert_eq!(row.state, State::Established);
        // Both views show the addresses that its segments have.
        assert_eq!(row.tuple, tuple);
        assert!(views.procfs().iter().any(|line| line.row.tuple == tuple));
    });
}

#[test]
fn hundreds_of_sockets_fill_many_datagrams_and_none_is_lost() {
    on_each_loopback(|address, views| {
        let listener = TcpListener::bind(address).unwrap();
        let connections: Vec<_> = (0..400).map(|_| connection(&listener)).collect();
        for _ in 0..3 {
            let rows = views.diag();
            assert_eq!(rows.len(), 801);
            assert_eq!(views.procfs().len(), 801);
            for (_, _, tuple) in &connections {
                assert!(rows.binary_search_by_key(tuple, |row| row.tuple).is_ok());
            }
        }
    });
}

#[test]
fn descriptors_keep_their_namespace_in_other_threads() {
    on_each_loopback(|address, views| {
        let _listener = TcpListener::bind(address).unwrap();
        thread::scope(|scope| {
            scope
                .spawn(move || {
                    unshare_net_with_own_table(256).unwrap();
                    assert_eq!(views.diag().len(), 1);
                    assert_eq!(views.procfs().len(), 1);
                })
                .join()
                .unwrap();
        });
    });
}
