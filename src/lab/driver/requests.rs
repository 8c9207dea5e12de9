//! Requests of the session to the driver: calls, and what the wire is to do.

use super::*;

impl Driver {
    pub(super) fn requests(&mut self) -> std::result::Result<(), Over> {
        loop {
            match self.inbox.try_recv() {
                Ok(request) => self.request(request),
                Err(TryRecvError::Empty) => return Ok(()),
                Err(TryRecvError::Disconnected) => return Err(Over),
            }
        }
    }

    fn request(&mut self, request: Request) {
        self.unquiet = true;
        match request {
            Request::Order(side, request) => self.order(side, &request),
            Request::Kill(side) => {
                if let Some(process) = &mut self.ends[side].process {
                    process.kill();
                }
            }
            Request::Restart(side) => {
                if let Some(process) = &mut self.ends[side].process {
                    process.kill();
                    // SIGKILL cannot be held off: the process is waited for, and its end told as any other.
                    while self.ends[side].process.is_some() {
                        self.outbox.flush();
                        self.poll(None);
                        Side::BOTH.into_iter().for_each(|side| self.bury(side));
                    }
                }
                let newborn = self.ends[side].host.bear(side).and_then(|newborn| {
                    let process = Process::adopt(newborn);
                    self.bell.watch(side, &process).map(|()| process)
                });
                self.ends[side].process = self.complain(newborn);
            }
            Request::Destroy(side, tuple) => {
                self.changes(side, Beside::Nothing);
                let end = &mut self.ends[side];
                // The session asks for nothing that cannot be.
                if let Ok(diag) = &mut end.host.diag {
                    let destroyed = diag.destroy(&tuple);
                    self.complain(destroyed);
                }
                self.destroyed = Some((side, tuple));
                self.changes(side, Beside::Nothing);
                self.destroyed = None;
                self.dirty = true;
            }
            Request::Wire(order) => self.wire_order(order),
            Request::Host(side, setting, value) => {
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
                let result = result.map_err(|error| error.to_string());
                self.tell(Happening::Host {
                    side,
                    setting,
                    value,
                    result,
                });
                self.dirty = true;
            }
        }
    }

    fn order(&mut self, side: Side, request: &protocol::Request) {
        let (on, makes) = match &request.order {
            Order::On { socket, call } => {
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
            Order::Process(_) => (None, None),
        };
        let end = &mut self.ends[side];
        let Some(process) = &mut end.process else {
            self.tell(Happening::Garbled {
                side,
                id: Some(request.id),
                why: "it is dead, and makes no calls".into(),
            });
            return;
        };
        let sent = process.send(request);
        end.in_flight.push(Flight {
            id: request.id,
            on,
            makes,
            power: Power::of(&request.order),
            awaits: Awaits::of(&request.order),
            begun: false,
            lingers: false,
        });
        self.complain(sent);
    }
}
