//! Requests of the session to the driver: calls, and what the wire is to do.

use super::*;

impl<O: Outside> Core<O> {
    /// Carries a request out.
    pub(super) fn request(&mut self, request: LabRequest) {
        self.unquiet = true;
        match request {
            LabRequest::Call(side, request) => self.order(side, &request),
            LabRequest::Kill(side) => self.outside.kill(side),
            LabRequest::Restart(side) => {
                if self.ends[side].process.is_some() {
                    self.outside.kill(side);
                    // SIGKILL cannot be held off: the process is waited for, and its end reported as any other.
                    while self.ends[side].process.is_some() {
                        self.outside.flush();
                        self.outside.await_end(side);
                        self.reap(side);
                    }
                }
                let spawned = self.outside.spawn(side);
                if let Some(process) = self.complain(spawned) {
                    self.ends[side].adopt(process);
                }
            }
            LabRequest::Run(side, no, spec) => self.run_program(side, no, &spec),
            LabRequest::Signal(no, signal) => self.signal_program(no, signal),
            LabRequest::EndProgram(no) => self.end_program(no),
            LabRequest::Prepare(side, runtime) => {
                self.ends[side].wanted = Some(runtime);
                self.outside.prepare(side, runtime);
            }
            LabRequest::Destroy(side, tuple) => {
                // With a listener goes its queue.
                let one = Some(tuple).filter(|tuple| !tuple.is_listener());
                self.changes_of(side, one, ReadTrigger::Nothing);
                let destroyed = self.outside.destroy(side, &tuple);
                self.complain(destroyed);
                self.destroyed = Some((side, tuple));
                self.changes_of(side, one, ReadTrigger::Nothing);
                self.destroyed = None;
                self.dirty = true;
            }
            LabRequest::Wire(order) => self.wire_order(order),
            LabRequest::Host(side, setting, value) => {
                let result = match (setting, value) {
                    (Setting::Nofile, SettingValue::Number(most)) => {
                        // A process that is yet to come gets it when it starts.
                        self.ends[side].nofile = Some(most);
                        self.outside.limit_descriptors(side, most)
                    }
                    _ => self.outside.set(side, setting, value),
                };
                let failed = result.err().map(|error| error.to_string());
                self.tell(LabEvent::Host(SettingChanged {
                    side,
                    setting,
                    value,
                    failed,
                }));
                self.dirty = true;
            }
        }
    }

    /// Takes in how far a runtime is that was asked for. What was asked for before it, and is overtaken, counts no more.
    pub(super) fn prepared(&mut self, preparation: Preparation) {
        let Preparation { side, runtime, launch } = preparation;
        if self.ends[side].wanted != Some(runtime) {
            return;
        }
        let progress = match launch {
            None => RuntimeProgress::Compiling,
            Some(launch) => {
                self.ends[side].wanted = None;
                match launch.and_then(|launch| self.outside.start_with(side, launch)) {
                    Ok(()) => RuntimeProgress::Ready,
                    Err(error) => RuntimeProgress::Failed(error.to_string()),
                }
            }
        };
        self.tell(LabEvent::Runtime(RuntimeChanged {
            side,
            runtime,
            progress,
        }));
        (self.dirty, self.unquiet) = (true, true);
    }

    fn order(&mut self, side: Side, request: &protocol::Request) {
        let (on, makes) = match &request.order {
            EndpointCall::On { socket, call } => {
                if let Call::Socket { family } = call {
                    self.ends[side].watch.expect(*family);
                }
                if matches!(call, Call::Listen { .. }) {
                    self.ends[side].sockets.listen(socket.clone());
                }
                if let Call::Shutdown {
                    how: ShutdownHow::Read | ShutdownHow::Both,
                } = call
                {
                    self.ends[side].shuts_read(socket);
                }
                (Some(socket.clone()), call.makes(socket).cloned())
            }
            EndpointCall::Process(_) => (None, None),
        };
        let other = self.addresses[side.other()];
        let crosses = match &request.order {
            EndpointCall::On {
                call: Call::Connect { address, .. },
                ..
            } => self.wired && address.ip().to_canonical() == other,
            _ => false,
        };
        if self.ends[side].process.is_none() {
            self.tell(LabEvent::Garbled {
                side,
                id: Some(request.id),
                why: "it is dead, and makes no calls".into(),
            });
            return;
        }
        let sent = self.outside.send(side, request);
        let spec = request.order.kind().spec();
        self.ends[side].in_flight.push(InFlightCall {
            id: request.id,
            name: request.order.kind(),
            on,
            makes,
            effect: spec.effect,
            crosses,
            releases: spec.releases(),
            awaits: spec.waits_for,
            begun: false,
            lingers: false,
        });
        self.complain(sent);
    }
}
