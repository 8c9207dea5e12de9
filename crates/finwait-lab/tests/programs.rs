//! Programs of the user's own on the hosts of a lab, in the real kernel.

use finwait_lab::event::{
    Death, LabEvent, LabRequest, ProgramCause, ProgramDeed, ProgramNews, StateChanged, TransitionCause,
};
use finwait_lab::model::program::{OutputStream, ProgramNo, ProgramSpec, SocketOwner};
use finwait_lab::{LabMode, LocalLab, Options, Side, State};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

/// The longest that anything here may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// A lab and what has happened in it.
struct Stage {
    lab: LocalLab,
    inbox: Receiver<LabEvent>,
    told: Vec<LabEvent>,
    programs: u32,
}

impl Stage {
    fn new() -> Stage {
        Stage::of(|_| {})
    }

    fn of(with: impl Fn(&mut Options)) -> Stage {
        let mut options = Options::native(LabMode::Isolated, false, "/proc/self/exe".into());
        with(&mut options);
        let (sender, inbox) = channel();
        let sink = move |batch: finwait_lab::Batch| batch.into_iter().for_each(|event| drop(sender.send(event.what)));
        let (lab, _) = LocalLab::start(&options, sink).unwrap();
        Stage {
            lab,
            inbox,
            told: Vec::new(),
            programs: 0,
        }
    }

    fn run(&mut self, side: Side, run: &str) -> ProgramNo {
        self.run_with(
            side,
            ProgramSpec {
                run: run.into(),
                ..ProgramSpec::default()
            },
        )
    }

    fn run_with(&mut self, side: Side, spec: ProgramSpec) -> ProgramNo {
        self.programs += 1;
        let no = ProgramNo(self.programs);
        self.lab.send(LabRequest::Run(side, no, spec));
        no
    }

    /// Waits for an event, also among those that have come, and returns what it is asked for.
    fn until<T>(&mut self, what: &str, is_it: impl Fn(&LabEvent) -> Option<T>) -> T {
        if let Some(found) = self.told.iter().find_map(&is_it) {
            return found;
        }
        let until = Instant::now() + PATIENCE;
        loop {
            match self.inbox.recv_timeout(until.saturating_duration_since(Instant::now())) {
                Ok(event) => {
                    let found = is_it(&event);
                    self.told.push(event);
                    if let Some(found) = found {
                        return found;
                    }
                }
                Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {
                    panic!("{what} did not come; instead: {:#?}", self.lines())
                }
            }
        }
    }

    fn news<T>(&mut self, what: &str, of: ProgramNo, is_it: impl Fn(&ProgramNews) -> Option<T>) -> T {
        self.until(what, |event| match event {
            LabEvent::Program(event) if event.program == of => is_it(&event.what),
            _ => None,
        })
    }

    fn pid(&mut self, of: ProgramNo) -> u32 {
        self.news("its start", of, |news| match news {
            ProgramNews::Started { pid } => Some(*pid),
            _ => None,
        })
    }

    fn why_not(&mut self, of: ProgramNo) -> String {
        self.news("why it did not start", of, |news| match news {
            ProgramNews::NotStarted { why } => Some(why.clone()),
            _ => None,
        })
    }

    fn exit(&mut self, of: ProgramNo) -> (Death, u32) {
        self.news("its exit", of, |news| match news {
            ProgramNews::Exited { how, left } => Some((*how, *left)),
            _ => None,
        })
    }

    fn listens(&mut self, side: Side, port: u16) -> u64 {
        self.until("a listener", |event| match event {
            LabEvent::Transition(change) if change.side == side && change.to == State::Listen => {
                (change.tuple.local.port() == port).then_some(change.inode)
            }
            _ => None,
        })
    }

    fn owner(&mut self, side: Side, of: u64) -> SocketOwner {
        self.until("an owner", |event| match event {
            LabEvent::Owned { side: at, inode, owner } => (*at == side && *inode == of).then(|| owner.clone()),
            _ => None,
        })
    }

    /// The lines that it has written so far.
    fn output(&self, of: ProgramNo) -> Vec<String> {
        let lines = self.told.iter().filter_map(|event| match event {
            LabEvent::Program(event) if event.program == of => match &event.what {
                ProgramNews::Output { line, .. } => Some(line.clone()),
                _ => None,
            },
            _ => None,
        });
        lines.collect()
    }

    fn transitions(&self) -> Vec<&StateChanged> {
        let changes = self.told.iter().filter_map(|event| match event {
            LabEvent::Transition(change) => Some(change),
            _ => None,
        });
        changes.collect()
    }

    fn lines(&self) -> Vec<String> {
        let lines = self.told.iter().map(|event| {
            let line = format!("{event:?}");
            line.chars().take(200).collect()
        });
        lines.collect()
    }
}

#[test]
fn a_program_runs_and_its_words_and_its_end_are_told() {
    let mut stage = Stage::new();
    let no = stage.run(Side::Client, "sh -c 'echo one; echo two >&2; printf three; exit 7'");
    assert!(stage.pid(no) > 1);
    assert_eq!(stage.exit(no), (Death::Exited(7), 0));
    let mut lines = stage.output(no);
    lines.sort();
    assert_eq!(lines, ["one", "three", "two"]);
}

#[test]
fn a_connection_between_two_programs_is_told_with_its_owners_and_causes() {
    let mut stage = Stage::new();
    let server = stage.run(Side::Server, "python3 -u -m http.server 8080");
    let listener = stage.listens(Side::Server, 8080);
    let client = stage.run(Side::Client, "curl -sS http://server:8080/");
    assert_eq!(stage.exit(client), (Death::Exited(0), 0));
    let (server_pid, client_pid) = (stage.pid(server), stage.pid(client));
    let owner = |program, pid, name: &str| SocketOwner {
        program,
        pid,
        name: name.into(),
    };
    assert_eq!(
        stage.owner(Side::Server, listener),
        owner(server, server_pid, "python3")
    );
    let by_program = |change: &&StateChanged| match &change.cause {
        TransitionCause::Program(ProgramCause { process, by }) => Some((change.side, process.clone(), *by)),
        _ => None,
    };
    let deeds: Vec<_> = stage.transitions().iter().filter_map(by_program).collect();
    assert_eq!(
        deeds[0],
        (Side::Server, owner(server, server_pid, "python3"), ProgramDeed::Listen)
    );
    assert_eq!(
        deeds[1],
        (Side::Client, owner(client, client_pid, "curl"), ProgramDeed::Connect)
    );
    stage.lab.send(LabRequest::Signal(server, libc::SIGTERM));
    assert_eq!(stage.exit(server), (Death::Signal(libc::SIGTERM), 0));
    let last = stage.transitions().last().and_then(by_program);
    assert_eq!(
        last,
        Some((Side::Server, owner(server, server_pid, "python3"), ProgramDeed::Exit))
    );
}
