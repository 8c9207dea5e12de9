//! A capture for people: its connections at a glance, what is worth telling of each, and one of them as a diagram.

use std::io::{self, Write};
use std::net::SocketAddr;

use finwait_capture::finding::{Finding, times};
use finwait_capture::seen::Seen;
use finwait_capture::view::ConnectionView;

use super::super::paper::Paper;
use super::ReadCapture;
use crate::clock::{MonoTime, human};
use crate::recording::Replay;
use crate::side::Side;
use crate::state::State;
use crate::text::{harmless, width};
use crate::tui::pane::diagram::text;
use crate::wire::flow::PacketNo;

/// The columns for a time before a row of the diagram.
const TIME: usize = 13;
/// The widest and the narrowest diagram, in columns.
const DIAGRAM: std::ops::RangeInclusive<u16> = 60..=120;

/// The overview, and below it each connection with something worth telling.
pub fn all(out: &mut impl Write, read: &ReadCapture, views: &[ConnectionView], paper: &Paper) -> io::Result<()> {
    head(out, read, paper)?;
    writeln!(out)?;
    overview(out, views, paper)?;
    let (told, counted) = (views.len() as u64, read.totals.connections);
    if told < counted {
        let text = format!(
            "The worst {told} of {counted} connections; in all, {} were reset, {} refused, {} had no answer. --all tells of more.",
            read.totals.reset, read.totals.refused, read.totals.unanswered
        );
        writeln!(out)?;
        paper.paragraph(out, "", &text)?;
    }
    for (view, alike) in alike(views) {
        writeln!(out)?;
        details(out, view, paper)?;
        if !alike.is_empty() {
            paper.paragraph(out, "  alike:      ", &numbers(&alike))?;
        }
    }
    writeln!(out)?;
    let number = views.first().map_or(1, |view| view.connection.0);
    let text = format!(
        "--connection {number} draws that connection; finwait open FILE --connection {number} shows it on the screen."
    );
    paper.paragraph(out, "", &text)
}

/// The connections with something worth telling, and with each those of the same server that have the same story.
fn alike(views: &[ConnectionView]) -> Vec<(&ConnectionView, Vec<u64>)> {
    let story = |view: &ConnectionView| {
        let findings: Vec<_> = view
            .findings
            .iter()
            .map(|told| (told.finding.brief(), reasons(&told.finding)))
            .collect();
        (view.addresses.server, view.states, findings)
    };
    let mut told: Vec<(_, &ConnectionView, Vec<u64>)> = Vec::new();
    for view in views.iter().filter(|view| has_news(view)) {
        let story = story(view);
        match told.iter_mut().find(|(known, ..)| *known == story) {
            Some((.., alike)) => alike.push(view.connection.0),
            None => told.push((story, view, Vec::new())),
        }
    }
    told.into_iter().map(|(_, view, alike)| (view, alike)).collect()
}

/// `connection 4`, `connections 4, 7, 9 and 20 more`
fn numbers(connections: &[u64]) -> String {
    const TOLD: usize = 12;
    let mut told: Vec<String> = connections.iter().take(TOLD).map(u64::to_string).collect();
    let more = connections.len() - told.len();
    let last = match (more, told.len()) {
        (0, 1) => return format!("connection {}", told[0]),
        (0, _) => told.pop().unwrap_or_default(),
        (more, _) => format!("{more} more"),
    };
    format!("connections {} and {last}", told.join(", "))
}

/// One connection, with its diagram.
pub fn one(out: &mut impl Write, read: &ReadCapture, view: &ConnectionView, paper: &Paper) -> io::Result<()> {
    head(out, read, paper)?;
    writeln!(out)?;
    details(out, view, paper)?;
    writeln!(out)?;
    let Some(recording) = read.kept.recording("", view.connection.0) else {
        return Ok(());
    };
    let (_, session) = Replay::new(recording);
    let room = paper.columns.saturating_sub(TIME).min(usize::from(*DIAGRAM.end()));
    let columns = (room as u16).max(*DIAGRAM.start());
    let ends = Side::BOTH.map(|side| format!("{side} {}", view.addresses[side]));
    let gap = usize::from(columns)
        .saturating_sub(width(&ends[0]) + width(&ends[1]))
        .max(2);
    writeln!(out, "{:TIME$}{}{}{}", "", ends[0], " ".repeat(gap), ends[1])?;
    let left_out = read.kept.left_out();
    let at = |time| format!("{:>10.6}   ", view.at.0.saturating_add(time).as_secs_f64());
    for row in text::rows(&session, columns, MonoTime(u64::MAX)) {
        let time = if row.packet.is_some() && read.facts.timed {
            at(row.at)
        } else {
            " ".repeat(TIME)
        };
        writeln!(out, "{}", format!("{time}{}", row.text).trim_end())?;
        if let (Some((last, count)), Some(packet)) = (left_out, row.packet)
            && last == packet
        {
            let PacketNo(last) = last;
            writeln!(
                out,
                "{:TIME$}... packets {} to {} of this connection are left out: --all draws them ...",
                "",
                last + 1,
                last + count
            )?;
        }
    }
    Ok(())
}

/// `0.0.0.1 stands for web.example.net`
fn names(hosts: &[(std::net::IpAddr, String)]) -> String {
    const TOLD: usize = 20;
    let mut told: Vec<String> = hosts
        .iter()
        .take(TOLD)
        .map(|(address, host)| format!("{address} for {}", harmless(host)))
        .collect();
    if hosts.len() > TOLD {
        told.push(format!("and {} more", hosts.len() - TOLD));
    }
    format!("The text names hosts in words; here stand {}.", told.join(", "))
}

/// `1 line is`, `2 lines are`
fn are(count: u64, what: &str) -> String {
    let verb = if count == 1 { "is" } else { "are" };
    format!("{} {verb}", times(count, what))
}

/// What the capture is, and what of it could not be read.
fn head(out: &mut impl Write, read: &ReadCapture, paper: &Paper) -> io::Result<()> {
    let (facts, totals) = (&read.facts, &read.totals);
    let lasted = match facts.timed {
        true if read.facts.packets == 1 => String::new(),
        true => format!(" in {}", human(read.last.since(read.began))),
        false => ", without times".into(),
    };
    let about = if totals.parts > 0 { "about " } else { "" };
    let connections = format!("{about}{}", times(totals.connections, "connection"));
    let segments = times(totals.segments, "segment");
    let text = format!(
        "{}: {connections}, {segments}{lasted}. States are those that the segments imply; times are since the first packet.",
        read.format
    );
    paper.paragraph(out, "", &text)?;
    let mut notes = Vec::new();
    if facts.breaks_off {
        notes.push(format!(
            "The file breaks off in packet {}, which is left out.",
            facts.packets + 1
        ));
    }
    if let Some(why) = &facts.damaged {
        notes.push(format!("Only a part is explained: {why}."));
    }
    if let Some((count, link)) = facts.unknown_link {
        notes.push(format!(
            "{} left out: finwait does not read the link type {link}.",
            are(count, "packet")
        ));
    }
    if !facts.hosts.is_empty() {
        notes.push(names(&facts.hosts));
    }
    if facts.named > 0 {
        notes.push(format!(
            "{} left out: hosts or ports are named in words there; print the text with tcpdump -n.",
            are(facts.named, "line")
        ));
    }
    if totals.let_go > 0 {
        let count = totals.let_go;
        let parts = match totals.parts {
            0 => String::new(),
            1 => {
                " What one of them sent afterwards has a number of its own, and is not counted as a connection.".into()
            }
            parts => format!(
                " What they sent afterwards has {parts} numbers of its own, and is not counted as a connection."
            ),
        };
        notes.push(format!(
            "Too many connections were open at a time: {count}, quiet the longest, were not followed to their end.{parts}"
        ));
    }
    for note in notes {
        paper.paragraph(out, "", &note)?;
    }
    Ok(())
}

/// Returns whether there is more to say of it than its line in the overview does.
fn has_news(view: &ConnectionView) -> bool {
    view.findings.iter().any(|told| told.finding.severity() > 0)
}

fn state(state: Option<State>) -> &'static str {
    state.map_or("-", State::name)
}

fn overview(out: &mut impl Write, views: &[ConnectionView], paper: &Paper) -> io::Result<()> {
    const HEADS: [&str; 6] = ["no", "client", "server", "states", "bytes", "lasted"];
    const WHAT: &str = "what";
    let rows: Vec<([String; 6], String)> = views.iter().map(row).collect();
    let mut wide = HEADS.map(str::len);
    for (cells, _) in &rows {
        for (wide, cell) in wide.iter_mut().zip(cells) {
            *wide = (*wide).max(width(cell));
        }
    }
    let before = wide.iter().map(|wide| wide + 2).sum::<usize>() + 2;
    let beside = before + rows.iter().map(|(_, what)| width(what)).max().unwrap_or(0) <= paper.columns;
    let heads = (HEADS.map(str::to_owned), WHAT.to_owned());
    for (cells, what) in std::iter::once(&heads).chain(&rows) {
        let mut line = String::new();
        for (place, (cell, wide)) in cells.iter().zip(wide).enumerate() {
            line.push_str("  ");
            line.push_str(&match place {
                0 => format!("{cell:>wide$}"),
                _ => format!("{cell:<wide$}"),
            });
        }
        if beside {
            writeln!(out, "{}", format!("{line}  {what}").trim_end())?;
        } else {
            writeln!(out, "{}", line.trim_end())?;
            paper.paragraph(out, &" ".repeat(wide[0] + 4), what)?;
        }
    }
    Ok(())
}

/// How long a connection lasted; none of one packet.
fn lasted(view: &ConnectionView) -> Option<String> {
    (view.packets.client + view.packets.server > 1).then(|| human(view.lasted.0))
}

/// The cells of a connection's line, and what is worth telling, in short.
fn row(view: &ConnectionView) -> ([String; 6], String) {
    const TOLD: usize = 3;
    let guess = if view.guessed { "?" } else { "" };
    let cells = [
        view.connection.to_string(),
        format!("{}{guess}", view.addresses.client),
        view.addresses.server.to_string(),
        format!("{} / {}", state(view.states.client), state(view.states.server)),
        format!("{} / {}", view.bytes.client, view.bytes.server),
        lasted(view).unwrap_or_else(|| "-".into()),
    ];
    let mut briefs: Vec<String> = view.findings.iter().map(|told| told.finding.brief()).collect();
    if briefs.is_empty()
        && let Some(fin) = view.first_fin
    {
        briefs.push(match fin.crossed {
            true => "closed, both ends at once".into(),
            false => format!("closed, the {} first", fin.by),
        });
    }
    if briefs.len() > TOLD {
        briefs.truncate(TOLD);
        briefs.push("...".into());
    }
    (cells, harmless(&briefs.join(", ")))
}

fn details(out: &mut impl Write, view: &ConnectionView, paper: &Paper) -> io::Result<()> {
    let name = |side: Side, address: SocketAddr| format!("{side} {address}");
    let [client, server] = Side::BOTH.map(|side| name(side, view.addresses[side]));
    writeln!(out, "connection {}: {client}, {server}", view.connection)?;
    let begins = format!("begins at {:.6} s", view.at.0.as_secs_f64());
    let mut said = match lasted(view) {
        None => vec![begins],
        Some(lasted) => vec![format!("{begins}, lasted {lasted}")],
    };
    if let Some(handshake) = view.handshake {
        said.push(format!("handshake {}", human(handshake.0)));
    }
    for side in Side::BOTH {
        said.push(format!(
            "{side} {}, {}",
            times(view.packets[side], "packet"),
            times(view.bytes[side], "byte")
        ));
    }
    paper.paragraph(out, "  ", &format!("{}.", said.join("; ")))?;
    let by = |side: Side| format!("{side} {}", state(view.states[side]));
    paper.paragraph(
        out,
        "  states:     ",
        &format!("{}; {}", by(Side::Client), by(Side::Server)),
    )?;
    if let Some(fin) = view.first_fin {
        let mut text = format!("the {} sent the first FIN, at {:.6} s", fin.by, fin.at.0.as_secs_f64());
        if fin.crossed {
            text += &format!(
                "; the {} sent its own before that came (simultaneous close)",
                fin.by.other()
            );
        }
        paper.paragraph(out, "  closed:     ", &text)?;
    }
    for told in &view.findings {
        paper.paragraph(out, "  * ", &harmless(&told.text))?;
        for (place, reason) in reasons(&told.finding).iter().enumerate() {
            let first = if place == 0 && is_alone(&told.finding) {
                "    can be:     "
            } else if place == 0 {
                "    because:    "
            } else {
                "    or:         "
            };
            paper.paragraph(out, first, reason)?;
        }
        if let Some(rule) = rule(&told.finding) {
            let rule = rule.rule();
            paper.paragraph(out, "    the error:  ", &rule.because.to_string())?;
        }
        for (place, scenario) in shown_by(&told.finding).iter().enumerate() {
            let first = match place {
                0 => "    shown by:   ",
                _ => "    or:         ",
            };
            paper.paragraph(out, first, &format!("finwait run {scenario}"))?;
        }
    }
    for side in Side::BOTH {
        let saw: Vec<String> = view.saw[side].iter().map(words).collect();
        if !saw.is_empty() {
            let first = format!("  the {side} saw: ");
            paper.paragraph(out, &first, &format!("{} (implied by the segments)", saw.join("; ")))?;
        }
    }
    Ok(())
}

/// `read: EOF, after all data`
fn words(seen: &Seen) -> String {
    let remark = seen.remark.map_or_else(String::new, |remark| format!(", {remark}"));
    format!("{}: {}{remark}", seen.call, seen.gives)
}

/// Returns whether it is an RST of which nothing before is known.
fn is_alone(finding: &Finding) -> bool {
    matches!(finding, Finding::Reset { states, .. } if states.client.is_none() && states.server.is_none())
}

fn reasons(finding: &Finding) -> Vec<String> {
    match finding {
        Finding::Refused { because, .. } | Finding::Reset { because, .. } => because.clone(),
        _ => Vec::new(),
    }
}

fn shown_by(finding: &Finding) -> &[&'static str] {
    match finding {
        Finding::Refused { shown_by, .. } | Finding::Reset { shown_by, .. } => shown_by,
        _ => &[],
    }
}

const fn rule(finding: &Finding) -> Option<crate::explain::RuleId> {
    match finding {
        Finding::Refused { rule, .. } => Some(*rule),
        Finding::Reset { rule, .. } => *rule,
        _ => None,
    }
}
