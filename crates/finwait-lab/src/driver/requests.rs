//! Requests of the session to the driver: calls, and what the wire is to do.

use super::*;

impl Driver {
    pub(super) fn requests(&mut self) -> std::result::Result<(), DriverExit> {
        loop {
            match self.inbox.try_recv() {
                Ok(request) => self.request(request),
                Err(TryRecvError::Empty) => return Ok(()),
                Err(TryRecvError::Disconnected) => return Err(DriverExit),
            }
        }
    }

    fn request(&mut self, request: LabRequest) {
        self.unquiet = true;
        match request {
            LabRequest::Call(side, request) => self.order(side, &request),
            LabRequest::Kill(side) => {
                if let Some(process) = &mut self.ends[side].process {
                    process.kill();
                }
            }
            LabRequest::Restart(side) => {
                if let Some(process) = &mut self.ends[side].process {
                    process.kill();
                    // SIGKILL cannot be held off: the process is waited for, and its end told as any other.
                    while self.ends[side].process.is_some() {
                        self.queue.flush();
                        self.poll(None);
                        Side::BOTH.into_iter().for_each(|side| self.reap(side));
                    }
                }
                let spawned = self.ends[side].host.spawn(side).and_then(|spawned| {
                    let process = Process::adopt(spawned);
                    self.poller.watch(side, &process).map(|()| process)
                });
                self.ends[side].process = self.complain(spawned);
            }
            LabRequest::Destroy(side, tuple) => {
                self.changes(side, ReadTrigger::Nothing);
                let end = &mut self.ends[side];
                // The session asks for nothing that cannot be.
                if let Ok(diag) = &mut end.host.diag {
                    let destroyed = diag.destroy(&tuple);
                    self.complain(destroyed);
                }
                self.destroyed = Some((side, tuple));
                self.changes(side, ReadTrigger::Nothing);
                self.destroyed = None;
                self.dirty = true;
            }
            LabRequest::Wire(order) => self.wire_order(order),
            LabRequest::Host(side, setting, value) => {
                let end = &mut self.ends[side];
                let result = match (setting, value) {
                    (Setting::Nofile, SettingValue::Number(most)) => {
                        end.nofile = Some(most);
                        // A process that is yet to come will be told.
                        let process = end.process.as_ref();
                        process.map_or(Ok(()), |process| process.limit_descriptors(most))
                    }
                    _ => end.host.set(side, setting, value),
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

    fn order(&mut self, side: Side, request: &protocol::Request) {
        let (on, makes) = match &request.order {
            EndpointCall::On { socket, call } => {
                let made = match call {
                    Call::Socket { family } => {
                        self.ends[side].watch.expect(*family);
                        Some(socket)
                    }
                    Call::Accept { r#as } | Call::Dup { r#as } => Some(r#as),
                    _ => None,
                };
                let name = socket.as_str().to_owned();
                if matches!(call, Call::Listen { .. }) {
                    self.ends[side].listeners.insert(name.clone());
                }
                (Some(name), made.map(|name| name.as_str().to_owned()))
            }
            EndpointCall::Process(_) => (None, None),
        };
        let end = &mut self.ends[side];
        let Some(process) = &mut end.process else {
            self.tell(LabEvent::Garbled {
                side,
                id: Some(request.id),
                why: "it is dead, and makes no calls".into(),
            });
            return;
        };
        let sent = process.send(request);
        end.in_flight.push(InFlightCall {
            id: request.id,
            name: request.order.kind(),
            on,
            makes,
            effect: StateEffect::of(&request.order),
            releases: releases(&request.order),
            awaits: WaitCondition::of(&request.order),
            begun: false,
            lingers: false,
        });
        self.complain(sent);
    }
}
