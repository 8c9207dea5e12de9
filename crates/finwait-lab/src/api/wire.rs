//! The wire between the hosts: rules, and the segments that they hold.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::remote::Remote;
use super::segment::Segment;
use super::transcript;
use super::view::View;
use crate::error::{Error, Result};
use crate::event::{Disposition, LabRequest, PacketRecord, WireRequest};
use finwait_model::clock::Millis;
use finwait_model::side::{Ends, Side};
use finwait_wire::flow::PacketNo;
use finwait_wire::link::{Link, LinkChange};
use finwait_wire::queue::{Mode, Origin, RuleChange, Which};
use finwait_wire::rule::{Rule, RuleNo, Verdict};
use finwait_wire::segment::Packet;

/// The wire. A packet goes by the first rule in force that is about it, and passes without one.
///
/// The loopback lab has no wire: there, a rule is never in force, and what asks about one is [`Error::NoWire`].
#[derive(Clone)]
pub struct Wire {
    remote: Arc<Remote>,
    exists: bool,
}

impl fmt::Debug for Wire {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Wire")
            .field("exists", &self.exists)
            .finish_non_exhaustive()
    }
}

impl Wire {
    pub(super) const fn new(remote: Arc<Remote>, exists: bool) -> Wire {
        Wire { remote, exists }
    }

    /// Holds such segments from now on; [`Hold::next`] has them, one by one.
    ///
    /// The rule is in force for every call that is made after this returns. A failure is reported by the methods of the rule.
    pub fn hold(&self, which: Segment) -> Hold {
        Hold {
            rule: self.rule(which.rule(Verdict::Hold)),
            last: Arc::default(),
        }
    }

    /// Drops such segments from now on.
    pub fn drop(&self, which: Segment) -> RuleHandle {
        self.rule(which.rule(Verdict::Drop))
    }

    /// Delivers such segments twice from now on.
    pub fn duplicate(&self, which: Segment) -> RuleHandle {
        self.rule(which.rule(Verdict::Duplicate))
    }

    /// Delivers such segments so much later from now on, in whole milliseconds; what comes after them may overtake them.
    pub fn delay(&self, which: Segment, time: Duration) -> RuleHandle {
        self.rule(which.rule(Verdict::Delay(millis(time))))
    }

    /// Lets each packet that passes take that time on the wire from now on, in whole milliseconds, in the order in which they were sent.
    ///
    /// Rules come first: what they hold, drop or delay is theirs. What waits for an answer waits longer, and what is not acknowledged in
    /// time is sent again, as on any slow path: a SYN after 1 s, and on a connection that has measured a fast path sooner.
    ///
    /// # Errors
    ///
    /// [`Error::NoWire`] in the loopback lab, [`Error::Gone`] without a lab.
    pub fn slow(&self, time: Duration) -> Result<()> {
        self.exists()?;
        self.remote.mode(Some(Mode::Slow(millis(time))))
    }

    /// Delivers each packet that passes at once from now on, as it is in the beginning; what is under way arrives now, in its order.
    ///
    /// # Errors
    ///
    /// The errors of [`Wire::slow`].
    pub fn flow(&self) -> Result<()> {
        self.exists()?;
        self.remote.mode(Some(Mode::Flow))
    }

    /// Has what passes cross this link from now on, in both directions; what rules hold or drop does not come to it.
    ///
    /// ```
    /// # fn main() -> finwait_lab::Result<()> {
    /// # let lab = finwait_lab::Lab::isolated()?;
    /// use finwait_lab::Link;
    /// use finwait_lab::wire::link::Share;
    /// use finwait_lab::model::clock::Millis;
    /// lab.wire().link(Link {
    ///     delay: Millis(20),
    ///     loss: Share::percent(1),
    ///     seed: 7,
    ///     ..Link::default()
    /// })?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::NoWire`] in the loopback lab, [`Error::Gone`] without a lab.
    pub fn link(&self, link: Link) -> Result<()> {
        let set = LinkChange::Set(link);
        self.change_link(Ends {
            client: set,
            server: set,
        })
    }

    /// Has what that host sends, and passes, cross this link from now on; the other direction stays as it is.
    ///
    /// # Errors
    ///
    /// The errors of [`Wire::link`].
    pub fn link_from(&self, host: impl Into<Side>, link: Link) -> Result<()> {
        let mut changes = Ends::default();
        changes[host.into()] = LinkChange::Set(link);
        self.change_link(changes)
    }

    /// Takes the link away, in both directions. What is on it arrives when it is due.
    ///
    /// # Errors
    ///
    /// The errors of [`Wire::link`].
    pub fn no_link(&self) -> Result<()> {
        self.change_link(Ends {
            client: LinkChange::Off,
            server: LinkChange::Off,
        })
    }

    fn change_link(&self, changes: Ends<LinkChange>) -> Result<()> {
        self.exists()?;
        self.remote.send(&LabRequest::Wire(WireRequest::Link(changes)))?;
        self.remote.settled()
    }

    /// Takes all rules away. What is held stays so.
    ///
    /// # Errors
    ///
    /// [`Error::NoWire`] in the loopback lab, [`Error::Gone`] without a lab.
    pub fn clear(&self) -> Result<()> {
        self.exists()?;
        self.remote.send(&LabRequest::Wire(WireRequest::ClearRules))?;
        let none = |view: &View| view.rules().is_empty().then_some(());
        self.remote
            .wait(self.remote.patience, || "the wire's rules to be gone".into(), none)
    }

    fn exists(&self) -> Result<()> {
        if self.exists { Ok(()) } else { Err(Error::NoWire) }
    }

    fn rule(&self, rule: Rule) -> RuleHandle {
        // Rules are numbered in the order in which they come into force, which is the one in which they are sent.
        let mut sent = self.remote.rules_sent();
        let nth = *sent;
        if self.exists
            && self
                .remote
                .send(&LabRequest::Wire(WireRequest::Rules(vec![rule])))
                .is_ok()
        {
            *sent += 1;
        }
        drop(sent);
        RuleHandle {
            wire: self.clone(),
            rule,
            nth,
        }
    }
}

/// A rule of the wire. Dropping this takes no rule away: [`RuleHandle::remove`] does.
#[derive(Clone)]
pub struct RuleHandle {
    wire: Wire,
    rule: Rule,
    nth: usize,
}

impl fmt::Debug for RuleHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.rule, f)
    }
}

impl RuleHandle {
    /// Returns the number of packets on which it has decided.
    ///
    /// # Errors
    ///
    /// [`Error::NoWire`] in the loopback lab, [`Error::Gone`] without a lab.
    pub fn fired(&self) -> Result<u32> {
        let no = self.number()?;
        let rules = self.wire.remote.look(|view| view.rules().to_vec());
        Ok(rules
            .into_iter()
            .find(|rule| rule.no == no)
            .map_or(0, |rule| rule.fired))
    }

    /// Takes the rule away. What it holds stays so.
    ///
    /// # Errors
    ///
    /// [`Error::NoWire`] in the loopback lab, [`Error::Gone`] without a lab.
    pub fn remove(&self) -> Result<()> {
        let no = self.number()?;
        let remote = &self.wire.remote;
        remote.send(&LabRequest::Wire(WireRequest::Rule(no, RuleChange::Remove)))?;
        let gone = |view: &View| view.rules().iter().all(|rule| rule.no != no).then_some(());
        remote.wait(remote.patience, || format!("{no} to be gone"), gone)
    }

    /// Returns the rule's number, once it is in force.
    fn number(&self) -> Result<RuleNo> {
        self.wire.exists()?;
        let remote = &self.wire.remote;
        let waited_for = || format!("the rule \"{}\" to be in force", self.rule);
        remote.wait(remote.patience, waited_for, |view| view.rule(self.nth))
    }
}

/// A rule that holds segments, and the way to them.
#[derive(Clone, Debug)]
#[must_use = "Hold::next has the segments that are held"]
pub struct Hold {
    rule: RuleHandle,
    /// The last segment that was given out.
    last: Arc<Mutex<PacketNo>>,
}

impl Hold {
    /// The next segment that the rule has held; waits for it. One that is sent again, as its sender does with what is held for long, is
    /// a segment of its own; such copies are discarded when the one before them is delivered.
    ///
    /// # Errors
    ///
    /// [`Error::TimedOut`] when none comes within the lab's patience, [`Error::NoWire`] in the loopback lab.
    pub fn next(&self) -> Result<HeldSegment> {
        let no = self.rule.number()?;
        let remote = &self.rule.wire.remote;
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let waited_for = || format!("a segment that the rule \"{}\" holds", self.rule.rule);
        let record = remote.wait(remote.patience, waited_for, |view| {
            let mut held = view.held();
            let is_next = |held: &&PacketRecord| {
                held.rule == Some(no) && held.no > *last && !matches!(held.origin, Origin::Copy(_))
            };
            held.find(is_next).cloned()
        })?;
        *last = record.no;
        drop(last);
        Ok(HeldSegment {
            remote: Arc::clone(remote),
            record,
        })
    }

    /// Takes the rule away: what comes from now on passes. What is held stays so.
    ///
    /// # Errors
    ///
    /// The errors of [`RuleHandle::remove`].
    pub fn remove(&self) -> Result<()> {
        self.rule.remove()
    }
}

/// A packet that is held on the wire until something is done with it.
#[must_use = "it is held until it is delivered or dropped"]
pub struct HeldSegment {
    remote: Arc<Remote>,
    record: PacketRecord,
}

impl fmt::Debug for HeldSegment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&transcript::packet(&self.record))
    }
}

impl HeldSegment {
    /// The packet's contents.
    pub const fn packet(&self) -> &Packet {
        &self.record.packet
    }

    /// Returns all that is known of it: who sent it, its numbers counted from the connection's first.
    pub const fn record(&self) -> &PacketRecord {
        &self.record
    }

    /// Delivers it. When this returns, the receiver's kernel has dealt with it, and its new state is known. Copies of it that its sender has
    /// sent since and that are held behind it are discarded; such a copy itself is delivered alone.
    ///
    /// # Errors
    ///
    /// [`Error::NotDelivered`] when the receiver's device is down, a link loses it, or it is no longer held.
    pub fn deliver(self) -> Result<()> {
        match self.act(WireRequest::Deliver)? {
            Disposition::Refused(errno) => Err(Error::NotDelivered {
                packet: self.record.no,
                why: errno.to_string(),
            }),
            Disposition::Dropped | Disposition::Corrupted => Err(Error::NotDelivered {
                packet: self.record.no,
                why: "the link has lost it, or changed it".into(),
            }),
            _ => Ok(()),
        }
    }

    /// Drops it: its sender will send it again in time.
    ///
    /// # Errors
    ///
    /// [`Error::NotDelivered`] when it is no longer held.
    pub fn drop(self) -> Result<()> {
        self.act(WireRequest::Drop).map(drop)
    }

    /// Makes a copy, which is held as well.
    ///
    /// # Errors
    ///
    /// [`Error::NotDelivered`] when it is no longer held.
    pub fn duplicate(&self) -> Result<HeldSegment> {
        let no = self.is_held()?;
        let before = self.remote.look(|view| view.copies(no).len());
        self.remote
            .send(&LabRequest::Wire(WireRequest::Duplicate(Which::One(no))))?;
        let copied = |view: &View| view.held_one(*view.copies(no).get(before)?).cloned();
        let record = self
            .remote
            .wait(self.remote.patience, || format!("a copy of {no}"), copied)?;
        Ok(HeldSegment {
            remote: Arc::clone(&self.remote),
            record,
        })
    }

    fn is_held(&self) -> Result<PacketNo> {
        let no = self.record.no;
        match self.remote.look(|view| view.held_one(no).is_some()) {
            true => Ok(no),
            false => Err(Error::NotDelivered {
                packet: no,
                why: "it is no longer held on the wire".into(),
            }),
        }
    }

    fn act(&self, request: impl FnOnce(Which) -> WireRequest) -> Result<Disposition> {
        let no = self.is_held()?;
        self.remote.send(&LabRequest::Wire(request(Which::One(no))))?;
        let waited_for = || format!("{no} to leave the wire");
        let became = self
            .remote
            .wait(self.remote.patience, waited_for, |view| view.let_go(no))?;
        // What it did is reported after it, and before what the wire does next.
        self.remote.settled()?;
        Ok(became)
    }
}

fn millis(time: Duration) -> Millis {
    Millis(u32::try_from(time.as_millis()).unwrap_or(u32::MAX))
}
