//! The control protocol: one JSON object a line, requests on the endpoint's standard input, replies on its standard output.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use finwait_model::call::{Call, CallId, EndpointCall, ProcessCall, SocketName};
use finwait_model::clock::MonoTime;
use finwait_model::outcome::Outcome;
use finwait_model::syscall::Syscall;

/// The version that an endpoint must name in its [`Reply::Hello`].
pub const VERSION: u32 = 2;

/// A line to the endpoint.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request {
    /// Comes back in the replies.
    pub id: CallId,
    /// The call to make.
    #[serde(flatten)]
    pub order: EndpointCall,
}

/// A line from the endpoint.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reply {
    /// The first line: who speaks.
    Hello {
        /// The protocol's version, [`VERSION`].
        protocol: u32,
        /// The runtime's name: `native`, `go`, ...
        runtime: String,
        /// The library accepts and reads by itself, as soon as there is something.
        #[serde(default, skip_serializing_if = "std::ops::Not::not", rename = "takes-unasked")]
        takes_unasked: bool,
    },
    /// The call is about to be made, in the runtime's own words: `read(5, ..., 1024)`. It may now block.
    Began {
        /// The request's.
        id: CallId,
        /// The time (`CLOCK_MONOTONIC`, ns).
        at: MonoTime,
        /// The call as a programmer would write it.
        text: String,
    },
    /// The call, which is under way, has made a descriptor: so says a runtime whose library makes the socket in `connect` or
    /// `listen`, before the call can block.
    Made {
        /// The request's.
        id: CallId,
        /// The descriptor's number.
        fd: i32,
    },
    /// The call returned.
    Ended {
        /// The request's.
        id: CallId,
        /// The time (`CLOCK_MONOTONIC`, ns).
        at: MonoTime,
        /// The time that all of it took, in ns.
        ns: u64,
        /// The outcome.
        outcome: Outcome,
        /// The error as a programmer of the language sees it: the text of the error, as the library words it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        said: Option<String>,
        /// The system calls that were made for it, in order; empty when the runtime cannot report them.
        #[serde(default)]
        trace: Vec<Syscall>,
    },
    /// The line that came was not understood; the endpoint goes on.
    Refused {
        /// The request's, when it could be read.
        id: Option<CallId>,
        /// One sentence.
        why: String,
    },
}

/// Reads a request.
///
/// # Errors
///
/// The reply that says why the line is no request.
pub fn parse(line: &[u8]) -> Result<Request, Reply> {
    let refused = |id, why: String| Reply::Refused { id, why };
    let value: Value = serde_json::from_slice(line).map_err(|e| refused(None, format!("the line is not JSON: {e}")))?;
    let Some(id) = value.get("id").and_then(Value::as_u64).map(CallId) else {
        return Err(refused(None, "the request has no id, a whole number".into()));
    };
    // Each alternative by itself: an untagged enum can only say that none of its variants fits.
    let order = if value.get("socket").is_some() {
        on_socket(value)
    } else {
        for_process(value)
    };
    order
        .map(|order| Request { id, order })
        .map_err(|why| refused(Some(id), why))
}

fn on_socket(value: Value) -> Result<EndpointCall, String> {
    let socket = SocketName::deserialize(&value["socket"]).map_err(|e| e.to_string())?;
    let call = Call::deserialize(value).map_err(|e| format!("the call on {socket} cannot be read: {e}"))?;
    Ok(EndpointCall::On { socket, call })
}

fn for_process(value: Value) -> Result<EndpointCall, String> {
    let call = ProcessCall::deserialize(value);
    call.map(EndpointCall::Process)
        .map_err(|e| format!("without a socket, the call cannot be read: {e}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn why(line: &[u8]) -> (Option<u64>, String) {
        match parse(line) {
            Err(Reply::Refused { id, why }) => (id.map(|id| id.0), why),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_refusal_names_what_is_wrong() {
        assert!(why(b"\xff\xfe").1.starts_with("the line is not JSON: "));
        assert!(why(b"[]").1.contains("no id"));
        assert_eq!(why(b"{\"id\":3}").0, Some(3));
        let (id, text) = why(br#"{"id":3,"call":"raed","socket":"client"}"#);
        assert_eq!(id, Some(3));
        assert!(text.contains("unknown variant `raed`"), "{text}");
        assert!(
            why(br#"{"id":3,"call":"read","socket":"client"}"#)
                .1
                .contains("missing field `n`")
        );
        assert!(
            why(br#"{"id":3,"call":"close","socket":"a b"}"#)
                .1
                .starts_with("a socket's name")
        );
        assert!(why(br#"{"id":3,"call":"close"}"#).1.starts_with("without a socket"));
    }

    #[test]
    fn a_deep_line_is_refused_too() {
        assert_eq!(why(&[b'['; 1 << 20]).0, None);
    }

    /// The parser reads what the types write.
    #[test]
    fn what_is_written_can_be_read() {
        let line = br#"{"id":7,"socket":"client","call":"read","n":1024}"#;
        let request = parse(line).unwrap();
        assert_eq!(serde_json::to_vec(&request).unwrap(), line);
    }

    const DOCUMENT: &str = include_str!("../../../../docs/endpoint-protocol.md");

    /// Each example in the document is one of our lines, to the letter.
    #[test]
    fn the_document_shows_lines_as_they_are() {
        let examples: Vec<&str> = DOCUMENT.lines().filter(|line| line.starts_with('{')).collect();
        assert!(examples.len() > 40, "{}", examples.len());
        for example in examples {
            let written = match serde_json::from_str::<Reply>(example) {
                Ok(reply) => serde_json::to_string(&reply),
                Err(_) => {
                    serde_json::to_string(&parse(example.as_bytes()).unwrap_or_else(|e| panic!("{example}: {e:?}")))
                }
            };
            assert_eq!(written.unwrap(), example);
        }
    }

    /// The names of an enum's variants, which serde lists when none of them fits.
    fn variants(error: &str) -> Vec<&str> {
        let (_, listed) = error
            .split_once("expected one of ")
            .or_else(|| error.split_once("expected "))
            .unwrap();
        listed.split('`').skip(1).step_by(2).collect()
    }

    /// No call, reply, value or option is missing from the document.
    #[test]
    fn the_document_shows_every_word() {
        let call = serde_json::from_str::<Call>(r#"{"call":""}"#).unwrap_err().to_string();
        let process = serde_json::from_str::<ProcessCall>(r#"{"call":""}"#)
            .unwrap_err()
            .to_string();
        for name in variants(&call).into_iter().chain(variants(&process)) {
            assert!(DOCUMENT.contains(&format!("\"call\":\"{name}\"")), "{name}");
        }
        let reply = serde_json::from_str::<Reply>(r#"{"":{}}"#).unwrap_err().to_string();
        let outcome = serde_json::from_str::<Outcome>(r#"{"":{}}"#).unwrap_err().to_string();
        let value = serde_json::from_str::<finwait_model::outcome::Value>(r#"{"":{}}"#)
            .unwrap_err()
            .to_string();
        for name in [&reply, &outcome, &value].into_iter().flat_map(|error| variants(error)) {
            assert!(DOCUMENT.contains(&format!("\"{name}\"")), "{name}");
        }
        for option in finwait_model::call::SocketOption::ALL {
            assert!(DOCUMENT.contains(&format!("`{}`", option.name())), "{option:?}");
        }
    }
}
