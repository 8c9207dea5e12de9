//! The answer to a capture: its connections, the worst first, or one of them as a diagram.

use finwait_capture::finding::{Seconds, times};
use finwait_capture::flow::{Connection, ConnectionNo, Limits, Table, Totals};
use finwait_capture::reader::{CaptureFacts, Format, Reader};
use finwait_capture::view::ConnectionView;
use serde::Serialize;
use std::process::ExitCode;

use super::paper::Paper;
use super::progress::Progress;
use super::source::Bytes;
use super::{columns, ended};
use crate::clock::MonoTime;
use crate::exit;
use crate::headless::output::TextOutput;
use crate::json::Versioned;
use crate::recording::capture::Kept;

mod print;

/// The connections that are told of unless all are wanted.
const TOLD: usize = 40;
/// The packets of the one connection that are kept at its beginning, and at its end.
const KEPT: usize = 200;

/// What is wanted of a capture.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CaptureOptions {
    /// The number of the connection that alone is told of.
    pub connection: Option<u64>,
    /// All connections, or all packets of the one; of a text, all causes in full.
    pub all: bool,
}

/// A capture that was read to its end.
struct ReadCapture {
    format: Format,
    facts: CaptureFacts,
    connections: Vec<Connection>,
    totals: Totals,
    began: MonoTime,
    last: MonoTime,
    kept: Kept,
}

/// The output of `finwait explain --json` of a capture.
#[derive(Serialize)]
struct CaptureOutput<'a> {
    capture: Capture<'a>,
}

#[derive(Serialize)]
struct Capture<'a> {
    format: Format,
    #[serde(flatten)]
    facts: &'a CaptureFacts,
    lasted: Seconds,
    counted: Totals,
    connections: Vec<ConnectionView>,
}

/// Explains a capture.
pub fn explain(bytes: Bytes, options: CaptureOptions, json: bool, output: TextOutput) -> ExitCode {
    let name = bytes.name.clone();
    let read = match read(bytes, options) {
        Ok(read) => read,
        Err(why) => return exit::fail(exit::BAD, &format!("{name}: {why}")),
    };
    if read.totals.segments == 0 {
        return exit::fail(exit::BAD, &format!("{name}: {}", nothing(&read)));
    }
    let most = if options.all { usize::MAX } else { TOLD };
    let view = |connection: &Connection| ConnectionView::of(connection, read.began, read.last);
    let views: Vec<ConnectionView> = match options.connection {
        None => read.connections.iter().take(most).map(view).collect(),
        Some(no) => match read
            .connections
            .iter()
            .find(|connection| connection.no == ConnectionNo(no))
        {
            Some(connection) => vec![view(connection)],
            None => {
                let count = read.totals.numbers();
                let why = match no <= count && no > 0 {
                    true => format!("connection {no} is one of those that are only counted"),
                    false => format!("the capture has no connection {no}: they are numbered from 1 to {count}"),
                };
                return exit::fail(exit::BAD, &format!("{name}: {why}"));
            }
        },
    };
    let mut out = Vec::new();
    let printed = if json {
        let capture = Capture {
            format: read.format,
            facts: &read.facts,
            lasted: Seconds(read.last.since(read.began)),
            counted: read.totals,
            connections: views,
        };
        Versioned::new(CaptureOutput { capture }).print(&mut out)
    } else {
        let columns = columns();
        let paper = Paper {
            columns,
            lines: 1,
            all: options.all,
        };
        match (options.connection, &views[..]) {
            (Some(_), [view]) => print::one(&mut out, &read, view, &paper),
            _ => print::all(&mut out, &read, &views, &paper),
        }
    };
    ended(printed.and_then(|()| output.write(&out)))
}

fn read(bytes: Bytes, options: CaptureOptions) -> Result<ReadCapture, String> {
    let Bytes { from, file, .. } = bytes;
    let mut progress = Progress::of(file.as_ref());
    let mut reader = Reader::new(from).map_err(|error| error.to_string())?;
    let limits = Limits {
        told: match (options.connection, options.all) {
            (None, false) => TOLD,
            _ => Limits::default().told,
        },
        ..Limits::default()
    };
    let mut table = Table::new(limits);
    let most = if options.all { usize::MAX } else { KEPT };
    let mut kept = Kept::new(most);
    while let Some(packet) = reader.packet().map_err(|error| error.to_string())? {
        let connection = table.packet(&packet);
        if let (Some(wanted), Some(connection)) = (options.connection, connection)
            && connection.no == ConnectionNo(wanted)
        {
            kept.add(packet, connection);
        }
        progress.show_packets(reader.bytes(), reader.facts().packets);
    }
    let (began, last) = (table.began(), table.last());
    let (connections, totals) = table.end();
    Ok(ReadCapture {
        format: reader.format(),
        facts: reader.facts().clone(),
        connections,
        totals,
        began,
        last,
        kept,
    })
}

/// Why a capture without a TCP segment says nothing.
fn nothing(read: &ReadCapture) -> String {
    let facts = &read.facts;
    match (&facts.damaged, facts.unknown_link, facts.packets) {
        (Some(why), ..) => why.clone(),
        (None, Some((count, link)), _) => format!(
            "the capture has no TCP that finwait can read; {count} packets are of the link type {link}, and it reads Ethernet, Linux cooked, raw IP, loopback and PPP"
        ),
        (None, None, 0) if facts.named > 0 => format!(
            "hosts or ports are named in words, in {}: print the text with tcpdump -n",
            times(facts.named, "line")
        ),
        (None, None, 0) if facts.breaks_off => "the file ends inside of its first packet".into(),
        (None, None, 0) => "the capture has no packets".into(),
        (None, None, packets) => format!("none of the capture's {packets} packets is TCP"),
    }
}

/// Reads a capture for one connection of it: the first of the overview where none is named.
///
/// # Errors
/// One sentence.
pub fn connection_of(
    name: &str,
    bytes: impl Fn() -> Result<Bytes, String>,
    no: Option<u64>,
) -> Result<(Kept, ConnectionView), String> {
    let fault = |why: String| format!("{name}: {why}");
    let wanted = |no: Option<u64>| CaptureOptions {
        connection: no,
        all: false,
    };
    let no = match no {
        Some(no) => no,
        None => {
            let read = read(bytes()?, wanted(None)).map_err(fault)?;
            match read.connections.first() {
                Some(connection) => connection.no.0,
                None => return Err(fault(nothing(&read))),
            }
        }
    };
    let read = read(bytes()?, wanted(Some(no))).map_err(fault)?;
    let connection = read.connections.iter().find(|connection| connection.no.0 == no);
    let Some(connection) = connection else {
        let count = read.totals.numbers();
        return Err(fault(format!(
            "the capture has no connection {no}: they are numbered from 1 to {count}"
        )));
    };
    let view = ConnectionView::of(connection, read.began, read.last);
    Ok((read.kept, view))
}
