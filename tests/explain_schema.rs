//! What `finwait explain --json` prints is what `docs/explain.schema.json` says, whatever it was given.

mod support;

use serde_json::Value;
use std::fs;
use std::path::Path;

use finwait::headless::explain::{ExplainResult, explained};
use support::{finwait, output_of, shared};

/// A schema, as far as this one uses the vocabulary of draft 2020-12; what it does not know is a mistake of the schema.
struct Schema(Value);

impl Schema {
    fn kept() -> Schema {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/explain.schema.json");
        Schema(serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap())
    }

    /// What is wrong with a value, each with its place.
    fn mistakes(&self, value: &Value) -> Vec<String> {
        let mut wrong = Vec::new();
        self.check(&self.0, value, "", &mut wrong);
        wrong
    }

    fn check(&self, schema: &Value, value: &Value, at: &str, wrong: &mut Vec<String>) {
        for (keyword, wanted) in schema.as_object().unwrap() {
            let length = |items: Option<usize>| items.is_none_or(|items| items as u64 >= wanted.as_u64().unwrap());
            let holds = match keyword.as_str() {
                "$schema" | "$defs" | "title" | "description" => true,
                "$ref" => {
                    let target = self.0.pointer(wanted.as_str().unwrap().strip_prefix('#').unwrap());
                    self.check(target.unwrap_or_else(|| panic!("no {wanted}")), value, at, wrong);
                    true
                }
                "type" => match wanted {
                    Value::Array(types) => types.iter().any(|name| is(value, name)),
                    name => is(value, name),
                },
                "const" => value == wanted,
                "enum" => wanted.as_array().unwrap().contains(value),
                "anyOf" => wanted.as_array().unwrap().iter().any(|of| {
                    let mut wrong = Vec::new();
                    self.check(of, value, at, &mut wrong);
                    wrong.is_empty()
                }),
                "required" => {
                    let keys = wanted.as_array().unwrap();
                    value.is_object() && keys.iter().all(|key| value.get(key.as_str().unwrap()).is_some())
                }
                "properties" => {
                    for (key, of) in wanted.as_object().unwrap() {
                        if let Some(value) = value.get(key) {
                            self.check(of, value, &format!("{at}/{key}"), wrong);
                        }
                    }
                    true
                }
                "additionalProperties" => {
                    assert_eq!(wanted, false);
                    let known = schema["properties"].as_object().unwrap();
                    let keys = value.as_object().into_iter().flatten();
                    wrong.extend(
                        keys.filter(|(key, _)| !known.contains_key(*key))
                            .map(|(key, _)| format!("{at}/{key}: not told of")),
                    );
                    true
                }
                "items" => {
                    for (place, item) in value.as_array().into_iter().flatten().enumerate() {
                        self.check(wanted, item, &format!("{at}/{place}"), wrong);
                    }
                    true
                }
                "minItems" => length(value.as_array().map(Vec::len)),
                "minLength" => length(value.as_str().map(str::len)),
                "minProperties" => length(value.as_object().map(serde_json::Map::len)),
                "minimum" => value.as_i64() >= wanted.as_i64(),
                "maximum" => value.as_i64() <= wanted.as_i64(),
                "pattern" => {
                    let wanted = wanted.as_str().unwrap();
                    let capitals = match wanted {
                        "^[a-z0-9-]+$" => false,
                        "^[A-Z0-9_]+$" => true,
                        _ => panic!("{wanted} is no pattern that the test knows"),
                    };
                    let fits = |c: char| match capitals {
                        false => c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-',
                        true => c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_',
                    };
                    value
                        .as_str()
                        .is_none_or(|text| !text.is_empty() && text.chars().all(fits))
                }
                _ => panic!("the test does not know {keyword}"),
            };
            if !holds {
                wrong.push(format!("{at}: {value} is not {keyword} {wanted}"));
            }
        }
    }
}

fn is(value: &Value, name: &Value) -> bool {
    match name.as_str().unwrap() {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "boolean" => value.is_boolean(),
        "null" => value.is_null(),
        name => panic!("the test does not know the type {name}"),
    }
}

/// What the library says of a text, which is what the program prints of it, without a process for each of a thousand; none where it is
/// not known.
fn said(text: &str) -> Option<Value> {
    let ExplainResult { printed, unknown } = explained(text, true, 100);
    unknown.is_none().then(|| serde_json::from_str(&printed).unwrap())
}

/// What the program prints for an input; none where it is not known.
fn printed(input: &str) -> Option<Value> {
    let output = match input.lines().count() {
        1 => output_of(finwait().args(["explain", "--json", "--", input]), b""),
        _ => output_of(finwait().args(["explain", "--json"]), input.as_bytes()),
    };
    (output.status.code() == Some(0)).then(|| serde_json::from_slice(&output.stdout).unwrap())
}

/// The inputs of all samples of the field.
fn samples() -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/field");
    let mut inputs = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|end| end == "tsv") {
            let text = fs::read_to_string(path).unwrap();
            let cells = text.lines().skip(1).filter_map(|line| line.split('\t').next());
            inputs.extend(
                cells
                    .filter(|cell| !cell.is_empty())
                    .map(|cell| cell.replace("\\n", "\n")),
            );
        }
    }
    inputs
}

#[test]
fn what_is_printed_is_what_the_schema_says() {
    let schema = Schema::kept();
    let others = [
        "CLOSE_WAIT",
        "TIME_WAIT",
        "TcpExtListenOverflows",
        "TCPAbortOnData",
        "keep-alive-race",
        "address-without-a-zone",
        "104",
        "EINVAL",
    ];
    for input in others {
        assert_eq!(said(input), printed(input), "{input}");
    }
    let inputs: Vec<String> = others.iter().map(ToString::to_string).chain(samples()).collect();
    let answered = shared(&inputs, |input| {
        let Some(told) = said(input) else { return 0 };
        let wrong = schema.mistakes(&told);
        assert!(wrong.is_empty(), "{input}:\n{}", wrong.join("\n"));
        1
    });
    let answered: u32 = answered.iter().sum();
    assert!(answered > 600, "{answered}");
}

/// Tables, counters, the kernel's messages, what is no socket's and captures, each with all that they can have.
#[test]
fn what_is_told_of_tables_and_captures_is_in_the_schema() {
    let schema = Schema::kept();
    let listings = [
        "State Recv-Q Send-Q Local Address:Port Peer Address:Port Process\n\
         LISTEN 129 128 0.0.0.0:8080 0.0.0.0:* users:((\"app\",pid=7,fd=3))\n\
         CLOSE-WAIT 1 0 10.0.0.1:8080 10.0.0.9:41000 users:((\"app\",pid=7,fd=9)) uid:33 ino:4 sk:1 <->\n\
         \t skmem:(r0,rb131072,t0,tb87040,f0,w0,o0,bl0,d2) cubic rto:204 retrans:0/3 lastrcv:900 rwnd_limited:12ms(1.0%)\n\
         ESTAB 0 12 10.0.0.1:8080 10.0.0.9:41001 timer:(on,200ms,3)\n\
         ESTAB 0 12 10.0.0.1:8080 10.0.0.9:41002 timer:(persist,1min,2)\n",
        "ESTAB 0 12 10.0.0.1:8080 10.0.0.9:41001 timer:(on,200ms,3) users:((\"app\",pid=7,fd=9))\n\
         udp UNCONN 0 0 0.0.0.0:68 0.0.0.0:*\n",
        "tcp        0      0 10.0.0.1:22             10.0.0.9:50000          TIME_WAIT   -                    timewait (12.00/0/0)\n",
        "    312 CLOSE_WAIT\n     12 ESTABLISHED\n   1200 TIME_WAIT\n",
        "TcpExtListenOverflows           5                  0.0\nTcpInSegs 100 0.0\nTcpExtListenOverflows 9 0.0\n",
        "[ 12.5] TCP: request_sock_TCP: Possible SYN flooding on port 8080. Sending cookies.\n\
         [ 13.5] nf_conntrack: nf_conntrack: table full, dropping packet\n",
        "httpx.PoolTimeout\nx509: certificate signed by unknown authority\nread: connection reset by peer\n",
    ];
    let captures = [
        "00:00:01.000000 IP 10.0.0.1.40000 > 10.0.0.2.80: Flags [S], seq 100, win 64240, options [mss 1460], length 0\n\
         00:00:01.000100 IP 10.0.0.2.80 > 10.0.0.1.40000: Flags [R.], seq 0, ack 101, win 0, length 0\n",
        "00:00:01.000000 IP 10.0.0.1.40001 > 10.0.0.2.80: Flags [S], seq 100, win 64240, length 0\n\
         00:00:01.000100 IP 10.0.0.2.80 > 10.0.0.1.40001: Flags [S.], seq 900, ack 101, win 64240, length 0\n\
         00:00:01.000200 IP 10.0.0.1.40001 > 10.0.0.2.80: Flags [.], ack 1, win 502, length 0\n\
         00:00:01.000300 IP 10.0.0.1.40001 > 10.0.0.2.80: Flags [P.], seq 1:11, ack 1, win 502, length 10\n\
         00:00:01.200300 IP 10.0.0.1.40001 > 10.0.0.2.80: Flags [P.], seq 1:11, ack 1, win 502, length 10\n\
         00:00:01.200400 IP 10.0.0.2.80 > 10.0.0.1.40001: Flags [.], ack 11, win 0, length 0\n\
         00:00:02.200400 IP 10.0.0.2.80 > 10.0.0.1.40001: Flags [F.], seq 1, ack 11, win 0, length 0\n\
         00:00:03.200400 IP 10.0.0.1.40001 > 10.0.0.2.80: Flags [P.], seq 11:12, ack 2, win 502, length 1\n\
         00:00:03.200500 IP 10.0.0.2.80 > 10.0.0.1.40001: Flags [R], seq 902, win 0, length 0\n",
    ];
    for input in listings.iter().chain(&captures) {
        let told = printed(input).unwrap_or_else(|| panic!("{input} is not answered"));
        let wrong = schema.mistakes(&told);
        assert!(wrong.is_empty(), "{input}:\n{}\n{told}", wrong.join("\n"));
    }
    let broken: [(&str, &str, Value); 8] = [
        (listings[0], "/listing/findings/0/urgency", "bad".into()),
        (listings[0], "/listing/findings/0/examples/0/state", "OPEN".into()),
        (listings[1], "/listing/sockets/0/timer/kind", "egg".into()),
        (listings[4], "/counters/0/concern", "none".into()),
        (listings[5], "/kernel/0/lines", 0.into()),
        (listings[6], "/something_else/0/about", "".into()),
        (captures[0], "/capture/connections/0/findings/0/finding", "odd".into()),
        (captures[1], "/capture/connections/0/states/client", "OPEN".into()),
    ];
    for (input, place, wrong) in broken {
        let mut told = printed(input).unwrap();
        let at = told.pointer_mut(place);
        *at.unwrap_or_else(|| panic!("no {place} in {input}")) = wrong;
        assert!(!schema.mistakes(&told).is_empty(), "{place}");
    }
}

/// The schema is no "anything goes".
#[test]
fn the_schema_finds_what_is_wrong() {
    let schema = Schema::kept();
    let told = printed("read tcp 10.0.0.1:4000->10.0.0.2:80: read: connection reset by peer").unwrap();
    let broken: [(&str, Value); 6] = [
        ("/schema", 2.into()),
        ("/answers/0/ranked/0/met", "usually".into()),
        ("/answers/0/ranked/0/kind", "guess".into()),
        ("/answers/0/causes/0/proof", Value::Null),
        ("/answers/0/carrier", "smoke signals".into()),
        ("/answers/0/lines", 0.into()),
    ];
    for (place, wrong) in broken {
        let mut told = told.clone();
        *told.pointer_mut(place).unwrap() = wrong;
        assert!(!schema.mistakes(&told).is_empty(), "{place}");
    }
    let mut told = told;
    told["answers"][0]["new"] = 1.into();
    assert!(!schema.mistakes(&told).is_empty());
}
