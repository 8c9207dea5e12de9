//! Commands of the wire.

use super::*;

#[test]
fn the_wires_commands_read_back_as_themselves() {
    for text in [
        "wire mode",
        "wire step",
        "wire flow",
        "wire slow",
        "wire slow 250ms",
        "wire deliver",
        "wire deliver all",
        "wire deliver all copies=yes",
        "wire drop 7",
        "wire duplicate 12",
        "wire delay 7 ms=250",
        "wire delay SYN ms=250 from=client",
        "wire hold FIN from=server",
        "wire drop data from=client port=8080 seq=11 payload=yes nth=2 times=1",
        "wire drop any chance=10 seed=7",
        "wire drop data after=65536 size>=1400 nth=3.. on=client2",
        "wire hold any size>=52 size<=60 on=3",
        "wire hold UDP size=52 nth=2",
        "wire step all",
        "wire link",
        "wire link off",
        "wire link off from=server",
        "wire link 3g",
        "wire link lossy-wifi loss=2%",
        "wire link delay=40ms jitter=10ms rate=2mbit limit=50 loss=0.1% duplicate=1% corrupt=0.01% reorder=25% seed=7 from=server",
        "wire link strip=mss,wscale,sack,timestamps blackhole=1400",
        "wire link mtu=1400 from=client",
        "wire forge rst to=client on=server2",
        "wire forge rst to=client seq=5 source=:9999",
        "wire forge data to=client source=10.0.0.2:9999 destination=10.0.0.1:41822 bytes=\"a\"",
        "wire deliver SYN-ACK",
        "wire preset cut-cable",
        "wire rule 2 off",
        "wire rule 2 remove",
        "wire clear",
        "wire forge rst to=client",
        "wire forge rst to=client seq=in-window",
        "wire forge syn to=server seq=12 port=4000",
        "wire forge data to=server bytes=\"a\\n\"",
        "wire forge frag-needed to=server",
    ] {
        let command = parse(text, None).unwrap_or_else(|error| panic!("{text}: {error}"));
        assert_eq!(command.to_string(), text);
        assert_eq!(parse(&text[5..], Some(Side::Client)), Ok(command));
    }
    assert_eq!(parse("wire hold fin", None), parse("wire hold FIN", None));
    for (text, same) in [
        ("wire link clear", "wire link off"),
        ("wire link delay=0.04s loss=1", "wire link delay=40ms loss=1%"),
        ("wire link rate=1.6mbit", "wire link rate=1600kbit"),
        ("wire drop any size>=52 size<=52", "wire drop any size=52"),
        ("wire drop on=2 FIN", "wire drop FIN on=2"),
    ] {
        assert_eq!(parse(text, None), parse(same, None), "{text}");
    }
    assert_eq!(parse("wire deliver #7", None), parse("wire deliver 7", None));
    assert_eq!(
        parse("wire deliver all copies=no", None),
        parse("wire deliver all", None)
    );
    for (text, same) in [("0.4s", "400ms"), ("400", "400ms"), ("60s", "60000ms")] {
        let [slow, same] = [text, same].map(|time| parse(&format!("wire slow {time}"), None));
        assert!(slow.is_ok() && slow == same, "{text}: {slow:?}");
    }
    for mode in ["flow", "slow", "step"] {
        let [long, short] = [format!("wire mode {mode}"), format!("wire {mode}")].map(|text| parse(&text, None));
        assert!(long.is_ok() && long == short, "{mode}: {long:?}");
    }
    assert_eq!(
        parse("wire drop from=client", None),
        parse("wire drop any from=client", None)
    );
}

#[test]
fn mistakes_about_the_wire_are_told_too() {
    assert_eq!(
        complaint("wire delver"),
        "column 6: \"delver\" is not a command of the wire; did you mean deliver?"
    );
    assert_eq!(
        complaint("wire"),
        "column 5: a command is missing, like step, deliver, drop or hold"
    );
    assert_eq!(
        complaint("client drop SYN"),
        "column 8: drop is a command of the wire: wire drop"
    );
    assert_eq!(complaint("step"), "column 1: step is a command of the wire: wire step");
    assert_eq!(
        complaint("wire drop SYNN"),
        "column 11: SYNN is neither a segment on the wire (next, all, or its number) nor a kind of segment (any, SYN, SYN-ACK, FIN, RST, data, ACK, UDP, ICMP); did you mean SYN?"
    );
    assert_eq!(
        complaint("wire drop all from=client"),
        "column 15: from= is for a rule, which begins with a kind of segment: drop SYN from="
    );
    for time in ["0", "61s", "fast", "-1ms"] {
        assert_eq!(
            complaint(&format!("wire slow {time}")),
            format!(
                "column 11: the time that a segment takes is from 1 ms to 60 s, like 400ms or 0.4s, not {}",
                crate::command::complaint::shown(time)
            )
        );
    }
    for text in [
        "wire deliver copies=yes",
        "wire deliver 7 copies=yes",
        "wire deliver SYN copies=yes",
    ] {
        let at = text.find("copies").unwrap() + 1;
        assert_eq!(
            complaint(text),
            format!(
                "column {at}: copies= is for deliver all; a single copy is delivered by its number, like deliver 7"
            )
        );
    }
    assert_eq!(
        complaint("wire deliver all copies=some"),
        "column 25: copies is yes or no, not some"
    );
    assert_eq!(
        complaint("wire mode slwo"),
        "column 11: the mode is flow or slow or step, not slwo; did you mean slow?"
    );
    assert_eq!(
        complaint("wire hold next"),
        "column 11: hold takes a kind of segment to hold from now on, like hold FIN"
    );
    for (text, why) in [
        (
            "wire step some",
            "column 11: step holds every segment, and step all all packets; not some",
        ),
        (
            "wire drop FIN on=somebody",
            "column 18: on is a connection: a socket of it, like client2 or server2, or its number, like 3; not somebody",
        ),
        (
            "wire drop FIN nth=..3",
            "column 19: nth is a number from 1 to 1000000, like 3, or all from there on, like 3.., not ..3",
        ),
        (
            "wire drop any size>=0",
            "column 21: size is a number from 1 to 65535, not 0",
        ),
        (
            "wire drop any size=5 size>=5",
            "column 15: size= is one size, and takes no size>= or size<= beside it",
        ),
        (
            "wire drop any size>=9 size<=8",
            "column 23: no size is that large and that small: size<= is below size>=",
        ),
        (
            "wire link 4g",
            "column 11: 4g is not a profile of a link; they are 3g, dsl, satellite, lossy-wifi, and off is none; or name its properties, like delay=40ms loss=1%; did you mean 3g?",
        ),
        (
            "wire link rate=2",
            "column 16: rate is from 1kbit to 100gbit, in bit, kbit, mbit or gbit a second, like 2mbit, not 2",
        ),
        (
            "wire link loss=101%",
            "column 16: loss is a share in percent, from 0% to 100%, like 1% or 0.1%, not 101%",
        ),
        (
            "wire link strip=wscal",
            "column 17: strip is options of TCP with commas between, of mss, wscale, sack, timestamps; not wscal; did you mean wscale?",
        ),
        (
            "wire link loss=1% limit=9",
            "column 19: limit= is of the queue before a rate: rate=2mbit limit=100",
        ),
        (
            "wire link reorder=9%",
            "column 11: reorder= lets packets overtake those that take the delay: delay=40ms reorder=25%",
        ),
        (
            "wire link mtu=1400 blackhole=1400",
            "column 20: a link tells of what is too large (mtu=) or does not (blackhole=): one of them",
        ),
        (
            "wire link mtu=575",
            "column 15: mtu is a number from 576 to 65535, not 575",
        ),
        (
            "wire link off loss=1%",
            "column 15: link off takes the link away, and has no properties but from=",
        ),
        (
            "wire link from=server",
            "column 11: from= needs a link: link delay=40ms from=server, or link off from=server",
        ),
        (
            "wire forge rst to=client on=1 port=80",
            "column 31: on= says already whose packet it is: port= would say it again",
        ),
        (
            "wire forge rst to=client destination=:80",
            "column 26: destination= goes with source=, the address that the packet claims to come from",
        ),
    ] {
        assert_eq!(complaint(text), why, "{text}");
    }
    assert_eq!(
        complaint("wire forge rst"),
        "column 15: the receiver is missing: forge rst to=client or to=server"
    );
    assert_eq!(
        complaint("wire forge rst to=client seq=inwindow"),
        "column 30: seq is exact, in-window, out-of-window or a number counted from the SYN's, not inwindow; did you mean in-window?"
    );
    assert_eq!(
        complaint("wire forge frag-needed to=client seq=1"),
        "column 34: frag-needed is an ICMP error, and has no sequence number"
    );
    assert_eq!(
        complaint("wire forge rst to=client bytes=x"),
        "column 26: a forged rst carries no bytes: forge data bytes=... does"
    );
    assert_eq!(
        complaint("wire forge port-unreachable bytes=x to=client"),
        "column 29: a forged port-unreachable carries no bytes: forge data bytes=... does"
    );
    assert_eq!(
        complaint("wire drop any seed=1"),
        "column 15: seed= is only for chance=, which is missing"
    );
    assert_eq!(
        complaint("client wire step"),
        "column 8: wire takes no end before it, as in wire drop"
    );
}
