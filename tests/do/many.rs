//! Many sockets: every state is seen, and what is printed of them is what has changed.

use serde_json::Value;

use crate::support::{finwait, output_of};

/// More than are read whole each time.
const MANY: usize = 60;

/// The name of the nth socket of that role.
fn name(role: &str, n: usize) -> String {
    if n == 1 { role.to_owned() } else { format!("{role}{n}") }
}

/// Commands that make so many connections, accept them, and close both ends of each.
fn script(count: usize) -> String {
    let mut commands = vec!["server listen backlog=100".to_owned()];
    for _ in 0..count {
        commands.extend(["client connect".to_owned(), "server accept".to_owned()]);
    }
    for n in 1..=count {
        commands.push(format!("client close on={}", name("client", n)));
        commands.push(format!("server close on={}", name("server", n)));
    }
    commands.join("\n")
}

fn printed(lab: &str, more: &[&str], script: &str) -> String {
    let mut command = finwait();
    command.args(["--lab", lab, "do", "-", "--patience", "5s"]).args(more);
    let output = output_of(&mut command, script.as_bytes());
    assert_eq!(String::from_utf8(output.stderr).unwrap(), "");
    String::from_utf8(output.stdout).unwrap()
}

/// The states of those of the lines, as they are printed, that are of the client, or the server.
fn count(text: &str, change: &str) -> usize {
    text.lines()
        .filter(|line| line.contains("  state   ") && line.contains(change))
        .count()
}

#[test]
fn every_state_of_many_connections_is_seen() {
    let text = printed("isolated", &[], &script(MANY));
    for change in [
        "CLOSE -> SYN_SENT   caused by connect",
        "CLOSE -> SYN_RECV   caused by the SYN received",
        "SYN_SENT -> ESTABLISHED   caused by the SYN,ACK received",
        "SYN_RECV -> ESTABLISHED   caused by the ACK received",
        "ESTABLISHED -> FIN_WAIT1   caused by close",
        "ESTABLISHED -> CLOSE_WAIT   caused by the FIN,ACK received",
        "FIN_WAIT1 -> FIN_WAIT2   caused by the ACK received",
        "CLOSE_WAIT -> LAST_ACK   caused by close",
        "FIN_WAIT2 -> TIME_WAIT   caused by the FIN,ACK received",
        "LAST_ACK -> CLOSE   caused by the ACK received",
    ] {
        assert_eq!(count(&text, change), MANY, "{change}");
    }
    assert!(!text.contains("inferred"), "{text}");
}

/// Where no segment is seen, what one end does is seen at the other all the same.
#[test]
fn both_ends_of_many_connections_are_seen_without_a_wire() {
    let text = printed("loopback", &[], &script(MANY));
    let nows: Vec<&str> = text
        .lines()
        .filter_map(|line| line.split("  now     ").nth(1))
        .collect();
    assert_eq!(
        nows[2 * MANY],
        "client: 60 as before; server: listener LISTEN, server60 ESTABLISHED, and 59 more as before"
    );
    let closes = nows[2 * MANY + 1..].chunks(2).zip(1..);
    for (after, n) in closes {
        let (client, server) = (name("client", n), name("server", n));
        assert!(
            after[0].contains(&format!("{client} FIN_WAIT2 (orphan)")),
            "{}",
            after[0]
        );
        assert!(after[0].contains(&format!("{server} CLOSE_WAIT")), "{}", after[0]);
        assert!(after[1].contains(&format!("{client} TIME_WAIT")), "{}", after[1]);
        assert!(after[1].contains(&format!("{server} CLOSE (closed)")), "{}", after[1]);
    }
}

#[test]
fn of_many_sockets_those_are_printed_that_a_command_changed() {
    let text = printed("isolated", &[], &script(MANY));
    let nows: Vec<&str> = text
        .lines()
        .filter_map(|line| line.split("  now     ").nth(1))
        .collect();
    assert_eq!(
        nows[2 * 3],
        "client: client ESTABLISHED, client2 ESTABLISHED, client3 ESTABLISHED; \
         server: listener LISTEN, server ESTABLISHED, server2 ESTABLISHED, server3 ESTABLISHED"
    );
    let (before, after) = nows[2 * MANY - 1].split_once("from 10.0.0.1:").unwrap();
    let port = after.split(' ').next().unwrap();
    assert_eq!(
        (before, after),
        (
            "client: client60 ESTABLISHED, and 59 more as before; server: listener LISTEN, ",
            format!("{port} ESTABLISHED (not accepted yet), and 59 more as before").as_str()
        )
    );
    assert_eq!(
        nows[2 * MANY],
        "client: 60 as before; server: listener LISTEN, server60 ESTABLISHED, and 59 more as before"
    );
    assert_eq!(
        nows[4 * MANY],
        "client: client60 TIME_WAIT (kept by the kernel), and 59 more as before; \
         server: server60 CLOSE (closed), and 1 more as before"
    );
    assert!(nows.iter().all(|now| now.len() < 500), "{text}");
}

#[test]
fn all_of_many_sockets_are_printed_to_who_asks() {
    let text = printed("isolated", &["--all-sockets"], &script(12));
    let last = text.lines().last().unwrap();
    assert_eq!(last.matches("TIME_WAIT (kept by the kernel)").count(), 12, "{last}");
    assert_eq!(last.matches("CLOSE (closed)").count(), 12, "{last}");
    assert!(!last.contains("as before"), "{last}");
}

/// The numbers add up: those that are named and those that are not are all that the host's table has.
#[test]
fn json_counts_the_sockets_that_it_does_not_name() {
    let text = printed("isolated", &["--json"], &script(12));
    let lines = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let states: Vec<Value> = lines.filter(|line| line["kind"] == "states").collect();
    let of = |line: &Value, side: &str| {
        let named = line["states"][side].as_array().unwrap().len() as u64;
        (named, line["as_before"][side].as_u64().unwrap())
    };
    assert_eq!([of(&states[4], "client"), of(&states[4], "server")], [(2, 0), (3, 0)]);
    assert_eq!(
        [of(&states[24], "client"), of(&states[24], "server")],
        [(0, 12), (2, 11)]
    );
}
