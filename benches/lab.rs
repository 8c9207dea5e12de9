//! How long a lab takes to come up and to go, and a command from the press of its button to its outcome.
//!
//! The isolated lab, as root: a user namespace would need a process with a single thread.
#![allow(missing_docs, reason = "criterion_group! makes public items")]

use criterion::{Criterion, criterion_group, criterion_main};
use finwait::clock::MonoTime;
use finwait::command::{Command, parse::parse};
use finwait::lab::event::LabEvent;
use finwait::lab::{LabMode, LocalLab as Lab, Options};
use finwait::live::{EventSink, Input};
use finwait::session::{ProcessState, Session};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

/// A lab with both endpoints up, and who listens to it.
struct Run {
    lab: Lab,
    inbox: Receiver<Input>,
    session: Session,
}

impl Run {
    fn start(wanted: LabMode) -> Run {
        let options = Options::native(wanted, false, env!("CARGO_BIN_EXE_finwait").into());
        let (sender, inbox) = channel();
        let events = EventSink::new(sender);
        let (lab, facts) = Lab::start(&options, move |batch| events.send(batch)).expect("root");
        let session = Session::new(facts, MonoTime::now());
        let mut run = Run { lab, inbox, session };
        run.absorb_until(|_, session| {
            session
                .ends
                .iter()
                .all(|(_, end)| matches!(end.process, ProcessState::Running { .. }))
        });
        run
    }

    fn absorb_until(&mut self, done: impl Fn(&LabEvent, &Session) -> bool) {
        loop {
            let Ok(Input::Events(batch)) = self.inbox.recv_timeout(Duration::from_secs(20)) else {
                panic!("the lab says nothing");
            };
            let mut is_done = false;
            for event in batch {
                let what = event.what.clone();
                for request in self.session.absorb(event) {
                    self.lab.send(request);
                }
                is_done |= done(&what, &self.session);
            }
            if is_done {
                return;
            }
        }
    }

    /// Carries a command out until its last call has returned.
    fn command(&mut self, text: &str) {
        let Ok(Command::End(side, command)) = parse(text, None) else {
            panic!("{text}");
        };
        let issued = self
            .session
            .command(side, &command, MonoTime::now())
            .expect("a command");
        let root = issued.root.expect("a call");
        for request in issued.requests {
            self.lab.send(request);
        }
        self.absorb_until(|_, session| !session.busy(side, root));
    }

    fn quieten(&mut self) {
        self.absorb_until(|what, _| *what == LabEvent::Quiet);
    }
}

fn lab(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("lab");
    group.sample_size(20).measurement_time(Duration::from_secs(3));
    for (name, wanted) in [("isolated", LabMode::Isolated), ("loopback", LabMode::Loopback)] {
        let time = |times: u64, what: fn(LabMode) -> Duration| (0..times).map(|_| what(wanted)).sum();
        group.bench_function(format!("{name}, up"), |bencher| {
            bencher.iter_custom(|times| {
                time(times, |wanted| {
                    let began = Instant::now();
                    let run = Run::start(wanted);
                    let took = began.elapsed();
                    drop(run);
                    took
                })
            });
        });
        group.bench_function(format!("{name}, down"), |bencher| {
            bencher.iter_custom(|times| {
                time(times, |wanted| {
                    let run = Run::start(wanted);
                    let began = Instant::now();
                    drop(run);
                    began.elapsed()
                })
            });
        });
    }
    group.finish();
}

fn command(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("command");
    for (name, wanted) in [("isolated", LabMode::Isolated), ("loopback", LabMode::Loopback)] {
        let mut run = Run::start(wanted);
        for text in ["server listen", "client connect", "server accept"] {
            run.command(text);
            run.quieten();
        }
        group.bench_function(format!("{name}, a call that sends nothing"), |bencher| {
            bencher.iter(|| run.command("client poll"));
        });
        group.bench_function(format!("{name}, a write and a read"), |bencher| {
            bencher.iter(|| {
                run.command("client write x");
                run.command("server read");
            });
        });
    }
    group.finish();
}

criterion_group!(benches, lab, command);
criterion_main!(benches);
