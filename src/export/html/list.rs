//! The run as a list, which is in the page without any script: acts, each a step of the scenario or a command, and the moments of each.

use std::fmt::Write;

use crate::explain::counters::is_shown;
use crate::export::colours::{class_of, colour_of};
use crate::export::moment::{EndSnapshot, Moment, SnapshotSocket};
use crate::export::story::Story;
use crate::lab::event::Disposition;
use crate::outcome::Outcome;
use crate::roles::SegmentKind;
use crate::scenario::expect::Check;
use crate::scenario::report::StepReport;
use crate::session::transcript::{Entry, EntryKind, Filter};
use crate::side::Side;
use crate::text::xml_text;

/// Returns the acts of a story as items of a list.
pub(super) fn acts(story: &Story) -> String {
    let mut html = String::new();
    let mut place = 0;
    let mut next_step = 0;
    while let Some(first) = story.moments.get(place) {
        // Steps that led to nothing have a heading all the same.
        while let Some(report) = story
            .steps
            .get(next_step)
            .filter(|_| first.step.is_none_or(|step| next_step < step))
        {
            open(&mut html, None, |html| step(html, report));
            html.push_str("</li>\n");
            next_step += 1;
        }
        let more = story.moments[place..]
            .windows(2)
            .take_while(|two| !two[1].begins_act(Some(&two[0])));
        let count = 1 + more.count();
        open(&mut html, Some(place + 1), |html| {
            match first.step.and_then(|at| story.steps.get(at)) {
                Some(report) => step(html, report),
                None => commands(html, story, first),
            }
        });
        next_step = first.step.map_or(next_step, |step| step + 1);
        html.push_str("<ol class=\"moments\">\n");
        for (moment, no) in story.moments[place..place + count].iter().zip(place + 1..) {
            item(&mut html, story, moment, no);
        }
        html.push_str("</ol></li>\n");
        place += count;
    }
    for report in story.steps.iter().skip(next_step) {
        open(&mut html, None, |html| step(html, report));
        html.push_str("</li>\n");
    }
    html
}

/// Begins an act, with its heading.
fn open(html: &mut String, first: Option<usize>, heading: impl FnOnce(&mut String)) {
    html.push_str("<li class=\"act\"");
    if let Some(first) = first {
        let _ = write!(html, " id=\"act-{first}\"");
    }
    html.push('>');
    heading(html);
}

/// A step of a scenario: what is said, and what was expected.
fn step(html: &mut String, report: &StepReport) {
    html.push_str("<div class=\"heading\">");
    match &report.command {
        Some(command) => {
            let _ = write!(
                html,
                "<h3><span class=\"no\">{}</span> <code>{}</code></h3>",
                report.no,
                xml_text(command)
            );
        }
        None => {
            let _ = write!(html, "<h3><span class=\"no\">{}</span> wait</h3>", report.no);
        }
    }
    for (class, said) in [("say", &report.say), ("say look", &report.look)] {
        let paragraphs = said.iter().flat_map(|said| said.split("\n\n"));
        for paragraph in paragraphs.filter(|text| !text.trim().is_empty()) {
            let _ = write!(html, "<p class=\"{class}\">{}</p>", xml_text(paragraph.trim()));
        }
    }
    html.push_str("</div>");
    checks(html, "", &report.checks);
    checks(html, "the article: ", &report.claims);
    html.push('\n');
}

/// What was expected, in a line each.
fn checks(html: &mut String, whose: &str, checks: &[Check]) {
    if checks.is_empty() {
        return;
    }
    html.push_str("<ul class=\"checks\">");
    for check in checks {
        let (class, mark) = match check.held {
            Some(true) => ("held", "as expected"),
            Some(false) => ("differs is-bad", "differs"),
            None => ("unseen", "not visible here"),
        };
        let _ = write!(
            html,
            "<li class=\"{class}\">{whose}{}: {}",
            xml_text(&check.about),
            xml_text(&check.expected)
        );
        if check.held == Some(true) {
            let _ = write!(html, " <span class=\"mark\">{mark}</span></li>");
        } else {
            let _ = write!(
                html,
                " <span class=\"mark\">{mark}: {}</span></li>",
                xml_text(&check.observed)
            );
        }
    }
    html.push_str("</ul>");
}

/// The commands that led to a moment.
fn commands(html: &mut String, story: &Story, moment: &Moment) {
    html.push_str("<div class=\"heading\"><h3>");
    if moment.commands.is_empty() {
        html.push_str("the beginning");
    }
    for (nth, command) in moment.commands.iter().enumerate() {
        let comma = if nth > 0 { ", " } else { "" };
        let text = story.commands.get(*command).map_or("", |command| &command.text);
        let _ = write!(html, "{comma}<code>{}</code>", xml_text(text));
    }
    html.push_str("</h3></div>\n");
}

/// A moment: its lines, and the states after it.
fn item(html: &mut String, story: &Story, moment: &Moment, no: usize) {
    let at = moment.at.as_secs_f64();
    let _ = write!(
        html,
        "<li id=\"s{no}\" data-first=\"{}\" data-last=\"{}\"><a href=\"#step={no}\" aria-label=\"Step {no}, {at:.3} seconds\"><b>{no}</b> {at:.3}</a><div class=\"what\">",
        moment.first, moment.last
    );
    for why in moment
        .commands
        .iter()
        .filter_map(|at| story.commands.get(*at)?.refused.as_ref())
    {
        let _ = write!(html, "<p class=\"line is-bad\">not carried out: {}</p>", xml_text(why));
    }
    let entries = entries(story, moment);
    for (nth, entry) in entries.iter().enumerate() {
        let returned = |later: &Entry| match (&entry.what, &later.what) {
            (EntryKind::Call { began, .. }, EntryKind::Ended(call)) => {
                call.outcome().is_some() && began.call == call.call()
            }
            _ => false,
        };
        let counts_usual =
            matches!(&entry.what, EntryKind::Counters { moved, .. } if !moved.iter().any(|(name, _)| is_shown(name)));
        if !Filter::All.passes(&entry.what) || counts_usual || entries[nth..].iter().any(returned) {
            continue;
        }
        line(html, entry);
    }
    html.push_str("</div>");
    if let Some(present) = &moment.present {
        html.push_str("<p class=\"after\">");
        for side in Side::BOTH {
            states(html, side, &present.ends[side]);
        }
        html.push_str("</p>");
    }
    html.push_str("</li>\n");
}

/// Returns the entries of a moment.
fn entries<'a>(story: &'a Story, moment: &Moment) -> &'a [Entry] {
    let from = story.entries.partition_point(|entry| entry.no < moment.first);
    let to = story.entries.partition_point(|entry| entry.no <= moment.last);
    story.entries.get(from..to).unwrap_or_default()
}

/// The lines of an entry, and why.
fn line(html: &mut String, entry: &Entry) {
    let class = class_of_entry(entry);
    for text in entry.lines() {
        let _ = write!(
            html,
            "<p class=\"line{class}\"><span class=\"who\">{}</span> {}</p>",
            entry.speaker(),
            xml_text(&text)
        );
    }
    if let Some(why) = entry.why() {
        let _ = write!(html, "<p class=\"why\">{}", xml_text(why));
        if let Some(rule) = entry.rule() {
            let _ = write!(html, " <span class=\"rule\">rule {}</span>", xml_text(rule.name()));
        }
        html.push_str("</p>");
    }
}

/// Returns the class of the colour of an entry's lines, with a blank before it.
fn class_of_entry(entry: &Entry) -> String {
    let class = match &entry.what {
        EntryKind::Packet(record) => match record.disposition {
            Disposition::Dropped | Disposition::Refused(_) | Disposition::Corrupted => "bad",
            _ => colour_of(SegmentKind::of(&record.packet)),
        },
        EntryKind::State { change, .. } => class_of(change.to),
        EntryKind::Ended(call)
            if !matches!(call.outcome(), Some(Outcome::Ok(_) | Outcome::DeadlineExceeded { .. })) =>
        {
            "bad"
        }
        EntryKind::Died(_) => "bad",
        EntryKind::ProgramCall(call) if call.has_failed() => "bad",
        EntryKind::Program(news) if news.tells_of_failure() => "bad",
        EntryKind::Counters { .. } | EntryKind::Reason(_) | EntryKind::Syscall(_) => "dim",
        _ => return String::new(),
    };
    let kind = match &entry.what {
        EntryKind::State { .. } => " state",
        EntryKind::Packet(_) => " packet",
        _ => "",
    };
    format!("{kind} is-{class}")
}

/// The states of an end's sockets, those that are over left out where there are others.
fn states(html: &mut String, side: Side, end: &EndSnapshot) {
    let _ = write!(html, "<span class=\"side\">{side}");
    let shown = |socket: &&SnapshotSocket| !socket.over || socket.current;
    let sockets: Vec<&SnapshotSocket> = end.sockets.iter().map(|socket| &**socket).filter(shown).collect();
    if let Some(process) = &end.process {
        let _ = write!(html, " {}", xml_text(process));
    } else if sockets.is_empty() {
        html.push_str(" no socket");
    }
    const MOST: usize = 8;
    for socket in sockets.iter().take(MOST) {
        let name = if sockets.len() > 1 || socket.label != side.name() {
            format!("<span class=\"label\">{}</span> ", xml_text(&socket.label))
        } else {
            String::new()
        };
        let _ = write!(
            html,
            " <span class=\"one\">{name}<b class=\"chip {}\">{}</b></span>",
            class_of(socket.state),
            socket.state
        );
    }
    let more = sockets.len().saturating_sub(MOST) + end.left_out;
    if more > 0 {
        let _ = write!(html, " and {more} more");
    }
    html.push_str("</span> ");
}
