//! What a table of sockets is answered with: what its rows show together, the most urgent first, and, of a few rows, what each of them says.

use serde::Serialize;
use std::io::{self, Write};

use super::paper::Paper;
use crate::explain::listing::{
    FindingId, ListForm, ListedSocket, NumberedSocket, SocketTable, StateCounts, TableFinding, Urgency, meanings, notes,
};
use crate::explain::meaning::Meaning;
use crate::scenario::catalog;
use crate::state::State;

/// The most findings that are printed in full.
const SHOWN: usize = 12;

/// The answer.
#[derive(Debug, Serialize)]
pub struct ListingAnswer {
    /// The tools or files whose form the rows have.
    forms: Vec<ListForm>,
    /// The number of rows of TCP sockets.
    rows: u64,
    /// The number of rows of other sockets, of which nothing is said.
    #[serde(skip_serializing_if = "is_zero")]
    others: u64,
    /// How many sockets are in each state.
    states: StateCounts,
    /// How many sockets are in each state by counts that were pasted: `312 CLOSE_WAIT`.
    #[serde(skip_serializing_if = "Option::is_none")]
    counted: Option<StateCounts>,
    /// What the rows show together, the most urgent first.
    findings: Vec<FindingAnswer>,
    /// What each row says, where they are few.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    sockets: Vec<SocketAnswer>,
}

/// A finding, and what is known of its kind.
#[derive(Debug, Serialize)]
struct FindingAnswer {
    #[serde(flatten)]
    finding: TableFinding,
    /// What it is.
    says: &'static str,
    /// What to measure next.
    measure: &'static [&'static str],
    /// What mends it.
    mends: &'static str,
    /// The scenario that shows it.
    scenario: &'static str,
}

/// What is known of a kind of finding, without any row.
#[derive(Debug, Serialize)]
pub struct NamedFinding {
    /// The kind.
    kind: FindingId,
    /// What it is.
    says: &'static str,
    /// What to measure next.
    measure: &'static [&'static str],
    /// What mends it.
    mends: &'static str,
    /// The scenario that shows it.
    scenario: &'static str,
}

/// Answers the name of a kind of finding.
pub const fn named(kind: FindingId) -> NamedFinding {
    let text = kind.text();
    NamedFinding {
        kind,
        says: text.says,
        measure: text.measure,
        mends: text.mends,
        scenario: kind.scenario(),
    }
}

impl NamedFinding {
    /// Prints it for people.
    pub fn print(&self, out: &mut impl Write, paper: &Paper) -> io::Result<()> {
        writeln!(out, "{}: a finding over rows of ss, netstat or procfs", self.kind)?;
        paper.paragraph(out, "  ", self.says)?;
        advice(out, paper, self.measure, self.mends)?;
        run(out, paper, self.scenario)
    }
}

/// What to measure next, and what mends it.
fn advice(out: &mut impl Write, paper: &Paper, measure: &[&str], mends: &str) -> io::Result<()> {
    for (place, measure) in measure.iter().enumerate() {
        let first = if place == 0 { "check:" } else { "" };
        paper.paragraph(out, &format!("  {first:<12}- "), measure)?;
    }
    paper.paragraph(out, "  fix:        ", mends)
}

/// A row, and what it says.
#[derive(Debug, Serialize)]
struct SocketAnswer {
    #[serde(flatten)]
    socket: NumberedSocket,
    /// The situations that it can be in: one where its holder is known.
    meanings: Vec<Meaning>,
    /// What its queues, its timer and its owner say.
    notes: Vec<String>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for it")]
const fn is_zero(number: &u64) -> bool {
    *number == 0
}

/// Answers a table; none where it has no row.
pub fn answer(table: &SocketTable) -> Option<ListingAnswer> {
    (!table.is_empty()).then(|| ListingAnswer {
        forms: table.forms().to_vec(),
        rows: table.rows(),
        others: table.others(),
        states: *table.states(),
        counted: table.has_counts().then(|| *table.counted()),
        findings: table
            .findings()
            .into_iter()
            .chain(of_counts(table))
            .map(of_finding)
            .collect(),
        sockets: table.few().iter().map(|socket| of_socket(socket, table)).collect(),
    })
}

fn of_finding(finding: TableFinding) -> FindingAnswer {
    let text = finding.kind.text();
    FindingAnswer {
        says: text.says,
        measure: text.measure,
        mends: text.mends,
        scenario: finding.kind.scenario(),
        finding,
    }
}

/// What counts of states show, where no row is there to say more.
fn of_counts(table: &SocketTable) -> Vec<TableFinding> {
    let mut findings = Vec::new();
    for (state, rows) in table.counted().most_first() {
        let kind = match state {
            State::CloseWait => FindingId::CloseWait,
            State::SynSent => FindingId::SynSent,
            State::SynRecv => FindingId::SynRecv,
            State::FinWait1 => FindingId::FinWait1,
            State::FinWait2 => FindingId::FinWait2,
            State::TimeWait => FindingId::TimeWaitToPeer,
            State::LastAck => FindingId::LastAck,
            State::Closing => FindingId::Closing,
            State::Established | State::Listen | State::Close => continue,
        };
        findings.push(TableFinding::of_count(kind, rows));
    }
    findings.sort_by_key(|finding| (finding.urgency, finding.kind));
    findings
}

fn of_socket(socket: &NumberedSocket, table: &SocketTable) -> SocketAnswer {
    SocketAnswer {
        meanings: meanings(&socket.socket, table.may_be_queued(&socket.socket)),
        notes: notes(&socket.socket),
        socket: socket.clone(),
    }
}

impl ListingAnswer {
    /// Prints it for people.
    pub fn print(&self, out: &mut impl Write, paper: &Paper) -> io::Result<()> {
        let states = |counts: &StateCounts| {
            let each = counts
                .most_first()
                .into_iter()
                .map(|(state, rows)| format!("{rows} {state}"));
            each.collect::<Vec<_>>().join(", ")
        };
        if self.rows > 0 {
            let forms: Vec<&str> = self.forms.iter().map(|form| form.name()).collect();
            let sockets = if self.rows == 1 {
                "1 TCP socket"
            } else {
                &format!("{} TCP sockets", self.rows)
            };
            let head = format!("{sockets} of {}: {}", forms.join(" and "), states(&self.states));
            paper.paragraph(out, "", &head)?;
        }
        if self.others > 0 {
            let rows = if self.others == 1 { "row is" } else { "rows are" };
            paper.paragraph(
                out,
                "  ",
                &format!("{} {rows} of other sockets, which are not looked at.", self.others),
            )?;
        }
        if let Some(counted) = &self.counted {
            paper.paragraph(out, "", &format!("counts of states: {}", states(counted)))?;
        }
        if self.forms.iter().any(|form| form.is_elsewhere()) {
            let text = "The rows are another system's; what is said of timers, queues and settings is Linux's.";
            paper.paragraph(out, "  Note: ", text)?;
        }
        for socket in &self.sockets {
            writeln!(out)?;
            socket.print(out, paper)?;
        }
        self.findings(out, paper)
    }

    fn findings(&self, out: &mut impl Write, paper: &Paper) -> io::Result<()> {
        let is_full =
            |finding: &&FindingAnswer| !self.sockets.is_empty() || finding.finding.urgency != Urgency::Ordinary;
        for finding in self.findings.iter().filter(is_full).take(SHOWN) {
            writeln!(out)?;
            finding.print(out, paper)?;
        }
        let more = self.findings.iter().filter(is_full).count().saturating_sub(SHOWN);
        if more > 0 {
            paper.paragraph(out, "\n", &format!("and {more} more, as --json prints"))?;
        }
        let ordinary: Vec<String> = self
            .findings
            .iter()
            .filter(|finding| !is_full(finding))
            .take(SHOWN)
            .map(|finding| finding.head())
            .collect();
        if !ordinary.is_empty() {
            writeln!(out, "\nordinary, as far as these rows show")?;
            for head in &ordinary {
                paper.paragraph(out, "  - ", head)?;
            }
        }
        if self.findings.is_empty() && self.sockets.is_empty() {
            writeln!(out, "\nNo row shows anything that is wrong.")?;
        }
        Ok(())
    }
}

impl FindingAnswer {
    /// `close-wait: 40 sockets of app (pid 1464), at 10.0.0.1:8080, to 10.0.0.2:*`
    fn head(&self) -> String {
        let TableFinding {
            kind,
            rows,
            owner,
            local,
            peer,
            ..
        } = &self.finding;
        let mut head = format!("{kind}: {rows} {}", if *rows == 1 { "socket" } else { "sockets" });
        if let Some(owner) = owner {
            head += &format!(" of {owner}");
        }
        if let Some(local) = local {
            head += &format!(", at {local}");
        }
        if let Some(peer) = peer.as_ref().filter(|peer| !peer.is_any_host()) {
            head += &format!(", to {peer}");
        }
        head
    }

    fn print(&self, out: &mut impl Write, paper: &Paper) -> io::Result<()> {
        paper.paragraph(out, "", &self.head())?;
        paper.paragraph(out, "  ", self.says)?;
        let TableFinding {
            kind,
            rows,
            queued,
            most_queued,
            examples,
            ..
        } = &self.finding;
        if *queued > 0 {
            let unit = match kind {
                FindingId::AcceptQueueFull | FindingId::AcceptQueueFilling => "connections",
                _ => "B",
            };
            let most = if *rows > 1 {
                format!(", {most_queued} at most in one")
            } else {
                String::new()
            };
            paper.paragraph(out, "  queued:     ", &format!("{queued} {unit}{most}"))?;
        }
        for (place, NumberedSocket { line, socket }) in examples.iter().enumerate().filter(|_| *rows > 1) {
            let first = if place == 0 { "such as:" } else { "" };
            paper.paragraph(
                out,
                &format!("  {first:<12}"),
                &format!("line {line}: {}", shown(socket)),
            )?;
        }
        advice(out, paper, self.measure, self.mends)?;
        run(out, paper, self.scenario)
    }
}

impl SocketAnswer {
    fn print(&self, out: &mut impl Write, paper: &Paper) -> io::Result<()> {
        let NumberedSocket { line, socket } = &self.socket;
        let head = format!("{}: {}", socket.state, shown(socket));
        let head = if paper.lines > 1 {
            format!("line {line}: {head}")
        } else {
            head
        };
        paper.paragraph(out, "", &head)?;
        for note in &self.notes {
            paper.paragraph(out, "  ", note)?;
        }
        for (place, meaning) in self.meanings.iter().enumerate() {
            // With more than one of them its holder is not known.
            match (self.meanings.len(), place) {
                (1, _) => {}
                (_, 0) => writeln!(out, "  either {}:", meaning.id)?,
                (_, _) => writeln!(out, "  or {}:", meaning.id)?,
            }
            paper.paragraph(out, "  ", &meaning.meaning)?;
            paper.paragraph(out, "  can:        ", &meaning.can)?;
            paper.paragraph(out, "  waits for:  ", &meaning.waits_for)?;
            paper.paragraph(out, "  ended by:   ", &meaning.ends_by)?;
            run(out, paper, meaning.scenario)?;
        }
        Ok(())
    }
}

/// `10.0.0.1:80 <-> 10.0.0.2:4000, Recv-Q 1, Send-Q 0, app (pid 1464)`
fn shown(socket: &ListedSocket) -> String {
    let mut shown = socket.local.to_string();
    if let Some(peer) = socket.peer.as_ref().filter(|_| socket.state != State::Listen) {
        shown += &format!(" <-> {peer}");
    }
    for (name, queue) in [("Recv-Q", socket.receive_queue), ("Send-Q", socket.send_queue)] {
        if let Some(queue) = queue {
            shown += &format!(", {name} {queue}");
        }
    }
    if let Some(program) = socket.owner.program() {
        shown += &format!(", {program}");
    }
    shown
}

/// The scenario that shows it.
pub(super) fn run(out: &mut impl Write, paper: &Paper, scenario: &str) -> io::Result<()> {
    let title = catalog::entry(scenario).map_or("", |entry| entry.title);
    paper.paragraph(out, &format!("  try:        finwait run {scenario}  "), title)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::explain::kernel_log::KERNEL_MESSAGES;

    #[test]
    fn each_scenario_that_is_named_is_in_the_catalog() {
        let of_kernel = KERNEL_MESSAGES.iter().filter_map(|message| message.scenario);
        for scenario in FindingId::ALL.iter().map(|id| id.scenario()).chain(of_kernel) {
            assert!(catalog::entry(scenario).is_some(), "{scenario}");
        }
    }
}
