//! The process of an end: how far it is, and what the next one is written in.

use super::*;
use crate::lab::event::RuntimeProgress;

/// An endpoint's process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProcessState {
    /// The process has been started and has not said hello yet.
    Starting {
        /// The process that it takes the place of, whose end is still to come.
        replaces: Option<u32>,
    },
    /// The endpoint takes calls.
    Running {
        /// The process number.
        pid: u32,
        /// The kind.
        runtime: String,
    },
    /// The process is gone.
    Dead {
        /// The process number.
        pid: u32,
        /// The way in which it ended.
        how: Death,
    },
}

impl ProcessState {
    /// Does it make the system calls that it is asked for, and nothing else?
    pub fn makes_raw_calls(&self) -> bool {
        match self {
            ProcessState::Running { runtime, .. } => {
                matches!(Runtime::named(runtime), Some(Runtime::Native | Runtime::C))
            }
            ProcessState::Starting { .. } | ProcessState::Dead { .. } => false,
        }
    }
}

/// The runtime of an end's next process.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum NextRuntime {
    /// The one of the process before.
    #[default]
    Same,
    /// One that is chosen, and made ready.
    Preparing {
        /// The runtime.
        runtime: Runtime,
        /// A compiler makes its endpoint just now.
        compiles: bool,
        /// The restart that was asked for meanwhile comes as soon as it is ready.
        restarts: bool,
        /// The one that is ready if this one is not available; none for the one of the process before.
        instead: Option<Runtime>,
    },
    /// The runtime, made ready.
    Ready(Runtime),
}

impl NextRuntime {
    /// Returns the runtime that the next process has, where it is to be another one than before.
    pub const fn chosen(self) -> Option<Runtime> {
        match self {
            NextRuntime::Same => None,
            NextRuntime::Preparing { runtime, .. } | NextRuntime::Ready(runtime) => Some(runtime),
        }
    }

    /// Returns it in words for an end's plate: `next: Go`, `next: Go, compiling ...`; none where it is the same.
    pub fn words(self) -> Option<String> {
        let name = self.chosen()?.title();
        Some(match self {
            NextRuntime::Preparing { compiles: true, .. } => format!("next: {name}, compiling ..."),
            _ => format!("next: {name}"),
        })
    }
}

impl End {
    /// A process has said hello: what was ready for it is no longer to come.
    pub(in crate::session) fn born(&mut self, runtime: String) {
        self.runtime = Some(runtime);
        if let NextRuntime::Ready(ready) = self.next {
            self.next = self.other_than_now(Some(ready));
        }
    }

    /// The process is gone, and the calls that it had not returned from with it.
    pub(in crate::session) fn died(&mut self, pid: u32, how: Death) -> Vec<PendingCall> {
        self.process = match self.process {
            // This was the old process's end, and the new one is on its way.
            ProcessState::Starting { replaces } if replaces == Some(pid) => ProcessState::Starting { replaces: None },
            _ => ProcessState::Dead { pid, how },
        };
        self.sockets.close_all();
        self.sockets
            .numbers()
            .for_each(|no| self.changed.note(Changed::Socket(no)));
        let lost = std::mem::take(&mut self.pending);
        for pending in &lost {
            if let EndpointCall::On { call, .. } = &pending.order
                && let Some(name) = call.new_name()
            {
                self.names.give_back(name);
            }
        }
        lost
    }

    /// A new process is asked for: it knows nothing of the old one's sockets. The names of their connections are kept.
    pub(in crate::session) fn restart(&mut self) {
        let replaces = match self.process {
            ProcessState::Running { pid, .. } => Some(pid),
            ProcessState::Starting { .. } | ProcessState::Dead { .. } => None,
        };
        self.process = ProcessState::Starting { replaces };
        self.sigpipe = Sigpipe::Ignore;
        self.sockets.retain(|socket| !socket.is_endpoints());
        self.listened.clear();
        self.changed.clear();
        self.current = self.sockets.last().map(|socket| socket.name.clone());
        self.pending.clear();
        self.last = None;
        self.options = None;
        self.support = CallSupport::default();
    }

    /// A runtime was chosen for the next process.
    pub(in crate::session) fn choose(&mut self, runtime: Runtime) {
        let (instead, restarts) = match self.next {
            NextRuntime::Same => (None, false),
            NextRuntime::Ready(runtime) => (Some(runtime), false),
            NextRuntime::Preparing { instead, restarts, .. } => (instead, restarts),
        };
        self.missing = None;
        self.next = NextRuntime::Preparing {
            runtime,
            compiles: false,
            restarts,
            instead,
        };
    }

    /// The chosen runtime has come so far; returns whether the restart that waits for it is due.
    pub(in crate::session) fn prepared(&mut self, of: Runtime, progress: &RuntimeProgress) -> bool {
        let NextRuntime::Preparing {
            runtime,
            compiles,
            restarts,
            instead,
        } = &mut self.next
        else {
            return false;
        };
        if *runtime != of {
            return false;
        }
        let (restarts, instead) = (*restarts, *instead);
        match progress {
            RuntimeProgress::Compiling => {
                *compiles = true;
                return false;
            }
            RuntimeProgress::Ready => self.next = self.other_than_now(Some(of)),
            RuntimeProgress::Failed(why) => {
                self.missing = Some((of, why.clone()));
                self.next = self.other_than_now(instead);
            }
        }
        restarts && *progress == RuntimeProgress::Ready
    }

    fn other_than_now(&self, runtime: Option<Runtime>) -> NextRuntime {
        match runtime {
            Some(runtime) if self.runtime.as_deref() != Some(runtime.name()) => NextRuntime::Ready(runtime),
            Some(_) | None => NextRuntime::Same,
        }
    }
}
