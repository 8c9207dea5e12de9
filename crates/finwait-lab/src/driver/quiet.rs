//! Quiet: nothing is in the air, no socket waits for its first acknowledgement, and no call is about to return.

use super::*;

impl<O: Outside> Core<O> {
    /// Is a library about to take something unasked, at either end?
    pub(super) fn is_taking(&self) -> bool {
        self.ends.iter().any(|(_, end)| end.is_taking())
    }

    /// Was a table reported that was not whole?
    pub(super) fn is_torn(&self) -> bool {
        self.ends.iter().any(|(_, end)| end.watch.is_torn())
    }

    /// Is something to be looked for that nothing else will show?
    pub(super) fn owes_a_look(&self) -> bool {
        self.is_taking() || self.is_torn()
    }

    /// Tells when all is quiet: nothing is in the air, no socket waits for an acknowledgement, and no call is about to return.
    pub(super) fn quieten(&mut self) {
        // A socket whose segments are held on the wire waits for the user; what goes on by itself is waited for.
        let held: HashSet<Tuple> = self.wire.held().filter_map(|held| tuple_of(&held.packet)).collect();
        let stands = |tuple: &Tuple| !held.is_empty() && (held.contains(tuple) || held.contains(&tuple.mirrored()));
        let calm = self.wire.next_due().is_none()
            && self
                .ends
                .iter()
                .all(|(_, end)| end.watch.quiet(stands) && end.ended.is_empty());
        let is_returning = |end: &DriverEnd| end.in_flight.iter().any(|call| end.is_returning(call));
        let returning = self.is_taking() || self.ends.iter().any(|(_, end)| is_returning(end));
        let patient = self.look_in.is_none_or(|wait| wait < self.timing.return_patience);
        if calm && !(returning && patient) {
            if !self.owes_a_look() && self.ends.iter().all(|(_, end)| end.in_flight.is_empty()) {
                self.look_in = None;
            }
            if std::mem::take(&mut self.unquiet) {
                // The last of its batch, so that who reads it finds that nothing has happened since.
                self.tell(LabEvent::Quiet);
            }
        } else if self.unquiet && self.look_in.is_none() {
            self.look_in = Some(self.timing.first_look);
        }
        self.outside.flush();
    }
}

impl DriverEnd {
    /// Is what the call waits for there?
    fn is_returning(&self, call: &InFlightCall) -> bool {
        let inode = call.on.as_ref().and_then(|name| self.sockets.inode(name));
        inode.is_some_and(|inode| call.awaits.is_there(self.watch.row(inode)))
    }

    /// Is the library about to take something that nobody has asked it for? No word and no packet will show that it has.
    fn is_taking(&self) -> bool {
        self.process.is_some_and(|process| process.takes_unasked) && self.watch.holds_something()
    }
}
