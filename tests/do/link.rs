//! What a command aims at on the wire, and the link: as `finwait do` takes and tells it.

use std::process::{Command, Output};

use serde_json::Value;

use crate::support::{Lab, Run, finwait, output};

fn text(output: &Output) -> (String, String) {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    (text(&output.stdout), text(&output.stderr))
}

/// The transcript of these commands in an isolated lab.
fn told(commands: &[&str]) -> String {
    let output = output(finwait().args(["--lab", "isolated", "do"]).args(commands));
    let (out, err) = text(&output);
    assert!(output.status.success(), "{err}");
    out
}

/// The complaint about the last of these commands.
fn refused(commands: &[&str]) -> String {
    let output = output(finwait().args(["--lab", "isolated", "do"]).args(commands));
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    text(&output).1.trim().to_owned()
}

/// A connection by name and number from either end; a forged packet of it ends it, and not the one beside it.
fn a_connection_is_aimed_at_from_either_end(run: &mut Run, _: Lab) {
    run.connects();
    run.succeeds(&["client socket", "client connect", "server accept"]);
    for name in ["client2", "server2", "2"] {
        run.succeeds(&[
            &format!("wire drop data on={name} times=1"),
            "client write first on=client",
            "client write second on=client2",
        ]);
        let lost: Vec<&Value> = run.said.iter().filter(|line| line["fate"] == "dropped").collect();
        let payload = &lost.last().unwrap()["packet"]["tcp"]["payload"];
        assert_eq!(payload, "7365636f6e64", "second, in hexadecimal digits");
        assert!(run.does("server read 6 waitall on=server2").starts_with("read"));
        assert!(run.does("server read 5 waitall on=server").starts_with("read"));
        run.succeeds(&["wire clear"]);
    }
    run.succeeds(&["wire forge rst to=client on=server2"]);
    assert_eq!(run.transitions(), ["client client2 ESTABLISHED -> CLOSE by RST,ACK"]);
}
in_labs!(a_connection_is_aimed_at_from_either_end: Isolated Isolated6);

/// A packet that belongs to no connection is not sent by mistake; who wants one says whose it is.
#[test]
fn a_forged_packet_of_no_connection_has_to_say_so() {
    const SET_UP: [&str; 2] = ["server listen", "client connect"];
    let with = |command: &'static str| [&SET_UP[..], &[command]].concat();
    assert_eq!(
        refused(&["wire forge rst to=client"]),
        "finwait: command 1, there is no connection that a forged rst could be of: connect first, or name addresses with source= and destination="
    );
    let why = refused(&with("wire forge rst to=client port=9999"));
    assert!(
        why.starts_with("finwait: command 3, no connection has the port 9999 at either end (they are 1 (client, ")
            && why.ends_with("source=:9999 forges a packet of none"),
        "{why}"
    );
    let why = refused(&with("wire drop FIN on=server2"));
    assert!(
        why.starts_with("finwait: command 3, no connection is called server2: they are 1 (client, "),
        "{why}"
    );
    assert_eq!(
        refused(&["wire hold SYN on=client"]),
        "finwait: command 1, there is no connection yet that on=client could mean; port= and nth= aim at one to come"
    );
    // Of none, on purpose: the host answers with RST, as for a stray segment. A SYN needs none.
    let out = told(&with("wire forge data to=client source=:9999 bytes=stray"));
    assert!(
        out.contains("forged, delivered") && out.contains("client -> server  RST seq 0"),
        "{out}"
    );
    let out = told(&["server listen", "wire forge syn to=server port=4000"]);
    assert!(out.contains("server -> client  SYN,ACK"), "{out}");
    // The server's port is at one end of it.
    let out = told(&with("wire forge rst to=client port=8080"));
    assert!(
        out.contains("ESTABLISHED -> CLOSE   caused by the RST,ACK received"),
        "{out}"
    );
}

/// A rule says in the log what it aims at.
#[test]
fn a_rule_is_told_with_all_that_it_aims_at() {
    let out = told(&[
        "server listen",
        "client connect",
        "wire drop data on=client after=5 size>=60 nth=2..",
    ]);
    assert!(
        out.contains("rule 1: drop data after=5 size>=60 nth=2.. on=client"),
        "{out}"
    );
}

#[test]
fn a_link_is_told_of_with_what_it_does_and_goes_away() {
    let out = told(&[
        "server listen",
        "wire link blackhole=1400 strip=wscale",
        "client connect",
        "server accept",
        "client write x repeat=1448",
        "wire link",
        "wire link mtu=1400 from=client",
        "wire link off",
        "wire link",
    ]);
    for said in [
        "link from the client: strip=wscale blackhole=1400",
        "SYN seq 0   wscale stripped by the link, delivered",
        "len 1448 \"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\"...   lost by the link (black hole, larger than 1400 bytes)",
        "link from the client: strip=wscale blackhole=1400   (",
        ", 1 too large)",
        "link from the client: mtu=1400",
        "no link: what passes arrives at once",
    ] {
        assert!(out.contains(said), "{said:?} not in {out}");
    }
    assert!(!out.contains("by rule"), "{out}");
}

/// What this lab cannot have is refused before anything is lost.
#[test]
fn a_link_that_this_lab_cannot_have_is_refused() {
    let of = |options: &[&str], command: &str| {
        let output = output(
            finwait()
                .args(["--lab", "isolated"])
                .args(options)
                .args(["do", command]),
        );
        assert_eq!(output.status.code(), Some(1), "{output:?}");
        text(&output).1
    };
    assert!(of(&["--offload"], "wire link corrupt=1%").contains("corrupt= needs checksums on the wire"));
    assert!(of(&["--ipv6"], "wire link mtu=1279").contains("over IPv6 no link has a smaller MTU than 1280"));
    assert!(of(&["--ipv6"], "client host mtu 1279").contains("over IPv6 the MTU is 1280 at least"));
}

/// `do` waits for what is on the link, however short its patience.
#[test]
fn what_is_on_the_link_is_waited_for() {
    let mut run = Lab::Isolated.open_with(&["--patience", "50"]);
    run.succeeds(&["server listen", "wire link delay=300ms"]);
    assert_eq!(run.does("client connect"), "ok");
    run.succeeds(&["server accept", "client close", "wire link off"]);
    run.end();
}

/// A question for a name is no business of who steps through a connection.
#[test]
fn step_holds_tcp_and_step_all_holds_a_datagram_too() {
    let mut run = Lab::Isolated.open();
    run.connects();
    let asks = |run: &Run| {
        let pid = run.endpoint("client").to_string();
        // A DNS query for example.org, type A.
        let message = r"\x00\x07\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x07example\x03org\x00\x00\x01\x00\x01";
        let script = format!("printf '{message}' > /dev/udp/10.0.0.2/53");
        let mut enter = Command::new("nsenter");
        enter.args(["--target", &pid, "--net"]);
        if !rustix::process::geteuid().is_root() {
            enter.args(["--user", "--preserve-credentials"]);
        }
        assert!(enter.args(["bash", "-c", &script]).status().unwrap().success());
    };
    let is =
        |line: &Value, fate: &str| line["packet"]["udp"]["dns"] == "DNS query example.org A" && line["fate"] == fate;
    run.succeeds(&["wire step", "client write held"]);
    asks(&run);
    run.awaits(|line| is(line, "delivered"));
    run.awaits(|line| {
        line["packet"]["icmp"]["message"]
            .to_string()
            .contains("port unreachable, about UDP")
    });
    let held = |line: &&Value| line["packet"]["tcp"]["len"] == 4;
    assert!(run.said.iter().filter(held).all(|line| line["fate"] == "held"));
    run.succeeds(&["wire step all"]);
    asks(&run);
    run.awaits(|line| is(line, "held"));
    run.succeeds(&["wire flow"]);
    run.end();
}
