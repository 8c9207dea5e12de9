//! The sentence of why, and what it says set the error, held against the transcript of the same run: in corners where it was false.
//!
//! Each case plays commands in the isolated lab, and looks at one outcome: the rule, words that its sentence has and words that it must
//! not have, and the entry of the transcript that it names as the cause.

mod support;

use serde_json::Value;
use support::finwait;

/// A transcript, as `finwait do --json` prints it.
struct Played(Vec<Value>);

/// What a case expects of an outcome.
struct Why {
    rule: Option<&'static str>,
    says: &'static [&'static str],
    never: &'static [&'static str],
    set_by: Option<Setter>,
}

/// What set an error: the kind, and what the entry shows.
struct Setter {
    kind: &'static str,
    entry: &'static str,
}

const PLAIN: Why = Why {
    rule: None,
    says: &[],
    never: &[],
    set_by: None,
};

/// A connection: the server listens, the client connects, the server accepts.
const EST: &str = "server listen; client connect; server accept; ";

impl Played {
    /// Plays the commands, which are separated by semicolons; a call that blocks is left alone.
    fn of(commands: &str) -> Played {
        Played::with("300", commands)
    }

    /// Plays them, and waits for each call to return.
    fn patiently(commands: &str) -> Played {
        Played::with("30000", commands)
    }

    fn with(patience: &str, commands: &str) -> Played {
        let commands = commands.split(';').map(str::trim).filter(|command| !command.is_empty());
        let mut finwait = finwait();
        finwait
            .args(["--lab", "isolated", "do", "--json", "--patience", patience])
            .args(commands);
        let output = support::output_within(&mut finwait, std::time::Duration::from_secs(60));
        assert_eq!(String::from_utf8_lossy(&output.stderr), "");
        let text = String::from_utf8(output.stdout).unwrap();
        Played(text.lines().map(|line| serde_json::from_str(line).unwrap()).collect())
    }

    /// The outcomes of that call at that end: `client read`.
    fn outcomes(&self, call: &str) -> Vec<&Value> {
        let (side, name) = call.split_once(' ').unwrap();
        let is_it = |line: &&Value| line["kind"] == "outcome" && line["side"] == side && line["name"] == name;
        self.0.iter().filter(is_it).collect()
    }

    /// The entry that an outcome names as what set its error, in a few words, and the kind of the cause.
    fn setter(&self, outcome: &Value) -> Option<(String, String)> {
        let found = outcome["set_by"]["found"].as_array()?;
        let kind = match &found[0] {
            Value::String(kind) => kind.clone(),
            Value::Object(call) => call.keys().next().unwrap().clone(),
            other => panic!("{other}"),
        };
        let no = found[1].as_u64().unwrap();
        assert!(
            no < outcome["no"].as_u64().unwrap(),
            "the cause comes before its effect: {outcome}"
        );
        let entry = self
            .0
            .iter()
            .find(|line| line["no"] == no)
            .expect("an entry of the transcript");
        Some((kind, brief(entry)))
    }

    #[track_caller]
    fn last(&self, call: &str, why: &Why) -> &Played {
        let outcomes = self.outcomes(call);
        let outcome = outcomes.last().unwrap_or_else(|| panic!("no {call} returned"));
        self.holds(outcome, why)
    }

    #[track_caller]
    fn holds(&self, outcome: &Value, why: &Why) -> &Played {
        let sentence = outcome["why"].as_str().unwrap();
        if let Some(rule) = why.rule {
            assert_eq!(outcome["rule"], rule, "{outcome}");
        }
        for says in why.says {
            assert!(sentence.contains(says), "{says:?} is not said in {sentence:?}");
        }
        for never in why.never {
            assert!(!sentence.contains(never), "{never:?} is said in {sentence:?}");
        }
        if let Some(set_by) = &why.set_by {
            let found = self.setter(outcome);
            let (kind, entry) = found.unwrap_or_else(|| panic!("nothing set it: {outcome}"));
            assert_eq!(
                (kind.as_str(), entry.as_str()),
                (set_by.kind, set_by.entry),
                "{outcome}"
            );
        }
        self
    }

    /// The changes of state at that end: `CLOSE>SYN_SENT>ESTABLISHED`.
    fn states(&self, side: &str) -> String {
        let changes = self
            .0
            .iter()
            .filter(|line| line["kind"] == "state" && line["side"] == side);
        let states: Vec<&str> = changes.map(|line| line["to"].as_str().unwrap()).collect();
        states.join(">")
    }
}

/// An entry in a few words: who, and what.
fn brief(entry: &Value) -> String {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    match entry["kind"].as_str().unwrap() {
        "outcome" => format!("{} {}", text(&entry["side"]), text(&entry["name"])),
        "call" => format!(
            "{} {}...",
            text(&entry["side"]),
            text(&entry["text"]).split('(').next().unwrap()
        ),
        "packet" => match entry["packet"]["tcp"]["flags"].as_u64() {
            Some(flags) => {
                let flags = finwait::wire::segment::Flags(u16::try_from(flags).unwrap());
                format!("{} {flags}", text(&entry["from"]))
            }
            None => format!("{} {}", text(&entry["from"]), text(&entry["packet"]["icmp"]["message"])),
        },
        "state" => format!("{}>{}", text(&entry["from"]), text(&entry["to"])),
        "host" => format!("{} {}", text(&entry["side"]), text(&entry["setting"])),
        kind => kind.to_owned(),
    }
}

const fn set_by(kind: &'static str, entry: &'static str) -> Option<Setter> {
    Some(Setter { kind, entry })
}

/// Data that comes after both directions were shut down: our own kernel resets the connection.
#[test]
fn a_an_rst_of_our_own_kernel() {
    let own = Why {
        rule: Some("data-after-shutdown"),
        says: &["its kernel answered with RST"],
        never: &["An RST ended"],
        set_by: set_by("data", "server PSH,ACK"),
    };
    Played::of(&format!("{EST} client shutdown both; server write; client read")).last("client read", &own);
    let asked = Why {
        says: &["its kernel answered with RST", "asking took the error out"],
        ..own
    };
    Played::of(&format!("{EST} client shutdown both; server write; client so-error")).last("client so-error", &asked);
    let over = Why {
        rule: Some("shutdown-over"),
        says: &["this end's kernel reset it"],
        set_by: set_by("data", "server PSH,ACK"),
        ..PLAIN
    };
    Played::of(&format!(
        "{EST} client shutdown both; server write; client shutdown both"
    ))
    .last("client shutdown", &over);
}

/// So does a FIN whose data has not come.
#[test]
fn a_an_rst_of_our_own_kernel_for_a_fin_beyond_a_gap() {
    let own = Why {
        rule: Some("data-after-shutdown"),
        says: &["A FIN came before the data", "this end's kernel reset the connection"],
        never: &["Data came"],
        set_by: set_by("data", "server FIN,ACK"),
    };
    Played::of(&format!(
        "{EST} client shutdown both; wire hold data; server write; server close; client read"
    ))
    .last("client read", &own);
}

/// An ICMP error on a connection is only noted.
#[test]
fn b_an_icmp_error_on_a_connection() {
    let noted = Why {
        rule: Some("refused-noted"),
        says: &["only noted"],
        never: &["connect begun earlier"],
        set_by: set_by("icmp", "server port unreachable"),
    };
    Played::of(&format!(
        "{EST} wire hold data; client write; wire forge port-unreachable to=client; client so-error"
    ))
    .last("client so-error", &noted);
    let at_end = Why {
        rule: Some("refused-at-the-end"),
        says: &[
            "gave up on the peer",
            "tcp_retries2 (3) ran out",
            "ICMP port unreachable",
        ],
        never: &["connect begun earlier"],
        set_by: set_by("timer", "ESTABLISHED>CLOSE"),
    };
    Played::patiently(&format!(
        "client host tcp_retries2 3; {EST} wire drop data; client write; wire forge port-unreachable to=client; \
         client poll out rdhup timeout=20000; client read"
    ))
    .last("client read", &at_end);
}

/// A close that sent FIN and was answered with RST is no SO_LINGER.
#[test]
fn c_a_close_that_was_answered_with_rst() {
    let answered = Why {
        says: &["FIN sent", "answered with RST"],
        never: &["SO_LINGER", "instead of FIN"],
        ..PLAIN
    };
    let peer_is_gone = format!("{EST} wire drop RST from=server; server rst-close; wire clear;");
    Played::of(&format!("{peer_is_gone} client close")).last("client close", &answered);
    Played::of(&format!("{peer_is_gone} client linger-close 2")).last("client linger-close", &answered);
    let linger2 = Why {
        says: &["RST sent", "TCP_LINGER2 below 0"],
        never: &["SO_LINGER with"],
        ..PLAIN
    };
    Played::of(&format!(
        "{EST} client shutdown write; client set-option TCP_LINGER2 -1; client close"
    ))
    .last("client close", &linger2);
    let by_option = Why {
        says: &["RST sent", "SO_LINGER with 0 seconds"],
        ..PLAIN
    };
    Played::of(&format!("{EST} client set-option SO_LINGER 0; client close")).last("client close", &by_option);
    let unread = Why {
        says: &["RST sent", "unread bytes"],
        ..PLAIN
    };
    Played::of(&format!(
        "{EST} server write; client set-option SO_LINGER 0; client close"
    ))
    .last("client close", &unread);
}

/// Another descriptor, or a call that waits, still holds the socket: nothing is sent, in whatever state.
#[test]
fn d_a_close_that_is_not_the_last() {
    let held = Why {
        says: &["Nothing is sent", "client-dup", "still holds"],
        never: &["alone waits", "RST sent", "FIN sent"],
        ..PLAIN
    };
    for (before, close) in [
        ("client shutdown write;", "close"),
        ("server shutdown write;", "close"),
        ("", "close"),
        ("", "rst-close"),
        ("client shutdown write;", "rst-close"),
        ("", "linger-close 1"),
        ("client shutdown write;", "linger-close 1"),
        ("client shutdown write; server shutdown write;", "close"),
    ] {
        let played = Played::of(&format!("{EST} client dup; {before} client {close} on=client"));
        played.last(&format!("client {}", close.split(' ').next().unwrap()), &held);
    }
    let waiting = Why {
        says: &["Nothing is sent", "a read that waits still holds"],
        never: &["FIN sent"],
        ..PLAIN
    };
    Played::of(&format!("{EST} client read; client close; server close")).last("client close", &waiting);
    let leaves_linger = Why {
        says: &["Nothing is sent", "SO_LINGER stays at 0"],
        ..PLAIN
    };
    Played::of(&format!(
        "{EST} client dup; client rst-close on=client; client close on=client-dup"
    ))
    .last("client rst-close", &leaves_linger)
    .last(
        "client close",
        &Why {
            says: &["RST sent", "SO_LINGER with 0 seconds"],
            ..PLAIN
        },
    );
}

/// A FIN that comes after the end sets nothing.
#[test]
fn e_a_fin_after_the_rst() {
    let told = Why {
        rule: Some("eof-error-told"),
        says: &["already reported"],
        never: &["FIN came before"],
        set_by: set_by("told", "client read"),
    };
    Played::of(&format!(
        "{EST} wire hold FIN from=server; server close; client write; client read; wire clear; wire deliver all; \
         client read"
    ))
    .last("client read", &told);
}

/// Nor does one that is outside the window.
#[test]
fn f_a_fin_that_was_ignored() {
    let forged = format!("{EST} wire forge fin to=client seq=out-of-window;");
    let told = Why {
        rule: Some("eof-error-told"),
        never: &["FIN"],
        set_by: set_by("told", "client read"),
        ..PLAIN
    };
    Played::of(&format!("{forged} server rst-close; client read; client read")).last("client read", &told);
    let both = Why {
        rule: Some("reset"),
        set_by: set_by("rst", "server RST,ACK"),
        ..PLAIN
    };
    Played::of(&format!("{forged} server rst-close; client read")).last("client read", &both);
    let shut = Why {
        says: &["This end shut reading down"],
        never: &["FIN has come"],
        ..PLAIN
    };
    Played::of(&format!("{forged} client shutdown read; client poll in out rdhup")).last("client poll", &shut);
}

/// After our own disconnect there is no connection because of it, not because a call is missing.
#[test]
fn g_our_own_disconnect() {
    let dissolved = |says: &'static [&'static str]| Why {
        says,
        set_by: set_by("own-call", "client disconnect"),
        ..PLAIN
    };
    let played = Played::of(&format!(
        "{EST} client disconnect; client so-error; client write; client shutdown write; client read"
    ));
    played
        .last(
            "client so-error",
            &dissolved(&["This end's disconnect dissolved the connection"]),
        )
        .last(
            "client write",
            &dissolved(&["This end's disconnect took the peer away", "EPIPE"]),
        )
        .last("client shutdown", &dissolved(&["Not connected"]))
        .last("client read", &dissolved(&["This end's disconnect took the peer away"]));
}

/// What came first set the error; what was ignored after it sets nothing.
#[test]
fn h_a_segment_that_is_ignored_sets_nothing() {
    let by_first = Why {
        rule: Some("reset"),
        set_by: set_by("rst", "server RST,ACK"),
        ..PLAIN
    };
    let played = Played::of(&format!(
        "{EST} server rst-close; wire forge rst to=client; wire forge fin to=client; client read"
    ));
    played.last("client read", &by_first);
    let found = played.outcomes("client read")[0]["set_by"]["found"][1]
        .as_u64()
        .unwrap();
    let first = played.0.iter().find(|line| brief(line) == "server RST,ACK").unwrap();
    assert_eq!(first["no"], found, "the second one was forged later, and ignored");
    // An RST out of the window, and one that is only challenged, before a real one.
    let played = Played::of(&format!(
        "{EST} wire forge rst to=client seq=out-of-window; wire forge rst to=client seq=in-window; server rst-close; \
         client read"
    ));
    played.last("client read", &by_first);
    let entry = played.outcomes("client read")[0]["set_by"]["found"][1]
        .as_u64()
        .unwrap();
    let entry = played.0.iter().find(|line| line["no"] == entry).unwrap();
    assert_eq!(entry["origin"], "host", "{entry}");
    let refused = Why {
        rule: Some("refused-earlier"),
        says: &["ICMP port unreachable answered the SYN"],
        never: &["RST"],
        set_by: set_by("icmp", "server port unreachable"),
    };
    Played::of(
        "server listen; wire hold SYN; client socket; client set-option O_NONBLOCK on; client connect; \
         wire forge port-unreachable to=client; wire forge host-unreachable to=client; wire forge rst to=client; \
         client so-error",
    )
    .last("client so-error", &refused);
}

/// In SYN_SENT an ICMP error ends the attempt at once: nobody gave up.
#[test]
fn i_an_attempt_ended_by_icmp() {
    for (icmp, message, errno, rule) in [
        (
            "host-unreachable",
            "server host unreachable",
            113,
            "host-unreachable-earlier",
        ),
        (
            "net-unreachable",
            "server network unreachable",
            101,
            "network-unreachable-earlier",
        ),
        (
            "prohibited",
            "server communication prohibited",
            113,
            "host-unreachable-earlier",
        ),
        ("port-unreachable", "server port unreachable", 111, "refused-earlier"),
    ] {
        for call in ["read", "so-error", "write"] {
            let at_once = Why {
                rule: Some(rule),
                never: &["gave up"],
                set_by: set_by("icmp", message),
                ..PLAIN
            };
            let played = Played::of(&format!(
                "server listen; wire hold SYN; client socket; client set-option O_NONBLOCK on; client connect; \
                 wire forge {icmp} to=client; client {call}"
            ));
            played.last(&format!("client {call}"), &at_once);
            let outcome = &played.outcomes(&format!("client {call}"))[0]["outcome"];
            let given = outcome["err"]
                .as_i64()
                .or(outcome["ok"]["pending-error"]["error"].as_i64());
            assert_eq!(given, Some(errno), "{outcome}");
        }
    }
}

/// The setting that can have set it, not the last one that was changed.
#[test]
fn j_the_setting_that_decided() {
    let ports = Why {
        rule: Some("no-port-left"),
        set_by: set_by("limit", "client ip_local_port_range"),
        ..PLAIN
    };
    Played::of(
        "client host ip_local_port_range 40001-40001; server listen; client connect; client host tcp_retries2 3; \
         client connect",
    )
    .last("client connect", &ports);
    let route = Why {
        rule: Some("network-unreachable"),
        says: &["no route"],
        never: &["ICMP"],
        set_by: set_by("route", "client default_route"),
    };
    let played = Played::of("client host default_route off; client host device up; client connect");
    played.last("client connect", &route);
    let device = Why {
        set_by: set_by("route", "client device"),
        ..route
    };
    let played = Played::of("client host device down; client host default_route on; client connect");
    if played.outcomes("client connect").last().unwrap()["outcome"]["err"] == 101 {
        played.last("client connect", &device);
    }
}

/// Our own earlier call, and not the failing call itself.
#[test]
fn k_the_earlier_call() {
    let earlier = |rule, entry| Why {
        rule: Some(rule),
        set_by: set_by("own-call", entry),
        ..PLAIN
    };
    let played = Played::patiently(
        "client socket; client bind 0; client bind 0; client bind 0; client close; client close; client close",
    );
    played.last("client bind", &earlier("bind-twice", "client bind"));
    played.last("client close", &earlier("descriptor-closed", "client close"));
    for call in ["bind", "close"] {
        let call = format!("client {call}");
        let first = played.outcomes(&call)[0]["no"].as_u64().unwrap();
        let last = played.outcomes(&call).last().unwrap()["set_by"]["found"][1].as_u64();
        assert_eq!(last, Some(first), "{call}");
    }
    let peer = Why {
        says: &["accept gave it a peer"],
        ..earlier("already-connected", "server accept")
    };
    Played::patiently(&format!("{EST} server reconnect")).last("server connect", &peer);
    let peer = Why {
        says: &["connect gave it a peer"],
        ..earlier("already-connected", "client connect")
    };
    Played::patiently(&format!("{EST} client reconnect; client reconnect")).last("client connect", &peer);
    // A connect that waits has given the socket its port already. Nothing but the connect takes long, and a busy machine.
    Played::with("3000", "wire hold SYN; client socket; client connect; client bind 0")
        .last("client bind", &earlier("bind-twice", "client connect..."));
}

/// What stands in the log was seen.
#[test]
fn l_what_stands_in_the_log() {
    let accepted = Why {
        rule: Some("listen-connected"),
        says: &["accept gave it a peer"],
        set_by: set_by("own-call", "server accept"),
        ..PLAIN
    };
    Played::of(&format!("{EST} server listen on=server")).last("server listen", &accepted);
    let told = Why {
        rule: Some("error-told"),
        set_by: set_by("told", "client so-error"),
        ..PLAIN
    };
    Played::of(&format!(
        "{EST} server close; client write; client so-error; client write"
    ))
    .last("client write", &told);
}

/// Shutdown in the SYN_RECV of a simultaneous open: since Linux 6.10 the FIN waits for the handshake.
#[test]
fn m_a_shutdown_in_syn_recv() {
    let played = Played::of(&format!("{SIMULTANEOUS} client shutdown write"));
    let shutdown = played.outcomes("client shutdown");
    let sentence = shutdown[0]["why"].as_str().unwrap();
    let stays = played.states("client").ends_with("SYN_RECV");
    let fin_left = played.0.iter().any(|line| {
        let flags = line["packet"]["tcp"]["flags"].as_u64().unwrap_or(0);
        line["kind"] == "packet" && line["from"] == "client" && flags & 1 != 0
    });
    assert_eq!(sentence.contains("deferred"), stays, "{sentence}");
    assert_eq!(sentence.contains("FIN sent"), fin_left, "{sentence}");
}

/// Both ends connect to each other; their SYNs have crossed, and the SYN,ACKs are held.
const SIMULTANEOUS: &str = "wire hold SYN; wire hold SYN,ACK; client socket; client bind 9000; server socket; server bind 9000; \
     client set-option O_NONBLOCK on; server set-option O_NONBLOCK on; client reconnect 9000; server reconnect 9000; \
     wire deliver all;";

/// An RST or a timeout in SYN_RECV comes during the handshake, when the peer's SYN has come.
#[test]
fn n_the_end_of_a_simultaneous_open() {
    let played = Played::of(&format!(
        "{SIMULTANEOUS} wire forge rst to=client; client reconnect 9000"
    ));
    assert!(
        played.states("client").contains("SYN_RECV"),
        "{}",
        played.states("client")
    );
    played.last(
        "client connect",
        &Why {
            rule: Some("connect-reset"),
            says: &["during the handshake"],
            never: &["right after"],
            set_by: set_by("rst", "server RST,ACK"),
        },
    );
    let timeout = Why {
        rule: Some("handshake-given-up"),
        says: &["The peer's SYN came", "TCP_SYNCNT (1) ran out"],
        never: &["No answer to the SYN"],
        set_by: set_by("timer", "SYN_RECV>CLOSE"),
    };
    let slow = SIMULTANEOUS.replace(
        "client reconnect 9000",
        "client set-option TCP_SYNCNT 1; client reconnect 9000",
    );
    Played::patiently(&format!("{slow} client poll in timeout=20000; client read")).last("client read", &timeout);
}

/// A listener that was destroyed, or shut down, does not listen any more.
#[test]
fn o_a_listener_that_is_gone() {
    let gone = |says: &'static [&'static str], kind, entry| Why {
        rule: Some("accept-without-listen"),
        says,
        never: &["only a listening socket"],
        set_by: set_by(kind, entry),
    };
    let destroyed = gone(&["destroyed in LISTEN"], "administrator", "LISTEN>CLOSE");
    // Accept returns a moment after the destruction: the poll, which waits for nothing, outlasts it.
    Played::of("server listen; server accept; server destroy on=listener; client socket; client poll in timeout=200ms")
        .last("server accept", &destroyed);
    Played::of("server listen; server destroy on=listener; server accept on=listener")
        .last("server accept", &destroyed);
    let shut = gone(&["this end's shutdown"], "own-call", "server shutdown");
    Played::of("server listen; server shutdown both on=listener; server accept on=listener")
        .last("server accept", &shut);
    let gone = gone(&["this end's disconnect"], "own-call", "server disconnect");
    Played::of("server listen; server disconnect on=listener; server accept on=listener").last("server accept", &gone);
    let never = Why {
        rule: Some("accept-without-listen"),
        says: &["only a listening socket"],
        ..PLAIN
    };
    Played::of("server socket; server accept").last("server accept", &never);
}

/// The handshake of what accept gives was done before it, or while it waited.
#[test]
fn p_an_accept_that_waited() {
    let waited = Why {
        says: &["while accept waited"],
        never: &["before accept"],
        ..PLAIN
    };
    Played::of("server listen; server accept; client connect").last("server accept", &waited);
    let queued = Why {
        says: &["before accept"],
        ..PLAIN
    };
    Played::of(EST).last("server accept", &queued);
}

/// Nothing is sent where no route is left.
#[test]
fn q_what_did_not_leave_the_host() {
    let nothing = Why {
        says: &["did not leave"],
        never: &["RST sent", "FIN sent"],
        ..PLAIN
    };
    let no_route = format!("{EST} client host default_route off;");
    Played::of(&format!("{no_route} client rst-close")).last("client rst-close", &nothing);
    Played::of(&format!("{no_route} client shutdown write")).last("client shutdown", &nothing);
    Played::of(&format!("{no_route} client shutdown both")).last("client shutdown", &nothing);
    Played::of(&format!("{no_route} client disconnect")).last("client disconnect", &nothing);
    Played::of(&format!("{no_route} client close")).last("client close", &nothing);
}

/// A connection whose server takes little before its program reads.
const NARROW: &str = "server listen; server set-option SO_RCVBUF 4096; client connect; server accept;";

/// A FIN that waits behind data has not been sent.
#[test]
fn q_a_fin_that_waits_behind_data() {
    let queued = Why {
        says: &["queued behind data"],
        never: &["FIN sent"],
        ..PLAIN
    };
    let played = Played::of(&format!(
        "{NARROW} client set-option O_NONBLOCK on; client write x repeat=200000; client shutdown write"
    ));
    played.last("client shutdown", &queued);
    let played = Played::of(&format!(
        "{NARROW} client set-option O_NONBLOCK on; client write x repeat=200000; client close"
    ));
    played.last("client close", &queued);
}

/// The marker of a state that its sources do not agree on says what ended the connection, where no segment of it does.
#[test]
fn r_the_end_that_no_segment_tells() {
    let differs = |commands: &str| {
        let played = Played::of(commands);
        let states = played.0.iter().rfind(|line| line["kind"] == "states").unwrap();
        let client = &states["states"]["client"][0];
        client["differs"].as_str().unwrap_or_default().to_owned()
    };
    let attempt = "server listen; wire hold SYN; client socket; client set-option O_NONBLOCK on; client connect;";
    let by_icmp = differs(&format!("{attempt} wire forge port-unreachable to=client"));
    assert!(by_icmp.contains("ICMP port unreachable ended it"), "{by_icmp:?}");
    let by_destroy = differs(&format!("{attempt} client destroy"));
    assert!(by_destroy.contains("destroyed on this host"), "{by_destroy:?}");
    let by_us = differs(&format!("{attempt} client shutdown both"));
    assert!(by_us.contains("this end's shutdown ended it"), "{by_us:?}");
}

/// What ends a wait, and who forbids it, is named where the record knows.
#[test]
fn s_who_forbids_to_wait() {
    let says = |says, never| Why { says, never, ..PLAIN };
    Played::of(&format!("{EST} client set-option SO_RCVTIMEO 50; client read"))
        .last("client read", &says(&["SO_RCVTIMEO ran out"], &["O_NONBLOCK"]));
    Played::of(&format!("{EST} client set-option O_NONBLOCK on; client read"))
        .last("client read", &says(&["O_NONBLOCK forbids"], &["SO_RCVTIMEO"]));
    Played::of("server listen; server set-option SO_RCVTIMEO 50; server accept")
        .last("server accept", &says(&["SO_RCVTIMEO ran out"], &["O_NONBLOCK"]));
    Played::of("server listen; wire hold SYN; client socket; client set-option SO_SNDTIMEO 50; client connect")
        .last("client connect", &says(&["SO_SNDTIMEO ran out"], &["O_NONBLOCK"]));
    Played::of(&format!(
        "{EST} client set-option SO_SNDTIMEO 50; client write x repeat=9000000"
    ))
    .last(
        "client write",
        &says(&["SO_SNDTIMEO ran out"], &["over or forbidden", "O_NONBLOCK"]),
    );
    Played::patiently(
        "server listen; wire drop SYN; client socket; client set-option TCP_SYNCNT 1; client connect deadline=20000",
    )
    .last(
        "client connect",
        &says(&["TCP_SYNCNT (1) ran out"], &["tcp_syn_retries", "TCP_USER_TIMEOUT"]),
    );
    Played::patiently("client host tcp_syn_retries 1; server listen; wire drop SYN; client connect deadline=20000")
        .last(
            "client connect",
            &says(&["tcp_syn_retries (1) ran out"], &["TCP_SYNCNT", "TCP_USER_TIMEOUT"]),
        );
    Played::patiently(
        "server listen; wire drop SYN; client socket; client set-option TCP_USER_TIMEOUT 1500; \
         client connect deadline=20000",
    )
    .last(
        "client connect",
        &says(
            &["TCP_USER_TIMEOUT (1500 ms) ran out"],
            &["tcp_syn_retries", "TCP_SYNCNT"],
        ),
    );
    Played::patiently(&format!("{EST} client set-option TCP_USER_TIMEOUT 300; wire drop data; client write; client poll rdhup timeout=20000; client read"))
        .last("client read", &says(&["TCP_USER_TIMEOUT (300 ms) ran out"], &["tcp_retries2", "keepalive"]));
    Played::patiently(&format!(
        "{EST} client set-option SO_KEEPALIVE on; client set-option TCP_KEEPIDLE 1; client set-option TCP_KEEPINTVL 1; \
         client set-option TCP_KEEPCNT 1; wire drop any from=client; client poll rdhup timeout=20000; client read"
    ))
    .last(
        "client read",
        &says(
            &["keepalive probes were not answered"],
            &["tcp_retries2", "TCP_USER_TIMEOUT"],
        ),
    );
}

/// The urgent byte is lost, and the kernel finds one in the header of an ACK that follows: `tcp_urg` does not look where the data begins.
#[test]
fn an_urgent_byte_that_was_lost() {
    let lost = "wire hold data from=server; server write a repeat=2000 oob; wire deliver next; wire drop next; ";
    let follows = [EST, lost, "client write x; client poll pri; client read oob"].concat();
    let played = Played::of(&follows);
    let read = played.outcomes("client read")[0];
    // The last byte of the header of the server's ACK: of its timestamps' echo.
    let is_ack = |line: &&Value| line["from"] == "server" && line["packet"]["tcp"]["len"] == 0;
    let ack = played.0.iter().rfind(is_ack).unwrap();
    let options = ack["packet"]["tcp"]["options"].as_array().unwrap();
    let echo = options.iter().find_map(|option| option["timestamps"][1].as_u64());
    assert_eq!(
        read["outcome"]["ok"]["read"]["data"],
        format!("{:02x}", echo.unwrap() & 0xff),
        "{read} {ack}"
    );
    let header = Why {
        says: &["TCP header"],
        never: &["The urgent byte"],
        ..PLAIN
    };
    played.last("client read", &header);
    let poll = Why {
        never: &["an urgent byte is here"],
        ..header
    };
    played.last("client poll", &poll);
    let came = Why {
        says: &["The urgent byte"],
        never: &["header"],
        ..PLAIN
    };
    let played = Played::of(&[EST, "server write a repeat=2000 oob; client write x; client read oob"].concat());
    played.last("client read", &came);
}

/// A connect that waits for an attempt which another one began, and one that began it.
#[test]
fn two_connects_of_one_attempt() {
    let played =
        Played::of("server listen; wire hold SYN; client connect; client reconnect; wire clear; wire deliver all");
    let sentences: Vec<&str> = played
        .outcomes("client connect")
        .iter()
        .map(|outcome| outcome["why"].as_str().unwrap())
        .collect();
    let earlier = sentences
        .iter()
        .filter(|why| why.contains("begun earlier is done"))
        .count();
    let own = sentences.iter().filter(|why| why.contains("answered the SYN")).count();
    assert_eq!((earlier, own), (1, 1), "{sentences:?}");
}

/// A shutdown that fails without a connection counts from the next connect on: until then the cause is what took the peer away.
#[test]
fn a_shutdown_without_a_connection() {
    let shut =
        "client disconnect; client so-error on=client; client shutdown write on=client; client write x on=client";
    let why = Why {
        rule: Some("write-unconnected"),
        says: &["disconnect"],
        set_by: set_by("own-call", "client disconnect"),
        ..PLAIN
    };
    Played::of(&[EST, shut].concat()).last("client write", &why);
}
