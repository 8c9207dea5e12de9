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
    pub(super) fn relay(&mut self, may_have: Ends<bool>) {
        self.relay_until(may_have, |_| false);
    }

    /// The same until a request waits, or beside busy programs the outcome of a call: whoever waits for either does not wait for packets that
    /// have nothing to do with it. Those that are left are there in the next turn.
    pub(super) fn relay_unless_asked(&mut self, may_have: Ends<bool>) {
        let has_ended = |core: &Core<O>| core.ends.iter().any(|(_, end)| !end.ended.is_empty());
        self.relay_until(may_have, |core| {
            core.outside.is_asked() || has_ended(core) && core.has_busy_programs()
        });
    }

    fn relay_until(&mut self, mut may_have: Ends<bool>, is_over: impl Fn(&Core<O>) -> bool) {
        for _ in 0..BATCH {
            if is_over(self) {
                return;
            }
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
        let strips = self.wire.links.strips(from);
        let stripped = if strips.is_empty() {
            OptionSet::NONE
        } else {
            link::strip(&mut self.buffer[..len], strips, offload.needs_checksum())
        };
        let packet = decode(&self.buffer[..len]);
        if let Some(tuple) = tuple_of(&packet) {
            self.ends[from].touched.one(tuple);
        }
        let no = self.wire.number();
        let seen = match &packet {
            Packet::Tcp(segment) => self.flows.sent(no, segment),
            Packet::Udp { .. } | Packet::Icmp { .. } | Packet::Other { .. } => FlowInfo::default(),
        };
        // The endpoint announced the call before it made it: what it said is there by now.
        let may_change = self.can_change_a_state(from, &packet);
        if may_change {
            self.hear_of_calls(from);
            self.changes_of(from, tuple_of(&packet), left(no, &packet, &seen));
        } else if self.ends[from].owes_a_word() {
            self.hear(from);
        }
        let (verdict, rule) = self.wire.judge(Candidate {
            from,
            packet: &packet,
            size: load(len, &packet, offload).largest,
            seen: &seen,
        });
        let record = PacketRecord {
            no,
            from,
            packet,
            segment_size: offload.segment_size(),
            seen,
            origin: Origin::Host,
            disposition: Disposition::Delivered,
            rule,
            link: None,
            stripped,
            waited: None,
            raw: self.raw(&self.buffer[..len]),
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
            Verdict::Hold => self.hold(record, frame, Passage::Held),
            Verdict::Delay(time) => {
                let due = self.outside.now().plus(time.into());
                self.hold(record, frame, Passage::Delayed(due));
            }
        }
        self.buffer = buffer;
        true
    }

    /// Returns what is kept of a packet's bytes; none where nothing is.
    fn raw(&self, bytes: &[u8]) -> Option<Box<RawPacket>> {
        let kept = self.kept.of(bytes)?.to_vec();
        Some(Box::new(RawPacket {
            len: bytes.len(),
            bytes: kept,
            arrived: None,
        }))
    }

    /// The same of a packet that arrives with these bytes, of which the link has changed one; `raw` is what was kept before, if no report of it has
    /// been made yet.
    fn raw_changed(&self, raw: Option<Box<RawPacket>>, bytes: &[u8]) -> Option<Box<RawPacket>> {
        let changed = self.raw(bytes)?;
        Some(match raw {
            Some(mut raw) => {
                raw.arrived = Some(changed.bytes);
                raw
            }
            None => changed,
        })
    }

    /// Lets a packet pass that `may_change` a state: it goes on to the link at once, or in slow mode sets off.
    fn pass(&mut self, record: PacketRecord, frame: Frame, may_change: bool) {
        match self.wire.mode().takes() {
            None => self.cross(record, frame, &[], may_change),
            Some(time) => {
                let due = self.outside.now().plus(time.into());
                self.hold(record, frame, Passage::InFlight(due));
            }
        }
    }

    /// Lets a packet cross the link, if there is one, to the other host.
    fn cross(&mut self, record: PacketRecord, frame: Frame, copies: &[PacketNo], may_change: bool) {
        let from = record.from;
        if !self.wire.links.has(from) {
            return self.deliver(record, frame, copies, may_change);
        }
        let now = self.outside.now();
        let load = load(frame.bytes.len(), &record.packet, frame.offload);
        match self.wire.links.enter(from, now, load) {
            None => self.deliver(record, frame, copies, may_change),
            Some(Err(loss)) => {
                self.lose(record, loss);
                if let Loss::Mtu(mtu) = loss {
                    self.answer(from, mtu, frame.bytes);
                }
            }
            Some(Ok(crossing)) => self.enter(crossing, record, frame, copies, may_change),
        }
    }

    /// Puts a packet on the link that crosses it so, and its copy, if it has one.
    fn enter(&mut self, crossing: Crossing, record: PacketRecord, frame: Frame, copies: &[PacketNo], may_change: bool) {
        let Crossing { due, effect, copy, die } = crossing;
        let copy = copy.map(|(due, share)| {
            let copy = PacketRecord {
                no: self.wire.number(),
                origin: Origin::Copy(record.no),
                link: Some(LinkEffect::Duplicated(share)),
                waited: None,
                ..record.clone()
            };
            (due, copy)
        });
        let mut changed = Vec::new();
        let (link, bytes) = match effect {
            LinkEffect::Corrupted(_) => {
                changed.extend_from_slice(frame.bytes);
                // One that carries nothing has nothing to change.
                let is_changed = link::corrupt(&mut changed, die);
                (
                    if is_changed { effect } else { LinkEffect::Delayed },
                    changed.as_slice(),
                )
            }
            effect => (effect, frame.bytes),
        };
        let link = Some(link);
        self.travel(
            PacketRecord { link, ..record },
            Frame { bytes, ..frame },
            due,
            copies,
            may_change,
        );
        if let Some((due, copy)) = copy {
            self.travel(copy, frame, due, &[], may_change);
        }
    }

    /// Lets a packet arrive over the link when it is due, after all that is due before it.
    fn travel(&mut self, record: PacketRecord, frame: Frame, due: MonoTime, copies: &[PacketNo], may_change: bool) {
        let is_before = |held: &HeldPacket| held.from == record.from && matches!(held.passage, Passage::OnLink(_));
        if due <= self.outside.now() && !self.wire.held().any(is_before) {
            self.deliver(record, frame, copies, may_change);
        } else if self.wire.is_full() {
            self.lose(record, Loss::Full);
        } else {
            self.hold(record, frame, Passage::OnLink(due));
        }
    }

    /// Reports that the link has dropped a packet. No rule did it.
    fn lose(&mut self, record: PacketRecord, loss: Loss) {
        self.tell(LabEvent::Packet(PacketRecord {
            disposition: Disposition::Dropped,
            rule: None,
            link: Some(LinkEffect::Lost(loss)),
            ..record
        }));
    }

    /// Answers a packet from that host that is larger than the link's MTU, as the router before it does.
    fn answer(&mut self, from: Side, mtu: u16, packet: &[u8]) {
        let Some(bytes) = too_big(packet, mtu) else { return };
        let record = PacketRecord {
            no: self.wire.number(),
            from: from.other(),
            packet: decode(&bytes),
            segment_size: None,
            seen: FlowInfo::default(),
            origin: Origin::Link,
            disposition: Disposition::Delivered,
            rule: None,
            link: None,
            stripped: OptionSet::NONE,
            waited: None,
            raw: self.raw(&bytes),
        };
        let frame = Frame {
            bytes: &bytes,
            offload: Offload::NONE,
        };
        self.deliver(record, frame, &[], true);
    }

    /// Hands a packet to the other host, and reports what it did there. When it is there, `copies` of it are of no use any more. Around one
    /// that `may_change` a state the tables are read.
    fn deliver(&mut self, record: PacketRecord, frame: Frame, copies: &[PacketNo], may_change: bool) {
        let to = record.from.other();
        self.ends[to].may_have_counted = true;
        let tuple = concerns(&record.packet);
        // Its host drops it before any socket has it.
        let is_corrupted = matches!(record.link, Some(LinkEffect::Corrupted(_)));
        let may_change = may_change && !is_corrupted;
        if let Some(tuple) = tuple {
            self.ends[to].touched.one(tuple);
        }
        if may_change {
            // What the receiving end has done by itself is no work of this packet.
            self.hear_of_calls(to);
            self.let_return(to);
            self.changes_of(to, tuple, ReadTrigger::Nothing);
        }
        let disposition = match self.outside.deliver(to, frame.bytes, &frame.offload) {
            Err(errno) => Disposition::Refused(errno),
            Ok(()) if is_corrupted => Disposition::Corrupted,
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
        let mut passed = PacketRecord { disposition, ..record };
        if is_corrupted {
            passed.raw = self.raw_changed(passed.raw.take(), frame.bytes);
        }
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
            Packet::Udp { .. } | Packet::Icmp { .. } | Packet::Other { .. } => Arrival::Other,
        }
    }

    /// Keeps a packet on the wire: held, delayed, or under way.
    fn hold(&mut self, record: PacketRecord, frame: Frame, passage: Passage) {
        let now = self.outside.now();
        // What was held before and goes on to the link has been on the wire all the time.
        let before = record.waited.map_or(0, |waited| waited.as_nanos() as u64);
        let held = HeldPacket {
            no: record.no,
            from: record.from,
            bytes: frame.bytes.to_vec(),
            offload: frame.offload,
            packet: record.packet.clone(),
            seen: record.seen,
            origin: record.origin,
            // A rule that let it pass has no more to do with it.
            rule: record.rule.filter(|_| !passage.is_in_flight()),
            since: MonoTime(now.0.saturating_sub(before)),
            passage,
            had: record.seen.had,
            link: record.link,
            stripped: record.stripped,
        };
        let disposition = disposition_of(&held, now);
        self.wire.hold(held);
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

    /// Takes a packet off the wire and hands it on, to the link unless it comes from there; the copies that are folded behind it are discarded then.
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
            let crosses = !matches!(held.passage, Passage::OnLink(_));
            let record = record_of(held, Disposition::Delivered, self.outside.now());
            if crosses {
                self.cross(record, frame, copies, may_change);
            } else {
                self.deliver(record, frame, copies, may_change);
            }
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
            WireRequest::Forge(what, addresses) => self.forge(&what, addresses),
            WireRequest::Link(changes) => {
                self.wire.links.change(changes);
                let report = self.wire.links.report();
                self.tell(LabEvent::Wire(WireChange::Link(report)));
            }
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

    pub(super) fn forge(&mut self, what: &Forge, addresses: ForgedFor) {
        // The last segment's receiver is the local end of one host, its sender that of the other.
        let last = || {
            let (from, to) = self.flows.last()?;
            let to_is_local = to.ip() == self.addresses[what.to];
            let (local, peer) = if to_is_local { (to, from) } else { (from, to) };
            Some(Tuple { local, peer })
        };
        let (tuple, is_free) = match addresses {
            ForgedFor::Addresses(tuple) => (Some(tuple), true),
            ForgedFor::Connection(tuple) => (tuple.or_else(last), matches!(what.what, Forgery::Syn | Forgery::OldSyn)),
        };
        let made = tuple.and_then(|Tuple { local, peer }| {
            let expects = self.flows.expects(local, peer);
            let known = expects.is_some() || is_free;
            known.then(|| forge(what.what, what.place, &what.data.0, local, peer, expects))?
        });
        let Some(bytes) = made else {
            let to = what.to;
            let text = match tuple {
                None => "there is no connection to forge a segment of: from=:9999 to=:8080 name addresses without one"
                    .into(),
                Some(Tuple { local, peer }) => format!(
                    "the {to} has sent nothing from {local} to {peer}, so it would take a forged {} for no connection's: from={peer} to={local} forges it all the same",
                    what.what.name()
                ),
            };
            self.tell(LabEvent::Note(text));
            return;
        };
        let packet = decode(&bytes);
        let seen = match &packet {
            Packet::Tcp(segment) => self.flows.look(segment),
            Packet::Udp { .. } | Packet::Icmp { .. } | Packet::Other { .. } => FlowInfo::default(),
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
            link: None,
            stripped: OptionSet::NONE,
            waited: None,
            raw: self.raw(&bytes),
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

/// The load of a packet for the link.
fn load(len: usize, packet: &Packet, offload: Offload) -> Load {
    let payload = match packet {
        Packet::Tcp(segment) => segment.len,
        Packet::Udp { .. } | Packet::Icmp { .. } | Packet::Other { .. } => 0,
    };
    Load::of(len, payload, offload.segment_size())
}

/// Returns the connection of the receiving host that a packet is of or about, that host's end first.
fn concerns(packet: &Packet) -> Option<Tuple> {
    match packet {
        Packet::Tcp(_) => tuple_of(packet).map(Tuple::mirrored),
        Packet::Icmp { about, .. } => about.map(|(local, peer)| Tuple { local, peer }),
        Packet::Udp { .. } | Packet::Other { .. } => None,
    }
}

/// The conclusions on a host's states from a packet that it has sent.
fn left(packet_no: PacketNo, packet: &Packet, seen: &FlowInfo) -> ReadTrigger {
    let (Packet::Tcp(segment), Some(tuple)) = (packet, tuple_of(packet)) else {
        return ReadTrigger::Nothing;
    };
    let flags = segment.flags;
    let begins_or_ends = flags.has(Flags(Flags::SYN.0 | Flags::FIN.0)) && seen.again.is_none();
    if begins_or_ends || flags.has(Flags::RST) {
        ReadTrigger::Left(tuple, SentSegment { packet_no, flags })
    } else {
        ReadTrigger::Nothing
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
        link: held.link,
        stripped: held.stripped,
        waited: Some(now.since(held.since)),
        raw: None,
    }
}

/// Returns the disposition of a packet on the wire as of `now`.
fn disposition_of(held: &HeldPacket, now: MonoTime) -> Disposition {
    // A link's times are not of whole milliseconds: rounded up, nothing arrives after it was due.
    let left = |due: MonoTime| Millis(u32::try_from(due.since(now).as_nanos().div_ceil(1_000_000)).unwrap_or(u32::MAX));
    match held.passage {
        Passage::Held => Disposition::Held,
        Passage::Delayed(due) => Disposition::Delayed(left(due)),
        Passage::InFlight(due) | Passage::OnLink(due) => Disposition::InFlight(left(due)),
    }
}
