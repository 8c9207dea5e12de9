//! The driver at the wire: packets taken out of one host, and what becomes of them.

use super::*;

/// A packet as its host has sent it, and what is left to the device to do with it.
#[derive(Clone, Copy)]
struct Frame<'a> {
    bytes: &'a [u8],
    offload: Offload,
}

impl<O: Outside> Core<O> {
    /// Moves packets until neither host has one, one at a time from each; after a batch, everybody else has a turn.
    ///
    /// Only a host that `may_have` one is asked: to learn that there is none costs a system call, too. One that had none may have
    /// one when it was handed something to answer.
    pub(super) fn relay(&mut self, mut may_have: Ends<bool>) {
        for _ in 0..BATCH {
            for side in Side::BOTH {
                if may_have[side] {
                    may_have[side] = self.relay_one(side);
                    may_have[side.other()] |= may_have[side];
                }
            }
            if !may_have.client && !may_have.server {
                return;
            }
        }
    }

    /// Takes one packet out of a host, if it has one, and does with it what the wire says.
    pub(super) fn relay_one(&mut self, from: Side) -> bool {
        let Some(Sent { len, offload }) = self.outside.take_packet(from, &mut self.buffer) else {
            return false;
        };
        (self.dirty, self.unquiet) = (true, true);
        self.ends[from].may_have_counted = true;
        self.streamed += 1;
        let packet = decode(&self.buffer[..len]);
        if let Some(tuple) = tuple_of(&packet) {
            self.ends[from].touched.one(tuple);
        }
        let no = self.wire.number();
        let seen = match &packet {
            Packet::Tcp(segment) => self.flows.sent(no, segment),
            Packet::Icmp { .. } | Packet::Other { .. } => FlowInfo::default(),
        };
        // The endpoint announced the call before it made it: what it said is there by now.
        let may_change = self.can_change_a_state(from, &packet);
        if may_change {
            self.hear(from);
            self.changes_of(from, tuple_of(&packet), left(&packet, &seen));
        } else if self.ends[from].owes_a_word() {
            self.hear(from);
        }
        let (verdict, rule) = self.wire.judge(from, &packet, &seen);
        let record = PacketRecord {
            no,
            from,
            packet,
            segment_size: offload.segment_size(),
            seen,
            origin: Origin::Host,
            disposition: Disposition::Delivered,
            rule,
            waited: None,
        };
        // Lent out, so that it can be written from while the rest of the driver is at work.
        let buffer = std::mem::take(&mut self.buffer);
        let bytes = &buffer[..len];
        let frame = Frame { bytes, offload };
        match verdict {
            Verdict::Deliver => self.pass(record, frame, may_change),
            Verdict::Duplicate => {
                let copy = PacketRecord {
                    no: self.wire.number(),
                    origin: Origin::Copy(no),
                    ..record.clone()
                };
                self.pass(record, frame, may_change);
                self.pass(copy, frame, may_change);
            }
            Verdict::Drop => self.tell(LabEvent::Packet(PacketRecord {
                disposition: Disposition::Dropped,
                ..record
            })),
            Verdict::Hold => self.hold(record, frame, Disposition::Held),
            Verdict::Delay(time) => self.hold(record, frame, Disposition::Delayed(time)),
        }
        self.buffer = buffer;
        true
    }

    /// Lets a packet pass that `may_change` a state: it is delivered at once, or in slow mode sets off.
    fn pass(&mut self, record: PacketRecord, frame: Frame, may_change: bool) {
        match self.wire.mode().takes() {
            None => self.deliver(record, frame, &[], may_change),
            Some(time) => self.hold(record, frame, Disposition::InFlight(time)),
        }
    }

    /// Hands a packet to the other host, and reports what it did there. When it is there, `copies` of it are of no use any more. Around one
    /// that `may_change` a state the tables are read.
    fn deliver(&mut self, record: PacketRecord, frame: Frame, copies: &[PacketNo], may_change: bool) {
        let to = record.from.other();
        self.ends[to].may_have_counted = true;
        let tuple = concerns(&record.packet);
        if let Some(tuple) = tuple {
            self.ends[to].touched.one(tuple);
        }
        if may_change {
            // What the receiving end has done by itself is no work of this packet.
            self.hear(to);
            self.let_return(to);
            self.changes_of(to, tuple, ReadTrigger::Nothing);
        }
        let disposition = match self.outside.deliver(to, frame.bytes, &frame.offload) {
            Err(errno) => Disposition::Refused(errno),
            Ok(()) => Disposition::Delivered,
        };
        let reasons = self.outside.reasons();
        let no = record.no;
        let came = match (disposition, &record.packet) {
            (Disposition::Delivered, Packet::Tcp(segment)) => self.flows.arrived(segment),
            _ => FinProgress::default(),
        };
        let arrived = may_change.then(|| Arrived {
            tuple,
            what: self.arrival(&record.packet, came),
        });
        let passed = PacketRecord { disposition, ..record };
        if disposition == Disposition::Delivered && !self.wire.is_empty() {
            self.discard(&passed, copies);
        }
        let received = &mut self.ends[to].received;
        *received = ReceivedPacket::of(&passed).or(*received);
        let passed = LabEvent::Packet(passed);
        match arrived {
            Some(arrived) => {
                self.tell(passed);
                self.changes_of(to, tuple, ReadTrigger::Arrived(arrived));
            }
            None => self.outside.tell_idly(passed),
        }
        self.reasons(reasons, Some((to, no)));
    }

    /// Takes off the wire what is of no use now that a packet has reached its receiver: copies of it, and what it acknowledges.
    fn discard(&mut self, arrived: &PacketRecord, copies: &[PacketNo]) {
        let now = self.outside.now();
        let mut spare: Vec<HeldPacket> = copies.iter().filter_map(|no| self.wire.take(*no)).collect();
        spare.extend(self.wire.delivered(&arrived.on_wire()));
        for held in spare {
            self.tell(LabEvent::Packet(record_of(held, Disposition::Discarded, now)));
        }
    }

    /// The kind of arrival that a packet is to the host that it has reached.
    fn arrival(&self, packet: &Packet, came: FinProgress) -> Arrival {
        match packet {
            Packet::Tcp(segment) if segment.flags.has(Flags::RST) => Arrival::Reset,
            Packet::Tcp(segment) => Arrival::Segment {
                acknowledges: segment.flags.has(Flags::ACK),
                acknowledges_fin: self.flows.acknowledges_fin(segment),
                completes_fin: came.completes_fin,
                overruns_fin: came.overruns_fin,
            },
            Packet::Icmp { .. } | Packet::Other { .. } => Arrival::Other,
        }
    }

    /// Keeps a packet on the wire: held, delayed, or under way.
    fn hold(&mut self, record: PacketRecord, frame: Frame, disposition: Disposition) {
        let now = self.outside.now();
        let passage = match disposition {
            Disposition::Delayed(time) => Passage::Delayed(now.plus(time.into())),
            Disposition::InFlight(time) => Passage::InFlight(now.plus(time.into())),
            _ => Passage::Held,
        };
        self.wire.hold(HeldPacket {
            no: record.no,
            from: record.from,
            bytes: frame.bytes.to_vec(),
            offload: frame.offload,
            packet: record.packet.clone(),
            seen: record.seen,
            origin: record.origin,
            // A rule that let it pass has no more to do with it.
            rule: record.rule.filter(|_| !passage.is_in_flight()),
            since: now,
            passage,
            had: record.seen.had,
        });
        self.tell(LabEvent::Packet(PacketRecord { disposition, ..record }));
    }

    /// Hands on what is due by now.
    pub(super) fn release(&mut self) {
        let Some(due) = self.wire.next_due() else { return };
        let now = self.outside.now();
        if due <= now {
            (self.dirty, self.unquiet) = (true, true);
            while let Some(no) = self.wire.next_due_by(now) {
                self.deliver_held(no);
            }
        }
    }

    /// Takes a packet off the wire and hands it on; the copies that are folded behind it are discarded then.
    fn deliver_held(&mut self, no: PacketNo) {
        let copies = self.wire.copies(no);
        self.hand_on(no, &copies);
    }

    fn hand_on(&mut self, no: PacketNo, copies: &[PacketNo]) {
        if let Some(mut held) = self.wire.take(no) {
            let bytes = std::mem::take(&mut held.bytes);
            let frame = Frame {
                bytes: &bytes,
                offload: held.offload,
            };
            // What it can do may be more or less than when it came.
            let may_change = self.can_change_a_state(held.from, &held.packet);
            let record = record_of(held, Disposition::Delivered, self.outside.now());
            self.deliver(record, frame, copies, may_change);
        }
    }

    /// Does what the user wants on the wire.
    pub(super) fn wire_order(&mut self, order: WireRequest) {
        let now = self.outside.now();
        match order {
            WireRequest::Mode(mode) => {
                let change = self.wire.set_mode(mode, now);
                self.tell(LabEvent::Wire(WireChange::Mode(mode)));
                let changed: Vec<HeldPacket> = {
                    let on_wire = self.wire.held().filter(|held| change.changed.contains(&held.no));
                    on_wire.cloned().collect()
                };
                for held in changed {
                    let disposition = disposition_of(&held, now);
                    self.tell(LabEvent::Packet(record_of(held, disposition, now)));
                }
                change.freed.into_iter().for_each(|no| self.deliver_held(no));
            }
            WireRequest::Deliver(Which::AllCopies) => {
                let all = self.picked(Which::AllCopies);
                all.into_iter().for_each(|no| self.hand_on(no, &[]));
            }
            WireRequest::Deliver(which) => self.picked(which).into_iter().for_each(|no| self.deliver_held(no)),
            WireRequest::Drop(which) => {
                let which = match which {
                    Which::All => Which::AllCopies,
                    which => which,
                };
                let mut dropped = Vec::new();
                for no in self.picked(which) {
                    let copies = self.wire.copies(no);
                    dropped.push(no);
                    dropped.extend(copies);
                }
                for no in dropped {
                    if let Some(held) = self.wire.take(no) {
                        self.tell(LabEvent::Packet(record_of(held, Disposition::Dropped, now)));
                    }
                }
            }
            WireRequest::Duplicate(which) => {
                for no in self.picked(which) {
                    let copy = self.wire.copy(no, now).cloned();
                    if let Some(copy) = copy {
                        let disposition = disposition_of(&copy, now);
                        self.tell(LabEvent::Packet(PacketRecord {
                            waited: None,
                            ..record_of(copy, disposition, now)
                        }));
                    }
                }
            }
            WireRequest::Delay(which, time) => {
                for no in self.picked(which) {
                    let delayed = self.wire.delay(no, time, now).cloned();
                    if let Some(held) = delayed {
                        self.tell(LabEvent::Packet(record_of(held, Disposition::Delayed(time), now)));
                    }
                }
            }
            WireRequest::Rules(rules) => {
                for rule in rules {
                    let no = self.wire.add_rule(rule);
                    self.tell(LabEvent::Wire(WireChange::Added(no, rule)));
                }
            }
            WireRequest::Rule(no, change) => {
                if self.wire.change_rule(no, change) {
                    self.tell(LabEvent::Wire(WireChange::Rule(no, change)));
                } else {
                    self.tell(LabEvent::Note(format!("there is no {no} any more")));
                }
            }
            WireRequest::ClearRules => {
                self.wire.clear_rules();
                self.tell(LabEvent::Wire(WireChange::Cleared));
            }
            WireRequest::Forge(what, about) => self.forge(&what, about),
        }
        self.tell_rules();
        self.dirty = true;
    }

    /// Returns the numbers that are meant; reports where there are none.
    pub(super) fn picked(&mut self, which: Which) -> Vec<PacketNo> {
        let picked = self.wire.picked(which);
        if picked.is_empty() {
            self.tell(LabEvent::Note(match which {
                Which::One(no) => format!("{no} is no longer held on the wire"),
                Which::Next | Which::All | Which::AllCopies => "no segment is held".into(),
            }));
        }
        picked
    }

    pub(super) fn forge(&mut self, what: &Forge, about: Option<Tuple>) {
        // The last segment's receiver is the local end of one host, its sender that of the other.
        let last = self.flows.last().map(|(from, to)| {
            let to_is_local = to.ip() == self.addresses[what.to];
            let (local, peer) = if to_is_local { (to, from) } else { (from, to) };
            Tuple { local, peer }
        });
        let made = about.or(last).and_then(|Tuple { local, peer }| {
            let expects = self.flows.expects(local, peer);
            forge(what.what, what.place, &what.data.0, local, peer, expects)
        });
        let Some(bytes) = made else {
            let text = "there is no connection to forge a segment of: port= names one".into();
            self.tell(LabEvent::Note(text));
            return;
        };
        let packet = decode(&bytes);
        let seen = match &packet {
            Packet::Tcp(segment) => self.flows.look(segment),
            Packet::Icmp { .. } | Packet::Other { .. } => FlowInfo::default(),
        };
        let record = PacketRecord {
            no: self.wire.number(),
            from: what.to.other(),
            packet,
            segment_size: None,
            seen,
            origin: Origin::Forged,
            disposition: Disposition::Delivered,
            rule: None,
            waited: None,
        };
        let may_change = self.can_change_a_state(record.from, &record.packet);
        let frame = Frame {
            bytes: &bytes,
            offload: Offload::NONE,
        };
        self.pass(record, frame, may_change);
    }

    /// Reports the rules, if they or their counts have changed since they were reported last.
    pub(super) fn tell_rules(&mut self) {
        if self.told_rules != self.wire.rules() {
            self.told_rules = self.wire.rules().to_vec();
            self.tell(LabEvent::Rules(self.told_rules.clone()));
        }
    }
}

/// Returns the connection of the receiving host that a packet is of or about, that host's end first.
fn concerns(packet: &Packet) -> Option<Tuple> {
    match packet {
        Packet::Tcp(_) => tuple_of(packet).map(Tuple::mirrored),
        Packet::Icmp { about, .. } => about.map(|(local, peer)| Tuple { local, peer }),
        Packet::Other { .. } => None,
    }
}

/// The conclusions on a host's states from a packet that it has sent.
fn left(packet: &Packet, seen: &FlowInfo) -> ReadTrigger {
    match (packet, tuple_of(packet)) {
        (Packet::Tcp(segment), Some(tuple)) if segment.flags.has(Flags::FIN) && seen.again.is_none() => {
            ReadTrigger::FinLeft(tuple)
        }
        (Packet::Tcp(segment), Some(tuple)) if segment.flags.has(Flags::RST) => ReadTrigger::RstLeft(tuple),
        _ => ReadTrigger::Nothing,
    }
}

/// Returns the record of a packet that was held.
fn record_of(held: HeldPacket, disposition: Disposition, now: MonoTime) -> PacketRecord {
    PacketRecord {
        no: held.no,
        from: held.from,
        packet: held.packet,
        segment_size: held.offload.segment_size(),
        seen: held.seen,
        origin: held.origin,
        disposition,
        rule: held.rule,
        waited: Some(now.since(held.since)),
    }
}

/// Returns the disposition of a packet on the wire as of `now`.
fn disposition_of(held: &HeldPacket, now: MonoTime) -> Disposition {
    let left = |due: MonoTime| Millis(u32::try_from(due.since(now).as_millis()).unwrap_or(u32::MAX));
    match held.passage {
        Passage::Held => Disposition::Held,
        Passage::Delayed(due) => Disposition::Delayed(left(due)),
        Passage::InFlight(due) => Disposition::InFlight(left(due)),
    }
}
