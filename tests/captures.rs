//! `finwait explain` with captures that other programs made, of connections that the test made in a namespace of its own: by dumpcap on
//! several interfaces, with a firewall that answers, and with both ends closing at once. Tools that are not installed are passed over.

mod support;

use serde_json::Value;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use std::{fs, thread};

use finwait::os::netns::{capable, unshare_net};
use support::{finwait, output};

/// The most that a test waits for.
const BOUND: Duration = Duration::from_secs(20);

/// Runs `test` in a new network namespace whose loopback is up.
fn in_namespace(test: impl FnOnce() + Send + 'static) {
    let thread = thread::spawn(|| {
        assert!(capable(), "this test needs root");
        unshare_net().unwrap();
        does("ip", &["link", "set", "lo", "up"]);
        test();
    });
    thread.join().unwrap();
}

fn is_installed(tool: &str) -> bool {
    let is = Command::new("sh")
        .args(["-c", &format!("command -v {tool}")])
        .output()
        .unwrap()
        .status
        .success();
    if !is {
        eprintln!("{tool} is not installed");
    }
    is
}

/// Runs a command, which succeeds.
#[track_caller]
fn does(tool: &str, arguments: &[&str]) {
    let output = Command::new(tool).args(arguments).output().unwrap();
    assert!(
        output.status.success(),
        "{tool} {arguments:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
}

/// A file that dumpcap writes, from its first packet on.
struct Capture {
    folder: PathBuf,
    dumpcap: Child,
}

impl Capture {
    fn of(name: &str, interfaces: &[&str]) -> Capture {
        let folder = std::env::temp_dir().join(format!("finwait-captures-{name}-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let mut command = Command::new("dumpcap");
        command.arg("-q").arg("-w").arg(folder.join("a.pcapng"));
        for interface in interfaces {
            command.args(["-i", interface]);
        }
        let dumpcap = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let capture = Capture { folder, dumpcap };
        // It opens the interfaces before the file.
        let began = Instant::now();
        while fs::metadata(capture.file()).map_or(0, |meta| meta.len()) == 0 {
            assert!(began.elapsed() < BOUND, "dumpcap has written no file");
            thread::yield_now();
        }
        capture
    }

    fn file(&self) -> PathBuf {
        self.folder.join("a.pcapng")
    }

    /// What finwait says of it as soon as that is so: the connections.
    fn told(&self, is_so: impl Fn(&[Value]) -> bool) -> Vec<Value> {
        let began = Instant::now();
        loop {
            let connections = connections(&self.file());
            if is_so(&connections) {
                return connections;
            }
            assert!(began.elapsed() < BOUND, "{connections:#?}");
            thread::sleep(Duration::from_millis(50));
        }
    }
}

impl Drop for Capture {
    fn drop(&mut self) {
        let _ = self.dumpcap.kill();
        let _ = self.dumpcap.wait();
        let _ = fs::remove_dir_all(&self.folder);
    }
}

fn connections(file: &std::path::Path) -> Vec<Value> {
    let told = output(finwait().args(["explain", "--json"]).arg(file));
    let told: Value = serde_json::from_slice(&told.stdout).unwrap_or_default();
    let connections = told["capture"]["connections"].as_array();
    connections.cloned().unwrap_or_default()
}

fn listener() -> TcpListener {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap()
}

fn connected(listener: &TcpListener) -> (TcpStream, TcpStream) {
    let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    (client, listener.accept().unwrap().0)
}

/// The finding of that kind; null where there is none.
fn finding<'a>(connection: &'a Value, kind: &str) -> &'a Value {
    let findings = connection["findings"].as_array().unwrap();
    findings
        .iter()
        .find(|finding| finding["finding"] == kind)
        .unwrap_or(&Value::Null)
}

/// A connection with data both ways, closed by the server first.
fn served(address: Ipv4Addr) {
    let listener = TcpListener::bind((address, 0)).unwrap();
    let (mut client, mut server) = connected(&listener);
    let mut bytes = [0; 5];
    client.write_all(b"hello").unwrap();
    server.read_exact(&mut bytes).unwrap();
    server.write_all(b"hello").unwrap();
    client.read_exact(&mut bytes).unwrap();
    drop(server);
    assert_eq!(client.read(&mut bytes).unwrap(), 0);
}

fn is_over(connection: &Value) -> bool {
    connection["states"] == serde_json::json!({ "client": "CLOSE", "server": "TIME_WAIT" })
}

/// dumpcap writes what each interface has in batches, so that the file is not in the order of time; each packet of loopback is on `lo` and
/// on `any`, with other headers around it.
#[test]
fn each_packet_of_several_interfaces_counts_once_and_in_its_order() {
    if !is_installed("dumpcap") {
        return;
    }
    in_namespace(|| {
        let capture = Capture::of("several", &["lo", "any"]);
        served(Ipv4Addr::LOCALHOST);
        let is_whole = |connections: &[Value]| {
            connections.len() == 1 && is_over(&connections[0]) && finding(&connections[0], "duplicates")["count"] == 10
        };
        let told = capture.told(is_whole);
        for kind in ["retransmissions", "keep-alives", "out-of-order", "duplicate-acks"] {
            assert_eq!(finding(&told[0], kind), &Value::Null);
        }
        if is_installed("editcap") && is_installed("mergecap") {
            let part = |name: &str| capture.folder.join(name).display().to_string();
            let file = capture.file().display().to_string();
            does("editcap", &["-r", &file, &part("first.pcapng"), "1-10"]);
            does("editcap", &[&file, &part("rest.pcapng"), "1-10"]);
            // In the order of the files, and the later one first.
            does(
                "mergecap",
                &[
                    "-a",
                    "-w",
                    &part("merged.pcapng"),
                    &part("rest.pcapng"),
                    &part("first.pcapng"),
                ],
            );
            let merged = connections(&capture.folder.join("merged.pcapng"));
            assert!(is_whole(&merged), "{merged:#?}");
        }
    });
}

/// A firewall in this host's way answers in the server's name: a SYN is refused, and a connection that stands is reset.
#[test]
fn a_firewall_that_rejects_with_rst_is_among_the_reasons() {
    if !is_installed("dumpcap") || !is_installed("nft") {
        return;
    }
    in_namespace(|| {
        let capture = Capture::of("firewall", &["lo"]);
        let listener = listener();
        let address = listener.local_addr().unwrap();
        let (mut client, server) = connected(&listener);
        does("nft", &["add table inet t"]);
        does("nft", &["add chain inet t c { type filter hook input priority 0; }"]);
        let rule = format!("add rule inet t c tcp dport {} reject with tcp reset", address.port());
        does("nft", &[&rule]);
        client.write_all(b"hello").unwrap();
        let error = client.read(&mut [0; 5]).unwrap_err();
        assert_eq!(error.raw_os_error(), Some(104));
        assert_eq!(TcpStream::connect(address).unwrap_err().raw_os_error(), Some(111));
        drop(server);
        let told = capture.told(|connections| {
            let has = |kind: &str| {
                connections
                    .iter()
                    .any(|connection| finding(connection, kind) != &Value::Null)
            };
            has("reset") && has("refused")
        });
        for connection in &told {
            let (reset, refused) = (finding(connection, "reset"), finding(connection, "refused"));
            if *refused != Value::Null {
                assert!(
                    refused["because"][0]
                        .as_str()
                        .unwrap()
                        .contains("a firewall rejects with RST"),
                    "{refused}"
                );
                assert_eq!(refused["shown_by"][0], "refused");
            } else {
                let reasons = reset["reasons"].as_array().unwrap();
                assert!(reasons.iter().any(|reason| reason == "middlebox"), "{reset}");
            }
        }
    });
}

/// A slow loopback, so that each FIN is on its way when the other end sends its own.
#[test]
fn fins_that_cross_close_both_ends_at_once() {
    if !is_installed("dumpcap") || !is_installed("tc") {
        return;
    }
    in_namespace(|| {
        let slow = "qdisc add dev lo root tbf rate 4kbit burst 120 limit 100000";
        does("tc", &slow.split(' ').collect::<Vec<_>>());
        let capture = Capture::of("crossed", &["lo"]);
        let listener = listener();
        let (mut client, mut server) = connected(&listener);
        client.shutdown(Shutdown::Write).unwrap();
        server.shutdown(Shutdown::Write).unwrap();
        for end in [&mut client, &mut server] {
            assert_eq!(end.read(&mut [0; 1]).unwrap(), 0);
        }
        let told = capture.told(|connections| {
            let states = |connection: &Value| {
                connection["states"] == serde_json::json!({ "client": "TIME_WAIT", "server": "TIME_WAIT" })
            };
            connections.len() == 1 && states(&connections[0])
        });
        assert_eq!(told[0]["first_fin"]["crossed"], true);
        let rows = fs::read_to_string("/proc/thread-self/net/tcp").unwrap();
        let port = |address: SocketAddr| format!(":{:04X} ", address.port());
        let in_time_wait = rows
            .lines()
            .filter(|row| row.contains(" 06 ") && row.contains(&port(listener.local_addr().unwrap())));
        assert_eq!(in_time_wait.count(), 2, "{rows}");
    });
}
